"""The Store on SQLite: one file, one writer thread, one reader thread.

Every write is one immediate transaction on the writer's connection; reads have a connection of their own and never wait
for a write. What a caller cancels goes on to its end in its thread: no half transaction, and no lost count.

What each method does stands in `store/sql/`; here is what is SQLite's own:

    connection.py   opening, wrapping errors, the owner's lock     schema.py   tables, migrations     backup.py   copies
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlite_utils
from pysqlite3 import dbapi2 as sqlite3

from monitor.errors import StoreError
from monitor.store.protocol import StoreCondition
from monitor.store.sql import SqlStore
from monitor.store.sql.together import Together
from monitor.store.sql.values import Row
from monitor.store.sqlite import backup, schema
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

T = TypeVar("T")
_QUICK_CHECK_BELOW = 1_000_000_000


class SqliteStore(SqlStore):
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
        return await self._read(lambda db: backup.condition(db, self.path, deep=deep))

    async def backup(self, target: Path) -> None:
        """Write a consistent, checked copy to a new file."""
        self._open_reader()
        # With a connection and a thread of its own: nothing waits for it.
        await asyncio.shield(asyncio.to_thread(backup.backup, self.path, target, self._timeout))

    # below

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; it runs to its end even when the caller is cancelled."""
        if self._closed:
            raise StoreError(f"the store at {self.path} is closed")
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(pool, work))

    async def _write_poll(self, work: Callable[[Row], T]) -> T:
        if self._closed:
            raise StoreError(f"the store at {self.path} is closed")
        return await self._polls.write(work)

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
