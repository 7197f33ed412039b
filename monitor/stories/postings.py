"""An inverted index: for each of the heaviest terms the articles that have it. What is looked up is bounded."""

from collections.abc import Iterable, Mapping
from typing import Final

from monitor.stories.vectors import Vector

ENOUGH: Final = 300
LOOKED_UP: Final = 150
"""Articles of a term, the newest: what is in more articles finds none that rarer terms would not."""


class Postings:
    """Term -> article numbers, in the order of arrival. A term of one article costs no list."""

    def __init__(self) -> None:
        self._of: dict[int, int | list[int]] = {}

    def add(self, terms: Iterable[int], article: int) -> None:
        """File an article."""
        for term in terms:
            known = self._of.get(term)
            if known is None:
                self._of[term] = article
            elif isinstance(known, int):
                self._of[term] = [known, article]
            else:
                known.append(article)
                if len(known) > 2 * LOOKED_UP:
                    del known[:LOOKED_UP]

    def of(self, term: int) -> list[int]:
        """The newest articles that have a term, at most `LOOKED_UP`."""
        known = self._of.get(term)
        if known is None:
            return []
        return [known] if isinstance(known, int) else known[-LOOKED_UP:]

    def votes(self, vector: Vector, terms: int) -> dict[int, float]:
        """Article -> the sum of the weights of those of the heaviest terms that it has. Rare terms first; in all some
        hundred articles (`ENOUGH`) are looked up.
        """
        found: dict[int, float] = {}
        lists = [(self.of(term), weight) for term, weight in zip(vector.numbers[:terms], vector.weights, strict=False)]
        looked_up = 0
        for articles, weight in sorted(lists, key=lambda one: len(one[0])):
            for article in articles:
                found[article] = found.get(article, 0.0) + weight
            looked_up += len(articles)
            if looked_up >= ENOUGH:
                break
        return found

    def keep(self, articles: Mapping[int, object]) -> None:
        """Take out all but these."""
        left: dict[int, int | list[int]] = {}
        for term, known in self._of.items():
            kept = [one for one in ([known] if isinstance(known, int) else known) if one in articles]
            if kept:
                left[term] = kept[0] if len(kept) == 1 else kept
        self._of = left
