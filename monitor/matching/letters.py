"""What the native scanner knows of letters: the fold table as numbers, a page of 256 code points at a time.

Read off `monitor.text`, which alone decides what folding and tokens mean. An entry is a folded letter with its kind in
bits 24 to 26; a form of several letters is a pair of flags and entries.
"""

import unicodedata
from typing import Final

from monitor.matching.names import ARTICLE_HYPHENS, ARTICLE_TOKENS
from monitor.text.fold import fold_char, is_mark
from monitor.text.tokens import is_unspaced, is_word_letter

SEPARATOR: Final = 0
WORD: Final = 1
UNSPACED: Final = 2
DROPPED: Final = 3
MARK: Final = 1 << 27
"""The code point is a mark: it belongs to the letter in front of it, even where it is dropped."""
SLOW: Final = 1 << 28
"""A text with it needs more than a look at each letter alone."""
ARTICLES: Final = ARTICLE_TOKENS
HYPHENS: Final = ARTICLE_HYPHENS
_PAGE: Final = 256
_JAMO: Final = range(0x1100, 0x1200)
_HALF_WIDTH_VOICING: Final = (0xFF9E, 0xFF9F)

Entry = int | tuple[int, list[int]]


def page_of(number: int) -> list[Entry]:
    """The entries of the code points from 256 * `number` on."""
    return [_entry(code) for code in range(number * _PAGE, (number + 1) * _PAGE)]


def _entry(code: int) -> Entry:
    char = chr(code)
    flags = MARK if is_mark(char) else 0
    if code in _JAMO or code in _HALF_WIDTH_VOICING:
        return flags | SLOW
    folded = fold_char(char)
    if any(is_mark(one) for one in folded) or unicodedata.normalize("NFC", folded) != folded:
        return flags | SLOW
    if not folded:
        return flags | DROPPED << 24
    entries = [_letter(one) for one in folded]
    return flags | entries[0] if len(entries) == 1 else (flags, entries)


def _letter(char: str) -> int:
    if not is_word_letter(char):
        return SEPARATOR << 24
    return (UNSPACED if is_unspaced(char) else WORD) << 24 | ord(char)
