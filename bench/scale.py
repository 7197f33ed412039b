"""A simulation of many workers from measured costs, and what it says of a million and ten million feeds. `make bench-scale`.

Second by second: feeds fall due, those of a host go to the worker that has its shard, a worker does as many polls as its
processors allow, and when one is lost its shards wait until its leases have ended. Costs are those that
`make bench-cluster` measured (bench/cluster.json). Prints the table that docs/scale.md shows.
"""

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path

COSTS = Path(__file__).parent / "cluster.json"
SHARDS = 1024
FAILOVER = 22
"""Seconds: the lease of a post, and the tick that asks for it."""
ROOM = 0.6
"""Of its processors a worker should use no more, so that it catches up after a fault."""
ARTICLES = 0.05
"""New articles a poll, for polls every 15 minutes: an assumption."""
ARTICLE_BYTES = 9_000
"""Of the database for an article of 2.5 kB with its index of words: an assumption."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a simulated run."""

    polls: int
    due: int
    """That fell due."""
    waiting: int
    """At the end."""
    latest: float
    """Seconds that a feed waited at most."""


def simulate(
    feeds: int,
    every: int,
    workers: int,
    poll_ms: float,
    *,
    cores: float = 1.0,
    seconds: int = 900,
    lost_at: int | None = None,
) -> Outcome:
    """Run for some seconds; with `lost_at`, one worker is lost then and does not come back."""
    random.seed(7)
    weights = [random.expovariate(1.0) + 0.2 for _ in range(SHARDS)]
    total = sum(weights)
    rates = [feeds / every * one / total for one in weights]
    owner = [number % workers for number in range(SHARDS)]
    waits: list[float] = [0.0] * SHARDS
    late, polls, due = 0.0, 0.0, 0.0
    alive = set(range(workers))
    for second in range(seconds):
        if second == lost_at and len(alive) > 1:
            alive.discard(0)
        if lost_at is not None and second == lost_at + FAILOVER:
            others = sorted(alive)
            owner = [others[number % len(others)] if one == 0 else one for number, one in enumerate(owner)]
        mine: dict[int, list[int]] = {}
        for shard in range(SHARDS):
            waits[shard] += rates[shard]
            due += rates[shard]
            mine.setdefault(owner[shard], []).append(shard)
        for worker in alive:
            able = cores * 1000 / poll_ms
            # The oldest first, as claims are.
            for shard in sorted(mine.get(worker, ()), key=lambda one: -waits[one] / rates[one]):
                done = min(waits[shard], able)
                waits[shard] -= done
                able -= done
                polls += done
                if able <= 0:
                    break
        late = max(late, *(wait / rate for wait, rate in zip(waits, rates, strict=True)))
    return Outcome(polls=round(polls), due=round(due), waiting=round(sum(waits)), latest=late)


def table(costs: dict) -> str:
    """The table of docs/scale.md."""
    runs = {int(name): one for name, one in costs["runs"].items()}
    poll = runs[1]["worker_ms"]
    database = runs[1]["database_ms"]
    lines = ["| | measured feeds/s | simulated | ratio |", "| --- | --: | --: | --: |"]
    spent = runs[1]["polls"] * poll / 1000
    for workers, one in sorted(runs.items()):
        # So much processor as the workers had in that run, which they share with the database, the feeds and the sinks;
        # what a poll costs is taken from the run of one worker.
        cores = one["polls"] * one["worker_ms"] / 1000 / workers
        made = simulate(1_000_000, 60, workers, poll, cores=cores, seconds=60).polls / 60
        lines.append(
            f"| {workers} worker{'s' if workers > 1 else ''} | {one['polls']:.0f} | {made:.0f} | {made / one['polls']:.2f} |"
        )
    lines += [
        "", f"One worker used {spent:.2f} of a processor in that run.", "",
        "| feeds, each every 15 minutes | polls/s | worker cores | database cores | workers of 2 cores | a worker is lost: latest feed | writes of feeds a day | new articles a day | database a day |",
        "| --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]  # fmt: skip
    for feeds in (100_000, 1_000_000, 10_000_000):
        rate = feeds / 900
        need = rate * poll / 1000
        workers = max(2, math.ceil(need / ROOM / 2))
        lost = simulate(feeds, 900, workers, poll, cores=2.0, seconds=240, lost_at=60)
        articles = rate * 86_400 * ARTICLES
        lines.append(
            f"| {feeds:,} | {rate:,.0f} | {need:.1f} | {rate * database / 1000:.1f} | {workers} | {lost.latest:.0f} s | "
            f"{rate * 86_400 / 1e6:,.0f}M | {articles / 1e6:.1f}M | {articles * ARTICLE_BYTES / 1e9:.0f} GB |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(json.loads(COSTS.read_text())))
