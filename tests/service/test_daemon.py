"""The real daemon process: stop, reload, a second daemon, health, a locked store, a full disk, a mail server that is away."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from support.rig import ROOT, Mail, Rig, free_port, until

SECRET = "canary-9f3b7c"


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def states(rig):
    return dict(rig.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))


# ── stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_six_stops_with_deliveries_in_flight_repeat_nothing_and_give_leases_back(rig):
    slow = threading.Event()
    rig.mail.on["data"] = lambda: slow.wait(0.3)
    for run in range(6):
        rig.publish(2, f"s{run}")
        before = len(rig.mail.accepted)
        rig.start()
        until(lambda before=before: len(rig.mail.accepted) > before)
        began = time.monotonic()
        assert rig.stop() == 0, rig.log.read_text()[-2000:]
        assert time.monotonic() - began <= 10
        assert "leased" not in states(rig)
        assert rig.rows("SELECT count(*) FROM feeds WHERE lease_until IS NOT NULL") == [(0,)]
    rig.mail.on.clear()
    rig.start()
    until(rig.delivered)
    assert rig.stop() == 0
    rig.reconcile(allowed_repeats=0)


def test_a_stop_does_not_wait_for_a_mail_server_that_hangs(rig):
    hang = threading.Event()
    rig.mail.on["data"] = lambda: hang.wait(30)
    rig.publish(1, "h")
    rig.start()
    until(lambda: "leased" in states(rig))
    began = time.monotonic()
    assert rig.stop() == 0
    assert time.monotonic() - began <= 10
    hang.set()
    # What was cut off counts as unknown: it may have been accepted.
    assert "leased" not in states(rig)


# ── a second daemon ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_daemon_is_refused_and_a_stale_lock_does_not_block(rig):
    rig.publish(1, "a")
    rig.start()
    rig.started()
    began = time.monotonic()
    second = subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(rig.config), "run"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert str(rig.process.pid) in second.stderr
    assert "Traceback" not in second.stderr
    assert time.monotonic() - began < 10  # two seconds for the lock; the rest is the start of Python on a busy machine
    rig.kill()
    rig.start()
    rig.started(2)
    until(rig.delivered)
    assert rig.stop() == 0


# ── reload ────────────────────────────────────────────────────────────────────────────────────────────────────────────

BAD_RULES = [
    "rules: [",  # not YAML
    "rules:\n  - id: x\n    id: y\n",  # a key twice
    "rules:\n  - {id: x, kind: base, title: X, nmaes: [a]}\n",  # an unknown key
    "rules:\n  - {id: x, kind: basis, title: X, names: [a]}\n",  # an unknown kind
    "rules:\n  - {id: x, kind: base, title: X, query: '(a OR'}\n",  # a query that ends too early
    "rules:\n  - {id: x, kind: base, title: X, query: 'entity:nobody'}\n",  # an unknown rule
    "rules:\n  - {id: x, kind: base, title: X, query: 'NOT a'}\n",  # only negatives
    "rules:\n  - {id: x, kind: base, title: NO, names: [a]}\n",  # a boolean where text is meant
    "rules:\n  - &a {id: x, kind: base, title: X, names: [a]}\n  - *a\n",  # an alias
    "rules:\n  - {id: khmeimim, kind: base, title: X, names: [a]}\n",  # an id that another file has
    "rules:\n  - {id: x, kind: base, title: X, names: [a], severity: high}\n",  # an unknown severity
    "rules:\n  - {kind: base, title: X, names: [a]}\n",  # no id
    "rules:\n  - {id: x, kind: base, title: X}\n",  # nothing to watch
    "rules:\n  - {id: x, kind: base, title: X, names: [a], needs: b, within: page}\n",  # an unknown unit
    "rules:\n  - {id: x, kind: base, title: X, names: [a], max_age: 7}\n",  # a duration without a unit
    "rules:\n  - {id: x, kind: base, title: X, query: 'a NEAR b'}\n",  # a distance without a number
    "rules:\n  - {id: x, kind: base, title: X, query: '/(/'}\n",  # a regular expression that is none
    "rules:\n  - {id: x, kind: base, title: X, query: '*a'}\n",  # a wildcard that matches nearly everything
    "rules:\n  - {id: x, kind: topic, title: X, score: {threshold: a, words: {b: 1}}}\n",  # a number that is none
    "rules:\n  - !!python/object:os.system {id: x}\n",  # a tag
]


def test_bad_rules_are_refused_under_load_and_nothing_is_missed(rig):
    rig.start()
    rig.started()
    bad = rig.folder / "rules" / "bad.yaml"
    for number, text in enumerate(BAD_RULES):
        rig.publish(1, f"b{number}")
        refused = len([one for one in rig.lines("reload") if one["status"] == "refused"])
        bad.write_text(text)
        rig.process.send_signal(signal.SIGHUP)
        until(lambda refused=refused: len([one for one in rig.lines("reload") if one["status"] == "refused"]) > refused)
        last = [one for one in rig.lines("reload") if one["status"] == "refused"][-1]
        assert re.search(r"(bad|rules)\.yaml:\d+(:\d+)?$", last["place"]), last
    assert "monitor_reload_successful 0.0" in rig.health("metrics")[1]
    bad.unlink()
    until(lambda: "monitor_reload_successful 1.0" in rig.health("metrics")[1])
    until(rig.delivered)
    assert rig.stop() == 0
    rig.reconcile(allowed_repeats=0)


def test_a_changed_file_is_taken_over_without_a_signal(rig):
    rig.start()
    rig.started()
    (rig.folder / "rules" / "more.yaml").write_text(
        "rules:\n  - {id: planes, kind: topic, title: Planes, query: planes}\n"
    )
    until(lambda: [one for one in rig.lines("reload") if one.get("rules") == 2])
    rig.publish(1, "p")
    until(lambda: rig.rows("SELECT count(*) FROM hits WHERE rule_id = 'planes'") == [(rig.feeds,)])
    # New settings, too: a feed more, a subscriber more.
    rig.feeds += 1
    rig.write_settings()
    rig.web.feeds[f"feed{rig.feeds - 1}"] = [("late-1", "News late-1")]
    until(lambda: rig.rows("SELECT count(*) FROM articles WHERE guid = 'late-1'") == [(1,)])
    assert rig.stop() == 0


# ── health ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_health_readiness_and_metrics(rig):
    rig.publish(1, "a")
    rig.start()
    until(rig.delivered)
    assert rig.health("healthz") == (200, "up\n")
    status, body = rig.health("readyz")
    assert status == 200
    assert json.loads(body)["parts"] == {"store": "up", "scheduler": "up", "channels": "up"}
    until(lambda: 'monitor_deliveries{state="sent"} 5.0' in rig.health("metrics")[1])
    metrics = rig.health("metrics")[1]
    assert 'monitor_hits_total{severity="urgent"} 5.0' in metrics
    assert all(line.startswith(("#", "monitor_")) for line in metrics.splitlines())
    assert rig.health("nothing")[0] == 404
    assert rig.stop() == 0


def test_the_healthcheck_command(rig):
    port = free_port()
    rig.write_settings(f'http: {{listen: "127.0.0.1:{port}"}}\n')
    text = rig.config.read_text().replace('http: {listen: "127.0.0.1:0"}\n', "")
    rig.config.write_text(text)

    def ask(*arguments):
        command = [sys.executable, "-m", "monitor", "--config", str(rig.config), "healthcheck", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    away = ask()
    assert away.returncode == 1
    assert "Traceback" not in away.stderr
    rig.start()
    rig.started()
    assert ask().stdout == "up\n"
    assert '"status": "up"' in ask("--ready").stdout
    assert rig.stop() == 0


# ── trouble around it ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_locked_store_is_waited_for_and_nothing_is_lost(rig):
    rig.publish(1, "a")
    rig.start()
    until(rig.delivered)
    holder = sqlite3.connect(rig.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    rig.publish(2, "b")
    until(lambda: rig.lines("trouble"), 40)
    assert rig.health("readyz")[0] == 503
    assert rig.health("healthz")[0] == 200
    holder.execute("ROLLBACK")
    holder.close()
    until(rig.delivered, 60)
    until(lambda: rig.health("readyz")[0] == 200)
    assert not rig.lines("fault")
    assert rig.stop() == 0
    rig.reconcile(allowed_repeats=rig.feeds)


def test_a_full_disk_loses_nothing_and_writing_resumes(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("a small tmpfs can be mounted by root only")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here")
    rig = Rig(folder)
    rig.log.touch()
    log_outside = tmp_path / "log"
    log_outside.touch()
    rig.log.unlink()
    rig.log.symlink_to(log_outside)
    try:
        rig.publish(1, "a")
        rig.start()
        until(rig.delivered)
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                file.truncate((file.tell() // 65536) * 65536)
        rig.publish(200, "b")
        until(lambda: [one for one in rig.lines("trouble") if "full" in one["detail"]], 60)
        assert rig.process.poll() is None
        until(lambda: rig.health("readyz")[0] == 503)
        ballast.unlink()
        until(rig.delivered, 90)
        until(lambda: rig.health("readyz")[0] == 200)
        assert rig.stop() == 0
        rig.reconcile(allowed_repeats=50)
    finally:
        rig.close()
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_mail_server_that_is_away_gets_everything_when_it_is_back(rig):
    port = rig.mail.port
    rig.mail.close()
    rig.publish(2, "a")
    rig.start()
    until(lambda: [one for one in rig.lines("alert") if one["status"] == "retry"])
    rig.mail = Mail(port)
    until(rig.delivered, 90)
    assert rig.stop() == 0
    rig.reconcile(allowed_repeats=0)


def test_no_secret_is_printed_whatever_goes_wrong(rig):
    url = f"http://user:{SECRET}@127.0.0.1:{rig.web.port}/feed0?token={SECRET}"
    text = rig.config.read_text()
    text = text.replace(f"http://127.0.0.1:{rig.web.port}/feed0", url).replace("level: info", "level: debug")
    text = text.replace("\nchannels:", f"\nchannels:\n  slack: {{kind: slack, url: 'https://127.0.0.1:9/{SECRET}'}}")
    text = text.replace("security: none,", f"security: none, username: u, password: {SECRET},")
    text = text.replace("id: desk, channels: [", "id: desk, channels: [slack, ")
    rig.config.write_text(text)
    rig.publish(1, "a")
    rig.start()
    until(lambda: [one for one in rig.lines("alert") if one["status"] == "retry"])
    until(lambda: rig.lines("poll"))
    shown = [rig.health(page)[1] for page in ("healthz", "readyz", "metrics")]
    rig.config.write_text(text.replace("kind: slack", "kind: slak"))
    until(lambda: [one for one in rig.lines("reload") if one["status"] == "refused"])
    assert rig.stop() == 0
    for command in (["check"], ["feeds", "list"], ["deliveries"], ["hits"]):
        done = subprocess.run(
            [sys.executable, "-m", "monitor", "--config", str(rig.config), *command],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        shown.append(done.stdout + done.stderr)
    shown.append(rig.log.read_text())
    assert not [text for text in shown if SECRET in text]
