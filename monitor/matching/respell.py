"""How a name that nobody has written down is likely spelt in another script, by ear.

A model holds groups of letters of both scripts (`sch ш`) and how often one group follows two others, as learnt from names
that are known in both (`tools/learn_spelling.py`). The likeliest rows of groups that read as the name are found by a beam
search. What comes out is a guess for a person to judge: the index never uses it.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_BEAM: Final = 25
_BACK_OFF: Final = math.log(0.2)
_UNSEEN: Final = -18.0
_LONGEST: Final = 24  # letters; nobody's name is longer in one word

_MISPLACED: Final = re.compile(r"[ךםןףץ](?=.)|[כמנצ]$")
"""Hebrew letters that have another form at the end of a word; a pe may stand there, for a p."""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpellingModel:
    """How Latin letters are written in one script."""

    groups: tuple[tuple[str, str], ...]
    """Latin letters, and theirs; the first is the edge of a word."""
    threes: Mapping[Pair, Mapping[int, float]]
    """The logarithm of how likely a group follows two others."""
    twos: Mapping[int, Mapping[int, float]]
    """The same behind one."""
    ones: Mapping[int, float]
    """And anywhere."""
    by_letters: Mapping[str, tuple[int, ...]]
    """Latin letters -> the groups that begin with them."""

    @classmethod
    def read(cls, lines: list[str]) -> "SpellingModel":
        """A model as `tools/learn_spelling.py` writes it: its groups, then for each two groups the third ones' counts."""
        groups = tuple((one, other) for one, _, other in (text.partition("=") for text in lines[0].split(" ")))
        threes: dict[Pair, dict[int, int]] = {}
        twos: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        ones: defaultdict[int, int] = defaultdict(int)
        for line in lines[1:]:
            first, second, *rest = map(int, line.split(" "))
            threes[first, second] = dict(zip(rest[::2], rest[1::2], strict=True))
            for third, count in threes[first, second].items():
                twos[second][third] += count
                ones[third] += count
        by_letters: defaultdict[str, list[int]] = defaultdict(list)
        for number, (letters, _) in enumerate(groups[1:], start=1):
            by_letters[letters].append(number)
        return cls(
            groups,
            {pair: _likelihoods(counts, 0) for pair, counts in threes.items()},
            {one: _likelihoods(counts, 1) for one, counts in twos.items()},
            _likelihoods(ones, 2),
            {letters: tuple(found) for letters, found in by_letters.items()},
        )

    def spell(self, word: str, count: int) -> list[tuple[str, float]]:
        """The likeliest spellings of a folded Latin word, best first, each with the logarithm of its likelihood."""
        if not word or len(word) > _LONGEST:
            return []
        beams: list[dict[tuple[int, int, str], float]] = [{} for _ in range(len(word) + 1)]
        beams[0][0, 0, ""] = 0.0
        for at in range(len(word)):  # a state: the last two groups, and what is written so far
            for state, score in sorted(beams[at].items(), key=lambda item: -item[1])[:_BEAM]:
                for end, following, gain in self._steps(word, at, state):
                    beams[end][following] = max(score + gain, beams[end].get(following, -math.inf))
        found: dict[str, float] = {}
        for (first, second, text), score in beams[-1].items():
            found[text] = max(score + self._likelihood(first, second, 0), found.get(text, -math.inf))
        likeliest = sorted(found.items(), key=lambda item: -item[1])
        return [item for item in likeliest if not _MISPLACED.search(item[0])][:count]

    def _steps(
        self, word: str, at: int, state: tuple[int, int, str]
    ) -> Iterator[tuple[int, tuple[int, int, str], float]]:
        first, second, text = state
        for end in range(at + 1, min(at + 4, len(word)) + 1):
            for group in self.by_letters.get(word[at:end], ()):
                yield end, (second, group, text + self.groups[group][1]), self._likelihood(first, second, group)

    def _likelihood(self, first: int, second: int, third: int) -> float:
        """How likely a group follows two others: by threes, else by twos, else alone, each at a discount."""
        for table in (self.threes.get((first, second)), self.twos.get(second), self.ones):
            if table is not None and third in table:
                return table[third]
        return _UNSEEN


def _likelihoods(counts: Mapping[int, int], steps: int) -> dict[int, float]:
    """Counts as logarithms of their parts, less the discount of so many steps back."""
    whole = math.log(sum(counts.values())) - steps * _BACK_OFF if counts else 0.0
    return {number: math.log(count) - whole for number, count in counts.items()}


def read_models(text: str) -> dict[str, SpellingModel]:
    """Script -> model, from the lines of all."""
    found: dict[str, SpellingModel] = {}
    for part in text.split("#")[1:]:
        first, *rest = part.splitlines()
        script, _, groups = first.partition("\t")
        found[script] = SpellingModel.read([groups, *rest])
    return found
