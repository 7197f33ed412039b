"""Copies of a store: a backup while it is in use, and the copy before a migration.

A copy has its name only once it is whole, checked and on the disk: whatever is found under that name can be restored.
"""

import os
from pathlib import Path

import sqlite_utils

from monitor.errors import StoreError
from monitor.store.protocol import StoreCondition
from monitor.store.sql.values import Row
from monitor.store.sqlite.connection import connect, wrapped

_DAMAGES = 3


def backup(source: Path, target: Path, timeout: float) -> None:
    """Write a consistent, checked copy to a new file. Writers go on meanwhile. Raises StoreError, StoreBusy."""
    target = target.absolute()
    if target.exists():
        raise StoreError(f"{target} exists already; a backup never replaces a file")
    if not target.parent.is_dir():
        raise StoreError(f"{target.parent} is no folder; make it first")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with wrapped(target):
            _copy(source, partial, timeout)
            if target.exists():
                raise StoreError(f"{target} exists already; a backup never replaces a file")
            _put(partial, target)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            partial.with_name(partial.name + ending).unlink(missing_ok=True)


def _copy(source: Path, partial: Path, timeout: float) -> None:
    partial.unlink(missing_ok=True)
    origin = connect(source, readonly=True, timeout=timeout)
    copy = connect(partial, readonly=False, timeout=timeout)
    try:
        origin.conn.backup(copy.conn)
        # One plain file: no -wal beside it that a person could forget to take along.
        copy.conn.execute("PRAGMA journal_mode = DELETE")
        found = copy.conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
    finally:
        copy.conn.close()
        origin.conn.close()
    if found != "ok":
        raise StoreError(
            f"the copy of {source} is damaged ({' '.join(found.split())}): so is the store; see docs/backup.md"
        )


def condition(db: Row, path: Path, *, deep: bool) -> StoreCondition:
    """What the file and its log take up, and what SQLite's own check says."""
    files = (path, path.with_name(f"{path.name}-wal"))
    found = [row[0] for row in db.execute(f"PRAGMA quick_check({_DAMAGES})")] if deep else []
    return StoreCondition(
        size=sum(file.stat().st_size for file in files if file.exists()),
        damage=tuple(" ".join(str(one).split()) for one in found if one != "ok"),
    )


def keep(db: sqlite_utils.Database, target: Path) -> None:
    """Copy an open store before it is migrated. An older copy of that name is from before another try: replaced."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    db.conn.execute("VACUUM INTO ?", (str(partial),))
    _put(partial, target)


def _put(partial: Path, target: Path) -> None:
    """Give a file its name, durably."""
    _sync(partial)
    partial.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
