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


_MANY = 500
"""More places than an article has that was written for people."""
MOST_SPANS = 500
"""Of one match: what comes behind them says nothing new, and texts that repeat a word without end would be written twice."""
NOTHING = Held(holds=False)


def overlap(one: Place, other: Place) -> bool:
    """Whether two places share a token."""
    return one.field == other.field and one.first <= other.last and other.first <= one.last


def join_places(one: Place, other: Place) -> Place:
    """One place over two."""
    marks = tuple(dict.fromkeys((*one.marks, *other.marks)))
    return Place(one.field, min(one.first, other.first), max(one.last, other.last), marks)


def close(one: Place, other: Place, query: Near) -> bool:
    """Whether two places of one field that share no word are in order, where it matters, with few enough words between."""
    if other.first > one.last:
        return other.first - one.last - 1 <= query.words
    return query.join is not Join.ONEAR and one.first - other.last - 1 <= query.words


class Neighbours:
    """Places of one side, to find the nearest of them before and after a place."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._by_first = sorted(places, key=lambda one: (one.field, one.first, one.last))
        self._firsts = [(one.field, one.first) for one in self._by_first]
        self._by_last = sorted(places, key=lambda one: (one.field, one.last, one.first))
        self._lasts = [(one.field, one.last) for one in self._by_last]

    def after(self, place: Place) -> Place | None:
        """The nearest that begins after a place ends."""
        at = bisect_right(self._firsts, (place.field, place.last))
        found = self._by_first[at] if at < len(self._by_first) else None
        return found if found is not None and found.field == place.field else None

    def before(self, place: Place) -> Place | None:
        """The nearest that ends before a place begins."""
        at = bisect_left(self._lasts, (place.field, place.first)) - 1
        found = self._by_last[at] if at >= 0 else None
        return found if found is not None and found.field == place.field else None


def near_any(place: Place, others: Neighbours, query: Near) -> bool:
    """Whether any of the others is close to a place: if one is, so is a nearest one."""
    return any(one is not None and close(place, one, query) for one in (others.before(place), others.after(place)))


def pairs(left: Sequence[Place], right: Sequence[Place], query: Near) -> tuple[Place, ...]:
    """A place for each place of either side and its nearest neighbours of the other, where those are close.

    Nothing is lost by leaving wider pairs out: what is near one of them is near one of these. So the work grows with
    the number of occurrences, not with its square.
    """
    lefts, rights = Neighbours(left), Neighbours(right)
    found = [(one, other) for one in left for other in (rights.before(one), rights.after(one)) if other is not None]
    found += [(one, other) for other in right for one in (lefts.before(other), lefts.after(other)) if one is not None]
    made = distinct(join_places(one, other) for one, other in found if close(one, other, query))
    return made if len(made) <= _MANY else _tightest(made)


def _tightest(places: Iterable[Place]) -> tuple[Place, ...]:
    """Of the places that begin, or that end, at one word only the shortest: these alone decide what is near.

    For texts that repeat the same words without end; without it a chain of NEAR would have places without end too.
    """
    shortest: dict[tuple[str, str, int], Place] = {}
    for place in places:
        for end in (("first", place.field, place.first), ("last", place.field, place.last)):
            known = shortest.setdefault(end, place)
            if place.last - place.first < known.last - known.first:
                shortest[end] = place
    return distinct(shortest.values())


def together(left: Sequence[Place], right: Sequence[Place], unit: Callable[[Place], object]) -> tuple[Place, ...]:
    """One place for each unit (a sentence, a paragraph) that has both sides apart; None is no unit."""
    sides: dict[object, tuple[list[Place], list[Place]]] = {}
    for number, places in enumerate((left, right)):
        for place in places:
            sides.setdefault(unit(place), ([], []))[number].append(place)
    sides.pop(None, None)
    found = []
    for lefts, rights in sides.values():
        kept = sorted({*apart(lefts, rights), *apart(rights, lefts)}, key=lambda one: (one.first, one.last))
        if kept:
            marks = tuple(dict.fromkeys(mark for place in kept for mark in place.marks))
            found.append(Place(kept[0].field, kept[0].first, max(place.last for place in kept), marks))
    return tuple(found)


def apart(places: Sequence[Place], others: Sequence[Place]) -> list[Place]:
    """The places that do not overlap all of the others."""
    if not others:
        return []
    earliest, latest = min(one.last for one in others), max(one.first for one in others)
    return [place for place in places if earliest < place.first or latest > place.last]


def outside(places: Iterable[Place], others: Iterable[Place]) -> bool:
    """Whether any of the places shares no token with the others."""
    taken = {(one.field, at) for one in others for at in range(one.first, one.last + 1)}
    return any(all((one.field, at) not in taken for at in range(one.first, one.last + 1)) for one in places)


def window(rows: Sequence[Sequence[Place]], size: int) -> list[Place]:
    """Places that hold one of each row, apart, within so many words: for each beginning, the nearest of the others."""
    ordered = [sorted(places, key=lambda one: (one.first, one.last)) for places in rows]
    firsts = [[place.first for place in places] for places in ordered]
    found = []
    for row, places in enumerate(ordered):
        for place in places:
            chosen = [place]
            for other, candidates in enumerate(ordered):
                begin = bisect_left(firsts[other], place.first)
                near = candidates[begin : begin + size] if other != row else []
                chosen += [one for one in near if not any(overlap(one, taken) for taken in chosen)][:1]
            if len(chosen) == len(rows) and max(one.last for one in chosen) - place.first < size:
                marks = tuple(dict.fromkeys(mark for one in chosen for mark in one.marks))
                found.append(Place(place.field, place.first, max(one.last for one in chosen), marks))
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


def count(places: Iterable[Place]) -> int:
    """How many occurrences there are; the same words found by two alternatives are one."""
    return len({(place.field, place.first, place.last) for place in places})


def distinct(places: Iterable[Place]) -> tuple[Place, ...]:
    """Each place once, in order."""
    return tuple(dict.fromkeys(places))


def keep(held: Held, test: Callable[[Place], bool]) -> Held:
    """The places that pass a test; what held by them holds by the rest."""
    places = tuple(place for place in held.places if test(place))
    return Held(bool(places), places)


def spans(places: Iterable[Place], texts: Mapping[str, str]) -> tuple[Span, ...]:
    """The marks of places as spans: ordered by field and place, each once; of one inside another, the longer. The first 500."""
    rank = {name: at for at, name in enumerate(WORD_FIELDS)}
    order = list(Tier)
    marks = sorted(
        {mark for place in places for mark in place.marks},
        key=lambda one: (rank[one.field], one.start, -one.end, one.term, order.index(one.tier)),
    )
    kept: list[Mark] = []
    for mark in marks:
        if kept and kept[-1].field == mark.field and mark.end <= kept[-1].end:
            continue
        kept.append(mark)
        if len(kept) == MOST_SPANS:
            break
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
