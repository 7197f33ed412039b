"""Older pages of a feed (RFC 5005, JSON Feed 1.1): which address has them, and what stands there.

They are asked for only where a person wants a back-fill (`engine/backfill.py`), never by a poll. A page is got like the
feed itself, through the guarded client; the feed's credentials go with it only to the feed's own host.
"""

import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from monitor.feeds import links
from monitor.feeds.credentials import same_origin
from monitor.feeds.entries import web_link
from monitor.feeds.fetch import Fetched, fetch
from monitor.model import Article, Feed, FeedState, FetchErrorKind, FetchFailed, ParsedFeed
from monitor.net import GuardedClient
from monitor.settings import FetchSettings

_RELS: Final = ("prev-archive", "next")
"""Archives come first: they stay as they are, while what stands on the next page moves with each new article."""
_NOTHING_KNOWN: Final = FeedState(next_due=datetime.min.replace(tzinfo=UTC))

Parse = Callable[[Feed, bytes, str | None], Awaitable[ParsedFeed | FetchFailed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderPage:
    """One page of a feed."""

    articles: tuple[Article, ...]
    url: str
    """Where it came from at last."""
    older: str | None
    """Where the articles before these stand."""
    body_hash: str


async def read_page_of(
    client: GuardedClient, parse: Parse, feed: Feed, url: str, settings: FetchSettings
) -> OlderPage | FetchFailed:
    """Get and read a page of a feed; the address of the feed itself is its first page."""
    asked = dataclasses.replace(feed, url=_with_credentials(url, feed.url))
    fetched = await fetch(client, asked, _NOTHING_KNOWN, settings)
    if isinstance(fetched, FetchFailed):
        return fetched
    if not isinstance(fetched, Fetched):
        return FetchFailed(kind=FetchErrorKind.PROTOCOL, detail="not modified, which nobody asked for")
    parsed = await parse(dataclasses.replace(feed, url=fetched.url), fetched.body, fetched.content_type)
    if isinstance(parsed, FetchFailed):
        return parsed
    older = older_of(fetched.body, content_type=fetched.content_type, link=fetched.link, url=fetched.url)
    return OlderPage(articles=parsed.articles, url=fetched.url, older=older, body_hash=fetched.body_hash)


def older_of(body: bytes, *, content_type: str | None, link: str | None, url: str) -> str | None:
    """The address of the older articles that a document from `url` names; None if it names none."""
    found: dict[str, str] = {}
    for rel, address in _named(body, content_type, link):
        target = web_link(address, base=url)
        if target is not None:
            found.setdefault(rel, target)
    return next((found[rel] for rel in _RELS if rel in found), None)


def _named(body: bytes, content_type: str | None, link: str | None) -> Iterator[tuple[str, str]]:
    """The document's own links before those of the answer."""
    if links.is_json(body):
        yield "next", _next_url(body)
    else:
        for said in links.of_head(body, content_type):
            for rel in said.get("rel", "").lower().split():
                yield rel, said.get("href", "")
    for said in links.of_header(link or ""):
        for rel in said.get("rel", "").lower().split():
            yield rel, said["href"]


def _next_url(body: bytes) -> str:
    try:
        feed: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    url = feed.get("next_url")
    return url if isinstance(url, str) else ""


def _with_credentials(url: str, own: str) -> str:
    """The address of a page, with the name and password of the feed's own address if it is of the same host and port."""
    userinfo, at, _ = urlsplit(own).netloc.rpartition("@")
    if not at or not same_origin(own, url):
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc.rpartition('@')[2]}"))
