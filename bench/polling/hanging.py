"""Healthy feeds among hosts that hang, drip and never end: `python -m bench.polling.hanging [--no-write]`.

The daemon runs as a process with its defaults; every feed has a host of its own and is polled for the first time, so that
nobody knows which hosts are bad. It polls the healthy feeds alone, then with the bad ones among them: once due over a
minute, as after a first start, and once all within a second. What is measured is how long after it was due each healthy
feed's poll was recorded, how long the bad ones were held, and memory.

`python -m bench.polling.hanging --serve PORT LOG` is the server, in a process of its own.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import os
import resource
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.polling import measure
from bench.report import machine, write_section
from monitor.model import Feed
from monitor.store.sqlite import SqliteStore

PORT = 8120
_LEAD = 6.0
"""Seconds in which the daemon starts before the first feed is due."""
_BAD_HOST = 200
"""Addresses 127.200.… are bad ones, 127.100.… are healthy."""
_SETTINGS = """store: sqlite:///store.db
rules: [rules.yaml]
polling: {every: 1h, adapt: 1}
fetch: {allow_private: [127.0.0.0/8]}
http: {enabled: false}
log: {level: warning}
"""
_ITEM = (
    "<item><guid>{host}-{n}</guid><title>News {n} of {host}</title><link>http://news.example/{host}/{n}</link>"
    "<description>{text}</description></item>"
)
_TEXT = "The council of the town met again and spoke of the harbour, of the price of fish and of the rain. " * 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run."""

    delays: list[float]
    """Seconds from due to recorded, of each healthy feed."""
    held: list[float]
    """Seconds from the request of each bad feed to its record."""
    peak: int
    healthy: int
    bad: int


def main() -> None:
    """Measure, print, write the section."""
    parser = argparse.ArgumentParser(prog="bench.polling.hanging", description=__doc__)
    parser.add_argument("--healthy", type=int, default=1_000)
    parser.add_argument("--bad", type=int, default=200)
    parser.add_argument("--spread", type=float, default=60.0, help="seconds over which feeds are due in the first pair")
    parser.add_argument("--no-write", action="store_true", help="print the table, leave docs/benchmarks.md as it is")
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "LOG"), help=argparse.SUPPRESS)
    parser.add_argument("--addresses", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        asyncio.run(_serve(int(given.serve[0]), Path(given.serve[1]), given.addresses.read_text().split()))
        return
    rows: list[tuple[str, Outcome, Outcome]] = []
    for what, spread in (("due over a minute", given.spread), ("all due within a second", 1.0)):
        alone, among = (_run(given.healthy, bad, spread) for bad in (0, given.bad))
        rows.append((what, alone, among))
    text = _report(given, rows)
    print(text)
    if not given.no_write:
        write_section("polling-hanging", text)


def _run(healthy: int, bad: int, spread: float) -> Outcome:
    root = Path(tempfile.mkdtemp(prefix="bench-hanging-"))
    hosts = [*_hosts(100, healthy), *_hosts(_BAD_HOST, bad)]
    try:
        (root / "addresses").write_text("\n".join(hosts), "utf-8")
        (root / "rules.yaml").write_text(
            "rules: [{id: pumps, kind: organisation, title: Pumps, names: [Aldervale Pumps]}]\n", "utf-8"
        )
        (root / "monitor.yaml").write_text(_SETTINGS, "utf-8")
        with _serving(root):
            asyncio.run(_fill(root / "store.db", hosts))
            began = time.time() + _LEAD
            due = _schedule(root / "store.db", began, spread)
            peak = _polled(root, began + spread, len(hosts))
        return _judged(root, due, peak, healthy, bad)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _hosts(first: int, count: int) -> list[str]:
    return [f"127.{first}.{n // 250}.{n % 250 + 1}" for n in range(count)]


async def _fill(path: Path, hosts: list[str]) -> None:
    store = SqliteStore(path, owner=True)
    await store.open()
    feeds = [Feed(id=host, url=f"http://{host}:{PORT}/feed") for host in hosts]
    await store.import_feeds(feeds, datetime.now(UTC) + timedelta(days=1), {})
    await store.close()


def _schedule(path: Path, began: float, spread: float) -> dict[str, float]:
    """Healthy and bad feeds in turn, evenly."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        names = sorted(name for (name,) in db.execute("SELECT id FROM feeds"))
        mixed = sorted(names, key=lambda name: hashlib.blake2b(name.encode()).digest())
        due = {name: began + spread * place / len(mixed) for place, name in enumerate(mixed)}
        db.executemany(
            "UPDATE feeds SET next_due = ? WHERE id = ?", [(int(at * 1e6), name) for name, at in due.items()]
        )
    return due


def _polled(root: Path, last_due: float, count: int) -> int:
    """Run the daemon until every feed was polled. Returns its peak of memory."""
    command = [sys.executable, "-m", "monitor", "--config", str(root / "monitor.yaml"), "run"]
    peak = 0
    with (root / "daemon.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as daemon:
        while time.time() < last_due + 400:
            time.sleep(0.2)
            peak = max(peak, measure.resident(daemon.pid))
            with contextlib.closing(sqlite3.connect(root / "store.db")) as db:
                (done,) = db.execute("SELECT count(*) FROM feeds WHERE last_polled IS NOT NULL").fetchone()
            if done == count:
                break
        daemon.send_signal(signal.SIGTERM)
    return peak


def _judged(root: Path, due: dict[str, float], peak: int, healthy: int, bad: int) -> Outcome:
    with contextlib.closing(sqlite3.connect(root / "store.db")) as db:
        rows = db.execute("SELECT id, last_polled, last_ok FROM feeds WHERE last_polled IS NOT NULL").fetchall()
    polled = {name: at / 1e6 for name, at, _ in rows}
    well = sum(ok is not None for _, _, ok in rows)
    if well != healthy or len(polled) != len(due):
        sys.exit(f"{well} of {healthy} healthy feeds are well, {len(polled)} of {len(due)} were polled at all")
    asked = {}
    for line in (root / "asked").read_text("utf-8").splitlines():
        name, _, at = line.partition(" ")
        asked[name] = float(at)
    return Outcome(
        delays=sorted(polled[name] - at for name, at in due.items() if name.startswith("127.100.")),
        held=sorted(polled[name] - asked[name] for name in due if not name.startswith("127.100.")),
        peak=peak,
        healthy=healthy,
        bad=bad,
    )


def _report(given: argparse.Namespace, rows: list[tuple[str, Outcome, Outcome]]) -> str:
    lines = []
    for what, alone, among in rows:
        for name, one in (("alone", alone), (f"with {among.bad} bad", among)):
            held = f"{max(one.held):.1f} s" if one.held else ""
            lines.append(
                f"| {what}, {name} | {statistics.median(one.delays):.2f} s | {_p99(one.delays):.2f} s | "
                f"{one.delays[-1]:.2f} s | {held} | {one.peak >> 20} |"
            )
    more = ", ".join(f"{_p99(among.delays) - _p99(alone.delays):+.2f} s {what}" for what, alone, among in rows)
    return "\n".join(
        [
            "## Polling among hosts that hang",
            "",
            (
                f"`python -m bench.polling.hanging`. {machine()} {given.healthy:,} healthy feeds of 10 entries, each on a "
                f"host of its own, and {given.bad} bad ones: a quarter says nothing, a quarter drips its head, a quarter its "
                "body, a quarter never ends. First polls, default settings. *Delay*: from when a healthy feed was due "
                f"until its poll was recorded. At p99 the bad ones cost the healthy {more}."
            ),
            "",
            "| run | delay p50 | p99 | most | bad ones held, most | peak MB, all processes |",
            "| --- | --: | --: | --: | --: | --: |",
            *lines,
        ]
    )


def _p99(values: list[float]) -> float:
    return values[int(len(values) * 0.99)]


# ── The server ────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _serving(root: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.polling.hanging", "--serve", str(PORT), str(root / "asked")]
    command += ["--addresses", str(root / "addresses")]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + 20
            while not (root / "asked").exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the feeds are not served on port {PORT}")
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


async def _hang(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await _drip(writer)


async def _drip_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<rss>")
    await _drip(writer)


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.5)


async def _endless(writer: asyncio.StreamWriter) -> None:
    """Some megabytes a second, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n<rss>")
    while True:
        writer.write(b"x" * 100_000)
        await writer.drain()
        await asyncio.sleep(0.05)


_BAD: tuple[Callable[[asyncio.StreamWriter], Awaitable[None]], ...] = (_hang, _drip_head, _drip_body, _endless)


async def _serve(port: int, log: Path, hosts: list[str]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kinds: dict[str, Callable[[asyncio.StreamWriter], Awaitable[None]]] = {}
    turn = itertools.cycle(_BAD)
    tasks: set[asyncio.Task[None] | None] = set()  # what nobody holds is collected, and what hangs is held by nobody
    for host in hosts:
        if host.startswith(f"127.{_BAD_HOST}."):
            kinds[host] = next(turn)
    with log.open("w", 1, encoding="utf-8") as asked:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.current_task())
            host = writer.get_extra_info("sockname")[0]
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                asked.write(f"{host} {time.time()}\n")
                if host in kinds:
                    await kinds[host](writer)
                items = "".join(_ITEM.format(host=host, n=n, text=_TEXT) for n in range(10))
                body = f"<rss version='2.0'><channel><title>{host}</title>{items}</channel></rss>".encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, hosts, port)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    main()
