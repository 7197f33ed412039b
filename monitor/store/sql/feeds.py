"""Feeds in SQLite: the configured set, their claims and states. Each function works inside its caller's transaction."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.model import UNREACHED, Feed, FeedClaim, FeedCondition, FeedState, Lease
from monitor.store.feed_lists import Between, Spread
from monitor.store.sql import values
from monitor.store.sql.values import Row, stamp

LONGEST = timedelta(hours=2)
"""No lease reaches further ahead; one that does was given before the clock was set back."""
_PART = 20_000
_OF_SHARDS = " AND shard IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
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
            "etag = CASE WHEN feeds.url = excluded.url THEN feeds.etag ELSE NULL END, last_modified = CASE WHEN feeds.url = excluded.url THEN feeds.last_modified ELSE NULL END, "
            "body_hash = CASE WHEN feeds.url = excluded.url THEN feeds.body_hash ELSE NULL END, "
            "wire_hash = CASE WHEN feeds.url = excluded.url THEN feeds.wire_hash ELSE NULL END, "
            "fingerprints = CASE WHEN feeds.url = excluded.url THEN feeds.fingerprints ELSE NULL END, "
            # Nor does what was learnt of the old one's rhythm, moves and troubles.
            "pace = CASE WHEN feeds.url = excluded.url THEN feeds.pace ELSE '{}' END, health = CASE WHEN feeds.url = excluded.url THEN feeds.health ELSE '{}' END, "
            "condition = CASE WHEN feeds.url = excluded.url THEN feeds.condition ELSE 'ok' END, "
            "condition_since = CASE WHEN feeds.url = excluded.url THEN feeds.condition_since ELSE NULL END, "
            "untold = CASE WHEN feeds.url = excluded.url THEN feeds.untold ELSE 0 END, failures = CASE WHEN feeds.url = excluded.url THEN feeds.failures ELSE 0 END, "
            "last_error = CASE WHEN feeds.url = excluded.url THEN feeds.last_error ELSE NULL END, "
            "lease_token = CASE WHEN feeds.url = excluded.url THEN feeds.lease_token ELSE feeds.lease_token + 1 END, "
            "lease_worker = CASE WHEN feeds.url = excluded.url THEN feeds.lease_worker ELSE NULL END, "
            "lease_until = CASE WHEN feeds.url = excluded.url THEN feeds.lease_until ELSE NULL END, "
            "next_due = CASE WHEN feeds.url = excluded.url AND feeds.active = 1 THEN feeds.next_due ELSE excluded.next_due END, active = 1, imported = 0",
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
    shards: Collection[int] | None,
) -> tuple[FeedClaim, ...]:
    """Lease feeds that are due, oldest first."""
    until = now + lease
    rows = db.execute(
        "WITH due AS MATERIALIZED (SELECT id FROM feeds WHERE active = 1 AND next_due <= ?"
        "  AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?)"
        f"{_AMONG if only is not None else ''}{_OF_SHARDS if shards is not None else ''}"
        f"{' AND (last_polled IS NULL OR last_polled < ?)' if not_since is not None else ''}"
        "  ORDER BY next_due, id LIMIT ? /* skip locked */) "
        "UPDATE feeds SET lease_worker = ?, lease_until = ?, lease_token = lease_token + 1 "
        "WHERE id IN (SELECT id FROM due) RETURNING *",
        (
            stamp(now),
            stamp(now),
            stamp(now + LONGEST),
            *_listed(only),
            *(() if shards is None else (json.dumps(sorted(shards)),)),
            *(() if not_since is None else (stamp(not_since),)),
            limit,
            worker,
            stamp(until),
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
            "WHERE lease_until IS NOT NULL AND (CAST(? AS TEXT) IS NULL OR lease_worker = ?)",
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
            "AND CASE WHEN instr(last_error, ':') > 1 THEN substr(last_error, 1, instr(last_error, ':') - 1) END IN (SELECT value FROM json_each(?)))"
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
