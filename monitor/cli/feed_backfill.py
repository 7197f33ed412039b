"""`monitor feeds backfill`: the older articles of a feed, on request."""

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from monitor import config, schedule
from monitor.config.feed_list import feed_id
from monitor.config.values import duration
from monitor.engine.backfill import Backfill, End, Filled, Wishes
from monitor.errors import FeedError
from monitor.feeds import FeedReader
from monitor.model import Feed, FeedKind, FeedState
from monitor.settings import Settings
from monitor.shown import shown_url
from monitor.store import open_store, running
from monitor.store.protocol import Store

_PAGES = 10
_MOST_PAGES = 1_000


@click.command("backfill")
@click.argument("feed")
@click.option(
    "--pages", type=click.IntRange(1, _MOST_PAGES), default=_PAGES, show_default=True, help="So many pages at most."
)
@click.option("--since", metavar="DATE", help="Only articles since then: a date such as 2026-01-31, or 90d.")
@click.option("--alert", is_flag=True, help="Tell subscribers of hits, as for news.")
@click.pass_obj
def backfill(file: Path, *, feed: str, pages: int, since: str | None, alert: bool) -> None:
    """Store and match the older articles of a feed that names older pages (RFC 5005, JSON Feed).

    Hits are stored; nobody is told without --alert. A daemon may run on the same store meanwhile. What is recorded stays
    when this is stopped, and is not recorded twice.
    """
    wishes = Wishes(pages=pages, since=_moment(since) if since else None, alert=alert)
    loaded = config.load(file, dict(os.environ))
    who = running(loaded.settings.store)
    done: list[Filled] = []
    end = asyncio.run(_run(loaded, feed, wishes, done, who))
    _summary(done, end, wishes, who)
    if end.failed:
        sys.exit(1)


def _moment(text: str) -> datetime:
    """A date, which begins in UTC where it says no zone, or a while ago."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return datetime.now(UTC) - duration(text)
        except ValueError:
            expected = "expected a date such as 2026-01-31, or a duration such as 90d"
            raise click.BadParameter(expected, param_hint="--since") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _run(loaded: config.Loaded, name: str, wishes: Wishes, done: list[Filled], who: str | None) -> End:
    settings = loaded.settings
    if not settings.store.expected:
        made = open_store(settings.store, owner=True)
        await made.open()
        await made.close()  # what follows may take long, and a daemon that starts meanwhile must find it free
    store = open_store(settings.store)
    await store.open()
    reader = FeedReader(settings.fetch, settings.outlet_titles())
    try:
        feed, state = await _feed(settings, store, name, who)
        work = Backfill(loaded, store, reader, worker=f"backfill:{socket.gethostname()}:{os.getpid()}")

        def tell(page: Filled) -> None:
            done.append(page)
            click.echo(_line(page, wishes), err=True)

        return await work.run(feed, state, wishes, tell)
    finally:
        await reader.close()
        await store.close()


async def _feed(settings: Settings, store: Store, name: str, who: str | None) -> tuple[Feed, FeedState]:
    """The feed as the store has it. Without a daemon the feeds of the settings are written there first."""
    listed = next((one for one in settings.feeds if name in {one.id, one.url}), None)
    if listed is not None and listed.kind is not FeedKind.HTTP:
        raise click.UsageError(f"{listed.id} is no feed with an address, so it has no older pages")
    if listed is not None and who is None:
        now = datetime.now(UTC)
        due = {one.id: schedule.first_due(one, now, settings.polling) for one in settings.feeds}
        await store.sync_feeds(settings.feeds, now, due)
    wanted = listed.id if listed else feed_id(name) if "://" in name else name
    found = await store.feed_states([wanted])
    if found:
        return found[0]
    if listed is not None:
        raise FeedError(f"the daemon ({who}) has not taken over {listed.id} from the settings yet; reload it first")
    raise click.UsageError(f"no feed is called {shown_url(name)}; `monitor feeds list` shows all")


def _line(page: Filled, wishes: Wishes) -> str:
    span = f", {page.oldest:%Y-%m-%d} to {page.newest:%Y-%m-%d}" if page.oldest and page.newest else ""
    new = page.recorded
    return (
        f"page {page.number} of at most {wishes.pages}: {_counted(page.articles, 'article')}{span}; "
        f"{new.articles} stored, {_counted(new.hits, 'hit')}  {shown_url(page.url)}"
    )


def _summary(done: list[Filled], end: End, wishes: Wishes, who: str | None) -> None:
    stored, hits = sum(page.recorded.articles for page in done), sum(page.recorded.hits for page in done)
    waiting = sum(page.recorded.waiting for page in done)
    read = sum(page.articles for page in done)
    told = f"{waiting} wait to be told" if wishes.alert else "nobody is told"
    click.echo(
        f"{_counted(len(done), 'older page')}, {_counted(read, 'article')}: {stored} stored, {_counted(hits, 'hit')}, {told}"
    )
    click.echo(f"ended: {end.why}{f'; next would be {shown_url(end.next_url)}' if end.next_url else ''}")
    if waiting:
        sender = f"the daemon ({who}) tells them" if who else "they are told when the daemon runs"
        click.echo(sender)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
