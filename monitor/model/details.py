"""What an alert says beside its article: how a story has spread, what was changed in a text, what a digest covers.

Values only, snapshots like all of an alert; see the note of `monitor.model`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One article of a story."""

    article_key: str
    title: str
    url: str | None = None
    outlet: str | None = None
    """The outlet, else the title of the feed."""
    lang: str | None = None
    published: datetime | None = None
    first_seen: datetime
    wire: str | None = None
    """The news agency that it names as its origin, if any."""
    rtl: bool = False

    @property
    def at(self) -> datetime:
        """When it appeared: as its feed says, unless that lies after we saw it."""
        return min(self.published, self.first_seen) if self.published else self.first_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far a story has spread."""

    outlets: int
    copies: tuple[Copy, ...]
    """The first first; not all, if there are many."""
    more: int = 0
    """How many copies are not among them."""
    wire: str | None = None
    """The news agency that most of them name as their origin."""
    news: str = ""
    """In a line, in the subscriber's time: `now 14 outlets, first Reuters 10:02, in Arabic since 10:40`."""


class Edit(StrEnum):
    """What was done to a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was changed in a title or a sentence, as runs of text in reading order."""

    field: str
    """`title` or `body`."""
    pieces: tuple[tuple[str, Edit], ...]
    rtl: bool = False


class DigestReason(StrEnum):
    """Why many are told in one."""

    CADENCE = "cadence"
    QUIET_HOURS = "quiet_hours"
    CAP = "cap"
    """There were more than the subscriber wants in an hour."""
    CATCH_UP = "catch_up"
    """They could not be sent in time."""
    SPIKE = "spike"
    """A rule hits far more often than it usually does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the monitor read in a period: the proof that nothing to report is not nothing read."""

    articles: int
    """That were new."""
    feeds: int
    """That were polled with success."""
    silent: int = 0
    """That bring nothing though they should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a digest covers, and why it is one."""

    reason: DigestReason
    since: datetime
    until: datetime
    bars: tuple[int, ...] = ()
    """How many articles hit in each of its equal parts, in order."""
    reading: Reading | None = None
    note: str = ""
    """Of a spike: `23 in the last hour; usual 2 to 5`."""
