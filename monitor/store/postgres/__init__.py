"""The Store on PostgreSQL: one truth for many workers.

What each method does stands in `store/sql/`; here is what is PostgreSQL's own:

    connection.py   the pool, transactions, errors        dialect.py   the shared statements in PostgreSQL's words
    schema.py       tables, migrations                    crew.py      workers, posts, slots, versions of the settings
    dump.py         copies

Transactions are READ COMMITTED: whoever writes what others may write too has claimed it first, by a row that is locked
until the commit (the fenced update of a feed, a subscriber's line of the agenda, a delivery), or is alone in that part
(`Database.alone`). What collides is done again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from monitor.errors import StoreError
from monitor.store.postgres import connection, dump, schema
from monitor.store.postgres.connection import READING, WRITING, Connection, wrapped
from monitor.store.postgres.crew import Crew
from monitor.store.protocol import StoreCondition
from monitor.store.sql import SqlStore
from monitor.store.sql.together import Together
from monitor.store.sql.values import Row

T = TypeVar("T")
_CONNECTIONS = 6
"""A worker's, beside those of its engine: two hundred workers would need more than a server should have."""


class PostgresStore(Crew, SqlStore):
    """See `store.protocol.Store`; `url` is a connection string of libpq. Errors beyond it: StoreError when the server is
    too old or the role has not the rights.
    """

    copied: Path | None = None
    """No copy is made before a migration: see docs/cluster.md for how PostgreSQL is backed up."""

    def __init__(
        self, url: str, *, readonly: bool = False, expect_existing: bool = False, migrate: bool = True
    ) -> None:
        self.url, self.where = url, connection.shown(url)
        self._migrate = migrate and not readonly
        self._must_exist = expect_existing or not self._migrate
        self._pool = connection.pool(
            url, _CONNECTIONS, "store", options="-c default_transaction_read_only=on" if readonly else ""
        )
        self._closed = False
        self._work = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="store")
        self._recording = ThreadPoolExecutor(1, thread_name_prefix="store-polls")
        self._polls = Together(self._recording, lambda work: self._transact(WRITING, work))

    # life

    async def open(self) -> None:
        """Connect, guard the versions, migrate. Raises StoreError, StoreBusy, SchemaTooNew."""
        try:
            await self._in(self._open)
        except BaseException:
            await self.close()
            raise

    def _open(self) -> None:
        with wrapped(self.where):
            connection.reached(self.url)
            self._pool.open(wait=True, timeout=10.0)
            with self._pool.connection() as db:
                there = schema.applied(db)
                if not there and self._must_exist:
                    raise StoreError(f"there is no store at {self.where} yet; the daemon makes it when it starts")
                schema.guard(db)
                if self._migrate:
                    schema.migrate(db)
                elif schema.missing(db):
                    raise StoreError(f"{self.where} is of an older version; the daemon migrates it when it starts")

    async def close(self) -> None:
        """Finish what runs and disconnect. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, self._close))

    def _close(self) -> None:
        self._recording.shutdown()
        self._work.shutdown()
        self._pool.close()

    async def check(self) -> None:
        """Raise unless the store can be written now."""
        await self._write(
            lambda db: db.execute(
                "INSERT INTO pulse (id, at) VALUES (1, CAST(extract(epoch FROM now()) * 1000000 AS BIGINT)) "
                "ON CONFLICT (id) DO UPDATE SET at = excluded.at"
            )
        )

    async def inspect(self, *, deep: bool = True) -> StoreCondition:
        """Its size; when deep, whether its tables and indexes can be read whole."""
        return await self._read(lambda db: dump.condition(db, deep=deep))

    async def backup(self, target: Path) -> None:
        """Write one consistent snapshot of all tables to a new SQLite store; `monitor db copy` brings it back."""
        await self._in(lambda: self._backup(target))

    def _backup(self, target: Path) -> None:
        with wrapped(self.where):
            dump.backup(self.url, target)

    # below

    async def _in(self, work: Callable[[], T], pool: ThreadPoolExecutor | None = None) -> T:
        """Do blocking work in a thread; it runs to its end even when the caller is cancelled."""
        if self._closed:
            raise StoreError(f"the store at {self.where} is closed")
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(pool or self._work, work))

    def _transact(self, begin: str, work: Callable[[Row], T]) -> T:
        def run(db: Connection) -> T:
            return work(db)

        with wrapped(self.where):
            return connection.transacted(self._pool, begin, run)

    async def _write(self, work: Callable[[Row], T], *, urgent: bool = False) -> T:  # noqa: ARG002 - no reserve here
        return await self._in(lambda: self._transact(WRITING, work))

    async def _write_poll(self, work: Callable[[Row], T]) -> T:
        if self._closed:
            raise StoreError(f"the store at {self.where} is closed")
        return await self._polls.write(work)

    async def _read(self, work: Callable[[Row], T]) -> T:
        return await self._in(lambda: self._transact(READING, work))
