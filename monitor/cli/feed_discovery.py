"""`monitor feeds discover`: the feeds that a web page announces, and a way to take them up."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.cli import feed_lists
from monitor.config import load_settings
from monitor.config.opml import Opml, Outline
from monitor.config.values import web_url
from monitor.engine.discovery import Discovery, FoundFeed
from monitor.engine.discovery import discover as find
from monitor.errors import FeedError
from monitor.feeds import FeedReader
from monitor.model import FetchErrorKind, FetchFailed
from monitor.settings import FetchSettings, PollingSettings, Settings
from monitor.shown import shown_url

_LIST = "discovered.opml"
_ALL = "all"
_LOOKED_FOR = (
    "looked for: Link headers and link elements (rel=alternate with the type of a feed, rel=feed, rel=sitemap), and links "
    "that look like feeds; addresses that nobody names are not tried"
)
_WIDE = 240


@click.command("discover")
@click.argument("url")
@click.option("--add", metavar="N|all", multiple=True, help="Take up the feed with this number; may be given again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def discover(config: Path, url: str, *, add: tuple[str, ...], as_json: bool) -> None:
    """Find the feeds that a web page announces, each proved by reading it.

    URL may be a page, a feed, a sitemap, an index of sitemaps or a robots.txt. With --add, feeds go into the list
    discovered.opml in the folder of lists that the settings name, as `monitor feeds import` does it.
    """
    _web_url(url)
    wrong = [one for one in add if one != _ALL and not (one.isdecimal() and int(one))]
    if wrong:
        raise click.UsageError(f"--add takes the number of a feed, or {_ALL}; not {', '.join(wrong)}")
    if add and as_json:
        raise click.UsageError("--add and --json exclude each other")
    settings = _settings(config)
    polled = {feed.url: feed.id for feed in settings.feeds} if settings else {}
    done = asyncio.run(_found(settings, url))
    if isinstance(done, FetchFailed):
        raise FeedError(_sentence(url, done))
    _tell_of_rest(url, done)
    if as_json:
        for number, one in enumerate(done.found, 1):
            click.echo(json.dumps(_as_json(number, one, polled), ensure_ascii=False))
    elif done.found:
        console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
        console.print(_table(done.found, polled))
    if not done.found:
        raise FeedError(f"no feed was found at {shown_url(url)}; {_LOOKED_FOR}")
    if add:
        _add(config, done.found, add)
    elif not as_json:
        _tell_how(config, done.found)


def _settings(config: Path) -> Settings | None:
    """The settings; none where nobody named a file and there is none yet."""
    source = click.get_current_context().find_root().get_parameter_source("config")
    if source is click.core.ParameterSource.DEFAULT and not config.exists():
        return None
    return load_settings(config, os.environ)


async def _found(settings: Settings | None, url: str) -> Discovery | FetchFailed:
    fetch = settings.fetch if settings else FetchSettings()
    reader = FeedReader(fetch, settings.outlet_titles() if settings else {})
    try:
        return await find(reader, url, settings.polling if settings else PollingSettings(), _progress())
    finally:
        await reader.close()


def _progress() -> Callable[[str], None]:
    """Says what is asked for, where a person waits for it."""
    shown = sys.stderr.isatty()
    return lambda url: click.echo(f"asking {shown_url(url)}", err=True) if shown else None


def _web_url(url: str) -> str:
    try:
        return web_url(url)
    except ValueError as error:
        raise click.UsageError(f"{shown_url(url)}: {error}") from error


def _sentence(url: str, failure: FetchFailed) -> str:
    hint = ""
    if failure.kind is FetchErrorKind.ADDRESS:
        hint = (
            "; addresses of private networks are refused unless fetch.allow_private in the settings has their network"
        )
    wait = f"; it asks to wait for {failure.retry_after.total_seconds():.0f} s" if failure.retry_after else ""
    return f"{shown_url(url)}: {failure.kind}: {failure.detail}{hint}{wait}"


def _tell_of_rest(url: str, done: Discovery) -> None:
    """What was named and is no feed, and what was not looked at."""
    for lead, why in done.failed:
        name = "" if lead.url == url else f"{shown_url(lead.url)} ({lead.where}): "
        click.echo(f"no feed: {name}{why}", err=True)
    if done.left_out:
        click.echo(f"{done.left_out} more addresses were named and not looked at", err=True)
    if done.hub is not None:
        click.echo(f"the page itself names the hub {shown_url(done.hub.url)}", err=True)


def _table(found: Sequence[FoundFeed], polled: Mapping[str, str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("", "title", "kind", "language", "articles", "newest", "hub", "address", "named by"):
        table.add_column(heading, overflow="fold", justify="right" if heading in {"", "articles"} else "left")
    for number, one in enumerate(found, 1):
        cells = (
            str(number),
            one.title,
            one.feed.format,
            one.lang or "",
            str(len(one.feed.articles)),
            f"{one.newest:%Y-%m-%d %H:%M}" if one.newest else "",
            "yes" if one.hub else "",
            shown_url(one.url),
            one.where.value + (f"; polled as {polled[one.url]}" if one.url in polled else ""),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _as_json(number: int, one: FoundFeed, polled: Mapping[str, str]) -> dict[str, Any]:
    return {
        "number": number,
        "url": shown_url(one.url),
        "title": one.title or None,
        "kind": one.feed.format,
        "lang": one.lang,
        "articles": len(one.feed.articles),
        "newest": one.newest.isoformat() if one.newest else None,
        "hub": one.hub.url if one.hub else None,
        "named_by": one.where.value,
        "polled_as": polled.get(one.url),
        "warnings": one.feed.warnings,
    }


# ── Taking them up ────────────────────────────────────────────────────────────────────────────────────────────────────


def _tell_how(config: Path, found: Sequence[FoundFeed]) -> None:
    """Lines for the settings file. An address with a secret is not shown, so it has none."""
    click.echo(f"\nTo poll them, run this again with --add N, or put these lines under feeds: in {config}:")
    for one in found:
        if shown_url(one.url) == one.url:
            click.echo(f"  - {{url: {json.dumps(one.url, ensure_ascii=False)}}}")


def _add(config: Path, found: Sequence[FoundFeed], numbers: Sequence[str]) -> None:
    chosen = range(1, len(found) + 1) if _ALL in numbers else sorted({int(one) for one in numbers})
    if chosen[-1] > len(found):
        raise click.UsageError(f"there is no feed {chosen[-1]}: {len(found)} found")
    picked = [found[number - 1] for number in chosen]
    outlines = tuple(Outline(url=_web_url(one.url), title=one.title or None, lang=one.feed.lang) for one in picked)
    feed_lists.into_folder(config, Opml(Path(_LIST), outlines=outlines), None)
