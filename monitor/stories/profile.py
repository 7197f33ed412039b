"""What a group of articles says, as the sum of their vectors, and how alike two groups are.

Everything here costs at most as much as the terms that are kept, however many articles there are.
"""

from dataclasses import dataclass
from typing import Final

from monitor.stories.vectors import Vector, dot

_MOST: Final = 400
_KEPT: Final = 256


@dataclass(slots=True)
class Profile:
    """The sum of vectors. A single article keeps its vector as it is, since most stories have one article."""

    articles: int
    single: Vector | None
    sums: dict[int, float]
    """Empty for a single article, but while it is compared."""
    square: float
    """The squared length of the sum."""
    length: float
    """The sum of the articles' lengths, each from 0 (nothing) to 1 (full)."""

    @classmethod
    def of(cls, vector: Vector, length: float) -> "Profile":
        """That of one article."""
        return cls(1, vector, {}, 1.0 if len(vector) else 0.0, length)

    @classmethod
    def total(cls, vectors: list[tuple[Vector, float]]) -> "Profile":
        """That of many articles, each with its length."""
        if len(vectors) == 1:
            return cls.of(*vectors[0])
        sums: dict[int, float] = {}
        for vector, _ in vectors:
            for number, weight in zip(vector.numbers, vector.weights, strict=True):
                sums[number] = sums.get(number, 0.0) + weight
        return _summed(len(vectors), sums, sum(length for _, length in vectors))

    @property
    def pairs(self) -> int:
        """Ordered pairs of two of its articles."""
        return self.articles * (self.articles - 1)

    def alike(self, usual: float, weight: float) -> float:
        """The mean similarity of two of its articles; what is usual counts for `weight` pairs."""
        within = max(0.0, self.square - self.articles)
        return (within + usual * weight) / (self.pairs + weight)

    @property
    def mean_length(self) -> float:
        """From 0 (headlines) to 1 (full articles)."""
        return self.length / self.articles

    def table(self) -> dict[int, float]:
        """Term -> the sum of its weights."""
        return self.sums if self.single is None or self.sums else self.single.as_dict()


def added(first: Profile, second: Profile) -> Profile:
    """Both together."""
    sums = dict(first.table())
    for number, weight in second.table().items():
        sums[number] = sums.get(number, 0.0) + weight
    return _summed(first.articles + second.articles, sums, first.length + second.length)


def _summed(articles: int, sums: dict[int, float], length: float) -> Profile:
    if len(sums) > _MOST:
        sums = dict(sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:_KEPT])
    return Profile(articles, None, sums, sum([weight * weight for weight in sums.values()]), length)


def across(first: Profile, second: Profile) -> float:
    """The mean similarity over all pairs of an article of one and an article of the other.

    Quick when the first of two single articles has its `sums` ready.
    """
    if second.single is not None:
        first, second = second, first
    if first.single is not None:
        return dot(first.single, second.table()) / second.articles
    small, large = sorted((first, second), key=lambda one: len(one.sums))
    get = large.sums.get
    total = sum([weight * get(number, 0.0) for number, weight in small.sums.items()])
    return total / (first.articles * second.articles)


def shared(first: Profile, second: Profile) -> int:
    """How many terms both have."""
    return len(first.table().keys() & second.table().keys())
