"""Learns how names are spelt in other scripts: rows of letter groups, and how often one follows two others.

A pair such as (putin, путин) is cut into groups (p п)(u у)(t т)(i и)(n н) by the likeliest alignment, which is found by
repeating: cut all pairs by the present counts, count the groups. The counts of groups in threes are the model that
`monitor/matching/respell.py` reads: it says which spelling of a new name is likely. See `build_names.py`.
"""

import math
import random
from collections import Counter

PAIRS = 30_000
ROUNDS = 4
SOURCE = 3  # letters of a group at most
SOURCES = {"Hani": 4}
TARGET = 2
TARGETS = {"Hani": 1, "Jpan": 3}
SMALLEST = 2  # times that a group or a three must be seen
BAND = 0.45  # how far apart, in parts of the words, letters may be that belong together
EDGE = ("^", "")

Group = tuple[str, str]
Chain = list[Group]


def learn(pairs: list[Group], script: str) -> Counter[tuple[Group, Group, Group]]:
    """The rows of three groups of a script, with counts."""
    random.Random(1).shuffle(pairs)  # noqa: S311 - a choice that is the same each time
    aligner = Aligner(SOURCES.get(script, SOURCE), TARGETS.get(script, TARGET))
    chains: list[Chain] = []
    for _ in range(ROUNDS):
        chains = [chain for one, other in pairs[:PAIRS] if (chain := aligner.cut(one, other))]
        aligner.count(chains)
    threes: Counter[tuple[Group, Group, Group]] = Counter()
    for chain in chains:
        if all(group in aligner.costs for group in chain):
            row = [EDGE, EDGE, *chain, EDGE]
            threes.update(zip(row, row[1:], row[2:], strict=False))
    return threes


class Aligner:
    """Cuts pairs by what the groups cost; the first time by where letters stand."""

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target
        self.costs: dict[Group, float] = {}

    def count(self, chains: list[Chain]) -> None:
        """Learn the costs from a cut."""
        counts = Counter(group for chain in chains for group in chain)
        total = sum(counts.values())
        self.costs = {group: math.log(total / count) for group, count in counts.items() if count >= SMALLEST}

    def _cost(self, group: Group) -> float:
        if self.costs:
            return self.costs.get(group, 14.0 + 2 * len(group[0]))
        one, other = len(group[0]), len(group[1])
        return 1.0 + 2 * abs(one - other) + (0.5 if one > 1 else 0) + (0 if other else 1)

    def cut(self, one: str, other: str) -> Chain | None:
        """The cheapest cut of a pair; None when there is none that is not absurd."""
        best: dict[tuple[int, int], tuple[float, int, int]] = {(0, 0): (0.0, 0, 0)}
        for i in range(len(one)):
            for j in range(len(other) + 1):
                if (i, j) in best:
                    self._extend(one, other, (i, j), best)
        end = (len(one), len(other))
        if end not in best or best[end][0] > 7.0 * len(one):
            return None
        chain: Chain = []
        while end != (0, 0):
            _, i, j = best[end]
            chain.append((one[i : end[0]], other[j : end[1]]))
            end = (i, j)
        return chain[::-1]

    def _extend(
        self, one: str, other: str, at: tuple[int, int], best: dict[tuple[int, int], tuple[float, int, int]]
    ) -> None:
        i, j = at
        cost = best[at][0]
        for a in range(i + 1, min(i + self.source, len(one)) + 1):
            for b in range(j, min(j + self.target, len(other)) + 1):
                if abs(a / len(one) - b / len(other)) > BAND:
                    continue
                whole = cost + self._cost((one[i:a], other[j:b]))
                if (a, b) not in best or whole < best[a, b][0]:
                    best[a, b] = (whole, i, j)


def write_model(script: str, threes: Counter[tuple[Group, Group, Group]]) -> str:
    """The model as lines: the script, its groups by number, then each row of three with its count.

    A line of threes holds all that begin with the same two groups: `first second: third count third count ...`.
    """
    weights = Counter(group for row, count in threes.items() for group in [row[2]] * min(count, 1000))
    groups = [EDGE, *(group for group, _ in weights.most_common() if group != EDGE)]
    number = {group: at for at, group in enumerate(groups)}
    lines = [f"#{script}\t" + " ".join(f"{one}={other}" for one, other in groups)]
    behind: dict[tuple[int, int], list[str]] = {}
    for row, count in sorted(threes.items(), key=lambda item: (-item[1], item[0])):
        if count >= SMALLEST and all(group in number for group in row):
            behind.setdefault((number[row[0]], number[row[1]]), []).append(f"{number[row[2]]} {count}")
    lines += [f"{first} {second} {' '.join(found)}" for (first, second), found in sorted(behind.items())]
    return "\n".join(lines) + "\n"
