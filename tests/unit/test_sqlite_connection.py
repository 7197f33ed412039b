"""Connections to SQLite: the settings that the promises rest on, whose error it is, and which index answers."""

import asyncio
import errno
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pysqlite3 import dbapi2
from support.storing import FEED, MINUTE, NOW, alert, article, claimed, match, polled

from monitor.errors import StoreBusy, StoreError, StoreLocked
from monitor.model import AlertKind
from monitor.store.protocol import HitFilter, NewArticle
from monitor.store.sqlite import SqliteStore
from monitor.store.sqlite.connection import DiskFull, OwnerLock, connect, owner, wrapped, writing


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("foreign_keys", 1),
        ("mmap_size", 0),
        ("busy_timeout", 5000),
    ],
)
def test_every_connection_has_its_settings(tmp_path, pragma, value):
    writer = connect(tmp_path / "m.db", readonly=False, timeout=5.0)
    reader = connect(tmp_path / "m.db", readonly=True, timeout=5.0)
    for db in (writer, reader):
        found = db.conn.execute(f"PRAGMA {pragma}").fetchone()
        # Without memory mapping compiled in, there is nothing to tell.
        assert found is None or found[0] == value
        db.conn.close()


def test_a_reader_cannot_write(tmp_path):
    connect(tmp_path / "m.db", readonly=False, timeout=1.0).conn.close()
    reader = connect(tmp_path / "m.db", readonly=True, timeout=1.0)
    with pytest.raises(StoreBusy, match="cannot be read or written"), wrapped(tmp_path / "m.db"):
        reader.conn.execute("CREATE TABLE t (a)")
    reader.conn.close()


def test_a_transaction_that_reads_first_waits_for_its_turn(tmp_path):
    """With a plain BEGIN it would fail at once when it comes to write (SQLITE_BUSY_SNAPSHOT), whatever its timeout."""
    path = tmp_path / "m.db"
    first = connect(path, readonly=False, timeout=5.0)
    second = connect(path, readonly=False, timeout=5.0)
    first.conn.execute("CREATE TABLE t (a)")
    begun = threading.Event()

    def slow():
        with writing(first) as db:
            db.execute("INSERT INTO t VALUES (1)")
            begun.set()
            threading.Event().wait(0.3)

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait()
    with writing(second) as db:
        count = db.execute("SELECT count(*) FROM t").fetchone()[0]
        db.execute("INSERT INTO t VALUES (?)", (count + 1,))
    thread.join()
    assert second.conn.execute("SELECT a FROM t ORDER BY a").fetchall() == [(1,), (2,)]
    for db in (first, second):
        db.conn.close()


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works(tmp_path):
    db = connect(tmp_path / "m.db", readonly=False, timeout=1.0)
    db.conn.execute("CREATE TABLE t (a)")

    def interrupted():
        with writing(db) as connection:
            connection.execute("INSERT INTO t VALUES (1)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with writing(db) as connection:
        connection.execute("INSERT INTO t VALUES (2)")
    assert db.conn.execute("SELECT a FROM t").fetchall() == [(2,)]
    db.conn.close()


def of_sqlite(text, name=None):
    error = dbapi2.OperationalError(text)
    if name:
        error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (of_sqlite("database is locked", "SQLITE_BUSY"), StoreBusy, "locked by another process"),
        (of_sqlite("database is locked", "SQLITE_BUSY_SNAPSHOT"), StoreBusy, "locked"),  # an extended code
        (of_sqlite("database is locked"), StoreBusy, "locked"),  # the backup interface gives no code
        (of_sqlite("database or disk is full", "SQLITE_FULL"), DiskFull, "is full"),
        (of_sqlite("database or disk is full"), DiskFull, "is full"),
        (of_sqlite("attempt to write a readonly database", "SQLITE_READONLY"), StoreBusy, "cannot be read or written"),
        (of_sqlite("disk I/O error", "SQLITE_IOERR_READ"), StoreBusy, "cannot be read or written"),
        (of_sqlite("database disk image is malformed", "SQLITE_CORRUPT_VTAB"), StoreError, "restore a backup"),
        (of_sqlite("file is not a database", "SQLITE_NOTADB"), StoreError, "restore a backup"),
        (of_sqlite("no such column: full", "SQLITE_ERROR"), StoreError, "no such column"),  # words decide nothing
        (OSError(errno.ENOSPC, "No space left on device"), DiskFull, "is full"),
        (PermissionError(errno.EACCES, "Permission denied"), StoreError, "Permission denied"),
        (OverflowError("too large\nfor a column"), StoreError, "too large for a column"),  # one line
        (UnicodeError("no text"), StoreError, "no text"),
    ],
)
def test_whose_error_it_is(tmp_path, error, kind, words):
    path = tmp_path / "full and locked.db"
    with pytest.raises(StoreError, match=words) as caught, wrapped(path):
        raise error
    assert type(caught.value) is kind
    assert str(path) in str(caught.value)
    assert caught.value.__cause__ is error


def test_the_lock_of_an_owner(tmp_path):
    path = tmp_path / "m.db"
    assert owner(path) is None
    lock = OwnerLock(path)
    lock.acquire()
    began = time.monotonic()
    with pytest.raises(StoreLocked, match="one daemon a store"):
        OwnerLock(path).acquire()
    assert time.monotonic() - began < 2
    lock.release()
    lock.release()
    assert owner(path) is None
    with pytest.raises(StoreError, match="its lock"):
        owner(Path(f"{tmp_path}/m.db.lock/below"))


def test_the_write_ahead_log_stays_small(tmp_path):
    async def test():
        store = SqliteStore(tmp_path / "m.db", owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        most = 0
        for number in range(100):
            new = NewArticle(article=article(number, body=f"{number} " + "planes " * 10_000), matches=())
            await polled(store, await claimed(store), articles=(new,))
            await store.make_due(None, NOW)
            most = max(most, (tmp_path / "m.db-wal").stat().st_size)
        written = (tmp_path / "m.db").stat().st_size
        await store.close()
        return most, written

    most, written = asyncio.run(test())
    assert written > 8_000_000
    assert most < 6_000_000  # a thousand pages, and what one transaction takes


READS = {
    "figures": lambda store: store.figures(NOW, MINUTE),
    "untold": lambda store: store.untold(),
    "late": lambda store: store.late(NOW, MINUTE, 1),
    "known": lambda store: store.known("f", ["a"]),
    "attempts": lambda store: store.attempts(1),
    "alerts": lambda store: store.alerts(["a"]),
    "hits": lambda store: store.hits(HitFilter(rule_id="a")),
}
WRITES = {
    "claim_feeds": lambda store: store.claim_feeds("w", NOW, 10, MINUTE),
    "claim_deliveries": lambda store: store.claim_deliveries("w", NOW, 10, MINUTE, channel="mail"),
    "recover": lambda store: store.recover(NOW, timedelta(hours=1)),
    "hasten": lambda store: store.hasten("mail", NOW),
    "record_alert": lambda store: store.record_alert(alert("b", kind=AlertKind.NOTICE), NOW),
}


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_what_runs_all_day_never_reads_a_whole_table(tmp_path, name):
    """Every statement is explained again: tables that grow are searched by an index, or walked along a narrow one."""

    async def test():
        store = SqliteStore(tmp_path / "m.db", owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        claim = await claimed(store)
        new = NewArticle(article=article(), matches=(match(),))
        await polled(store, claim, articles=(new,), alerts=(alert(),))
        await store.make_due(None, NOW)
        statements = []
        connection = (store._reader if name in READS else store._writer).conn
        connection.set_trace_callback(statements.append)
        await (READS | WRITES)[name](store)
        connection.set_trace_callback(None)
        plans = [
            (one, row[3])
            for one in statements
            if one.startswith(("SELECT", "UPDATE", "INSERT", "WITH"))
            for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")
        ]
        await store.close()
        return plans

    plans = asyncio.run(test())
    assert plans
    whole = [
        (one, step)
        for one, step in plans
        if step.startswith("SCAN")
        and "json_each" not in step
        and "INDEX" not in step
        and step not in {"SCAN due", "SCAN wanted"}  # what a claim has just chosen
        and "CONSTANT" not in step
        and "hit_tally" not in step  # a row for each subscriber and reason
    ]
    assert not whole
