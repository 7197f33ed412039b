"""`monitor doctor`: what is in order, what is not, and what to do about it."""

import json
import os
import stat

import pytest
from click.testing import CliRunner
from pysqlite3 import dbapi2
from support import pghost

from monitor.cli import cli

SETTINGS = (
    "store: sqlite:///var/monitor.db\nrules: [rules.yaml]\nfeeds: [{id: inbox, path: inbox}]\n"
    "channels: {box: {kind: maildir, path: box}}\nsubscribers: [{id: desk, channels: [box]}]\nhttp: {enabled: false}\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yaml").write_text("rules: [{id: a, kind: topic, query: port}]")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.txt").write_text("Title\n\nThe port.")
    (tmp_path / "monitor.yaml").write_text(SETTINGS)
    return tmp_path


def run(folder, *arguments):
    return CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *arguments])


def lines(folder, *arguments, code=0):
    done = run(folder, "doctor", "--json", *arguments)
    assert done.exit_code == code, done.output
    return {one["what"]: one for one in map(json.loads, done.output.splitlines())}


def test_all_is_well_before_the_first_start_and_after_it(folder):
    found = lines(folder)
    assert {one["state"] for one in found.values()} <= {"ok", "warning"}
    assert found["languages"]["found"] == "told by the shipped model"
    assert "not there yet" in found["store"]["found"]
    assert "can be made" in found["store folder"]["found"]
    assert not (folder / "var").exists()
    run(folder, "poll", "--once")
    for arguments in ((), ("--deep",)):
        found = lines(folder, *arguments)
        assert "whole" in found["store"]["found"]
        assert "none runs" in found["daemon"]["found"]
        assert found["rules"]["found"] == "1 rules, 1 feeds, 1 subscribers"


def test_for_people(folder):
    done = run(folder, "doctor")
    assert done.exit_code == 0
    assert "ok      settings: " in done.output


def test_settings_that_cannot_be_read(folder):
    (folder / "monitor.yaml").write_text("stor: x\nrules: 1\n")
    found = lines(folder, code=1)
    assert found["settings"]["state"] == "failure"
    assert "monitor.yaml:1" in found["settings"]["found"]
    assert "more)" in found["settings"]["found"]
    assert found["settings"]["cure"]
    assert "store" not in found
    done = run(folder, "doctor")
    assert "→ monitor check" in done.output


def test_rules_with_a_mistake_and_rules_with_a_warning(folder):
    (folder / "rules.yaml").write_text("rules: [{id: a}]")
    assert lines(folder, code=1)["rules"]["state"] == "failure"
    (folder / "rules.yaml").write_text("rules: []")
    assert lines(folder)["rules"]["state"] == "warning"


def test_a_damaged_store(folder):
    run(folder, "poll", "--once")
    file = folder / "var" / "monitor.db"
    raw = bytearray(file.read_bytes())
    raw[8192 : len(raw) - 4096] = os.urandom(len(raw) - 12288)
    file.write_bytes(raw)
    (folder / "var" / "monitor.db-wal").unlink(missing_ok=True)
    found = lines(folder, code=1)["store"]
    assert found["state"] == "failure"
    assert "docs/backup.md" in found["cure"]


def test_a_store_of_a_newer_version(folder):
    run(folder, "poll", "--once")
    connection = dbapi2.connect(folder / "var" / "monitor.db")
    with connection:
        connection.execute("INSERT INTO _sqlite_migrations VALUES (99, 'monitor', 'future', '2030-01-01')")
    connection.close()
    assert "run the newer version" in lines(folder, code=1)["store"]["cure"]


def test_a_lost_store_that_was_expected(folder):
    (folder / "monitor.yaml").write_text(
        SETTINGS.replace(
            "store: sqlite:///var/monitor.db", "store: {url: 'sqlite:///var/monitor.db', expect_existing: true}"
        )
    )
    assert lines(folder, code=1)["store"]["state"] == "failure"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_folders_that_cannot_be_written(folder):
    (folder / "box").mkdir()
    (folder / "box").chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert lines(folder, code=1)["channel box"]["state"] == "failure"


def test_a_file_where_a_folder_is_wanted(folder):
    (folder / "box").write_text("")
    found = lines(folder, code=1)["channel box"]
    assert "cannot be written" in found["found"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_to_poll_that_cannot_be_read(folder):
    (folder / "inbox").chmod(0)
    assert lines(folder, code=1)["feed inbox"]["state"] == "failure"


def test_a_store_on_a_server_that_is_away(folder):
    text = SETTINGS.replace("sqlite:///var/monitor.db", "postgresql://u:canary-1@127.0.0.1:1/m")
    (folder / "monitor.yaml").write_text(text)
    found = lines(folder, code=1)
    assert "postgresql://127.0.0.1:1/m cannot be read" in found["store"]["found"]
    assert "canary" not in str(found)


def test_a_store_on_a_server(folder):
    url = pghost.database()
    (folder / "monitor.yaml").write_text(SETTINGS.replace("sqlite:///var/monitor.db", url))
    found = lines(folder, "--deep")
    assert found["daemon"]["found"] == "none runs on this store"
    assert "MB, whole" in found["store"]["found"]
    assert run(folder, "poll", "--once").exit_code == 0
    assert "Title" in run(folder, "hits").output
    assert run(folder, "cluster").exit_code == 1
    pghost.drop(url)


def test_many_workers_need_a_server(folder):
    result = run(folder, "cluster")
    assert result.exit_code == 1
    assert "which one daemon owns" in result.output
