"""The rule index: percolation. A new article asks which of the stored rules hit it.

Each rule is posted under its *trigger*: tokens of which at least one must occur for the rule to hit, the rarest clause
that the rule requires. An article's distinct tokens then name the few candidates, and only those are evaluated
(`evaluate.py`, the oracle). The cost of an article grows with its length and its candidates, not with the number of
rules. A rule without such a clause (a regular expression alone) is always a candidate.

`RuleIndex` is the seam for a native index; `PythonIndex` is the one here.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from monitor.errors import RuleError
from monitor.matching.compile import Bag, CompiledRule, Compiler, Names, Node, Row
from monitor.matching.evaluate import Text
from monitor.matching.explain import Explanation, explain
from monitor.matching.names import NameWord, sound_key
from monitor.matching.query import TEXT_FIELDS, VALUE_FIELDS, WORD_FIELDS, And, Field, Join, Near, Not, Or
from monitor.matching.verdict import applies, as_match, run
from monitor.model import Article, Match, Rule

_CACHED_TOKENS = 200_000
_PREFIX = 2
_LITERAL = re.compile(rf"\w{{{_PREFIX}}}")
"""The letters that a wildcard begins with, read off its pattern."""


class RuleIndex(Protocol):
    """A compiled set of rules."""

    @property
    def version(self) -> str:
        """A hash over the versions of all rules."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by id, disabled ones too."""

    @property
    def compiled(self) -> Mapping[str, CompiledRule]:
        """All rules as they are run."""

    def match(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The enabled rules that hit, by id. `now` is when the article was first seen, for rules with `max_age`."""

    def explain(self, rule_id: str, article: Article, now: datetime | None = None) -> Explanation:
        """What one rule, disabled or not, does with an article, and why. Raises KeyError for an unknown rule."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A set of rules and what is wrong with it; rules with an error are not in the index."""

    index: "PythonIndex"
    errors: tuple[RuleError, ...]


def compile_rules(rules: Sequence[Rule]) -> Compiled:
    """Compile a set of rules together; raises nothing: every error of every rule is in the result."""
    by_id = {rule.id: rule for rule in rules}
    compiler = Compiler(by_id)
    compiled = compiler.compile()
    return Compiled(PythonIndex(by_id, compiled), tuple(compiler.errors))


@dataclass(slots=True)
class _Trigger:
    """Of what at least one must occur; `always` when there is no such thing."""

    tokens: set[str] = field(default_factory=set)
    patterns: set["re.Pattern[str]"] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    always: bool = False

    def cost(self) -> tuple[bool, int, int]:
        """Lower is rarer: patterns catch more than sounds, sounds more than tokens, short tokens more than long ones."""
        shortest = min((len(token) for token in self.tokens), default=9)
        return (self.always, 50 * len(self.patterns) + 5 * len(self.keys) + len(self.tokens), -shortest)


class PythonIndex:
    """See `RuleIndex`. Immutable; safe to use from several threads but for its caches, which only grow."""

    def __init__(self, rules: Mapping[str, Rule], compiled: Mapping[str, CompiledRule]) -> None:
        self._rules = dict(rules)
        self._compiled = dict(compiled)
        digest = hashlib.sha256("\n".join(sorted(f"{one.id} {one.version}" for one in rules.values())).encode())
        self._version = digest.hexdigest()[:16]
        self._by_token: dict[str, list[str]] = {}
        self._by_key: dict[str, list[str]] = {}
        self._by_pattern: dict[str, dict[re.Pattern[str], list[str]]] = {}
        """Wildcards by the two letters that they begin with; those that begin otherwise under the empty text."""
        self._always: list[str] = []
        self._pattern_hits: dict[str, tuple[str, ...]] = {}
        self._more_fields: set[str] = set()
        for rule in compiled.values():
            if rule.rule.enabled:
                self._post(rule)

    @property
    def version(self) -> str:
        """A hash over the versions of all rules."""
        return self._version

    @property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by id."""
        return self._rules

    @property
    def compiled(self) -> Mapping[str, CompiledRule]:
        """All rules as they are run."""
        return self._compiled

    def match(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The enabled rules that hit, by id."""
        text = Text(article)
        return self._run(sorted(self.candidates(text)), text, now)

    def match_all(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The same by evaluating every rule: slow and plainly right."""
        enabled = (name for name, rule in sorted(self._compiled.items()) if rule.rule.enabled)
        return self._run(enabled, Text(article), now)

    def explain(self, rule_id: str, article: Article, now: datetime | None = None) -> Explanation:
        """What one rule does with an article, and why. Raises KeyError for an unknown rule."""
        return explain(self._compiled[rule_id], article, now)

    def _run(self, names: Iterable[str], text: Text, now: datetime | None) -> tuple[Match, ...]:
        found = []
        for name in names:
            compiled = self._compiled[name]
            if applies(compiled.rule, text, now) is not None:
                continue
            verdict = run(compiled, text)
            if verdict.hits:
                found.append(as_match(compiled.rule, verdict, text))
        return tuple(found)

    # candidates

    def candidates(self, text: Text) -> set[str]:
        """The rules worth asking."""
        tokens = {token for name in (*TEXT_FIELDS, *self._more_fields) for token in text.at(name)}
        found = set(self._always)
        for token in tokens & self._by_token.keys():
            found.update(self._by_token[token])
        if self._by_key:
            for token in tokens:
                found.update(self._by_key.get(sound_key(token) or "", ()))
        if self._by_pattern:
            for token in tokens:
                found.update(self._patterns(token))
        return found

    def _patterns(self, token: str) -> tuple[str, ...]:
        """Rules whose wildcards match a token; decided once for each distinct token."""
        known = self._pattern_hits.get(token)
        if known is None:
            known = tuple(
                name
                for begin in (token[:_PREFIX], "")
                for pattern, names in self._by_pattern.get(begin, {}).items()
                if pattern.fullmatch(token)
                for name in names
            )
            if len(self._pattern_hits) >= _CACHED_TOKENS:
                self._pattern_hits.clear()
            self._pattern_hits[token] = known
        return known

    def _post(self, rule: CompiledRule) -> None:
        trigger = self._trigger(rule)
        name = rule.rule.id
        if trigger.always:
            self._always.append(name)
            return
        for token in trigger.tokens:
            self._by_token.setdefault(token, []).append(name)
        for key in trigger.keys:
            self._by_key.setdefault(key, []).append(name)
        for pattern in trigger.patterns:
            begin = _LITERAL.match(pattern.pattern)
            patterns = self._by_pattern.setdefault(begin[0] if begin else "", {})
            patterns.setdefault(pattern, []).append(name)

    def _trigger(self, rule: CompiledRule) -> _Trigger:
        """The rarest of what a rule requires: its names, its query, and any word of positive weight of its score."""
        found: list[_Trigger] = []
        if rule.names is not None:
            found.append(_names(rule.names))
        if rule.query is not None:
            found.append(self._node(rule.query))
        if rule.rule.score is not None and rule.rule.score.threshold > 0:
            found.append(_any(self._node(one.node) for one in rule.weighted if one.weight > 0))
        return min(found, key=_Trigger.cost) if found else _Trigger(always=True)

    def _node(self, node: Node) -> _Trigger:
        """What a query requires."""
        match node.query:
            case And():
                return min((self._node(part) for part in node.parts), key=_Trigger.cost)
            case Or():
                return _any(self._node(part) for part in node.parts)
            case Near(_, _, Join.NOTNEAR):
                return self._node(node.parts[0])
            case Near():
                return min((self._node(part) for part in node.parts), key=_Trigger.cost)
            case Not():
                return _Trigger(always=True)
            case Field(name, _) if name in VALUE_FIELDS:
                return _Trigger(always=True)
            case Field(name, _):
                self._more_fields |= {name} & set(WORD_FIELDS)
                return self._node(node.parts[0])
            case _:
                return _leaf(node) if node.leaf is not None else self._node(node.parts[0])


# ── what a leaf requires ──────────────────────────────────────────────────────────────────────────────────────────────


def _any(triggers: Iterable[_Trigger]) -> _Trigger:
    """What one of several requires: any of all."""
    made = _Trigger()
    for one in triggers:
        made.tokens |= one.tokens
        made.patterns |= one.patterns
        made.keys |= one.keys
        made.always |= one.always
    return made


def _leaf(node: Node) -> _Trigger:
    leaf = node.leaf
    if isinstance(leaf, Names):
        return _names(leaf)
    if isinstance(leaf, Row):
        return _row(leaf)
    if isinstance(leaf, Bag):
        return _any(map(_row, leaf.words)) if leaf.quorum else min(map(_row, leaf.words), key=_Trigger.cost)
    return _Trigger(always=True)


def _row(row: Row) -> _Trigger:
    return min((_word(word) for word in row.words if word is not None), key=_Trigger.cost)


def _word(word: "NameWord | re.Pattern[str]") -> _Trigger:
    if isinstance(word, NameWord):
        return _Trigger(tokens=set(word.forms), keys={word.key} if word.key else set())
    return _Trigger(patterns={word})


def _names(names: Names) -> _Trigger:
    """Any variant; of each, its rarest word."""
    return _any(min((_word(word) for word in variant.words), key=_rarity) for variant in names.variants)


def _rarity(trigger: _Trigger) -> int:
    """Of the words of a name the longest is the rarest, nearly always."""
    return -max((len(token) for token in trigger.tokens), default=0)
