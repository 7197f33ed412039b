"""The Store in SQL that SQLite and PostgreSQL both understand: what each method does, in its transaction.

Shared, because a promise that is kept by two texts is kept by one. Where the two databases differ, the statement is written so that
both read it the same, or the difference has a name in `postgres/dialect.py`. What runs a function in a transaction, and
how a transaction is one, stands in `sqlite/` and `postgres/`.

    feeds.py  subscribers.py  polls.py  deliveries.py  reading.py  pages.py  pushes.py   what each method does
    waiting.py  decisions.py  ledger.py  stories.py  spikes.py  people.py  bounces.py    what waits for subscribers, what was decided
    values.py  pacing.py      rows to values and back          words.py   words of the text index     together.py   shared commits
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.model import (
    Alert,
    Article,
    ChannelState,
    Delivery,
    DeliveryClaim,
    Feed,
    FeedClaim,
    FeedCondition,
    FeedState,
    Lease,
    NewAlert,
    NewDelivery,
    Subscriber,
)
from monitor.store.feed_lists import Between, Spread
from monitor.store.protocol import AttemptRecord, PollRecord, RecordedPoll, SubscriberState
from monitor.store.sql import deliveries, feeds, pages, polls, reading, subscribers, waiting
from monitor.store.sql.bounces import Bounced
from monitor.store.sql.decisions import Decisions
from monitor.store.sql.feed_lists import StoredLists
from monitor.store.sql.pages import Pages
from monitor.store.sql.people import People
from monitor.store.sql.polls import Known
from monitor.store.sql.pushes import Pushes
from monitor.store.sql.queries import Queries
from monitor.store.sql.spikes import Spikes
from monitor.store.sql.values import Row

T = TypeVar("T")


class SqlStore(Queries, StoredLists, Pages, Pushes, Decisions, Spikes, People, Bounced, ABC):
    """The methods of `store.protocol.Store` that are the same on both databases; life and transactions are below."""

    @abstractmethod
    async def _read(self, work: Callable[[Row], T]) -> T:
        """Run a function on a consistent snapshot."""

    @abstractmethod
    async def _write(self, work: Callable[[Row], T], *, urgent: bool = False) -> T:
        """Run a function in one writing transaction."""

    @abstractmethod
    async def _write_poll(self, work: Callable[[Row], T]) -> T:
        """As `_write`; polls may share a transaction."""

    # feeds

    async def sync_feeds(self, feeds_: Sequence[Feed], now: datetime, first_due: Mapping[str, datetime]) -> None:
        """Make the stored set of feeds the given one."""
        await self._write(lambda db: feeds.sync(db, feeds_, now, first_due), urgent=True)

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
        """Lease feeds that are due."""
        return await self._write(
            lambda db: feeds.claim(db, worker, now, limit, lease, only=only, not_since=not_since, shards=shards)
        )

    async def release(self, worker: str | None, now: datetime) -> int:
        """Give back leases."""
        return await self._write(
            lambda db: (
                feeds.release(db, worker)
                + pages.release(db, worker)
                + waiting.release(db, worker)
                + deliveries.release(db, worker, now)
            ),
            urgent=True,
        )

    async def give_back(self, claims: Sequence[FeedClaim], due: Mapping[str, datetime] | None = None) -> int:
        """Give back the leases of polls that were not made or could not be recorded."""
        return await self._write(lambda db: feeds.give_back(db, claims, due or {}))

    async def make_due(self, feed_ids: Sequence[str] | None, now: datetime) -> int:
        """Set feeds due now."""
        return await self._write(lambda db: feeds.make_due(db, feed_ids, now))

    async def hasten_feeds(self, by: timedelta, before: datetime) -> int:
        """Make feeds due so much sooner."""
        return await self._write(lambda db: feeds.hasten(db, by, before))

    async def respread(
        self, choose: Spread, between: Between, before: datetime | None = None, unreached_since: datetime | None = None
    ) -> int:
        """Set new due times for feeds that are overdue, due in a time that cannot be, or could not be reached."""
        return await self._write(lambda db: feeds.respread(db, choose, between, before, unreached_since))

    async def feed_states(
        self, ids: Sequence[str] | None = None, conditions: Sequence[FeedCondition] = ()
    ) -> tuple[tuple[Feed, FeedState], ...]:
        """Feeds that are switched on, by id."""
        return await self._read(lambda db: feeds.states(db, ids, conditions))

    async def untold(self) -> tuple[tuple[Feed, FeedState], ...]:
        """Feeds of whose condition the operator has still to be told."""
        return await self._read(feeds.untold)

    async def record_told(self, told: Mapping[str, FeedCondition], notices: Sequence[NewAlert], now: datetime) -> None:
        """Record notices about feeds."""

        def record(db: Row) -> None:
            for notice in notices:
                polls.insert_alert(db, notice, None, now)
            feeds.mark_told(db, told)

        await self._write(record, urgent=True)

    # subscribers

    async def sync_subscribers(self, people: Sequence[Subscriber], now: datetime) -> None:
        """Make the stored set of subscribers the given one."""
        await self._write(lambda db: subscribers.sync(db, people, now), urgent=True)

    async def subscriber_states(self) -> tuple[SubscriberState, ...]:
        """All subscribers that ever were, by id."""
        return await self._read(subscribers.states)

    # polls

    async def known(self, feed_id: str, keys: Sequence[str], alike: Sequence[Article] = ()) -> Known:
        """Articles that are stored already, by key."""
        return await self._read(lambda db: polls.known(db, feed_id, keys, alike))

    async def record_poll(self, record: PollRecord) -> RecordedPoll:
        """Record a poll whole."""
        return await self._write_poll(lambda db: pages.record_poll(db, record))

    # alerts

    async def record_alert(self, alert: NewAlert, now: datetime) -> bool:
        """Record an alert that belongs to no poll."""
        return await self._write(lambda db: polls.insert_alert(db, alert, None, now) is not None, urgent=True)

    # deliveries

    async def recover(self, now: datetime, max_lease: timedelta) -> int:
        """Take back deliveries whose lease ran out."""
        return await self._write(lambda db: deliveries.recover(db, now, max_lease), urgent=True)

    async def claim_deliveries(
        self, worker: str, now: datetime, limit: int, lease: timedelta, *, channel: str
    ) -> tuple[DeliveryClaim, ...]:
        """Lease pending deliveries of a channel."""
        return await self._write(lambda db: deliveries.claim(db, worker, now, limit, lease, channel), urgent=True)

    async def begin_attempt(self, delivery_id: int, lease: Lease, now: datetime) -> int:
        """Write down that an attempt starts."""
        return await self._write(lambda db: deliveries.begin(db, delivery_id, lease, now), urgent=True)

    async def record_attempt(self, record: AttemptRecord) -> None:
        """Close the running attempt and decide the delivery."""
        await self._write(lambda db: deliveries.record_attempt(db, record), urgent=True)

    async def late(self, now: datetime, older_than: timedelta, more_than: int) -> tuple[tuple[Delivery, ...], ...]:
        """Pending deliveries that have waited too long, by recipient."""
        return await self._read(lambda db: deliveries.late(db, now, older_than, more_than))

    async def alerts(self, keys: Sequence[str]) -> Mapping[str, Alert]:
        """Stored alerts by key."""
        return await self._read(lambda db: reading.alerts(db, keys))

    async def fold(self, digest: NewAlert, delivery: NewDelivery, carried: Sequence[int], now: datetime) -> int:
        """Record a digest and mark what it carries."""
        return await self._write(lambda db: deliveries.fold(db, digest, delivery, carried, now), urgent=True)

    async def hasten(self, channel: str, now: datetime) -> int:
        """Set the pending deliveries of a channel due now."""
        return await self._write(lambda db: deliveries.hasten(db, channel, now), urgent=True)

    async def requeue(self, delivery_ids: Sequence[int], now: datetime) -> int:
        """Set dead deliveries pending again."""
        return await self._write(lambda db: deliveries.requeue(db, delivery_ids, now))

    async def channel_states(self) -> Mapping[str, ChannelState]:
        """The states of all channels."""
        return await self._read(reading.channel_states)

    async def record_channel(self, state: ChannelState) -> None:
        """Write the state of a channel."""
        await self._write(lambda db: deliveries.put_channel(db, state), urgent=True)
