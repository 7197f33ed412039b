"""SQLite on a disk that is really full (a small tmpfs; needs the right to mount), and on one that flips bytes."""

import asyncio
import ctypes
import os
import random
import shutil
import threading
from pathlib import Path

import pytest
from support.rig import until
from support.storing import FEED, NOW, alert, article, claimed, deliveries_of, match, polled, record, with_alert

from monitor.errors import StoreBusy, StoreError
from monitor.model import AlertKind, DeliveryState
from monitor.store.protocol import HitFilter, NewArticle
from monitor.store.sqlite import SqliteStore

LIBC = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def disk(tmp_path):
    """A disk of 20 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if LIBC.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=20m"):
        pytest.skip(f"a small disk cannot be mounted here: {os.strerror(ctypes.get_errno())}")
    yield folder
    assert LIBC.umount2(os.fsencode(folder), 2) == 0


def fill(disk):
    """Use up all space, to the last block."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    continue
            except OSError:
                continue


def store_on(disk, **more):
    return SqliteStore(disk / "m.db", timeout=0.2, **more)


def test_a_full_disk_stops_polls_but_no_delivery_and_all_resumes(disk):
    async def test():
        store = store_on(disk, owner=True)
        await store.open()
        try:
            reserve = disk / "m.db.reserve"
            assert reserve.stat().st_size == 4 << 20
            await store.sync_feeds([FEED], NOW, {"f": NOW})
            await store.record_alert(alert("a", kind=AlertKind.NOTICE), NOW)
            claim = await claimed(store)
            fill(disk)
            poll = (NewArticle(article=article(body="Khmeimim " * 50_000), matches=(match(),)),)
            with pytest.raises(StoreBusy, match="full"):
                await polled(store, claim, articles=poll)
            assert reserve.exists()
            # What is stored goes out, at the cost of the reserve when it comes to that.
            for number in range(50):
                await store.record_alert(alert(f"n{number}", kind=AlertKind.NOTICE, channels=("slack",)), NOW)
            assert not reserve.exists()
            (one,) = await deliveries_of(store)
            assert await store.begin_attempt(one.delivery.id, one.lease, NOW) == 1
            await store.record_attempt(record(one))
            assert len(await store.deliveries(states=[DeliveryState.SENT])) == 1
            # Polls do not eat what was given up for deliveries, and the store says that it is not well.
            with pytest.raises(StoreBusy, match="full"):
                await polled(store, claim)
            with pytest.raises(StoreBusy, match="full"):
                await store.check()
            assert await store.known("f", ["key1"]) == {}
            (disk / "filler").unlink()
            await store.check()
            assert reserve.exists()
            assert (await polled(store, claim, articles=poll)).articles == 1
        finally:
            await store.close()
        await whole(disk)

    asyncio.run(test())


async def whole(disk):
    """The owner's start checks the whole file."""
    store = store_on(disk, owner=True)
    await store.open()
    assert len(await store.hits(HitFilter())) == 1
    await store.close()


def test_a_store_starts_on_a_full_disk(disk):
    async def test():
        store = store_on(disk, owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        await with_alert(store)
        await store.close()
        fill(disk)
        # Opening takes space for shared memory: an owner has its reserve, others are told what is the matter.
        with pytest.raises(StoreBusy, match="full"):
            await store_on(disk, readonly=True).open()
        store = store_on(disk, owner=True)
        await store.open()
        try:
            assert not (disk / "m.db.reserve").exists()
            await store.sync_feeds([FEED], NOW, {"f": NOW})
            (one,) = await deliveries_of(store)
            await store.record_attempt(record(one))
        finally:
            await store.close()
        # Without a reserve there is nothing left to give.
        fill(disk)
        with pytest.raises(StoreBusy, match="full"):
            await store_on(disk, owner=True).open()

    asyncio.run(test())


def test_a_backup_that_finds_no_space_leaves_nothing(disk, tmp_path):
    async def test():
        store = SqliteStore(tmp_path / "m.db", owner=True)
        await store.open()
        try:
            await store.sync_feeds([FEED], NOW, {"f": NOW})
            fill(disk)
            with pytest.raises(StoreBusy, match="full"):
                await store.backup(disk / "copy.db")
            assert [one.name for one in disk.iterdir()] == ["filler"]
            (disk / "filler").unlink()
            await store.backup(disk / "copy.db")
        finally:
            await store.close()

    asyncio.run(test())


def test_fifty_damaged_files_are_read_or_refused_with_one_line(tmp_path):
    """R16: bytes are flipped in one place; nothing but our own errors comes of it, and never a crash."""
    sound = tmp_path / "sound.db"

    async def make():
        store = SqliteStore(sound, owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        claim = await claimed(store)
        new = tuple(NewArticle(article=article(n, body=f"Khmeimim {n} " * 200), matches=(match(),)) for n in range(20))
        await polled(store, claim, articles=new)
        await store.close()

    async def read(path):
        store = SqliteStore(path, owner=True, timeout=0.2)
        await store.open()
        try:
            await store.hits(HitFilter())
            await store.search("khmeimim")
        finally:
            await store.close()

    asyncio.run(make())
    chance = random.Random(16)
    size = sound.stat().st_size
    refused = []
    for number in range(50):
        path = tmp_path / f"damaged{number}.db"
        shutil.copyfile(sound, path)
        with path.open("r+b") as file:
            file.seek(chance.randrange(size))
            file.write(chance.randbytes(64))
        try:
            asyncio.run(read(path))
        except StoreError as error:
            refused.append((path, str(error)))
    assert len(refused) > 5
    for path, error in refused:
        assert str(path) in error
        assert "\n" not in error


def test_closing_waits_for_what_runs_also_when_its_caller_left(tmp_path):
    async def test():
        store = SqliteStore(tmp_path / "m.db", owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        claim = await claimed(store)
        new = tuple(NewArticle(article=article(n, body="Khmeimim " * 500), matches=(match(),)) for n in range(100))
        writing = asyncio.create_task(polled(store, claim, articles=new))
        reading = [asyncio.create_task(store.search("khmeimim")) for _ in range(20)]
        await asyncio.sleep(0)
        writing.cancel()
        reading[0].cancel()
        await asyncio.gather(store.close(), store.close())
        await asyncio.wait(reading)
        assert all(one.cancelled() or isinstance(one.result(), tuple) for one in reading)
        again = SqliteStore(tmp_path / "m.db", owner=True)
        await again.open()
        assert len(await again.hits(HitFilter(limit=1000))) == 100
        await again.close()

    before = set(threading.enumerate())
    asyncio.run(test())
    until(lambda: set(threading.enumerate()) <= before)


def test_a_start_that_fails_leaves_no_lock_and_may_be_closed(tmp_path):
    path = tmp_path / "m.db"
    path.write_text("no database " * 1000)

    async def test():
        broken = SqliteStore(path, owner=True)
        with pytest.raises(StoreError):
            await broken.open()
        await broken.close()
        path.unlink()
        store = SqliteStore(path, owner=True)
        await store.open()
        await store.close()

    asyncio.run(test())


def test_a_copied_file_without_its_wal_can_be_read(tmp_path):
    """As after a restore: the header says WAL, and nothing lies beside."""

    async def test():
        store = SqliteStore(tmp_path / "m.db", owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        await store.close()
        (tmp_path / "there").mkdir()
        copy = Path(shutil.copy(tmp_path / "m.db", tmp_path / "there" / "m.db"))
        read = SqliteStore(copy, readonly=True)
        await read.open()
        assert len(await read.feed_states()) == 1
        with pytest.raises(StoreError, match="not open for writing"):
            await read.make_due(None, NOW)
        await read.close()

    asyncio.run(test())
