"""`FeedReader`: the one door of feeds. Fetch, hash, parse, make articles; every failure is a value."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from monitor.feeds import canary, sieve
from monitor.feeds.articles import make_articles
from monitor.feeds.directory import FoundFile, list_folder, read_file
from monitor.feeds.discovery import Looked, look
from monitor.feeds.endings import ENDINGS
from monitor.feeds.entries import Document, Unreadable, Warnings
from monitor.feeds.fetch import fetch
from monitor.feeds.full_text import read_page
from monitor.feeds.paging import OlderPage, read_page_of
from monitor.feeds.pool import ParsePool
from monitor.feeds.websub import discover, tell_hub
from monitor.keys import body_hash
from monitor.model import (
    Article,
    Feed,
    FeedKind,
    FeedState,
    FetchErrorKind,
    FetchFailed,
    NotModified,
    PageOutcome,
    ParsedFeed,
    PollOutcome,
    Validators,
)
from monitor.net import GuardedClient, Resolver
from monitor.settings import FetchSettings
from monitor.shown import shown_url

_MAX_FOLDER_BYTES = 100_000_000
_T = TypeVar("_T")


class FeedReader:
    """Reads feeds. `outlets` are the names of publications by id; `resolver` is a seam for tests.

    Make it in any thread, use it in one event loop, close it there.
    """

    def __init__(self, fetch: FetchSettings, outlets: Mapping[str, str], *, resolver: Resolver | None = None) -> None:
        self._settings, self._outlets = fetch, outlets
        self._client = GuardedClient(
            user_agent=fetch.user_agent,
            allow_private=fetch.allow_private,
            ca_file=fetch.ca_file,
            connect_timeout=fetch.connect_timeout.total_seconds(),
            max_header_bytes=fetch.max_header_bytes,
            resolver=resolver,
        )
        self._pool = ParsePool(fetch)

    async def poll(self, feed: Feed, state: FeedState, *, answered: Callable[[], None] = lambda: None) -> PollOutcome:
        """Fetch and parse a feed. Never raises but for cancellation. `answered` is called between the two."""
        return await _guarded("feed_fault", self._poll(feed, state, answered), feed=feed.id)

    async def parse(
        self, feed: Feed, data: bytes, *, content_type: str | None = None, name: str = ""
    ) -> ParsedFeed | FetchFailed:
        """Parse bytes as if they had come from the feed. The ending of `name` says what they are; without one they
        are a feed.
        """
        base = feed.url if feed.kind is FeedKind.HTTP else ""
        document = self._document(data, content_type=content_type, name=name, base=base)
        try:
            reading = await self._pool.read(document)
        except Unreadable as error:
            return FetchFailed(kind=FetchErrorKind.PARSE, detail=str(error))
        return ParsedFeed(
            articles=make_articles(feed, reading, self._outlets, name=name),
            title=reading.title,
            lang=reading.lang,
            format=reading.format,
            warnings=reading.warnings,
            body_hash=body_hash(data),
        )

    async def page(self, url: str, *, answered: Callable[[], None] = lambda: None) -> PageOutcome:
        """Read the text of an article's page. Never raises but for cancellation. `answered` is as with `poll`."""
        return await _guarded("page_fault", read_page(self._client, self._pool, url, self._settings, answered))

    async def look(self, url: str) -> Looked | FetchFailed:
        """See what an address leads to: a feed, or where feeds are. Never raises but for cancellation."""
        return await _guarded("look_fault", look(self._client, self._parse, url, self._settings))

    async def page_of(self, feed: Feed, url: str) -> OlderPage | FetchFailed:
        """Read a page of a feed: its own address, or one that has older articles. Never raises but for cancellation."""
        return await _guarded("page_fault", read_page_of(self._client, self._parse, feed, url, self._settings))

    async def tell_hub(self, hub: str, form: Mapping[str, str]) -> FetchFailed | None:
        """Ask a WebSub hub for something; None when it took the request."""
        return await tell_hub(self._client, hub, form, self._settings)

    async def close(self) -> None:
        """Close connections and end the parser's processes."""
        await self._pool.close()
        await self._client.close()

    async def _parse(self, feed: Feed, data: bytes, content_type: str | None) -> ParsedFeed | FetchFailed:
        return await self.parse(feed, data, content_type=content_type)

    def _document(self, data: bytes, *, content_type: str | None, name: str, base: str) -> Document:
        return Document(
            data=data, name=name, content_type=content_type, base=base, max_entries=self._settings.max_entries
        )

    async def _poll(self, feed: Feed, state: FeedState, answered: Callable[[], None]) -> PollOutcome:
        if feed.kind is FeedKind.DIRECTORY:
            return await self._poll_folder(feed, state)
        if feed.kind is FeedKind.CANARY:
            return await self.parse(feed, canary.document(datetime.now(UTC)))
        return await self._poll_address(feed, state, answered)

    async def _poll_address(self, feed: Feed, state: FeedState, answered: Callable[[], None]) -> PollOutcome:
        fetched = await fetch(self._client, feed, state, self._settings)
        answered()
        if isinstance(fetched, NotModified | FetchFailed):
            return fetched
        document = self._document(fetched.body, content_type=fetched.content_type, name="", base=fetched.url)
        try:
            sieved = await sieve.read(self._pool, document, state.fingerprints, kind=state.pace.format)
        except Unreadable as error:
            # What was stopped is worth another try, so the next request is not conditional on this answer. New items that
            # cannot be read would be gone with it: there the whole document is asked for next time.
            kept = Validators() if fetched.partial else fetched.validators
            return FetchFailed(
                kind=FetchErrorKind.PARSE,
                detail=str(error),
                status=200,
                validators=None if error.passing else kept,
                body_hash=None if error.passing else fetched.body_hash,
                obstacle=fetched.obstacle,
            )
        reading = sieved.reading
        to = fetched.hints.moved_to
        moved = (f"the feed moved for good to {shown_url(to)}; use that address",) if to else ()
        return ParsedFeed(
            articles=make_articles(feed, reading, self._outlets),
            title=reading.title,
            lang=reading.lang,
            format=reading.format,
            warnings=reading.warnings + moved,
            validators=fetched.validators,
            body_hash=fetched.body_hash,
            wire_hash=fetched.wire_hash,
            fingerprints=sieved.fingerprints,
            listed=sieved.listed,
            hints=fetched.hints,
            partial=fetched.partial,
            hub=discover(fetched.body, content_type=fetched.content_type, link=fetched.link, url=fetched.url),
        )

    # ── Folders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _poll_folder(self, feed: Feed, state: FeedState) -> PollOutcome:
        try:
            listing = await asyncio.to_thread(list_folder, feed.url, ENDINGS)
        except OSError as error:
            return FetchFailed(kind=FetchErrorKind.READ, detail=f"the folder cannot be read: {error.strerror}")
        if listing.digest == state.body_hash:
            return NotModified(validators=Validators(), status=200)
        warnings = Warnings()
        for sentence in listing.warnings:
            warnings.add(sentence)
        articles: list[Article] = []
        complete = True
        for file in self._chosen(listing.files, warnings):
            try:
                articles += await self._read_file(feed, file, warnings)
            except OSError as error:
                warnings.add(f"{file.name!r} cannot be read: {error.strerror}")
            except Unreadable as error:
                complete = complete and not error.passing
                warnings.add(f"{file.name!r}: {error}")
        return ParsedFeed(
            articles=tuple(articles),
            title=feed.title,
            format="directory",
            warnings=warnings.all(),
            # Without a hash the next poll reads the folder again: what failed in passing is not lost.
            body_hash=listing.digest if complete else None,
        )

    def _chosen(self, files: tuple[FoundFile, ...], warnings: Warnings) -> tuple[FoundFile, ...]:
        """The newest files within the bounds of one poll, by name."""
        limit = self._settings.max_entries
        kept: list[FoundFile] = []
        size = 0
        for file in sorted(files, key=lambda one: one.mtime_ns, reverse=True):
            size += file.size
            if len(kept) == limit or size > _MAX_FOLDER_BYTES:
                warnings.add(
                    f"the folder holds more than {limit} files or {_MAX_FOLDER_BYTES} bytes; older ones left out"
                )
                break
            kept.append(file)
        return tuple(sorted(kept, key=lambda one: one.name))

    async def _read_file(self, feed: Feed, file: FoundFile, warnings: Warnings) -> tuple[Article, ...]:
        """The articles of one file. Raises OSError and Unreadable."""
        data = await asyncio.to_thread(read_file, feed.url, file.name)
        name = file.name.encode("utf-8", "backslashreplace").decode()
        reading = await self._pool.read(self._document(data, content_type=None, name=name, base=""))
        for sentence in reading.warnings:
            warnings.add(f"{file.name!r}: {sentence}")
        # A feed file's own name stands for the publication, as it would at its address.
        origin = feed if feed.title or not reading.title else dataclasses.replace(feed, title=reading.title)
        return make_articles(origin, reading, self._outlets, name=name, changed=file.changed)


async def _guarded(event: str, work: Awaitable[_T], **fields: str) -> _T | FetchFailed:
    """What the work comes to; a fault of ours is a value too, with its trace in the log."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - the top of a unit of work: whatever it is, it is recorded
        structlog.get_logger().error(event, exc_info=error, **fields)
        return FetchFailed(kind=FetchErrorKind.INTERNAL, detail=f"a fault of this program: {type(error).__name__}")
