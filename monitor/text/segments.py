"""Sentences and paragraphs, in Latin, Cyrillic, Arabic, Hebrew and CJK text, by punctuation and a list of exceptions.

A full stop ends a sentence when white space and something that can begin one follow, and when what stands before it is
no initial or known abbreviation. A blank line ends it always. No model, no dictionary: linear, and the same everywhere.
"""

import re
from bisect import bisect_right
from itertools import pairwise

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_END = re.compile(
    r"[。！？｡]+[」』”’）)]*"  # CJK: nothing needs to follow
    r"|[.!?؟۔…\u0964]+[\"'”’»)\]]*(?=\s|$)"
)
_WORD_BEFORE = re.compile(r"(\w+(?:\.\w+)*)\.$")
_BEGINS = re.compile(r"\s*[\"'“‘«„(\[—–-]*\s*(\S)")
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "gen",
        "col",
        "lt",
        "sgt",
        "capt",
        "maj",
        "adm",
        "sen",
        "rep",
        "gov",
        "rev",
        "hon",
        "st",
        "jr",
        "sr",
        "vs",
        "etc",
        "inc",
        "ltd",
        "co",
        "corp",
        "no",
        "vol",
        "fig",
        "dept",
        "est",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "approx",
        "bzw",
        "ca",
        "ggf",
        "nr",
        "str",
        "z.b",
        "d.h",
        "u.a",
        "m",
        "me",
        "mme",
        "mlle",
        "dott",
        "sig",
        "sr",
        "sra",
        "г",
        "гг",
        "им",
        "ул",
        "т",
        "тыс",
        "млн",
        "млрд",
        "руб",
        "др",
        "пр",
        "проф",
        "акад",
        "ген",
        "полк",
        "см",
        "рис",
        "стр",
        "тов",
        "св",
        "кн",
        "д",
        "р",
        "ок",
        "т.е",
        "т.д",
        "т.п",
        "и.о",
        "н.э",
        "ul",
        "prof",
        "inż",
        "dr",
        "hab",
        "np",
        "tzw",
        "tj",
        "itd",
        "itp",
        "al",
        "د",
        "أ",
    ]
)


def paragraph_bounds(text: str) -> list[tuple[int, int]]:
    """Offsets of the paragraphs; together they cover the text."""
    ends = [match.end() for match in _PARAGRAPH.finditer(text) if match.end() < len(text)]
    return _spans(text, ends)


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences; together they cover the text, white space after a sentence belongs to it."""
    ends: list[int] = []
    for start, end in paragraph_bounds(text):
        ends += [
            _next_word(text, match.end(), end)
            for match in _END.finditer(text, start, end)
            if match.end() < end and _ends_here(text, match, end)
        ]
        ends.append(end)
    return _spans(text, [one for one in ends if one < len(text)])


def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence (or the sentences, if it crosses a border) around a span, without white space at its ends."""
    bounds = sentence_bounds(text)
    starts = [one[0] for one in bounds]
    left = bounds[max(0, bisect_right(starts, start) - 1)][0]
    right = bounds[max(0, bisect_right(starts, max(start, end - 1)) - 1)][1]
    while left < start and text[left].isspace():
        left += 1
    while right > end and text[right - 1].isspace():
        right -= 1
    return left, right


def _ends_here(text: str, match: re.Match[str], end: int) -> bool:
    """Whether this punctuation ends a sentence."""
    mark = match.group()[0]
    if mark not in ".…":
        return True
    after = _BEGINS.match(text, match.end(), end)
    if after is None:
        return True
    first = after.group(1)
    if first.islower() or first in ",;:،؛":
        return False
    if mark == "." and not match.group().startswith(".."):
        before = _WORD_BEFORE.search(text, max(0, match.start() - 20), match.start() + 1)
        if before is not None:
            word = before.group(1)
            initial = len(word) == 1 and word.isupper()
            dotted = "." in word and all(len(part) == 1 for part in word.split(".")) and not first.isupper()
            return not (initial or dotted or word.lower() in _ABBREVIATIONS)
    return True


def _next_word(text: str, at: int, end: int) -> int:
    while at < end and text[at].isspace():
        at += 1
    return at


def _spans(text: str, ends: list[int]) -> list[tuple[int, int]]:
    borders = [0, *ends, len(text)]
    return [(a, b) for a, b in pairwise(borders) if a < b] or [(0, 0)]
