"""Which scripts a text is written in (ISO 15924 codes), and whether it runs from right to left.

The table is by block, for the scripts of living news; all else is `Zyyy`. Kana beside Han makes Japanese (`Jpan`), Hangul
is Korean (`Kore`), Han alone is `Hani`. It must not guess languages.
"""

from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from typing import Final
from unicodedata import bidirectional

UNKNOWN: Final = "Zyyy"
# fmt: off
_BLOCKS: Final = (
    (0x0041, 0x024F, "Latn"), (0x0250, 0x02B8, "Latn"), (0x0370, 0x03FF, "Grek"), (0x0400, 0x052F, "Cyrl"),
    (0x0531, 0x058F, "Armn"), (0x0591, 0x05F4, "Hebr"), (0x0600, 0x06FF, "Arab"), (0x0700, 0x074F, "Syrc"),
    (0x0750, 0x077F, "Arab"), (0x0780, 0x07BF, "Thaa"), (0x0860, 0x086F, "Syrc"), (0x0870, 0x08FF, "Arab"),
    (0x0900, 0x097F, "Deva"), (0x0980, 0x09FF, "Beng"), (0x0A00, 0x0A7F, "Guru"), (0x0A80, 0x0AFF, "Gujr"),
    (0x0B00, 0x0B7F, "Orya"), (0x0B80, 0x0BFF, "Taml"), (0x0C00, 0x0C7F, "Telu"), (0x0C80, 0x0CFF, "Knda"),
    (0x0D00, 0x0D7F, "Mlym"), (0x0D80, 0x0DFF, "Sinh"), (0x0E00, 0x0E7F, "Thai"), (0x0E80, 0x0EFF, "Laoo"),
    (0x0F00, 0x0FFF, "Tibt"), (0x1000, 0x109F, "Mymr"), (0x10A0, 0x10FF, "Geor"), (0x1100, 0x11FF, "Kore"),
    (0x1200, 0x139F, "Ethi"), (0x1780, 0x17FF, "Khmr"), (0x1800, 0x18AF, "Mong"), (0x1C80, 0x1C8F, "Cyrl"),
    (0x1C90, 0x1CBF, "Geor"), (0x1E00, 0x1EFF, "Latn"), (0x1F00, 0x1FFF, "Grek"), (0x2C60, 0x2C7F, "Latn"),
    (0x3005, 0x3007, "Hani"), (0x3041, 0x30FF, "Jpan"), (0x3105, 0x312F, "Bopo"), (0x3131, 0x318E, "Kore"),
    (0x31F0, 0x31FF, "Jpan"), (0x3400, 0x4DBF, "Hani"), (0x4E00, 0x9FFF, "Hani"), (0xA640, 0xA69F, "Cyrl"),
    (0xA720, 0xA7FF, "Latn"), (0xAB30, 0xAB6F, "Latn"), (0xAC00, 0xD7FF, "Kore"), (0xF900, 0xFAFF, "Hani"),
    (0xFB00, 0xFB06, "Latn"), (0xFB1D, 0xFB4F, "Hebr"), (0xFB50, 0xFDFF, "Arab"), (0xFE70, 0xFEFC, "Arab"),
    (0xFF21, 0xFF5A, "Latn"), (0xFF66, 0xFF9F, "Jpan"), (0xFFA0, 0xFFDC, "Kore"), (0x20000, 0x323AF, "Hani"),
)
# fmt: on
_FIRSTS: Final = [first for first, _, _ in _BLOCKS]


@lru_cache(maxsize=8192)
def _script(char: str) -> str:
    if not char.isalpha():
        return UNKNOWN
    _, last, script = _BLOCKS[max(0, bisect_right(_FIRSTS, ord(char)) - 1)]
    return script if ord(char) <= last else UNKNOWN


def _counts(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():
        counts[_script(char)] += times
    del counts[UNKNOWN]
    return counts


def script_of(text: str) -> str:
    """The script of most letters; `Jpan` for Han with some kana; `Zyyy` for a text without letters."""
    counts = _counts(text)
    if "Jpan" in counts:  # Japanese news is more Han than kana
        counts["Jpan"] += counts.pop("Hani", 0)
    return max(counts, key=lambda script: (counts[script], script), default=UNKNOWN)


def scripts_in(text: str) -> frozenset[str]:
    """All scripts that have a letter in the text."""
    return frozenset(_counts(text))


def is_rtl(text: str) -> bool:
    """Whether a text runs from right to left: its first letter does, or most of its letters do."""
    counts: Counter[str] = Counter()
    for char, times in Counter(text).items():  # in the order of first sight
        counts[bidirectional(char)] += times
    right, left = counts["R"] + counts["AL"], counts["L"]
    first = next((kind for kind in counts if kind in {"L", "R", "AL"}), "L")
    return first != "L" or right > left
