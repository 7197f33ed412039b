"""Counts of hits, and spikes that were told, in SQLite: the methods of `store.spike_protocol.SpikeStore`."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from monitor.alerting import SpikeTold
from monitor.model import NewAlert
from monitor.store.sql import polls, values
from monitor.store.sql.database import upsert
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row, stamp

_MICROSECOND = timedelta(microseconds=1)


class Spikes:
    """What the store says of spikes."""

    async def note_rules(self: Transactions, rule_ids: Collection[str], now: datetime) -> None:
        """Remember since when rules are there."""
        rows = [(values.text(one), stamp(now)) for one in rule_ids]

        def note(db: Row) -> None:
            db.executemany("INSERT INTO rules_since (rule_id, since) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)

        await self._write(note)

    async def busy_rules(self: Transactions, since: datetime, at_least: int) -> Mapping[str, int]:
        """Rules that hit often since then."""
        return await self._read(
            lambda db: {
                row["rule_id"]: row["n"]
                for row in db.execute(
                    "SELECT rule_id, count(*) AS n FROM hits WHERE created_at > ? GROUP BY rule_id HAVING count(*) >= ?",
                    (stamp(since), at_least),
                )
            }
        )

    async def hit_counts(
        self: Transactions, rule_id: str, now: datetime, window: timedelta, back: timedelta
    ) -> tuple[int, ...]:
        """Hits of a rule in windows."""
        return await self._read(lambda db: _counts(db, rule_id, now, window, back))

    async def spikes_told(self: Transactions, rule_id: str) -> Mapping[str, SpikeTold]:
        """What was told of spikes of a rule."""
        return await self._read(
            lambda db: {
                row["subscriber_id"]: SpikeTold(at=values.time(row["at"]), count=row["count"])
                for row in db.execute("SELECT * FROM spikes_told WHERE rule_id = ?", (values.text(rule_id),))
            }
        )

    async def record_spike(self: Transactions, alert: NewAlert, rule_id: str, told: SpikeTold) -> bool:
        """Record an alert about a spike."""

        def record(db: Row) -> bool:
            if polls.insert_alert(db, alert, None, told.at) is None:
                return False
            db.execute(
                upsert("spikes_told", ("subscriber_id", "rule_id", "at", "count"), 2),
                (values.text(alert.alert.subscriber_id), values.text(rule_id), stamp(told.at), told.count),
            )
            return True

        return await self._write(record, urgent=True)


def _counts(db: Row, rule_id: str, now: datetime, window: timedelta, back: timedelta) -> tuple[int, ...]:
    rule = values.text(rule_id)
    row = db.execute("SELECT since FROM rules_since WHERE rule_id = ?", (rule,)).fetchone()
    # A store that is older than this table has hits from before.
    first = db.execute("SELECT min(created_at) FROM hits WHERE rule_id = ?", (rule,)).fetchone()[0]
    known = [one for one in (row["since"] if row else None, first) if one is not None]
    start, length = max(stamp(now - back), min(known, default=stamp(now))), window // _MICROSECOND
    counts = [0] * max(1, (stamp(now) - start) // length)
    found = db.execute(
        "SELECT (? - created_at) / ? AS place, count(*) AS n FROM hits "
        "WHERE rule_id = ? AND created_at > ? AND created_at <= ? GROUP BY place",
        (stamp(now), length, rule, stamp(now) - len(counts) * length, stamp(now)),
    )
    for one in found:
        counts[one["place"]] = one["n"]
    return tuple(counts)
