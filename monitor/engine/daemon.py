"""The life of the daemon: start, reload, stop.

    start    load settings and rules ► open the store (refused if another daemon owns it) ► take back what an earlier
             run left ► write the set of feeds ► serve health ► tick
    reload   on SIGHUP, or when a file that was read has changed: load everything anew; a set with a fault is refused
             as a whole, reported, and the old one stays in force
    stop     on SIGTERM or SIGINT: claim nothing more, let what is under way end within the patience, give leases back

The daemon is put together from factories, so that another store, channel or reader takes the place of ours without a
patch.
"""

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from monitor import schedule
from monitor.channels import make_channel
from monitor.channels.protocol import Channel
from monitor.config import Loaded
from monitor.console import Console, Offer
from monitor.engine import flow, people
from monitor.engine.actions import Actions
from monitor.engine.callbacks import Callbacks
from monitor.engine.health import HealthServer, Pulse
from monitor.engine.journal import Journal
from monitor.engine.local import LocalEngine
from monitor.engine.parts import Live, Parts
from monitor.engine.publishing import LoadPublished, Publishing
from monitor.errors import ConfigError, StoreError
from monitor.feeds import FeedReader
from monitor.settings import ChannelSettings, DeliverySettings, EmailSettings, Settings, StoreSettings
from monitor.store import SILENT, open_store
from monitor.store.crew_protocol import CrewStore
from monitor.store.protocol import Store

PATIENCE = 8.0
"""Seconds that work under way has to end after SIGTERM; Docker kills after ten."""
WATCH_EVERY = 2.0
"""Seconds between two looks at the files of the settings and rules."""
HEAR_EVERY = 4.0
"""Seconds between two looks at what other workers published, when nothing is heard of it."""


def _owned_store(settings: StoreSettings) -> Store:
    return open_store(settings, owner=True)


def _reader(settings: Settings) -> FeedReader:
    return FeedReader(settings.fetch, settings.outlet_titles())


@dataclass(frozen=True, slots=True, kw_only=True)
class Factories:
    """How the parts are made."""

    store: Callable[[StoreSettings], Store] = _owned_store
    channel: Callable[[ChannelSettings, DeliverySettings], Channel] = make_channel
    reader: Callable[[Settings], FeedReader] = _reader


class Daemon:
    """One running monitor."""

    def __init__(
        self,
        load: Callable[[], Loaded],
        *,
        factories: Factories | None = None,
        load_published: LoadPublished | None = None,
    ) -> None:
        self._load, self._load_published = load, load_published
        self._factories = factories or Factories()
        self.pulse = Pulse()
        self.journal = Journal()
        self.engine: LocalEngine | None = None
        self.port = 0
        """Where health is served, once it is."""
        self._files: tuple[tuple[str, int, int], ...] = ()
        """What the files of the settings looked like when they were read."""
        self._publishing: Publishing | None = None
        """With many workers on one store."""
        self._taking = asyncio.Lock()
        self._stop = asyncio.Event()
        self._heard = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self, *, due_now: Sequence[str] | None = None, everything: bool = False) -> None:
        """Run until told to stop; `due_now` (or everything) is polled at once.

        Raises ConfigError, StoreLocked, StoreError, MonitorError when it cannot start.
        """
        self._listen()
        loaded = self._load()
        # Taken at once: what changes while the store opens and the first ticks run is a change too.
        self._files = signature(loaded.settings.watched)
        http = loaded.settings.http
        callbacks = Callbacks() if http.public_url else None
        actions = Actions(time.monotonic) if http.public_url else None
        health = HealthServer(http, self.pulse, self.journal.registry, callbacks, actions) if http.enabled else None
        parts: Parts | None = None
        try:
            parts = await self.assemble(loaded)
            if everything or due_now:
                await parts.store.make_due(due_now, parts.clock())
            if health is not None:
                health.start()
                self.port = health.port
            await self._run(parts, callbacks, actions)
        finally:
            if parts is not None:
                await close(parts)
            if health is not None:
                health.stop()

    async def assemble(self, loaded: Loaded) -> Parts:
        """Open the store and put the parts together."""
        settings = loaded.settings
        store = self._factories.store(settings.store)
        await store.open()
        if store.copied is not None:
            self.journal.note("migrated", copy=str(store.copied))
        try:
            channels = {one.id: self._factories.channel(one, settings.delivery) for one in settings.channels}
            worker = f"{socket.gethostname()}:{os.getpid()}"
            if isinstance(store, CrewStore) and self._load_published is not None:
                # In containers many have the same host name or process number.
                worker = f"{worker}:{secrets.token_hex(2)}"
                self._publishing = Publishing(store, worker, self._load_published, self.journal)
                loaded = await self._publishing.first(loaded)
                settings = loaded.settings
            parts = Parts(
                worker=worker,
                live=Live(loaded=loaded),
                store=store,
                reader=self._factories.reader(settings),
                channels=channels,
                journal=self.journal,
            )
            recovered = await _taken_back(parts)
            parts.states.update(await store.channel_states())
            await sync(parts)
            if recovered is not None:
                await flow.respread(parts, overdue=True)
        except BaseException:
            await store.close()
            raise
        for warning in loaded.warnings:
            self.journal.warn("settings", warning=warning)
        self.journal.reloaded(len(loaded.rules), len(settings.feeds))
        self.journal.note(
            "start", store=settings.store.shown, feeds=len(settings.feeds), rules=len(loaded.rules),
            channels=", ".join(channels) or "none", subscribers=len(settings.subscribers), taken_back=recovered or 0,
        )  # fmt: skip
        return parts

    async def _run(self, parts: Parts, callbacks: Callbacks | None, actions: Actions | None) -> None:
        self.engine = self._engine(parts)
        if callbacks is not None:
            callbacks.attach(self.engine.websub)
        if actions is not None:
            actions.attach(console_of(parts, self.engine))
        self.pulse.store_error = None
        # As a tick, so that a store that is full or locked just now is waited for and does not end the daemon.
        await self.engine.tick("sweep", self.engine.sweep)
        self.engine.start()
        if self.port:
            self.journal.note("health", address=f"http://{parts.live.loaded.settings.http.host}:{self.port}/readyz")
        watcher = asyncio.gather(self._watch(parts), self._hear(parts))
        await self._stop.wait()
        self.pulse.draining = True
        self.journal.note("stop", patience=PATIENCE)
        watcher.cancel()
        if callbacks is not None:
            callbacks.detach()
        if actions is not None:
            actions.detach()
        await self.engine.stop(PATIENCE)

    def _engine(self, parts: Parts) -> LocalEngine:
        """One of many workers on a server's store; alone on a file."""
        store = parts.store
        if self._publishing is None or not isinstance(store, CrewStore):
            return LocalEngine(parts, self.pulse)
        http = parts.live.loaded.settings.http
        address = f"http://{http.host}:{self.port}" if self.port else ""
        from monitor.engine.cluster import ClusterEngine  # noqa: PLC0415 - its driver is an extra

        publishing = self._publishing
        return ClusterEngine(
            parts, self.pulse, store, address=address, changed=self._heard.set, settings=lambda: publishing.version
        )

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._changed.set)

    def stop(self) -> None:
        """Ask the daemon to end."""
        self._stop.set()

    # reload

    async def _watch(self, parts: Parts) -> None:
        """Reload when a watched file changes or SIGHUP comes. A change is taken when it has been still for one look, so
        that a file is not read while an editor writes it.
        """
        taken = seen = self._files
        while True:
            asked = await _waited(self._changed, WATCH_EVERY)
            self._changed.clear()
            now = await asyncio.to_thread(signature, parts.live.loaded.settings.watched)
            still, seen = now == seen, now
            if asked or (still and now != taken):
                taken = now
                await self.reload(parts)
                taken = seen = await asyncio.to_thread(signature, parts.live.loaded.settings.watched)

    async def reload(self, parts: Parts) -> bool:
        """Load settings and rules anew and take them over whole; False if they were refused."""
        try:
            loaded = await asyncio.to_thread(self._load)
        except ConfigError as error:
            self.journal.refused(error.faults)
            return False
        except Exception as error:  # noqa: BLE001 - the top of a unit of work: the old set stays in force
            self.journal.fault("reload", error)
            return False
        old, new = parts.live.loaded.settings, loaded.settings
        for what in ("store", "http", "log"):
            if getattr(old, what) != getattr(new, what):
                self.journal.warn("settings", warning=f"a change of `{what}` takes effect at the next start")
        await self._take_over(parts, loaded)
        if self._publishing is not None:
            await self._publishing.changed(loaded)
        return True

    async def _take_over(self, parts: Parts, loaded: Loaded) -> None:
        async with self._taking:
            old, new = parts.live.loaded.settings, loaded.settings
            parts.live.loaded = loaded
            await self._swap_edges(parts, old, new)
            await sync(parts)
            self.journal.reloaded(len(loaded.rules), len(new.feeds))

    async def _hear(self, parts: Parts) -> None:
        """Take over what other workers publish: at once when it is heard, else at the next look."""
        publishing = self._publishing
        while publishing is not None:
            await _waited(self._heard, HEAR_EVERY)
            self._heard.clear()
            try:
                loaded = await publishing.heard(parts.live.loaded)
                if loaded is not None:
                    await self._take_over(parts, loaded)
            except StoreError as error:
                self.journal.trouble("published", str(error))
            except Exception as error:  # noqa: BLE001 - the top of a unit of work: the old set stays in force
                self.journal.fault("published", error)

    async def _swap_edges(self, parts: Parts, old: Settings, new: Settings) -> None:
        """Make anew what is made from settings that changed. Work under way keeps what it began with."""
        if (old.fetch, old.outlets) != (new.fetch, new.outlets):
            reader, parts.reader = parts.reader, self._factories.reader(new)
            _later(reader.close, after=new.fetch.timeout + new.fetch.parse_timeout)
        before = {one.id: one for one in old.channels}
        channels: dict[str, Channel] = {}
        for one in new.channels:
            if before.get(one.id) == one and old.delivery == new.delivery and one.id in parts.channels:
                channels[one.id] = parts.channels[one.id]
            else:
                channels[one.id] = self._factories.channel(one, new.delivery)
        for name, channel in parts.channels.items():
            if channels.get(name) is not channel:
                _later(channel.close, after=timedelta(seconds=channel.timeout))
                # What was wrong with the old settings of a channel says nothing about the new ones.
                parts.states.pop(name, None)
        parts.channels = channels


def console_of(parts: Parts, engine: LocalEngine) -> Console:
    """What answers links of messages."""
    return Console(
        parts.store,
        people=lambda: parts.live.people,
        rules=lambda: parts.live.loaded.index.rules,
        clock=parts.clock,
        changed=engine.look_at_people,
        offer=lambda: _offer(parts.live.loaded.settings),
    )


def _offer(settings: Settings) -> Offer | None:
    """Whether people may subscribe by themselves, and how they are written to."""
    mail = next((one.id for one in settings.channels if isinstance(one, EmailSettings)), None)
    base = settings.http.public_url
    return Offer(channel=mail, base=base) if settings.http.subscribe and mail is not None and base else None


async def _taken_back(parts: Parts) -> int | None:
    """What an ended run left leased is free again; how much. None when others work on the store: then leases run out."""
    if isinstance(parts.store, CrewStore) and await parts.store.workers(SILENT):
        return None
    return await parts.store.release(None, parts.clock())


async def sync(parts: Parts) -> None:
    """Write the configured feeds and subscribers to the store; new feeds get their first due time."""
    settings = parts.live.loaded.settings
    now = parts.clock()
    due = {feed.id: schedule.first_due(feed, now, settings.polling) for feed in settings.feeds}
    await parts.store.sync_feeds(settings.feeds, now, due)
    await people.refresh(parts)


async def close(parts: Parts) -> None:
    """Close every edge, whatever the others do."""
    await asyncio.gather(
        parts.reader.close(), *(channel.close() for channel in parts.channels.values()), return_exceptions=True
    )
    await parts.store.close()


def signature(paths: tuple[Path, ...]) -> tuple[tuple[str, int, int], ...]:
    """What files look like from outside: names, times and sizes, folders with all below them."""
    found: list[tuple[str, int, int]] = []
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else []
        for one in (path, *below):
            try:
                stat = one.stat()
            except OSError:
                found.append((str(one), 0, -1))
            else:
                found.append((str(one), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


_closing: set[asyncio.Task[None]] = set()


def _later(close_it: Callable[[], Coroutine[None, None, None]], *, after: timedelta) -> None:
    """Close something once whatever began with it must have ended; at once when the daemon ends before."""

    async def wait() -> None:
        try:
            await asyncio.sleep(after.total_seconds())
        finally:
            await close_it()

    task = asyncio.create_task(wait())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


async def _waited(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
