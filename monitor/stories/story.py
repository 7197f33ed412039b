"""A story in the window, and how near two stories are: the decision itself. An article alone is a story of one."""

from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

from monitor.stories.decision import Step
from monitor.stories.profile import Profile, across, shared
from monitor.stories.tuning import Tuning
from monitor.stories.vectors import Vector

_DAY: Final = 86_400.0


@dataclass(slots=True, eq=False)
class Item:
    """An article as the window keeps it: no text."""

    number: int
    """In the order of arrival."""
    key: str
    at: float | None
    """Seconds since 1970: when it was published, or the newest time known when it came."""
    lang: str
    words: Vector
    names: Vector
    sketch: "array[int]"
    length: float
    """From 0 to 1: full."""
    days: frozenset[int]
    """That its title names."""
    url: int
    """A number of the canonical address, or 0."""
    text: int
    """A number of the whole text, or 0."""
    copy: bool = False
    """The same article again; it adds nothing to what the story says."""
    story: "Story" = field(init=False, repr=False)


@dataclass(slots=True, eq=False)
class Story:
    """Articles that tell the same news."""

    id: str
    items: list[Item]
    words: dict[str, Profile]
    """By language."""
    names: Profile
    """Names and figures, of all languages."""
    first: float | None
    last: float | None

    @property
    def number(self) -> int:
        """That of its oldest article, by which older stories are told from newer."""
        return self.items[0].number


@dataclass(frozen=True, slots=True)
class Affinity:
    """How near two stories are."""

    step: Step
    similarity: float = 0.0
    needed: float = 1.0

    @property
    def margin(self) -> float:
        """What is more than needed; below 0 they are two."""
        return self.similarity - self.needed


NONE: Final = Affinity(Step.NOTHING)


def story_of(items: list[Item], identity: str) -> Story:
    """The story of these articles, anew."""
    telling = [item for item in items if not item.copy] or items[:1]
    words = {
        lang: Profile.total([(item.words, item.length) for item in telling if item.lang == lang])
        for lang in dict.fromkeys(item.lang for item in telling)
    }
    names = Profile.total([(item.names, item.length) for item in telling])
    times = [item.at for item in items if item.at is not None]
    story = Story(identity, items, words, names, min(times, default=None), max(times, default=None))
    for item in items:
        item.story = story
    return story


def story_alone(item: Item) -> Story:
    """An article as a story of one, apart from the story that it is in."""
    words = {item.lang: Profile.of(item.words, item.length)}
    return Story(item.key, [item], words, Profile.of(item.names, item.length), item.at, item.at)


def seconds_apart(one: Story, other: Story) -> float | None:
    """Between the nearest ends of two stories; 0 where they overlap, None where a time is unknown."""
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return None
    return max(0.0, one.first - other.last, other.first - one.last)


def apart(one: Item, other: Item) -> timedelta | None:
    """Between two articles, where both times are known."""
    return None if one.at is None or other.at is None else timedelta(seconds=abs(one.at - other.at))


def seconds_of(moment: datetime | None) -> float | None:
    """Seconds since 1970 of an aware time."""
    return moment.timestamp() if moment is not None else None


def affinity(one: Story, other: Story, tuning: Tuning) -> Affinity:
    """How near two stories are in the language in which they are nearest; by names and figures where they share none."""
    gap = seconds_apart(one, other) or 0.0
    if gap > tuning.window.total_seconds():
        return NONE
    later = tuning.a_day * gap / _DAY
    best, common = NONE, False
    for lang, first in one.words.items():
        second = other.words.get(lang)
        if second is not None:
            common = True
            best = max(best, _told_alike(first, second, later, tuning), key=lambda each: each.margin)
    return best if common else _named_alike(one, other, later, tuning)


def _told_alike(first: Profile, second: Profile, later: float, tuning: Tuning) -> Affinity:
    """Are the articles of one as like those of the other as they are among themselves?"""
    length = (first.mean_length + second.mean_length) / 2
    usual = _between(tuning.alike_thin, tuning.alike_full, length)
    within = first.alike(usual, tuning.usual) * second.alike(usual, tuning.usual)
    similarity = across(first, second) / sqrt(within)
    needed = _between(tuning.floor_thin, tuning.floor_full, length)
    needed += _between(tuning.alone_thin, tuning.alone_full, length) / sqrt(first.articles * second.articles)
    return Affinity(Step.SAME_EVENT, similarity, needed + later)


def _named_alike(one: Story, other: Story, later: float, tuning: Tuning) -> Affinity:
    first, second = one.names, other.names
    if shared(first, second) < tuning.across_shared:
        return NONE
    within = first.alike(1.0, tuning.usual) * second.alike(1.0, tuning.usual)
    return Affinity(Step.OTHER_LANGUAGE, across(first, second) / sqrt(within), tuning.across + later)


def _between(thin: float, full: float, length: float) -> float:
    return thin + (full - thin) * length
