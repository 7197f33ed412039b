"""Pages of articles in SQLite: what is to be read, its claims, and what came of it. Functions work inside their caller's
transaction; `Pages` is the part of the store that runs them.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.errors import LeaseLost
from monitor.keys import shard_of
from monitor.model import Lease
from monitor.store.page_protocol import PageClaim, PageRecord, RecordedPage
from monitor.store.protocol import PollRecord, RecordedPoll
from monitor.store.sql import polls, pushes, values, waiting
from monitor.store.sql.feeds import LONGEST
from monitor.store.sql.polls import gone, insert_hits, replace_text
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row, stamp


class Pages:
    """The methods of `store.page_protocol.PageStore`."""

    async def claim_pages(
        self: Transactions,
        worker: str,
        now: datetime,
        limit: int,
        lease: timedelta,
        *,
        shards: Collection[int] | None = None,
    ) -> tuple[PageClaim, ...]:
        """Lease pages that are due."""
        return await self._write(lambda db: claim(db, worker, now, limit, lease, shards))

    async def record_page(self: Transactions, record: PageRecord) -> RecordedPage:
        """Record what came of reading a page."""
        return await self._write(lambda db: record_page(db, record))

    async def pages(self: Transactions) -> Mapping[str, int]:
        """How many pages there are in each state."""
        return await self._read(
            lambda db: {
                row["state"]: row["n"] for row in db.execute("SELECT state, count(*) AS n FROM pages GROUP BY 1")
            }
        )


def record_poll(db: Row, poll: PollRecord) -> RecordedPoll:
    """All that a poll changes, with the pages that it wants read and the hub that it found. Raises LeaseLost."""
    recorded, written = polls.record(db, poll)
    if poll.pages:
        ask(db, [written[key] for key in poll.pages if key in written], poll.now)
    if poll.hubs is not None:
        pushes.note(db, poll.feed_id, poll.hubs[0] if poll.hubs else None, poll.now)
    return recorded


def ask(db: Row, article_ids: Iterable[int], now: datetime) -> None:
    """Have the pages of these articles read, anew if they were read before."""
    rows = [
        db.execute("SELECT id, url FROM articles WHERE id = ? AND url IS NOT NULL", (number,)).fetchone()
        for number in article_ids
    ]
    db.executemany(
        "INSERT INTO pages (article_id, host, shard, state, next_attempt) VALUES (?, ?, ?, 'pending', ?) "
        # A reading that is under way is of the text before, and must not be recorded.
        "ON CONFLICT (article_id) DO UPDATE SET host = excluded.host, shard = excluded.shard, state = 'pending', attempts = 0, "
        "next_attempt = excluded.next_attempt, last_error = NULL, lease_worker = NULL, lease_until = NULL, "
        "lease_token = lease_token + 1",
        [
            (row["id"], urlsplit(row["url"]).hostname or "", shard_of(row["url"]), stamp(now))
            for row in rows
            if row is not None
        ],
    )


def claim(
    db: Row, worker: str, now: datetime, limit: int, lease: timedelta, shards: Collection[int] | None
) -> tuple[PageClaim, ...]:
    """Lease pages: of each host the newest that is due, unless one of that host is being read."""
    db.alone("pages")  # else two workers would each find a page of the same host free
    until = now + lease
    of_shards = (
        "" if shards is None else " AND p.shard IN (SELECT CAST(value AS BIGINT) FROM json_each(CAST(:shards AS TEXT)))"
    )
    free = "(p.lease_until IS NULL OR p.lease_until <= :now OR p.lease_until > :longest)"
    rows = db.execute(
        "UPDATE pages SET lease_worker = :worker, lease_until = :until, lease_token = lease_token + 1 "
        "WHERE article_id IN ("
        " SELECT max(p.article_id) FROM pages p JOIN articles a ON a.id = p.article_id"
        " JOIN feeds f ON f.id = a.feed_id AND f.active = 1"
        f" WHERE p.state = 'pending' AND p.next_attempt <= :now AND {free}{of_shards} AND NOT EXISTS ("
        "  SELECT 1 FROM pages q WHERE q.state = 'pending' AND q.host = p.host"
        "  AND q.lease_until > :now AND q.lease_until <= :longest)"
        " GROUP BY p.host ORDER BY 1 DESC LIMIT :limit) RETURNING article_id, lease_token",
        {
            "worker": worker,
            "until": stamp(until),
            "now": stamp(now),
            "longest": stamp(now + LONGEST),
            "limit": limit,
        }
        | ({} if shards is None else {"shards": json.dumps(sorted(shards))}),
    ).fetchall()
    return tuple(
        _claim(db, row["article_id"], Lease(worker=worker, token=row["lease_token"], until=until)) for row in rows
    )


def _claim(db: Row, article_id: int, lease: Lease) -> PageClaim:
    row = db.execute(
        "SELECT a.*, p.attempts, f.own_title, "
        " (SELECT json_group_object(rule_id, severity) FROM hits h WHERE h.article_id = a.id AND withdrawn_at IS NULL) AS standing "
        "FROM pages p JOIN articles a ON a.id = p.article_id JOIN feeds f ON f.id = a.feed_id WHERE a.id = ?",
        (article_id,),
    ).fetchone()
    feed = values.feed(db.execute("SELECT * FROM feeds WHERE id = ?", (row["feed_id"],)).fetchone())
    return PageClaim(
        article_id=article_id,
        article=values.article(row),
        feed=feed,
        feed_title=feed.title or row["own_title"],
        first_seen=values.time(row["first_seen"]),
        revision=row["revision"],
        attempts=row["attempts"],
        hits=values.standing(row["standing"]),
        story=row["story"] or row["key"],
        lease=lease,
    )


def record_page(db: Row, page: PageRecord) -> RecordedPage:
    """What came of reading a page. Raises LeaseLost before anything is written."""
    state = "read" if page.article else "pending" if page.next_attempt else "given_up"
    fenced = db.execute(
        "UPDATE pages SET state = ?, attempts = attempts + 1, next_attempt = coalesce(?, next_attempt), read_at = coalesce(?, read_at), "
        "source = coalesce(?, source), last_error = ?, lease_worker = NULL, lease_until = NULL "
        "WHERE article_id = ? AND lease_token = ? AND lease_worker = ?",
        (
            state,
            values.stamp_or_none(page.next_attempt),
            stamp(page.now) if page.article else None,
            values.text_or_none(page.source),
            values.text_or_none(page.error),
            page.article_id,
            page.lease.token,
            page.lease.worker,
        ),
    )
    if fenced.rowcount != 1:
        raise LeaseLost(f"the lease of the page of article {page.article_id} went to another worker")
    db.execute(
        "UPDATE pages SET next_attempt = ? WHERE state = 'pending' AND next_attempt < ? "
        "AND host = (SELECT host FROM pages WHERE article_id = ?)",
        (stamp(page.now + page.host_pause), stamp(page.now + page.host_pause), page.article_id),
    )
    if page.article is None:
        return RecordedPage()
    row = db.execute(
        "SELECT id, revision, title, body, text_hash FROM articles WHERE id = ?", (page.article_id,)
    ).fetchone()
    if row["body"] == values.text(page.article.body):
        return RecordedPage()
    number = replace_text(db, row, page.article, gone(page.dropped, page.matches), page.now)
    written = {page.article.key: (page.article_id, number)}
    hits = insert_hits(db, [(page.article.key, page.matches, written)], page.now)
    return RecordedPage(hits=hits, waiting=waiting.insert(db, page.waiting, written))


def release(db: Row, worker: str | None) -> int:
    """Give back the leases of a worker, or all."""
    return int(
        db.execute(
            "UPDATE pages SET lease_worker = NULL, lease_until = NULL "
            "WHERE lease_until IS NOT NULL AND (CAST(? AS TEXT) IS NULL OR lease_worker = ?)",
            (worker, worker),
        ).rowcount
    )
