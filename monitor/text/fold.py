"""Fold: what differs only in writing becomes equal. Applied to articles and rules alike.

NFKC and case folding; marks stripped (not those of й and ї, letters of their own); alef, hamza, ya, kaf and ta marbuta
unified; tashkeel, tatweel and Hebrew points dropped; ё = е; letters that Unicode does not take apart (ø, ł, ß, ı) as
they are commonly transcribed; invisible and bidirectional marks dropped. Folding goes code point by code point, so that
offsets can be kept, over text that `compose` has put together first.

The definition is this module: an index in another language must agree with it on every code point.
"""

import unicodedata

# Case folding has been applied before these are looked up.
_LETTERS = {
    "й": "й", "ї": "ї", "ё": "е", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
    "ħ": "h", "ŋ": "n", "ĸ": "k", "ſ": "s", "ə": "a",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ئ": "ي", "ى": "ي", "ی": "ي", "ې": "ي", "ك": "ك", "ک": "ك", "ة": "ه", "ۀ": "ه",
    "ہ": "ه", "ھ": "ه", "ە": "ه", "ء": "", "ـ": "", "گ": "گ", "ς": "σ",
}  # fmt: skip
_DROPPED = {"Mn", "Me", "Cf", "Cs", "Lm"}
"""Lm: modifier letters such as ʿ ʾ ʼ, which stand for sounds that few write."""
_KEPT_MODIFIERS = frozenset("ー々ゝゞヽヾーๆໆ")


def _fold_one(char: str) -> str:
    if unicodedata.category(char) in _DROPPED and char not in _KEPT_MODIFIERS:
        return _LETTERS.get(char, "")
    folded = []
    for part in unicodedata.normalize("NFKC", char).casefold():
        if part in _LETTERS:
            folded.append(_LETTERS[part])
            continue
        folded += [
            _LETTERS.get(one, one)
            for one in unicodedata.normalize("NFKD", part).casefold()
            if unicodedata.category(one) not in _DROPPED or one in _KEPT_MODIFIERS
        ]
    return "".join(folded)


class _Table(dict[int, str]):
    """Filled as code points turn up; `str.translate` takes it as it is."""

    def __missing__(self, code: int) -> str:
        value = self[code] = _fold_one(chr(code))
        return value


TABLE = _Table()
"""Code point -> folded string; also for `str.translate`."""


def compose(text: str) -> str:
    """Put letters and their marks together, so that й written as two code points is й."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The folded form. Idempotent."""
    if text.isascii():
        return text.lower()
    return compose(compose(text).translate(TABLE))


def fold_char(char: str) -> str:
    """The folded form of one code point: none, one or several."""
    return TABLE[ord(char)]
