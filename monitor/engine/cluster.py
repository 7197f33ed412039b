"""One worker among many: the same ticks and verbs as `local.py`, for a part of the hosts, channels and upkeep.

    post            what one worker does at a time: `shard:N` the hosts of a shard, `channel:ID` what is sent by a channel,
                    `upkeep` what is done once for all
    every 2 s       which posts does nobody have that have something to do? ask for them by a wake-up
    woken           if it is within this worker's share: take the post from the store, under a lease, and do its work
    every 4 s       (thread of its own) renew; see who else is there; give back what is more than a fair share
    a post is lost  nothing more is asked of its hosts; what was under way can be recorded no more: the store fences it off

A host lives in one shard and a shard is one worker's, so the pause and the number of requests of a host hold across all
workers with nothing more than the turnstile of one process. A killed worker's posts are free when its lease runs out,
and are taken up by whoever is woken first.

What changes in the store for all (people, silences, settings, deliveries) is heard by `Store.listen`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.engine.health import CrewFigures, Pulse
from monitor.engine.hosts import host_url
from monitor.engine.local import LocalEngine
from monitor.engine.parts import Parts
from monitor.engine.posts import SHARD, Posts
from monitor.engine.wakeups import QueuedWakeups, Wakeups
from monitor.errors import StoreError
from monitor.keys import shard_of
from monitor.model import FeedClaim
from monitor.settings import PollingSettings
from monitor.store import SILENT
from monitor.store.crew_protocol import CrewStore, Worker

UPKEEP: Final = "upkeep"
CHANNEL: Final = "channel:"
_KEPT: Final = timedelta(days=7)
_TIDY_EVERY: Final = timedelta(minutes=10)


class ClusterEngine(LocalEngine):
    """Runs the flow for this worker's share until it is told to stop. `changed` is called when others published
    settings.
    """

    def __init__(
        self,
        parts: Parts,
        pulse: Pulse,
        store: CrewStore,
        *,
        address: str = "",
        changed: Callable[[], object] = lambda: None,
        settings: Callable[[], int | None] = lambda: None,
        posts: Posts | None = None,
        wakeups: Wakeups | None = None,
    ) -> None:
        super().__init__(parts, pulse)
        parts.stories.shared = True
        self._crew, self._address, self._changed = store, address, changed
        self.posts = posts or Posts(store, self.described, self._lost)
        self.wakeups = wakeups or QueuedWakeups(parts.live.loaded.settings.store.url, self.woken, self._queue_down)
        self._settings = settings
        self._under_way: Counter[int] = Counter()
        """Polls by shard."""
        self._polling_soon = False
        self._buried: set[str] = set()
        """Lost workers whose leases were given back."""
        self._waiting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def described(self) -> Worker:
        """What others may know of this worker."""
        return Worker(
            name=self.parts.worker,
            version=version("monitor"),
            address=self._address,
            started=self._began,
            silent=timedelta(),
            settings=self._settings(),
            figures={"polls": len(self._polls), "sends": sum(map(len, self._sends.values()))},
        )

    # life

    def start(self) -> None:
        """Renew, listen, be woken, tick."""
        self.posts.start()
        self._crew.listen(lambda what: self._loop.call_soon_threadsafe(self.heard, what))
        self._waiting.add(asyncio.create_task(self.wakeups.run()))
        super().start()

    def schedule(self, scheduler: AsyncIOScheduler) -> None:
        """Ask for posts, give back what is more than a share, and forget what is old."""
        scheduler.add_job(self.tick, "interval", seconds=2, args=["posts", self.look_for_posts], id="posts")
        scheduler.add_job(self.tick, "interval", minutes=1, args=["tidy", self._kept(self.tidy)], id="tidy")

    async def stop(self, patience: float) -> None:
        """As alone; then give the posts back, so that others take them up at once."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
        await super().stop(patience)
        with suppress(StoreError):  # else the leases run out
            await self.posts.stop()

    # what it may do

    def shards(self) -> Collection[int] | None:
        """Those it holds."""
        return self.posts.shards()

    def may_request(self, url: str) -> bool:
        """Whether the host's shard is still this worker's, for sure."""
        return self.posts.holds(f"{SHARD}{shard_of(url)}")

    def delivers(self, channel: str) -> bool:
        """Whether the channel is this worker's."""
        return self.posts.holds(f"{CHANNEL}{channel}")

    def keeps_up(self) -> bool:
        """Whether what is done once is this worker's."""
        return self.posts.holds(UPKEEP)

    async def _poll(self, claim: FeedClaim, settings: PollingSettings) -> None:
        shard = shard_of(host_url(claim))
        self._under_way[shard] += 1
        try:
            await super()._poll(claim, settings)
        finally:
            self._under_way[shard] -= 1

    # posts

    async def look_for_posts(self) -> None:
        """Ask for posts that nobody has and that have something to do, and give back what is more than a share."""
        now = self.parts.clock()
        held = {one.name for one in await self._crew.posts() if one.left is not None and one.left > timedelta()}
        wanted = {UPKEEP, *(f"{CHANNEL}{name}" for name in self.parts.channels)}
        shards = {f"{SHARD}{number}" for number in await self._crew.free_shards(now)}
        await self.wakeups.ask(sorted((wanted - held) | shards))
        await self._give_back()

    async def woken(self, name: str) -> None:
        """Somebody is to look at this post. What is more than this worker's share is left to others."""
        if self._stopping or (name.startswith(SHARD) and self.posts.room() == 0):
            return
        with suppress(StoreError):  # it is asked for again
            taken = await self.posts.take([name])
            if not taken:
                return
            self.parts.journal.posts.labels("taken").inc()
            if name.startswith(CHANNEL):
                # What the worker before learnt of the channel is what it is.
                self.parts.states.update(await self._crew.channel_states())
                self.nudge()
            elif name.startswith(SHARD):
                self._nudge_polls()

    def _nudge_polls(self) -> None:
        if not self._polling_soon:
            self._polling_soon = True
            self._soon(self._poll_soon())

    async def _poll_soon(self) -> None:
        await asyncio.sleep(0.05)  # posts come in flocks
        self._polling_soon = False
        await self.tick("poll", self.poll_due)

    async def _give_back(self) -> None:
        """Give back what others should have, once nothing is under way there and the pause of its hosts is over."""
        leaving = [name for name in self.posts.excess() if not self._under_way[int(name.removeprefix(SHARD))]]
        gap = self.parts.live.loaded.settings.polling.host_gap
        if leaving:
            await asyncio.sleep(gap.total_seconds())
            await self.posts.leave(leaving)
            self.parts.journal.posts.labels("given back").inc(len(leaving))

    def _lost(self, names: frozenset[str]) -> None:
        self._loop.call_soon_threadsafe(self._tell_lost, names)

    def _tell_lost(self, names: frozenset[str]) -> None:
        self.parts.journal.posts.labels("lost").inc(len(names))
        self.parts.journal.warn("posts", lost=len(names), first=min(names))

    def _queue_down(self, why: str | None) -> None:
        if why is None:
            self.parts.journal.note("queue", status="up")
        else:
            self.parts.journal.warn("queue", status="down", detail=why)

    # what changes for all

    def heard(self, what: str) -> None:
        """Something changed in the store; after `reconnected`, anything may have."""
        if self._stopping:
            return
        if what in {"people_version", "reconnected"}:
            self._soon(self.tick("people", self.look_at_people))
        if what in {"silences", "reconnected"}:
            self.nudge_alerts()
        if what in {"deliveries", "reconnected"}:
            self.nudge()
        if what in {"settings_versions", "reconnected"}:
            self._changed()

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._nudges.add(task)
        task.add_done_callback(self._nudges.discard)

    # upkeep

    async def sweep(self) -> None:
        """As alone; and look how the whole is."""
        await super().sweep()
        lag = await self._crew.lag(self.parts.clock())
        self.pulse.crew = CrewFigures(workers=self.posts.workers, posts=len(self.posts.all()), lag=lag)

    async def _keep_up(self, now: datetime) -> None:
        """As alone; and free what lost workers left leased, such as decisions, before those leases end by themselves."""
        for one in await self._crew.workers(_KEPT):
            if one.silent > SILENT and one.name not in self._buried:
                released = await self._crew.release(one.name, now)
                self._buried.add(one.name)
                self.parts.journal.warn("lost_worker", worker=one.name, released=released)
        await super()._keep_up(now)

    async def tidy(self) -> None:
        """Once in ten minutes, whoever does it: forget what is old of workers, turns, settings and wake-ups."""
        now = self.parts.clock()
        slot = int(now.timestamp() // _TIDY_EVERY.total_seconds() * _TIDY_EVERY.total_seconds()) * 1_000_000
        if await self._crew.win_slot("tidy", slot, self.parts.worker):
            rows = await self._crew.tidy(now - _KEPT) + await self.wakeups.prune()
            self.parts.journal.note("tidied", rows=rows)
