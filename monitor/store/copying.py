"""All rows of one store into another, empty one: from SQLite to PostgreSQL, back, or as a backup.

Read from one snapshot, written in one transaction, and then read again: each table must have as many rows with the same
checksum on both sides, or nothing is kept. Leases and times come along as they are, so that what was told is not told
again and what was under way is taken up as after a crash. The full-text index is made anew.

What each database needs for that is an *end*: see `sqlite/dump.py` and `postgres/dump.py`.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from monitor.errors import StoreError

Values = Sequence[object]

TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "feeds": ("id",),
    "subscribers": ("id",),
    "channels": ("channel",),
    "articles": ("id",),
    "revisions": ("article_id", "number"),
    "hits": ("id",),
    "alerts": ("id",),
    "alert_hits": ("alert_id", "hit_id"),
    "deliveries": ("id",),
    "attempts": ("id",),
    "pages": ("article_id",),
    "websub": ("feed_id",),
    "story_merges": ("gone",),
    "waiting": ("id",),
    "takings": ("waiting_id", "rule_id"),
    "agenda": ("subscriber_id",),
    "told": ("subscriber_id", "route", "story"),
    "digests": ("subscriber_id", "route"),
    "hit_tally": ("subscriber_id", "what"),
    "rules_since": ("rule_id",),
    "spikes_told": ("rule_id", "subscriber_id"),
    "silences": ("id",),
    "people": ("id",),
    "choices": ("subscriber_id",),
    "stopped": ("address",),
    "link_keys": ("id",),
    "people_version": ("version",),
    "verdicts": ("alert_key", "rule_id", "subscriber_id"),
}
"""What is copied, in an order in which what is referred to comes first, with the columns of each key."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Sum:
    """Rows of a table: how many, and a checksum that does not depend on their order."""

    rows: int
    checksum: int


class Source(Protocol):
    """Where rows come from: one snapshot."""

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table."""

    def count(self, table: str) -> int:
        """How many rows there are, about."""

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Values]:
        """All rows, ordered by key."""


class Target(Source, Protocol):
    """Where rows go: one transaction."""

    def is_empty(self) -> bool:
        """Whether nothing of value is there."""

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Write rows."""

    def put_text(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Write titles and bodies of articles into the full-text index."""

    def finish(self) -> None:
        """Number on from here, and commit."""


def copy(source: Source, target: Target, progress: Callable[[str, int, int], None]) -> dict[str, Sum]:
    """Copy everything; what was copied, by table. `progress` hears of a table, rows done, rows in all. Raises StoreError
    when the target is not empty or is not the same afterwards.
    """
    if not target.is_empty():
        raise StoreError("the target is not empty: it has feeds or articles; name a new store")
    sums: dict[str, Sum] = {}
    for table in TABLES:
        columns = tuple(sorted(set(source.columns(table)) & set(target.columns(table))))
        total = source.count(table)
        read = _Summed(source.rows(table, columns), partial(_told, progress, table, total))
        target.put(table, columns, read)
        written = _Summed(target.rows(table, columns))
        for _ in written:
            continue
        if read.sum() != written.sum():
            raise StoreError(
                f"the copy of {table} is not the same: {read.sum()} was read, {written.sum()} is there; nothing is kept"
            )
        sums[table] = read.sum()
        progress(table, sums[table].rows, sums[table].rows)
    _index(source, target, progress)
    target.finish()
    return sums


def _told(progress: Callable[[str, int, int], None], table: str, total: int, done: int) -> None:
    progress(table, done, total)


def _index(source: Source, target: Target, progress: Callable[[str, int, int], None]) -> None:
    rows = ((int(str(row[0])), str(row[1]), str(row[2])) for row in source.rows("articles", ("id", "title", "body")))
    total, done = source.count("articles"), 0
    while part := list(itertools.islice(rows, _AT_ONCE)):
        target.put_text(part)
        done += len(part)
        progress("full-text index", done, total)


class _Summed:
    """Hands rows on and adds them up."""

    def __init__(self, rows: Iterator[Values], told: Callable[[int], None] = lambda _: None) -> None:
        self._rows, self._told = rows, told
        self._count = self._checksum = 0

    def __iter__(self) -> Iterator[Values]:
        for row in self._rows:
            values = tuple(_plain(one) for one in row)
            raw = json.dumps(values, ensure_ascii=False, default=bytes.hex).encode()
            self._checksum = (self._checksum + int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest())) % 2**64
            self._count += 1
            if self._count % _AT_ONCE == 0:
                self._told(self._count)
            yield values

    def sum(self) -> Sum:
        """What went by."""
        return Sum(self._count, self._checksum)


def _plain(value: object) -> object:
    """A value as every database takes it: text without NUL, bytes as such."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return bytes(value) if isinstance(value, memoryview | bytearray) else value
