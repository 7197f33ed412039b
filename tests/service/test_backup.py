"""Backup and restore as docs/backup.md has them: real processes, while a real daemon works."""

import shutil
import sqlite3
import subprocess
import sys

import pytest
from pysqlite3 import dbapi2
from support.rig import ROOT, Rig, until


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path, feeds=3)
    yield rig
    rig.close()


def command(rig, *words):
    return [sys.executable, "-m", "monitor", "--config", str(rig.config), *words]


def backup(rig, target):
    return subprocess.run(command(rig, "backup", str(target)), cwd=ROOT, capture_output=True, text=True, check=False)


def moment(path):
    """How many articles a copy holds; it must be one whole moment of the store, in one plain file."""
    assert not [one for one in path.parent.glob(f"*{path.name}*") if one != path]
    connection = dbapi2.connect(str(path))
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        articles, *same = [
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("articles", "hits", "articles_text", "waiting", "takings")
        ]
        waits, told, alerts, deliveries = (
            connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0]
            for what in ("takings WHERE ending IS NULL", "takings WHERE ending = 'told'", "alerts", "deliveries")
        )
    finally:
        connection.close()
    assert set(same) == {articles}
    assert waits + told == articles
    assert told == alerts == deliveries
    return articles


def test_backups_while_the_daemon_works_and_a_restore(rig, tmp_path):
    copies = tmp_path / "backups"
    copies.mkdir()
    rig.publish(20, "early")
    rig.start()
    until(rig.delivered)
    early = copies / "early.db"
    assert "checked" in backup(rig, early).stdout
    assert moment(early) == len(rig.published)
    # While polls and deliveries are being recorded, each copy is some whole moment.
    rig.publish(60, "late")
    sizes = []
    while not rig.delivered():
        target = copies / f"copy{len(sizes)}.db"
        done = backup(rig, target)
        assert done.returncode == 0, done.stderr
        sizes.append(moment(target))
    assert sizes
    assert sizes == sorted(sizes)
    assert rig.health()[0] == 200
    # An existing file is never replaced, and the refusal is one line.
    before = early.read_bytes()
    refused = backup(rig, early)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert early.read_bytes() == before
    rig.reconcile(0)

    # The store is lost; the early copy takes its place. What came since is found again and alerts again, with its key.
    assert rig.stop() == 0
    rig.database.rename(tmp_path / "monitor.db.broken")
    for ending in ("-wal", "-shm"):
        rig.database.with_name(rig.database.name + ending).unlink(missing_ok=True)
    shutil.copyfile(early, rig.database)
    rig.start()
    rig.started(2)
    until(rig.delivered)
    rig.reconcile(allowed_repeats=3 * 60)
    assert rig.stop() == 0


def test_a_backup_that_is_killed_leaves_nothing_under_its_name(rig, tmp_path):
    rig.publish(100, "a")
    rig.start()
    until(rig.delivered)
    assert rig.stop() == 0
    # Large enough for the copying to take a while.
    connection = sqlite3.connect(rig.database)
    with connection:
        connection.execute("CREATE TABLE ballast (a BLOB)")
        connection.executemany("INSERT INTO ballast VALUES (zeroblob(?))", [(1 << 20,)] * 100)
    connection.close()
    target = tmp_path / "copy.db"
    for _ in range(3):
        process = subprocess.Popen(command(rig, "backup", str(target)), cwd=ROOT)
        until(lambda process=process: list(tmp_path.glob(f".copy.db.{process.pid}.partial")))
        process.kill()
        process.wait()
        assert not target.exists()
    # What is left of it is in no next one's way.
    assert backup(rig, target).returncode == 0
    assert target.stat().st_size > 100 << 20


def test_a_lost_volume_is_an_error_where_a_store_is_expected(rig):
    text = rig.config.read_text()
    rig.config.write_text(
        text.replace("store: sqlite:///monitor.db", "store: {url: 'sqlite:///monitor.db', expect_existing: true}")
    )
    done = subprocess.run(command(rig, "run"), cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode != 0
    assert "there is no store" in done.stdout + done.stderr
    assert not rig.database.exists()
