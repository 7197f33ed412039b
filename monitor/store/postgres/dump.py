"""PostgreSQL as an end of a copy, and its condition: see `store.copying`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import psycopg

from monitor.errors import StoreError
from monitor.store.copying import TABLES, Values, copy
from monitor.store.postgres import schema
from monitor.store.postgres.connection import READING, Connection, adapted, keywords, shown, wrapped
from monitor.store.protocol import StoreCondition
from monitor.store.sql.values import Row
from monitor.store.sqlite.dump import SqliteTarget

_NUMBERED = ("articles", "hits", "alerts", "deliveries", "attempts", "waiting", "link_keys")


class PostgresSource:
    """One snapshot of a store."""

    begin = READING

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw
        schema.guard(raw)
        self._raw.execute("SET statement_timeout = 0")
        self._raw.execute("SET idle_in_transaction_session_timeout = 0")
        self._raw.execute(self.begin.encode())

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table."""
        cursor = self._raw.execute(f"SELECT * FROM {table} LIMIT 0".encode())
        return tuple(column.name for column in cursor.description or ())

    def count(self, table: str) -> int:
        """How many rows there are."""
        return int(cast("Any", self._raw.execute(f"SELECT count(*) FROM {table}".encode()).fetchone())[0])

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Values]:
        """All rows, ordered by key."""
        keys = ", ".join(TABLES[table])
        with self._raw.cursor(f"copy_{table}") as cursor:
            cursor.itersize = 2_000
            cursor.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {keys}".encode())
            yield from cursor

    def close(self) -> None:
        """End the snapshot; what was not committed is gone."""
        self._raw.close()


class PostgresTarget(PostgresSource):
    """A new store, in one transaction."""

    begin = "BEGIN"

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        schema.guard(raw)
        schema.migrate(raw)
        super().__init__(raw)

    def is_empty(self) -> bool:
        """Whether nothing of value is there."""
        return not any(self.count(name) for name in ("feeds", "articles"))

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Write rows in the place of what a new store has."""
        self._raw.execute(f"DELETE FROM {table}".encode())
        with self._raw.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as stream:
            for row in rows:
                stream.write_row(row)

    def put_text(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Write into the index."""
        Connection(self._raw).put_text(rows)

    def finish(self) -> None:
        """Number on from here, commit, and let the planner know."""
        for table in _NUMBERED:
            self._raw.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)".encode()
            )
        self._raw.execute("COMMIT")
        self._raw.execute("ANALYZE")


def connected(url: str) -> psycopg.Connection[Any]:
    """A connection of its own for a copy. Raises psycopg.Error."""
    raw = psycopg.connect(url, autocommit=True, **keywords(url))
    adapted(raw)
    return raw


def source(url: str) -> PostgresSource:
    """A snapshot to copy from. Raises StoreError, StoreBusy."""
    with wrapped(shown(url)):
        return PostgresSource(connected(url))


def target(url: str) -> PostgresTarget:
    """A database to copy to; its tables are made. Raises StoreError, StoreBusy."""
    with wrapped(shown(url)):
        return PostgresTarget(connected(url))


def backup(url: str, target: Path) -> None:
    """Write one snapshot to a new SQLite store. Raises StoreError if the file exists or its folder does not."""
    target = target.absolute()
    if target.exists():
        raise StoreError(f"{target} exists already; a backup never replaces a file")
    if not target.parent.is_dir():
        raise StoreError(f"{target.parent} is no folder; make it first")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        source, sink = PostgresSource(connected(url)), SqliteTarget(partial)
        try:
            copy(source, sink, lambda *_: None)
        finally:
            sink.close()
            source.close()
        if target.exists():
            raise StoreError(f"{target} exists already; a backup never replaces a file")
        partial.rename(target)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            partial.with_name(partial.name + ending).unlink(missing_ok=True)


def condition(db: Row, *, deep: bool) -> StoreCondition:
    """What the database takes up; when deep, every row of every table is read, which finds damage that checksums of
    pages or broken toast show.
    """
    damage: list[str] = []
    size = int(db.execute("SELECT pg_database_size(current_database())").fetchone()[0])
    if deep:
        for table in TABLES:
            try:
                db.execute(
                    f"SELECT count(*) FROM (SELECT t.*, hashtext(CAST(t AS TEXT)) FROM {table} t) whole"
                ).fetchone()
            except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
                damage.append(f"{table}: {' '.join(str(error).split())}")
                break
    return StoreCondition(size=size, damage=tuple(damage))
