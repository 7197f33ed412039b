"""Writes that share a transaction: what waits while the disk works on one is done together in the next.

A commit that survives power loss takes the disk some milliseconds, whatever it holds. A write that is refused must have
written nothing by then, and leaves the others alone; when one cannot be written, each is tried again by itself.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, cast

from monitor.errors import LeaseLost
from monitor.store.sql.values import Row

T = TypeVar("T")
Work = Callable[[Row], object]
Transact = Callable[[Work], object]


class Together:
    """Collects writes and does them in the writer's thread; `transact` runs one transaction there."""

    def __init__(self, pool: Executor, transact: Transact) -> None:
        self._pool = pool
        self._transact = transact
        self._lock = threading.Lock()
        self._waiting: list[tuple[Work, asyncio.Future[object]]] = []

    async def write(self, work: Callable[[Row], T]) -> T:
        """Do this in a transaction soon; it is done to its end even when the caller is cancelled."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        with self._lock:
            self._waiting.append((work, future))
            first = len(self._waiting) == 1
        if first:
            self._pool.submit(self._drain, loop)
        return cast("T", await future)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        outcomes = self._done([work for work, _ in batch])
        loop.call_soon_threadsafe(_tell, [future for _, future in batch], outcomes)

    def _done(self, works: list[Work]) -> list[object]:
        """What came of each; an exception stands for itself."""
        outcomes: list[object] = []

        def everything(db: Row) -> None:
            outcomes[:] = [_apart(db, work) for work in works]  # not added to: a transaction may be done again

        try:
            self._transact(everything)
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            return [error] if len(works) == 1 else [one for work in works for one in self._done([work])]
        return outcomes


def _apart(db: Row, work: Work) -> object:
    """Do one write. A refusal comes before it has written anything, so it needs no savepoint;
    anything else ends the transaction.
    """
    try:
        return work(db)
    except LeaseLost as error:
        return error


def _tell(futures: list[asyncio.Future[object]], outcomes: list[object]) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if future.done():
            continue  # who was cancelled does not ask
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
