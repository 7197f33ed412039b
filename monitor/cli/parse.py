"""`monitor parse`: what the monitor makes of one feed or document, without storing anything."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import click

from monitor.feeds import FeedReader
from monitor.model import Article, Feed, FeedKind, FeedState, FetchErrorKind, FetchFailed, PollOutcome
from monitor.settings import FetchSettings, Network
from monitor.shown import shown_url


class _NetworkType(click.ParamType[Network]):
    name = "network"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Network:
        """An address with a mask, as `10.0.0.0/8`."""
        try:
            return ip_network(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("source", metavar="FILE|URL|-")
@click.option("--allow-private", multiple=True, type=_NetworkType(), help="A private network that may be dialled.")
def parse(source: str, allow_private: tuple[Network, ...]) -> None:
    """Print the articles of a feed as JSON lines; warnings go to standard error.

    A FILE's ending says what it is, as in a folder that is polled; anything else is taken for a feed. A folder is read
    as a folder that is polled. `-` reads a feed from standard input.
    """
    settings = FetchSettings(allow_private=allow_private)
    outcome = asyncio.run(_read(_feed(source), _bytes(source), Path(source).name, settings))
    if isinstance(outcome, FetchFailed):
        raise click.ClickException(f"{shown_url(source)}: {outcome.kind}: {outcome.detail}")
    for warning in getattr(outcome, "warnings", ()):
        click.echo(f"warning: {warning}", err=True)
    for article in getattr(outcome, "articles", ()):
        click.echo(json.dumps(_shown(article), ensure_ascii=False))


def _feed(source: str) -> Feed:
    if source.startswith(("http://", "https://")):
        return Feed(id="parse", url=source)
    return Feed(id="parse", url=str(Path(source).resolve()), kind=FeedKind.DIRECTORY)


def _bytes(source: str) -> bytes | None:
    """The bytes of a file or of standard input; None for what the reader gets by itself."""
    path = Path(source)
    if source.startswith(("http://", "https://")) or path.is_dir():
        return None
    try:
        return sys.stdin.buffer.read() if source == "-" else path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{source}: {FetchErrorKind.READ}: {error.strerror}") from error


async def _read(feed: Feed, data: bytes | None, name: str, settings: FetchSettings) -> PollOutcome:
    reader = FeedReader(settings, {})
    try:
        if data is None:
            return await reader.poll(feed, FeedState(next_due=datetime.now(UTC)))
        return await reader.parse(feed, data, name=name)
    finally:
        await reader.close()


def _shown(article: Article) -> dict[str, object]:
    return {
        "id": article.guid or article.url or article.key,
        "key": article.key,
        "guid": article.guid,
        "title": article.title,
        "url": article.url,
        "published": article.published.isoformat() if article.published else None,
        "author": article.author,
        "lang": article.lang,
        "lang_detected": article.lang_detected,
        "outlet": article.outlet,
        "categories": article.categories,
        "body": article.body,
    }
