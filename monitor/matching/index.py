"""The rule index: percolation. A new article asks which of the stored rules hit it.

Each rule is posted under its *trigger*: tokens of which at least one must occur for the rule to hit, the rarest clause
that the rule requires (`required.py`). An article's distinct tokens then name the few candidates; those whose other
clauses can hold as well are evaluated (`evaluate.py`, the oracle). The cost of an article grows with its length and its
candidates, not with the number of rules. A rule without such a clause (a regular expression alone) is always a candidate.

`RuleIndex` is what both indexes are: `PythonIndex` here, which needs nothing but Python and is what the native one
(`native.py`) is held to. `compiling.py` chooses.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.errors import RuleError
from monitor.matching.compile import CompiledRule, Compiler
from monitor.matching.evaluate import Text
from monitor.matching.explain import Explanation, explain
from monitor.matching.names import NameWord
from monitor.matching.query import TEXT_FIELDS
from monitor.matching.records import line_of
from monitor.matching.required import Clause, Either, Requirements, allowed, says_more, trigger_words
from monitor.matching.ruleset import rules_version
from monitor.matching.verdict import applies, as_match, run
from monitor.model import Article, Match, Rule

_CACHED_TOKENS = 200_000
_PREFIX = 2
_LITERAL = re.compile(rf"\w{{{_PREFIX}}}")
"""The letters that a wildcard begins with, read off its pattern."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A set of rules and what is wrong with it; rules with an error are not in the index."""

    index: "RuleIndex"
    errors: tuple[RuleError, ...]


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

    def hits(self, article: Article, now: datetime | None = None) -> Sequence[str]:
        """The ids of the rules that `match` finds, in no order, without telling why."""

    def lines(self, article: Article, name: object, now: datetime | None = None) -> list[str]:
        """What `match` finds as JSON lines, by rule id (see `records.line_of`). `name` is what they call the article."""

    def match_all(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The same as `match` by evaluating every rule: slow and plainly right."""

    def changed(self, added: Sequence[Rule], removed: Sequence[str]) -> Compiled:
        """An index in which rules were added or replaced, and others removed."""

    def over(self, rules: Sequence[Rule]) -> "RuleIndex | None":
        """The same over rules that match alike; None if that cannot be, or would be no quicker than to compile them."""

    def image(self) -> list[bytes] | None:
        """The index as blocks of bytes that can be mapped later; None if that cannot be."""


def compile_plain(rules: Sequence[Rule]) -> Compiled:
    """Compile a set of rules together for the index in plain Python."""
    by_id = {rule.id: rule for rule in rules}
    compiler = Compiler(by_id)
    compiled = compiler.compile()
    return Compiled(PythonIndex(by_id, compiled), tuple(compiler.errors))


class PythonIndex:
    """See `RuleIndex`. Immutable; safe to use from several threads but for its caches, which only grow."""

    def __init__(self, rules: Mapping[str, Rule], compiled: Mapping[str, CompiledRule]) -> None:
        self._rules = dict(rules)
        self._compiled = dict(compiled)
        self._version = rules_version(rules.values())
        self._by_token: dict[str, list[str]] = {}
        self._by_key: dict[str, list[str]] = {}
        self._by_pattern: dict[str, dict[re.Pattern[str], list[str]]] = {}
        """Wildcards by the two letters that they begin with; those that begin otherwise under the empty text."""
        self._always: list[str] = []
        self._pattern_hits: dict[str, tuple[str, ...]] = {}
        self._screens: dict[str, tuple[Clause, ...]] = {}
        """What else a rule requires; its trigger too, where that says more than its words."""
        requirements = Requirements()
        for rule in compiled.values():
            if rule.rule.enabled:
                self._post(rule, requirements)
        self._fields = (*TEXT_FIELDS, *sorted(requirements.fields - set(TEXT_FIELDS)))

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

    def hits(self, article: Article, now: datetime | None = None) -> list[str]:
        """The ids of the rules that `match` finds."""
        return [one.rule_id for one in self.match(article, now)]

    def lines(self, article: Article, name: object, now: datetime | None = None) -> list[str]:
        """What `match` finds as JSON lines."""
        return [line_of(one, name) for one in self.match(article, now)]

    def match_all(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The same by evaluating every rule: slow and plainly right."""
        enabled = (name for name, rule in sorted(self._compiled.items()) if rule.rule.enabled)
        return self._run(enabled, Text(article), now)

    def changed(self, added: Sequence[Rule], removed: Sequence[str]) -> Compiled:
        """An index in which rules were added or replaced, and others removed: all are compiled again."""
        kept = {name: rule for name, rule in self._rules.items() if name not in removed}
        return compile_plain([*(kept | {rule.id: rule for rule in added}).values()])

    def over(self, rules: Sequence[Rule]) -> None:
        """Nothing: compiling is all there is."""

    def image(self) -> None:
        """Nothing: trees are made anew at each start."""

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
        """The rules worth asking: something of every clause that they require occurs."""
        tokens = {token for name in self._fields for token in text.at(name)}
        sounds: set[str] = set()
        if self._by_key or self._screens:
            sounds.update(key for name in self._fields for key in text.sounds(name))
        found = set(self._always)
        for token in tokens & self._by_token.keys():
            found.update(self._by_token[token])
        for key in sounds & self._by_key.keys():
            found.update(self._by_key[key])
        if self._by_pattern:
            for token in tokens:
                found.update(self._patterns(token))
        return {name for name in found if self._passes(name, tokens, sounds)}

    def _passes(self, name: str, tokens: set[str], sounds: set[str]) -> bool:
        return all(allowed(clause, tokens, sounds) for clause in self._screens.get(name, ()))

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

    def _post(self, rule: CompiledRule, requirements: Requirements) -> None:
        """Under its rarest clause; what else it requires screens it."""
        name = rule.rule.id
        clauses = requirements.of(rule)
        if not clauses:
            self._always.append(name)
            return
        trigger, *others = clauses
        for word in trigger_words(trigger):
            self._post_under(word, name)
        # A wildcard alone is slow to hold against an article's words, and allowed anyway.
        screens = [one for one in others if isinstance(one, Either) or isinstance(one.word, NameWord)]
        if says_more(trigger):
            screens.append(trigger)
        if screens:
            self._screens[name] = tuple(screens)

    def _post_under(self, word: "NameWord | re.Pattern[str]", name: str) -> None:
        if isinstance(word, NameWord):
            for token in word.forms:
                self._by_token.setdefault(token, []).append(name)
            if word.key is not None:
                self._by_key.setdefault(word.key, []).append(name)
        else:
            begin = _LITERAL.match(word.pattern)
            patterns = self._by_pattern.setdefault(begin[0] if begin else "", {})
            patterns.setdefault(word, []).append(name)
