"""One process: APScheduler ticks call the verbs of `flow.py`; a commit nudges the next one.

The scheduler holds a handful of ticks and no state: when a feed or a delivery is due is a column of the store, so a
restart resets nothing. A tick claims what is due and starts a task for each claim; it never waits for them, so that one
slow host or mail server does not hold up the rest.

    poll tick      1 s     claim due feeds while there are free `places`, one task a feed; also when half of the places
                           are free again and more were due
    alert tick     1 s     claim subscribers for whom something is due; also right after a poll or a page
    deliver tick   1 s     claim due deliveries of each channel that may send; also right after alerts or a delivery
    page tick      1 s     claim due pages of articles, if a feed wants any; also right after a poll
    people tick    3 s     take over who was added, paused or changed their mind
    heartbeat      5 s     ping the operator's address, if there is one, it is time, and all is well
    websub tick    5 s     ask hubs for what is due, if they can reach us
    bounce tick    1 min   read what came back by mail
    sweep         10 s     take back leases that ran out, fold what waited too long, look for spikes, tell of feeds, read figures for health

What happens at start, at a reload and at the end stands in `daemon.py`. Longer than other files, because who starts what, and what
waits for what, is read as a whole.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import alerting, schedule
from monitor.channels.protocol import Channel
from monitor.console import forget
from monitor.engine import alerts, bounces, canary, flow, notices, pages, people
from monitor.engine.health import Pulse
from monitor.engine.heartbeat import Heartbeat
from monitor.engine.hosts import Turnstile, host_url
from monitor.engine.parts import Parts, delivery_lease, feed_lease, longest_lease
from monitor.engine.places import Places, hangs
from monitor.engine.spikes import SpikeWatch
from monitor.engine.websub import WebSub
from monitor.errors import StoreBusy, StoreError
from monitor.model import DeliveryClaim, FeedClaim, FullText
from monitor.settings import PollingSettings
from monitor.store.alert_protocol import SubscriberClaim
from monitor.store.page_protocol import PageClaim

OVERDUE_AFTER = timedelta(minutes=5)
_ROUNDS = 4
"""So many claims in one tick: when hosts are busy, the next ones in line are looked at."""
_PAGES_ASIDE = 100
_DECIDED_AT_ONCE = 8
"""Subscribers."""
DECISION_LEASE = timedelta(minutes=2)
"""Ten thousand waiting rows are decided in half a second."""
_CROWDED = timedelta(seconds=30)
"""Feeds that are known to hang come back after so long when many hang already."""
_SLEPT = timedelta(minutes=1)
"""Between two ticks: nothing ran, or the clock leapt."""


class LocalEngine:
    """Runs the flow in this process until it is told to stop."""

    def __init__(self, parts: Parts, pulse: Pulse) -> None:
        self.parts = parts
        self.pulse = pulse
        self.websub = WebSub(parts, nudge=self.nudge_alerts)
        self._scheduler: AsyncIOScheduler | None = None
        self._polls: set[asyncio.Task[None]] = set()
        self._polled: set[str] = set()
        """Feeds of these polls."""
        self._reads: set[asyncio.Task[None]] = set()
        self._decisions: set[asyncio.Task[None]] = set()
        self._sends: dict[str, set[asyncio.Task[None]]] = {}
        self.hosts = Turnstile(parts.monotonic)
        self.places = Places(self._fill)
        self.heartbeat = Heartbeat(parts, pulse)
        self.spikes = SpikeWatch()
        self.reading = Places(most_aside=_PAGES_ASIDE)
        self._delivering = asyncio.Lock()
        self._claiming = asyncio.Lock()
        self._more: tuple[tuple[str, ...] | None, datetime | None] | None = None
        """What was asked for when more feeds were due than there was room for."""
        self._nudges: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._began = self._ticked = parts.clock()
        self.failed: dict[str, FeedClaim] = {}
        """Polls that could not be recorded, by feed; the sweep gives their leases back."""
        self._busy = False
        """Whether the store refused work since the last sweep."""

    # life

    def start(self) -> None:
        """Begin to tick."""
        # The defaults drop a job that is a second late and say so only in the log: these keep it.
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        scheduler.add_job(self.tick, "interval", seconds=1, args=["poll", self.poll_tick], id="poll")
        scheduler.add_job(self.tick, "interval", seconds=1, args=["alert", self.alert_due], id="alert")
        scheduler.add_job(self.tick, "interval", seconds=1, args=["deliver", self.deliver_due], id="deliver")
        scheduler.add_job(self.tick, "interval", seconds=1, args=["read", self.read_due], id="read")
        scheduler.add_job(self.tick, "interval", seconds=5, args=["websub", self._kept(self.websub.tick)], id="websub")
        scheduler.add_job(self.tick, "interval", seconds=3, args=["people", self.look_at_people], id="people")
        scheduler.add_job(
            self.tick, "interval", seconds=5, args=["heartbeat", self._kept(self.heartbeat.tick)], id="heartbeat"
        )
        scheduler.add_job(self.tick, "interval", seconds=10, args=["sweep", self.sweep], id="sweep")
        read = self._kept(bounces.Bounces(self.parts).tick)
        scheduler.add_job(self.tick, "interval", minutes=1, args=["bounces", read], id="bounces")
        self.schedule(scheduler)
        scheduler.start()
        self._scheduler = scheduler
        self.pulse.scheduler = True

    # What a worker among others does less of; alone, it does everything. See `cluster.py`.

    def schedule(self, scheduler: AsyncIOScheduler) -> None:
        """Add ticks of its own."""

    def shards(self) -> Collection[int] | None:
        """The shards whose hosts it polls; None for all."""
        return None

    def may_request(self, url: str) -> bool:  # noqa: ARG002 - what others ask
        """Whether it may still speak to this host: asked right before each request."""
        return True

    def delivers(self, channel: str) -> bool:  # noqa: ARG002 - what others ask
        """Whether it sends what waits for this channel."""
        return True

    def keeps_up(self) -> bool:
        """Whether it does what is done once for all: taking back, folding, telling the operator, hubs, bounces."""
        return True

    def _kept(self, work: Callable[[], Coroutine[Any, Any, object]]) -> Callable[[], Coroutine[Any, Any, None]]:
        async def kept() -> None:
            if self.keeps_up():
                await work()

        return kept

    async def stop(self, patience: float) -> None:
        """Claim nothing more, let what is under way end for so many seconds, then cut it off and give leases back."""
        self._stopping = True
        self.pulse.scheduler = False
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        # A claim that is under way starts nothing any more, but its leases must be there to be given back.
        await asyncio.gather(*self._nudges, return_exceptions=True)
        under_way = {
            *self._polls,
            *self._reads,
            *self._decisions,
            *self.websub.under_way,
            *(task for tasks in self._sends.values() for task in tasks),
        }
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            released = await self.parts.store.release(self.parts.worker, self.parts.clock())
        except StoreError as error:
            # The next start takes back what an ended run left, so the end need not wait for the store.
            self.parts.journal.trouble("stop", str(error))
        else:
            self.parts.journal.note("drained", released=released)

    async def tick(self, where: str, work: Any) -> None:
        """The top of a unit of work: nothing may end the ticking, and nothing may go unrecorded."""
        if self._stopping:
            return
        try:
            await work()
        except StoreError as error:
            self._down(where, error)
        except Exception as error:  # noqa: BLE001 - see above
            self.parts.journal.fault(where, error)
        # A store that is down does not make the process stuck: a restart would not help.
        self.pulse.last_tick = time.monotonic()

    def _down(self, where: str, error: StoreError) -> None:
        """Say once that the store does not work, not each second."""
        if self.pulse.store_error is None:
            self.parts.journal.trouble(where, str(error))
        self.pulse.store_error = str(error)
        self._busy = True

    # polls

    async def poll_tick(self) -> None:
        """Poll what is due. After a sleep of the machine, or a leap of its clock, that may be everything: then one after
        the other, as after a stop. After a leap back it would be nothing: then each feed waits as long as it would have, and
        what is tried again is tried now.
        """
        now = self.parts.clock()
        passed, self._ticked = now - self._ticked, now
        if abs(passed) > _SLEPT:
            if passed < timedelta():
                feeds = await self.parts.store.hasten_feeds(-passed, schedule.NEVER)
                for channel in self.parts.channels:
                    await self.parts.store.hasten(channel, now)
            else:
                feeds = await flow.respread(self.parts, overdue=True)
            await self.parts.store.wake(None, now)
            self.parts.journal.warn("respread", feeds=feeds, leap=f"{passed.total_seconds():.0f}s")
        await self.poll_due()

    async def poll_due(self, only: tuple[str, ...] | None = None, not_since: datetime | None = None) -> int:
        """Claim due feeds and start polling them; returns how many were claimed. Feeds that stand before a busy host take
        no place of others; those that find no room there are given back and due again when their turn is near.
        """
        async with self._claiming:
            return await self._claim(only, not_since)

    async def _claim(self, only: tuple[str, ...] | None, not_since: datetime | None) -> int:
        claimed = 0
        self._more = None
        shards = self.shards()
        if shards is not None and not shards:
            return 0
        for _ in range(_ROUNDS):
            settings = self.parts.live.loaded.settings.polling
            room = self.places.free(settings.concurrency)
            if room == 0:
                break
            now = self.parts.clock()
            claims = await self.parts.store.claim_feeds(
                self.parts.worker,
                now,
                room,
                feed_lease(self.parts),
                only=only,
                not_since=not_since,
                shards=shards,
            )
            if self._stopping or not claims:
                return claimed
            claimed += len(claims)
            busy = [claim for claim in claims if not self._admitted(claim, settings, now)]
            if busy:
                due = {claim.feed.id: self.hosts.sent_away[claim.feed.id] for claim in busy}
                await self.parts.store.give_back(busy, due)
            await asyncio.sleep(0)  # those whose hosts are free are at work now
        self._more = (only, not_since)
        return claimed

    def _admitted(self, claim: FeedClaim, settings: PollingSettings, now: datetime) -> bool:
        # A feed that is still being polled was claimed anew because its lease ran out: the machine slept, or its clock
        # leapt. What is under way can record nothing any more, and must not be joined by another.
        if claim.feed.id in self._polled or (self.places.crowded() and hangs(claim.state)):
            self.hosts.send_away(claim, now + _CROWDED)
            return False
        admitted = self.hosts.admit(claim, settings, now)
        if admitted:
            self._polled.add(claim.feed.id)
            _start(self._poll(claim, settings), self._polls)
        return admitted

    async def _poll(self, claim: FeedClaim, settings: PollingSettings) -> None:
        try:
            async with self.hosts.turn(claim, settings):
                if self._stopping:
                    return
                if self._too_late(claim) or not self.may_request(host_url(claim)):
                    await self.parts.store.give_back([claim])
                    return
                with self.places.take() as place:
                    recorded = await flow.poll(self.parts, claim, answered=place.answered)
            self.failed.pop(claim.feed.id, None)
            if recorded.waiting:
                self.nudge_alerts()
        except StoreBusy as error:
            # Not recorded, so not done: the sweep gives the lease back and the feed is polled again.
            self.failed[claim.feed.id] = claim
            self._down("poll", error)
        except Exception as error:  # noqa: BLE001 - the top of a unit of work: one bad feed never stops the others
            self.failed[claim.feed.id] = claim
            self.parts.journal.fault("poll", error, feed=claim.feed.id)
        finally:
            self._polled.discard(claim.feed.id)

    def _fill(self) -> None:
        """Claim again when half of the places are free and more feeds were due than there was room for: the next tick
        is too far.
        """
        half = self.parts.live.loaded.settings.polling.concurrency // 2
        if self._more is not None and self.places.taken <= half and not self._stopping:
            (only, not_since), self._more = self._more, None
            _start(self.tick("poll", partial(self.poll_due, only, not_since)), self._nudges)

    def _too_late(self, claim: FeedClaim) -> bool:
        """Whether the lease would run out over the poll, after a long wait for a slow host."""
        fetch = self.parts.live.loaded.settings.fetch
        return claim.lease.until - self.parts.clock() < fetch.timeout + fetch.parse_timeout

    # pages of articles

    async def read_due(self) -> int:
        """Claim due pages and start reading them; returns how many were started."""
        settings = self.parts.live.loaded.settings
        room = self.reading.free(settings.polling.concurrency)
        if room == 0 or all(feed.full_text is FullText.NEVER for feed in settings.feeds):
            return 0
        shards = self.shards()
        if shards is not None and not shards:
            return 0
        claims = await self.parts.store.claim_pages(
            self.parts.worker, self.parts.clock(), room, feed_lease(self.parts), shards=shards
        )
        if self._stopping:
            return 0
        for claim in claims:
            _start(self._read(claim), self._reads)
        return len(claims)

    async def _read(self, claim: PageClaim) -> None:
        try:
            settings = self.parts.live.loaded.settings.polling
            host = urlsplit(claim.article.url or "").hostname or ""
            with self.reading.take() as place:
                async with self.hosts.visit(host, settings):
                    if not self.may_request(claim.article.url or ""):
                        return  # the lease runs out, and whoever has the host now reads it
                    recorded = await pages.read(self.parts, claim, answered=place.answered)
            if recorded.waiting:
                self.nudge_alerts()
        except StoreBusy as error:
            # The lease runs out, and the page is read again.
            self._down("read", error)
        except Exception as error:  # noqa: BLE001 - the top of a unit of work: one bad page never stops the others
            self.parts.journal.fault("read", error, article=claim.article_id)

    # alerts

    def nudge_alerts(self) -> None:
        """Decide now instead of at the next tick."""
        if not self._stopping:
            _start(self.tick("alert", self.alert_due), self._nudges)

    async def alert_due(self) -> int:
        """Claim subscribers for whom something is due and start deciding; returns how many were claimed."""
        room = _DECIDED_AT_ONCE - len(self._decisions)
        if room <= 0:
            return 0
        claims = await self.parts.store.claim_subscribers(self.parts.worker, self.parts.clock(), room, DECISION_LEASE)
        if self._stopping:
            return 0
        for claim in claims:
            _start(self._decide(claim), self._decisions)
        return len(claims)

    async def _decide(self, claim: SubscriberClaim) -> None:
        try:
            recorded = await alerts.alert(self.parts, claim)
            if recorded and recorded.deliveries:
                self.nudge()
            if recorded and recorded.due is not None and recorded.due <= self.parts.clock():
                self.nudge_alerts()
        except StoreBusy as error:
            # Not recorded, so not decided: the lease runs out, and the same is decided again.
            self._down("alert", error)
        except Exception as error:  # noqa: BLE001 - the top of a unit of work: one subscriber never stops the others
            self.parts.journal.fault("alert", error, subscriber=claim.subscriber_id)

    async def look_at_people(self) -> None:
        """Take over what somebody changed of people and what they want."""
        if await people.look(self.parts):
            self.nudge_alerts()

    # deliveries

    def nudge(self) -> None:
        """Deliver now instead of at the next tick."""
        if not self._stopping:
            _start(self.tick("deliver", self.deliver_due), self._nudges)

    async def deliver_due(self) -> int:
        """Claim due deliveries of every channel that may send and start them; returns how many were started."""
        started = 0
        async with self._delivering:
            for channel in tuple(self.parts.channels.values()):
                if not self.delivers(channel.id):
                    continue
                started += await self._claim_for(channel)
        return started

    async def _claim_for(self, channel: Channel) -> int:
        parts = self.parts
        sends = self._sends.setdefault(channel.id, set())
        state = parts.state_of(channel.id)
        now = parts.clock()
        room = channel.at_once - len(sends)
        if alerting.probing(state, now):
            room = 0 if sends else 1
        granted = flow.claimable(parts, channel, state, room)
        if granted == 0:
            return 0
        claims: tuple[DeliveryClaim, ...] = ()
        try:
            claims = await parts.store.claim_deliveries(
                parts.worker, now, granted, delivery_lease(channel), channel=channel.id
            )
        finally:
            parts.bucket_of(channel).give_back(granted - len(claims))
        if self._stopping:
            # The stop began while the store was asked: it waits for no send that starts now, and gives these leases back.
            return 0
        for claim in claims:
            _start(self._deliver(channel, claim), sends)
        return len(claims)

    async def _deliver(self, channel: Channel, claim: DeliveryClaim) -> None:
        try:
            await flow.deliver(self.parts, channel, claim)
        except StoreBusy as error:
            # The attempt is started and its outcome not recorded: when the lease runs out it counts as unknown.
            self._down("deliver", error)
        except Exception as error:  # noqa: BLE001 - the top of a unit of work: one bad alert never stops the others
            self.parts.journal.fault("deliver", error, delivery=claim.delivery.id)
        if self.parts.bucket_of(channel).wait() == 0:
            self.nudge()

    # upkeep

    async def sweep(self) -> None:
        """Take back what was left lying, fold what waited too long, and look at the store."""
        parts = self.parts
        now = parts.clock()
        if self.keeps_up():
            await self._keep_up(now)
        await notices.watch_network(parts)
        self.pulse.feeds_waiting = self.hosts.standing + len(self.hosts.sent_away)
        self.pulse.polls_aside, self.pulse.outage = self.places.aside, parts.outage.on
        await self.refresh_states()
        self.pulse.figures = await parts.store.figures(now, OVERDUE_AFTER)
        if self.keeps_up():
            await self._look_at_canary(now)
        await self._recover_store()

    async def _keep_up(self, now: datetime) -> None:
        """What is done once for all workers."""
        parts = self.parts
        recovered = await parts.store.recover(now, longest_lease(parts))
        if recovered:
            parts.journal.warn("recovered", deliveries=recovered)
        await flow.catch_up(parts)
        if await self.spikes.look(parts):
            self.nudge()
        if parts.live.loaded.settings.http.subscribe:
            await forget(parts.store, now)
        await notices.tell_of_feeds(parts)
        if respread := await flow.respread(parts):
            parts.journal.warn("respread", feeds=respread)

    async def _look_at_canary(self, now: datetime) -> None:
        """Tell the operator once when the canary does not arrive, and when it does again."""
        pulse, settings = self.pulse, self.parts.live.loaded.settings.canary
        if settings is None:
            pulse.canary, pulse.canary_late = None, False
            return
        delivered = pulse.figures.canary if pulse.figures else None
        pulse.canary = delivered or self._began
        last = max(pulse.canary, self._began)
        late = canary.is_late(settings, last, now)
        if late is not pulse.canary_late:
            pulse.canary_late = late
            subject, text = canary.notice(settings, last, now, late=late)
            (self.parts.journal.warn if late else self.parts.journal.note)("canary", late=late, last=last.isoformat())
            await notices.tell_operator(self.parts, subject, text, window=f"canary {late} {last.isoformat()}")

    async def _recover_store(self) -> None:
        """Well again when it can be written and refused nothing for a whole round; what failed is then done again."""
        refused, self._busy = self._busy, False
        await self.parts.store.check()
        if self.failed:
            await self.parts.store.give_back(tuple(self.failed.values()))
            self.failed.clear()
        if not refused:
            self.pulse.store_error = None

    async def refresh_states(self) -> None:
        """Take over that a person mended a channel (by a test message or a requeue from the command line)."""
        parts = self.parts
        stored = await parts.store.channel_states()
        for channel in parts.channels:
            if parts.state_of(channel).broken and channel in stored and not stored[channel].broken:
                parts.states[channel] = stored[channel]
        self.pulse.broken = tuple(name for name in parts.channels if parts.state_of(name).broken)

    async def settle(self) -> None:
        """Wait until nothing is under way (for `monitor poll --once`)."""
        while under_way := {
            *self._polls,
            *self._reads,
            *self._decisions,
            *self.websub.under_way,
            *self._nudges,
            *(one for some in self._sends.values() for one in some),
        }:
            await asyncio.wait(under_way)


def _start(work: Coroutine[Any, Any, None], keep: set[asyncio.Task[None]]) -> None:
    """Start a task and hold on to it until it ends."""
    task = asyncio.create_task(work)
    keep.add(task)
    task.add_done_callback(keep.discard)
