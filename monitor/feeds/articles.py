"""Entries of a document to articles of a feed: identity, outlet, language. Pure."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from monitor.feeds.entries import Entry, Reading
from monitor.feeds.languages import contradicts
from monitor.keys import article_key, text_hash
from monitor.model import Article, Feed

SINGLE_FORMATS: Final = frozenset({"text", "markdown", "html", "mail"})
"""Documents that are one article; its identity is the file's name."""

_TRACKING = re.compile(r"(?:utm_[a-z_]+|fbclid|gclid)(?:=|\Z)", re.IGNORECASE)


def make_articles(
    feed: Feed, reading: Reading, outlets: Mapping[str, str], *, name: str = "", changed: datetime | None = None
) -> tuple[Article, ...]:
    """The articles of a reading. `name` and `changed` are those of the file, when it was one of a folder."""
    single = reading.format in SINGLE_FORMATS
    shared = () if single else _shared_guids(reading.entries)
    articles: list[Article] = []
    for entry in reading.entries:
        guid = name if single and name else entry.guid
        url = canonical(entry.url)
        identity = f"{guid} {url}" if guid in shared else guid
        said = entry.lang or _said_of(feed, entry) or (None if entry.detected else reading.lang)
        lang = said or entry.detected
        published = entry.published or (changed if single else None)
        articles.append(
            Article(
                key=article_key(feed.id, guid=identity, url=url, title=entry.title, published=published),
                feed_id=feed.id,
                guid=guid,
                url=entry.url,
                title=entry.title,
                body=entry.body,
                author=entry.author,
                categories=entry.categories,
                lang=lang,
                lang_detected=lang is not None and said is None,
                outlet=_outlet(feed, entry, reading, outlets),
                published=published,
                text_hash=text_hash(entry.title, entry.body),
            )
        )
    return tuple(articles)


def _said_of(feed: Feed, entry: Entry) -> str | None:
    """What the operator says of the feed, unless the text is plainly in another script."""
    return None if feed.lang is None or contradicts(feed.lang, f"{entry.title} {entry.body[:1000]}") else feed.lang


def canonical(url: str | None) -> str | None:
    """The URL without fragment and tracking parameters: what identifies an article that has no guid."""
    if url is None:
        return None
    address, mark, query = url.partition("#")[0].partition("?")
    kept = [pair for pair in query.split("&") if pair and not _TRACKING.match(pair)]
    return address + mark + "&".join(kept) if kept else address


def _shared_guids(entries: Sequence[Entry]) -> frozenset[str]:
    """Guids that stand at more than one address in one document. Such a guid identifies nothing: without the address one
    article would hide all others.
    """
    addresses: dict[str, set[str | None]] = defaultdict(set)
    for entry in entries:
        if entry.guid:
            addresses[entry.guid].add(canonical(entry.url))
    return frozenset(guid for guid, urls in addresses.items() if len(urls) > 1)


def _outlet(feed: Feed, entry: Entry, reading: Reading, outlets: Mapping[str, str]) -> str | None:
    """What the operator says, else what the entry says, else the name of the feed."""
    if feed.outlet:
        return outlets.get(feed.outlet, feed.outlet)
    return entry.outlet or feed.title or reading.title
