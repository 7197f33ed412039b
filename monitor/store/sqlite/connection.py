"""Connections to SQLite: opened with the settings that the promises rest on, errors wrapped, one owner.

    journal_mode=WAL, synchronous=FULL      what was acknowledged survives power loss; readers never wait for a writer
    BEGIN IMMEDIATE for each write          a deferred transaction that reads first and writes later fails at once with
                                            "database is locked", whatever its timeout
    mmap_size=0                             a damaged page is an error and not a crash
    SQLite >= 3.51.3                        older ones can damage a WAL database when two connections write or
                                            checkpoint at once; `pysqlite3` brings a good one

Must not know any table but the index of words, which is SQLite's own.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import sqlite_utils
from pysqlite3 import dbapi2 as sqlite3

from monitor.errors import StoreBusy, StoreError, StoreLocked
from monitor.store.sql.words import indexed, phrases

OLDEST = (3, 51, 3)
RESERVE = 4 * 1024 * 1024
"""Bytes of a file that is given up when the disk is full, so that deliveries can still be recorded."""
_SHARED_MEMORY = 64 * 1024
_WAL_LIMIT = 64 * 1024 * 1024
_LOCK_PATIENCE = 1.0


_NAMELESS = {
    "database is locked": "SQLITE_BUSY",
    "database table is locked": "SQLITE_LOCKED",
    "database or disk is full": "SQLITE_FULL",
    "database disk image is malformed": "SQLITE_CORRUPT",
    "file is not a database": "SQLITE_NOTADB",
    "disk I/O error": "SQLITE_IOERR",
}
"""The backup interface of the driver gives no result codes, only SQLite's fixed words for them."""


class Connection(sqlite3.Connection):  # type: ignore[misc]
    """See `store.sql.database.Database`."""

    def alone(self, part: str) -> None:
        """Whoever writes is alone here."""

    def put_text(self, rows: Sequence[tuple[int, str, str]]) -> None:
        """Put texts into the index, in the place of older ones."""
        self.executemany("DELETE FROM articles_text WHERE rowid = ?", [(number,) for number, _, _ in rows])
        self.executemany(
            "INSERT INTO articles_text (rowid, title, body) VALUES (?, ?, ?)",
            [(number, indexed(title), indexed(body)) for number, title, body in rows],
        )

    def find_text(self, text: str, limit: int) -> list[Any]:
        """Articles with all the words."""
        query = " ".join(f'"{" ".join(phrase)}"' for phrase in phrases(text))
        return self.execute(  # type: ignore[no-any-return]
            "SELECT a.* FROM articles_text t JOIN articles a ON a.id = t.rowid WHERE articles_text MATCH ? "
            "AND a.feed_id <> 'canary' ORDER BY bm25(articles_text, 3.0, 1.0), a.id DESC LIMIT ?",
            (query, limit),
        ).fetchall()


class DiskFull(StoreBusy):
    """There is no space left; told apart from a lock because some work may then use the reserve."""


def version() -> str:
    """The SQLite that runs."""
    return str(sqlite3.sqlite_version)


def guard_version(version: str = sqlite3.sqlite_version) -> None:
    """Refuse an SQLite that can damage our files."""
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise StoreError(
            f"SQLite {version} can damage a database in WAL mode; {wanted} or newer is needed: install the package "
            "pysqlite3 as requirements.lock has it"
        )


def connect(path: Path, *, readonly: bool, timeout: float) -> sqlite_utils.Database:
    """A connection of its own. Raises StoreError; does not create folders."""
    mode = "ro" if readonly else "rwc"
    with wrapped(path):
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
            factory=Connection,
        )
        try:
            for pragma in ("foreign_keys = ON", "mmap_size = 0", "synchronous = FULL", "cell_size_check = ON"):
                connection.execute(f"PRAGMA {pragma}")
            if readonly:
                connection.execute("PRAGMA query_only = ON")
            else:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
                connection.execute("PRAGMA wal_autocheckpoint = 1000")
        except BaseException:
            connection.close()
            raise
    return sqlite_utils.Database(connection, execute_plugins=False)


@contextlib.contextmanager
def wrapped(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into our errors. The only place that knows their words."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(path, error) from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"the disk of {path} is full") from error
        raise StoreError(f"{path}: {error.strerror}") from error
    except (ValueError, OverflowError) as error:
        line = " ".join(str(error).split())
        raise StoreError(f"{path}: a value cannot be written, or read as it is stored: {line}") from error


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    """Our error for one of SQLite's, by its result code: a path or a value in the text must not decide."""
    kind = (getattr(error, "sqlite_errorname", None) or _NAMELESS.get(str(error), "SQLITE_ERROR")).split("_")[1]
    said = " ".join(str(error).split())  # a damaged schema is told with all its lines
    if kind in {"BUSY", "LOCKED", "PROTOCOL"}:
        return StoreBusy(f"{path} is locked by another process")
    # Without space for what lies beside the file, SQLite speaks of disk I/O.
    if kind == "FULL" or (kind in {"CANTOPEN", "IOERR"} and _is_full(path.parent)):
        return DiskFull(f"the disk of {path} is full")
    if kind in {"READONLY", "CANTOPEN", "IOERR", "PERM"}:
        return StoreBusy(f"{path} cannot be read or written: {said}")
    if kind in {"NOTADB", "CORRUPT"}:
        return StoreError(f"{path} is damaged or no database ({said}); restore a backup, see docs/backup.md")
    return StoreError(f"{path}: {said}")


@contextlib.contextmanager
def writing(db: sqlite_utils.Database) -> Iterator[Any]:
    """One writing transaction, immediate from its first statement; the connection comes out of it."""
    connection = db.conn
    connection.execute("BEGIN IMMEDIATE")
    try:
        with db.atomic():
            yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def reading_snapshot(db: sqlite_utils.Database) -> Iterator[Any]:
    """One snapshot for all statements of a read; the connection comes out of it."""
    connection = db.conn
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")


class OwnerLock:
    """The advisory lock of the one daemon of a store: a file beside it. It dies with its process."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._database = database
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Raises StoreLocked within two seconds when another process holds it."""
        file = self.path.open("a+")
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    pid = _pid(file)
                    file.close()
                    raise StoreLocked(
                        f"another daemon (process {pid}) owns {self._database}; one daemon a store"
                    ) from None
                time.sleep(0.05)
        self._file = file
        # The lock is the lock; the number is for people, and a full disk must not keep the owner out.
        with contextlib.suppress(OSError):
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), str(os.getpid()).encode())

    def release(self) -> None:
        """Safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None


def owner(database: Path) -> int | None:
    """The process of the daemon that owns a store, or None."""
    try:
        file = database.with_name(database.name + ".lock").open("r")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{database}: cannot look at its lock: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(file)
    return None


def _pid(file: IO[str]) -> int:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else 0


class Reserve:
    """Disk space set aside. Once given up, only urgent work may write until there is plenty of space again: otherwise
    the next polls would eat what was kept for deliveries.
    """

    def __init__(self, database: Path, size: int = RESERVE) -> None:
        self.path = database.with_name(database.name + ".reserve")
        self._size = size
        self._spent = False

    def make(self) -> None:
        """Set it aside, if there is plenty of space; a reserve that cannot be had is no error."""
        try:
            if self.path.exists() or _free(self.path.parent) < 3 * self._size:
                return
            with self.path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            self.path.unlink(missing_ok=True)
        else:
            self._spent = False

    def drop(self) -> bool:
        """Give it up; whether there was one."""
        try:
            self.path.unlink()
        except OSError:
            return False
        self._spent = True
        return True

    def spent(self) -> bool:
        """Whether it was given up and cannot be had again yet."""
        if self._spent:
            self.make()
        return self._spent


def _is_full(folder: Path) -> bool:
    """Whether there is no space left for the shared memory beside a database."""
    try:
        return _free(folder) < _SHARED_MEMORY
    except OSError:
        return False


def _free(folder: Path) -> int:
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize
