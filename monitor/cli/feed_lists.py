"""Lists of feeds in and out as OPML: `monitor feeds import`, `export` and `forget`.

Short lists are files in a folder that the settings name, for people to read and change. Long ones go into the store,
which needs no memory for them: see docs/feeds.md.
"""

import asyncio
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from monitor import schedule
from monitor.config import listed_feeds, load_settings
from monitor.config.feed_list import feed_id
from monitor.config.opml import Opml, Outline, merge_into_folder, read_opml, write_opml
from monitor.errors import ConfigError, FeedError
from monitor.model import Feed, FeedKind
from monitor.settings import Settings, StoreSettings
from monitor.store import open_store
from monitor.store.feed_lists import FeedFilter
from monitor.store.protocol import Store

_MANY = 1_000
"""A list with more feeds goes into the store, unless it is told where to go."""
_BATCH = 2_000
"""Feeds a transaction: a daemon that works on the same store waits for no longer than that."""


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="The folder to put them in.")
@click.option("--store", "stored", is_flag=True, help="Put them into the store, however few they are.")
@click.pass_obj
def import_feeds(config: Path, file: Path, folder: Path | None, *, stored: bool) -> None:
    """Take over the feeds of an OPML file: up to 1,000 into the folder of lists that the settings name, else feeds/
    beside them; more into the store.
    """
    if folder and stored:
        raise click.UsageError("--to and --store exclude each other")
    source = _read(file)
    for warning in source.warnings:
        click.echo(f"warning: {warning}", err=True)
    if stored or (folder is None and len(source.outlines) > _MANY):
        _into_store(config, source)
    else:
        into_folder(config, source, folder)


def _read(file: Path) -> Opml:
    source = read_opml(file)
    if source.fault:
        raise ConfigError((source.fault,))
    return source


def into_folder(config: Path, source: Opml, folder: Path | None) -> None:
    """Add the feeds of a list to a file of its name: in this folder, else in that of the settings, else in feeds/ beside
    them. Says what it did, and what the settings lack.
    """
    places, urls = listed_feeds(config)
    base = config.absolute().parent
    standing = next((place for place in places if place.suffix != ".opml"), base / "feeds")
    target = Path(os.path.abspath(folder)) if folder else standing  # noqa: PTH100 - links stay links
    try:
        done = merge_into_folder(source, target, urls)
    except OSError as error:
        raise FeedError(f"{target} cannot be written: {error.strerror or error}") from error
    _tell(str(done.target), done.added, done.known, source)
    if not any(done.target == place or done.target.is_relative_to(place) for place in places):
        shown = target.relative_to(base) if target.is_relative_to(base) else target
        click.echo(f"To poll them, add to feeds: in {config}:\n  - {{opml: {shown}}}")


def _into_store(config: Path, source: Opml) -> None:
    settings = load_settings(config, os.environ)
    listed = {feed.url for feed in settings.feeds}
    found = [_feed(one) for one in source.outlines if one.url not in listed]
    added = asyncio.run(_import(settings, found))
    _tell(settings.store.shown, added, len(source.outlines) - added, source)


def _tell(target: str, added: int, already: int, source: Opml) -> None:
    known = f", {already} listed already" if already else ""
    doubles = f", {source.doubles} double in the file" if source.doubles else ""
    left = f", {len(source.warnings)} with a warning" if source.warnings else ""
    click.echo(f"{target}: {_counted(added, 'feed')} added{known}{doubles}{left}")


async def _import(settings: Settings, found: Sequence[Feed]) -> int:
    """Put feeds into the store, first due at times spread over a period, so that no crowd of them is polled at once."""
    now = datetime.now(UTC)
    due = schedule.overdue_spread([feed.id for feed in found], now, settings.polling)
    store = await _opened(settings.store)
    try:
        added = 0
        for batch in track(
            _batches(found), "importing", total=len(found) / _BATCH, console=Console(stderr=True), transient=True
        ):
            added += await store.import_feeds(batch, now, due)
        return added
    finally:
        await store.close()


async def _opened(settings: StoreSettings) -> Store:
    """The store for writing; made where there is none yet."""
    store = open_store(settings, owner=not settings.expected)
    await store.open()
    return store


def _batches(found: Sequence[Feed]) -> Iterator[Sequence[Feed]]:
    for start in range(0, len(found), _BATCH):
        yield found[start : start + _BATCH]


def _feed(outline: Outline) -> Feed:
    return Feed(
        id=feed_id(outline.url),
        url=outline.url,
        title=outline.title,
        categories=outline.categories,
        lang=outline.lang,
    )


@click.command("forget")
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.option("--opml", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="All of this list.")
@click.pass_obj
def forget_feeds(config: Path, feeds: tuple[str, ...], file: Path | None) -> None:
    """Poll feeds no more that were imported into the store, by their ids or addresses; their articles are kept."""
    settings = load_settings(config, os.environ)
    listed = [one.url for one in _read(file).outlines] if file else []
    if not feeds and not file:
        raise click.UsageError("name feeds, or a list with --opml")
    ids = [feed_id(one) if "://" in one else one for one in (*feeds, *listed)]
    count = asyncio.run(_forget(settings.store, ids))
    click.echo(f"{_counted(count, 'feed')} forgotten")
    if count < len(set(feeds)):
        sys.exit("the others were not imported: feeds of the settings are taken out there")


async def _forget(settings: StoreSettings, ids: Sequence[str]) -> int:
    store = await _opened(settings)
    try:
        return await store.forget_feeds(ids)
    finally:
        await store.close()


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@click.pass_obj
def export_feeds(config: Path, file: Path) -> None:
    """Write all feeds as OPML 2.0, with their categories, to a file or to standard output (-).

    Addresses are written whole, secrets in them included, since a reader needs them.
    """
    settings = load_settings(config, os.environ)
    exported = [feed for feed in settings.feeds if feed.kind is FeedKind.HTTP]
    exported += asyncio.run(_imported(settings.store))
    text = write_opml([_outline(feed) for feed in exported], "Feeds of the monitor")
    if str(file) == "-":
        click.echo(text, nl=False)
    else:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise FeedError(f"{file} cannot be written: {error.strerror or error}") from error
    folders = sum(feed.kind is not FeedKind.HTTP for feed in settings.feeds)
    left = f"; {_counted(folders, 'folder')} of articles left out" if folders else ""
    click.echo(f"{_counted(len(exported), 'feed')} exported{left}", err=True)


async def _imported(settings: StoreSettings) -> list[Feed]:
    """All feeds that the store alone knows."""
    if not settings.path.exists():
        return []
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        found: list[Feed] = []
        for start in itertools.count(0, _BATCH):
            page = await store.feed_page(FeedFilter(imported=True, skip=start, limit=_BATCH))
            found += (feed for feed, _ in page.feeds)
            if len(page.feeds) < _BATCH:
                break
        return found
    finally:
        await store.close()


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _outline(feed: Feed) -> Outline:
    return Outline(url=feed.url, title=feed.title, categories=feed.categories, lang=feed.lang)
