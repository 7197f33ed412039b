"""The Store on SQLite: one file, one writer thread, one reader thread.

Every write is one immediate transaction on the writer's connection; reads have a connection of their own and never wait
for a write. What a caller cancels goes on to its end in its thread: no half transaction, and no lost count.

Longer than other files by a few lines: a list of what stands in the modules beside it.

    connection.py   opening, wrapping errors, the owner's lock     schema.py   tables, migrations
    feeds.py  subscribers.py  polls.py  deliveries.py  reading.py  pages.py  pushes.py  what each method does, in its transaction
    waiting.py  decisions.py  ledger.py  stories.py  spikes.py  people.py  bounces.py   what waits for subscribers, what was decided, how every hit ended
    values.py       rows to values and back                        words.py    words of the text index     backup.py   copies
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlite_utils
from pysqlite3 import dbapi2 as sqlite3

from monitor.errors import StoreError
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
from monitor.store.protocol import AttemptRecord, PollRecord, RecordedPoll, StoreCondition, SubscriberState
from monitor.store.sqlite import backup, deliveries, feeds, pages, polls, reading, schema, subscribers, waiting
from monitor.store.sqlite.bounces import Bounced
from monitor.store.sqlite.connection import (
    DiskFull,
    OwnerLock,
    Reserve,
    connect,
    guard_version,
    reading_snapshot,
    wrapped,
    writing,
)
from monitor.store.sqlite.decisions import Decisions
from monitor.store.sqlite.feed_lists import StoredLists
from monitor.store.sqlite.pages import Pages
from monitor.store.sqlite.people import People
from monitor.store.sqlite.polls import Known
from monitor.store.sqlite.pushes import Pushes
from monitor.store.sqlite.queries import Queries
from monitor.store.sqlite.spikes import Spikes
from monitor.store.sqlite.together import Together
from monitor.store.sqlite.values import Row

T = TypeVar("T")
_QUICK_CHECK_BELOW = 1_000_000_000


class SqliteStore(Queries, StoredLists, Pages, Pushes, Decisions, Spikes, People, Bounced):
    """See `store.protocol.Store`; errors beyond it: StoreError when the file is damaged or SQLite is too old."""

    def __init__(
        self,
        path: Path,
        *,
        owner: bool = False,
        readonly: bool = False,
        expect_existing: bool = False,
        timeout: float = 5.0,
    ) -> None:
        self.path = path
        self.copied: Path | None = None
        """The copy that was made before a migration, if there was one."""
        self._lock = OwnerLock(path) if owner else None
        self._reserve = Reserve(path) if owner else None
        self._readonly = readonly
        self._must_exist = expect_existing or readonly
        self._timeout = timeout
        self._writer: sqlite_utils.Database | None = None
        self._reader: sqlite_utils.Database | None = None
        self._closed = False
        self._writes = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._reads = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._polls = Together(self._writes, lambda work: self._written(work, urgent=False))

    # life

    async def open(self) -> None:
        """Connect, guard the versions, migrate. Raises StoreError, StoreLocked, SchemaTooNew."""
        try:
            await self._in(self._writes, self._open)
        except BaseException:
            await self.close()
            raise

    def _open(self) -> None:
        guard_version()
        with wrapped(self.path):
            self._expect()
            if not self._readonly:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            if self._lock is not None:
                self._lock.acquire()
            try:
                self._connect()
            except DiskFull:
                # Even to open it takes some space beside the file, and what is stored must still go out.
                if self._reserve is None or not self._reserve.drop():
                    raise
                self._close_reader()
                self._disconnect_writer()
                self._connect()
        if self._reserve is not None:
            self._reserve.make()

    def _connect(self) -> None:
        if not self._readonly:
            self._writer = self._rows(connect(self.path, readonly=False, timeout=self._timeout))
            with wrapped(self.path):
                self._prepare(self._writer)
        self._reader = self._rows(connect(self.path, readonly=True, timeout=self._timeout))
        with wrapped(self.path):
            self._guard_schema(self._reader)
            if not schema.is_current(self._reader):
                what = "of an older version of" if schema.number(self._reader) else "no store of"
                raise StoreError(f"{self.path} is {what} this program; the daemon migrates or makes it when it starts")

    def _expect(self) -> None:
        """An empty file is as bad as none: it is what a lost volume looks like once somebody touched it."""
        if self._must_exist and not (self.path.exists() and self.path.stat().st_size):
            raise StoreError(
                f"there is no store at {self.path}"
                + (": if its volume was lost, see docs/backup.md; expect_existing is set" if self._lock else " yet")
            )

    def _prepare(self, db: sqlite_utils.Database) -> None:
        """Check and migrate a store that may be written."""
        self._guard_schema(db)
        if self._lock is not None and self.path.stat().st_size < _QUICK_CHECK_BELOW:
            found = db.conn.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                found = " ".join(found.split())
                raise StoreError(f"{self.path} is damaged ({found}); restore a backup, see docs/backup.md")
        if schema.is_current(db):
            return
        # Never under a daemon that runs: it may be of the older version.
        lock = self._lock or OwnerLock(self.path)
        if self._lock is None:
            lock.acquire()
        try:
            if old := schema.number(db):
                self.copied = self.path.with_name(f"{self.path.name}.before-{old + 1}")
                backup.keep(db, self.copied)
            schema.migrate(db)
        finally:
            if self._lock is None:
                lock.release()

    def _guard_schema(self, db: sqlite_utils.Database) -> None:
        try:
            schema.guard_schema(db)
        except StoreError as error:
            raise type(error)(f"{self.path}: {error}") from None

    @staticmethod
    def _rows(db: sqlite_utils.Database) -> sqlite_utils.Database:
        db.conn.row_factory = sqlite3.Row
        return db

    async def close(self) -> None:
        """Finish what runs and disconnect."""
        if self._closed:
            return
        self._closed = True
        closing = asyncio.get_running_loop().run_in_executor(self._writes, self._close)
        self._writes.shutdown(wait=False)
        await asyncio.shield(closing)

    def _close(self) -> None:
        # Each connection in its own thread, after the work that waits there; the writer last, it clears the -wal.
        self._reads.submit(self._close_reader).result()
        self._reads.shutdown(wait=False)
        self._disconnect_writer()
        if self._lock is not None:
            self._lock.release()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.conn.close()
            self._reader = None

    def _disconnect_writer(self) -> None:
        if self._writer is not None:
            self._writer.conn.close()
            self._writer = None

    async def check(self) -> None:
        """Raise unless the store can be written now."""

        def beat(db: Row) -> None:
            db.execute("INSERT OR REPLACE INTO pulse (id, at) VALUES (1, unixepoch('subsec') * 1000000)")

        await self._write(beat)
        if self._reserve is not None:
            await self._in(self._writes, self._reserve.make)

    async def inspect(self, *, deep: bool = True) -> StoreCondition:
        """Its size, and what SQLite finds wrong in it."""
        return await self._read(lambda db: reading.condition(db, self.path, deep=deep))

    async def backup(self, target: Path) -> None:
        """Write a consistent, checked copy to a new file."""
        self._open_reader()
        # With a connection and a thread of its own: nothing waits for it.
        await asyncio.shield(asyncio.to_thread(backup.backup, self.path, target, self._timeout))

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
    ) -> tuple[FeedClaim, ...]:
        """Lease feeds that are due."""
        return await self._write(lambda db: feeds.claim(db, worker, now, limit, lease, only=only, not_since=not_since))

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
        if self._closed:
            raise StoreError(f"the store at {self.path} is closed")
        return await self._polls.write(lambda db: pages.record_poll(db, record))

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

    # below

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; it runs to its end even when the caller is cancelled."""
        if self._closed:
            raise StoreError(f"the store at {self.path} is closed")
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(pool, work))

    async def _write(self, work: Callable[[Row], T], *, urgent: bool = False) -> T:
        return await self._in(self._writes, lambda: self._written(work, urgent=urgent))

    def _written(self, work: Callable[[Row], T], *, urgent: bool) -> T:
        """One writing transaction. On a full disk, urgent work (all that brings out alerts) gets the reserve."""
        reserve = self._reserve
        if not urgent and reserve is not None and reserve.spent():
            raise DiskFull(f"the disk of {self.path} is full: what is left is for deliveries")
        try:
            return self._transact(work)
        except DiskFull:
            if urgent and reserve is not None and reserve.drop():
                return self._transact(work)
            raise

    def _transact(self, work: Callable[[Row], T]) -> T:
        if self._writer is None:
            raise StoreError(f"the store at {self.path} is not open for writing")
        with wrapped(self.path), writing(self._writer) as connection:
            return work(connection)

    async def _read(self, work: Callable[[Row], T]) -> T:
        def read() -> T:
            with wrapped(self.path), reading_snapshot(self._open_reader()) as connection:
                return work(connection)

        return await self._in(self._reads, read)

    def _open_reader(self) -> sqlite_utils.Database:
        if self._reader is None:
            raise StoreError(f"the store at {self.path} is not open")
        return self._reader
