"""`monitor feeds`: what is polled, when and why, how it is; and lists of feeds in and out as OPML."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor import feed_health, schedule
from monitor.config import listed_feeds, load_settings
from monitor.config.opml import Outline, merge_into_folder, read_opml, write_opml
from monitor.errors import ConfigError, FeedError
from monitor.model import Feed, FeedCondition, FeedKind, FeedState
from monitor.settings import Settings, StoreSettings
from monitor.shown import shown_span, shown_url
from monitor.store import open_store

_WIDE = 240
"""The width of tables that do not go to a terminal: nothing is cut for whoever reads on."""
_CONDITIONS: Mapping[str, tuple[FeedCondition, ...]] = MappingProxyType(
    {one.value: (one,) for one in FeedCondition if one is not FeedCondition.OK}
    | {"unwell": tuple(one for one in FeedCondition if one is not FeedCondition.OK)}
)
"""Which conditions a state of `--state` asks the store for."""
STATES = ("ok", *_CONDITIONS, "failing", "new")


@click.group()
def feeds() -> None:
    """List the feeds, say why they are polled when they are, import and export them as OPML."""


@feeds.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only feeds in this state; `unwell` is any but ok and new.")
@click.option("--limit", type=click.IntRange(min=1), help="So many feeds at most.")
@click.option("--page", type=click.IntRange(min=1), default=1, help="Which page of so many; 1 is the first.")
@click.pass_obj
def list_feeds(config: Path, state: str | None, limit: int | None, page: int) -> None:
    """Show every feed: what it is, when it was and will be polled, and how it is."""
    if limit is None and page > 1:
        raise click.UsageError("--page goes with --limit")
    settings = load_settings(config, os.environ)
    chosen, states, count = asyncio.run(_chosen(settings, state, limit, page))
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(_table(chosen, settings.outlet_titles(), states, datetime.now(UTC)))
    if len(chosen) < count:
        first = (page - 1) * (limit or 0) + 1
        more = f"; next: --page {page + 1}" if first + len(chosen) <= count else ""
        shown = f"{first} to {first + len(chosen) - 1}" if chosen else "none"
        click.echo(f"{shown} of {_counted(count, 'feed')}{more}", err=True)


@feeds.command("why")
@click.argument("feed")
@click.pass_obj
def why(config: Path, feed: str) -> None:
    """Say when a feed is polled next and why: every bound that took part, and how the feed is."""
    settings = load_settings(config, os.environ)
    found = next((one for one in settings.feeds if feed in {one.id, one.url}), None)
    if found is None:
        raise click.UsageError(f"no feed is called {shown_url(feed)}; `monitor feeds list` shows all")
    states = asyncio.run(_states(settings.store, [found.id]))
    for line in explained(found, states.get(found.id), settings, datetime.now(UTC)):
        click.echo(line)


def explained(feed: Feed, state: FeedState | None, settings: Settings, now: datetime) -> Iterator[str]:
    """The lines of `monitor feeds why`."""
    title = feed.title or (state.title if state else None)
    yield f"{feed.id}  {shown_url(feed.url)}{f'  ({title})' if title else ''}"
    if state is None:
        yield "not polled yet: no daemon has run with it"
        return
    yield f"state      {state_word(feed, state, now)}"
    yield f"last poll  {_moment(state.last_polled, now)}"
    if state.last_error:
        yield f"           {state.last_error}"
    if state.last_new:
        seen = f": {state.health.seen}" if state.health.seen else ""
        yield f"last new   {_moment(state.last_new, now)}{seen}"
    yield f"next poll  {_next(state, now)}"
    for reason in schedule.reasons(feed, state, settings.polling, now):
        yield f"           - {reason}"


def _moment(moment: datetime | None, now: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC, {_ago(moment, now)}" if moment else "never"


def _next(state: FeedState, now: datetime) -> str:
    if state.next_due >= schedule.NEVER:
        return "never; `monitor poll` asks once more"
    return f"{state.next_due:%Y-%m-%d %H:%M:%S} UTC, {_due(state.next_due, now)}"


async def _chosen(
    settings: Settings, state: str | None, limit: int | None, page: int
) -> tuple[Sequence[Feed], Mapping[str, FeedState], int]:
    """The feeds of a page in the order of the settings, what the store knows of them, and how many there are in all."""
    chosen: Sequence[Feed] = settings.feeds
    states: Mapping[str, FeedState] = {}
    if state is not None:
        states = await _states(settings.store, None, _CONDITIONS.get(state, ()))
        chosen = [feed for feed in chosen if _is_in(state, states.get(feed.id), known=state in _CONDITIONS)]
    count = len(chosen)
    if limit is not None:
        chosen = chosen[(page - 1) * limit : page * limit]
    if state is None:
        states = await _states(settings.store, None if limit is None else [feed.id for feed in chosen])
    return chosen, states, count


def _is_in(wanted: str, state: FeedState | None, *, known: bool) -> bool:
    """Whether a feed is in a state; `known`: the store was asked for just those."""
    polled = state is not None and state.last_polled is not None
    if wanted == "new":
        return not polled
    if state is None or not polled:
        return False
    return known or (wanted == "failing" and state.failures > 0) or wanted == state.health.condition.value


async def _states(
    settings: StoreSettings, ids: Sequence[str] | None, conditions: Sequence[FeedCondition] = ()
) -> Mapping[str, FeedState]:
    """What the store knows of feeds, by id."""
    if not settings.path.exists():
        return {}
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return {feed.id: state for feed, state in await store.feed_states(ids, conditions)}
    finally:
        await store.close()


def _table(chosen: Sequence[Feed], outlets: Mapping[str, str], states: Mapping[str, FeedState], now: datetime) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("id", "title", "kind", "address", "outlet", "last poll", "next poll", "state"):
        table.add_column(heading, overflow="fold")
    for feed in chosen:
        state = states.get(feed.id)
        title = feed.title or (state.title if state else None)
        polled = state.last_polled if state else None
        cells = (
            feed.id,
            title or "",
            feed.kind.value,
            shown_url(feed.url),
            outlets.get(feed.outlet or "", ""),
            _ago(polled, now),
            _due(state.next_due if state else None, now),
            state_word(feed, state, now),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def state_word(feed: Feed, state: FeedState | None, now: datetime) -> str:
    """How a feed is, in a few words, and since when."""
    if state is None or state.last_polled is None:
        return "not polled yet"
    if state.health.condition is not FeedCondition.OK:
        return feed_health.sentence(feed, state, now)
    if state.failures:
        times = f"{state.failures} times" if state.failures > 1 else "once"
        return f"failed {times}: {state.last_error or 'unknown cause'}"
    gaps = f", articles may have been lost {_counted(state.gaps, 'time')}" if state.gaps else ""
    return f"ok{gaps}"


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{shown_span(now - moment)} ago" if moment else "never"


def _due(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    if moment >= schedule.NEVER:
        return "never"
    return f"in {shown_span(moment - now)}" if moment > now else "now"


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
