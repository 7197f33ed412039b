"""Tokens: runs of letters and digits, folded, with their place in the original text.

Hyphen, apostrophe and every other mark part tokens; a modifier letter inside a word (ʿ) vanishes. Han, kana, Thai, Lao,
Khmer and Myanmar, which do not part words by blanks, give one token a letter, so that a name in them is a phrase.

The spans are offsets into the text as it was given: `text[start:end]` is what a reader sees of the token, its combining
marks included.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from monitor.text.fold import TABLE, compose
from monitor.text.segments import paragraph_bounds, sentence_bounds

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ASCII_TOKEN = re.compile(r"[0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one field, side by side."""

    text: str
    """The original."""
    folded: tuple[str, ...]
    starts: tuple[int, ...]
    """Half-open offsets into `text`."""
    ends: tuple[int, ...]
    sentences: tuple[int, ...]
    """The number of the sentence of each token, from 0."""
    paragraphs: tuple[int, ...]
    """The number of the paragraph of each token, from 0."""

    def __len__(self) -> int:
        return len(self.folded)


def tokenise(text: str) -> Tokens:
    """Fold and part a text. Linear in its length."""
    if text.isascii():
        found = [(match.group(), match.start(), match.end()) for match in _ASCII_TOKEN.finditer(text.lower())]
    else:
        found = _folded(text)
    starts = tuple(one[1] for one in found)
    return Tokens(
        text=text,
        folded=tuple(one[0] for one in found),
        starts=starts,
        ends=tuple(one[2] for one in found),
        sentences=_numbers(sentence_bounds(text), starts),
        paragraphs=_numbers(paragraph_bounds(text), starts),
    )


def _folded(text: str) -> list[tuple[str, int, int]]:
    """Tokens of a text that is not plain ASCII."""
    composed = compose(text)
    places = _places(text) if composed is not text and composed != text else None
    folded = composed.translate(TABLE)
    if len(folded) == len(composed) and all(len(TABLE[ord(char)]) == 1 for char in set(composed)):
        origin: list[int] | None = None
    else:
        origin = [at for at, char in enumerate(composed) for _ in TABLE[ord(char)]]
    found = []
    for match in _TOKEN.finditer(folded):
        start, last = match.start(), match.end() - 1
        if origin is not None:
            start, last = origin[start], origin[last]
        end = last + 1
        while end < len(composed) and unicodedata.category(composed[end]) in {"Mn", "Me"}:
            end += 1
        if places is not None:
            start, end = places[start], places[end]
        found.append((compose(match.group()), start, end))
    return found


def _places(text: str) -> list[int]:
    """For each code point of the composed text, and for its end, where it begins in the original.

    Composition never reaches over a starter that does not compose with what stands before it, so each run from one
    such border to the next is composed alone.
    """
    places: list[int] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at < len(text) and (unicodedata.combining(text[at]) or _joins(text[at])):
            continue
        run = unicodedata.normalize("NFC", text[begin:at])
        places += [begin + min(offset, at - begin - 1) for offset in range(len(run))]
        begin = at
    return [*places, len(text)]


def _joins(char: str) -> bool:
    """Starters that may compose with what stands before them: conjoining jamo, and marks of class 0."""
    return "\u1160" <= char <= "\u11ff" or unicodedata.category(char) in {"Mn", "Mc"}


def _numbers(bounds: list[tuple[int, int]], starts: tuple[int, ...]) -> tuple[int, ...]:
    begins = [one[0] for one in bounds]
    return tuple(bisect_right(begins, start) - 1 for start in starts)
