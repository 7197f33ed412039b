"""Subscribers in SQLite: who they are and how delivery to them goes. Each function works inside its caller's transaction."""

import json
from collections.abc import Sequence
from datetime import datetime

from monitor.model import DeliveryState, Subscriber
from monitor.store.protocol import SubscriberState
from monitor.store.sql import values
from monitor.store.sql.values import Row, stamp


def sync(db: Row, subscribers: Sequence[Subscriber], now: datetime) -> None:
    """Make the stored set the given one; nobody is forgotten."""
    db.executemany(
        "INSERT INTO subscribers (id, title, active, since) VALUES (?, ?, 1, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, active = 1",
        [(values.text(one.id), values.text(one.title), stamp(now)) for one in subscribers],
    )
    kept = json.dumps([one.id for one in subscribers])
    db.execute("UPDATE subscribers SET active = 0 WHERE id NOT IN (SELECT value FROM json_each(?))", (kept,))


def states(db: Row) -> tuple[SubscriberState, ...]:
    """All subscribers that ever were."""
    counts: dict[str, dict[DeliveryState, int]] = {}
    for row in db.execute("SELECT subscriber_id, state, count(*) AS n FROM deliveries GROUP BY subscriber_id, state"):
        counts.setdefault(row["subscriber_id"], {})[DeliveryState(row["state"])] = row["n"]
    rows = db.execute(
        "SELECT s.*, (SELECT max(created_at) FROM alerts WHERE subscriber_id = s.id) AS last_alert, "
        "(SELECT max(sent_at) FROM deliveries WHERE subscriber_id = s.id) AS last_sent FROM subscribers s ORDER BY id"
    )
    return tuple(
        SubscriberState(
            id=row["id"],
            title=row["title"],
            active=bool(row["active"]),
            since=values.time(row["since"]),
            last_alert=values.time_or_none(row["last_alert"]),
            last_sent=values.time_or_none(row["last_sent"]),
            deliveries=counts.get(row["id"], {}),
        )
        for row in rows
    )
