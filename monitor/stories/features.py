"""What an article says, in numbers: its words, its names in every language, a sketch of its wording.

Only the title and the beginning of the body are read (`_BODY` characters): news says what happened first, and a long
article must not cost more than a short one. It must not know other articles; how rare a word is comes from `rarity`.
"""

import re
from array import array
from collections import Counter
from dataclasses import dataclass, field
from itertools import compress
from typing import Final, NamedTuple

from monitor.model import Article
from monitor.stories.days import days_of
from monitor.stories.lexicon import Lexicon, Words, number_of
from monitor.text.scripts import script_of
from monitor.text.tokens import is_unspaced, tokenise

_BODY: Final = 2400
_TITLE: Final = 500
_MOST: Final = 240  # words
_LONGEST: Final = 40  # letters of a word; what is longer is no word
_SHORT_FIGURE: Final = 2
_USUAL: Final = 0.02  # the part of all articles that have one such figure, roughly
_UNUSUAL: Final = 0.001
_SKETCH: Final = 24
_SHINGLE: Final = 3
_BEGINS: Final = re.compile(r"[.!?:\n\"“”«»„]")
_WORD_IN_TITLE: Final = 4  # letters of a word that has no capital in a plain title
_TITLE_CASE: Final = 0.6
_LANGUAGES: Final = {
    "eng": "en", "rus": "ru", "ukr": "uk", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "ara": "ar", "arb": "ar",
    "heb": "he", "fas": "fa", "tur": "tr", "pol": "pl", "nld": "nl", "zho": "zh", "jpn": "ja", "kor": "ko", "ell": "el",
    "ces": "cs", "hun": "hu", "ron": "ro", "bul": "bg", "srp": "sr", "swe": "sv", "dan": "da", "fin": "fi", "nob": "nb",
}  # fmt: skip
_MIX: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_MASK: Final = (1 << 64) - 1


class Term(NamedTuple):
    """A stem in an article."""

    written: str
    """As the article writes it first."""
    name: bool
    """Whether it is a name there: with a capital where other words have none, and never without."""
    figure: bool


@dataclass(frozen=True, slots=True)
class Features:
    """An article in numbers."""

    lang: str
    words: Words
    order: list[str]
    """The words that were read, folded, in their order."""
    counts: dict[str, int]
    """How often each is there; single letters are left out."""
    title: frozenset[str]
    names: frozenset[str]
    written: dict[str, str]
    """Words with a capital, as they are first written."""
    days: frozenset[int]
    """The days that the title names."""

    def terms(self) -> dict[int, Term]:
        """One for each stem, to show."""
        found: dict[int, Term] = {}
        for folded in self.counts:
            shown = Term(self.written.get(folded, folded), folded in self.names, folded[0].isdigit())
            found.setdefault(self.words[folded].number, shown)
        return found

    def concepts(self) -> dict[int, tuple[float, str]]:
        """Places and other names, and figures of two digits and more, which are the same in every language: in what part of
        all articles each is expected, and how it is written here.
        """
        found: dict[int, tuple[float, str]] = {}
        for folded in self.counts:
            if folded[0].isdigit():
                if len(folded) > 1:
                    usual = len(folded) == _SHORT_FIGURE or folded.startswith("20")  # small numbers, and years
                    found[number_of(f"#{folded}")] = (_USUAL if usual else _UNUSUAL, folded)
                continue
            word = self.words[folded]
            if word.known or (word.concept and folded in self.names):
                share = word.share if word.known else 0.0
                found.setdefault(word.concept, (share, self.written.get(folded, folded)))
        return found

    def sketch(self) -> "array[int]":
        """The smallest numbers of its runs of three words (a bottom-k sketch); two sketches tell how much wording is shared.
        Empty for less than three words.
        """
        one, two, three = _MIX
        words = self.words
        numbers = [words[word].number for word in self.order]
        runs = {
            (a * one ^ b * two ^ c * three) & _MASK
            for a, b, c in zip(numbers, numbers[1:], numbers[_SHINGLE - 1 :], strict=False)
        }
        return array("Q", sorted(runs)[:_SKETCH])


def language_of(article: Article) -> str:
    """The primary language as two letters, else the script."""
    lang = (article.lang or "").lower().partition("-")[0]
    return _LANGUAGES.get(lang, lang) or script_of((article.title + " " + article.body[:_TITLE])[:_BODY])


def read(article: Article, lexicon: Lexicon) -> Features:
    """The features of an article; linear in what is read of it, which is bounded."""
    lang = language_of(article)
    words = lexicon.words(lang)
    marks = _Marks()
    title = _words_of(article.title[:_TITLE], words, marks, _MOST, heading=True)
    order = title + _words_of(article.body[:_BODY], words, marks, _MOST - len(title), heading=False)
    counts = {word: count for word, count in Counter(order).items() if len(word) > 1 or word.isdigit()}
    names = frozenset(marks.named - marks.plain)
    return Features(lang, words, order, counts, frozenset(title), names, marks.written, days_of(title))


@dataclass(slots=True)
class _Marks:
    """What capitals tell."""

    named: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    written: dict[str, str] = field(default_factory=dict)


def _words_of(text: str, known: Words, marks: _Marks, most: int, *, heading: bool) -> list[str]:
    """The folded words of a text. Only those with a capital or a digit are looked at one by one."""
    tokens = tokenise(text)
    starts, ends = tokens.starts, tokens.ends
    words = [token[:_LONGEST] for token in tokens.folded[:most]]
    capital = [text[start].isupper() for start in starts[:most]]
    titled = heading and _title_case(words, capital)
    if not titled:
        marks.plain.update([word for word, up in zip(words, capital, strict=True) if not up])
    for at in compress(range(len(words)), capital):
        word = words[at]
        begins = titled or at == 0 or _BEGINS.search(text, ends[at - 1], starts[at]) is not None
        if not begins or not known[word].common:
            marks.named.add(word)
        marks.written.setdefault(word, text[starts[at] : ends[at]])
    figures = [at for at, word in enumerate(words) if word[0].isdigit()]
    for at, after in zip(reversed(figures[:-1]), reversed(figures[1:]), strict=True):
        if after == at + 1 and starts[after] == ends[at] + 1 and text[ends[at]] in ".,":
            words[at : after + 1] = [f"{words[at]}.{words[after]}"]  # 6.1 is one figure
    return _joined(words)


def _title_case(words: list[str], capital: list[bool]) -> bool:
    """Whether a title writes most words with a capital, so that capitals tell nothing."""
    long = [up for word, up in zip(words, capital, strict=True) if len(word) >= _WORD_IN_TITLE]
    return sum(long) > _TITLE_CASE * len(long)


def _joined(words: list[str]) -> list[str]:
    """Where a script has no spaces, pairs of neighbours in place of single characters."""
    if not any(len(word) == 1 and is_unspaced(word) for word in words):
        return words
    found: list[str] = []
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if not is_unspaced(word[0]):
            found.append(word)
        elif after and is_unspaced(after[0]):
            found.append(word + after)
    return found
