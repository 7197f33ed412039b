"""SQLite as an end of a copy: see `store.copying`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from monitor.store.copying import TABLES, Values
from monitor.store.sqlite import schema
from monitor.store.sqlite.connection import connect


class SqliteSource:
    """One snapshot of a store."""

    def __init__(self, path: Path) -> None:
        self._db = connect(path, readonly=True, timeout=5.0)
        self._conn: Any = self._db.conn
        schema.guard_schema(self._db)
        self._conn.execute("BEGIN")

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table."""
        return tuple(row[1] for row in self._conn.execute(f"PRAGMA table_info({table})"))

    def count(self, table: str) -> int:
        """How many rows there are."""
        return int(self._conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Values]:
        """All rows, ordered by key."""
        keys = ", ".join(TABLES[table])
        yield from self._conn.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {keys}")

    def close(self) -> None:
        """End the snapshot; what was not committed is gone."""
        self._conn.close()


class SqliteTarget(SqliteSource):
    """A new store, in one transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = connect(path, readonly=False, timeout=5.0)
        self._conn = self._db.conn
        schema.guard_schema(self._db)
        schema.migrate(self._db)
        self._conn.execute("PRAGMA foreign_keys = OFF")  # rows of a table may refer to later ones of it
        self._conn.execute("BEGIN IMMEDIATE")

    def is_empty(self) -> bool:
        """Whether nothing of value is there."""
        return all(
            self._conn.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() is None for name in ("feeds", "articles")
        )

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Write rows in the place of what a new store has."""
        self._conn.execute(f"DELETE FROM {table}")
        places = ", ".join("?" * len(columns))
        self._conn.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)

    def put_text(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Write into the index."""
        self._conn.put_text(rows)

    def finish(self) -> None:
        """Commit, as one plain file."""
        self._conn.execute("COMMIT")
        self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._conn.execute("PRAGMA journal_mode = DELETE")
