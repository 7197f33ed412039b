"""What waits for subscribers in SQLite: rows made by polls, claims, and all that a decision needs. Each function works
inside its caller's transaction.

A row stays after it was decided (`due` is then NULL); each of its hits has a line in `takings`, which says how it ended.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from monitor.alerting import united
from monitor.model import CANARY, AlertKind, HoldReason, Lease, Reading, Sent, Severity, TakenHit, Told, Waiting
from monitor.store.alert_protocol import Agenda, SubscriberClaim
from monitor.store.sql import stories, values
from monitor.store.sql.database import upsert
from monitor.store.sql.values import Row, stamp

_TOLD: TypeAdapter[Told] = TypeAdapter(Told)
_HOUR = timedelta(hours=1)
_SINGLES = (AlertKind.ARTICLE.value, AlertKind.REVISION.value, AlertKind.UPDATE.value)


def insert(db: Row, rows: Iterable[Waiting], written: Mapping[str, tuple[int, int]]) -> int:
    """Insert what waits because of articles that were really inserted or changed here; how many rows."""
    due: dict[str, int] = {}
    taken: dict[str, int] = {}
    count = 0
    for row in rows:
        if row.article_key not in written:
            continue
        article_id, revision = written[row.article_key]
        _insert(db, row, article_id, revision)
        count += 1
        person = values.text(row.subscriber_id)
        due[person] = min(due.get(person, stamp(row.due)), stamp(row.due))
        taken[person] = taken.get(person, 0) + len(row.hits)
    db.executemany(
        "INSERT INTO agenda (subscriber_id, due) VALUES (?, ?) "
        "ON CONFLICT (subscriber_id) DO UPDATE SET due = CASE WHEN agenda.due < excluded.due THEN agenda.due "
        "ELSE excluded.due END",
        sorted(due.items()),
    )
    for person, number in sorted(taken.items()):
        add_to_tally(db, person, "taken", number)
    return count


def _insert(db: Row, row: Waiting, article_id: int, revision: int) -> None:
    number = db.execute(
        "INSERT INTO waiting (subscriber_id, route, article_id, article_key, revision, changed, story, dropped, feed_id, "
        "outlet, lang, since, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            values.text(row.subscriber_id),
            values.text(row.route),
            article_id,
            row.article_key,
            revision,
            int(row.changed),
            stories.current(db, row.story),
            values.dumped(row.dropped),
            values.text(row.feed_id),
            values.text_or_none(row.outlet),
            values.text_or_none(row.lang),
            stamp(row.since),
            stamp(row.due),
        ),
    ).fetchone()["id"]
    db.executemany(
        "INSERT INTO takings (waiting_id, rule_id, severity, hit_id) VALUES (?, ?, ?, "
        "(SELECT max(id) FROM hits WHERE article_id = ? AND rule_id = ?))",
        [
            (number, values.text(hit.rule_id), hit.severity.value, article_id, values.text(hit.rule_id))
            for hit in row.hits
        ],
    )


def add_to_tally(db: Row, subscriber_id: str, what: str, number: int) -> None:
    """Count what happened to hits of a subscriber: `taken`, `told`, or a reason why they are suppressed."""
    db.execute(
        "INSERT INTO hit_tally (subscriber_id, what, n) VALUES (?, ?, ?) "
        "ON CONFLICT (subscriber_id, what) DO UPDATE SET n = hit_tally.n + excluded.n",
        (subscriber_id, what, number),
    )


# ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def claim(
    db: Row, worker: str, now: datetime, limit: int, lease: timedelta, longest: timedelta
) -> tuple[SubscriberClaim, ...]:
    """Lease subscribers for whom something is due."""
    until = now + lease
    rows = db.execute(
        "WITH wanted AS MATERIALIZED (SELECT subscriber_id FROM agenda WHERE due <= ?"
        " AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?) ORDER BY due LIMIT ? /* skip locked */) "
        "UPDATE agenda SET lease_worker = ?, lease_until = ?, lease_token = lease_token + 1 "
        "WHERE subscriber_id IN (SELECT subscriber_id FROM wanted) RETURNING subscriber_id, lease_token",
        (stamp(now), stamp(now), stamp(now + longest), limit, worker, stamp(until)),
    ).fetchall()
    return tuple(
        SubscriberClaim(
            subscriber_id=row["subscriber_id"], lease=Lease(worker=worker, token=row["lease_token"], until=until)
        )
        for row in sorted(rows, key=lambda row: row["subscriber_id"])
    )


def release(db: Row, worker: str | None) -> int:
    """Give back the leases of a worker, or all."""
    return int(
        db.execute(
            "UPDATE agenda SET lease_worker = NULL, lease_until = NULL "
            "WHERE lease_until IS NOT NULL AND (CAST(? AS TEXT) IS NULL OR lease_worker = ?)",
            (worker, worker),
        ).rowcount
    )


def wake(db: Row, subscriber_ids: Sequence[str] | None, now: datetime) -> int:
    """Have subscribers decided on now; also those who are gone, if something still waits for them."""
    db.execute(
        "INSERT INTO agenda (subscriber_id, due) SELECT id, ? FROM subscribers WHERE active = 1 "
        "ON CONFLICT (subscriber_id) DO NOTHING",
        (stamp(now),),
    )
    ids = None if subscriber_ids is None else json.dumps([values.text(one) for one in subscriber_ids])
    # What waits for a digest is otherwise not looked at before it is due, and the cadence may be another now.
    db.execute(
        "UPDATE waiting SET due = ? WHERE due > ? AND held = ? "
        "AND (CAST(? AS TEXT) IS NULL OR subscriber_id IN (SELECT value FROM json_each(?)))",
        (stamp(now), stamp(now), HoldReason.CADENCE.value, ids, ids),
    )
    return int(
        db.execute(
            "UPDATE agenda SET due = CASE WHEN due < ? THEN due ELSE ? END WHERE CAST(? AS TEXT) IS NULL "
            "OR subscriber_id IN (SELECT value FROM json_each(?))",
            (stamp(now), stamp(now), ids, ids),
        ).rowcount
    )


# ── what a decision needs ─────────────────────────────────────────────────────────────────────────────────────────────


def agenda(db: Row, subscriber_id: str, now: datetime) -> Agenda:
    """What waits, what was told, and how far its stories have spread."""
    person = values.text(subscriber_id)
    rows = db.execute(
        "SELECT w.*, (SELECT json_group_object(t.rule_id, t.severity) FROM takings t "
        " WHERE t.waiting_id = w.id AND t.ending IS NULL) AS hits "
        "FROM waiting w WHERE w.subscriber_id = ? AND w.due IS NOT NULL AND NOT (w.held IS NOT DISTINCT FROM ? AND w.due > ?) ORDER BY w.id",
        (person, HoldReason.CADENCE.value, stamp(now)),
    ).fetchall()
    later = db.execute(
        "SELECT min(due) FROM waiting WHERE subscriber_id = ? AND due > ? AND held = ?",
        (person, stamp(now), HoldReason.CADENCE.value),
    ).fetchone()[0]
    found = sorted({row["story"] for row in rows})
    return Agenda(
        waiting=tuple(_waiting(row) for row in rows),
        later=values.time_or_none(later),
        told={(one.route, one.story): one for one in _told(db, person, found)},
        stories=stories.facts(db, found),
        sent=_sent(db, person, now),
        digested={
            row["route"]: values.time(row["at"])
            for row in db.execute("SELECT route, at FROM digests WHERE subscriber_id = ?", (person,))
        },
    )


def _waiting(row: Row) -> Waiting:
    hits = sorted((rule_id, severity) for rule_id, severity in json.loads(row["hits"]).items())
    return Waiting(
        id=row["id"],
        subscriber_id=row["subscriber_id"],
        route=row["route"],
        article_key=row["article_key"],
        revision=row["revision"],
        changed=bool(row["changed"]),
        story=row["story"],
        hits=tuple(TakenHit(rule_id=rule_id, severity=Severity(severity)) for rule_id, severity in hits),
        dropped=tuple(json.loads(row["dropped"])),
        feed_id=row["feed_id"],
        outlet=row["outlet"],
        lang=row["lang"],
        since=values.time(row["since"]),
        due=values.time(row["due"]),
        held=HoldReason(row["held"]) if row["held"] else None,
    )


def _told(db: Row, person: str, found: Sequence[str]) -> tuple[Told, ...]:
    rows = db.execute(
        "SELECT told FROM told WHERE subscriber_id = ? AND story IN (SELECT value FROM json_each(?))",
        (person, json.dumps(list(found))),
    )
    return tuple(_TOLD.validate_json(row["told"]) for row in rows)


def put_told(db: Row, person: str, told: Told) -> None:
    """Keep what was told of a story."""
    db.execute(
        upsert("told", ("subscriber_id", "route", "story", "told"), 3),
        (person, values.text(told.route), told.story, _TOLD.dump_json(told).decode()),
    )


def _sent(db: Row, person: str, now: datetime) -> tuple[Sent, ...]:
    rows = db.execute(
        "SELECT route, rank, created_at FROM alerts WHERE subscriber_id = ? AND created_at > ? "
        "AND kind IN (SELECT value FROM json_each(?))",
        (person, stamp(now - _HOUR), json.dumps(_SINGLES)),
    )
    by_rank = {severity.rank: severity for severity in Severity}
    return tuple(
        Sent(route=row["route"], severity=by_rank[row["rank"]], at=values.time(row["created_at"])) for row in rows
    )


def reading(db: Row, since: datetime, until: datetime) -> Reading:
    """What was read in a period; the canary's articles are none."""
    articles = db.execute(
        "SELECT count(*) FROM articles INDEXED BY articles_seen WHERE first_seen >= ? AND first_seen < ? AND feed_id <> ?",
        (stamp(since), stamp(until), CANARY),
    ).fetchone()[0]
    feeds = db.execute(
        "SELECT count(*) FROM feeds WHERE active = 1 AND last_ok >= ? AND id <> ?", (stamp(since), CANARY)
    ).fetchone()[0]
    silent = db.execute("SELECT count(*) FROM feeds WHERE active = 1 AND condition IN ('silent', 'empty')").fetchone()[
        0
    ]
    return Reading(articles=articles, feeds=feeds, silent=silent)


# ── stories that became one ───────────────────────────────────────────────────────────────────────────────────────────


def merge(db: Row, merges: Sequence[tuple[str, str]]) -> None:
    """What waits and what was told of a story that is no more belongs to the one that it became part of."""
    for gone, named in merges:
        into = stories.current(db, named)
        if into == gone:
            continue
        db.execute("UPDATE waiting SET story = ? WHERE story = ? AND due IS NOT NULL", (into, gone))
        for row in db.execute("SELECT subscriber_id, told FROM told WHERE story = ?", (gone,)).fetchall():
            lost = _TOLD.validate_json(row["told"])
            kept = db.execute(
                "SELECT told FROM told WHERE subscriber_id = ? AND route = ? AND story = ?",
                (row["subscriber_id"], values.text(lost.route), into),
            ).fetchone()
            whole = united(lost, _TOLD.validate_json(kept["told"]) if kept else None, into)
            put_told(db, row["subscriber_id"], whole)
        db.execute("DELETE FROM told WHERE story = ?", (gone,))
