"""`monitor feeds`: what is polled, and lists of feeds in and out as OPML."""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.config import listed_feeds, load_settings
from monitor.config.opml import Outline, merge_into_folder, read_opml, write_opml
from monitor.config.values import shown_duration
from monitor.errors import ConfigError, FeedError
from monitor.model import Feed, FeedKind, FeedState
from monitor.settings import Settings, StoreSettings
from monitor.shown import shown_url
from monitor.store import open_store

_WIDE = 240
"""The width of tables that do not go to a terminal: nothing is cut for whoever reads on."""


@click.group()
def feeds() -> None:
    """List the feeds, import and export them as OPML."""


@feeds.command("list")
@click.pass_obj
def list_feeds(config: Path) -> None:
    """Show every feed: what it is, when it was and will be polled, and how that went."""
    settings = load_settings(config, os.environ)
    states = asyncio.run(_states(settings.store)) if settings.store.path.exists() else {}
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(_table(settings, states, datetime.now(UTC)))


async def _states(settings: StoreSettings) -> Mapping[str, FeedState]:
    """What the store knows of feeds, by id."""
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return {feed.id: state for feed, state in await store.feed_states()}
    finally:
        await store.close()


def _table(settings: Settings, states: Mapping[str, FeedState], now: datetime) -> Table:
    titles = settings.outlet_titles()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("id", "title", "kind", "address", "outlet", "last poll", "next poll", "state"):
        table.add_column(heading, overflow="fold")
    for feed in settings.feeds:
        state = states.get(feed.id)
        title = feed.title or (state.title if state else None)
        polled = state.last_polled if state else None
        cells = (
            feed.id,
            title or "",
            feed.kind.value,
            shown_url(feed.url),
            titles.get(feed.outlet or "", ""),
            _ago(polled, now),
            _due(state.next_due if state else None, now),
            state_word(state),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def state_word(state: FeedState | None) -> str:
    """How the polls of a feed go, in a few words."""
    if state is None or state.last_polled is None:
        return "not polled yet"
    if state.failures:
        times = f"{state.failures} times" if state.failures > 1 else "once"
        return f"failed {times}: {state.last_error or 'unknown cause'}"
    return "ok"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{_roughly(now - moment)} ago" if moment else "never"


def _due(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    return f"in {_roughly(moment - now)}" if moment > now else "now"


def _roughly(span: timedelta) -> str:
    """A span to its two largest units: `3m10s`, `2h5m`, `1d`."""
    seconds = max(0, int(span.total_seconds()))
    for least, step in ((86_400, 3_600), (3_600, 60)):
        if seconds >= least:
            seconds -= seconds % step
    return shown_duration(timedelta(seconds=seconds))


@feeds.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="The folder to put them in.")
@click.pass_obj
def import_feeds(config: Path, file: Path, folder: Path | None) -> None:
    """Take the feeds of an OPML file over into the folder of lists that the settings name, else feeds/ beside them."""
    places, urls = listed_feeds(config)
    source = read_opml(file)
    if source.fault:
        raise ConfigError((source.fault,))
    base = config.absolute().parent
    standing = next((place for place in places if place.suffix != ".opml"), base / "feeds")
    target = Path(os.path.abspath(folder)) if folder else standing  # noqa: PTH100 - links stay links
    try:
        done = merge_into_folder(source, target, urls)
    except OSError as error:
        raise FeedError(f"{target} cannot be written: {error.strerror or error}") from error
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)
    known = f", {done.known} listed already" if done.known else ""
    doubles = f", {done.doubles} double in the file" if done.doubles else ""
    left = f", {len(done.warnings)} with a warning" if done.warnings else ""
    click.echo(f"{done.target}: {_counted(done.added, 'feed')} added{known}{doubles}{left}")
    if not any(done.target == place or done.target.is_relative_to(place) for place in places):
        shown = target.relative_to(base) if target.is_relative_to(base) else target
        click.echo(f"To poll them, add to feeds: in {config}:\n  - {{opml: {shown}}}")


@feeds.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.pass_obj
def export_feeds(config: Path, file: Path) -> None:
    """Write all feeds as OPML 2.0, with their categories, to a file or to standard output (-).

    Addresses are written whole, secrets in them included, since a reader needs them.
    """
    settings = load_settings(config, os.environ)
    exported = [feed for feed in settings.feeds if feed.kind is FeedKind.HTTP]
    text = write_opml([_outline(feed) for feed in exported], "Feeds of the monitor")
    if str(file) == "-":
        click.echo(text, nl=False)
    else:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise FeedError(f"{file} cannot be written: {error.strerror or error}") from error
    folders = len(settings.feeds) - len(exported)
    left = f"; {_counted(folders, 'folder')} of articles left out" if folders else ""
    click.echo(f"{_counted(len(exported), 'feed')} exported{left}", err=True)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _outline(feed: Feed) -> Outline:
    return Outline(url=feed.url, title=feed.title, categories=feed.categories, lang=feed.lang)
