"""What the native scanner knows of letters: the fold table as numbers, a page of 256 code points at a time.

Read off `monitor.text`, which alone decides what folding and tokens mean. An entry is a folded letter with its kind in
bits 24 to 26; a form of several letters is a pair of flags and entries.
"""

import unicodedata
from functools import cache
from typing import Final

from monitor.matching.names import ARTICLE_HYPHENS, ARTICLE_TOKENS
from monitor.text.fold import attaches, fold_char, is_mark
from monitor.text.tokens import is_unspaced, is_word_letter

SEPARATOR: Final = 0
WORD: Final = 1
UNSPACED: Final = 2
DROPPED: Final = 3
MARK: Final = 1 << 27
"""The code point is a mark: it belongs to the letter in front of it, even where it is dropped."""
SLOW: Final = 1 << 28
"""A text with it needs more than a look at each letter alone."""
ATTACHED: Final = 1 << 29
"""It belongs to what is in front of it, where letters and marks are composed first."""
UNSAFE: Final = 1 << 30
"""A mark that makes another letter of one in front of it, where they are not composed yet."""
ARTICLES: Final = ARTICLE_TOKENS
HYPHENS: Final = ARTICLE_HYPHENS
_PAGE: Final = 256
_LEFT_TO_PYTHON: Final = 5
_PAIR: Final = 2
_JAMO: Final = range(0x1100, 0x1200)
_HALF_WIDTH_VOICING: Final = (0xFF9E, 0xFF9F)

Entry = int | tuple[int, list[int]]


def page_of(number: int) -> list[Entry]:
    """The entries of the code points from 256 * `number` on."""
    return [_entry(code) for code in range(number * _PAGE, (number + 1) * _PAGE)]


def _entry(code: int) -> Entry:
    char = chr(code)
    flags = (MARK if is_mark(char) else 0) | (ATTACHED if attaches(char) else 0) | (UNSAFE if char in _unsafe() else 0)
    if code in _JAMO or code in _HALF_WIDTH_VOICING:
        return flags | SLOW | _LEFT_TO_PYTHON << 24
    folded = fold_char(char)
    if any(is_mark(one) for one in folded) or unicodedata.normalize("NFC", folded) != folded:
        return flags | SLOW | _LEFT_TO_PYTHON << 24
    if not folded:
        return flags | DROPPED << 24
    entries = [_letter(one) for one in folded]
    if len(entries) > 1 and any(one >> 24 != WORD for one in entries):  # one sign that stands for several words
        return flags | SLOW | _LEFT_TO_PYTHON << 24
    return flags | entries[0] if len(entries) == 1 else (flags, entries)


@cache
def _unsafe() -> frozenset[str]:
    """The marks with which some letter folds otherwise than without: и and its breve, the voicing of kana."""
    found = set()
    for code in (*range(0x3400), *range(0xA000, 0xAC00), *range(0xF900, 0x20000)):  # elsewhere are Han and Hangul
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) != _PAIR or parts[0].startswith("<") or unicodedata.normalize("NFC", chr(code)) != chr(code):
            continue
        first, second = (chr(int(part, 16)) for part in parts)
        if fold_char(chr(code)) != fold_char(first) + fold_char(second):
            found.add(second)
    return frozenset(found)


def _letter(char: str) -> int:
    if not is_word_letter(char):
        return SEPARATOR << 24
    return (UNSPACED if is_unspaced(char) else WORD) << 24 | ord(char)
