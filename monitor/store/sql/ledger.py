"""How every hit ended, counted from the rows in SQLite. Reads only.

A hit that was told counts as delivered when its alert reached one address at least: itself, or inside the digest that
carries it; as pending while a delivery can still succeed; as dead when none can.
"""

import json
from collections.abc import Sequence

from monitor.model import HoldReason, Severity
from monitor.store.alert_protocol import Ending, LedgerFigures, LedgerLine, Taking
from monitor.store.sql import values
from monitor.store.sql.deliveries import JOINED
from monitor.store.sql.values import Row

_STATES = """
WITH ends AS (
  SELECT d.alert_id, coalesce(c.state, d.state) AS state FROM deliveries d LEFT JOIN deliveries c ON c.id = d.carried_by
), alert_ends AS (
  SELECT alert_id, CASE WHEN max(CASE state WHEN 'sent' THEN 1 ELSE 0 END) = 1 THEN 'delivered'
    WHEN max(CASE state WHEN 'dead' THEN 0 ELSE 1 END) = 1 THEN 'pending' ELSE 'dead' END AS outcome
  FROM ends GROUP BY alert_id
)
SELECT w.subscriber_id, CASE WHEN t.ending IS NULL THEN 'waiting' WHEN t.ending = 'told' THEN coalesce(e.outcome, 'dead')
  ELSE t.reason END AS how, t.ending, count(*) AS n
FROM takings t JOIN waiting w ON w.id = t.waiting_id LEFT JOIN alert_ends e ON e.alert_id = t.alert_id
WHERE CAST(? AS TEXT) IS NULL OR w.subscriber_id = ? GROUP BY 1, 2, 3
"""


def lines(db: Row, subscriber_id: str | None) -> tuple[LedgerLine, ...]:
    """A line for each subscriber, by id."""
    person = values.text_or_none(subscriber_id)
    found: dict[str, dict[tuple[str | None, str], int]] = {}
    for row in db.execute(_STATES, (person, person)):
        found.setdefault(row["subscriber_id"], {})[row["ending"], row["how"]] = row["n"]
    tally = {
        row["subscriber_id"]: row["n"]
        for row in db.execute("SELECT subscriber_id, n FROM hit_tally WHERE what = 'taken' AND n > 0")
        if person in (None, row["subscriber_id"])
    }
    return tuple(_line(one, found.get(one, {}), tally.get(one, 0)) for one in sorted(found.keys() | tally.keys()))


def _line(person: str, counts: dict[tuple[str | None, str], int], tally: int) -> LedgerLine:
    told = {how: n for (ending, how), n in counts.items() if ending == Ending.TOLD.value}
    return LedgerLine(
        subscriber_id=person,
        taken=sum(counts.values()),
        delivered=told.get("delivered", 0),
        waiting=sum(n for (ending, _), n in counts.items() if ending is None),
        pending=told.get("pending", 0),
        dead=told.get("dead", 0),
        suppressed={how: n for (ending, how), n in counts.items() if ending == Ending.SUPPRESSED.value},
        tally=tally,
    )


def figures(db: Row) -> LedgerFigures:
    """The same as it was counted when it happened: a few rows, whatever the store holds."""
    counts = {
        row["what"]: row["n"] for row in db.execute("SELECT what, sum(n) AS n FROM hit_tally GROUP BY what") if row["n"]
    }
    return LedgerFigures(taken=counts.pop("taken", 0), told=counts.pop(Ending.TOLD.value, 0), suppressed=counts)


def takings(db: Row, hit_ids: Sequence[int]) -> tuple[Taking, ...]:
    """How far hits have come to those who take them."""
    rows = db.execute(
        "SELECT t.*, w.subscriber_id, w.route, w.story, w.since, w.due, w.held, a.snapshot FROM takings t "
        "JOIN waiting w ON w.id = t.waiting_id LEFT JOIN alerts a ON a.id = t.alert_id "
        "WHERE t.hit_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) ORDER BY t.hit_id, w.subscriber_id, w.id",
        (json.dumps(list(hit_ids)),),
    ).fetchall()
    return tuple(_taking(db, row) for row in rows)


def _taking(db: Row, row: Row) -> Taking:
    waits = row["ending"] is None
    deliveries = (
        db.execute(f"{JOINED} WHERE d.alert_id = ? ORDER BY d.id", (row["alert_id"],)).fetchall()
        if row["alert_id"]
        else ()
    )
    return Taking(
        hit_id=row["hit_id"],
        subscriber_id=row["subscriber_id"],
        route=row["route"],
        rule_id=row["rule_id"],
        severity=Severity(row["severity"]),
        story=row["story"],
        since=values.time(row["since"]),
        ending=Ending.WAITING if waits else Ending(row["ending"]),
        held=HoldReason(row["held"]) if waits and row["held"] else None,
        due=values.time_or_none(row["due"]) if waits else None,
        reason=row["reason"],
        by=row["by"] or "",
        at=values.time_or_none(row["at"]),
        alert=values.load_alert(row["snapshot"]) if row["snapshot"] else None,
        deliveries=tuple(values.delivery(one) for one in deliveries),
    )
