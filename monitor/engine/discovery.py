"""Which feeds an address leads to, each proved by getting and reading it.

    look at the address ► its leads in order, one request at a time, each host with its pause ► those that are feeds

What is asked for was named by the address itself, by a page there, or by a sitemap that it named: never a guess. Nothing is
stored. Bounded in requests; the bounds of each request are the client's.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urldefrag, urlsplit

from monitor.engine.hosts import Turnstile
from monitor.feeds import FeedReader
from monitor.feeds.announced import Lead, Where
from monitor.feeds.discovery import Looked
from monitor.model import FetchFailed, Hub, ParsedFeed
from monitor.settings import PollingSettings

MOST: Final = 20
"""Addresses that are asked for beside the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed that was found, got and read."""

    url: str
    where: Where
    name: str
    """What the page calls it."""
    feed: ParsedFeed
    hub: Hub | None

    @property
    def title(self) -> str:
        """Its own title, else what the page calls it."""
        return self.feed.title or self.name

    @property
    def lang(self) -> str | None:
        """What the feed says, else what most of its articles are in."""
        langs = Counter(article.lang for article in self.feed.articles if article.lang)
        return self.feed.lang or next((lang for lang, _ in langs.most_common(1)), None)

    @property
    def newest(self) -> datetime | None:
        """When its newest article was published, as it says."""
        return max((article.published for article in self.feed.articles if article.published), default=None)


@dataclass(slots=True, kw_only=True)
class Discovery:
    """What an address led to."""

    found: list[FoundFeed] = field(default_factory=list)
    failed: list[tuple[Lead, str]] = field(default_factory=list)
    """What was named and is no feed, with the reason."""
    left_out: int = 0
    """Addresses that were named and not looked at, since there were too many."""
    hub: Hub | None = None
    """The hub that the page itself names."""


async def discover(
    reader: FeedReader, url: str, polling: PollingSettings, tell: Callable[[str], None]
) -> Discovery | FetchFailed:
    """Find the feeds that an address leads to; `tell` is given each address that is asked for."""
    hosts = Turnstile(time.monotonic)

    async def look(address: str) -> Looked | FetchFailed:
        tell(address)
        async with hosts.visit(urlsplit(address).hostname or "", polling):
            return await reader.look(address)

    first = await look(url)
    if isinstance(first, FetchFailed):
        return first
    done = Discovery(left_out=first.left_out, hub=None if first.feed else first.hub)
    search = _Search(done, url)
    search.take(Lead(url=url, where=Where.ITSELF), first)
    while (lead := search.next()) is not None:
        search.take(lead, await look(lead.url))
    return done


class _Search:
    """The leads that are left, and what was seen."""

    def __init__(self, done: Discovery, url: str) -> None:
        self._done = done
        self._left: deque[Lead] = deque()
        self._asked = {_plain(url)}
        self._count = 0
        self._bodies: set[str | None] = set()

    def next(self) -> Lead | None:
        """The next address to ask for."""
        while self._left:
            lead = self._left.popleft()
            if _plain(lead.url) in self._asked:
                continue
            if self._count == MOST:
                self._done.left_out += 1
                continue
            self._count += 1
            self._asked.add(_plain(lead.url))
            return lead
        return None

    def take(self, lead: Lead, looked: Looked | FetchFailed) -> None:
        """Take what an address came to: a feed, more leads, or neither."""
        if isinstance(looked, FetchFailed):
            self._done.failed.append((lead, looked.detail))
        elif looked.feed is not None:
            self._keep(lead, looked, looked.feed)
        elif lead.where is Where.ITSELF:
            self._left.extend(looked.leads)
        elif lead.where is Where.SITEMAP and looked.leads:
            # One level: an index that an index names is not opened.
            self._done.left_out += looked.left_out
            self._left.extend(looked.leads)
        else:
            what = "another index of sitemaps" if lead.where is Where.INDEX and looked.leads else "a web page"
            self._done.failed.append((lead, f"this is {what}, not a feed"))

    def _keep(self, lead: Lead, looked: Looked, feed: ParsedFeed) -> None:
        """One document at two addresses is one feed: the first."""
        self._asked |= {_plain(looked.url), _plain(looked.came_from)}
        if feed.body_hash in self._bodies:
            return
        self._bodies.add(feed.body_hash)
        found = FoundFeed(url=looked.url, where=lead.where, name=lead.title, feed=feed, hub=looked.hub)
        self._done.found.append(found)


def _plain(url: str) -> str:
    """The address as it is asked for: without a fragment."""
    return urldefrag(url).url
