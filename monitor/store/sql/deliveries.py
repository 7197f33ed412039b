"""Deliveries in SQLite: the outbox. Each function works inside its caller's transaction."""

import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.errors import LeaseLost
from monitor.model import (
    ChannelState,
    Delivery,
    DeliveryClaim,
    DeliveryState,
    Lease,
    NewAlert,
    NewDelivery,
    Outcome,
    Severity,
)
from monitor.store.protocol import AttemptRecord
from monitor.store.sql import polls, values
from monitor.store.sql.database import upsert
from monitor.store.sql.values import Row, stamp

_RANKS = sorted((severity.rank for severity in Severity), reverse=True)
JOINED = "SELECT d.*, a.key AS alert_key FROM deliveries d JOIN alerts a ON a.id = d.alert_id"


def recover(db: Row, now: datetime, max_lease: timedelta) -> int:
    """Take back what is leased and should not be."""
    return _take_back(db, "lease_until <= ? OR lease_until > ?", (stamp(now), stamp(now + max_lease)), now)


def release(db: Row, worker: str | None, now: datetime) -> int:
    """Take back what a worker, or any worker, holds."""
    return _take_back(db, "CAST(? AS TEXT) IS NULL OR lease_worker = ?", (worker, worker), now)


def take_back_others(db: Row, channel: str, worker: str, now: datetime) -> int:
    """Take back what others hold of a channel that is this worker's now."""
    return _take_back(db, "channel = ? AND lease_worker <> ?", (values.text(channel), worker), now)


def _take_back(db: Row, where: str, arguments: tuple[object, ...], now: datetime) -> int:
    """A lease is no proof that nothing was sent: with an attempt begun and not ended the outcome is unknown."""
    ids = json.dumps(
        [
            row["id"]
            for row in db.execute(
                f"SELECT id FROM deliveries WHERE state = 'leased' AND ({where}) /* skip locked */", arguments
            )
        ]
    )
    open_attempts = "delivery_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) AND finished_at IS NULL"
    db.execute(
        "UPDATE deliveries SET unknowns = unknowns + 1, last_error = 'the outcome of an attempt was lost' WHERE id IN "
        f"(SELECT delivery_id FROM attempts WHERE {open_attempts})",
        (ids,),
    )
    db.execute(
        f"UPDATE attempts SET finished_at = ?, outcome = ?, detail = 'the worker ended before it was known' "
        f"WHERE {open_attempts}",
        (stamp(now), Outcome.UNKNOWN.value, ids),
    )
    return int(
        db.execute(
            "UPDATE deliveries SET state = 'pending', next_attempt = ?, lease_worker = NULL, lease_until = NULL "
            "WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (stamp(now), ids),
        ).rowcount
    )


def claim(db: Row, worker: str, now: datetime, limit: int, lease: timedelta, channel: str) -> tuple[DeliveryClaim, ...]:
    """Lease pending deliveries whose time has come, most severe first, then the longest waiting."""
    until = now + lease
    due: list[int] = []
    for rank in _RANKS:  # one look into the index each: what waits for later is not walked over
        found = db.execute(
            "SELECT id FROM deliveries WHERE state = 'pending' AND channel = ? AND rank = ? AND next_attempt <= ? "
            "ORDER BY next_attempt, id LIMIT ? /* skip locked */",
            (channel, rank, stamp(now), max(0, limit - len(due))),
        )
        due += [row["id"] for row in found]
    if not due:
        return ()
    db.execute(
        "UPDATE deliveries SET state = 'leased', lease_worker = ?, lease_until = ?, lease_token = lease_token + 1 "
        "WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
        (worker, stamp(until), json.dumps(due)),
    )
    rows = db.execute(
        f"{JOINED.replace('a.key AS alert_key', 'a.key AS alert_key, a.snapshot')} "
        "WHERE d.id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
        (json.dumps(due),),
    ).fetchall()
    by_id: dict[int, DeliveryClaim] = {}
    for row in rows:
        try:
            alert = values.load_alert(row["snapshot"])
        except ValueError as error:
            # Poison: it would fail in the same way for ever, and hold up its neighbours.
            db.execute(
                "UPDATE deliveries SET state = 'dead', next_attempt = NULL, lease_worker = NULL, lease_until = NULL, "
                "last_error = ? WHERE id = ?",
                (f"the stored alert cannot be read: {type(error).__name__}", row["id"]),
            )
            continue
        lease_ = Lease(worker=worker, token=row["lease_token"], until=until)
        follows = _first_of_thread(db, row, alert.thread)
        by_id[row["id"]] = DeliveryClaim(delivery=values.delivery(row), alert=alert, lease=lease_, follows=follows)
    return tuple(by_id[one] for one in due if one in by_id)


def _first_of_thread(db: Row, row: Row, thread: str) -> str | None:
    """What the channel called the first message of a story to the same address."""
    if thread in {"", row["alert_key"]}:
        return None
    found = db.execute(
        "SELECT d.reference FROM alerts a JOIN deliveries d ON d.alert_id = a.id "
        "WHERE a.key = ? AND d.channel = ? AND d.address = ?",
        (thread, row["channel"], row["address"]),
    ).fetchone()
    return (found["reference"] or None) if found is not None else None


def begin(db: Row, delivery_id: int, lease: Lease, now: datetime) -> int:
    """Write down that an attempt starts; its number."""
    row = db.execute(
        "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ? AND state = 'leased' AND lease_token = ? "
        "AND lease_worker = ? RETURNING attempts",
        (delivery_id, lease.token, lease.worker),
    ).fetchone()
    if row is None:
        raise LeaseLost(f"the lease of delivery {delivery_id} went to another worker")
    db.execute(
        "INSERT INTO attempts (delivery_id, number, worker, token, started_at) VALUES (?, ?, ?, ?, ?)",
        (delivery_id, row["attempts"], lease.worker, lease.token, stamp(now)),
    )
    return int(row["attempts"])


def record_attempt(db: Row, record: AttemptRecord) -> None:
    """Close the running attempt, decide the delivery, keep the channel's state."""
    result = record.result
    sent = record.state is DeliveryState.SENT
    changed = db.execute(
        "UPDATE deliveries SET state = ?, next_attempt = ?, plain = ?, unknowns = unknowns + ?, sent_at = ?, "
        "last_error = ?, reference = CASE WHEN ? = '' THEN reference ELSE ? END, "
        "lease_worker = NULL, lease_until = NULL "
        "WHERE id = ? AND state = 'leased' AND lease_token = ? AND lease_worker = ?",
        (
            record.state.value,
            values.stamp_or_none(record.next_attempt),
            int(record.plain),
            int(record.unknown),
            stamp(record.now) if sent else None,
            None if sent else values.text(result.detail or result.outcome.value),
            values.text(result.reference),
            values.text(result.reference),
            record.delivery_id,
            record.lease.token,
            record.lease.worker,
        ),
    )
    if changed.rowcount != 1:
        raise LeaseLost(f"the lease of delivery {record.delivery_id} went to another worker")
    db.execute(
        "UPDATE attempts SET finished_at = ?, outcome = ?, reason = ?, detail = ?, status = ? "
        "WHERE delivery_id = ? AND token = ? AND finished_at IS NULL",
        (
            stamp(record.now),
            result.outcome.value,
            result.reason.value if result.reason else None,
            values.text(result.detail),
            result.status,
            record.delivery_id,
            record.lease.token,
        ),
    )
    put_channel(db, record.channel)


def put_channel(db: Row, state: ChannelState) -> None:
    """Keep the state of a channel."""
    columns = values.channel_columns(state)
    db.execute(
        upsert("channels", tuple(columns)),
        tuple(columns.values()),
    )


def late(db: Row, now: datetime, older_than: timedelta, more_than: int) -> tuple[tuple[Delivery, ...], ...]:
    """Groups of pending deliveries that have waited too long."""
    rows = db.execute(
        # Said twice, because the index of what is open is found by exactly these words.
        f"{JOINED} WHERE d.state IN ('pending', 'leased', 'unknown') AND d.state = 'pending' AND d.created_at < ? "
        "AND a.kind IN ('article', 'revision', 'update') "
        "ORDER BY d.subscriber_id, d.channel, d.address, d.created_at DESC, d.id DESC",
        (stamp(now - older_than),),
    )
    groups = itertools.groupby(rows, key=lambda row: (row["subscriber_id"], row["channel"], row["address"]))
    found = (tuple(values.delivery(row) for row in group) for _, group in groups)
    return tuple(group for group in found if len(group) > more_than)


def fold(db: Row, digest: NewAlert, delivery: NewDelivery, carried: Sequence[int], now: datetime) -> int:
    """Record a digest and mark what it carries. A digest that is stored already carries nothing new, and one with
    nothing left to carry is not made.
    """
    wanted = "state = 'pending' AND id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
    ids = json.dumps(list(carried))
    if db.execute(f"SELECT 1 FROM deliveries WHERE {wanted} LIMIT 1", (ids,)).fetchone() is None:
        return 0
    stored = polls.insert_alert(db, digest, None, now)
    if stored is None:
        return 0
    carrier = db.execute("SELECT id FROM deliveries WHERE key = ?", (delivery.key,)).fetchone()
    if carrier is None:
        columns = values.delivery_columns(delivery, digest.alert, stored[0], now)
        carrier = db.execute(
            f"INSERT INTO deliveries ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) RETURNING id",
            tuple(columns.values()),
        ).fetchone()
    return int(
        db.execute(
            f"UPDATE deliveries SET state = 'carried', carried_by = ?, next_attempt = NULL WHERE {wanted}",
            (carrier["id"], ids),
        ).rowcount
    )


def hasten(db: Row, channel: str, now: datetime) -> int:
    """Pending deliveries of a channel are due now."""
    return int(
        db.execute(
            "UPDATE deliveries SET next_attempt = ? WHERE state = 'pending' AND channel = ? AND next_attempt > ?",
            (stamp(now), values.text(channel), stamp(now)),
        ).rowcount
    )


def requeue(db: Row, ids: Sequence[int], now: datetime) -> int:
    """Dead deliveries are pending again, with the same key and a fresh count."""
    return int(
        db.execute(
            "UPDATE deliveries SET state = 'pending', next_attempt = ?, attempts = 0, created_at = ? "
            "WHERE state = 'dead' AND id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (stamp(now), stamp(now), json.dumps(list(ids))),
        ).rowcount
    )
