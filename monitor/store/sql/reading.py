"""Reading from SQLite: hits, search, deliveries, attempts, figures. Writes nothing."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.model import CANARY, Alert, ChannelState, Delivery, DeliveryState, FeedCondition
from monitor.store.protocol import ArchivedArticle, Attempt, Figures, FoundArticle, HitFilter, StoredHit
from monitor.store.sql import ledger, values
from monitor.store.sql.deliveries import JOINED
from monitor.store.sql.values import Row, stamp
from monitor.store.sql.words import phrases
from monitor.text.tokens import tokenise

_SNIPPET_BEFORE = 60
_SNIPPET = 200


def hits(db: Row, where: HitFilter) -> tuple[StoredHit, ...]:
    """Stored hits, newest first; those of the canary only when they are asked for."""
    wanted: list[tuple[str, object]] = [
        ("h.rule_id = ?", values.text_or_none(where.rule_id)),
        ("a.feed_id = ?", values.text_or_none(where.feed_id)),
        ("h.rank >= ?", where.severity.rank if where.severity else None),
        ("h.created_at >= ?", values.stamp_or_none(where.since)),
        ("a.key = ?", values.text_or_none(where.article_key)),
        ("a.url = ?", values.text_or_none(where.url)),
        ("h.id = ?", where.hit_id),
        ("h.rule_id <> ?", CANARY if (where.rule_id, where.article_key, where.hit_id) == (None,) * 3 else None),
        ("h.id < ?", where.before_id),
    ]
    chosen = [(test, value) for test, value in wanted if value is not None]
    tests = " AND ".join(["TRUE", *(test for test, _ in chosen)])
    rows = db.execute(
        "SELECT a.*, h.id AS hit_id, h.created_at, h.rule_id, h.rule_version, h.severity, h.score, h.clauses, h.spans, "
        "h.revision AS hit_revision, h.withdrawn_at, coalesce(f.title, f.own_title) AS feed_title "
        "FROM hits h JOIN articles a ON a.id = h.article_id JOIN feeds f ON f.id = a.feed_id "
        f"WHERE {tests} ORDER BY h.id DESC LIMIT ?",
        (*(value for _, value in chosen), where.limit),
    ).fetchall()
    return tuple(_hit(db, row) for row in rows)


def _hit(db: Row, row: Row) -> StoredHit:
    article = values.article(row)
    if row["hit_revision"] != row["revision"]:
        # The spans are offsets into the text that was hit, which a later revision may have replaced.
        old = db.execute(
            "SELECT title, body, text_hash FROM revisions WHERE article_id = ? AND number = ?",
            (row["id"], row["hit_revision"]),
        ).fetchone()
        article = values.article(dict(row) | dict(old))
    return StoredHit(
        id=row["hit_id"],
        created_at=values.time(row["created_at"]),
        match=values.match(row),
        article=article,
        revision=row["hit_revision"],
        first_seen=values.time(row["first_seen"]),
        withdrawn_at=values.time_or_none(row["withdrawn_at"]),
        feed_title=row["feed_title"],
    )


def search(db: Row, text: str, limit: int) -> tuple[FoundArticle, ...]:
    """Articles with all the words; the words are quoted, so that nothing in them is syntax."""
    words = phrases(text)
    if not words:
        return ()
    rows = db.find_text(text, max(0, limit))
    return tuple(
        FoundArticle(
            article=values.article(row),
            first_seen=values.time(row["first_seen"]),
            snippet=_snippet(row["body"], frozenset(word for phrase in words for word in phrase)),
        )
        for row in rows
    )


def _snippet(body: str, words: frozenset[str]) -> str:
    """The text around the first of the words."""
    tokens = tokenise(body)
    at = next((start for word, start in zip(tokens.folded, tokens.starts, strict=True) if word in words), 0)
    begin = max(0, at - _SNIPPET_BEFORE)
    cut = " ".join(body[begin : begin + _SNIPPET].split())
    return f"{'… ' if begin else ''}{cut}{' …' if begin + _SNIPPET < len(body) else ''}"


def archive(db: Row, since: datetime | None, after: int, limit: int) -> tuple[ArchivedArticle, ...]:
    """Articles by their row numbers, which grow; no index by time is needed for that."""
    rows = db.execute(
        "SELECT * FROM articles WHERE id > ? AND first_seen >= ? AND feed_id <> 'canary' ORDER BY id LIMIT ?",
        (after, stamp(since) if since else 0, max(0, limit)),
    ).fetchall()
    return tuple(
        ArchivedArticle(id=row["id"], article=values.article(row), first_seen=values.time(row["first_seen"]))
        for row in rows
    )


def deliveries(db: Row, states: Sequence[DeliveryState], channel: str | None, limit: int) -> tuple[Delivery, ...]:
    """Deliveries, newest first."""
    channel = values.text_or_none(channel)
    rows = db.execute(
        f"{JOINED} WHERE (? OR d.state IN (SELECT value FROM json_each(?))) AND (CAST(? AS TEXT) IS NULL OR d.channel = ?) "
        "ORDER BY d.id DESC LIMIT ?",
        (not states, json.dumps([one.value for one in states]), channel, channel, limit),
    ).fetchall()
    return tuple(values.delivery(row) for row in rows)


def attempts(db: Row, delivery_id: int) -> tuple[Attempt, ...]:
    """All attempts of a delivery, oldest first."""
    rows = db.execute("SELECT * FROM attempts WHERE delivery_id = ? ORDER BY id", (delivery_id,)).fetchall()
    return tuple(values.attempt(row) for row in rows)


def alerts(db: Row, keys: Sequence[str]) -> Mapping[str, Alert]:
    """Stored alerts by key."""
    rows = db.execute(
        "SELECT key, snapshot FROM alerts WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(list(keys)),)
    )
    return {row["key"]: values.load_alert(row["snapshot"]) for row in rows}


def channel_states(db: Row) -> Mapping[str, ChannelState]:
    """The states of all channels."""
    return {row["channel"]: values.channel_state(row) for row in db.execute("SELECT * FROM channels")}


def figures(db: Row, now: datetime, grace: timedelta) -> Figures:
    """Numbers for health and metrics."""

    def one(sql: str, *arguments: object) -> int:
        return int(db.execute(sql, arguments).fetchone()[0] or 0)

    counts = db.execute("SELECT state, count(*) AS n FROM deliveries GROUP BY state").fetchall()
    oldest = db.execute(
        "SELECT min(created_at) FROM deliveries WHERE state IN ('pending', 'leased', 'unknown')"
    ).fetchone()[0]
    unwell = db.execute(
        "SELECT condition, count(*) AS n FROM feeds WHERE active = 1 AND condition <> 'ok' GROUP BY condition"
    ).fetchall()
    canary = db.execute(
        "SELECT first_seen FROM articles a WHERE feed_id = 'canary' AND EXISTS (SELECT 1 FROM alerts l "
        "JOIN deliveries d ON d.alert_id = l.id WHERE l.article_id = a.id AND d.state = 'sent') "
        "ORDER BY first_seen DESC LIMIT 1"
    ).fetchone()
    return Figures(
        feeds=one("SELECT active FROM feed_tally WHERE id = 1"),
        feeds_overdue=one(
            "SELECT count(*) FROM feeds WHERE active = 1 AND next_due < ? AND (lease_until IS NULL OR lease_until <= ?)",
            stamp(now - grace),
            stamp(now),
        ),
        # Named, because SQLite takes the index of all feeds for a count: two seconds of CPU for a million.
        feeds_failing=one("SELECT count(*) FROM feeds INDEXED BY feeds_failing WHERE active = 1 AND failures > 0"),
        articles=one("SELECT max(id) FROM articles"),
        hits=one("SELECT max(id) FROM hits"),
        deliveries={DeliveryState(row["state"]): row["n"] for row in counts},
        unknown_outcomes=one("SELECT count(*) FROM attempts WHERE outcome = 'unknown'"),
        oldest_pending=values.time_or_none(oldest),
        conditions={FeedCondition(row["condition"]): row["n"] for row in unwell},
        canary=values.time_or_none(canary["first_seen"] if canary else None),
        ledger=ledger.figures(db),
    )
