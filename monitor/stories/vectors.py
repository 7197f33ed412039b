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
    chosen = sorted(weights, key=lambda one: (-one[1], one[0]))[:kept]
    length = sqrt(sum(weight * weight for _, weight in chosen)) or 1.0
    return Vector(array("Q", [number for number, _ in chosen]), array("f", [weight / length for _, weight in chosen]))


def dot(vec: Vector, weights: dict[int, float]) -> float:
    """The sum of products."""
    get = weights.get
    return sum([weight * get(number, 0.0) for number, weight in zip(vec.numbers, vec.weights, strict=True)])


@dataclass(slots=True)
class Rarity:
    """In how many articles terms occur."""

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
    """The words of an article by weight."""
    name, title, figure = tuning.name, tuning.title, tuning.figure
    counts, prior, articles = rarity.counts, rarity.prior, rarity.articles + rarity.prior + 1
    weighed = []
    for word, count, _, is_name, in_title, is_figure in features.terms:
        # As `rarity.of`, in place: this runs for every word of every article.
        weight = log(articles / (counts.get(word.number, 0) + word.share * prior + 1))
        if count > 1:
            weight *= 1.0 + log(count)
        if is_figure:
            weight *= figure
        elif is_name:
            weight *= name
        weighed.append((word.number, weight * title if in_title else weight))
    return vector(weighed, _WORDS_KEPT)


def name_vector(features: Features, rarity: Rarity) -> Vector:
    """Its names and figures by weight."""
    return vector(((number, rarity.of(number, share)) for number, (share, _) in features.concepts.items()), _NAMES_KEPT)
