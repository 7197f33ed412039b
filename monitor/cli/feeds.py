"""`monitor feeds`: what is polled, when and why, how it is. Lists in and out are in `feed_lists.py`, new feeds in
`feed_discovery.py`, older articles in `feed_backfill.py`.
"""

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
from monitor.cli.lazy import LazyGroup
from monitor.config import load_settings
from monitor.config.feed_list import feed_id
from monitor.model import Feed, FeedCondition, FeedState
from monitor.settings import Settings, StoreSettings
from monitor.shown import shown_span, shown_url
from monitor.store import open_store
from monitor.store.feed_lists import FeedFilter, FeedPage

_WIDE = 240
"""The width of tables that do not go to a terminal: nothing is cut for whoever reads on."""
_CONDITIONS: Mapping[str, tuple[FeedCondition, ...]] = MappingProxyType(
    {one.value: (one,) for one in FeedCondition if one is not FeedCondition.OK}
    | {"unwell": tuple(one for one in FeedCondition if one is not FeedCondition.OK)}
)
"""Which conditions a state of `--state` asks the store for."""
STATES = ("ok", *_CONDITIONS, "failing", "new")


FEEDS_COMMANDS = {
    "list": "monitor.cli.feeds:list_feeds",
    "why": "monitor.cli.feeds:why",
    "discover": "monitor.cli.feed_discovery:discover",
    "backfill": "monitor.cli.feed_backfill:backfill",
    "import": "monitor.cli.feed_lists:import_feeds",
    "export": "monitor.cli.feed_lists:export_feeds",
    "forget": "monitor.cli.feed_lists:forget_feeds",
}
"""Command name -> module and object."""


@click.group(cls=LazyGroup, table=FEEDS_COMMANDS)
def feeds() -> None:
    """List the feeds, say why they are polled when they are, find new ones, fetch older articles, import and export them as OPML."""


@click.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only feeds in this state; `unwell` is any but ok and new.")
@click.option("--search", default="", help="Only feeds with this in their id, address or title.")
@click.option("--limit", type=click.IntRange(min=1), default=1_000, show_default=True, help="So many feeds at most.")
@click.option("--page", type=click.IntRange(min=1), default=1, help="Which page of so many; 1 is the first.")
@click.pass_obj
def list_feeds(config: Path, state: str | None, search: str, limit: int, page: int) -> None:
    """Show the feeds, those of the settings first: what each is, when it was and will be polled, and how it is."""
    settings = load_settings(config, os.environ)
    first = (page - 1) * limit
    chosen, states, count = asyncio.run(_chosen(settings, state, search, slice(first, first + limit)))
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    console.print(_table(chosen, settings.outlet_titles(), states, datetime.now(UTC)))
    if len(chosen) < count:
        more = f"; next: --page {page + 1}" if first + len(chosen) < count else ""
        shown = f"{first + 1} to {first + len(chosen)}" if chosen else "none"
        click.echo(f"{shown} of {_counted(count, 'feed')}{more}", err=True)


@click.command("why")
@click.argument("feed")
@click.pass_obj
def why(config: Path, feed: str) -> None:
    """Say when a feed is polled next and why: every bound that took part, and how the feed is."""
    settings = load_settings(config, os.environ)
    found = next((one for one in settings.feeds if feed in {one.id, one.url}), None)
    if found is None:
        named = FeedFilter(imported=True, ids=(feed, feed_id(feed)))
        found = next((one for one, _ in asyncio.run(_imported(settings.store, named)).feeds), None)
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
    settings: Settings, state: str | None, search: str, part: slice
) -> tuple[Sequence[Feed], Mapping[str, FeedState], int]:
    """A part of the feeds, what the store knows of them, and how many there are in all: first those of the settings in
    their order, then the imported ones, of which no more is read than is shown.
    """
    chosen: Sequence[Feed] = [
        one for one in settings.feeds if search.lower() in f"{one.id} {one.url} {one.title}".lower()
    ]
    states: dict[str, FeedState] = {}
    if state is not None:
        states |= await _states(settings.store, [feed.id for feed in chosen], _CONDITIONS.get(state, ()))
        chosen = [feed for feed in chosen if _is_in(state, states.get(feed.id), known=state in _CONDITIONS)]
    own = len(chosen)
    chosen = chosen[part]
    if state is None:
        states |= await _states(settings.store, [feed.id for feed in chosen])
    where = FeedFilter(
        imported=True,
        search=search,
        skip=max(0, part.start - own),
        limit=part.stop - part.start - len(chosen),
        conditions=(FeedCondition.OK,) if state == "ok" else _CONDITIONS.get(state or "", ()),
        polled=None if state is None else state != "new",
        failing=state == "failing",
    )
    page = await _imported(settings.store, where)
    return (
        [*chosen, *(feed for feed, _ in page.feeds)],
        {**states, **{one.id: it for one, it in page.feeds}},
        own + page.total,
    )


async def _imported(settings: StoreSettings, where: FeedFilter) -> FeedPage:
    """Feeds that the store alone knows."""
    if not settings.path.exists():
        return FeedPage(feeds=(), total=0)
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return await store.feed_page(where)
    finally:
        await store.close()


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


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
