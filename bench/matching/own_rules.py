"""Rules made from any texts, for a checkout that stands alone: the same shapes in about the same shares.

Alternatives are runs of two or three words of which one is rare, from a text of the rules' half: some recur in the other
half, as names do.
Rule `n` depends on the texts, the seed and `n` alone.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.matching.made import Clause, Made, Near, Phrase
from bench.matching.oracle import words
from monitor.model import Article

_COMMON = 0.1
"""A word of more than this share of the texts is no name and no topic."""
_SINGLE = 0.1
"""Of the rules have a single word among their names; all of the title and of NEAR do, else few would hit."""

_COMPANY = 40
"""So many of the commonest words stand beside names in NEAR: rarer ones would hardly ever be near."""


class OwnRules:
    """What rules are made from."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._texts = [words(f"{one.title}\n{one.body}") for one in articles]
        seen = Counter(word for text in self._texts for word in set(text))
        limit = max(2.0, _COMMON * len(self._texts))
        self._common = sorted(seen, key=lambda word: (-seen[word], word))[:_COMPANY]
        self._rare = {word for word, count in seen.items() if count <= limit}
        self._texts = [text for text in self._texts if len(text) > 3 and self._rare.intersection(text)]
        self._topics = sorted(word for word in self._rare if seen[word] > 1 and len(word) > 2)

    def make(self, count: int, seed: int = 1) -> Iterator[Made]:
        """The first rules of a seed."""
        for number in range(count):
            yield self._rule(number, random.Random(f"{seed}/{number}"))

    def _run(self, rng: random.Random) -> str:
        text = rng.choice(self._texts)
        at = rng.choice([place for place, word in enumerate(text) if word in self._rare])
        start = max(0, at - rng.randint(0, 1))
        return " ".join(text[start : start + rng.choice((2, 2, 3))])

    def _names(self, rng: random.Random, *, title: bool, single: bool) -> Clause:
        rows = {self._run(rng): None for _ in range(rng.randint(2, 8))}
        if single or rng.random() < _SINGLE:
            rows[rng.choice(self._topics)] = None
        return tuple(Phrase(row, title) for row in rows)

    def _some(self, rng: random.Random, most: int, among: Sequence[str]) -> Clause:
        return tuple(Phrase(word) for word in sorted(set(rng.choices(among, k=rng.randint(1, most)))))

    def _rule(self, number: int, rng: random.Random) -> Made:
        shape = rng.random()
        names = self._names(rng, title=0.1 <= shape < 0.2, single=shape < 0.2)
        near = Near(rng.randint(5, 10), names, self._some(rng, 4, self._common)) if shape < 0.1 else None
        all_of = [] if near else [names]
        if rng.random() < 0.5:
            all_of.append(self._some(rng, 4, self._topics))
        none_of = self._some(rng, 3, self._topics) if rng.random() < 0.2 else ()
        return Made(f"o{number:06}", tuple(all_of), none_of, near)
