"""Stores of earlier versions: read as they were written, migrated whole or not at all, never under another daemon."""

import asyncio
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlite_utils
from support.storing import FEED, LONG, MINUTE, NOW, alert, deliveries_of

from monitor.errors import SchemaTooNew, StoreError, StoreLocked
from monitor.model import DeliveryState
from monitor.store.protocol import HitFilter
from monitor.store.sqlite import SqliteStore, schema
from monitor.store.sqlite.connection import OwnerLock

DATA = Path(__file__).parents[1] / "data"
WRITTEN = sorted(DATA.glob("store-schema-*.db.gz"))
"""A store of every schema that there was; `make_store.py` beside them made it."""

LATER = """
import asyncio, os, pathlib, signal, sys
from monitor.store.sqlite import SqliteStore, schema

def point(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

@schema.migrations()
def second(db):
    point("second begun")
    db.conn.execute("ALTER TABLE articles ADD COLUMN later INTEGER")
    point("second half done")
    db.conn.execute("UPDATE articles SET later = id")
    point("second done")

@schema.migrations()
def third(db):
    point("third begun")
    db.conn.execute("CREATE TABLE laters (id INTEGER PRIMARY KEY) STRICT")
    db.conn.execute("INSERT INTO laters SELECT DISTINCT later FROM articles")
    point("third done")

async def go():
    store = SqliteStore(pathlib.Path(sys.argv[1]), owner="--command" not in sys.argv)
    await store.open()
    print(store.copied)
    await store.close()

asyncio.run(go())
"""
"""A later version of the program, with two more migrations, that dies at a named point."""


def unpacked(source, folder):
    path = folder / "m.db"
    path.write_bytes(gzip.decompress(source.read_bytes()))
    return path


def current(folder):
    """A store of this version, and the number of its schema."""
    path = unpacked(WRITTEN[-1], folder)

    async def migrate():
        store = SqliteStore(path, owner=True)
        await store.open()
        await store.close()

    asyncio.run(migrate())
    database = sqlite_utils.Database(path)
    number = schema.number(database)
    database.close()
    return path, number


def later(path, point="", *more):
    return subprocess.run(
        [sys.executable, "-c", LATER, str(path), point, *more], capture_output=True, text=True, check=False
    )


def tables(path):
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY 1, 2"
    ).fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("source", WRITTEN, ids=lambda one: one.name)
def test_what_an_earlier_version_wrote_is_all_there(tmp_path, source):
    async def test():
        store = SqliteStore(unpacked(source, tmp_path), owner=True)
        await store.open()
        await store.release(None, NOW)
        assert [feed for feed, _ in await store.feed_states()] == [FEED]
        figures = await store.figures(NOW, MINUTE)
        assert (figures.articles, figures.hits, figures.unknown_outcomes) == (4, 5, 1)
        states = [one.state for one in await store.deliveries()]
        assert sorted(states) == ["dead", "pending", "pending", "sent"]
        newest, *_ = hits = await store.hits(HitFilter())
        assert (newest.match.rule_id, newest.revision, newest.article.body) == ("lavrov", 1, "Lavrov.")
        assert [hit.withdrawn_at for hit in hits if hit.article.key == "key1"] == [None, NOW + LONG]
        assert len(await store.search("حميميم")) == 3
        stored = await store.alerts(["a1"])
        assert stored["a1"] == alert("a1").alert
        channels = await store.channel_states()
        assert channels["slack"].broken == "no such address"
        (person,) = await store.subscriber_states()
        assert person.deliveries[DeliveryState.PENDING] == 2
        # Nothing is told twice: only what was pending or under way is sent.
        assert {claim.alert.key for claim in await deliveries_of(store)} == {"a3", "a4"}
        await store.close()

    asyncio.run(test())


def test_the_first_schema_is_what_it_was(tmp_path):
    """A migration that was released is never changed: add another. (Before the first release: run make_store.py.)"""
    fresh = sqlite_utils.Database(tmp_path / "fresh.db")
    schema.migrations.ensure_migrations_table(fresh)
    schema.first(fresh)
    fresh.conn.commit()
    fresh.close()
    assert tables(tmp_path / "fresh.db") == tables(unpacked(WRITTEN[0], tmp_path))


POINTS = ["second begun", "second half done", "second done", "third begun", "third done"]


@pytest.mark.parametrize("point", POINTS)
def test_a_migration_that_is_killed_leaves_a_whole_step_and_goes_on(tmp_path, point):
    path, number = current(tmp_path)
    copy = tmp_path / f"m.db.before-{number + 1}"
    before = tables(path)
    assert later(path, point).returncode == -9
    half = tables(path)
    assert any("later" in str(row) for row in half) == point.startswith("third")
    assert not any(row[1] == "laters" for row in half)
    # The copy is the store as it was, and a store by itself.
    assert tables(copy) == before
    done = later(path)
    assert done.returncode == 0, done.stderr
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM laters").fetchone() == (4,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    # This version refuses what the later one made, says what to do, and opens the copy.
    known = len(schema.migrations._migrations)
    with pytest.raises(SchemaTooNew, match=rf"schema {known + 2}, this one knows {known}: not second, third"):
        asyncio.run(SqliteStore(path).open())
    shutil.copy(copy, tmp_path / "back.db")

    async def back():
        store = SqliteStore(tmp_path / "back.db", owner=True)
        await store.open()
        assert len(await store.hits(HitFilter())) == 5
        await store.close()

    asyncio.run(back())


KILLED = """
import asyncio, os, pathlib, signal, sys
import monitor.store.sqlite as store

at, seen, connect = int(sys.argv[2]), [0], store.connect

def watched(path, *, readonly, timeout):
    db = connect(path, readonly=readonly, timeout=timeout)
    if not readonly:
        def trace(_statement):
            seen[0] += 1
            if seen[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
        db.conn.set_trace_callback(trace)
    return db

store.connect = watched

async def go():
    one = store.SqliteStore(pathlib.Path(sys.argv[1]), owner=True)
    await one.open()
    await one.close()
    print(seen[0])

asyncio.run(go())
"""
"""This version, which dies at a statement of its own migrations."""


def test_the_migrations_of_this_version_killed_at_twenty_statements_lose_and_repeat_nothing(tmp_path):
    def run(path, at):
        arguments = [sys.executable, "-c", KILLED, str(path), str(at)]
        return subprocess.run(arguments, capture_output=True, text=True, check=False)

    whole = tmp_path / "whole"
    whole.mkdir()
    done = run(unpacked(WRITTEN[0], whole), 0)
    assert done.returncode == 0, done.stderr
    expected, statements = tables(whole / "m.db"), int(done.stdout)
    assert statements > 60

    async def opened(path):
        store = SqliteStore(path, owner=True)
        await store.open()
        await store.release(None, NOW)
        due = {claim.alert.key for claim in await deliveries_of(store)}
        hits = len(await store.hits(HitFilter()))
        await store.close()
        return due, hits

    for place in range(20):
        folder = tmp_path / str(place)
        folder.mkdir()
        path = unpacked(WRITTEN[0], folder)
        assert run(path, 1 + place * statements // 20).returncode == -9
        assert asyncio.run(opened(path)) == ({"a3", "a4"}, 5)  # only what was on its way is sent
        assert tables(path) == expected


def test_a_copy_that_was_cut_short_is_made_anew(tmp_path):
    path = unpacked(WRITTEN[0], tmp_path)
    before = tables(path)
    (tmp_path / "m.db.before-2.partial").write_bytes(b"cut short")
    (tmp_path / "m.db.before-2").write_bytes(b"of an earlier try")
    assert later(path).stdout.split()[0] == str(tmp_path / "m.db.before-2")
    assert tables(tmp_path / "m.db.before-2") == before
    assert not (tmp_path / "m.db.before-2.partial").exists()


def test_a_command_migrates_no_store_under_a_running_daemon(tmp_path):
    path = unpacked(WRITTEN[0], tmp_path)
    before = tables(path)
    lock = OwnerLock(path)
    lock.acquire()
    refused = later(path, "", "--command")
    assert StoreLocked.__name__ in refused.stderr
    assert tables(path) == before
    lock.release()
    assert later(path, "", "--command").returncode == 0
    assert tables(path) != before


def test_a_reading_command_says_that_the_store_is_older(tmp_path):
    path = unpacked(WRITTEN[0], tmp_path)
    read = subprocess.run(
        [sys.executable, "-c", LATER.replace('owner="--command" not in sys.argv', "readonly=True"), str(path), ""],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "older version" in read.stderr


DAEMON = """
import asyncio, os, pathlib, sys
from monitor import config
from monitor.engine import daemon, log
from monitor.store.sqlite import schema

@schema.migrations()
def second(db):
    db.conn.execute("CREATE TABLE later (a)")

async def go(loaded):
    await daemon.close(await daemon.Daemon(lambda: loaded).assemble(loaded))

loaded = config.load(pathlib.Path(sys.argv[1]), {})
log.set_up(loaded.settings.log)
asyncio.run(go(loaded))
"""


def test_the_daemon_says_where_the_copy_is(tmp_path):
    path = unpacked(WRITTEN[0], tmp_path)
    (tmp_path / "rules.yaml").write_text("rules:\n  - {id: lavrov, kind: person, title: Lavrov, names: [Lavrov]}\n")
    settings = tmp_path / "monitor.yaml"
    settings.write_text(f"store: sqlite:///{path.name}\nrules: [rules.yaml]\nlog: {{format: json}}\n")
    for expected in (1, 0):
        done = subprocess.run(
            [sys.executable, "-c", DAEMON, str(settings)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in (done.stderr + done.stdout).splitlines()]
        told = [line for line in lines if line["event"] == "migrated"]
        assert [line["copy"] for line in told] == [str(tmp_path / "m.db.before-2")] * expected


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "m.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE accounts (id)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="accounts"):
        asyncio.run(SqliteStore(path, owner=True).open())
    assert [row[1] for row in tables(path)] == ["accounts"]


def test_an_empty_file_is_no_existing_store(tmp_path):
    path = tmp_path / "m.db"
    path.touch()
    with pytest.raises(StoreError, match="lost"):
        asyncio.run(SqliteStore(path, owner=True, expect_existing=True).open())
    assert path.stat().st_size == 0
