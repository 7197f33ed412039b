"""`monitor check` and `monitor feeds` as people run them: the real command, its words and its exit code."""

import asyncio
import dataclasses
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import load_settings
from monitor.store import open_store
from monitor.store.protocol import PollRecord

ROOT = Path(__file__).parents[2]
PLAIN = {key: value for key, value in os.environ.items() if not key.startswith("MONITOR_")}

RULES = """\
rules:
  - id: tartus
    kind: base
    names: [Tartus]
    examples: {match: ["the port of Tartus"], ignore: ["hummingbirds"]}
  - {id: lease, kind: topic, query: lease}
"""

LIST = """\
<?xml version="1.0"?>
<opml version="1.0"><head><title>Mine</title></head><body>
<outline text="News"><outline text="Middle East">
<outline type="rss" text="Wire [bold]" xmlUrl="https://user:hunter2@example.org/wire?token=hunter2"/>
</outline></outline>
<outline type="rss" text="Two" xmlUrl="https://example.org/two"/>
<outline type="rss" text="Three" xmlUrl="javascript:x"/>
</body></opml>
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "seeds").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULES)
    (tmp_path / "monitor.yaml").write_text(
        "feeds: [seeds]\n"
        "channels: {mailbox: {kind: maildir, path: var}}\n"
        "subscribers: [{id: desk, channels: [mailbox]}]\n"
    )
    return tmp_path


def monitor(folder, *words, **environ):
    return subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(folder / "monitor.yaml"), *words],
        cwd=ROOT, env=PLAIN | environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_all_good(folder):
    done = monitor(folder, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 rules, 2 examples, 1 feed, 1 channel, 1 subscriber: all good\n"


def test_the_shipped_files_are_good():
    done = monitor(ROOT, "check")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1 feed, 1 channel, 1 subscriber: all good\n")


def test_every_mistake_is_told_with_a_caret_and_ends_with_two(folder):
    (folder / "rules" / "b.yaml").write_text("rules:\n  - {id: b, kind: base, nmaes: [x]}\n")
    (folder / "rules" / "c.yaml").write_text("rules:\n  - {id: c, kind: topic, query: alpha AND entity:nobody}\n")
    done = monitor(folder, "check", MONITOR_POLLING__EVRY="5m")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0] == 'MONITOR_POLLING__EVRY: names nothing in the settings: "EVRY"; did you mean "EVERY"?'
    place = f'{folder}/rules/b.yaml:2:25: rule b: unknown key "nmaes"; did you mean "names"?'
    assert lines[lines.index(place) + 1 : lines.index(place) + 3] == [
        "      - {id: b, kind: base, nmaes: [x]}",
        f"{' ' * 28}^",
    ]
    assert any(line.startswith(f"{folder}/rules/c.yaml:2:") and "nobody" in line for line in lines)
    assert lines[-1] == "3 errors"
    assert "Traceback" not in done.stderr


def test_an_example_that_fails_is_an_error_at_its_place(folder):
    (folder / "rules" / "b.yaml").write_text(
        "rules:\n"
        "  - id: latakia\n"
        "    kind: place\n"
        "    names: [Latakia]\n"
        "    examples:\n"
        "      match: [the port of Latakia, the port of Tartus]\n"
        "      ignore: [a man from Latakia]\n"
    )
    done = monitor(folder, "check")
    assert done.returncode == 2
    assert f"{folder}/rules/b.yaml:6:36: rule latakia: this example must hit, and does not" in done.stderr
    assert f"{folder}/rules/b.yaml:7:16: rule latakia: this example must not hit, and does" in done.stderr
    assert done.stderr.endswith("2 errors\n")


def test_a_missing_file_is_told_in_one_line(folder):
    (folder / "monitor.yaml").unlink()
    done = monitor(folder, "check")
    assert done.returncode == 2
    assert done.stderr == f"{folder}/monitor.yaml: cannot be read: No such file or directory\n1 error\n"


@pytest.mark.parametrize("name", ["settings", "rules"])
def test_schemas_are_printed(folder, name):
    done = monitor(folder, "check", "--schema", name)
    assert done.stdout == (ROOT / "monitor" / "config" / "schemas" / f"{name}.schema.json").read_text("utf-8")


def test_feeds_go_in_and_out_as_opml(folder, tmp_path):
    (tmp_path / "mine.opml").write_text(LIST)
    done = monitor(folder, "feeds", "import", str(tmp_path / "mine.opml"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{folder}/feeds/mine.opml: 2 feeds added, 1 with a warning"
    assert done.stdout.endswith("  - {opml: feeds}\n")  # what to add to the settings
    assert "begins with http" in done.stderr

    settings = folder / "monitor.yaml"
    settings.write_text(settings.read_text().replace("[seeds]", "[seeds, {opml: feeds}]"))
    again = monitor(folder, "feeds", "import", str(tmp_path / "mine.opml"))
    assert again.stdout == f"{folder}/feeds/mine.opml: 0 feeds added, 2 listed already, 1 with a warning\n"

    out = monitor(folder, "feeds", "export")
    assert out.stderr == "2 feeds exported; 1 folder of articles left out\n"
    assert '<outline text="Middle East"' in out.stdout
    assert "user:hunter2@" in out.stdout  # whole, or no reader could use it
    file = monitor(folder, "feeds", "export", str(tmp_path / "out.opml"))
    assert (file.returncode, (tmp_path / "out.opml").read_text()) == (0, out.stdout)


def test_a_list_that_cannot_be_read_changes_nothing(folder, tmp_path):
    (tmp_path / "bad.opml").write_text("<!DOCTYPE opml><opml/>")
    done = monitor(folder, "feeds", "import", str(tmp_path / "bad.opml"))
    assert done.returncode == 2
    assert "DOCTYPE" in done.stderr
    assert not (folder / "feeds").exists()


def test_feeds_are_listed_without_secrets(folder):
    settings = folder / "monitor.yaml"
    (folder / "mine.opml").write_text(LIST.replace("javascript:x", "https://example.org/three"))
    text = settings.read_text().replace("[seeds]", "[seeds, {opml: mine.opml, outlet: ex}]")
    settings.write_text(f"{text}outlets: {{ex: {{title: The Example}}}}\n")
    done = monitor(folder, "feeds", "list")
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout
    rows = done.stdout.splitlines()
    assert len(rows) == 5
    for words in ("https://example.org/wire?token=***", "Wire [bold]", "The Example", "not polled yet", "directory"):
        assert words in done.stdout


async def poll(settings, changes):
    """Record polls of feeds as the daemon would, with the given changes of their states, by id."""
    now = datetime.now(UTC)
    store = open_store(settings.store, owner=True)
    await store.open()
    due = {feed.id: now - timedelta(hours=1) for feed in settings.feeds}
    await store.sync_feeds(settings.feeds, now - timedelta(hours=2), due)
    for claim in await store.claim_feeds("test", now, 10, timedelta(minutes=5), only=list(changes)):
        polled = now - timedelta(minutes=3, seconds=1)
        later = dataclasses.replace(
            claim.state, next_due=now + timedelta(hours=2, minutes=1), last_polled=polled, **changes[claim.feed.id]
        )
        await store.record_poll(PollRecord(feed_id=claim.feed.id, lease=claim.lease, now=now, state=later))
    await store.close()


def test_the_state_of_feeds_comes_from_the_store(folder):
    settings = folder / "monitor.yaml"
    urls = [f"{{id: {name}, url: 'https://example.org/{name}'}}" for name in ("good", "bad", "once", "new")]
    settings.write_text(settings.read_text().replace("[seeds]", f"[{', '.join(urls)}]"))
    changes = {
        "good": {"title": "Its own title"},
        "bad": {"failures": 3, "last_error": "dns: no such name"},
        "once": {"failures": 1, "last_error": "timeout: 30 s"},
    }
    asyncio.run(poll(load_settings(settings, {}), changes))
    done = monitor(folder, "feeds", "list")
    assert done.returncode == 0, done.stderr
    good, bad, once, new = done.stdout.splitlines()[1:]
    assert "Its own title" in good
    assert good.rstrip().endswith("ok")
    assert "3m" in good.partition(" ago")[0]
    assert "in 2h" in good
    assert bad.rstrip().endswith("failed 3 times: dns: no such name")
    assert once.rstrip().endswith("failed once: timeout: 30 s")
    assert "never" in new
    assert new.rstrip().endswith("not polled yet")
