"""Many real workers on a real PostgreSQL, between a host of many feeds and real sinks, and a judge of what the *servers* saw.

A frozen worker's own log cannot show when its request really ended; the logs of those it spoke to can.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from support.network import Network
from support.pghost import Postgres
from support.rig import ROOT, RULES, free_port, until

DURABLE = ("max_connections=200", "shared_buffers=64MB")
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Logs:
    """What the servers saw."""

    polls: list[tuple[str, int, float, float, int]]
    """Host, feed, began, ended, status."""
    items: dict[str, float]
    """When each was published."""
    accepted: list[tuple[str, str, tuple[str, ...], float]]
    """Channel, key, items, at."""


@dataclass
class Crew:
    """Workers, servers, and what happens to them."""

    folder: Path
    workers: int = 3
    feeds: int = 3000
    sites: int = 300
    every: int = 30
    rate: float = 4.0
    """Items a second."""
    real: bool | None = None
    """Namespaces; None: when there can be."""
    settings: str = ""
    network: Network = field(init=False)
    postgres: Postgres = field(init=False)
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def __post_init__(self):
        self.folder.chmod(0o755)
        names = [f"w{number + 1}" for number in range(self.workers)]
        self.names = names
        self.network = Network(["db", "web", *names], real=self.real)
        self.web_port, self.mail_port, self.hook_port = free_port(), free_port(), free_port()

    def __enter__(self):
        self.network.__enter__()
        try:
            place = self.folder / "postgres"
            place.mkdir(mode=0o755)
            inside = self.network.inside("db")
            self.postgres = Postgres(place, settings=DURABLE, host=self.network.address("db"), inside=inside).start()
            self.postgres.execute("CREATE DATABASE monitor")
            everywhere = "0.0.0.0"
            self._run(
                "web", "support.newshost", everywhere, self.web_port, self.feeds, self.folder / "web.log", self.rate
            )
            self._run("sink", "support.sinks", everywhere, self.mail_port, self.hook_port, self.folder / "sink.log")
            until(lambda: all((self.folder / f"{one}.log").exists() for one in ("web", "sink")))
            for name in self.names:
                self._write(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        if getattr(self, "postgres", None) is not None and self.postgres.process is not None:
            self.postgres.stop("immediate")
        self.network.__exit__()

    def _run(self, name, module, *arguments):
        host = "web" if name == "sink" else name
        with (self.folder / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [*self.network.inside(host), sys.executable, "-m", module, *map(str, arguments)],
                cwd=ROOT, stdout=out, stderr=out, env=self._environment(),
            )  # fmt: skip

    @staticmethod
    def _environment():
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "COV_"))}
        return {**kept, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}

    def _write(self, name):
        folder = self.folder / name
        (folder / "rules").mkdir(parents=True)
        (folder / "rules" / "rules.yaml").write_text(RULES)
        feeds = "\n".join(
            f'  - {{id: feed{n}, url: "http://{self.network.site(n % self.sites)}:{self.web_port}/{n}"}}'
            for n in range(self.feeds)
        )
        sink = self.network.address("web")
        (folder / "monitor.yaml").write_text(
            f"""
store: "{self.postgres.url("monitor")}"
rules: [rules]
feeds:
{feeds}
channels:
  mail: {{kind: email, host: {sink}, port: {self.mail_port}, security: none, from: alerts@example.org, rate: 1000, burst: 100}}
  hook: {{kind: webhook, url: "http://{sink}:{self.hook_port}/", secret: "{KEY}", rate: 1000, burst: 100}}
subscribers:
  - {{id: desk, channels: [{{channel: mail, to: [desk@example.org]}}, hook], max_per_hour: 0, group_interval: 0s}}
stories: {{enabled: false}}
polling: {{every: {self.every}s, floor: {self.every}s, adapt: 1, host_gap: 0s, concurrency: 48}}
fetch: {{allow_private: ["127.0.0.0/8", "10.231.0.0/16", "10.232.0.0/16"]}}
delivery: {{allow_private: ["127.0.0.0/8", "10.231.0.0/16"]}}
http: {{listen: "127.0.0.1:0"}}
log: {{format: json, level: info}}
{self.settings}
"""
        )

    # workers

    def start(self, *names):
        for name in names or self.names:
            self._run(name, "monitor", "--config", self.folder / name / "monitor.yaml", "run")

    def signal(self, name, number):
        self.processes[name].send_signal(number)

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def stop(self, name, seconds=30):
        self.signal(name, signal.SIGTERM)
        return self.processes[name].wait(seconds)

    def events(self, name, event):
        """Records of an event in a worker's log."""
        lines = (self.folder / f"{name}.out").read_text().splitlines()
        return [
            one for one in (json.loads(line) for line in lines if line.startswith("{")) if one.get("event") == event
        ]

    def rows(self, statement):
        return self.postgres.execute(statement, "monitor")

    def end_publishing(self):
        self.processes["web"].send_signal(signal.SIGUSR1)

    def logs(self):
        """What the servers saw so far."""
        polls, items, accepted = [], {}, []
        for one in _lines(self.folder / "web.log"):
            if one[0] == "poll":
                polls.append(tuple(one[1:]))
            elif one[0] == "item":
                items[one[2]] = one[3]
        for channel, key, guids, at in _lines(self.folder / "sink.log"):
            if channel != "ready":
                accepted.append((channel, key, tuple(guids), at))
        return Logs(polls, items, accepted)

    def drained(self, seconds):
        """Wait until every item that was published was accepted by both sinks."""

        def done():
            logs = self.logs()
            got = {(channel, guid) for channel, _, guids, _ in logs.accepted for guid in guids}
            return all((channel, guid) in got for guid in logs.items for channel in ("mail", "hook"))

        until(done, seconds)


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("]")]


# ── judging ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def gaps(logs, feeds, begin, end):
    """The longest time without a poll of each feed, between two moments."""
    times = defaultdict(list)
    for _, feed, began, _, _ in logs.polls:
        if begin <= began <= end:
            times[feed].append(began)
    return {
        feed: max(
            (b - a for a, b in zip([begin, *sorted(times[feed])], [*sorted(times[feed]), end], strict=True)),
            default=end - begin,
        )
        for feed in range(feeds)
    }


def most_at_once(logs):
    """How many requests were at each host at once, at most."""
    events = defaultdict(list)
    for host, _, began, ended, _ in logs.polls:
        events[host] += [(began, 1), (ended, -1)]
    most = {}
    for host, some in events.items():
        now = high = 0
        for _, change in sorted(some, key=lambda one: (one[0], one[1])):
            now += change
            high = max(high, now)
        most[host] = high
    return most


def repeats(logs):
    """Deliveries that were accepted more than once: how often too much, by channel; and items told under two keys."""
    keys = Counter((channel, key) for channel, key, _, _ in logs.accepted)
    extra = Counter()
    for (channel, _), count in keys.items():
        extra[channel] += count - 1
    told = defaultdict(set)
    for channel, key, guids, _ in logs.accepted:
        for guid in guids:
            told[channel, guid].add(key)
    return extra, {one: some for one, some in told.items() if len(some) > 1}


def clock():
    return time.time()
