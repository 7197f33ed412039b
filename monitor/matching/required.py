"""What a rule requires: clauses, each of which an article's words must allow if the rule is to hit it.

Read off the compiled tree, and never more than it says: a clause too many would lose hits, so whatever is not plainly
required gives none. The index posts a rule under its rarest clause and holds the others against the article's words
before the rule is evaluated. How rare a clause is, is a guess from the length of its words; a wrong guess costs time only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from monitor.matching.compile import Bag, CompiledRule, Names, Node, Pattern, Row
from monitor.matching.literals import literals_of
from monitor.matching.names import NameWord, Variant
from monitor.matching.query import VALUE_FIELDS, And, Field, Join, Near, Not, Or, parts_of

AnyWord = NameWord | re.Pattern[str]


@dataclass(frozen=True, slots=True, eq=False)
class Occurs:
    """A word that must occur."""

    word: AnyWord
    cost: float
    """How likely an article has it, as a guess: for comparing clauses alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """Of several ways at least one must be open; each is clauses that must all be allowed, the rarest first.

    No way at all means that the rule cannot hit.
    """

    ways: "tuple[tuple[Clause, ...], ...]"
    cost: float


Clause = Occurs | Either


def trigger_words(clause: Clause) -> Iterator[AnyWord]:
    """Words of which one must occur if the clause is to be allowed: the rarest of each way."""
    if isinstance(clause, Occurs):
        yield clause.word
    else:
        for way in clause.ways:
            yield from trigger_words(way[0])


def allowed(clause: Clause, tokens: AbstractSet[str], sounds: AbstractSet[str]) -> bool:
    """Whether an article of these folded tokens and sound keys may have what the clause asks for. Wildcards may always be."""
    if isinstance(clause, Either):
        return any(all(allowed(one, tokens, sounds) for one in way) for way in clause.ways)
    word = clause.word
    if isinstance(word, re.Pattern):
        return True
    return not word.forms.keys().isdisjoint(tokens) or word.key in sounds


def says_more(clause: Clause) -> bool:
    """Whether a clause says more than its trigger words: a way of several parts."""
    return isinstance(clause, Either) and any(len(way) > 1 or says_more(way[0]) for way in clause.ways)


_COMMON_BY_LETTERS = (1.0, 1.0, 0.8, 0.5, 0.3, 0.15, 0.1, 0.07, 0.05)
"""How likely a word of so many letters is to occur in an article; the last goes for longer ones."""
_CAPITALISED = 0.2
"""Words of names are rarer than others of their length."""
_BY_PATTERN = 4.0
"""A wildcard catches more than a word of its letters."""


@dataclass(slots=True)
class Requirements:
    """Reads what rules require. One for a set of rules: entities that many rules name are read once."""

    fields: set[str] = field(default_factory=set)
    """The fields beside title and body that the rules read so far look into."""
    _names: dict[int, tuple[Clause, ...]] = field(default_factory=dict)

    def of(self, rule: CompiledRule) -> tuple[Clause, ...]:
        """The clauses of a rule, the rarest first; none when nothing in particular must occur."""
        found: list[Clause] = []
        if rule.names is not None:
            found += self._named(rule.names)
        if rule.query is not None:
            found += self._node(rule.query)
        if rule.rule.score is not None and rule.rule.score.threshold > 0:
            found += _either([self._node(one.node) for one in rule.weighted if one.weight > 0])
        return tuple(sorted(found, key=_cost))

    def _node(self, node: Node) -> tuple[Clause, ...]:
        match node.query:
            case Near(_, _, Join.NOTNEAR):
                return self._node(node.parts[0])
            case And() | Near():
                return tuple(clause for part in node.parts for clause in self._node(part))
            case Or():
                return _either([self._node(part) for part in node.parts])
            case Not():
                return ()
            case Field(name, _) if name in VALUE_FIELDS:
                return ()
            case Field(name, _):
                self.fields.add(name)
                return self._node(node.parts[0])
            case _:
                return self._node(node.parts[0]) if parts_of(node.query) else self._leaf(node)

    def _leaf(self, node: Node) -> tuple[Clause, ...]:
        leaf = node.leaf
        if isinstance(leaf, Names):
            return self._named(leaf)
        if isinstance(leaf, Row):
            return _row(leaf)
        if isinstance(leaf, Bag):
            return _bag(leaf)
        return _letters(leaf) if isinstance(leaf, Pattern) else ()

    def _named(self, names: Names) -> tuple[Clause, ...]:
        """Any variant; of each, its rarest word. And what the names need."""
        known = self._names.get(id(names))
        if known is None:
            self._names[id(names)] = ()  # guards of broken rules may go in circles
            found = _either([_variant(variant) for variant in names.variants])
            known = self._names[id(names)] = found + (self._node(names.needs) if names.needs is not None else ())
        return known


def _variant(variant: Variant) -> tuple[Clause, ...]:
    return tuple(_occurs(word, capital=True) for word in variant.words)


def _row(row: Row) -> tuple[Clause, ...]:
    """Every word of it."""
    return tuple(
        _occurs(word, capital=written[:1].isupper())
        for word, written in zip(row.words, row.written, strict=True)
        if word is not None
    )


def _bag(bag: Bag) -> tuple[Clause, ...]:
    """Every word; or, where q of n are enough, any of n - q + 1, for no q of them can do without all of those."""
    rows = [_row(row) for row in bag.words]
    if bag.quorum is None:
        return tuple(clause for row in rows for clause in row)
    return _either(sorted(rows, key=_way_cost)[: len(rows) - bag.quorum + 1])


def _letters(pattern: Pattern) -> tuple[Clause, ...]:
    """A regular expression cannot do without its letters."""
    runs = literals_of(pattern.term[1:-1])
    return tuple(_occurs(re.compile(f".*{re.escape(run)}.*"), capital=False) for run in runs)


def _occurs(word: AnyWord, *, capital: bool) -> Occurs:
    if isinstance(word, re.Pattern):
        letters = len(re.sub(r"\W", "", word.pattern))
        return Occurs(word, _BY_PATTERN * _commonness(letters))
    return Occurs(word, _commonness(min(map(len, word.forms))) * (_CAPITALISED if capital else 1))


def _either(alternatives: Sequence[Sequence[Clause]]) -> tuple[Clause, ...]:
    """One of several; nothing if one of them requires nothing, and no more than the one if there is but one."""
    if not all(alternatives):
        return ()
    if len(alternatives) == 1:
        return tuple(alternatives[0])
    ways = tuple(tuple(sorted(way, key=_cost)) for way in alternatives)
    return (Either(ways, sum(map(_way_cost, ways))),)


def _way_cost(way: Iterable[Clause]) -> float:
    return min(map(_cost, way))


def _commonness(letters: int) -> float:
    return _COMMON_BY_LETTERS[min(letters, len(_COMMON_BY_LETTERS) - 1)]


def _cost(clause: Clause) -> float:
    return clause.cost
