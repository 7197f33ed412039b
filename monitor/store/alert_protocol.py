"""The part of the Store protocol for what subscribers are told: what waits, what was decided, and how each hit ended.

Apart from `store.protocol`, whose rules hold here as well. A subscriber is claimed under a lease, all that waits for them
is decided in one place, and what was decided is recorded in one transaction. Every hit that a subscriber takes is in
exactly one of three places at any time: it waits, it was told by an alert, or it is suppressed with a reason. `ledger`
counts them from the rows themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from monitor.model import (
    Alert,
    Article,
    Copy,
    Delivery,
    Held,
    HoldReason,
    Lease,
    Match,
    NewAlert,
    Reading,
    Sent,
    Severity,
    StoryFacts,
    Suppressed,
    Told,
    Waiting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberClaim:
    """A subscriber for whom this worker may decide now."""

    subscriber_id: str
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """All that a decision for one subscriber needs of the store."""

    waiting: tuple[Waiting, ...]
    """What waits, but for what waits for a digest that is not due yet."""
    later: datetime | None
    """When the first of what was left out is due."""
    told: Mapping[tuple[str, str], Told]
    """By route and story, of the stories of the rows."""
    stories: Mapping[str, StoryFacts]
    sent: tuple[Sent, ...]
    """Single alerts of the last hour."""
    digested: Mapping[str, datetime]
    """By route: the end of the last digest's period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenArticle:
    """The article of a waiting row as it was in that revision."""

    article: Article
    matches: tuple[Match, ...]
    """Of the newest text up to that revision, one for each rule."""
    feed_title: str | None
    first_seen: datetime
    previous: Article | None
    """The revision before, of a revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingRecord:
    """An alert, the hits that it tells, and what is told of its stories from now on."""

    alert: NewAlert
    hits: tuple[tuple[int, tuple[str, ...]], ...]
    """Numbers of waiting rows, each with the rules that are told of it; without rules the row as a whole."""
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """All that one decision for a subscriber changes, recorded in one transaction, which also gives the lease back."""

    claim: SubscriberClaim
    now: datetime
    decided: tuple[int, ...]
    """Numbers of all rows that were decided on: those that are not held are done."""
    tells: tuple[TellingRecord, ...] = ()
    held: tuple[Held, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    digested: tuple[tuple[str, datetime], ...] = ()
    due: datetime | None = None
    """When to decide again, if nothing comes up before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAlerts:
    """What the transaction really inserted."""

    alerts: int = 0
    deliveries: int = 0
    told: int = 0
    """Hits."""
    suppressed: int = 0
    """Hits."""
    due: datetime | None = None
    """When to decide again: at once, if something came meanwhile."""


class Ending(StrEnum):
    """Where a hit that a subscriber takes stands."""

    WAITING = "waiting"
    TOLD = "told"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """How far a hit has come to one subscriber on one of their routes."""

    hit_id: int
    subscriber_id: str
    route: str
    rule_id: str
    severity: Severity
    story: str
    since: datetime
    ending: Ending
    held: HoldReason | None = None
    """Why it waits."""
    due: datetime | None = None
    """When it is decided (again)."""
    reason: str | None = None
    """Why it is suppressed; a `SuppressionReason`."""
    by: str = ""
    """What suppressed it, for people."""
    at: datetime | None = None
    """When it was told or suppressed."""
    alert: Alert | None = None
    deliveries: tuple[Delivery, ...] = ()
    """Of the alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """The hits that a subscriber takes, counted from the rows. A hit that goes two routes counts twice."""

    subscriber_id: str
    taken: int
    delivered: int
    """Told by an alert that reached an address at least."""
    waiting: int
    """Not decided yet."""
    pending: int
    """Told by an alert that is still on its way."""
    dead: int
    """Told by an alert of which no delivery is left to try."""
    suppressed: Mapping[str, int]
    """By reason."""
    tally: int
    """How many were taken, as it was counted when they came: another count than that of the rows."""

    @property
    def even(self) -> bool:
        """Whether every hit that came is somewhere."""
        ended = self.delivered + self.waiting + self.pending + self.dead + sum(self.suppressed.values())
        return self.taken == ended == self.tally


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures:
    """The ledger in numbers for metrics, as they were counted when it happened; all subscribers together."""

    taken: int = 0
    told: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    """By reason."""

    @property
    def waiting(self) -> int:
        """What is not decided yet."""
        return self.taken - self.told - sum(self.suppressed.values())


class AlertStore(Protocol):
    """Keeps what waits for subscribers and what was decided."""

    async def claim_subscribers(
        self, worker: str, now: datetime, limit: int, lease: timedelta
    ) -> tuple[SubscriberClaim, ...]:
        """Lease up to `limit` subscribers for whom something is to be decided, the longest due first."""

    async def agenda(self, subscriber_id: str, now: datetime) -> Agenda:
        """All that the decision for a subscriber needs."""

    async def seen(self, waiting_ids: Sequence[int]) -> Mapping[int, SeenArticle]:
        """The articles of waiting rows, as they were in the row's revision."""

    async def copies(self, stories: Sequence[str], limit: int) -> Mapping[str, tuple[Copy, ...]]:
        """The articles of stories, the first first, at most so many of each."""

    async def recent_stories(
        self, since: datetime, most: int, after: int, limit: int
    ) -> tuple[tuple[int, Article, str], ...]:
        """Up to `limit` articles that were first seen and published since then, among the `most` newest, with their
        numbers and stories, in the order in which they were stored; only those with a number greater than `after`.
        """

    async def reading(self, since: datetime, until: datetime) -> Reading:
        """What was read in a period."""

    async def record_alerts(self, record: AlertRecord) -> RecordedAlerts:
        """Record what was decided. Raises LeaseLost."""

    async def wake(self, subscriber_ids: Sequence[str] | None, now: datetime) -> int:
        """Have these subscribers (None: all that are active) decided on now. Returns how many."""

    async def takings(self, hit_ids: Sequence[int]) -> tuple[Taking, ...]:
        """How far hits have come, by hit, subscriber and route."""

    async def ledger(self, subscriber_id: str | None = None) -> tuple[LedgerLine, ...]:
        """The ledger of one subscriber or all, by id."""
