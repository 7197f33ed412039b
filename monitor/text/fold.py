"""Folding: the one form in which texts and names are compared.

Meaning, in this order: compatibility forms are resolved (NFKC), case is folded, marks are dropped from Latin, Greek,
Cyrillic (but й and ї are letters), Arabic and Hebrew, the alef, ya, kaf and ha families of Arabic script become one letter
each, digits become ASCII, invisible and bidi characters vanish, and curly or slanted quotes and dashes become plain ones.

Almost all of it is a table from one code point to its folded form, filled as characters are met. Only what depends on a
neighbour (a letter followed by its marks, half-width kana, Hangul jamo) goes through `folded_clusters`, which is slower.
It must not look at words or languages. An index in another language must agree with it on every code point.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final
from unicodedata import category, decimal, is_normalized, name, normalize

_KEPT_WITH_MARK: Final = frozenset("йї")
_LETTERS: Final = {
    "ı": "i",
    "ə": "a",  # Azerbaijani: Əliyev is written Aliyev abroad
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ð": "d",
    "þ": "th",
    "ŋ": "ng",
    "ĸ": "k",
    "ƿ": "w",
    **dict.fromkeys("ٱٲٳٵ", "ا"),
    **dict.fromkeys("ىیېۍے", "ي"),
    **dict.fromkeys("کڪ", "ك"),
    **dict.fromkeys("ةەہھۃ", "ه"),
}
_PLAIN_MARKS: Final = {
    **dict.fromkeys("‘’‚‛`´‹›′‵＇ꞌ՚", "'"),  # ꞌ is the saltillo, a letter shaped as an apostrophe
    **dict.fromkeys("“”„‟«»″‶〝〞", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－־⁃", "-"),
    **dict.fromkeys("…‥™℠№℡", " "),  # NFKC would glue letters or dots to the word in front
}
_FILLERS: Final = frozenset("ـ\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5")  # tatweel, and letters without a shape
_VOICING: Final = frozenset("\u3099\u309a")
"""The marks of kana: part of the letter where they compose with one, else dropped."""
_MODIFIERS: Final = range(0x02B9, 0x0300)
"""Modifier letters: the apostrophes and half rings of transliterations (ʼ ʿ ʾ ʻ), stress marks, tones."""
_SPOKEN_MARKS: Final = (
    range(0x0900, 0x1AB0),  # Indic scripts, Thai, Lao, Tibetan, Myanmar, Khmer: their marks are vowels
    range(0x1B00, 0x1DC0),
    range(0xA800, 0xAC00),
    range(0x11000, 0x12000),
)
_FLAG: Final = "\U0010ffff"  # not a character, so no text loses anything by its use below
_MARKS_SEEN: Final = 24  # behind one letter; sorting them is quadratic in `unicodedata`, and nothing real has as many
_STROKE: Final = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH ")


def is_mark(char: str) -> bool:
    """Whether this character attaches to the one in front of it."""
    return category(char)[0] == "M"


@cache
def mark_class() -> str:
    """All marks of the basic plane as the inside of a character class of `re`; 3 ms once."""
    ranges: list[list[int]] = []
    for code in range(0x0300, 0x10000):
        if not is_mark(chr(code)):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges)


def _dropped_mark(char: str) -> bool:
    """Whether it is a mark that folding takes off its letter (voicing is decided when kana are composed again)."""
    return is_mark(char) and char not in _VOICING and not any(ord(char) in block for block in _SPOKEN_MARKS)


def _letter(char: str) -> str:
    """Fold one character that is composed, without compatibility form, and case folded already."""
    if char in _LETTERS or char in _PLAIN_MARKS:
        return _LETTERS.get(char) or _PLAIN_MARKS[char]
    kind = category(char)
    if char in _FILLERS or char in _VOICING or kind == "Cf" or (kind[0] in "LS" and ord(char) in _MODIFIERS):
        return ""
    if kind == "Nd":
        return str(decimal(char))
    if kind[0] == "Z":
        return " "
    if char == _FLAG:
        return ""
    stroke = _STROKE.match(name(char, "")) if kind == "Ll" else None
    return stroke[1].lower() if stroke else char


def _fold_one(char: str) -> str:
    if char in _PLAIN_MARKS:
        return _PLAIN_MARKS[char]
    text = normalize("NFKC", normalize("NFKC", char).casefold())
    if len(text) > 1 and category(char)[0] in "PSZ" and not any(part.isalnum() for part in text):
        return " "
    pieces: list[str] = []
    for part in text:
        if part in _KEPT_WITH_MARK:
            pieces.append(part)
        else:
            bare = "".join(one for one in normalize("NFD", part) if not _dropped_mark(one))
            pieces.extend(map(_letter, normalize("NFC", bare)))
    return "".join(pieces)


class _Table(dict[int, str]):
    """Code point to folded form, for `str.translate`; fills itself."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_one(chr(code))
        return folded


class _Flagged(dict[int, str]):
    """The same, with a flag in front of each form that is not one character long."""

    def __missing__(self, code: int) -> str:
        folded = TABLE[code]
        flagged = self[code] = folded if len(folded) == 1 else _FLAG + folded
        return flagged


TABLE: Final = _Table()
"""Code point to folded form; grows as code points are looked up."""
_FLAGGED: Final = _Flagged()
_HALF_WIDTH_VOICING: Final = re.compile("[\uff9e\uff9f]")


def fold_char(char: str) -> str:
    """The folded form of one character seen alone; empty when it vanishes."""
    return TABLE[ord(char)]


def fold_by_table(text: str) -> tuple[str, bool] | None:
    """The folded text when a look at each character alone is enough, else None.

    With it whether offsets hold: each character has become one character.
    """
    if text.isascii():
        return text.lower(), True
    if not is_normalized("NFC", text) or _HALF_WIDTH_VOICING.search(text):
        return None
    folded = text.translate(_FLAGGED)
    even = _FLAG not in folded
    if not even:
        folded = folded.replace(_FLAG, "")
    return (folded, even) if is_normalized("NFC", folded) else None


def fold(text: str) -> str:
    """The form of a text in which names and words are compared. Idempotent; linear time; any string is allowed."""
    if done := fold_by_table(text):
        return done[0]
    return normalize("NFC", "".join(form for form, _, _ in folded_clusters(text)))


def folded_clusters(text: str) -> Iterator[tuple[str, int, int]]:
    """Letters together with their marks: the folded form (may be empty), and the half-open range in the text."""
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _attaches(text[end], text[end - 1]):
            continue
        yield _fold_cluster(text[start:end]), start, end
        start = end


def attaches(char: str) -> bool:
    """Whether a character may compose with any that is in front of it, or vanishes between two that may."""
    if char.isascii():
        return False
    return category(char) in {"Mn", "Mc", "Me", "Cf"} or char in "\uff9e\uff9f" or char in _FILLERS


def _attaches(char: str, before: str) -> bool:
    """The same, or whether two jamo make a syllable."""
    vowel_or_final = "\u1161" <= char <= "\u11ff"
    return attaches(char) or (vowel_or_final and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"))


def _fold_cluster(cluster: str) -> str:
    """Fold a letter with its marks; marks beyond any real use are ignored."""
    if len(cluster) == 1:
        return TABLE[ord(cluster)]
    visible = "".join(char for char in cluster if category(char) != "Cf" and char not in _FILLERS)[: _MARKS_SEEN + 1]
    composed = normalize("NFKC", visible) if _HALF_WIDTH_VOICING.search(visible) else normalize("NFC", visible)
    return normalize("NFC", composed.translate(TABLE))
