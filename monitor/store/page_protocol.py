"""The part of the Store protocol for pages of articles: which are to be read, and what came of it.

Apart from `store.protocol`, whose rules hold here as well: a page is claimed under a lease, and what was read is recorded
in one transaction with its hits and alerts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model import Article, Feed, Lease, Match, Severity, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class PageClaim:
    """A page that this worker may read now, with all that is known of its article."""

    article_id: int
    article: Article
    """As stored, with what the feed says as its text."""
    feed: Feed
    feed_title: str | None
    first_seen: datetime
    revision: int
    attempts: int
    """How often it was tried before."""
    hits: Mapping[str, Severity]
    """The article's hits that stand, by rule."""
    story: str
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What reading a page changes, in one transaction, which also gives its lease back.

    With `article` the page was read: its text becomes the article's, and what stood there is kept as a revision; its
    `text_hash` stays that of what the feed says, by which a poll knows it again. Without it the page is tried again
    at `next_attempt`, or never.
    """

    article_id: int
    lease: Lease
    now: datetime
    article: Article | None = None
    source: str | None = None
    """The address that the text came from."""
    matches: tuple[Match, ...] = ()
    dropped: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    """What waits for subscribers because of it."""
    next_attempt: datetime | None = None
    error: str | None = None
    host_pause: timedelta = timedelta()
    """No other page of the same host is read sooner than this from `now`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPage:
    """What the transaction really inserted. A text that is the one the article has already inserts nothing."""

    hits: int = 0
    waiting: int = 0


class PageStore(Protocol):
    """Keeps which pages are to be read."""

    async def claim_pages(
        self,
        worker: str,
        now: datetime,
        limit: int,
        lease: timedelta,
        *,
        shards: Collection[int] | None = None,
    ) -> tuple[PageClaim, ...]:
        """Lease up to `limit` pages that are due, of feeds that are switched on, the newest articles first; of one host
        at most one at a time, and of hosts in these `shards`.
        """

    async def record_page(self, record: PageRecord) -> RecordedPage:
        """Record what came of reading a page. Raises LeaseLost."""

    async def pages(self) -> Mapping[str, int]:
        """How many pages are `pending`, `read` and `given_up`."""
