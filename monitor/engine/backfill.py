"""Back-fill: the older articles of a feed, page by page, because a person asked for them.

    the feed's own document ► its older page ► store and match what is not known ► the page before that ► …

Never part of a poll. What the feed's own document has is left to its next poll, which tells of it. Older articles are stored
with their hits, and nobody is told unless that is wished: they are not news. Each page is recorded in one transaction,
under a lease of the feed like a poll, and changes nothing of when the feed is polled and how it is; so a daemon may work on
the same store, and what a stopped back-fill has recorded stays.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urldefrag, urlsplit

from monitor import schedule
from monitor.config import Loaded
from monitor.engine import flow
from monitor.engine.alerts import waiting_for
from monitor.engine.hosts import Turnstile
from monitor.engine.parts import utc_now
from monitor.errors import FeedError, LeaseLost, StoreBusy
from monitor.feeds import FeedReader
from monitor.feeds.paging import OlderPage
from monitor.model import Article, Feed, FeedClaim, FeedState, FetchFailed
from monitor.shown import shown_url
from monitor.store.protocol import PollRecord, RecordedPoll, Store

LEASE: Final = timedelta(minutes=2)
"""For matching and recording one page; getting it needs no lease."""
_TRIES: Final = 60
_BARREN: Final = 2
"""So many pages in a row that bring nothing but what other pages had are the end: some hosts make pages for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a back-fill is to do."""

    pages: int
    """So many pages at most, the feed's own document aside."""
    since: datetime | None = None
    """Articles that were published before are left out; a page that has only such is the last."""
    alert: bool = False
    """Whether subscribers are told of hits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What came of one page."""

    number: int
    url: str
    articles: int
    """Those that no page before it had."""
    recorded: RecordedPoll
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Why a back-fill ended."""

    why: str
    failed: bool = False
    next_url: str | None = None
    """The page that would have been next."""


class Backfill:
    """One back-fill. `store` is open; `pause` is in seconds, between two tries to lease a feed that is being polled."""

    def __init__(
        self,
        loaded: Loaded,
        store: Store,
        reader: FeedReader,
        *,
        worker: str,
        clock: Callable[[], datetime] = utc_now,
        pause: float = 1.0,
    ) -> None:
        self._loaded, self._store, self._reader = loaded, store, reader
        self._worker, self._clock, self._pause = worker, clock, pause
        self._hosts = Turnstile(time.monotonic)
        self._seen: set[str] = set()
        self._asked: set[str] = set()
        self._bodies: set[str] = set()

    async def run(self, feed: Feed, state: FeedState, wishes: Wishes, tell: Callable[[Filled], None]) -> End:
        """Go back page by page; `tell` is given each page that was recorded. Raises FeedError, StoreError."""
        feed = schedule.at_its_address(feed, state)
        current = await self._page(feed, feed.url)
        if isinstance(current, FetchFailed):
            raise FeedError(f"{shown_url(feed.url)}: {_reason(current)}")
        if current.older is None:
            raise FeedError(
                f"{shown_url(feed.url)} names no older articles: no link with rel=prev-archive or rel=next (RFC 5005), "
                "no next_url of a JSON Feed"
            )
        self._fresh(current)
        return await self._back(feed, current, wishes, tell)

    async def _back(self, feed: Feed, page: OlderPage, wishes: Wishes, tell: Callable[[Filled], None]) -> End:
        barren = 0
        for number in range(1, wishes.pages + 1):
            url = page.older
            if url is None:
                break
            if urldefrag(url).url in self._asked:
                return End(why="the pages go round in a circle")
            if urlsplit(page.url).scheme == "https" != urlsplit(url).scheme:
                return End(why="the next page is not reached over https, as this one was", failed=True, next_url=url)
            found = await self._page(feed, url)
            if isinstance(found, FetchFailed):
                return End(why=f"page {number} failed: {_reason(found)}", failed=True, next_url=url)
            if found.body_hash in self._bodies:
                return End(why="the pages go round in a circle")
            page, fresh = found, self._fresh(found)
            tell(await self._record(feed, page, fresh, wishes, number))
            barren = 0 if fresh else barren + 1
            if barren == _BARREN:
                return End(why="the last pages had nothing that pages before them did not have")
            if fresh and wishes.since is not None and _all_before(fresh, wishes.since):
                return End(why="what comes now was published before --since")
        if page.older is None:
            return End(why="that was the oldest page")
        return End(why="as many pages were read as --pages says", next_url=page.older)

    async def _page(self, feed: Feed, url: str) -> OlderPage | FetchFailed:
        """Get a page when its host is free."""
        self._asked.add(urldefrag(url).url)
        async with self._hosts.visit(urlsplit(url).hostname or "", self._loaded.settings.polling):
            return await self._reader.page_of(feed, url)

    def _fresh(self, page: OlderPage) -> tuple[Article, ...]:
        """The articles that no page before had; they are had now."""
        self._bodies.add(page.body_hash)
        first = {article.key: article for article in reversed(page.articles)}
        fresh = tuple(article for key, article in reversed(first.items()) if key not in self._seen)
        self._seen |= first.keys()
        return fresh

    async def _record(
        self, feed: Feed, page: OlderPage, fresh: Sequence[Article], wishes: Wishes, number: int
    ) -> Filled:
        since = wishes.since
        kept = [one for one in fresh if since is None or one.published is None or one.published >= since]
        recorded = await self._record_leased(feed, kept, alert=wishes.alert) if kept else flow.NOTHING_RECORDED
        dates = [article.published for article in fresh if article.published]
        return Filled(
            number=number,
            url=page.url,
            articles=len(fresh),
            recorded=recorded,
            oldest=min(dates, default=None),
            newest=max(dates, default=None),
        )

    async def _record_leased(self, feed: Feed, articles: Sequence[Article], *, alert: bool) -> RecordedPoll:
        """Record articles under a lease of the feed, so that no poll records the same ones at the same time."""
        for _ in range(_TRIES):
            claim = await self._store.claim_pushed(feed.id, self._worker, self._clock(), LEASE)
            if claim is not None:
                try:
                    return await self._store.record_poll(await self._judged(claim, articles, alert=alert))
                except LeaseLost:
                    continue  # a daemon has started and taken all leases back
                except BaseException:
                    await self._store.give_back([claim])
                    raise
            await asyncio.sleep(self._pause)
        raise StoreBusy(f"{feed.id} is being polled or was removed; try again later")

    async def _judged(self, claim: FeedClaim, articles: Sequence[Article], *, alert: bool) -> PollRecord:
        """What is recorded of articles: those that are stored already stay as they are, since a newer text may be there."""
        known = await self._store.known(claim.feed.id, [article.key for article in articles])
        new = [article for article in articles if article.key not in known]
        now = self._clock()
        judged = await asyncio.to_thread(flow.judge, self._loaded, claim, new, {}, now=now)
        return PollRecord(
            feed_id=claim.feed.id,
            lease=claim.lease,
            now=now,
            state=claim.state,
            articles=judged.articles,
            waiting=waiting_for(
                self._loaded, self._loaded.settings.subscribers, claim.feed, judged.articles, {}, now=now
            )
            if alert
            else (),
        )


def _all_before(articles: Sequence[Article], since: datetime) -> bool:
    """Whether all that are dated were published before; without a date nothing is known."""
    dates = [article.published for article in articles if article.published]
    return bool(dates) and max(dates) < since


def _reason(failure: FetchFailed) -> str:
    wait = f"; it asks to wait for {failure.retry_after.total_seconds():.0f} s" if failure.retry_after else ""
    return f"{failure.kind}: {failure.detail}{wait}"
