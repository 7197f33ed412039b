"""What is known of words before any article is read: how common they are, and which name places in every language.

Made from two shipped lists (`tools/build_names.py`, `tools/build_story_words.py`), which the caller reads. A language is
prepared when its first article comes. Everything is remembered in bounded caches and is the same in every process: terms are
numbered by BLAKE2, never by `hash`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import exp
from typing import Final, NamedTuple

from monitor.matching.names import sound_key
from monitor.stories.stems import bare, stem
from monitor.text.fold import fold

_ZIPF: Final = 0.1
"""The commonest word of a language is a tenth of its text, the n-th an n-th of that (Zipf's law)."""
_RANK: Final = 2  # added to a rank: the very first words are less common than the law says
_WORDS: Final = 300  # of a usual article
_HUNDRED_THOUSAND: Final = 100_000
_CONSONANTS: Final = 2  # of a name that is told by its sound: three names must agree, so each may be short
_SHORTEST: Final = 3  # letters of such a key
_VOWELS: Final = "aiu"


class Word(NamedTuple):
    """A folded word, looked up."""

    number: int
    """Of its stem: 63 bits."""
    share: float
    """In which part of all articles it is expected; 0 when nothing is known of it."""
    common: bool
    """Whether it is a common word of the language, so that a capital alone does not make it a name."""
    concept: int
    """What it names in every language, or how it sounds; 0 when nothing can be said."""
    known: bool
    """Whether it is in the list of places."""


def number_of(term: str) -> int:
    """A number of 63 bits above 0 that is the same in every process."""
    return int.from_bytes(blake2b(term.encode("utf-8", "replace"), digest_size=8).digest()) >> 1 or 1


@dataclass
class Lexicon:
    """The lists, prepared by language as articles come. Not for several threads at once."""

    common: Mapping[str, str] = field(default_factory=dict)
    """Language -> its common words, the commonest first, with spaces between."""
    places: str = ""
    """A line a place: number, articles in a hundred thousand, folded forms with bars between; divided by tabs."""
    remembered: int = 100_000
    """Words that are kept looked up."""
    _shares: dict[str, dict[str, float]] = field(default_factory=dict, init=False)
    _places: dict[str, tuple[str, float]] = field(default_factory=dict, init=False)
    _known: dict[str, "Words"] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for line in self.places.splitlines():
            place, share, forms = line.split("\t")
            for form in forms.split("|"):
                self._places.setdefault(stem_of_place(form), (place, int(share) / _HUNDRED_THOUSAND))

    def words(self, lang: str) -> "Words":
        """The words of a language, looked up when they are first asked for. Ask anew for each article."""
        if sum(map(len, self._known.values())) > self.remembered:
            self._known.clear()
        if lang not in self._known:
            self._known[lang] = Words(self, lang)
        return self._known[lang]

    def look_up(self, folded: str, lang: str) -> Word:
        """What is known of a folded word in an article of a language."""
        root = stem(folded)
        common = self._of_language(lang).get(root, 0.0)
        place = self._places.get(stem_of_place(folded))
        if place is not None:
            name = place[0].rstrip(_VOWELS) if place[0].startswith("~") else f"@{place[0]}"
            concept = number_of(name)
        else:
            key = (sound_key(bare(folded)) or "").rstrip(_VOWELS)
            heard = sum(letter not in _VOWELS for letter in key) >= _CONSONANTS and len(key) >= _SHORTEST
            concept = number_of(f"~{key}") if heard else 0
        if (
            place is not None and place[1] == 0 and common > 0
        ):  # a name of people that is also a word, as Arabic has many
            place, concept = None, 0
        share = max(common, place[1] if place else 0.0)
        return Word(number_of(root), share, common > 0, concept, place is not None)

    def _of_language(self, lang: str) -> dict[str, float]:
        """Stem -> in which part of all articles it is expected."""
        found = self._shares.get(lang)
        if found is None:
            parts: dict[str, float] = {}
            for rank, word in enumerate(self.common.get(lang, "").split()):
                root = stem(fold(word))
                parts[root] = parts.get(root, 0.0) + _ZIPF / (rank + 1 + _RANK)
            found = self._shares[lang] = {root: 1 - exp(-part * _WORDS) for root, part in parts.items()}
        return found


class Words(dict[str, Word]):
    """The words of one language; fills itself."""

    def __init__(self, lexicon: Lexicon, lang: str) -> None:
        super().__init__()
        self._lexicon, self._lang = lexicon, lang

    def __missing__(self, folded: str) -> Word:
        found = self[folded] = self._lexicon.look_up(folded, self._lang)
        return found


def stem_of_place(folded: str) -> str:
    """Under what a form of a place is filed, so that its cases are found: Сирия and Сирии."""
    return bare(folded)
