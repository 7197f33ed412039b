"""Subscriptions to hubs in SQLite. Functions work inside their caller's transaction; `Pushes` is the part of the store
that runs them. Secrets stand in the file in clear, as validators and addresses do: they protect against strangers.
"""

import secrets
from datetime import datetime, timedelta

from monitor.model import FeedClaim, Hub, Lease
from monitor.settings import Secret
from monitor.store.push_protocol import Subscription
from monitor.store.sql import values
from monitor.store.sql.feeds import LONGEST
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row, stamp

_ROW = "SELECT w.*, (w.offered = 1 AND f.active = 1) AS wanted FROM websub w JOIN feeds f ON f.id = w.feed_id "


class Pushes:
    """The methods of `store.push_protocol.PushStore`."""

    async def subscriptions_due(self: Transactions, now: datetime, limit: int) -> tuple[Subscription, ...]:
        """Those for which something is to be asked now."""
        # What is no longer wanted is asked for at once, unless that was asked already.
        where = "WHERE w.next_action <= ? OR (w.asked IS DISTINCT FROM 'unsubscribe' AND NOT (w.offered = 1 AND f.active = 1)) "
        return await self._read(
            lambda db: tuple(
                _subscription(row)
                for row in db.execute(f"{_ROW}{where}ORDER BY w.next_action LIMIT ?", (stamp(now), limit))
            )
        )

    async def subscription(self: Transactions, token: str) -> Subscription | None:
        """The one with this callback."""
        rows = await self._read(lambda db: db.execute(f"{_ROW}WHERE w.token = ?", (token,)).fetchall())
        return _subscription(rows[0]) if rows else None

    async def asking(self: Transactions, feed_id: str, mode: str, again: datetime) -> None:
        """Write down that something is asked now."""
        await self._write(
            lambda db: db.execute(
                "UPDATE websub SET asked = ?, next_action = ?, failures = failures + 1 WHERE feed_id = ?",
                (mode, stamp(again), feed_id),
            )
        )

    async def refused(self: Transactions, feed_id: str, error: str, again: datetime) -> None:
        """The hub did not take the request."""
        await self._write(
            lambda db: db.execute(
                "UPDATE websub SET last_error = ?, next_action = ? WHERE feed_id = ? AND asked IS NOT NULL",
                (values.text(error), stamp(again), feed_id),
            )
        )

    async def confirmed(self: Transactions, token: str, topic: str, expires: datetime, renew: datetime) -> bool:
        """The hub confirms a subscription."""
        return await self._write(
            lambda db: (
                db.execute(
                    "UPDATE websub SET asked = NULL, expires = ?, next_action = ?, failures = 0, last_error = NULL "
                    "WHERE token = ? AND topic = ? AND asked = 'subscribe'",
                    (stamp(expires), stamp(renew), token, topic),
                ).rowcount
                == 1
            )
        )

    async def unsubscribed(self: Transactions, token: str, topic: str) -> bool:
        """The hub confirms the end of a subscription."""
        return await self._write(
            lambda db: (
                db.execute(
                    "DELETE FROM websub WHERE token = ? AND topic = ? AND asked = 'unsubscribe'", (token, topic)
                ).rowcount
                == 1
            )
        )

    async def denied(self: Transactions, token: str, topic: str, error: str, again: datetime, now: datetime) -> bool:
        """The hub ends or refuses a subscription."""

        def work(db: Row) -> bool:
            row = db.execute("SELECT feed_id FROM websub WHERE token = ? AND topic = ?", (token, topic)).fetchone()
            if row is None:
                return False
            db.execute(
                "UPDATE websub SET asked = NULL, expires = NULL, failures = failures + 1, last_error = ?, "
                "next_action = ? WHERE feed_id = ?",
                (values.text(error), stamp(again), row["feed_id"]),
            )
            _make_due(db, row["feed_id"], now)
            return True

        return await self._write(work)

    async def forget(self: Transactions, feed_id: str) -> None:
        """Remove a subscription."""
        await self._write(lambda db: db.execute("DELETE FROM websub WHERE feed_id = ?", (feed_id,)))

    async def lapsed(self: Transactions, now: datetime) -> int:
        """End subscriptions whose lease ran out."""

        def work(db: Row) -> int:
            rows = db.execute(
                "UPDATE websub SET expires = NULL WHERE expires <= ? RETURNING feed_id", (stamp(now),)
            ).fetchall()
            for row in rows:
                _make_due(db, row["feed_id"], now)
            return len(rows)

        return await self._write(work)

    async def pushed_until(self: Transactions, feed_id: str) -> datetime | None:
        """The end of a feed's lease."""
        query = "SELECT expires FROM websub WHERE feed_id = ? AND expires IS NOT NULL"
        row = await self._read(lambda db: db.execute(query, (feed_id,)).fetchone())
        return None if row is None else values.time(row["expires"])

    async def claim_pushed(
        self: Transactions, feed_id: str, worker: str, now: datetime, lease: timedelta
    ) -> FeedClaim | None:
        """Lease a feed, due or not."""
        return await self._write(lambda db: _claim(db, feed_id, worker, now, now + lease))


def note(db: Row, feed_id: str, hub: Hub | None, now: datetime) -> None:
    """What a poll learned: the hub that the feed names. Another hub or topic is another subscription, with a callback of
    its own; at the old one we are gone.
    """
    if hub is None:
        db.execute("UPDATE websub SET offered = 0 WHERE feed_id = ?", (feed_id,))
        return
    db.execute("DELETE FROM websub WHERE feed_id = ? AND (hub != ? OR topic != ?)", (feed_id, hub.url, hub.topic))
    db.execute(
        "INSERT INTO websub (feed_id, hub, topic, token, secret, next_action) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (feed_id) DO UPDATE SET offered = 1",
        (feed_id, hub.url, hub.topic, secrets.token_urlsafe(32), secrets.token_urlsafe(32), stamp(now)),
    )


def _claim(db: Row, feed_id: str, worker: str, now: datetime, until: datetime) -> FeedClaim | None:
    row = db.execute(
        "UPDATE feeds SET lease_worker = ?, lease_until = ?, lease_token = lease_token + 1 "
        "WHERE id = ? AND active = 1 AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?) RETURNING *",
        (worker, stamp(until), feed_id, stamp(now), stamp(now + LONGEST)),
    ).fetchone()
    if row is None:
        return None
    lease = Lease(worker=worker, token=row["lease_token"], until=until)
    return FeedClaim(feed=values.feed(row), state=values.feed_state(row), lease=lease)


def _make_due(db: Row, feed_id: str, now: datetime) -> None:
    """No later than now: nobody pushes to the feed any more."""
    db.execute("UPDATE feeds SET next_due = ? WHERE id = ? AND next_due > ?", (stamp(now), feed_id, stamp(now)))


def _subscription(row: Row) -> Subscription:
    return Subscription(
        feed_id=row["feed_id"],
        hub=row["hub"],
        topic=row["topic"],
        token=row["token"],
        secret=Secret(row["secret"]),
        wanted=bool(row["wanted"]),
        expires=values.time_or_none(row["expires"]),
        failures=row["failures"],
    )
