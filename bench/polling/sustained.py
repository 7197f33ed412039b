"""An hour's schedule of a million feeds, for some minutes: `python -m bench.polling.sustained --seconds 600 --rate 278`.

Each file of the farm stands for many feeds (`?s=K`, which a server of files ignores), each with its own row in the store,
due at its own time of an hour. The daemon runs as a process, over verified TLS. Before, the store is made as a daemon that
has run for an hour would have left it: each feed has the validators of its document, and those whose document will
change have been polled. While it runs, entries are published; at the end every poll that was due must have been made, and every
published entry be stored once for each alias that was polled after it. Needs the shared farm and nginx.
"""

import argparse
import asyncio
import collections
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite3

from bench.polling import farm, measure, server
from bench.polling.farm import Farm
from bench.report import machine, write_section
from monitor.model import Feed
from monitor.store.sqlite import SqliteStore

PORT, TLS_PORT = 8110, 8153
_CHANGING = 0.01
_LEAD = 60.0
"""Seconds between the writing of the schedule and its first feed: the daemon starts in them."""
_LEAD_EACH = 1 / 8_000
"""As many more for each feed: to write the schedule takes some, to look whether the store is whole others."""
_TAIL = 15.0
_BATCH = 20_000
_SETTINGS = """store: sqlite:///store.db
rules: [rules.yaml]
polling: {{every: 1h, adapt: 1, host_gap: 0s, per_host: 8, concurrency: {concurrency}}}
fetch: {{allow_private: [127.0.0.0/8], ca_file: {ca}}}
http: {{enabled: false}}
log: {{level: warning}}
"""


Heads = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the run."""

    polls: int
    due: int
    lateness: list[float]
    cpu: float
    wall: float
    peak: int
    expected: int
    stored: int
    latency: list[float]
    """Seconds from publication, or from when the feed was due if that came later, to the stored article."""
    score: dict[str, float]


def main() -> None:
    """Make, run, measure, write."""
    parser = argparse.ArgumentParser(prog="bench.polling.sustained", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=278, help="polls a second")
    parser.add_argument("--feeds", type=int, default=5_000, help="files of the farm")
    parser.add_argument("--publish", type=float, default=0.2, help="entries a second, each in all aliases of a file")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--no-write", action="store_true", help="print the section, leave docs/benchmarks.md as it is")
    given = parser.parse_args()
    if not farm.TOOL.exists() or not shutil.which("nginx"):
        sys.exit("this needs the shared farm (tools/feedfarm.py) and nginx")
    root = Path(tempfile.mkdtemp(prefix="bench-sustained-"))
    root.chmod(0o755)
    try:
        text = _report(given, _run(root, given))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(text)
    if not given.no_write:
        write_section("polling-sustained", text)


def _run(root: Path, given: argparse.Namespace) -> Outcome:
    made = farm.make(root / "farm", given.feeds)
    aliases = max(1, round(given.rate * 3600 / given.feeds))
    with server.serving(made, PORT, tls_port=TLS_PORT, log=True):
        (root / "rules.yaml").write_text(
            "rules: [{id: pumps, kind: organisation, title: Pumps, names: [Aldervale Pumps]}]\n", "utf-8"
        )
        settings = _SETTINGS.format(concurrency=given.concurrency, ca=made.root / "farm.crt")
        (root / "monitor.yaml").write_text(settings, "utf-8")
        changing = max(1, int(given.feeds * _CHANGING))
        asyncio.run(_fill(root / "store.db", made, aliases))
        heads = _warm(root, made, changing, given.seconds + _TAIL)
        began = time.time() + _LEAD + given.feeds * aliases * _LEAD_EACH
        due = _schedule(root / "store.db", began, given.seconds)
        return _measured(root, made, given, due, began, heads)


async def _fill(path: Path, made: Farm, aliases: int) -> None:
    """A row for every alias of every file, due later."""
    store = SqliteStore(path, owner=True)
    await store.open()
    later = datetime.now(UTC) + timedelta(days=30)
    urls = made.urls(TLS_PORT, "v", "https")
    batch: list[Feed] = []
    for alias in range(aliases):
        batch += [Feed(id=f"{n:05}-{alias}", url=f"{url}?s={alias}") for n, url in enumerate(urls)]
        if len(batch) >= _BATCH or alias == aliases - 1:
            await store.import_feeds(batch, later, {})
            batch = []
    await store.close()


def _warm(root: Path, made: Farm, changing: int, seconds: float) -> Heads:
    """Give each feed the validators of its document, and poll those whose document will change and that are due.
    Returns the validators, by the file.
    """
    with ThreadPoolExecutor(8) as pool:
        heads = list(pool.map(_validators, made.urls(PORT, "v")))
    with _open(root / "store.db") as db:
        rows = [(*head, f"{n:05}-", f"{n:05}.") for n, head in enumerate(heads)]
        db.executemany("UPDATE feeds SET etag = ?, last_modified = ?, last_polled = 1 WHERE id > ? AND id < ?", rows)
        # Each feed stands at a place in the hour; those of the first minutes are due while the run lasts.
        db.execute(
            "UPDATE feeds SET next_due = CASE WHEN id < ? AND abs(random()) % 3600 < ? THEN 0 ELSE next_due END",
            (f"{changing:05}", int(seconds)),
        )
        db.execute("UPDATE feeds SET etag = NULL, last_modified = NULL WHERE next_due = 0")
        ids = [name for (name,) in db.execute("SELECT id FROM feeds WHERE next_due = 0")]
    _tell(f"warming {len(ids)} feeds")
    command = [sys.executable, "-m", "monitor", "--config", str(root / "monitor.yaml"), "poll", "--once", *ids]
    with (root / "warm.log").open("wb") as log:
        subprocess.run(command, check=False, stdout=log, stderr=log)
    return {one.path: head for one, head in zip(made.sources, heads, strict=True)}


def _validators(url: str) -> tuple[str, str]:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"}, method="HEAD")
    with urllib.request.urlopen(request) as answer:
        return answer.headers["ETag"], answer.headers["Last-Modified"]


def _schedule(path: Path, began: float, seconds: float) -> dict[str, float]:
    """Spread the hour: every feed gets its second of it. Returns those that are due in the run, by id."""
    start = int(began * 1_000_000)
    with _open(path) as db:
        db.execute("UPDATE feeds SET next_due = ? + abs(random()) % 3600000000", (start,))
        # What was warmed is what changes: it is due in the run.
        warm = "SELECT DISTINCT feed_id FROM articles"
        db.execute(
            f"UPDATE feeds SET next_due = ? + abs(random()) % ? WHERE id IN ({warm})", (start, int(seconds * 1_000_000))
        )
        cold = "SELECT substr(feed_id, 1, 6) FROM articles"
        db.execute(
            f"UPDATE feeds SET next_due = ? + 3600000000 WHERE substr(id, 1, 6) IN ({cold}) AND id NOT IN ({warm})",
            (start,),
        )
        rows = db.execute("SELECT id, next_due FROM feeds WHERE next_due < ?", (start + int(seconds * 1_000_000),))
        return {name: at / 1_000_000 for name, at in rows}


def _measured(
    root: Path, made: Farm, given: argparse.Namespace, due: dict[str, float], began: float, heads: Heads
) -> Outcome:
    (made.root / "access.log").write_text("", "utf-8")  # what is scored is the run, not its warming up
    with (root / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--config", str(root / "monitor.yaml"), "run"], stdout=log, stderr=log
        )
    time.sleep(max(0.0, began - time.time()))
    _tell(f"{len(due)} polls are due in {given.seconds:g} s")
    used, wall, peak = measure.cpu(daemon.pid), time.monotonic(), 0
    publish = [sys.executable, str(farm.TOOL), "publish", str(made.root), "--rate", str(given.publish)]
    publish += ["--seconds", str(given.seconds), "--fraction-of-feeds", str(_CHANGING)]
    with subprocess.Popen(publish) as publisher:
        while time.time() < began + given.seconds:
            time.sleep(1)
            peak = max(peak, measure.resident(daemon.pid))
    used, wall = measure.cpu(daemon.pid) - used, time.monotonic() - wall
    assert publisher.returncode == 0
    time.sleep(_TAIL)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(30)
    return _judged(root, made, due, heads, (used, wall, peak))


def _judged(root: Path, made: Farm, due: dict[str, float], heads: Heads, costs: tuple[float, float, int]) -> Outcome:
    with _open(root / "store.db") as db:
        polled = {name: at / 1e6 for name, at in db.execute("SELECT id, last_polled FROM feeds") if name in due}
        stored = {
            (name, key): at / 1e6
            for name, key, at in db.execute("SELECT feed_id, coalesce(guid, url), first_seen FROM articles")
        }
    lateness = [polled[name] - at for name, at in due.items() if polled[name] >= at]
    aliases = collections.defaultdict(list)
    for name in due:
        aliases[int(name.partition("-")[0])].append(name)
    expected, latency = 0, []
    for one in farm.published(made.root):
        # What nginx still has in its cache of files counts as not published yet.
        for name in aliases[one["n"]]:
            if due[name] > one["t"] + 1.5:
                expected += 1
                if at := stored.get((name, one["id"])):
                    latency.append(at - max(due[name], one["t"]))
    return Outcome(len(lateness), len(due), lateness, *costs, expected, len(latency), latency, _score(made.root, heads))


def _score(root: Path, heads: Heads) -> dict[str, float]:
    """The politeness score of the shared tool, with each alias as an address of its own, which gave its validators an
    hour before.
    """
    log, seen = root / "aliases.log", set()
    with (root / "access.log").open("r", encoding="utf-8") as lines, log.open("w", encoding="utf-8") as out:
        for line in lines:
            one = json.loads(line)
            one |= {"uri": f"{one['uri']}?{one['args']}", "args": ""}
            if one["uri"] not in seen:
                seen.add(one["uri"])
                etag, modified = heads[one["uri"].partition("?")[0].rpartition("/")[2]]
                earlier = {"t": one["t"] - 3600, "ims": "", "inm": "", "etag": etag, "lm": modified, "status": 200}
                out.write(json.dumps(one | earlier) + "\n")
            out.write(json.dumps(one) + "\n")
    done = subprocess.run([sys.executable, farm.TOOL, "score", log], check=True, capture_output=True, text=True)
    score: dict[str, float] = json.loads(done.stdout)
    return score


def _report(given: argparse.Namespace, run: Outcome) -> str:
    million = round(given.rate * 3600)
    late, latency = sorted(run.lateness), sorted(run.latency) or [0.0]
    faults = [f"{key} {value}" for key, value in run.score.items() if value and key in _FAULTS]
    rows = [
        ("polls made of those due", f"{run.polls:,} of {run.due:,} ({run.due / given.seconds:.0f} a second)"),
        ("CPU", f"{run.cpu / run.wall:.0%} of a core, {run.cpu / max(run.polls, 1) * 1000:.2f} ms a poll"),
        ("memory, all processes", f"{run.peak >> 20} MB at the most"),
        ("poll recorded after it was due", f"p50 {_at(late, 0.5):.2f} s, p99 {_at(late, 0.99):.2f} s"),
        ("entries stored of those published, in every alias", f"{run.stored:,} of {run.expected:,}"),
        ("stored after publication and due time", f"p50 {_at(latency, 0.5):.2f} s, p99 {_at(latency, 0.99):.2f} s"),
        ("faults of politeness", ", ".join(faults) or "none"),
    ]
    lines = [f"| {what} | {figure} |" for what, figure in rows]
    return "\n".join(
        [
            "## Polling, sustained",
            "",
            (
                f"`python -m bench.polling.sustained --seconds {given.seconds:g} --rate {given.rate:g}`. {machine()} "
                f"{given.seconds:g} seconds of the schedule of {million:,} feeds polled each hour, over verified TLS: "
                f"{given.feeds:,} files in {million // given.feeds} aliases each, on {farm.HOSTS} hosts; the daemon is a process."
            ),
            "",
            "| what | figure |",
            "| --- | --- |",
            *lines,
        ]
    )


_FAULTS = frozenset(
    [
        "unconditional_repeat",
        "ims_out_of_sequence",
        "ims_bogus",
        "inm_out_of_sequence",
        "inm_bogus",
        "asked_again_after_410",
        "ignored_retry_after",
        "asked_old_url_after_301",
        "asked_while_fresh",
        "no_user_agent",
        "sent_cookie",
        "sent_referer",
        "sent_args",
        "no_gzip",
    ]
)


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else statistics.nan


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(str(path))


def _tell(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S}  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
