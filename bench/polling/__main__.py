"""Run the benchmark: `python -m bench.polling [--feeds 500] [--rounds 3] [--only NAME] [--own] [--no-write]`."""

import argparse
import collections
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.polling import farm, server, tables
from bench.polling.clients import CLIENTS, Client
from bench.polling.farm import Farm
from bench.polling.measure import Cost
from bench.report import machine, write_section

PORT = 8100
_CACHED = 1.3
"""Seconds that nginx may still serve what a file was."""
_BEGAN = time.monotonic()


@dataclass(slots=True)
class Place:
    """Where a client's folders are, by round, and what its sweeps cost."""

    kind: type[Client]
    folder: Path
    start: float = 0.0
    """CPU seconds of a sweep of one feed that has not changed: what a start costs."""
    costs: dict[str, list[Cost]] = field(default_factory=lambda: collections.defaultdict(list))

    def make(self, name: str, urls: Sequence[str]) -> Client:
        """The client with a fresh folder."""
        return self.kind(self.folder / name, list(urls))

    def sweep(self, client: Client, what: str) -> None:
        """One measured sweep."""
        cost = client.sweep()
        self.costs[what].append(cost)
        _tell(f"{self.kind.name}: {what}, {cost.cpu:.1f} s of CPU")


def run(made: Farm, places: Sequence[Place], rounds: int) -> dict[str, Client]:
    """All sweeps, in turns. Returns the clients whose stores have seen every entry."""
    urls, bare = made.urls(PORT, "v"), made.urls(PORT, "n")
    for place in places:
        alone = place.make("start", urls[:1])
        alone.sweep()
        place.start = statistics.median(alone.sweep().cpu for _ in range(rounds))
    kept: dict[str, Client] = {}
    for number in range(rounds):
        for place in places:
            kept[place.kind.name] = place.make(f"v{number}", urls)
            place.sweep(kept[place.kind.name], "cold")
    _turns(places, kept, "304", rounds, lambda: None)
    _turns(places, kept, "new", rounds, lambda: _publish(made))
    others = {place.kind.name: place.make("n", bare) for place in places}
    for client in others.values():
        client.sweep()
    _turns(places, others, "unchanged", rounds, lambda: None)
    return kept


def _turns(
    places: Sequence[Place], clients: dict[str, Client], what: str, rounds: int, before: Callable[[], None]
) -> None:
    for _ in range(rounds):
        before()
        for place in places:
            place.sweep(clients[place.kind.name], what)


def _publish(made: Farm) -> None:
    made.publish()
    time.sleep(_CACHED)


def score(made: Farm, client: Client) -> tables.Recall:
    """What a client has stored of the truth, and what its misses have in common."""
    truth, stored = made.truth(), client.stored()
    misses: collections.Counter[str] = collections.Counter()
    found = 0
    for source, url in zip(made.sources, client.urls, strict=True):
        there = stored.get(url, set())
        got = sum(not there.isdisjoint(names) for names in truth[source.number])
        found += got
        if lost := len(truth[source.number]) - got:
            misses[source.what] += lost
    return tables.Recall(found, sum(map(len, truth.values())), misses.most_common(6))


def main() -> None:
    """Measure, print, write the section."""
    parser = argparse.ArgumentParser(prog="bench.polling", description=__doc__)
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", help="this client alone; may be repeated")
    parser.add_argument("--own", action="store_true", help="the farm of its own, whatever lies beside the project")
    parser.add_argument("--no-write", action="store_true", help="print the tables, leave docs/benchmarks.md as it is")
    given = parser.parse_args()
    chosen = [one for one in CLIENTS if not given.only or one.name in given.only]
    root = Path(tempfile.mkdtemp(prefix="bench-polling-"))
    root.chmod(0o755)  # nginx reads as a user of its own
    try:
        _tell("making the farm")
        made = farm.make(root / "farm", given.feeds, own=given.own)
        places = [Place(one, root / one.__name__) for one in chosen if not one.absent()]
        with server.serving(made, PORT):
            kept = run(made, places, given.rounds)
        report = tables.Report(
            machine=machine(),
            farm=f"{made.described}, served by {server.name(made)}",
            command=" ".join(["python -m bench.polling", *sys.argv[1:]]),
            feeds=given.feeds,
            rounds=given.rounds,
            rows=[
                tables.row(place.kind.name, given.feeds, place.start, place.costs, score(made, kept[place.kind.name]))
                for place in places
            ],
            left_out=[sentence for one in chosen if (sentence := one.absent())],
        )
    finally:
        shutil.rmtree(root, ignore_errors=True)
    text = report.markdown()
    print(text)
    if not given.no_write:
        write_section("polling", text)


def _tell(what: str) -> None:
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
