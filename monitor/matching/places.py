"""Places: where something occurs in an article, and what it means to be near, together or the longest.

Positions count the tokens of a field. Places of different fields are never near each other, nor are overlapping ones.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from monitor.matching.query import WORD_FIELDS, Join, Near
from monitor.model import Span, Tier


class Mark(NamedTuple):
    """A span before it is told: which field, which characters, what it stands for."""

    field: str
    start: int
    end: int
    term: str
    tier: Tier


class Place(NamedTuple):
    """An occurrence: tokens `first` to `last` of a field, and the marks that made it."""

    field: str
    first: int
    last: int
    marks: tuple[Mark, ...]


class Held(NamedTuple):
    """Whether a query holds, and where."""

    holds: bool
    places: tuple[Place, ...] = ()


NOTHING = Held(holds=False)


def overlap(one: Place, other: Place) -> bool:
    """Whether two places share a token."""
    return one.field == other.field and one.first <= other.last and other.first <= one.last


def join_places(one: Place, other: Place) -> Place:
    """One place over two."""
    marks = tuple(dict.fromkeys((*one.marks, *other.marks)))
    return Place(one.field, min(one.first, other.first), max(one.last, other.last), marks)


def close(one: Place, other: Place, query: Near) -> bool:
    """Whether two places are in one field, apart, in order where it matters, with few enough words between."""
    if one.field != other.field or overlap(one, other):
        return False
    if other.first > one.last:
        return other.first - one.last - 1 <= query.words
    return query.join is not Join.ONEAR and one.first - other.last - 1 <= query.words


def pairs(left: Sequence[Place], right: Sequence[Place], query: Near) -> tuple[Place, ...]:
    """A place for each close pair; only neighbours by position are compared."""
    others = sorted(right, key=lambda place: (place.field, place.first))
    firsts = [(place.field, place.first) for place in others]
    longest = max((place.last - place.first for place in others), default=0)
    found: list[Place] = []
    for place in left:
        low = bisect_left(firsts, (place.field, place.first - query.words - longest - 1))
        high = bisect_right(firsts, (place.field, place.last + query.words + 1))
        found += [join_places(place, other) for other in others[low:high] if close(place, other, query)]
    return distinct(found)


def window(rows: Sequence[Sequence[Place]], size: int) -> list[Place]:
    """Places that hold one of each row, apart, within so many words: for each beginning, the nearest of the others."""
    found = []
    for place in sorted((place for places in rows for place in places), key=lambda one: one.first):
        joined: Place | None = place
        for places in rows:
            if joined is None or place in places:
                continue
            fits = [one for one in places if one.first >= place.first and not overlap(one, joined)]
            joined = join_places(joined, min(fits, key=lambda one: one.first)) if fits else None
        if joined is not None and joined.last - joined.first < size:
            found.append(joined)
    return found


def longest_only(places: Iterable[Place]) -> tuple[Place, ...]:
    """Without those that lie inside another; of equal ones, the one of the better tier that came first."""
    order = list(Tier)
    ranked = sorted(places, key=lambda one: (one.first, -one.last, order.index(one.marks[0].tier)))
    kept: list[Place] = []
    for place in ranked:
        if not kept or place.last > kept[-1].last:
            kept.append(place)
    return tuple(kept)


def distinct(places: Iterable[Place]) -> tuple[Place, ...]:
    """Each place once, in order."""
    return tuple(dict.fromkeys(places))


def keep(held: Held, test: Callable[[Place], bool]) -> Held:
    """The places that pass a test; what held by them holds by the rest."""
    places = tuple(place for place in held.places if test(place))
    return Held(bool(places), places)


def spans(places: Iterable[Place], texts: Mapping[str, str]) -> tuple[Span, ...]:
    """The marks of places as spans: ordered by field and place, each once; of one inside another, the longer."""
    rank = {name: at for at, name in enumerate(WORD_FIELDS)}
    marks = sorted(
        {mark for place in places for mark in place.marks},
        key=lambda one: (rank[one.field], one.start, -one.end, one.term),
    )
    kept: list[Mark] = []
    for mark in marks:
        if kept and kept[-1].field == mark.field and mark.end <= kept[-1].end:
            continue
        kept.append(mark)
    return tuple(
        Span(
            field=mark.field,
            start=mark.start,
            end=mark.end,
            text=texts[mark.field][mark.start : mark.end],
            term=mark.term,
            tier=mark.tier,
        )
        for mark in kept
    )
