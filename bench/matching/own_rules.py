"""Rules made from any texts, for a checkout that stands alone: the same shapes in about the same shares.

Alternatives are runs of one to three words that a text of the rules' half holds, so that many recur in the other half.
Rule `n` depends on the texts, the seed and `n` alone.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.matching.made import Clause, Made, Near, Phrase
from bench.matching.oracle import words
from monitor.model import Article

_COMMON = 0.2
"""A word of more than this share of the texts is no name and no topic."""


class OwnRules:
    """What rules are made from."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._texts = [words(f"{one.title}\n{one.body}") for one in articles]
        seen = Counter(word for text in self._texts for word in set(text))
        limit = max(2.0, _COMMON * len(self._texts))
        self._texts = [text for text in self._texts if len(text) > 3]
        self._topics = sorted(word for word, count in seen.items() if 2 <= count <= limit and len(word) > 2)

    def make(self, count: int, seed: int = 1) -> Iterator[Made]:
        """The first rules of a seed."""
        for number in range(count):
            yield self._rule(number, random.Random(f"{seed}/{number}"))

    def _run(self, rng: random.Random) -> str:
        text = rng.choice(self._texts)
        start = rng.randrange(len(text))
        return " ".join(text[start : start + rng.choice((1, 2, 2, 3))])

    def _names(self, rng: random.Random, *, title: bool) -> Clause:
        rows = {self._run(rng): None for _ in range(rng.randint(2, 8))}
        rows[rng.choice(self._topics)] = None
        return tuple(Phrase(row, title) for row in rows)

    def _some(self, rng: random.Random, most: int) -> Clause:
        return tuple(Phrase(word) for word in sorted(set(rng.choices(self._topics, k=rng.randint(1, most)))))

    def _rule(self, number: int, rng: random.Random) -> Made:
        shape = rng.random()
        names = self._names(rng, title=0.1 <= shape < 0.2)
        near = Near(rng.randint(5, 10), names, self._some(rng, 4)) if shape < 0.1 else None
        all_of = [] if near else [names]
        if rng.random() < 0.5:
            all_of.append(self._some(rng, 4))
        none_of = self._some(rng, 3) if rng.random() < 0.2 else ()
        return Made(f"o{number:06}", tuple(all_of), none_of, near)
