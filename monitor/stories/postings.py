"""An inverted index: for each of the heaviest terms the articles that have it. What is looked up is bounded."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

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

    def votes(self, terms: Mapping[int, float], chosen: Callable[[int], bool]) -> dict[int, float]:
        """Article -> the sum of the weights of the terms that it has."""
        found: dict[int, float] = {}
        for term, weight in terms.items():
            for article in self.of(term):
                found[article] = found.get(article, 0.0) + weight
        return {article: votes for article, votes in found.items() if chosen(article)}

    def keep(self, articles: Mapping[int, object]) -> None:
        """Take out all but these."""
        left: dict[int, int | list[int]] = {}
        for term, known in self._of.items():
            kept = [one for one in ([known] if isinstance(known, int) else known) if one in articles]
            if kept:
                left[term] = kept[0] if len(kept) == 1 else kept
        self._of = left
