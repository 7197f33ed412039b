"""Tokens: the folded words of a text, each with its place in the original text.

A token is a run of letters, digits and the marks that belong to them; hyphens, apostrophes and underscores separate. Han,
kana, Thai, Lao, Khmer and Myanmar are written without spaces: there each character is a token, and a name is a sequence of
them. Offsets always point into the text as it was given, whatever folding did to lengths.

It must not know languages: how a word changes is the business of `endings` and `clitics`.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import accumulate, chain, repeat
from typing import Final
from unicodedata import normalize

from monitor.text.fold import TABLE, fold_by_table, folded_clusters, is_mark, mark_class
from monitor.text.segments import paragraph_bounds, sentence_bounds

_ASCII_WORD: Final = re.compile(r"([a-z0-9]+)")
_WORD: Final = re.compile(r"([^\W_]+)")
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"  # Thai, Lao, Myanmar, Khmer
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
)
_RARE: Final = re.compile(f"[\u0900-\u1aaf\u1b00-\u1dbf\ua800-\uabff\U00011000-\U00011fff{_UNSPACED}]")
"""Scripts whose marks are parts of words, or whose words are not spaced. Others are cut by the plain pattern."""
_UNSPACED_LETTER: Final = re.compile(f"[{_UNSPACED}]")
_MARKS_SHOWN: Final = 64  # behind one letter; a span need not hold more


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text, as parallel tuples."""

    text: str
    """The text as it was given."""
    folded: tuple[str, ...]
    starts: tuple[int, ...]
    """Offsets into `text`, never decreasing."""
    ends: tuple[int, ...]
    """Half-open; marks that follow the last letter are inside."""

    @cached_property
    def sentences(self) -> tuple[int, ...]:
        """The number of the sentence that each token stands in, from 0. Looked for when first asked."""
        return _numbers(self.starts, sentence_bounds(self.text))

    @cached_property
    def paragraphs(self) -> tuple[int, ...]:
        """The number of the paragraph that each token stands in, from 0. Looked for when first asked."""
        return _numbers(self.starts, paragraph_bounds(self.text))

    def __len__(self) -> int:
        return len(self.folded)


def is_word_letter(char: str) -> bool:
    """Whether a folded character is part of words."""
    return _WORD.fullmatch(char) is not None


def is_unspaced(char: str) -> bool:
    """Whether a folded character belongs to a script without spaces, and so is a token by itself."""
    return _UNSPACED_LETTER.match(char) is not None


@cache
def _rare_word() -> re.Pattern[str]:
    """One character of an unspaced script with its marks, or a word; a mark belongs to the word it stands in."""
    letter, mark = f"[^\\W_{_UNSPACED}]", f"[{mark_class()}]"
    return re.compile(f"((?:(?=\\w)[{_UNSPACED}]|{mark}){mark}*|{letter}(?:{letter}|{mark})*)")


def tokenise(text: str) -> Tokens:
    """Cut a text into folded tokens with their places. Linear time; any string is allowed."""
    if done := fold_by_table(text):
        folded, offsets_hold = done
        words, starts, ends = _cut(folded)
        if not offsets_hold:
            starts, ends = _moved(text, starts, ends)
    else:
        words, starts, ends = _from_clusters(text)
    return Tokens(text, tuple(words), tuple(starts), tuple(ends))


@lru_cache(maxsize=32_768)
def cut_word(text: str) -> tuple[tuple[str, str], ...]:
    """The tokens of a word of a rule, each as it is folded and as it is written. Remembered, since rules repeat words."""
    if text.isascii() and text.isalnum():
        return ((text.lower(), text),)
    tokens = tokenise(text)
    shown = (text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True))
    return tuple(zip(tokens.folded, shown, strict=True))


def _cut(folded: str) -> tuple[list[str], list[int], list[int]]:
    """The words of a folded text and their ranges in it. Splitting keeps the loop out of Python."""
    pattern = _ASCII_WORD
    if not folded.isascii():
        pattern = _rare_word() if _RARE.search(folded) else _WORD
    parts = pattern.split(folded)
    offsets = list(accumulate(map(len, parts)))
    return parts[1::2], offsets[0:-1:2], offsets[1::2]


def _moved(text: str, starts: Sequence[int], ends: Sequence[int]) -> tuple[list[int], list[int]]:
    """Offsets of a text folded by the table, as offsets of the text itself."""
    widths = [len(TABLE[code]) for code in map(ord, text)]
    origin = list(chain.from_iterable(map(repeat, range(len(text)), widths)))
    return [origin[start] for start in starts], [_with_marks(text, origin[end - 1] + 1) for end in ends]


def _with_marks(text: str, end: int) -> int:
    """Where the marks behind a letter end."""
    limit = min(len(text), end + _MARKS_SHOWN)
    while end < limit and not text[end].isascii() and is_mark(text[end]):
        end += 1
    return end


def _from_clusters(text: str) -> tuple[list[str], list[int], list[int]]:
    """The same for a text whose letters and marks must be composed first."""
    forms: list[str] = []
    first: list[int] = []
    last: list[int] = []
    for form, start, end in folded_clusters(text):
        forms.append(form)
        first.extend(repeat(start, len(form)))
        last.extend(repeat(end, len(form)))
    words, starts, ends = _cut("".join(forms))
    words = [normalize("NFC", word) for word in words]  # what stood between two jamo may be gone
    return words, [first[start] for start in starts], [last[end - 1] for end in ends]


def _numbers(starts: Sequence[int], bounds: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """For each token the number of the part that it begins in."""
    numbers: list[int] = []
    for number, (_, bound) in enumerate(bounds):
        reached = bisect_left(starts, bound, lo=len(numbers))
        numbers.extend(repeat(number, reached - len(numbers)))
    return tuple(numbers)
