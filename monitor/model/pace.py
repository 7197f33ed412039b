"""When a feed is polled and how it is: what is kept of it between two polls. Values only; see the note of `monitor.model`.

What they are decided from stands in `schedule/` and `feed_health.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherHints:
    """What a publisher says of how often to ask, and of where the feed lives."""

    fresh_for: timedelta | None = None
    """`Cache-Control: max-age` less `Age`, else `Expires` less `Date` (RFC 9111, 4.2)."""
    ttl: timedelta | None = None
    """RSS `ttl`."""
    update_every: timedelta | None = None
    """`sy:updatePeriod` by `sy:updateFrequency`."""
    skip_hours: tuple[int, ...] = ()
    """Hours of the day, GMT, in which not to ask."""
    skip_days: tuple[int, ...] = ()
    """Days of the week, GMT, on which not to ask; Monday is 0."""
    moved_to: str | None = None
    """The address that a permanent redirect (301, 308) of this answer led to."""


NO_HINTS: Final = PublisherHints()


class BoundKind(StrEnum):
    """What takes part in the choice of the next poll."""

    EVERY = "every"
    """The period of the settings."""
    OWN_EVERY = "own_every"
    """The period that the operator gave this feed."""
    RHYTHM = "rhythm"
    """How often the feed brings articles."""
    FRESH = "fresh"
    TTL = "ttl"
    UPDATE = "update"
    SKIP = "skip"
    """Hours or days in which the publisher wants no polls."""
    RETRY_AFTER = "retry_after"
    BACK_OFF = "back_off"
    """Failures in a row."""
    THROTTLED = "throttled"
    """A 429 that does not say how long to wait."""
    GONE = "gone"
    """A 410: no more polls."""
    FLOOR = "floor"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One of them, and the wait that it asks for."""

    kind: BoundKind
    span: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A permanent redirect that has not held for long enough yet."""

    to: str
    since: datetime
    polls: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What decides when a feed is polled next."""

    gap: timedelta | None = None
    """The usual time between two articles, newer ones weighing more."""
    longest: timedelta | None = None
    """The longest pause between two articles; slowly forgotten."""
    gaps_seen: int = 0
    """From how many pauses these were learnt; counted up to a limit."""
    first: datetime | None = None
    """The time of the oldest article that this was learnt from."""
    latest: datetime | None = None
    """The time of the newest article."""
    listed: int = 0
    """How many items the last document had."""
    format: str = ""
    """The format of the last document."""
    hints: PublisherHints = NO_HINTS
    bounds: tuple[Bound, ...] = ()
    """What took part in the choice of the next poll, the base first."""
    move: Move | None = None
    address: str | None = None
    """Where the feed is polled since it moved for good; None while that is where the settings say."""
    unread: bool = False
    """The validators are those of a document that could not be read."""


NOTHING_LEARNT: Final = Pace()


class FeedCondition(StrEnum):
    """How a feed is, as the operator is told."""

    OK = "ok"
    SILENT = "silent"
    """Answers, and has brought nothing new for much longer than it used to."""
    EMPTY = "empty"
    """Answers without any item, where there were some before."""
    BROKEN = "broken"
    """Fails again and again."""
    MOVED = "moved"
    """Lives at another address for good, and is polled there."""
    GONE = "gone"
    """Has been taken away (410, or 404 for long)."""
    BLOCKED = "blocked"
    """Refused to us, or hidden behind a web page or challenge."""
    FORMAT = "format"
    """Comes in another format than it used to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a feed is. A sign must last before it becomes the condition, so that one odd answer alarms nobody."""

    condition: FeedCondition = FeedCondition.OK
    since: datetime | None = None
    """Since when; None for a feed that was never otherwise than well."""
    before: FeedCondition = FeedCondition.OK
    """The condition before this one, and since when it was."""
    before_since: datetime | None = None
    sign: FeedCondition = FeedCondition.OK
    """What the last poll looked like."""
    sign_since: datetime | None = None
    sign_polls: int = 0
    failing_since: datetime | None = None
    """When the failures in a row began; None when the last poll was no failure."""
    told: tuple[FeedCondition, ...] = ()
    """What the operator was told of since the feed was last well."""
    format: str = ""
    """The format that it used to have."""
    seen: str = ""
    """The title of the last new article."""


NEVER_UNWELL: Final = Health()
