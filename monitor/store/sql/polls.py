"""A poll in SQLite: what is known of its articles, and the one transaction that records it.

Each function works inside its caller's transaction. A key that is stored already is left as it is, with all that hangs on
it: that is what makes repetition harmless.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from monitor.errors import LeaseLost
from monitor.model import Article, Match, NewAlert
from monitor.store.protocol import KnownArticle, NewArticle, NewRevision, PollRecord, RecordedPoll
from monitor.store.sql import stories, values, waiting
from monitor.store.sql.values import Row, stamp

_NOTHING = RecordedPoll(articles=0, revisions=0, hits=0, waiting=0)

Known = Mapping[str, KnownArticle]


def known(db: Row, feed_id: str, keys: Sequence[str], alike: Sequence[Article]) -> Known:
    """Articles of a feed that are stored already."""
    found = {row["key"]: _known(row) for row in _stored(db, feed_id, "key", keys)}
    if alike:
        rows = _stored(db, feed_id, "text_hash", [article.text_hash for article in alike])
        same = {(row["url"], row["published"], row["text_hash"]): _known(row) for row in rows if row["url"]}
        for article in alike:
            one = same.get((article.url, values.stamp_or_none(article.published), article.text_hash))
            if one is not None:
                found.setdefault(article.key, one)
    return found


def _stored(db: Row, feed_id: str, column: str, wanted: Sequence[str]) -> Sequence[Row]:
    return db.execute(  # type: ignore[no-any-return]
        "SELECT a.key, a.url, a.published, a.text_hash, a.first_seen, a.revision, a.story, "
        " EXISTS (SELECT 1 FROM pages p WHERE p.article_id = a.id AND p.read_at IS NOT NULL) AS full_text, "
        " (SELECT json_group_object(rule_id, severity) FROM hits h WHERE h.article_id = a.id AND withdrawn_at IS NULL) AS standing "
        f"FROM articles a WHERE a.feed_id = ? AND a.{column} IN (SELECT value FROM json_each(?))",
        (values.text(feed_id), json.dumps(list(wanted))),
    ).fetchall()


def _known(row: Row) -> KnownArticle:
    return KnownArticle(
        key=row["key"],
        text_hash=row["text_hash"],
        first_seen=values.time(row["first_seen"]),
        hits=values.standing(row["standing"]),
        story=row["story"] or row["key"],
        revision=row["revision"],
        full_text=bool(row["full_text"]),
    )


def record(db: Row, poll: PollRecord) -> tuple[RecordedPoll, Mapping[str, int]]:
    """All that a poll changes, and the numbers of the articles that it wrote, by key. Raises LeaseLost before anything
    is written.
    """
    columns = values.state_columns(poll.state)
    fenced = db.execute(
        _fenced_update(tuple(columns)),
        (*columns.values(), poll.tell, poll.feed_id, poll.lease.token, poll.lease.worker),
    )
    if fenced.rowcount != 1:
        raise LeaseLost(f"the lease of feed {poll.feed_id} went to another worker")
    if not (poll.articles or poll.revisions or poll.merges):
        return _NOTHING, {}
    # A key that comes twice in one poll is one article: the first.
    articles = tuple({one.article.key: one for one in reversed(poll.articles)}.values())[::-1]
    fresh = insert_articles(db, articles, poll.now)
    changed = insert_revisions(db, poll.revisions, poll.now)
    hits = insert_hits(db, [(one.article.key, one.matches, fresh) for one in articles], poll.now)
    hits += insert_hits(db, [(one.article.key, one.matches, changed) for one in poll.revisions], poll.now)
    written = fresh | changed
    numbers = {key: number for key, (number, _) in written.items()}
    told = {numbers[one.article.key]: one.story or one.article.key for one in articles if one.article.key in fresh}
    stories.put(db, told, poll.merges)
    waiting.merge(db, poll.merges)
    rows = waiting.insert(db, poll.waiting, written)
    recorded = RecordedPoll(articles=len(fresh), revisions=len(changed), hits=hits, waiting=rows)
    return recorded, numbers


@cache
def _fenced_update(columns: tuple[str, ...]) -> str:
    changes = ", ".join(f"{name} = ?" for name in columns)
    return (
        f"UPDATE feeds SET {changes}, untold = CASE WHEN ? THEN 1 ELSE untold END, lease_worker = NULL, lease_until = NULL "
        "WHERE id = ? AND lease_token = ? AND lease_worker = ?"
    )


def insert_articles(db: Row, articles: Sequence[NewArticle], now: datetime) -> dict[str, tuple[int, int]]:
    """Insert what is new; the number and revision of each article that was inserted, by key."""
    if not articles:
        return {}
    seen = stamp(now)
    rows = [values.article_columns(one.article) | {"first_seen": seen} for one in articles]
    names = list(rows[0])
    # What is stored is looked for first: a number is used up also by an insert that finds a row there.
    stored = _numbers(db, rows)
    rows = [row for row in rows if (row["feed_id"], row["key"]) not in stored]
    db.executemany(
        f"INSERT INTO articles ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO NOTHING",
        [tuple(row.values()) for row in rows],
    )
    numbers = _numbers(db, rows)
    fresh = {str(row["key"]): (numbers[row["feed_id"], row["key"]], 0) for row in rows}
    db.put_text([(fresh[str(row["key"])][0], str(row["title"]), str(row["body"])) for row in rows])
    return fresh


def _numbers(db: Row, rows: Sequence[Mapping[str, object]]) -> dict[tuple[object, object], int]:
    """The numbers of the articles of these rows that are stored, by feed and key."""
    keys: dict[object, list[object]] = {}
    for row in rows:
        keys.setdefault(row["feed_id"], []).append(row["key"])
    return {
        (feed_id, found["key"]): found["id"]
        for feed_id, some in keys.items()
        for found in db.execute(
            "SELECT id, key FROM articles WHERE feed_id = ? AND key IN (SELECT value FROM json_each(?))",
            (feed_id, json.dumps(some)),
        )
    }


def insert_revisions(db: Row, revisions: Sequence[NewRevision], now: datetime) -> dict[str, tuple[int, int]]:
    """Keep the old text, take over the new one, withdraw the hits that stand no more."""
    changed: dict[str, tuple[int, int]] = {}
    for one in revisions:
        columns = values.article_columns(one.article)
        row = db.execute(
            "SELECT id, revision, title, body, text_hash FROM articles WHERE feed_id = ? AND key = ?",
            (columns["feed_id"], columns["key"]),
        ).fetchone()
        if row is None or row["text_hash"] == one.article.text_hash:
            continue
        number = replace_text(db, row, one.article, gone(one.dropped, one.matches), now)
        changed[one.article.key] = (row["id"], number)
    return changed


def gone(dropped: Sequence[str], matches: Sequence[Match]) -> tuple[str, ...]:
    """Rules whose standing hits end with a revision: it does not hit them any more, or otherwise than before."""
    return (*dropped, *(match.rule_id for match in matches))


def replace_text(db: Row, row: Row, article: Article, dropped: Sequence[str], now: datetime) -> int:
    """Put an article in the place of what a row of articles says, which is kept; the number of the new revision."""
    columns = values.article_columns(article)
    number = int(row["revision"]) + 1
    db.execute(
        "INSERT INTO revisions (article_id, number, title, body, text_hash, replaced_at) VALUES (?, ?, ?, ?, ?, ?)",
        (row["id"], row["revision"], row["title"], row["body"], row["text_hash"], stamp(now)),
    )
    changes = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE articles SET {changes}, revision = ? WHERE id = ?", (*columns.values(), number, row["id"]))
    db.put_text([(row["id"], str(columns["title"]), str(columns["body"]))])
    db.execute(
        "UPDATE hits SET withdrawn_at = ? WHERE article_id = ? AND withdrawn_at IS NULL "
        "AND rule_id IN (SELECT value FROM json_each(?))",
        (stamp(now), row["id"], json.dumps(dropped)),
    )
    return number


def insert_hits(
    db: Row, matched: Sequence[tuple[str, tuple[Match, ...], Mapping[str, tuple[int, int]]]], now: datetime
) -> int:
    """Insert the hits of articles that were really inserted or changed; how many."""
    rows = [
        values.match_columns(match) | {"article_id": written[key][0], "revision": written[key][1]}
        for key, matches, written in matched
        if key in written
        for match in matches
    ]
    if not rows:
        return 0
    names = [*rows[0], "created_at"]
    inserted = db.executemany(
        f"INSERT INTO hits ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO NOTHING",
        [(*row.values(), stamp(now)) for row in rows],
    )
    return max(0, int(inserted.rowcount))


def insert_alert(db: Row, new: NewAlert, article_id: int | None, now: datetime) -> tuple[int, int] | None:
    """Insert one alert and its deliveries; its number and how many they are, or None if its key is stored already."""
    alert = new.alert
    row = db.execute(
        "INSERT INTO alerts (key, kind, subscriber_id, route, article_id, rank, snapshot, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
        (
            alert.key,
            alert.kind.value,
            values.text(alert.subscriber_id),
            values.text(alert.route),
            article_id,
            alert.severity.rank,
            values.dump_alert(alert),
            stamp(alert.created_at),
        ),
    ).fetchone()
    if row is None:
        return None
    alert_id = int(row["id"])
    rows = [values.delivery_columns(one, alert, alert_id, now) for one in new.deliveries]
    count = 0
    if rows:
        names = list(rows[0])
        inserted = db.executemany(
            f"INSERT INTO deliveries ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
            "ON CONFLICT DO NOTHING",
            [tuple(row.values()) for row in rows],
        )
        count = max(0, int(inserted.rowcount))
    return alert_id, count
