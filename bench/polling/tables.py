"""The section of docs/benchmarks.md."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.polling.measure import Cost

SWEEPS = ("cold", "304", "unchanged", "new")


@dataclass(frozen=True, slots=True)
class Recall:
    """Entries stored of those that the farm published."""

    stored: int
    published: int
    misses: list[tuple[str, int]]
    """Entries that are missing, by the kind of feed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One client."""

    name: str
    start: float
    """CPU seconds."""
    ms: dict[str, float]
    """CPU milliseconds a feed of each sweep, the start not counted."""
    rate: dict[str, float]
    """Feeds a second, by the wall."""
    peak: int
    recall: Recall


def row(name: str, feeds: int, start: float, costs: Mapping[str, Sequence[Cost]], recall: Recall) -> Row:
    """A client's medians."""
    return Row(
        name=name,
        start=start,
        ms={
            what: max(statistics.median(one.cpu for one in costs[what]) - start, 0.0) / feeds * 1000 for what in SWEEPS
        },
        rate={what: feeds / statistics.median(one.wall for one in costs[what]) for what in SWEEPS},
        peak=max(one.peak for some in costs.values() for one in some),
        recall=recall,
    )


@dataclass(slots=True, kw_only=True)
class Report:
    """All that is written down."""

    machine: str
    farm: str
    command: str
    feeds: int
    rounds: int
    rows: list[Row]
    left_out: list[str]

    def markdown(self) -> str:
        """The section."""
        lines = [
            "## Polling", "", f"`make bench-polling` ({self.command}). {self.machine}", "",
            (f"Farm: {self.farm}. CPU milliseconds a feed, user and system of all processes of a client, median of "
            f"{self.rounds} sweeps in turns, without what its start costs (its own column). Each sweep is a fresh process "
            "and opens new connections, as an hourly poller does. *cold*: nothing is known; *304*: validators, nothing new; "
            "*unchanged*: no validators, the same body again; *new*: one new entry in each feed. The product also matches "
            "each article, keeps a text index and writes durably. Memory is the sum over a client's processes."), "",
            "| client | cold | 304 | unchanged | new | start, s | peak MB | stored of published |",
            "| --- | --: | --: | --: | --: | --: | --: | --: |",
        ]  # fmt: skip
        for one in self.rows:
            share = one.recall.stored / one.recall.published
            figures = " | ".join(f"{one.ms[what]:.2f}" for what in SWEEPS)
            lines.append(f"| {one.name} | {figures} | {one.start:.2f} | {one.peak >> 20} | {share:.2%} |")
        lines += ["", *self._ratios(), *self._misses()]
        lines += [f"Left out: {sentence}." for sentence in self.left_out]
        return "\n".join(lines)

    def _ratios(self) -> list[str]:
        if len(self.rows) == 1:
            return []
        ours, *others = self.rows
        lines = [f"CPU of a rival over that of {ours.name}:", "", "| rival | cold | 304 | unchanged | new |"]
        lines.append("| --- | --: | --: | --: | --: |")
        for one in others:
            ratios = " | ".join(f"{one.ms[what] / max(ours.ms[what], 1e-3):.1f}" for what in SWEEPS)
            lines.append(f"| {one.name} | {ratios} |")
        return [*lines, ""]

    def _misses(self) -> list[str]:
        lines = []
        for one in self.rows:
            if one.recall.misses:
                kinds = "; ".join(f"{what}: {count}" for what, count in one.recall.misses)
                lines.append(f"- {one.name} misses, by kind of feed: {kinds}")
        return ["Entries that are missing:", "", *lines, ""] if lines else []
