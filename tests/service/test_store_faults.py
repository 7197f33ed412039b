"""SQLite under faults: locked, full, damaged, old, new, killed."""

import asyncio
import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlite_utils
from pysqlite3 import dbapi2
from support.rig import until
from support.storing import FEED, NOW, alert, article, claimed, match, polled, record

from monitor.errors import SchemaTooNew, StoreBusy, StoreError, StoreLocked
from monitor.model import ChannelState, Lease, NewDelivery
from monitor.settings import StoreSettings
from monitor.store import is_owned, open_store
from monitor.store.feed_lists import FeedFilter, FeedLists
from monitor.store.protocol import HitFilter, NewArticle, PollRecord, Store
from monitor.store.sqlite import SqliteStore, schema
from monitor.store.sqlite.connection import Reserve, guard_version

LEASE = Lease(worker="w", token=1, until=NOW)
MINUTE = timedelta(minutes=1)


def run(coroutine):
    return asyncio.run(coroutine)


async def opened(path, **more):
    store = SqliteStore(path, timeout=0.2, **more)
    await store.open()
    return store


def writes(claim):
    """Every writing method of the protocol, ready to be called."""
    state = claim.state
    poll = PollRecord(feed_id="f", lease=claim.lease, now=NOW, state=state)
    digest = dataclasses.replace(alert("d"), deliveries=())
    return {
        "check": lambda store: store.check(),
        "sync_feeds": lambda store: store.sync_feeds([FEED], NOW, {}),
        "sync_subscribers": lambda store: store.sync_subscribers([], NOW),
        "claim_feeds": lambda store: store.claim_feeds("w", NOW, 1, MINUTE),
        "release": lambda store: store.release("w", NOW),
        "give_back": lambda store: store.give_back([claim]),
        "make_due": lambda store: store.make_due(None, NOW),
        "respread": lambda store: store.respread(lambda ids: dict.fromkeys(ids, NOW), between=(NOW, NOW)),
        "hasten_feeds": lambda store: store.hasten_feeds(timedelta(hours=1), NOW),
        "import_feeds": lambda store: store.import_feeds([FEED], NOW, {}),
        "forget_feeds": lambda store: store.forget_feeds(["f"]),
        "record_told": lambda store: store.record_told({}, [], NOW),
        "record_poll": lambda store: store.record_poll(poll),
        "record_alert": lambda store: store.record_alert(alert(), NOW),
        "recover": lambda store: store.recover(NOW, MINUTE),
        "claim_deliveries": lambda store: store.claim_deliveries("w", NOW, 1, MINUTE, channel="mail"),
        "begin_attempt": lambda store: store.begin_attempt(1, LEASE, NOW),
        "fold": lambda store: store.fold(digest, NewDelivery(key="k", channel="mail"), [], NOW),
        "hasten": lambda store: store.hasten("mail", NOW),
        "requeue": lambda store: store.requeue([1], NOW),
        "record_channel": lambda store: store.record_channel(ChannelState(channel="mail")),
    }


READS = {
    "feed_states": lambda store: store.feed_states(),
    "feed_page": lambda store: store.feed_page(FeedFilter()),
    "untold": lambda store: store.untold(),
    "subscriber_states": lambda store: store.subscriber_states(),
    "known": lambda store: store.known("f", ["k"]),
    "late": lambda store: store.late(NOW, MINUTE, 1),
    "alerts": lambda store: store.alerts(["k"]),
    "channel_states": lambda store: store.channel_states(),
    "hits": lambda store: store.hits(HitFilter()),
    "search": lambda store: store.search("x"),
    "deliveries": lambda store: store.deliveries(),
    "attempts": lambda store: store.attempts(1),
    "figures": lambda store: store.figures(NOW, MINUTE),
    "archive": lambda store: store.archive(),
    "inspect": lambda store: store.inspect(),
}


def test_on_a_locked_store_writes_are_busy_and_reads_answer(tmp_path):
    async def test():
        store = await opened(tmp_path / "m.db")
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        claim = await claimed(store)
        await store.record_alert(alert("a"), NOW)
        (delivery,) = await store.claim_deliveries("w1", NOW, 1, MINUTE, channel="mail")
        # The same library as the store: two copies of SQLite in one process do not see each other's locks.
        holder = dbapi2.connect(str(tmp_path / "m.db"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        table = writes(claim) | {"record_attempt": lambda one: one.record_attempt(record(delivery))}
        members = vars(FeedLists) | vars(Store)
        methods = {name for name, one in members.items() if callable(one) and not name.startswith("_")}
        assert methods == set(table) | set(READS) | {"open", "close", "backup"}
        for call in table.values():
            with pytest.raises(StoreBusy, match="locked"):
                await call(store)
        for call in READS.values():
            await call(store)
        holder.execute("ROLLBACK")
        holder.close()
        await store.check()
        await store.close()

    run(test())


def test_a_full_disk_is_busy_and_urgent_work_gets_the_reserve(tmp_path):
    async def test():
        store = await opened(tmp_path / "m.db", owner=True)
        reserve = tmp_path / "m.db.reserve"
        assert reserve.stat().st_size == 4 * 1024 * 1024
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        claim = await claimed(store)
        await store.record_alert(alert("a"), NOW)
        pages = store._writer.conn.execute("PRAGMA page_count").fetchone()[0]
        store._writer.conn.execute(f"PRAGMA max_page_count = {pages}")
        big = NewArticle(article=article(body="x" * 500_000), matches=(match(),))
        with pytest.raises(StoreBusy, match="full"):
            await polled(store, claim, articles=(big,))
        assert reserve.exists()
        digest = dataclasses.replace(alert("d"), deliveries=())
        many = dataclasses.replace(digest, alert=dataclasses.replace(digest.alert, text="x" * 500_000))
        with pytest.raises(StoreBusy, match="full"):
            await store.record_alert(many, NOW)
        store._writer.conn.execute("PRAGMA max_page_count = 1000000")
        assert (await polled(store, claim, articles=(big,))).articles == 1
        assert store._writer.conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        await store.close()

    run(test())


def test_the_reserve_is_given_up_and_made_again(tmp_path):
    reserve = Reserve(tmp_path / "m.db", size=4096)
    reserve.make()
    reserve.make()
    assert reserve.drop()
    assert not reserve.drop()
    Reserve(tmp_path / "m.db", size=2**60).make()
    assert not reserve.path.exists()
    Reserve(tmp_path / "nowhere" / "m.db", size=1).make()
    assert not (tmp_path / "nowhere").exists()


def test_a_second_owner_is_refused_quickly_and_a_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "m.db"
    settings = StoreSettings(url=f"sqlite:///{path}", path=path)
    assert is_owned(settings) is None
    code = (
        "import asyncio, sys, pathlib, threading\nfrom monitor.store.sqlite import SqliteStore\n"
        "store = SqliteStore(pathlib.Path(sys.argv[1]), owner=True)\nasyncio.run(store.open())\nprint('open', flush=True)\n"
        "threading.Event().wait()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"open\n"
    assert is_owned(settings) == other.pid
    began = time.monotonic()
    with pytest.raises(StoreLocked, match=str(other.pid)):
        run(opened(path, owner=True))
    assert time.monotonic() - began < 2
    other.send_signal(signal.SIGKILL)
    other.wait()
    other.stdout.close()
    assert is_owned(settings) is None

    async def test():
        store = open_store(settings, owner=True)
        await store.open()
        assert is_owned(settings) == os.getpid()
        await store.close()

    run(test())


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "m.db"

    async def make():
        await (await opened(path)).close()

    run(make())
    db = sqlite_utils.Database(path)
    db["_sqlite_migrations"].insert({"migration_set": "monitor", "name": "from_the_future", "applied_at": "x"})
    db.close()
    with pytest.raises(SchemaTooNew, match="from_the_future"):
        run(opened(path))
    with pytest.raises(SchemaTooNew):
        run(opened(path, readonly=True))


@pytest.mark.parametrize("how", ["text", "flip", "other"])
def test_a_file_that_is_damaged_or_no_store_gives_one_clear_line(tmp_path, how):
    path = tmp_path / "m.db"
    if how == "text":
        path.write_text("this is no database, " * 1000)
    elif how == "other":
        sqlite3.connect(path).execute("CREATE TABLE t (a)").connection.close()
    else:

        async def make():
            store = await opened(path)
            await store.sync_feeds([FEED], NOW, {"f": NOW})
            await store.close()

        run(make())
        raw = bytearray(path.read_bytes())
        for at in range(4096, len(raw), 97):
            raw[at] ^= 0xFF
        path.write_bytes(raw)
    with pytest.raises(StoreError) as caught:
        run(opened(path, owner=how != "other", readonly=how == "other"))
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_store_is_not_made_where_one_is_expected(tmp_path):
    for more in ({"readonly": True}, {"expect_existing": True}):
        with pytest.raises(StoreError, match="there is no store"):
            run(opened(tmp_path / "m.db", **more))
    assert not (tmp_path / "m.db").exists()
    with pytest.raises(StoreError):
        run(opened(Path("/proc/nowhere/m.db")))


def test_an_old_sqlite_is_refused():
    with pytest.raises(StoreError, match=r"3\.51\.3"):
        guard_version("3.40.1")
    guard_version(dbapi2.sqlite_version)


def test_a_migration_of_an_older_store_makes_a_copy_first(tmp_path):
    """Runs in a process of its own, where a further migration is registered before the store is opened."""
    path = tmp_path / "m.db"

    async def make():
        store = await opened(path)
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        await store.close()

    run(make())
    code = (
        "import asyncio, sys, pathlib\nfrom monitor.store.sqlite import SqliteStore, schema\n"
        "@schema.migrations()\ndef second(db): db.conn.execute('CREATE TABLE later (a)')\n"
        "async def go():\n    store = SqliteStore(pathlib.Path(sys.argv[1]), owner=True)\n    await store.open()\n"
        "    print(store.copied)\n    print(len(await store.feed_states()))\n    await store.close()\nasyncio.run(go())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    copy = tmp_path / f"m.db.before-{len(schema.migrations._migrations) + 1}"
    assert done.stdout.split() == [str(copy), "1"]
    assert sqlite3.connect(copy).execute("SELECT count(*) FROM feeds").fetchone() == (1,)
    with pytest.raises(SchemaTooNew, match="second"):
        run(opened(path))


WRITER = """
import asyncio, pathlib, sys
sys.path.insert(0, sys.argv[2])
from support.storing import FEED, NOW, alert, article, claimed, match, polled
from monitor.store.protocol import NewArticle
from monitor.store.sqlite import SqliteStore, schema
import dataclasses
async def go():
    store = SqliteStore(pathlib.Path(sys.argv[1]), owner=True)
    await store.open()
    await store.release(None, NOW)
    await store.sync_feeds([FEED], NOW, {"f": NOW})
    number = len(await store.deliveries(limit=100000))
    while True:
        await store.make_due(None, NOW)
        claim = await claimed(store)
        new = NewArticle(article=article(number), matches=(match(),))
        await polled(store, claim, articles=(new,), alerts=(alert(f"a{number}", article_key=f"key{number}"),))
        print(number, flush=True)
        number += 1
asyncio.run(go())
"""


def test_twenty_kills_in_tight_writes_lose_nothing_that_was_acknowledged(tmp_path):
    path = tmp_path / "m.db"
    here = Path(__file__).parents[1]
    acknowledged = -1
    for kill in range(20):
        log = tmp_path / f"log{kill}"
        with log.open("wb") as target:
            process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(here)], stdout=target)
        until(lambda log=log, kill=kill: len(log.read_bytes().split()) > 3 + kill)
        process.kill()
        process.wait()
        acknowledged = max(acknowledged, *(int(line) for line in log.read_text().split("\n")[:-1]))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("articles", "hits", "alerts", "deliveries", "waiting", "takings")]  # fmt: skip
    connection.close()
    articles, hits, alerts, deliveries, waiting, takings = counts
    # A kill may fall between what waits and the decision on it, once each.
    assert articles == hits == waiting == takings
    assert alerts == deliveries
    assert articles - 20 <= alerts <= articles
    assert articles >= acknowledged + 1
