"""Many workers: feeds a second with one, two and four, what engine and feed state cost, how long a fail-over takes.
`make bench-cluster`; `--quick` for a look of two minutes.

Workers, database, feeds and sinks are processes of their own on this machine, so that with few processors more workers
do not mean more feeds: the CPU a feed is what tells. The database writes as it does in earnest (fsync on). Plain
`FOR UPDATE SKIP LOCKED` over a narrow table of feeds is the rival for engine and feed state: it keeps no host apart.
"""

import argparse
import asyncio
import dataclasses
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from report import machine, write_section

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.crew import Crew  # noqa: E402 - the tests' own servers
from support.pghost import Postgres  # noqa: E402
from support.rig import until  # noqa: E402

from monitor.model import Feed  # noqa: E402
from monitor.store.postgres import PostgresStore  # noqa: E402
from monitor.store.protocol import PollRecord  # noqa: E402

TICK = 100.0
BATCH = 500
COSTS = ROOT / "bench" / "cluster.json"
"""What was measured, for `bench/scale.py`."""


def cpu(pids) -> float:
    """Seconds of CPU of these processes and their ended children."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += sum(int(one) for one in fields[11:15]) / TICK
    return total


def family(pid) -> list[int]:
    """A process and those below it."""
    found, look = [pid], [pid]
    while look:
        here = look.pop()
        try:
            children = [int(one) for one in Path(f"/proc/{here}/task/{here}/children").read_text().split()]
        except FileNotFoundError:
            children = []
        found += children
        look += children
    return found


async def state_costs(url: str, server: Postgres, feeds: int, rounds: int) -> dict[str, float]:
    """CPU ms a feed of claims and records of feeds that did not change, and of the rival; client and server."""
    store = PostgresStore(url)
    await store.open()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = [Feed(id=f"f{n}", url=f"https://h{n % (feeds // 10)}.example/{n}") for n in range(feeds)]
    await store.sync_feeds(made, now, {})
    ours, theirs = [], []
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("CREATE TABLE narrow (id text PRIMARY KEY, next_due bigint, etag text, lease_until bigint)")
        db.execute("INSERT INTO narrow SELECT id, 0, NULL, NULL FROM feeds")
        db.execute("CREATE INDEX ON narrow (next_due)")
        db.execute("VACUUM ANALYZE")
        for number in range(rounds):
            at = now + timedelta(hours=number)
            ours.append(await _measured(server, feeds, lambda at=at: _ours(store, at, feeds)))
            theirs.append(
                await _measured(server, feeds, lambda number=number: asyncio.to_thread(_rival, db, number, feeds))
            )
    await store.close()
    median = statistics.median
    return {
        "client": median(one[0] for one in ours), "server": median(one[1] for one in ours),
        "rival_client": median(one[0] for one in theirs), "rival_server": median(one[1] for one in theirs),
    }  # fmt: skip


async def _measured(server, feeds, work):
    pids = family(server.process.pid)
    before, began = cpu(pids), time.process_time()
    await work()
    after = cpu(family(server.process.pid))
    return (time.process_time() - began) * 1000 / feeds, (after - before) * 1000 / feeds


async def _ours(store, at, feeds):
    done = 0
    while done < feeds:
        claims = await store.claim_feeds("w", at, BATCH, timedelta(minutes=3))
        records = [
            PollRecord(
                feed_id=one.feed.id, lease=one.lease, now=at,
                state=dataclasses.replace(one.state, next_due=at + timedelta(hours=1), last_polled=at, last_ok=at),
            )
            for one in claims
        ]  # fmt: skip
        await asyncio.gather(*(store.record_poll(one) for one in records))
        done += len(claims)


def _rival(db, number, feeds):
    done = 0
    while done < feeds:
        with db.transaction():
            rows = db.execute(
                "UPDATE narrow SET lease_until = %s WHERE id IN (SELECT id FROM narrow WHERE next_due <= %s "
                "ORDER BY next_due LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id",
                (number + 1, number, BATCH),
            ).fetchall()
        with db.transaction(), db.cursor() as cursor:
            cursor.executemany(
                "UPDATE narrow SET next_due = %s, lease_until = NULL, etag = 'x' WHERE id = %s",
                [(number + 1, row[0]) for row in rows],
            )
        done += len(rows)


def throughput(workers: int, feeds: int, seconds: float) -> dict[str, float]:
    """As many polls as go, for some seconds, and the latency of what hit."""
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder:
        crew = Crew(Path(folder), workers=workers, feeds=feeds, sites=feeds // 4, every=1, rate=5.0, real=False)
        with crew:
            crew.start()
            until(lambda: len({feed for _, feed, *_ in crew.logs().polls}) == feeds, 180)
            until(lambda: crew.rows("SELECT count(*) FROM workers")[0][0] == workers)
            time.sleep(5)
            mine = [pid for name in crew.names for pid in family(crew.processes[name].pid)]
            before = cpu(mine), cpu(family(crew.postgres.process.pid))
            begin = time.time()
            time.sleep(seconds)
            end = time.time()
            after = cpu(mine), cpu(family(crew.postgres.process.pid))
            logs = crew.logs()
            polls = sum(begin <= one[3] <= end for one in logs.polls)
            crew.end_publishing()
            crew.drained(120)
            waits = sorted(
                one[0] / 1e6
                for one in crew.rows(
                    "SELECT d.sent_at - a.first_seen FROM deliveries d JOIN alerts l ON l.id = d.alert_id "
                    "JOIN articles a ON a.id = l.article_id WHERE d.state = 'sent' AND d.channel = 'hook'"
                )
            )
            failover = _failover(crew) if workers > 1 else float("nan")
    return {
        "polls": polls / seconds, "worker_ms": (after[0] - before[0]) * 1000 / polls,
        "database_ms": (after[1] - before[1]) * 1000 / polls, "p50": waits[len(waits) // 2],
        "p99": waits[int(len(waits) * 0.99)], "failover": failover,
    }  # fmt: skip


def _failover(crew) -> float:
    """Seconds from the death of a worker until each of its feeds was polled again by another."""
    began = time.time()
    crew.kill(crew.names[0])
    until(lambda: {feed for _, feed, at, *_ in crew.logs().polls if at > began + 1} == set(range(crew.feeds)), 90)
    first = {}
    for _, feed, at, *_ in crew.logs().polls:
        if at > began + 1:
            first.setdefault(feed, at)
    return max(first.values()) - began


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    quick = arguments.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="bench-state-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        server = Postgres(place, settings=("max_connections=100",)).start()
        try:
            server.execute("CREATE DATABASE m")
            costs = asyncio.run(state_costs(server.url("m"), server, 2_000 if quick else 5_000, 3))
        finally:
            server.stop()
    seconds = 10.0 if quick else 20.0
    runs = {
        workers: throughput(workers, 200 if quick else 1_000, seconds) for workers in ((1, 2) if quick else (1, 2, 4))
    }
    lines = [
        machine(), "",
        "Claim and record of a feed that did not change, in batches of 500, CPU ms a feed:", "",
        "| | client | database | together |", "| --- | --: | --: | --: |",
        f"| ours: posts, fences, pace and health of each feed | {costs['client']:.3f} | {costs['server']:.3f} | {costs['client'] + costs['server']:.3f} |",
        f"| plain `SKIP LOCKED`, a narrow table, no host kept apart | {costs['rival_client']:.3f} | {costs['rival_server']:.3f} | {costs['rival_client'] + costs['rival_server']:.3f} |",
        "", "Whole workers, as many polls as go; feeds answer after 20 ms (one in ten: 200 ms), five new hits a second:", "",
        "| workers | feeds/s | CPU ms a feed, workers | database | first seen to delivered, p50 | p99 | fail-over |",
        "| --: | --: | --: | --: | --: | --: | --: |",
        *(
            f"| {n} | {one['polls']:.0f} | {one['worker_ms']:.2f} | {one['database_ms']:.2f} | {one['p50'] * 1000:.0f} ms | {one['p99'] * 1000:.0f} ms | "
            + ("–" if n == 1 else f"{one['failover']:.1f} s") + " |"
            for n, one in runs.items()
        ),
    ]  # fmt: skip
    text = "\n".join(lines)
    print(text)
    if not quick:
        COSTS.write_text(json.dumps({"state": costs, "runs": runs}, indent=1) + "\n")
        write_section("cluster", "## Many workers (`make bench-cluster`)\n\n" + text)


if __name__ == "__main__":
    main()
