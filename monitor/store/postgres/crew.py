"""Workers, posts, slots and versions of the settings on PostgreSQL: see `store.crew_protocol`."""

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import psycopg

from monitor.store.crew_protocol import Lag, Post, Published, Worker
from monitor.store.postgres import connection
from monitor.store.sql import deliveries, values
from monitor.store.sql.transactions import Transactions
from monitor.store.sql.values import Row, stamp

_SHARD = "shard:"
_CHANNEL = "channel:"
_LISTEN_AGAIN = 1.0
_LOOK_UP = 2.0
"""Seconds that the listening thread waits at most before it looks whether the store was closed."""


class Crew(Transactions):
    """The methods of `store.crew_protocol.CrewStore`."""

    url: str
    _closed: bool

    async def beat(self, worker: Worker) -> None:
        """Say that this worker is there."""
        row = (worker.name, worker.version, worker.address, worker.settings, json.dumps(dict(worker.figures)))
        await self._write(
            lambda db: db.execute(
                "INSERT INTO workers (name, version, address, settings, figures, started, seen) "
                "VALUES (?, ?, ?, ?, ?, clock_timestamp(), clock_timestamp()) ON CONFLICT (name) DO UPDATE SET "
                "version = excluded.version, address = excluded.address, settings = excluded.settings, "
                "figures = excluded.figures, seen = excluded.seen",
                row,
            )
        )

    async def workers(self, silent: timedelta) -> tuple[Worker, ...]:
        """Those that said something."""
        return await self._read(
            lambda db: tuple(
                Worker(
                    name=row["name"],
                    version=row["version"],
                    address=row["address"],
                    started=row["started"],
                    silent=row["silent"],
                    settings=row["settings"],
                    figures=json.loads(row["figures"]),
                )
                for row in db.execute(
                    "SELECT *, clock_timestamp() - seen AS silent FROM workers WHERE seen > clock_timestamp() - ? ORDER BY name",
                    (silent,),
                )
            )
        )

    async def leave(self, worker: str) -> None:
        """Take a worker off the list."""

        def work(db: Row) -> None:
            db.execute("UPDATE posts SET worker = NULL, until = NULL WHERE worker = ?", (worker,))
            db.execute("DELETE FROM workers WHERE name = ?", (worker,))

        await self._write(work)

    async def take_posts(self, worker: str, names: Collection[str], lease: timedelta) -> Mapping[str, int]:
        """Take posts that are free."""
        return await self._write(lambda db: _take(db, worker, sorted(names), lease))

    async def renew_posts(self, worker: str, held: Mapping[str, int], lease: timedelta) -> frozenset[str]:
        """Hold posts for longer."""
        tokens = json.dumps([f"{name} {token}" for name, token in held.items()])

        def work(db: Row) -> frozenset[str]:
            rows = db.execute(
                "UPDATE posts SET until = clock_timestamp() + ? WHERE worker = ? AND until > clock_timestamp() "
                "AND name || ' ' || token IN (SELECT value FROM json_each(?)) RETURNING name",
                (lease, worker, tokens),
            )
            return frozenset(row["name"] for row in rows)

        return await self._write(work)

    async def leave_posts(self, worker: str, names: Collection[str]) -> None:
        """Give posts back."""
        given = json.dumps(sorted(names))
        await self._write(
            lambda db: db.execute(
                "UPDATE posts SET worker = NULL, until = NULL WHERE worker = ? AND name IN (SELECT value FROM json_each(?))",
                (worker, given),
            )
        )

    async def posts(self) -> tuple[Post, ...]:
        """All posts."""
        return await self._read(
            lambda db: tuple(
                Post(name=row["name"], worker=row["worker"], token=row["token"], left=row["remaining"])
                for row in db.execute("SELECT *, until - clock_timestamp() AS remaining FROM posts ORDER BY name")
            )
        )

    async def free_shards(self, now: datetime) -> tuple[int, ...]:
        """Shards that wait for somebody."""
        return await self._read(
            lambda db: tuple(
                row["shard"]
                for row in db.execute(
                    "SELECT DISTINCT f.shard FROM feeds f LEFT JOIN posts p "
                    "ON p.name = 'shard:' || f.shard AND p.until > clock_timestamp() "
                    "WHERE f.active = 1 AND f.next_due <= ? AND p.name IS NULL ORDER BY f.shard",
                    (stamp(now),),
                )
            )
        )

    async def win_slot(self, name: str, slot: int, worker: str) -> bool:
        """Whether this worker is the first."""
        sql = "INSERT INTO slots (name, slot, worker) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return await self._write(lambda db: bool(db.execute(sql, (name, slot, worker)).rowcount))

    async def lag(self, now: datetime) -> Lag:
        """How far behind the whole is."""
        return await self._read(lambda db: _lag(db, now))

    async def publish(self, hash: str, files: bytes, worker: str) -> int:  # noqa: A002 - what it is
        """Publish settings."""

        def work(db: Row) -> int:
            db.alone("settings")  # workers with the same new files publish them once
            newest = db.execute("SELECT version, hash FROM settings_versions ORDER BY version DESC LIMIT 1").fetchone()
            if newest is not None and newest["hash"] == hash:
                return int(newest["version"])
            # A row that is written anew gets a new number: it is the newest, though it was published before.
            db.execute("DELETE FROM settings_versions WHERE hash = ?", (hash,))
            sql = "INSERT INTO settings_versions (hash, files, worker) VALUES (?, ?, ?) RETURNING version"
            return int(db.execute(sql, (hash, files, worker)).fetchone()["version"])

        return await self._write(work)

    async def published(self, version: int | None = None) -> Published | None:
        """Settings that were published."""

        def work(db: Row) -> Published | None:
            row = db.execute(
                "SELECT * FROM settings_versions WHERE CAST(? AS BIGINT) IS NULL OR version = ? ORDER BY version DESC LIMIT 1",
                (version, version),
            ).fetchone()
            if row is None:
                return None
            return Published(version=row["version"], hash=row["hash"], files=bytes(row["files"]), worker=row["worker"])

        return await self._read(work)

    async def newest_settings(self) -> int | None:
        """The newest version."""
        sql = "SELECT max(version) FROM settings_versions"
        return await self._read(lambda db: cast("int | None", db.execute(sql).fetchone()[0]))

    async def was_published(self, hash: str) -> bool:  # noqa: A002 - what it is
        """Whether settings were published ever."""
        sql = "SELECT 1 FROM settings_versions WHERE hash = ?"
        return await self._read(lambda db: db.execute(sql, (hash,)).fetchone() is not None)

    async def tidy(self, before: datetime) -> int:
        """Forget what is old."""

        def work(db: Row) -> int:
            return sum(
                int(db.execute(sql, (bound,)).rowcount)
                for sql, bound in (
                    ("DELETE FROM workers WHERE seen < ?", before),
                    ("DELETE FROM slots WHERE slot < ?", stamp(before)),
                    (
                        "DELETE FROM settings_versions WHERE at < ? AND version < (SELECT max(version) FROM settings_versions)",
                        before,
                    ),
                )
            )

        return await self._write(work)

    def listen(self, heard: Callable[[str], Any]) -> None:
        """Call this with what changed."""
        threading.Thread(target=self._listen, args=(heard,), name="store-listener", daemon=True).start()

    def _listen(self, heard: Callable[[str], Any]) -> None:
        lost = False
        while not self._closed:
            try:
                with psycopg.connect(self.url, autocommit=True, **connection.keywords(self.url)) as db:
                    db.execute("LISTEN monitor")
                    if lost:
                        heard("reconnected")  # what was said meanwhile was not heard
                        lost = False
                    while not self._closed:
                        for one in db.notifies(timeout=_LOOK_UP):
                            heard(one.payload)
                        db.execute("SELECT 1")  # a link that was cut says nothing by itself
            except (psycopg.Error, OSError):
                lost = True
                time.sleep(_LISTEN_AGAIN)


def _take(db: Row, worker: str, names: list[str], lease: timedelta) -> dict[str, int]:
    given = json.dumps(names)
    db.execute(
        "INSERT INTO posts (name) SELECT value FROM json_each(?) ON CONFLICT DO NOTHING", (given,)
    )  # in one order, so that two workers do not wait for each other
    rows = db.execute(
        "WITH free AS MATERIALIZED (SELECT name FROM posts WHERE name IN (SELECT value FROM json_each(?)) "
        "AND (until IS NULL OR until <= clock_timestamp() OR worker = ?) ORDER BY name /* skip locked */) "
        "UPDATE posts SET worker = ?, until = clock_timestamp() + ?, token = token + 1 "
        "WHERE name IN (SELECT name FROM free) RETURNING name, token",
        (given, worker, worker, lease),
    ).fetchall()
    taken = {row["name"]: row["token"] for row in rows}
    shards = [int(name.removeprefix(_SHARD)) for name in taken if name.startswith(_SHARD)]
    if shards:
        db.execute(
            "UPDATE feeds SET lease_worker = NULL, lease_until = NULL, lease_token = lease_token + 1 "
            "WHERE lease_until IS NOT NULL AND lease_worker <> ? "
            "AND shard IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
            (worker, json.dumps(shards)),
        )
    channels = [name.removeprefix(_CHANNEL) for name in taken if name.startswith(_CHANNEL)]
    if channels:
        now = db.execute("SELECT clock_timestamp()").fetchone()[0]
        for channel in channels:
            deliveries.take_back_others(db, channel, worker, now)
    return taken


def _lag(db: Row, now: datetime) -> Lag:
    due = db.execute(
        "SELECT min(next_due) AS oldest, count(*) AS n FROM feeds WHERE active = 1 AND next_due <= ? "
        "AND (lease_until IS NULL OR lease_until <= ?)",
        (stamp(now), stamp(now)),
    ).fetchone()
    pending = db.execute(
        "SELECT min(created_at) AS oldest FROM deliveries WHERE state IN ('pending', 'leased', 'unknown') "
        "AND state = 'pending' AND next_attempt <= ?",
        (stamp(now),),
    ).fetchone()
    waiting = db.execute("SELECT min(due) AS oldest FROM agenda WHERE due <= ?", (stamp(now),)).fetchone()
    return Lag(
        oldest_due=values.time_or_none(due["oldest"]),
        feeds_due=due["n"],
        oldest_pending=values.time_or_none(pending["oldest"]),
        oldest_waiting=values.time_or_none(waiting["oldest"]),
    )
