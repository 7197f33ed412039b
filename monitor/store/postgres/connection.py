"""Connections to PostgreSQL: pooled, guarded against a network that goes silent, errors wrapped.

    connect_timeout, keepalives, tcp_user_timeout    a link that was cut is noticed within a quarter of a minute
    statement_timeout, lock_timeout                  nothing waits for ever for somebody else's lock
    idle_in_transaction_session_timeout              a worker that was frozen inside a transaction holds nobody up
    int as bigint, text without NUL                  one plan a statement; no odd character makes a write fail

Must not know any table but the index of words, which each database has its own of.
"""

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import psycopg
import psycopg.errors
from psycopg import sql
from psycopg.abc import AdaptContext
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown
from psycopg_pool import ConnectionPool, PoolTimeout

from monitor.errors import StoreBusy, StoreError
from monitor.store.postgres.dialect import translated
from monitor.store.sql.database import Answer, Values
from monitor.store.sql.words import phrases
from monitor.text.tokens import tokenise

T = TypeVar("T")
GUARDS = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "monitor",
}
_OPTIONS = "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s -c default_text_search_config=simple"
_WAIT = 10.0
"""Seconds for a free connection of the pool."""
_TEXT_MOST = 400_000
"""Letters of words in the index: a `tsvector` holds a megabyte."""
_WORD_MOST = 500
_POSITIONS = 16_383
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what it would say is in our own errors
_UNSERVED = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DiskFull,
)
AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
"""What another transaction did at the same moment: nothing was written, and the same may be done again."""


class Record:
    """A row that answers to names and numbers, as SQLite's do."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: Sequence[Any]) -> None:
        self._places, self._values = places, values

    def __getitem__(self, key: str | int) -> Any:
        return self._values[key if isinstance(key, int) else self._places[key]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[str]:
        """The names of the columns."""
        return list(self._places)


def records(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Record]:
    """A row factory."""
    places = {column.name: number for number, column in enumerate(cursor.description or ())}
    return lambda values: Record(places, values)


class _Text(StrDumperUnknown):
    """Text has no NUL here; what stands in its place is one character as well, so that offsets hold."""

    def dump(self, obj: str) -> bytes | None:
        return super().dump(obj.replace("\0", "\ufffd"))  # type: ignore[return-value]


def adapted(context: AdaptContext) -> None:
    """Have values written as the statements expect."""
    adapters = cast("Any", context).adapters
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(str, _Text)


class Connection:
    """See `store.sql.database.Database`; inside a transaction of `transacted` only."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw

    def execute(self, statement: str, values: Values = (), /) -> Answer:
        """Run a statement."""
        return cast("Answer", self.raw.execute(translated(statement).encode(), values))

    def executemany(self, statement: str, values: Iterable[Values], /) -> Answer:
        """Run a statement once for each."""
        cursor = self.raw.cursor()
        rows = list(values)
        if rows:
            cursor.executemany(translated(statement).encode(), rows)
        return cast("Answer", cursor)

    def alone(self, part: str) -> None:
        """Wait until no other transaction is in this part."""
        self.raw.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"monitor {part}",))

    def put_text(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Put texts into the index, in the place of older ones."""
        self.executemany(
            "INSERT INTO articles_text (id, words) VALUES (?, CAST(? AS tsvector)) "
            "ON CONFLICT (id) DO UPDATE SET words = excluded.words",
            [(number, vector(title, body)) for number, title, body in rows],
        )

    def find_text(self, text: str, limit: int) -> list[Any]:
        """Articles with all the words."""
        query = " & ".join(f"({' <-> '.join(map(_quoted, phrase))})" for phrase in phrases(text))
        return self.execute(
            "SELECT a.* FROM articles_text t JOIN articles a ON a.id = t.id, (SELECT CAST(? AS tsquery) AS q) AS asked "
            "WHERE t.words @@ asked.q AND a.feed_id <> 'canary' "
            "ORDER BY ts_rank('{0.1, 0.2, 0.3, 1.0}', t.words, asked.q, 1) DESC, a.id DESC LIMIT ?",
            (query, limit),
        ).fetchall()


def vector(title: str, body: str) -> str:
    """The words of an article with their places, those of the title weighing more, as text of a `tsvector`."""
    places: dict[str, list[str]] = {}
    place = length = 0
    for text, weight in ((title, "A"), (body, "")):
        for word in tokenise(text).folded:
            place += 1
            length += len(word.encode()) + 8
            if length > _TEXT_MOST:
                break
            if len(word) <= _WORD_MOST:
                places.setdefault(word, []).append(f"{min(place, _POSITIONS)}{weight}")
        place += 1  # a phrase does not run from the title into the body
    return " ".join(f"{_quoted(word)}:{','.join(some[:255])}" for word, some in places.items())


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


# ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def pool(url: str, size: int, name: str, *, options: str = "") -> ConnectionPool[psycopg.Connection[Any]]:
    """A pool of connections, not opened yet."""
    return ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        name=name,
        timeout=_WAIT,
        reconnect_timeout=5.0,
        max_idle=300.0,
        configure=adapted,
        kwargs=keywords(url, options) | {"autocommit": True, "row_factory": records},
    )


def keywords(url: str, options: str = "") -> dict[str, Any]:
    """How to connect: what the address says counts for more than our guards."""
    named = set(re.findall(r"[?&]([a-z_]+)=", url))
    guards = {name: value for name, value in GUARDS.items() if name not in named}
    return guards | ({} if "options" in named else {"options": f"{_OPTIONS} {options}".strip()})


def reached(url: str) -> None:
    """Connect once: a pool only says that it got no connection, and not why. Raises psycopg.Error."""
    psycopg.connect(url, **keywords(url)).close()


@contextlib.contextmanager
def wrapped(where: str) -> Iterator[None]:
    """Turn what PostgreSQL and the network say into our errors. The only place that knows their words."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy(f"{where} cannot be reached: no connection within {_WAIT:.0f} s") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(f"{where}: {_line(error)}; see docs/cluster.md for the rights that each role needs") from error
    except (*_UNSERVED, *AGAIN) as error:
        raise StoreBusy(f"{where} cannot be read or written: {_line(error)}") from error
    except psycopg.Error as error:
        raise StoreError(f"{where}: {_line(error)}") from error
    except (ValueError, OverflowError) as error:
        raise StoreError(f"{where}: a value cannot be written, or read as it is stored: {_line(error)}") from error


def _line(error: BaseException) -> str:
    """What was said, on one line, without a password that a driver might repeat."""
    said = " ".join(str(error).split())
    return re.sub(r"(password=)\S+|(://[^:/@\s]+:)[^@\s]+(@)", r"\1\2***\3", said) or type(error).__name__


def shown(url: str) -> str:
    """The address for people: without password and options."""
    parts = urlsplit(url)
    host = parts.hostname or "local socket"
    return f"postgresql://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


# ── transactions ──────────────────────────────────────────────────────────────────────────────────────────────────────

WRITING = "BEGIN"
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TRIES = 6


def transacted(connections: ConnectionPool[psycopg.Connection[Any]], begin: str, work: Callable[[Connection], T]) -> T:
    """One transaction on a connection of the pool. What collided with another, or found its connection dead before
    anything was committed, is done again.
    """
    for left in reversed(range(_TRIES)):
        committing = False
        try:
            with connections.connection() as raw:
                raw.execute(begin)
                try:
                    result = work(Connection(raw))
                    committing = True
                    raw.execute("COMMIT")
                except BaseException:
                    if not raw.closed:
                        with contextlib.suppress(psycopg.Error):
                            raw.execute("ROLLBACK")
                    raise
                return result
        except AGAIN:
            if not left:
                raise
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            # With a committing statement the outcome is unknown: only the caller knows whether it may be done twice.
            if committing or isinstance(error, _UNSERVED[2:]) or left < _TRIES - 1:
                raise
            connections.check()
    raise AssertionError  # pragma: no cover - the last try returns or raises


def identifier(name: str) -> sql.Identifier:
    """A name as a part of a statement."""
    return sql.Identifier(name)
