"""A rig for service tests: the real daemon process between a real web host and a real mail server, all on loopback.

The web host publishes RSS feeds whose every item hits the rig's one rule. The mail server records what it accepted. The
test says what happens to the process; `reconcile` compares what was published, what is stored and what was accepted.
"""

import http.server
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

ROOT = Path(__file__).parents[2]

RULES = """
rules:
  - id: khmeimim
    kind: base
    title: Khmeimim air base
    names: [Khmeimim]
    severity: urgent
"""


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Poll a condition until it holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {seconds} s")
        threading.Event().wait(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Web:
    """Publishes feeds of items; counts requests."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.feeds: dict[str, list[tuple[str, str]]] = {}
        self.requests: Counter[str] = Counter()
        rig = self

        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/")
                rig.requests[name] += 1
                items = "".join(
                    f"<item><guid>{guid}</guid><title>{title}</title><link>http://news.example/{guid}</link>"
                    f"<description>Planes at the Khmeimim air base, report {guid}.</description></item>"
                    for guid, title in rig.feeds.get(name, [])
                )
                body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer((address, 0), Pages)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Mail:
    """Accepts mail and records it; `on` names a stage at which to call something first."""

    def __init__(self, port: int = 0) -> None:
        self.accepted: list[bytes] = []
        self.on: dict[str, Callable[[], object]] = {}
        self.answers: Callable[[str], str | None] = lambda _address: None
        self.controller = Controller(self, hostname="127.0.0.1", port=port or free_port())
        self.controller.start()
        self.port: int = self.controller.server.sockets[0].getsockname()[1]

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self._stage("connect")
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        self._stage("mail")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        self._stage("rcpt")
        answer = self.answers(address)
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self._stage("data")
        self.accepted.append(envelope.original_content or envelope.content)
        self._stage("accepted")
        return "250 OK"

    def _stage(self, name: str) -> None:
        act = self.on.get(name)
        if act is not None:
            act()

    def keys(self) -> Counter[str]:
        """How often each alert was accepted, by Message-ID."""
        return Counter(str(message_from_bytes(one, policy=policy.default)["Message-ID"]) for one in self.accepted)

    def close(self) -> None:
        self.controller.stop()


@dataclass
class Rig:
    """A folder with settings, the two servers, and the process."""

    folder: Path
    feeds: int = 5
    settings: str = ""
    web: Web = field(default_factory=Web)
    mail: Mail = field(default_factory=Mail)
    process: subprocess.Popen[bytes] | None = None
    published: set[tuple[str, str]] = field(default_factory=set)
    measured: bool = True
    """Whether coverage looks into the daemon; of one that is killed it keeps nothing, and makes it start at half the speed."""

    def __post_init__(self) -> None:
        (self.folder / "rules").mkdir()
        (self.folder / "rules" / "rules.yaml").write_text(RULES)
        self.write_settings()

    @property
    def config(self) -> Path:
        return self.folder / "monitor.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "monitor.db"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def write_settings(self, extra: str | None = None) -> None:
        feeds = "\n".join(
            f'  - {{id: feed{n}, url: "http://127.0.0.1:{self.web.port}/feed{n}"}}' for n in range(self.feeds)
        )
        self.config.write_text(
            f"""
store: sqlite:///monitor.db
rules: [rules]
feeds:
{feeds}
channels:
  mail: {{kind: email, host: 127.0.0.1, port: {self.mail.port}, security: none, from: alerts@example.org, rate: 1000, burst: 100}}
subscribers:
  - {{id: desk, channels: [{{channel: mail, to: [desk@example.org]}}], max_per_hour: 0, group_interval: 0s}}
stories: {{enabled: false}}
polling: {{every: 1s, floor: 1s, host_gap: 0s}}
fetch: {{allow_private: ["127.0.0.0/8"]}}
http: {{listen: "127.0.0.1:0"}}
log: {{format: json, level: info}}
{self.settings if extra is None else extra}
"""
        )

    def publish(self, each: int, tag: str) -> None:
        """New items in every feed."""
        for n in range(self.feeds):
            items = self.web.feeds.setdefault(f"feed{n}", [])
            for k in range(each):
                guid = f"{tag}-{n}-{k}"
                items.append((guid, f"News {guid}"))
                self.published.add((f"feed{n}", guid))

    def start(self, *arguments: str, module: str = "monitor", env: dict[str, str] | None = None) -> None:
        """Start the daemon (or a module of the tests that runs it)."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "--config", str(self.config), *(arguments or ("run",))],
                cwd=ROOT,
                env={**self._environment(), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", **(env or {})},
                stdout=log,
                stderr=log,
            )

    def _environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if self.measured or not name.startswith("COVERAGE_")}

    def kill(self) -> None:
        """SIGKILL, at once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log's records of an event."""
        found = []
        for line in self.log.read_text().splitlines() if self.log.exists() else []:
            if line.startswith("{"):
                record = json.loads(line)
                if record.get("event") == event:
                    found.append(record)
        return found

    def started(self, times: int = 1) -> None:
        """Wait until the daemon serves health for the n-th time."""
        until(lambda: len(self.lines("health")) >= times or self._died())

    def _died(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
        return False

    def health(self, page: str = "readyz") -> tuple[int, str]:
        """What the health port says."""
        address = self.lines("health")[-1]["address"].rpartition("/")[0]
        try:
            with urllib.request.urlopen(f"{address}/{page}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Read the store as an outsider, without our code."""
        if not self.database.exists():
            return []
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def delivered(self) -> bool:
        """Whether everything that was published is stored and sent."""
        self._died()
        sent = self.rows("SELECT count(*) FROM deliveries WHERE state = 'sent'")
        return bool(sent) and sent[0][0] >= len(self.published)

    def reconcile(self, allowed_repeats: int) -> None:
        """Nothing lost, no half transaction, and no more copies than faults explain, each with the key of the first."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        stored = {
            tuple(row) for row in self.rows("SELECT f.id, a.guid FROM articles a JOIN feeds f ON f.id = a.feed_id")
        }
        assert stored == self.published
        hits = self.rows("SELECT article_id, count(*) FROM hits GROUP BY article_id")
        assert len(hits) == len(self.published)
        assert all(count == 1 for _, count in hits)
        assert self.rows("SELECT count(*) FROM alerts") == [(len(self.published),)]
        assert self.rows("SELECT state, count(*) FROM deliveries GROUP BY state") == [("sent", len(self.published))]
        taken = len(self.published)
        assert self.rows("SELECT ending, count(*) FROM takings GROUP BY ending") == [("told", taken)]
        assert sorted(self.rows("SELECT what, sum(n) FROM hit_tally GROUP BY what")) == [
            ("taken", taken),
            ("told", taken),
        ]
        keys = self.mail.keys()
        assert len(keys) == len(self.published)
        assert sum(keys.values()) - len(keys) <= allowed_repeats

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.web.close()
        self.mail.close()
