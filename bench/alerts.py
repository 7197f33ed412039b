"""How much alerts cost: decided, rendered, and delivered to a mail server and a webhook on loopback. `make bench-alerts`.

Decisions and renderings are CPU time of this process, medians of several rounds. Deliveries go through the real store and the
real channels to servers in processes of their own, so that their work is not counted; CPU is this process's, alerts a second
are wall time. The articles are made from the project's own seed and examples.
"""

import asyncio
import base64
import itertools
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from report import machine, write_section

from monitor import alerting, config
from monitor.alerting import Seen
from monitor.engine.daemon import Daemon, close
from monitor.engine.local import LocalEngine
from monitor.keys import article_key
from monitor.matching import example
from monitor.model import Article, Format, NewAlert, Recipient, Route, Severity, Subscriber, Waiting

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROUNDS = 5
DELIVERED = 1_000
DESK = Subscriber(
    id="desk", title="Desk", recipients=(Recipient(channel="way", address=""),),
    routes=(Route(recipients=(Recipient(channel="way", address=""),), max_per_hour=0),),
)  # fmt: skip


def made_articles(count: int) -> list[Article]:
    """So many, each the seed or an example with a number of its own."""
    rules = config.load_rules([ROOT / "rules"])
    texts = [text for rule in rules for text in rule.examples.match]
    texts.append(next((ROOT / "seeds").glob("*.txt")).read_text("utf-8"))
    articles = []
    for number in range(count):
        like = example(texts[number % len(texts)])
        key = article_key("f", guid=str(number), url=None, title="", published=None)
        url = f"https://news.example/{number}"
        articles.append(
            Article(
                key=key, feed_id="f", guid=str(number), url=url, title=f"News {number}", body=like.body or like.title
            )
        )
    return articles


def told(loaded: config.Loaded, count: int) -> tuple[tuple[Waiting, ...], list[NewAlert], float]:
    """Rows that wait, the alerts that they become, and CPU seconds to decide on all of them."""
    rows: list[Waiting] = []
    seen: dict[int, Seen] = {}
    for article in made_articles(count):
        matches = loaded.index.match(article, now=NOW)
        for row in alerting.waiting(
            article, matches, before={}, revision=0, changed=False, story=article.key, rules=loaded.index.rules,
            subscribers=[DESK], now=NOW,
        ):  # fmt: skip
            numbered = Waiting(**{name: getattr(row, name) for name in row.__slots__} | {"id": len(rows) + 1})
            seen[numbered.id] = Seen(article=article, matches=matches, feed_title="F", first_seen=NOW)
            rows.append(numbered)
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        made = alerting.decide_alerts(
            rows,
            subscriber=DESK,
            rules=loaded.index.rules,
            silences=(),
            told={},
            stories={},
            sent=(),
            digested={},
            now=NOW,
        )
        times.append(time.process_time() - began)
    alerts = [
        alerting.compose(tell, subscriber=DESK, rules=loaded.index.rules, seen=seen, stories={}, now=NOW)
        for tell in made.tells
    ]
    return tuple(rows), alerts, statistics.median(times)


def rendering(alerts: list[NewAlert]) -> list[str]:
    """Alerts a second by format."""
    rows = []
    for format_ in Format:
        times = []
        for _ in range(ROUNDS):
            began = time.process_time()
            for one in alerts:
                alerting.render(one.alert, format_, plain=False, now=NOW)
            times.append(time.process_time() - began)
        rows.append(f"| {format_.value} | {len(alerts) / statistics.median(times):,.0f} |")
    return rows


SETTINGS = """
store: sqlite:///monitor.db
rules: [{rules}]
channels: {{way: {channel}}}
subscribers: [{{id: desk, channels: [{recipient}], max_per_hour: 0}}]
stories: {{enabled: false}}
delivery: {{allow_private: ["127.0.0.0/8"]}}
http: {{enabled: false}}
"""


async def delivering(folder: Path, channel: str, recipient: str, alerts: list[NewAlert]) -> tuple[float, float]:
    """CPU milliseconds an alert, and alerts a second of wall time, from the store to the server's yes."""
    file = folder / "monitor.yaml"
    file.write_text(SETTINGS.format(rules=ROOT / "rules", channel=channel, recipient=recipient))
    daemon = Daemon(lambda: config.load(file, dict(os.environ)))
    parts = await daemon.assemble(config.load(file, dict(os.environ)))
    address = "desk@example.org" if "to:" in recipient else ""
    try:
        for one in alerts:
            ways = alerting.deliveries_to(one.alert.key, [Recipient(channel="way", address=address)])
            await parts.store.record_alert(NewAlert(alert=one.alert, deliveries=ways), NOW)
        ticks = itertools.count()
        parts.clock = lambda: NOW + timedelta(seconds=1)
        parts.monotonic = lambda: float(next(ticks))  # rates hold nothing back
        engine = LocalEngine(parts, daemon.pulse)
        began, wall = time.process_time(), time.perf_counter()
        while await engine.deliver_due():
            await engine.settle()
        spent = time.process_time() - began, time.perf_counter() - wall
        (line,) = [one for one in await parts.store.subscriber_states() if one.id == "desk"]
        if line.deliveries.get("sent") != len(alerts):
            raise SystemExit(f"not all were sent: {dict(line.deliveries)}")
    finally:
        await close(parts)
    return spent[0] / len(alerts) * 1000, len(alerts) / spent[1]


# ── the servers, in processes of their own ────────────────────────────────────────────────────────────────────────────


class _Taker:
    """Takes mail."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - the library's name
        return "250 OK"


class _Hook(BaseHTTPRequestHandler):
    """Takes webhooks."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is shown."""


def serve(kind: str) -> None:
    """Print the port and take what comes, until the input ends."""
    if kind == "smtp":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        Controller(_Taker(), hostname="127.0.0.1", port=port).start()
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
        port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()


def measured(kind: str, alerts: list[NewAlert]) -> str:
    """A row of the table: three runs against a server of this kind, the median."""
    channel = "{{kind: email, host: 127.0.0.1, port: {port}, security: none, from: m@example.org, rate: 10000}}"
    recipient = "{channel: way, to: [desk@example.org]}"
    if kind == "http":
        secret = "whsec_" + base64.b64encode(b"x" * 32).decode()
        channel = f"{{{{kind: webhook, url: 'http://127.0.0.1:{{port}}/', secret: {secret}, rate: 10000}}}}"
        recipient = "way"
    with subprocess.Popen(
        [sys.executable, __file__, "serve", kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        port = server.stdout.readline().strip() if server.stdout else ""
        results = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                results.append(asyncio.run(delivering(Path(folder), channel.format(port=port), recipient, alerts)))
        if server.stdin:
            server.stdin.close()
    cost, speed = (statistics.median(column) for column in zip(*results, strict=True))
    name = "SMTP, two connections" if kind == "smtp" else "webhook, one request after the other"
    return f"| {name} | {speed:,.0f} | {cost:.2f} |"


def main() -> None:
    """Print and write the tables."""
    loaded = config.load(ROOT / "monitor.yaml", dict(os.environ))
    rows, alerts, decided = told(loaded, 10_000)
    some = alerts[:DELIVERED]
    flash = sum(one.alert.severity is Severity.FLASH for one in some)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    became = f"{len(rows):,} rows that wait for one subscriber become {len(alerts):,} alerts"
    cost = f"**{decided:.2f} s of CPU** in one decision, {decided / len(rows) * 1e6:.0f} µs a row."
    way = f"{len(some):,} alerts ({flash} of them flash) from the store to the server's yes, each with three synced commits:"
    held = f"Peak memory of the measuring process, which holds all {len(alerts):,} alerts: {peak:.0f} MB."
    lines = [
        "## Alerts: decided, rendered, delivered (`make bench-alerts`)",
        "",
        machine(),
        "",
        f"{became}: {cost}",
        "",
    ]
    lines += ["| rendered as | alerts a CPU second |", "| --- | --: |", *rendering(some), "", way, ""]
    lines += ["| to | alerts a second | CPU ms an alert |", "| --- | --: | --: |"]
    lines += [measured("smtp", some), measured("http", some), "", held]
    text = "\n".join(lines) + "\n"
    write_section("alerts", text)
    sys.stdout.write(text)


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1:2] == ["serve"] else main()
