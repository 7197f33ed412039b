"""`monitor poll`: poll feeds now, and deliver what comes of it."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from monitor import config
from monitor.engine import log, process
from monitor.engine.daemon import Daemon, close
from monitor.engine.local import LocalEngine
from monitor.engine.pages import PAUSE
from monitor.engine.parts import Parts, utc_now
from monitor.settings import Settings
from monitor.store import open_store, running
from monitor.store.feed_lists import FeedFilter

_LOOK_AGAIN = 0.1
"""Seconds between two looks for feeds whose host was busy."""
_NAMED = 20
"""Feeds that a message names at most."""


@click.command()
@click.option("--once", is_flag=True, help="Poll each feed once, deliver, and end. Without it, go on until Ctrl-C.")
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.pass_obj
def poll(file: Path, *, once: bool, feeds: tuple[str, ...]) -> None:
    """Poll these feeds (all, when none is named) now, whatever their next due time says.

    When a daemon runs on the same store, it is asked to poll them instead. Otherwise this command does it: articles,
    hits and deliveries are recorded and sent just as the daemon would. Exits 1 if a feed failed.
    """
    environ = dict(os.environ)
    loaded = config.load(file, environ)
    asyncio.run(_known(loaded.settings, feeds))
    log.set_up(loaded.settings.log)
    if (who := running(loaded.settings.store)) is not None:
        count = asyncio.run(_ask_daemon(loaded.settings, feeds))
        click.echo(f"the daemon ({who}) polls {count} feed{'s' if count != 1 else ''} now")
        return
    daemon = Daemon(lambda: config.load(file, environ))
    failed = process.run(_once(daemon, loaded, feeds) if once else _go_on(daemon, feeds))
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}; `monitor feeds list` says why")


async def _known(settings: Settings, feeds: Sequence[str]) -> None:
    """Raises UsageError for feeds that neither the settings nor the store know."""
    unknown = set(feeds) - {feed.id for feed in settings.feeds}
    if unknown and settings.store.expected:
        store = open_store(settings.store, readonly=True)
        await store.open()
        try:
            unknown -= {feed.id for feed, _ in await store.feed_states(sorted(unknown))}
        finally:
            await store.close()
    if unknown:
        names = ", ".join(feed.id for feed in settings.feeds[:_NAMED])
        raise click.UsageError(
            f"no feed is called {', '.join(sorted(unknown))}; `monitor feeds list` shows all, among them: {names}"
        )


async def _ask_daemon(settings: Settings, feeds: Sequence[str]) -> int:
    store = open_store(settings.store)
    await store.open()
    try:
        return await store.make_due(feeds or None, utc_now())
    finally:
        await store.close()


async def _once(daemon: Daemon, loaded: config.Loaded, feeds: tuple[str, ...]) -> list[str]:
    parts = await daemon.assemble(loaded)
    try:
        engine = LocalEngine(parts, daemon.pulse)
        began = parts.clock()
        await parts.store.make_due(feeds or None, began)
        while await engine.poll_due(only=feeds or None, not_since=began) or engine.hosts.sent_away:
            await engine.settle()
            if engine.hosts.sent_away:
                await asyncio.sleep(_LOOK_AGAIN)
        while await engine.read_due():
            await engine.settle()
            await asyncio.sleep(PAUSE.total_seconds())  # a page of the same host may follow
        while await engine.alert_due():
            await engine.settle()
        while await engine.deliver_due():
            await engine.settle()
        return sorted({*await _failed(parts, feeds), *engine.failed})
    finally:
        await close(parts)


async def _failed(parts: Parts, wanted: Sequence[str]) -> list[str]:
    """The feeds among these (none: all) whose last poll failed; the first of them."""
    if wanted:
        return [feed.id for feed, state in await parts.store.feed_states(wanted) if state.failures]
    page = await parts.store.feed_page(FeedFilter(failing=True, limit=_NAMED))
    more = [f"and {page.total - _NAMED} more"] if page.total > _NAMED else []
    return [*(feed.id for feed, _ in page.feeds), *more]


async def _go_on(daemon: Daemon, feeds: tuple[str, ...]) -> list[str]:
    await daemon.run(due_now=feeds or None, everything=not feeds)
    return []
