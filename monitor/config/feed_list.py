"""The `feeds` of the settings file: addresses, folders, and the lists of OPML files, as one set without doubles."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from monitor.config.document import Mapping, Node, Scalar, quoted
from monitor.config.draft import Draft
from monitor.config.opml import Outline, opml_files, read_opml
from monitor.config.settings_file import FeedEntry, OpmlEntry
from monitor.config.values import shown_duration, web_url
from monitor.model import Feed, FeedKind, FullText
from monitor.shown import shown_url

_LONGEST_SLUG = 60


def feed_id(address: str) -> str:
    """A stable id made from an address: words for people, and a hash that tells alike ones apart.

    User information and the query, where secrets stand, give no words.
    """
    if "://" in address:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
        words = f"{host}{parts.path}"
    else:
        words = address
    slug = re.sub("[^a-z0-9]+", "-", words.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(address.encode()).hexdigest()[:8]
    return f"{slug}-{digest}" if slug else digest


@dataclass(frozen=True, slots=True)
class _Listed:
    """A feed and where it was listed."""

    feed: Feed
    place: str


class _Listing:
    """The feeds so far."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._by_id: dict[str, _Listed] = {}
        self._by_url: dict[str, _Listed] = {}
        self.known_outlets = list(draft.model.outlets)

    def feeds(self) -> tuple[Feed, ...]:
        return tuple(one.feed for one in self._by_id.values())

    def add(self, feed: Feed, node: Node) -> None:
        """A feed of the settings file itself: doubles are faults."""
        draft = self._draft
        listed = _Listed(feed, f"line {draft.document.place(node.start)[0]}")
        same = self._by_id.get(feed.id)
        if same:
            what = f"the feed {quoted(feed.id)}" if same.feed.url != feed.url else "this feed"
            draft.fault(_value(node, "id"), f"{what} is listed in {same.place} already")
            return
        twin = self._by_url.get(feed.url)
        if twin:
            message = f"the feeds {quoted(feed.id)} and {quoted(twin.feed.id)} have the same address"
            draft.warn(node, f"{message}: it is polled twice")
        self._keep(feed, listed)

    def add_listed(self, feed: Feed, place: str) -> None:
        """A feed of an OPML file: one that is listed already is passed over with a warning."""
        same = self._by_url.get(feed.url) or self._by_id.get(feed.id)
        if same:
            self._draft.warnings.append(f"{place}: {shown_url(feed.url)} is listed already ({same.place}); passed over")
            return
        self._keep(feed, _Listed(feed, place))

    def _keep(self, feed: Feed, listed: _Listed) -> None:
        self._by_id[feed.id] = listed
        self._by_url.setdefault(feed.url, listed)


def build_feeds(draft: Draft) -> tuple[Feed, ...]:
    """All feeds, those of the settings file first; look at the draft's faults before using them."""
    listing = _Listing(draft)
    entries = tuple(zip(draft.model.feeds, draft.nodes.get("feeds", ()), strict=True))
    for entry, node in entries:
        if not isinstance(entry, OpmlEntry):
            feed = _feed(draft, FeedEntry(path=entry) if isinstance(entry, str) else entry, node, listing)
            if feed:
                listing.add(feed, node)
            else:
                draft.spoilt.add(("feeds", entry.id or "" if isinstance(entry, FeedEntry) else ""))
    for entry, node in entries:
        if isinstance(entry, OpmlEntry):
            _add_opml(draft, entry, node, listing)
    return listing.feeds()


def _feed(draft: Draft, entry: FeedEntry, node: Node, listing: _Listing) -> Feed | None:
    url, path = entry.url, entry.path
    if isinstance(node, Scalar) and path and "://" in path:  # the short form: an address or a folder
        try:
            url, path = web_url(path), None
        except ValueError as error:
            draft.fault(node, str(error))
            return None
    if (url is None) == (path is None):
        draft.fault(node, "a feed has either url or path" if url else "a feed needs url or path")
        return None
    if entry.outlet:
        draft.refer(_value(node, "outlet"), "outlets", entry.outlet, listing.known_outlets)
    _judge_period(draft, entry, node)
    address = url or str(draft.path(path or ""))
    if path and entry.full_text:
        draft.fault(
            _value(node, "full_text"), "full_text: a folder's documents are whole; only a feed with a url has pages"
        )
    if path is not None and not Path(address).is_dir():
        draft.fault(_value(node, "path"), f"the folder {quoted(path)} does not exist")
        return None
    return Feed(
        id=entry.id or feed_id(url or os.path.normpath(path or "")),
        url=address,
        kind=FeedKind.HTTP if url else FeedKind.DIRECTORY,
        title=entry.title,
        outlet=entry.outlet,
        lang=entry.lang,
        categories=tuple(dict.fromkeys(entry.category)),
        labels=MappingProxyType(dict(entry.labels)),
        every=entry.every,
        full_text=_full_text(draft, entry) if url else FullText.NEVER,
    )


def _full_text(draft: Draft, entry: FeedEntry | OpmlEntry) -> FullText:
    """What the entry says, else what is said for all."""
    return FullText(entry.full_text or draft.model.fetch.full_text)


def _judge_period(draft: Draft, entry: FeedEntry | OpmlEntry, node: Node) -> None:
    """A period below the floor has no effect, which its author should know."""
    floor = draft.model.polling.floor
    if entry.every and entry.every < floor:
        message = (
            f"every: {shown_duration(entry.every)} is less than polling.floor; polled each {shown_duration(floor)}"
        )
        draft.warn(_value(node, "every"), message)


def _add_opml(draft: Draft, entry: OpmlEntry, node: Node, listing: _Listing) -> None:
    place = draft.content_path(entry.opml)
    draft.watch(place)
    if entry.outlet:
        draft.refer(_value(node, "outlet"), "outlets", entry.outlet, listing.known_outlets)
    _judge_period(draft, entry, node)
    if not place.exists():
        draft.fault(_value(node, "opml"), f"the OPML file or folder {quoted(entry.opml)} does not exist")
        draft.spoilt.add(("feeds", ""))
        return
    files = opml_files(place)
    if not files:
        draft.warn(_value(node, "opml"), f"the folder {quoted(entry.opml)} has no .opml file yet")
    for file in files:
        draft.watch(file)
        opml = read_opml(file)
        draft.warnings.extend(opml.warnings)
        if opml.fault:
            draft.faults.append(opml.fault)
            draft.spoilt.add(("feeds", ""))
        for outline in opml.outlines:
            listing.add_listed(_from_outline(outline, entry, _full_text(draft, entry)), f"{file}:{outline.line}")


def _from_outline(outline: Outline, entry: OpmlEntry, full_text: FullText) -> Feed:
    return Feed(
        id=feed_id(outline.url),
        url=outline.url,
        title=outline.title,
        outlet=entry.outlet,
        lang=outline.lang or entry.lang,
        categories=outline.categories,
        labels=MappingProxyType(dict(entry.labels)),
        every=entry.every,
        full_text=full_text,
    )


def _value(node: Node, key: str) -> Node:
    return (node.get(key) if isinstance(node, Mapping) else None) or node
