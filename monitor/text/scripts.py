"""Scripts by Unicode block: a table of ranges, no library. Codes are those of ISO 15924."""

from bisect import bisect_right
from collections import Counter

_RANGES: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x024F, "Latn"), (0x0250, 0x02AF, "Latn"), (0x0370, 0x03FF, "Grek"), (0x0400, 0x052F, "Cyrl"),
    (0x0530, 0x058F, "Armn"), (0x0590, 0x05FF, "Hebr"), (0x0600, 0x06FF, "Arab"), (0x0700, 0x074F, "Syrc"),
    (0x0750, 0x077F, "Arab"), (0x0780, 0x07BF, "Thaa"), (0x0870, 0x08FF, "Arab"), (0x0900, 0x097F, "Deva"),
    (0x0980, 0x09FF, "Beng"), (0x0A00, 0x0A7F, "Guru"), (0x0A80, 0x0AFF, "Gujr"), (0x0B80, 0x0BFF, "Taml"),
    (0x0C00, 0x0C7F, "Telu"), (0x0D00, 0x0D7F, "Mlym"), (0x0D80, 0x0DFF, "Sinh"), (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Laoo"), (0x1000, 0x109F, "Mymr"), (0x10A0, 0x10FF, "Geor"), (0x1100, 0x11FF, "Kore"),
    (0x1200, 0x137F, "Ethi"), (0x1780, 0x17FF, "Khmr"), (0x1C80, 0x1C8F, "Cyrl"), (0x1E00, 0x1EFF, "Latn"),
    (0x1F00, 0x1FFF, "Grek"), (0x3040, 0x30FF, "Jpan"), (0x3100, 0x312F, "Bopo"), (0x3130, 0x318F, "Kore"),
    (0x31F0, 0x31FF, "Jpan"), (0x3400, 0x4DBF, "Hani"), (0x4E00, 0x9FFF, "Hani"), (0xAC00, 0xD7A3, "Kore"),
    (0xF900, 0xFAFF, "Hani"), (0xFB1D, 0xFB4F, "Hebr"), (0xFB50, 0xFDFF, "Arab"), (0xFE70, 0xFEFE, "Arab"),
    (0xFF21, 0xFF5A, "Latn"), (0xFF66, 0xFF9F, "Jpan"), (0x20000, 0x3134F, "Hani"),
)  # fmt: skip
_STARTS = [start for start, _, _ in _RANGES]
_RTL = frozenset({"Arab", "Hebr", "Syrc", "Thaa"})
UNKNOWN = "Zyyy"


def _script(char: str) -> str | None:
    if not char.isalpha():
        return None
    code = ord(char)
    at = bisect_right(_STARTS, code) - 1
    if at < 0 or code > _RANGES[at][1]:
        return None
    return _RANGES[at][2]


def _counts(text: str) -> Counter[str]:
    return Counter(script for char in text if (script := _script(char)) is not None)


def script_of(text: str) -> str:
    """The script of most letters; `Zyyy` when there are none. Kana makes a text Japanese, whatever its Han count."""
    counts = _counts(text)
    if counts.get("Jpan"):
        counts["Jpan"] += counts.pop("Hani", 0)
    return counts.most_common(1)[0][0] if counts else UNKNOWN


def scripts_in(text: str) -> frozenset[str]:
    """All scripts of the letters of a text."""
    return frozenset(_counts(text))


def is_rtl(text: str) -> bool:
    """Whether a text reads from right to left: most of its letters do."""
    counts = _counts(text)
    right = sum(count for script, count in counts.items() if script in _RTL)
    return right > sum(counts.values()) - right
