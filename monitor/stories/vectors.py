"""Words by weight: how rare each is, and how much two articles have in common."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Final

from monitor.stories.features import Features
from monitor.stories.tuning import Tuning

_WORDS_KEPT: Final = 64
_NAMES_KEPT: Final = 24


@dataclass(frozen=True, slots=True)
class Vector:
    """Terms by weight, the heaviest first; of length one, or empty."""

    numbers: "array[int]"
    weights: "array[float]"

    def __len__(self) -> int:
        return len(self.numbers)

    def as_dict(self) -> dict[int, float]:
        """Number -> weight."""
        return dict(zip(self.numbers, self.weights, strict=True))


def vector(weights: Iterable[tuple[int, float]], kept: int) -> Vector:
    """The heaviest terms, scaled to length one."""
    found = sorted([(-weight, number) for number, weight in weights])[:kept]
    length = -sqrt(sum([weight * weight for weight, _ in found])) or 1.0
    return Vector(array("Q", [number for _, number in found]), array("f", [weight / length for weight, _ in found]))


def dot(vec: Vector, weights: dict[int, float]) -> float:
    """The sum of products."""
    get = weights.get
    return sum([weight * get(number, 0.0) for number, weight in zip(vec.numbers, vec.weights, strict=True)])


@dataclass(slots=True)
class Rarity:
    """In how many articles terms occur. What weighs an article counts it too."""

    prior: float
    most: int = 1_000_000
    """Terms that are counted; beyond, old counts are halved, and what was met once is forgotten."""
    articles: int = 0
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, numbers: Iterable[int]) -> None:
        """Count one more article."""
        counts = self.counts
        for number in numbers:
            counts[number] = counts.get(number, 0) + 1
        self.articles += 1
        if len(counts) > self.most:
            self._age()

    def of(self, number: int, share: float) -> float:
        """The weight of a term."""
        return log((self.articles + self.prior + 1) / (self.counts.get(number, 0) + share * self.prior + 1))

    def _age(self) -> None:
        self.articles //= 2
        self.counts = {number: count // 2 for number, count in self.counts.items() if count > 1}


def word_vector(features: Features, rarity: Rarity, tuning: Tuning) -> Vector:
    """The words of an article by weight. This runs for every word of every article."""
    times: dict[int, int] = {}
    factors: dict[int, float] = {}
    shares: dict[int, float] = {}
    names, title, words = features.names, features.title, features.words
    for folded, count in features.counts.items():
        number, share, _, _, _ = words[folded]
        factor = tuning.name if folded in names else tuning.figure if folded[0].isdigit() else 1.0
        if folded in title:
            factor *= tuning.title
        if number in times:
            times[number] += count
            factors[number] = max(factor, factors[number])
        else:
            times[number], factors[number], shares[number] = count, factor, share * rarity.prior + 1
    counted, articles = rarity.counts, rarity.articles + rarity.prior + 1
    weighed = [
        (number, factors[number] * (1.0 + log(count)) * log(articles / (counted.get(number, 0) + shares[number])))
        for number, count in times.items()
    ]
    rarity.add(times)
    return vector(weighed, _WORDS_KEPT)


def name_vector(features: Features, rarity: Rarity) -> Vector:
    """Its names and figures by weight."""
    concepts = features.concepts()
    found = vector([(number, rarity.of(number, share)) for number, (share, _) in concepts.items()], _NAMES_KEPT)
    rarity.add(concepts)
    return found
