"""Silences, choices, people and keys of links in SQLite: the methods of `store.people_protocol.PeopleStore`."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter

from monitor.model import Choices, Person, Silence, Stop, Verdict
from monitor.store.sql import values
from monitor.store.sql.database import upsert
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row, stamp

_SILENCE: TypeAdapter[Silence] = TypeAdapter(Silence)
_PERSON: TypeAdapter[Person] = TypeAdapter(Person)
_CHOICES: TypeAdapter[Choices] = TypeAdapter(Choices)


class People:
    """What the store says of people."""

    async def add_silence(self: Transactions, silence: Silence) -> None:
        """Keep a silence."""
        raw = values.text(_SILENCE.dump_json(silence).decode())
        row = (values.text(silence.id), raw, stamp(silence.since), stamp(silence.until))
        await self._write(lambda db: db.execute(upsert("silences", ("id", "silence", "since", "until")), row))

    async def end_silence(self: Transactions, id: str, now: datetime) -> bool:  # noqa: A002 - what it is
        """End a silence now."""

        def end(db: Row) -> bool:
            found = db.execute(
                "SELECT silence FROM silences WHERE id = ? AND until > ?", (values.text(id), stamp(now))
            ).fetchone()
            if found is None:
                return False
            ended = dataclasses.replace(_SILENCE.validate_json(found["silence"]), until=now)
            db.execute(
                "UPDATE silences SET until = ?, silence = ? WHERE id = ?",
                (stamp(now), values.text(_SILENCE.dump_json(ended).decode()), values.text(id)),
            )
            return True

        return await self._write(end)

    async def silences(self: Transactions, now: datetime | None = None) -> tuple[Silence, ...]:
        """Silences in force, or all."""

        def read(db: Row) -> tuple[Silence, ...]:
            if now is None:
                rows = db.execute("SELECT silence FROM silences ORDER BY since DESC, id")
            else:
                rows = db.execute(
                    "SELECT silence FROM silences WHERE until > ? AND since <= ? ORDER BY since DESC, id",
                    (stamp(now), stamp(now)),
                )
            return tuple(_SILENCE.validate_json(row["silence"]) for row in rows)

        return await self._read(read)

    async def link_keys(self: Transactions, new: bytes) -> tuple[bytes, ...]:
        """The keys of links."""

        def keys(db: Row) -> tuple[bytes, ...]:
            db.execute("INSERT INTO link_keys (key) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM link_keys)", (new,))
            return tuple(bytes(row["key"]) for row in db.execute("SELECT key FROM link_keys ORDER BY id DESC"))

        return await self._write(keys)

    async def people(self: Transactions) -> tuple[Person, ...]:
        """Everybody who was added at run time."""
        return await self._read(
            lambda db: tuple(
                _PERSON.validate_json(row["person"]) for row in db.execute("SELECT person FROM people ORDER BY id")
            )
        )

    async def put_person(self: Transactions, person: Person) -> None:
        """Keep somebody."""
        raw = values.text(_PERSON.dump_json(person).decode())

        def put(db: Row) -> None:
            db.execute(upsert("people", ("id", "person")), (values.text(person.id), raw))
            _changed(db)

        await self._write(put)

    async def choices(self: Transactions) -> Mapping[str, Choices]:
        """What subscribers chose."""
        return await self._read(
            lambda db: {
                row["subscriber_id"]: _CHOICES.validate_json(row["choices"])
                for row in db.execute("SELECT * FROM choices")
            }
        )

    async def put_choices(self: Transactions, choices: Choices) -> None:
        """Keep what a subscriber chose."""
        raw = values.text(_CHOICES.dump_json(choices).decode())

        def put(db: Row) -> None:
            row = (values.text(choices.subscriber_id), raw)
            db.execute(upsert("choices", ("subscriber_id", "choices")), row)
            _changed(db)

        await self._write(put)

    async def stopped(self: Transactions) -> Mapping[str, Stop]:
        """Addresses that take nothing any more."""
        return await self._read(
            lambda db: {
                row["address"]: Stop(
                    address=row["address"], reason=row["reason"], detail=row["detail"], at=values.time(row["at"])
                )
                for row in db.execute("SELECT * FROM stopped")
            }
        )

    async def stop_address(self: Transactions, address: str, reason: str, detail: str, now: datetime) -> bool:
        """Send nothing more to an address."""
        row = (values.text(address.lower()), reason, values.text(detail), stamp(now))

        def stop(db: Row) -> bool:
            changed = db.execute(
                "INSERT INTO stopped (address, reason, detail, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row
            )
            _changed(db)
            return bool(changed.rowcount)

        return await self._write(stop)

    async def resume_address(self: Transactions, address: str) -> bool:
        """Send to an address again."""

        def resume(db: Row) -> bool:
            changed = db.execute("DELETE FROM stopped WHERE address = ?", (values.text(address.lower()),))
            _changed(db)
            return bool(changed.rowcount)

        return await self._write(resume)

    async def people_version(self: Transactions) -> int:
        """How often people, choices or addresses changed."""
        return await self._read(lambda db: int(db.execute("SELECT version FROM people_version").fetchone()[0]))

    async def put_verdict(self: Transactions, verdict: Verdict) -> None:
        """Keep a false alarm."""
        row = (verdict.alert_key, values.text(verdict.rule_id), values.text(verdict.subscriber_id), stamp(verdict.at))
        await self._write(
            lambda db: db.execute(
                "INSERT INTO verdicts (alert_key, rule_id, subscriber_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                row,
            )
        )

    async def verdicts(self: Transactions, limit: int = 100) -> tuple[Verdict, ...]:
        """False alarms."""
        return await self._read(
            lambda db: tuple(
                Verdict(
                    alert_key=row["alert_key"],
                    rule_id=row["rule_id"],
                    subscriber_id=row["subscriber_id"],
                    at=values.time(row["at"]),
                )
                for row in db.execute("SELECT * FROM verdicts ORDER BY at DESC LIMIT ?", (limit,))
            )
        )


def _changed(db: Row) -> None:
    db.execute("UPDATE people_version SET version = version + 1")
