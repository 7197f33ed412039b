"""Which rules an article's teaser leaves undecided: those that do not hit it, but of which something stands in it already.

A rule is *opened* by a text when one of its words occurs in title or body: a name in any of its forms, not covered by a
`not:` phrase; a word, phrase, wildcard, entity or regular expression that its query or score counts for it, wherever it
stands in the query; one word of a phrase with slop or quorum. Only part of a name or plain phrase opens nothing, nor do
guards (`needs`), what stands under NOT, or fields other than title and body. Restrictions (`lang`, `feeds`, ...) hold.

A rule that is open and does not hit is undecided. Never less: each operator that can only make a rule hit seldomer is left
out. It is asked of an index of its own, over rules made of the others' words, so that it costs what a match costs.
"""

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final

from monitor.matching.compiling import compile_rules
from monitor.matching.index import RuleIndex
from monitor.matching.parser import parse_leaf, parse_query
from monitor.matching.query import (
    TEXT_FIELDS,
    Field,
    Join,
    Near,
    Not,
    Or,
    Phrase,
    Query,
    parts_of,
    print_query,
)
from monitor.model import Article, Rule

_MARK: Final = " words"
"""After the id of a rule: its query's and score's words. No id has a blank."""


class Undecided:
    """The rules of an index by what opens them. Immutable."""

    def __init__(self, index: RuleIndex) -> None:
        self._index = compile_rules([one for rule in index.rules.values() for one in _opened_by(rule)]).index

    def rules(self, article: Article, hits: Collection[str], now: datetime | None = None) -> frozenset[str]:
        """The enabled rules that the article leaves undecided, given those that hit it."""
        opened = {name.removesuffix(_MARK) for name in self._index.hits(article, now)}
        return frozenset(opened - set(hits))


def _opened_by(rule: Rule) -> Iterator[Rule]:
    """Rules that hit where something of this one occurs. The names keep their id, since others may refer to them."""
    if rule.names or rule.aliases:
        yield dataclasses.replace(rule, query=None, score=None, needs=None, within="article")
    written = [one for one in (_parsed(rule.query),) if one is not None]
    if rule.score is not None:
        written += [parse_leaf(word) for word, weight in rule.score.words if weight > 0]
    words = tuple(dict.fromkeys(leaf for query in written for leaf in _leaves(query)))
    if words:
        query = print_query(words[0] if len(words) == 1 else Or(words))
        yield dataclasses.replace(
            rule,
            id=rule.id + _MARK,
            names=(),
            aliases=(),
            query=query,
            score=None,
            needs=None,
            not_=(),
            within="article",
        )


def _parsed(text: str | None) -> Query | None:
    return None if text is None else parse_query(text)


def _leaves(query: Query) -> Iterable[Query]:
    """The leaves that count for a query, each as it would stand alone."""
    match query:
        case Not():
            return ()
        case Near(left, _, Join.NOTNEAR):
            return _leaves(left)
        case Field(name, part):
            return [Field(name, leaf) for leaf in _leaves(part)] if name in TEXT_FIELDS else ()
        case Phrase(words, slop, quorum) if slop is not None or quorum is not None:
            return [Phrase((word,)) for word in words]
        case _:
            parts = parts_of(query)
            return [leaf for part in parts for leaf in _leaves(part)] if parts else (query,)


class Openings:
    """What opens the rules in force, made when it is first asked for and kept while they are."""

    def __init__(self) -> None:
        self._made: tuple[RuleIndex, Undecided] | None = None

    def over(self, index: RuleIndex) -> Undecided:
        """What opens the rules of an index."""
        if self._made is None or self._made[0] is not index:
            self._made = (index, Undecided(index))
        return self._made[1]
