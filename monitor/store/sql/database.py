"""What the shared statements ask of a connection, and how a row is put in the place of another.

SQLite's connection and PostgreSQL's both are one: statements have `?` or `:name` for values, rows answer to names and
numbers, and what only one of the two can say has a method here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Values = Sequence[Any] | Mapping[str, Any]


class Answer(Protocol):
    """What came of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows were written."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """A connection inside a transaction."""

    def execute(self, sql: str, values: Values = ..., /) -> Answer:
        """Run a statement."""

    def executemany(self, sql: str, values: Iterable[Values], /) -> Answer:
        """Run a statement once for each; `rowcount` counts them all."""

    def alone(self, part: str) -> None:
        """Wait until no other transaction is in this part of the program, and keep it until this one ends."""

    def put_text(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Put the titles and bodies of articles, by number, into the full-text index, in the place of older ones."""

    def find_text(self, text: str, limit: int) -> list[Any]:
        """Rows of articles with all the words, the best first; empty when there is nothing to ask."""


def upsert(table: str, columns: Sequence[str], keys: int = 1) -> str:
    """A statement that inserts a row, or replaces the one with the same key: the first `keys` columns."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns[keys:])
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(columns[:keys])}) DO UPDATE SET {changes}"
    )
