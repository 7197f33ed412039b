"""The Store protocol: the whole contract between the flow and whatever keeps the truth. Longer than other
files, because it is read as a whole: what is said of lists, pages and pushes stands in files of its own beside it.

Every implementation passes `tests/contract/test_store.py`. The rules that hold for all methods:

* Methods are coroutines; an implementation does blocking work away from the event loop.
* Time comes in as `now` (aware, UTC); a store asks no clock of its own, except to recognise a lease that reaches
  further ahead than any lease may (a clock that was set back), which it treats as run out.
* Every writing method is one transaction: it happens whole or not at all, also when the process is killed inside it.
* A claim hands out work under a lease with a fencing token that grows with each claim; `record_*` and `begin_attempt`
  raise `LeaseLost`, and write nothing, when the token is no longer the newest.
* `StoreBusy` is raised when the database is locked or the disk is full; the caller may try again. Anything else that
  goes wrong below is wrapped in `StoreError`. Each implementation says where.
* Values that are read come back equal to the values that were written; a character that the database has no form for (a
  lone surrogate, and NUL on PostgreSQL) becomes U+FFFD.

Methods by topic: life (`open`, `close`, `check`, `inspect`, `backup`), feeds (`sync_feeds`, `claim_feeds`, `release`,
`give_back`, `make_due`, `respread`, `feed_states`, `untold`, `record_told`), subscribers (`sync_subscribers`,
`subscriber_states`), polls (`known`, `record_poll`), alerts (`record_alert`), deliveries (`recover`,
`claim_deliveries`, `begin_attempt`, `record_attempt`, `late`, `fold`, `hasten`, `requeue`, `channel_states`,
`record_channel`), reading (`hits`, `search`, `archive`, `deliveries`, `attempts`,
`figures`). Pages of articles are in `store.page_protocol`, hubs in
`store.push_protocol`, what subscribers are told in `store.alert_protocol`
and `store.spike_protocol`, people in `store.people_protocol`,
mail that came back in `store.bounce_protocol`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from monitor.model import (
    Alert,
    Article,
    ChannelState,
    Delivery,
    DeliveryClaim,
    DeliveryState,
    Feed,
    FeedClaim,
    FeedCondition,
    FeedState,
    Hub,
    Lease,
    Match,
    NewAlert,
    NewDelivery,
    SendResult,
    Severity,
    Subscriber,
    Waiting,
)
from monitor.store.alert_protocol import AlertStore, LedgerFigures
from monitor.store.bounce_protocol import BounceStore
from monitor.store.feed_lists import FeedLists
from monitor.store.page_protocol import PageStore
from monitor.store.people_protocol import PeopleStore
from monitor.store.push_protocol import PushStore
from monitor.store.spike_protocol import SpikeStore


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle:
    """What a poll needs to know of an article that is stored already."""

    key: str
    text_hash: str
    first_seen: datetime
    hits: Mapping[str, Severity] = field(default_factory=dict)
    """Its hits that stand (are not withdrawn), by rule."""
    story: str = ""
    revision: int = 0
    """The number of its newest revision; 0 is the text as first seen."""
    full_text: bool = False
    """Whether its own page was ever read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArticle:
    """A new article and what matched on it."""

    article: Article
    matches: tuple[Match, ...]
    story: str = ""
    """The story that it tells: the key of its first article, most often its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRevision:
    """A changed text of a stored article: its new content, the matches that are new, the rules that hit no more.

    The store keeps the old title and body as a revision, updates the article, inserts hits for `matches` with the new
    revision's number, and marks the standing hits of `dropped` as withdrawn, and those that `matches` takes the place of.
    """

    article: Article
    matches: tuple[Match, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PollRecord:
    """All that one poll changes, recorded in one transaction, which also gives the feed's lease back."""

    feed_id: str
    lease: Lease
    now: datetime
    state: FeedState
    articles: tuple[NewArticle, ...] = ()
    revisions: tuple[NewRevision, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    """What waits for subscribers because of these articles."""
    merges: tuple[tuple[str, str], ...] = ()
    """Stories that turned out to be part of others: the one that is no more, and the one that it belongs to."""
    tell: bool = False
    """Whether the operator is to be told of the feed's condition."""
    pages: tuple[str, ...] = ()
    """Keys of articles of this record whose own pages are to be read."""
    hubs: tuple[Hub, ...] | None = None
    """The hub that the feed names, none, or None when nothing was learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPoll:
    """What the transaction really inserted (another worker may have been first)."""

    articles: int
    revisions: int
    hits: int
    waiting: int
    """Rows for subscribers, on which is to be decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """The outcome of one attempt and what follows from it, recorded in one transaction with the channel's state."""

    delivery_id: int
    lease: Lease
    now: datetime
    result: SendResult
    state: DeliveryState
    """`SENT`, `PENDING` (try again at `next_attempt`) or `DEAD`."""
    next_attempt: datetime | None
    plain: bool
    unknown: bool
    """Whether the outcome was lost; counted in `unknowns`."""
    channel: ChannelState


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a delivery, as stored."""

    delivery_id: int
    number: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    """`model.Outcome`, or None while it runs; `unknown` once a lease ran out over it."""
    reason: str | None
    detail: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHit:
    """A stored match with its article, for tables and exports."""

    id: int
    created_at: datetime
    match: Match
    article: Article
    revision: int
    """0 for the text as first seen."""
    first_seen: datetime
    withdrawn_at: datetime | None
    """When a revision of the article stopped hitting the rule."""
    feed_title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFilter:
    """Which hits to read; an absent field means any. Newest first."""

    rule_id: str | None = None
    feed_id: str | None = None
    severity: Severity | None = None
    """The least severity."""
    since: datetime | None = None
    article_key: str | None = None
    url: str | None = None
    """The article's address, as its feed wrote it."""
    hit_id: int | None = None
    limit: int = 100
    before_id: int | None = None
    """For paging: only hits with a smaller id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundArticle:
    """An article found by full-text search."""

    article: Article
    first_seen: datetime
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCondition:
    """How a store is, for whoever looks after it."""

    size: int
    """Bytes that it takes up."""
    damage: tuple[str, ...]
    """What is wrong inside, the first few things; empty when nothing was found, or nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedArticle:
    """A stored article, for those who go through all of them."""

    id: int
    """Grows in the order in which articles were stored."""
    article: Article
    """With the text of its newest revision."""
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberState:
    """What is known of a subscriber: since when, and how delivery to them goes."""

    id: str
    title: str
    active: bool
    """Whether the settings in force name them."""
    since: datetime
    """When they were first configured."""
    last_alert: datetime | None
    """When the last alert was raised for them."""
    last_sent: datetime | None
    """When something last reached them, as far as a channel can say."""
    deliveries: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Numbers for health and metrics, read in one go."""

    feeds: int
    feeds_overdue: int
    """Due for longer than the given grace and not leased."""
    feeds_failing: int
    articles: int
    hits: int
    deliveries: Mapping[DeliveryState, int]
    unknown_outcomes: int
    """Attempts whose outcome was lost, ever."""
    oldest_pending: datetime | None
    """`created_at` of the oldest delivery that is neither sent, dead nor carried."""
    conditions: Mapping[FeedCondition, int] = field(default_factory=dict)
    """Feeds that are not well, by condition."""
    canary: datetime | None = None
    """When the newest canary article was first seen that was delivered."""
    ledger: LedgerFigures = field(default_factory=LedgerFigures)


class Store(FeedLists, PageStore, PushStore, AlertStore, SpikeStore, PeopleStore, BounceStore, Protocol):
    """Keeps feeds, articles, hits, alerts and deliveries. See the module's note for the rules."""

    @property
    def copied(self) -> Path | None:
        """The copy that `open` made of an older store before it migrated it, if it did; for the caller's log."""

    async def open(self) -> None:
        """Connect, guard the versions, migrate. Raises StoreError, SchemaTooNew."""

    async def close(self) -> None:
        """Finish what runs and disconnect. Safe to call twice."""

    async def check(self) -> None:
        """Raise StoreError or StoreBusy unless the store can be read *and written* now (readiness)."""

    async def inspect(self, *, deep: bool = True) -> StoreCondition:
        """How large the store is and, when deep, whether it is whole: that reads all of it."""

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the store to a new file while it is in use. Raises StoreError if it exists."""

    # feeds
    async def sync_feeds(self, feeds: Sequence[Feed], now: datetime, first_due: Mapping[str, datetime]) -> None:
        """Make the stored set of feeds the given one, imported ones aside. State of known feeds is kept; feeds that are
        gone are switched off, with their articles kept; new ones are first due at `first_due[id]`.
        """

    async def claim_feeds(
        self,
        worker: str,
        now: datetime,
        limit: int,
        lease: timedelta,
        *,
        only: Sequence[str] | None = None,
        not_since: datetime | None = None,
        shards: Collection[int] | None = None,
    ) -> tuple[FeedClaim, ...]:
        """Lease up to `limit` feeds that are due, oldest first: of `only` those, not polled since then, and of hosts in
        these `shards` (see `keys.shard_of`).
        """

    async def release(self, worker: str | None, now: datetime) -> int:
        """Give back all leases of this worker (None: of every worker, for the one owner of a store at its start). Feeds
        are due at once; deliveries without a started attempt are pending, others unknown as in `recover`. Counts leases.
        """

    async def give_back(self, claims: Sequence[FeedClaim], due: Mapping[str, datetime] | None = None) -> int:
        """Give back the leases of polls that were not made or not recorded: those feeds are due again at once, or when
        `due` says. A lease that went to somebody else is left alone. Returns how many there were.
        """

    async def feed_states(
        self, ids: Sequence[str] | None = None, conditions: Sequence[FeedCondition] = ()
    ) -> tuple[tuple[Feed, FeedState], ...]:
        """Feeds that are switched on, by id: of these ids (None: of all), in one of these conditions (none: in any)."""

    async def untold(self) -> tuple[tuple[Feed, FeedState], ...]:
        """Feeds, by id, of whose condition the operator has still to be told: polls with `tell` made them so."""

    async def record_told(self, told: Mapping[str, FeedCondition], notices: Sequence[NewAlert], now: datetime) -> None:
        """Record notices, and that the operator is told of these feeds by them. A feed whose condition is no longer the
        one that was told stays untold.
        """

    # subscribers
    async def sync_subscribers(self, people: Sequence[Subscriber], now: datetime) -> None:
        """Make the stored set of subscribers the given one; those that are gone are kept, switched off, with what was
        sent to them.
        """

    async def subscriber_states(self) -> tuple[SubscriberState, ...]:
        """All subscribers that ever were, by id."""

    # polls
    async def known(
        self, feed_id: str, keys: Sequence[str], alike: Sequence[Article] = ()
    ) -> Mapping[str, KnownArticle]:
        """Those of the articles that are stored already, by key. Articles of `alike` count as stored also when one with
        another key is that has the same link, time, title and body.
        """

    async def record_poll(self, record: PollRecord) -> RecordedPoll:
        """Record a poll whole. An article or alert whose key is stored already is left as it is, with all that hangs on
        it. Raises LeaseLost.
        """

    # alerts
    async def record_alert(self, alert: NewAlert, now: datetime) -> bool:
        """Record an alert that belongs to no poll (notice, test). False if its key is stored already."""

    # deliveries
    async def recover(self, now: datetime, max_lease: timedelta) -> int:
        """Take back deliveries whose lease ran out (or reaches further than `max_lease` ahead): with an attempt started
        and not finished they are `unknown` (counted, the attempt is closed as unknown) and then pending at once with the
        same key; without one they are pending. Returns how many.
        """

    async def claim_deliveries(
        self, worker: str, now: datetime, limit: int, lease: timedelta, *, channel: str
    ) -> tuple[DeliveryClaim, ...]:
        """Lease up to `limit` pending deliveries of one channel whose `next_attempt` has come, most severe first, then
        oldest `next_attempt`.
        """

    async def begin_attempt(self, delivery_id: int, lease: Lease, now: datetime) -> int:
        """Write down, durably, that an attempt starts now; returns its number (1 for the first). Raises LeaseLost."""

    async def record_attempt(self, record: AttemptRecord) -> None:
        """Close the running attempt and decide the delivery. Raises LeaseLost."""

    async def late(self, now: datetime, older_than: timedelta, more_than: int) -> tuple[tuple[Delivery, ...], ...]:
        """Pending deliveries of articles and revisions created before `now - older_than`, grouped by (subscriber,
        channel, address), newest first; only groups of more than `more_than`.
        """

    async def alerts(self, keys: Sequence[str]) -> Mapping[str, Alert]:
        """Stored alerts by key."""

    async def fold(self, digest: NewAlert, delivery: NewDelivery, carried: Sequence[int], now: datetime) -> int:
        """Record a digest and its delivery, and mark the pending deliveries `carried` as carried by it. Deliveries that
        are no longer pending are left alone. Returns how many are carried.
        """

    async def hasten(self, channel: str, now: datetime) -> int:
        """Set the pending deliveries of a channel due now: it works again, and they need not wait for times that were
        set while it did not. Returns how many were not due yet.
        """

    async def requeue(self, delivery_ids: Sequence[int], now: datetime) -> int:
        """Set dead deliveries pending again with the same key and a fresh count of attempts. Returns how many were dead."""

    async def channel_states(self) -> Mapping[str, ChannelState]:
        """The states of all channels that ever had one."""

    async def record_channel(self, state: ChannelState) -> None:
        """Write the state of a channel (a person mended it, a notice was sent)."""

    # reading
    async def hits(self, where: HitFilter) -> tuple[StoredHit, ...]:
        """Stored hits, newest first; those of the canary only when its rule or article is asked for."""

    async def search(self, text: str, limit: int = 20) -> tuple[FoundArticle, ...]:
        """Articles whose title or body hold all the words of `text`, best first. Never raises for odd input."""

    async def archive(
        self, *, since: datetime | None = None, after: int = 0, limit: int = 500
    ) -> tuple[ArchivedArticle, ...]:
        """Up to `limit` articles in the order in which they were stored, oldest first: those with an id above `after`
        that were first seen at `since` or later. Page with the last id; an empty page is the end.
        """

    async def deliveries(
        self, *, states: Sequence[DeliveryState] = (), channel: str | None = None, limit: int = 100
    ) -> tuple[Delivery, ...]:
        """Deliveries, newest first; no states means all."""

    async def attempts(self, delivery_id: int) -> tuple[Attempt, ...]:
        """All attempts of a delivery, oldest first."""

    async def figures(self, now: datetime, grace: timedelta) -> Figures:
        """Numbers for health and metrics."""
