"""What was decided for a subscriber in SQLite: alerts, what was told, held and suppressed, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.errors import LeaseLost
from monitor.model import Article, Copy, Held, Reading, Suppressed
from monitor.store.alert_protocol import (
    Agenda,
    AlertRecord,
    Ending,
    LedgerLine,
    RecordedAlerts,
    SeenArticle,
    SubscriberClaim,
    Taking,
    TellingRecord,
)
from monitor.store.sql import ledger, polls, stories, values, waiting
from monitor.store.sql.database import upsert
from monitor.store.sql.feeds import LONGEST
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row, stamp


class Decisions:
    """The methods of `store.alert_protocol.AlertStore`."""

    async def claim_subscribers(
        self: Transactions, worker: str, now: datetime, limit: int, lease: timedelta
    ) -> tuple[SubscriberClaim, ...]:
        """Lease subscribers for whom something is due."""
        return await self._write(lambda db: waiting.claim(db, worker, now, limit, lease, LONGEST), urgent=True)

    async def agenda(self: Transactions, subscriber_id: str, now: datetime) -> Agenda:
        """All that a decision needs."""
        return await self._read(lambda db: waiting.agenda(db, subscriber_id, now))

    async def seen(self: Transactions, waiting_ids: Sequence[int]) -> Mapping[int, SeenArticle]:
        """Articles as they were in the revision of a row."""
        return await self._read(lambda db: {number: _seen(db, number) for number in waiting_ids})

    async def copies(self: Transactions, found: Sequence[str], limit: int) -> Mapping[str, tuple[Copy, ...]]:
        """The articles of stories."""
        return await self._read(lambda db: stories.copies(db, found, limit))

    async def recent_stories(
        self: Transactions, since: datetime, most: int, after: int, limit: int
    ) -> tuple[tuple[int, Article, str], ...]:
        """Articles of the window of stories."""
        return await self._read(lambda db: stories.recent(db, since, most, after, limit))

    async def reading(self: Transactions, since: datetime, until: datetime) -> Reading:
        """What was read in a period."""
        return await self._read(lambda db: waiting.reading(db, since, until))

    async def record_alerts(self: Transactions, record: AlertRecord) -> RecordedAlerts:
        """Record what was decided."""
        return await self._write(lambda db: record_alerts(db, record), urgent=True)

    async def wake(self: Transactions, subscriber_ids: Sequence[str] | None, now: datetime) -> int:
        """Have subscribers decided on now."""
        return await self._write(lambda db: waiting.wake(db, subscriber_ids, now), urgent=True)

    async def takings(self: Transactions, hit_ids: Sequence[int]) -> tuple[Taking, ...]:
        """How far hits have come."""
        return await self._read(lambda db: ledger.takings(db, hit_ids))

    async def ledger(self: Transactions, subscriber_id: str | None = None) -> tuple[LedgerLine, ...]:
        """The ledger, counted from the rows."""
        return await self._read(lambda db: ledger.lines(db, subscriber_id))


def _seen(db: Row, number: int) -> SeenArticle:
    """The article of a row, and what hit in its text: of each rule the newest match up to that revision."""
    row = db.execute(
        "SELECT a.*, w.revision AS row_revision, coalesce(f.title, f.own_title) AS feed_title FROM waiting w "
        "JOIN articles a ON a.id = w.article_id JOIN feeds f ON f.id = a.feed_id WHERE w.id = ?",
        (number,),
    ).fetchone()
    found = {
        hit["rule_id"]: values.match(hit)
        for hit in db.execute(
            "SELECT * FROM hits WHERE article_id = ? AND revision <= ? ORDER BY revision, id",
            (row["id"], row["row_revision"]),
        )
    }
    revision = row["row_revision"]
    return SeenArticle(
        article=_at(db, row, revision),
        matches=tuple(found.values()),
        feed_title=row["feed_title"],
        first_seen=values.time(row["first_seen"]),
        previous=_at(db, row, revision - 1) if revision else None,
    )


def _at(db: Row, row: Row, revision: int) -> Article:
    """The article with the text of a revision."""
    if revision == row["revision"]:
        return values.article(row)
    old = db.execute(
        "SELECT title, body, text_hash FROM revisions WHERE article_id = ? AND number = ?", (row["id"], revision)
    ).fetchone()
    return values.article(dict(row) | dict(old))


def record_alerts(db: Row, record: AlertRecord) -> RecordedAlerts:
    """Write down a decision. Raises LeaseLost before anything is written."""
    person, lease = values.text(record.claim.subscriber_id), record.claim.lease
    fenced = db.execute(
        "UPDATE agenda SET lease_worker = NULL, lease_until = NULL "
        "WHERE subscriber_id = ? AND lease_token = ? AND lease_worker = ?",
        (person, lease.token, lease.worker),
    )
    if fenced.rowcount != 1:
        raise LeaseLost(f"the decision for {record.claim.subscriber_id} went to another worker")
    alerts = deliveries = told = 0
    for tell in record.tells:
        made, sent, hits = _record_telling(db, person, tell, record.now)
        alerts, deliveries, told = alerts + made, deliveries + sent, told + hits
    suppressed = _suppress(db, person, record.suppressed, record.now)
    _hold(db, record.decided, record.held)
    db.executemany(
        upsert("digests", ("subscriber_id", "route", "at"), 2),
        [(person, values.text(route), stamp(at)) for route, at in record.digested],
    )
    # What came meanwhile is due as well.
    first = db.execute(
        "SELECT min(due) FROM waiting WHERE subscriber_id = ? AND due IS NOT NULL", (person,)
    ).fetchone()[0]
    due = min((one for one in (first, values.stamp_or_none(record.due)) if one is not None), default=None)
    db.execute("UPDATE agenda SET due = ? WHERE subscriber_id = ?", (due, person))
    return RecordedAlerts(
        alerts=alerts, deliveries=deliveries, told=told, suppressed=suppressed, due=values.time_or_none(due)
    )


def _record_telling(db: Row, person: str, tell: TellingRecord, now: datetime) -> tuple[int, int, int]:
    """An alert with what it tells; how many alerts, deliveries and hits were written down."""
    article_id = None
    if tell.alert.article_key is not None and tell.hits:
        article_id = db.execute("SELECT article_id FROM waiting WHERE id = ?", (tell.hits[0][0],)).fetchone()[0]
    stored = polls.insert_alert(db, tell.alert, article_id, now)
    alert_id = (
        stored[0]
        if stored
        else db.execute("SELECT id FROM alerts WHERE key = ?", (tell.alert.alert.key,)).fetchone()["id"]
    )
    count = _end(db, tell.hits, (Ending.TOLD.value, alert_id, None, "", stamp(now)))
    waiting.add_to_tally(db, person, Ending.TOLD.value, count)
    for one in tell.told:
        waiting.put_told(db, person, one)
    return int(stored is not None), stored[1] if stored else 0, count


def _suppress(db: Row, person: str, suppressed: Iterable[Suppressed], now: datetime) -> int:
    total = 0
    for one in suppressed:
        ending = (Ending.SUPPRESSED.value, None, one.reason.value, values.text(one.by), stamp(now))
        count = _end(db, [(one.waiting, one.rules)], ending)
        waiting.add_to_tally(db, person, one.reason.value, count)
        total += count
    return total


def _end(db: Row, hits: Iterable[tuple[int, tuple[str, ...]]], ending: tuple[object, ...]) -> int:
    """Write down how hits ended; of a row without hits, how the row did. How many hits."""
    changed = db.executemany(
        "UPDATE takings SET ending = ?, alert_id = ?, reason = ?, by = ?, at = ? "
        "WHERE waiting_id = ? AND rule_id = ? AND ending IS NULL",
        [(*ending, number, values.text(rule)) for number, rules in hits for rule in rules],
    )
    return max(0, int(changed.rowcount))


def _hold(db: Row, decided: Sequence[int], held: Sequence[Held]) -> None:
    """Rows that go on waiting, and those that are done. A row held for two reasons waits for the first."""
    until: dict[int, Held] = {}
    for one in sorted(held, key=lambda one: one.until, reverse=True):
        until[one.waiting] = one
    db.executemany("UPDATE waiting SET due = NULL WHERE id = ?", [(one,) for one in decided if one not in until])
    db.executemany(
        "UPDATE waiting SET due = ?, held = ? WHERE id = ?",
        [(stamp(one.until), one.reason.value, number) for number, one in until.items()],
    )
