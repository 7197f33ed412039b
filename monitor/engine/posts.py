"""The posts that this worker holds, and the fence: what it may do of what one worker does at a time.

A post is held under a lease in the store, by the store's clock. It is renewed from a thread of its own, so that a busy
loop loses nothing. Here each has a moment until which it is *sure*: taken before the store was asked, so that it is
always over before the lease is, and by a clock that goes on while the machine sleeps. Whoever is past it does nothing any
more, asks nobody and writes nothing: another may have the post. A post that was lost once is never found again; it is
taken anew, with another token. So a worker that was frozen does no harm when it wakes.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from monitor.errors import StoreError
from monitor.store import SILENT
from monitor.store.crew_protocol import CrewStore, Worker

SHARD: Final = "shard:"
LEASE: Final = timedelta(seconds=20)
"""How long a post outlives its worker."""
RENEW: Final = 4.0
"""Seconds between two renewals: four may fail."""
_MARGIN: Final = 4.0
"""Seconds before the end of its lease from which on a post is not sure any more: a request that began before must not
run on long after another began.
"""
_SLACK: Final = 8


def boot_clock() -> float:
    """Seconds that pass also while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(slots=True)
class _Held:
    token: int
    sure_until: float


class Posts:
    """Takes, renews and gives back. `describe` says of this worker what others may know; `lost` is called, from the
    renewing thread, with posts that went to others.
    """

    def __init__(
        self,
        store: CrewStore,
        describe: Callable[[], Worker],
        lost: Callable[[frozenset[str]], object],
        *,
        clock: Callable[[], float] = boot_clock,
        lease: timedelta = LEASE,
        renew: float = RENEW,
    ) -> None:
        self._store, self._describe, self._lost, self._clock = store, describe, lost, clock
        self._lease, self._renew_every = lease, renew
        self._margin = min(_MARGIN, lease.total_seconds() / 4)
        self._held: dict[str, _Held] = {}
        self._leaving: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.workers = 1
        """That are there, this one included."""
        self.known = 0
        """Shards that have feeds, as far as is known."""
        self.failed = 0
        """Renewals that failed in a row."""

    @property
    def name(self) -> str:
        """This worker's."""
        return self._describe().name

    # asking

    def holds(self, name: str) -> bool:
        """Whether this worker has the post, for sure, now."""
        with self._lock:
            return self._sure(name)

    def _sure(self, name: str) -> bool:
        held = self._held.get(name)
        if held is None:
            return False
        if self._clock() < held.sure_until:
            return True
        # Sticky: an answer to a renewal that is still under way does not bring it back.
        del self._held[name]
        self._leaving.discard(name)
        return False

    def shards(self) -> list[int]:
        """The shards whose hosts may be asked now: those that are being given back are not among them."""
        with self._lock:
            return [
                int(name.removeprefix(SHARD))
                for name in list(self._held)
                if name.startswith(SHARD) and name not in self._leaving and self._sure(name)
            ]

    def all(self) -> dict[str, int]:
        """What is held for sure, with the tokens."""
        with self._lock:
            return {name: self._held[name].token for name in list(self._held) if self._sure(name)}

    # taking and leaving

    def room(self) -> int:
        """How many shards more than now would be this worker's share."""
        with self._lock:
            held = sum(name.startswith(SHARD) for name in self._held)
        return max(0, self._share() + self._slack() - held) if self.workers > 1 else 1 << 16

    def _share(self) -> int:
        return math.ceil(self.known / max(1, self.workers))

    def _slack(self) -> int:
        return max(1, min(_SLACK, self._share() // 8))

    async def take(self, names: Collection[str]) -> frozenset[str]:
        """Take what is free of these; what is this worker's now. Raises StoreError."""
        asked = self._clock()
        tokens = await self._store.take_posts(self.name, names, self._lease)
        with self._lock:
            for name, token in tokens.items():
                self._held[name] = _Held(token, asked + self._lease.total_seconds() - self._margin)
                self._leaving.discard(name)
        return frozenset(tokens)

    def excess(self) -> list[str]:
        """Shards to give back, so that others get their share; they are not claimed for any more from now on."""
        if self.workers < 2:  # noqa: PLR2004 - alone there is nobody to give to
            return []
        with self._lock:
            mine = [name for name in self._held if name.startswith(SHARD) and name not in self._leaving]
            share = self._share()
            excess = sorted(mine)[share:] if len(mine) > share + self._slack() else []
            self._leaving.update(excess)
            return sorted(self._leaving)

    async def leave(self, names: Collection[str]) -> None:
        """Give posts back, which nothing is done for any more. Raises StoreError."""
        with self._lock:
            for name in names:
                self._held.pop(name, None)
                self._leaving.discard(name)
        if names:
            await self._store.leave_posts(self.name, names)

    # renewing

    def start(self) -> None:
        """Begin to renew, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="posts", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Stop renewing, and give everything back as far as the store can be reached."""
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        with self._lock:
            self._held.clear()
        await self._store.leave(self.name)

    def _run(self) -> None:
        asyncio.run(self._renewing())

    async def _renewing(self) -> None:
        while not self._stop.is_set():
            try:
                await self.renew()
                self.failed = 0
            except StoreError:
                self.failed += 1  # what it means shows in what is lost; the loop tells of the store itself
            await asyncio.to_thread(self._stop.wait, self._renew_every)

    async def renew(self) -> None:
        """Say that this worker is there, hold its posts for longer, and look who else is there. Raises StoreError."""
        held = self.all()
        asked = self._clock()
        kept = await self._store.renew_posts(self.name, held, self._lease) if held else frozenset()
        self._renewed(held, kept, asked + self._lease.total_seconds() - self._margin)
        await self._store.beat(self._describe())
        self.workers = max(1, len(await self._store.workers(SILENT)))
        self.known = sum(one.name.startswith(SHARD) for one in await self._store.posts())

    def _renewed(self, held: Mapping[str, int], kept: frozenset[str], sure_until: float) -> None:
        lost: set[str] = set()
        with self._lock:
            for name, token in held.items():
                mine = self._held.get(name)
                if mine is None or mine.token != token or not self._sure(name):
                    continue
                if name in kept:
                    mine.sure_until = sure_until
                else:
                    del self._held[name]
                    lost.add(name)
        if lost:
            self._lost(frozenset(lost))
