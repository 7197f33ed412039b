"""What an article says, in numbers: its words, its names in every language, a sketch of its wording.

Only the title and the beginning of the body are read (`_BODY` characters): news says what happened first, and a long
article must not cost more than a short one. It must not know other articles; how rare a word is comes from `rarity`.
"""

import re
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final, NamedTuple

from monitor.model import Article
from monitor.stories.days import days_of
from monitor.stories.lexicon import Lexicon, Word, Words, number_of
from monitor.text.scripts import script_of
from monitor.text.tokens import Tokens, is_unspaced, tokenise

_BODY: Final = 3000
_TITLE: Final = 500
_MOST: Final = 300  # tokens
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
    "eng": "en", "rus": "ru", "ukr": "uk", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "ara": "ar",
    "heb": "he", "fas": "fa", "tur": "tr", "pol": "pl", "nld": "nl", "zho": "zh", "jpn": "ja", "kor": "ko", "ell": "el",
    "ces": "cs", "hun": "hu", "ron": "ro", "bul": "bg", "srp": "sr", "swe": "sv", "dan": "da", "fin": "fi", "nob": "nb",
}  # fmt: skip
_MIX: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_MASK: Final = (1 << 64) - 1


class Term(NamedTuple):
    """A stem in an article."""

    word: Word
    times: int
    written: str
    """As the article writes it first."""
    name: bool
    """Whether it is a name there: with a capital where other words have none, and never without."""
    title: bool
    """Whether the title has it."""
    figure: bool


@dataclass(frozen=True, slots=True)
class Features:
    """An article in numbers."""

    lang: str
    length: int
    """Words that were read."""
    terms: tuple[Term, ...]
    """By the first place in the text; one a stem."""
    concepts: dict[int, tuple[float, str]]
    """Names and figures that are the same in every language: how expected (a share of articles), and as written."""
    sketch: tuple[int, ...]
    """The smallest numbers of its runs of three words (a bottom-k sketch); two sketches tell how much wording is shared."""
    days: frozenset[int]
    """The days that the title names."""


def language_of(article: Article) -> str:
    """The primary language as two letters, else the script."""
    lang = (article.lang or "").lower().partition("-")[0]
    return _LANGUAGES.get(lang, lang) or script_of((article.title + " " + article.body[:_TITLE])[:_BODY])


def read(article: Article, lexicon: Lexicon) -> Features:
    """The features of an article; linear in what is read of it, which is bounded."""
    lang = language_of(article)
    seen = _Seen(lexicon.words(lang))
    seen.take(article.title[:_TITLE], heading=True)
    seen.take(article.body[:_BODY], heading=False)
    return Features(lang, seen.length, seen.terms(), seen.concepts(), seen.sketch(), days_of(seen.title))


class _Seen:
    """The words of an article as they are read."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._order: list[str] = []
        self._count: dict[str, int] = {}
        self._written: dict[str, str] = {}
        self.title: tuple[str, ...] = ()
        self._named: set[str] = set()
        self._plain: set[str] = set()

    @property
    def length(self) -> int:
        """Words so far."""
        return len(self._order)

    def take(self, text: str, *, heading: bool) -> None:
        """Read a text."""
        tokens = tokenise(text)
        capitals = [text[start].isupper() for start in tokens.starts]
        titled = heading and _title_case(tokens, capitals)
        words: list[str] = []
        end = 0
        for at, token in enumerate(tokens.folded[: _MOST - self.length]):
            start, word = tokens.starts[at], token[:_LONGEST]
            if words and start == end + 1 and text[end] in ".," and word[0].isdigit() and words[-1][0].isdigit():
                words[-1] += f".{word}"  # 6.1 is one figure
            else:
                if capitals[at]:
                    begins = titled or not words or _BEGINS.search(text, end, start) is not None
                    if not begins or not self._words[word].common:
                        self._named.add(word)
                elif not titled:
                    self._plain.add(word)
                words.append(word)
                self._written.setdefault(word, text[start : tokens.ends[at]])
            end = tokens.ends[at]
        self._keep(_joined(words), heading=heading)

    def _keep(self, words: list[str], *, heading: bool) -> None:
        self._order += words
        if heading:
            self.title = tuple(words)
        for word in words:
            self._count[word] = self._count.get(word, 0) + 1

    def terms(self) -> tuple[Term, ...]:
        """One for each stem; single letters are left out."""
        found: dict[int, Term] = {}
        words, written, heading = self._words, self._written, frozenset(self.title)
        names = self._named - self._plain
        for folded, count in self._count.items():
            figure = folded[0].isdigit()
            if len(folded) == 1 and not figure:
                continue
            word = words[folded]
            before = found.get(word.number)
            if before is None:
                found[word.number] = Term(
                    word, count, written.get(folded, folded), folded in names, folded in heading, figure
                )
            else:
                name, title = before.name or folded in names, before.title or folded in heading
                found[word.number] = Term(word, before.times + count, before.written, name, title, figure)
        return tuple(found.values())

    def concepts(self) -> dict[int, tuple[float, str]]:
        """Places and other names, and figures of two digits and more."""
        found: dict[int, tuple[float, str]] = {}
        names = self._named - self._plain
        for folded in self._count:
            if folded[0].isdigit():
                if len(folded) > 1:
                    usual = len(folded) == _SHORT_FIGURE or folded.startswith("20")  # small numbers, and years
                    found[number_of(f"#{folded}")] = (_USUAL if usual else _UNUSUAL, folded)
                continue
            word = self._words[folded]
            if word.known or (word.concept and folded in names):
                share = word.share if word.known else 0.0
                found.setdefault(word.concept, (share, self._written.get(folded, folded)))
        return found

    def sketch(self) -> tuple[int, ...]:
        """Of the runs of three words; empty for less."""
        one, two, three = _MIX
        words = self._words
        numbers = [words[word].number for word in self._order]
        runs = {
            (a * one ^ b * two ^ c * three) & _MASK
            for a, b, c in zip(numbers, numbers[1:], numbers[_SHINGLE - 1 :], strict=False)
        }
        return tuple(nsmallest(_SKETCH, runs))


def _title_case(tokens: Tokens, capital: list[bool]) -> bool:
    """Whether a title writes most words with a capital, so that capitals tell nothing."""
    long = [up for word, up in zip(tokens.folded, capital, strict=True) if len(word) >= _WORD_IN_TITLE]
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
