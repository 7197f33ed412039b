"""Lists of feeds in SQLite: import, forget, pages. The functions work inside their caller's transaction."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from monitor.model import Feed, FeedCondition
from monitor.store.feed_lists import FeedFilter, FeedPage
from monitor.store.sql import values
from monitor.store.sql.values import Row, stamp

T = TypeVar("T")


def insert(db: Row, feeds: Sequence[Feed], now: datetime, first_due: Mapping[str, datetime]) -> int:
    """Add what is not polled yet."""
    listed = {row["url"] for row in db.execute("SELECT url FROM feeds WHERE active = 1 AND imported = 0")}
    rows = [
        (*values.feed_columns(feed).values(), stamp(first_due.get(feed.id, now)))
        for feed in feeds
        if feed.url not in listed
    ]
    if not rows:
        return 0
    names = list(values.feed_columns(feeds[0]))
    before = active(db)
    db.executemany(
        f"INSERT INTO feeds ({', '.join(names)}, next_due, imported) VALUES ({', '.join('?' * len(names))}, ?, 1) "
        "ON CONFLICT (id) DO UPDATE SET active = 1, imported = 1, title = excluded.title, "
        "categories = excluded.categories, next_due = excluded.next_due WHERE feeds.active = 0 AND feeds.url = excluded.url",
        rows,
    )
    return active(db) - before


def active(db: Row) -> int:
    """How many feeds are polled."""
    return int(db.execute("SELECT active FROM feed_tally WHERE id = 1").fetchone()[0])


def forget(db: Row, feed_ids: Sequence[str]) -> int:
    """Switch imported feeds off; a poll that is under way is recorded still."""
    return int(
        db.execute(
            "UPDATE feeds SET active = 0 WHERE active = 1 AND imported = 1 AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(feed_ids)),),
        ).rowcount
    )


def page(db: Row, where: FeedFilter) -> FeedPage:
    """A page of feeds, and how many there are in all."""
    tests: list[tuple[str, tuple[object, ...]]] = [("active = 1", ())]
    if where.imported is not None:
        # Not as a parameter: only so does the index of imported feeds count; with a plus it does not, for that of what
        # fails is the smaller one.
        tests.append((f"{'+' if where.failing else ''}imported = {int(where.imported)}", ()))
    if where.ids:
        tests.append(("id IN (SELECT value FROM json_each(?))", (json.dumps(list(where.ids)),)))
    if where.search:
        found = "instr(lower(id || ' ' || url || ' ' || coalesce(title, own_title, '')), ?) > 0"
        tests.append((found, (values.text(where.search).lower(),)))
    if where.conditions:
        chosen = json.dumps([one.value for one in where.conditions])
        if FeedCondition.OK not in where.conditions:
            tests.append(("condition <> 'ok'", ()))  # said in these words, the index of what is not well counts
        tests.append(("condition IN (SELECT value FROM json_each(?))", (chosen,)))
    if where.polled is not None:
        tests.append(("(last_polled IS NOT NULL) = ?", (where.polled,)))
    if where.failing:
        tests.append(("failures > 0", ()))
    condition = " AND ".join(test for test, _ in tests)
    given = tuple(value for _, some in tests for value in some)
    rows = db.execute(
        f"SELECT * FROM feeds WHERE {condition} ORDER BY id LIMIT ? OFFSET ?",
        (*given, max(0, where.limit), max(0, where.skip)),
    ).fetchall()
    whole = (
        where.skip <= 0 and len(rows) < where.limit
    )  # to count all for the sake of a few takes seconds in a large table
    total = len(rows) if whole else db.execute(f"SELECT count(*) FROM feeds WHERE {condition}", given).fetchone()[0]
    return FeedPage(feeds=tuple((values.feed(row), values.feed_state(row)) for row in rows), total=total)


class StoredLists(ABC):
    """The methods of `store.feed_lists.FeedLists`, for whoever can run a function in a transaction."""

    @abstractmethod
    async def _read(self, work: Callable[[Row], T]) -> T:
        """Run a function on a consistent snapshot."""

    @abstractmethod
    async def _write(self, work: Callable[[Row], T], *, urgent: bool = False) -> T:
        """Run a function in one writing transaction."""

    async def import_feeds(self, feeds: Sequence[Feed], now: datetime, first_due: Mapping[str, datetime]) -> int:
        """Add feeds beside those of the settings."""
        return await self._write(lambda db: insert(db, feeds, now, first_due))

    async def forget_feeds(self, feed_ids: Sequence[str]) -> int:
        """Switch imported feeds off."""
        return await self._write(lambda db: forget(db, feed_ids))

    async def feed_page(self, where: FeedFilter) -> FeedPage:
        """Feeds that are switched on, a page at a time."""
        return await self._read(lambda db: page(db, where))
