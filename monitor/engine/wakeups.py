"""Wake-ups: who of many workers looks at what waits. PgQueuer carries them; they carry no truth.

A wake-up names a post that nobody has and that has something to do. It is in the queue once, however many ask for it,
and goes to one worker, which tries to take the post from the store. One that is lost is asked for again at the next
tick, since the store still says that nobody has the post; losing the whole queue loses nothing.

What is known of PgQueuer and met here: `run()` ends when the database goes away (a supervisor starts it again), its log
has no retention (`prune`), and a held snapshot slows it (nothing here holds one).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Final, Protocol

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.errors import PgqException
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from monitor.store.postgres.connection import keywords

_TAKE_UP: Final = "take_up"
_AGAIN: Final = 1.0
_BATCH: Final = 16
_LOCK: Final = 7_316_224_810_215_921_001
_HEARTBEAT: Final = timedelta(seconds=15)
_KEPT: Final = "1 hour"
_LOST = (psycopg.Error, OSError, PgqException, RuntimeError, asyncio.TimeoutError)

Woken = Callable[[str], Awaitable[None]]


class Wakeups(Protocol):
    """What the engine needs of a queue."""

    async def ask(self, names: Collection[str]) -> None:
        """Have somebody look at these posts; nothing happens for those that are asked for already."""

    async def run(self) -> None:
        """Hand wake-ups to whom they are for, until cancelled. Survives the loss of the database."""

    async def prune(self) -> int:
        """Forget what the queue keeps of the past; how many rows."""


class QueuedWakeups:
    """Wake-ups through PgQueuer on the store's own database. `down` hears once why it does not run, and None when it
    does again.
    """

    def __init__(self, url: str, woken: Woken, down: Callable[[str | None], object], *, install: bool = True) -> None:
        self._url, self._woken, self._down, self._install = url, woken, down, install
        self._queries: Queries | None = None
        self._asking = asyncio.Lock()
        logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)  # what matters of it stands in our own log

    async def ask(self, names: Collection[str]) -> None:
        """See the protocol. Without a connection nothing is asked for: the next tick does."""
        queries = self._queries
        if queries is None or not names:
            return
        wanted = sorted(names)
        async with self._asking:
            with contextlib.suppress(*_LOST):
                await queries.enqueue(
                    [_TAKE_UP] * len(wanted),
                    [name.encode() for name in wanted],
                    [0] * len(wanted),
                    dedupe_key=[*wanted],
                    on_conflict="skip",
                )

    async def run(self) -> None:
        """See the protocol."""
        told = False
        while True:
            try:
                await self._run(self._well)
            except _LOST as error:
                if not told:
                    self._down(" ".join(str(error).split()) or type(error).__name__)
                told = True
            self._queries = None
            await asyncio.sleep(_AGAIN)
            if told and self._told_well:
                told = self._told_well = False

    _told_well = False

    def _well(self) -> None:
        self._told_well = True
        self._down(None)

    async def _run(self, well: Callable[[], None]) -> None:
        guards = keywords(self._url)
        async with (
            await psycopg.AsyncConnection.connect(self._url, autocommit=True, **guards) as listening,
            await psycopg.AsyncConnection.connect(self._url, autocommit=True, **guards) as asking,
        ):
            if self._install:
                await installed(asking)
            queue = PgQueuer(PsycopgDriver(listening))

            @queue.entrypoint(_TAKE_UP)
            async def take_up(job: Job) -> None:
                await self._woken((job.payload or b"").decode())

            async with PsycopgDriver(asking) as driver:
                self._queries = Queries(driver)
                well()
                await queue.run(
                    batch_size=_BATCH,
                    dequeue_timeout=timedelta(seconds=5),
                    heartbeat_timeout=_HEARTBEAT,
                    shutdown_on_listener_failure=True,
                    log_aggregation_interval=timedelta(0),
                )

    async def prune(self) -> int:
        """See the protocol."""
        queries = self._queries
        if queries is None:
            return 0
        async with self._asking:
            rows = await queries.driver.fetch(
                f"WITH gone AS (DELETE FROM pgqueuer_log WHERE created < now() - interval '{_KEPT}' RETURNING 1) "  # noqa: S608
                "SELECT count(*) AS n FROM gone"
            )
        return int(str(rows[0]["n"]))


async def installed(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Make or renew the tables of the queue; workers that start at once do it one after the other. Raises psycopg.Error."""
    queries = Queries(PsycopgDriver(connection))
    await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
