"""Feeds in SQLite: the configured set, their claims and states. Each function works inside its caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.model import UNREACHED, Feed, FeedClaim, FeedCondition, FeedState, Lease
from monitor.store.feed_lists import Between, Spread
from monitor.store.sqlite import values
from monitor.store.sqlite.values import Row, stamp

LONGEST = timedelta(hours=2)
"""No lease reaches further ahead; one that does was given before the clock was set back."""
_PART = 20_000
_AMONG = " AND id IN (SELECT value FROM json_each(?))"
"""Only where ids are named: as `? OR id IN`, a million rows would be read for one."""


def sync(db: Row, feeds: Sequence[Feed], now: datetime, first_due: Mapping[str, datetime]) -> None:
    """Make the stored set the given one; states are kept."""
    rows = [(values.feed_columns(feed), stamp(first_due.get(feed.id, now))) for feed in feeds]
    if rows:
        names = list(rows[0][0])
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
        db.executemany(
            f"INSERT INTO feeds ({', '.join(names)}, next_due) VALUES ({', '.join('?' * len(names))}, ?) "
            f"ON CONFLICT (id) DO UPDATE SET {changes}, "
            # Another address is another document: its validators say nothing about this one, and a poll of the old
            # one that is under way must not bring them back.
            "etag = iif(url = excluded.url, etag, NULL), last_modified = iif(url = excluded.url, last_modified, NULL), "
            "body_hash = iif(url = excluded.url, body_hash, NULL), "
            "wire_hash = iif(url = excluded.url, wire_hash, NULL), "
            "fingerprints = iif(url = excluded.url, fingerprints, NULL), "
            # Nor does what was learnt of the old one's rhythm, moves and troubles.
            "pace = iif(url = excluded.url, pace, '{}'), health = iif(url = excluded.url, health, '{}'), "
            "condition = iif(url = excluded.url, condition, 'ok'), "
            "condition_since = iif(url = excluded.url, condition_since, NULL), "
            "untold = iif(url = excluded.url, untold, 0), failures = iif(url = excluded.url, failures, 0), "
            "last_error = iif(url = excluded.url, last_error, NULL), "
            "lease_token = iif(url = excluded.url, lease_token, lease_token + 1), "
            "lease_worker = iif(url = excluded.url, lease_worker, NULL), "
            "lease_until = iif(url = excluded.url, lease_until, NULL), "
            "next_due = iif(url = excluded.url AND active = 1, next_due, excluded.next_due), active = 1, imported = 0",
            [(*columns.values(), due) for columns, due in rows],
        )
    kept = json.dumps([feed.id for feed in feeds])
    db.execute(
        "UPDATE feeds SET active = 0 WHERE active = 1 AND imported = 0 AND id NOT IN (SELECT value FROM json_each(?))",
        (kept,),
    )


def claim(
    db: Row,
    worker: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    *,
    only: Sequence[str] | None,
    not_since: datetime | None,
) -> tuple[FeedClaim, ...]:
    """Lease feeds that are due, oldest first."""
    until = now + lease
    rows = db.execute(
        "UPDATE feeds SET lease_worker = ?, lease_until = ?, lease_token = lease_token + 1 WHERE id IN ("
        "  SELECT id FROM feeds WHERE active = 1 AND next_due <= ?"
        "  AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?)"
        "  AND (? IS NULL OR id IN (SELECT value FROM json_each(?)))"
        "  AND (? IS NULL OR last_polled IS NULL OR last_polled < ?) ORDER BY next_due, id LIMIT ?) RETURNING *",
        (
            worker,
            stamp(until),
            stamp(now),
            stamp(now),
            stamp(now + LONGEST),
            None if only is None else 1,
            json.dumps(list(only or ())),
            *(values.stamp_or_none(not_since),) * 2,
            limit,
        ),
    ).fetchall()
    claims = [
        FeedClaim(
            feed=values.feed(row),
            state=values.feed_state(row),
            lease=Lease(worker=worker, token=row["lease_token"], until=until),
        )
        for row in rows
    ]
    return tuple(sorted(claims, key=lambda one: (one.state.next_due, one.feed.id)))


def release(db: Row, worker: str | None) -> int:
    """Give back the leases of a worker, or all: the feeds keep their due times, which have come."""
    return int(
        db.execute(
            "UPDATE feeds SET lease_worker = NULL, lease_until = NULL "
            "WHERE lease_until IS NOT NULL AND (? IS NULL OR lease_worker = ?)",
            (worker, worker),
        ).rowcount
    )


def give_back(db: Row, claims: Sequence[FeedClaim], due: Mapping[str, datetime]) -> int:
    """Give back single leases, fenced; feeds that `due` names are due then."""
    return sum(
        int(
            db.execute(
                "UPDATE feeds SET lease_worker = NULL, lease_until = NULL, next_due = coalesce(?, next_due) "
                "WHERE id = ? AND lease_token = ? AND lease_worker = ?",
                (
                    values.stamp_or_none(due.get(claim.feed.id)),
                    claim.feed.id,
                    claim.lease.token,
                    claim.lease.worker,
                ),
            ).rowcount
        )
        for claim in claims
    )


def make_due(db: Row, feed_ids: Sequence[str] | None, now: datetime) -> int:
    """Set feeds due now."""
    return int(
        db.execute(
            f"UPDATE feeds SET next_due = ? WHERE active = 1{_AMONG if feed_ids is not None else ''}",
            (stamp(now), *_listed(feed_ids)),
        ).rowcount
    )


def hasten(db: Row, by: timedelta, before: datetime) -> int:
    """Make feeds that are due before a time due so much sooner."""
    shift = by // timedelta(microseconds=1)
    return int(
        db.execute(
            "UPDATE feeds SET next_due = next_due - ? WHERE active = 1 AND next_due < ?", (shift, stamp(before))
        ).rowcount
    )


def respread(
    db: Row, choose: Spread, between: Between, before: datetime | None, unreached_since: datetime | None
) -> int:
    """Set new due times for feeds that are due before a time, or within a span, or whose last poll since a time could not
    reach their hosts, and that nobody polls.
    """
    which = "next_due < ? OR (next_due > ? AND next_due < ?)"
    bounds: list[object] = [0 if before is None else stamp(before), *map(stamp, between)]
    if unreached_since is not None:  # reads all feeds, so it is asked for only then
        which += (
            " OR (last_polled >= ? AND failures > 0 "
            "AND substr(last_error, 1, instr(last_error, ':') - 1) IN (SELECT value FROM json_each(?)))"
        )
        bounds += [stamp(unreached_since), json.dumps(sorted(UNREACHED))]
    changed, last = 0, ""
    while True:
        # In parts: a million ids and times at once would be remembered as memory for as long as the process lives.
        rows = db.execute(
            f"SELECT id FROM feeds WHERE active = 1 AND ({which}) AND lease_until IS NULL AND id > ? ORDER BY id LIMIT ?",
            (*bounds, last, _PART),
        ).fetchall()
        if not rows:
            return changed
        last = rows[-1]["id"]
        due = choose([row["id"] for row in rows])
        db.executemany("UPDATE feeds SET next_due = ? WHERE id = ?", [(stamp(at), name) for name, at in due.items()])
        changed += len(due)


def _listed(values: Sequence[str] | None) -> tuple[str, ...]:
    """The parameter for a list that a statement names, or none."""
    return () if values is None else (json.dumps(list(values)),)


def states(
    db: Row, ids: Sequence[str] | None, conditions: Sequence[FeedCondition]
) -> tuple[tuple[Feed, FeedState], ...]:
    """Feeds that are switched on: all, or those named, or those in one of these conditions."""
    chosen = [one.value for one in conditions] if conditions else None
    rows = db.execute(
        f"SELECT * FROM feeds WHERE active = 1{_AMONG if ids is not None else ''}"
        f"{' AND condition IN (SELECT value FROM json_each(?))' if chosen else ''} ORDER BY id",
        (*_listed(ids), *_listed(chosen)),
    ).fetchall()
    return tuple((values.feed(row), values.feed_state(row)) for row in rows)


def untold(db: Row) -> tuple[tuple[Feed, FeedState], ...]:
    """Feeds of whose condition the operator has still to be told."""
    rows = db.execute("SELECT * FROM feeds WHERE active = 1 AND untold = 1 ORDER BY id").fetchall()
    return tuple((values.feed(row), values.feed_state(row)) for row in rows)


def mark_told(db: Row, told: Mapping[str, FeedCondition]) -> None:
    """The operator is told of these; a feed that has changed since is told of again."""
    db.executemany(
        "UPDATE feeds SET untold = 0 WHERE id = ? AND condition = ?", [(name, one.value) for name, one in told.items()]
    )
