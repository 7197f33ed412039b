"""From rules to what the evaluator runs: queries parsed, names made into variants, words into their forms.

Compiled leaves hold the folded tokens that they accept, each with its tier, so that an article's words are only looked
up. Every mistake of every rule is collected; a rule with one is left out. Disabled rules are compiled too, for other
rules may name them with `entity:`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import re2

from monitor.errors import RuleError
from monitor.matching.names import NameWord, Variant, inflections, variants
from monitor.matching.parser import compile_regex, parse_leaf, parse_query
from monitor.matching.query import Entity, Phrase, Query, Regex, Wildcard, Word, occurs, parts_of
from monitor.model import Rule, Tier
from monitor.text.fold import fold
from monitor.text.tokens import cut_word, tokenise

_CACHED_WORDS = 8192
_WILDCARD = re.compile(r"(?<!\S)\*(?=\w)|(?<=\w)\*(?!\S)")
"""A star where a word begins or ends; inside one, as in E*Trade, it is a mark like others."""


class Row(NamedTuple):
    """A leaf that is a row of words: a word, a wildcard, a plain phrase."""

    words: "tuple[NameWord | re.Pattern[str] | None, ...]"
    """None stands for any one word, a pattern for the folded tokens that it matches whole."""
    term: str
    exact: tuple[str, ...] | None = None
    """With `=`: the words as they must be written."""
    written: tuple[str, ...] = ()
    """The words as their author wrote them."""
    plain: tuple[str, ...] | None = None
    """The folded words, where each stands for itself alone."""


@dataclass(frozen=True, slots=True)
class Bag:
    """A phrase with slop or quorum: its words as leaves of their own."""

    words: tuple[Row, ...]
    term: str
    slop: int | None
    quorum: int | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression."""

    compiled: "re2._Regexp[str]"
    term: str


@dataclass(slots=True)
class Names:
    """The names of a rule, with its guards; what `entity:` means. Shared by all that name the rule."""

    rule_id: str
    variants: tuple[Variant, ...] = ()
    blanks: tuple[Row | Variant, ...] = ()
    """The `not:` phrases: as phrases, and as names, whose articles may be there or not."""
    needs: "Node | None" = None
    within: str = "article"


Leaf = Row | Bag | Pattern | Names


class Node(NamedTuple):
    """A query with its leaves compiled: `query` says which operator, `parts` are its operands, `leaf` what it matches."""

    query: Query
    parts: "tuple[Node, ...]" = ()
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A weighted word of a score."""

    node: Node
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A rule that can be run."""

    rule: Rule
    names: Names | None
    query: Node | None
    weighted: tuple[Weighted, ...] = ()


@dataclass(slots=True)
class Compiler:
    """Compiles a set of rules together."""

    rules: Mapping[str, Rule]
    errors: list[RuleError] = field(default_factory=list)
    _broken: set[str] = field(default_factory=set)
    _entities: dict[str, Names] = field(default_factory=dict)
    _edges: dict[str, dict[str, tuple[str, int | None]]] = field(default_factory=dict)
    """rule -> rules that its names' guards refer to, with the part where."""

    def compile(self) -> dict[str, CompiledRule]:
        """All rules without a mistake of their own, by id."""
        made = {rule.id: self.compile_one(rule) for rule in self.rules.values()}
        self.find_cycles()
        broken = self.broken()
        return {name: rule for name, rule in made.items() if name not in broken}

    def broken(self) -> set[str]:
        """The rules with a mistake, of those compiled so far."""
        return set(self._broken)

    def is_broken(self, rule_id: str) -> bool:
        """Whether a rule has a mistake that was found so far."""
        return rule_id in self._broken

    def compile_one(self, rule: Rule) -> CompiledRule:
        """One of the rules, with its mistakes added to `errors`; cycles are found by `find_cycles`."""
        names = self._names_of(rule.id) if rule.names or rule.aliases else None
        query = self._part(rule, "query", rule.query)
        weighted: list[Weighted] = []
        for word, weight in rule.score.words if rule.score else ():
            node = self._part(rule, f"score.words[{word}]", word, leaf=True)
            if node is not None:
                weighted.append(Weighted(node=node, weight=weight))
        if not (rule.names or rule.aliases or rule.query or rule.score):
            self._fail(rule, "id", "a rule needs `names`, a `query` or a `score`")
        if names is None and (rule.needs or rule.not_):
            self._fail(rule, "needs" if rule.needs else "not[0]", "`needs` and `not` guard `names`; this rule has none")
        return CompiledRule(rule=rule, names=names, query=query, weighted=tuple(weighted))

    def _names_of(self, rule_id: str) -> Names:
        """The names of a rule, made once; the guards are filled in after, for they may refer to other rules."""
        if rule_id in self._entities:
            return self._entities[rule_id]
        rule = self.rules[rule_id]
        names = self._entities[rule_id] = Names(rule_id)
        found: list[Variant] = []
        for key, texts in (("names", rule.names), ("aliases", rule.aliases)):
            if key == "aliases" and not rule.variants.get("alias", True):
                continue
            for number, text in enumerate(texts):
                made = variants(text, alias=key == "aliases", exact=rule.exact, tiers=rule.variants)
                if not cut_word(text):
                    self._fail(rule, f"{key}[{number}]", f"{text!r} has no letter or digit")
                self._refuse_wildcard(rule, f"{key}[{number}]", text)
                found += made
        names.variants = tuple(found)
        names.blanks = tuple(one for number, text in enumerate(rule.not_) for one in self._blanks(rule, number, text))
        names.within = rule.within
        names.needs = self._part(rule, "needs", rule.needs)
        if names.needs is not None and rule.within != "article":
            hindrance = occurs(names.needs.query)
            if hindrance is not None:
                self._fail(
                    rule, "needs", f"{hindrance} has no place, so `within: {rule.within}` cannot be told from it"
                )
        return names

    def _blanks(self, rule: Rule, number: int, text: str) -> "tuple[Row | Variant, ...]":
        tokens = tokenise(text).folded
        if not tokens:
            self._fail(rule, f"not[{number}]", f"{text!r} has no letter or digit")
        self._refuse_wildcard(rule, f"not[{number}]", text)
        # By sound a phrase would cover more than its author can see.
        tiers = {"transliterated": False, "inflected": rule.variants.get("inflected", True)}
        row = Row(tuple(_word(token, rule) for token in tokens), text)
        return (row, *variants(text, exact=rule.exact, tiers=tiers))

    def _refuse_wildcard(self, rule: Rule, part: str, text: str) -> None:
        """A star would be no more than a blank here, and its author would not know."""
        star = _WILDCARD.search(text)
        if star:
            self._fail(rule, part, f"{text!r} has a wildcard, which stands in queries only", star.start())

    # queries

    def _part(self, rule: Rule, part: str, text: str | None, *, leaf: bool = False) -> Node | None:
        """Parse and compile one query of a rule."""
        if text is None:
            return None
        try:
            query = (parse_leaf if leaf else parse_query)(text)
        except RuleError as error:
            self._fail(rule, part, error.message, error.offset)
            return None
        return self._node(rule, part, text, query)

    def _node(self, rule: Rule, part: str, text: str, query: Query) -> Node:
        match query:
            case Phrase():
                return Node(query, leaf=_phrase(query, rule))
            case Word(word, exact):
                return Node(query, leaf=_sequence((word,), rule, exact=exact))
            case Wildcard(pattern):
                return Node(query, leaf=_sequence((pattern,), rule))
            case Entity(name):
                return Node(query, leaf=self._entity(rule, part, text, name))
            case Regex(pattern):
                return Node(query, leaf=Pattern(compile_regex(pattern), f"/{pattern}/"))
            case _:
                return Node(query, tuple(self._node(rule, part, text, one) for one in parts_of(query)))

    def _entity(self, rule: Rule, part: str, text: str, name: str) -> Names:
        written = re.search(rf"entity:{re.escape(name)}(?![\w.-])", text)
        offset = written.start() if written else None
        target = self.rules.get(name)
        if target is None:
            self._fail(rule, part, f"entity:{name} refers to no rule", offset)
            return Names(name)
        if not (target.names or target.aliases):
            self._fail(rule, part, f"entity:{name} refers to a rule without names", offset)
            return Names(name)
        if part == "needs":
            self._edges.setdefault(rule.id, {})[name] = (part, offset)
        return self._names_of(name)

    def find_cycles(self) -> None:
        """Guards that need each other could never be decided."""
        for begin, edges in self._edges.items():
            for name, (part, offset) in edges.items():
                if begin in self._reach(name):
                    self._fail(self.rules[begin], part, f"entity:{name} comes back to {begin}: a cycle", offset)

    def _reach(self, begin: str) -> set[str]:
        found: set[str] = set()
        left = [begin]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self._edges.get(name, {})
        return found

    def _fail(self, rule: Rule, part: str, message: str, offset: int | None = None) -> None:
        self._broken.add(rule.id)
        self.errors.append(RuleError(message, rule=rule.id, part=part, offset=offset))


# leaves


def _inflects(rule: Rule) -> bool:
    """Whether the words of a rule's queries stand for their inflections too."""
    return not rule.exact and rule.variants.get("inflected", True)


def _word(word: str, rule: Rule) -> NameWord:
    """A word of a query with its inflections, where the rule allows them."""
    return _inflected(word) if _inflects(rule) else _plain(fold(word))


@lru_cache(maxsize=_CACHED_WORDS)
def _plain(folded: str) -> NameWord:
    return NameWord({folded: Tier.EXACT})


@lru_cache(maxsize=_CACHED_WORDS)
def _inflected(word: str) -> NameWord:
    """Made once for all rules that use the word: its forms are most of what rules weigh in memory."""
    return NameWord(inflections(word))


def _sequence(words: Sequence[str], rule: Rule, *, exact: bool = False) -> Row:
    """Words side by side; one that folds to several tokens is several."""
    plain = exact or not _inflects(rule)
    if plain and "*" not in (term := " ".join(words)) and "?" not in term:
        pairs = cut_word(words[0]) if len(words) == 1 else [pair for word in words for pair in cut_word(word)]
        folded, shown = zip(*pairs, strict=True)
        return Row(tuple([_plain(one) for one in folded]), term, shown if exact else None, shown, folded)
    made: list[NameWord | re.Pattern[str] | None] = []
    written: list[str] = []
    for word in words:
        if word == "*":
            made.append(None)
            written.append("")
        elif "*" in word or "?" in word:
            made.append(_wildcard(word))
            written.append(word)
        else:
            for folded_word, shown_word in cut_word(word):
                made.append(_plain(folded_word) if plain else _inflected(shown_word))
                written.append(shown_word)
    return Row(tuple(made), " ".join(words), tuple(written) if exact else None, tuple(written))


def _phrase(phrase: Phrase, rule: Rule) -> Row | Bag:
    if phrase.slop is None and phrase.quorum is None:
        return _sequence(phrase.words, rule, exact=phrase.exact)
    words = tuple(_sequence((word,), rule) for word in phrase.words)
    return Bag(words, " ".join(phrase.words), phrase.slop, phrase.quorum)


def _wildcard(pattern: str) -> "re.Pattern[str]":
    """`*` is any letters, none included; `?` is one. On folded tokens, which hold nothing but letters and their marks.

    Each piece after a star is taken where it first stands, for good, as in a shell's pattern: linear, however many stars.
    """
    first, *others = (
        "".join("." if char == "?" else re.escape(char) for char in _folded(piece)) for piece in pattern.split("*")
    )
    middle = "".join(rf"(?>.*?{piece})" for piece in others[:-1])
    return re.compile(first + middle + (rf".*{others[-1]}" if others else ""))


def _folded(piece: str) -> str:
    return "?".join(fold(part) for part in piece.split("?"))
