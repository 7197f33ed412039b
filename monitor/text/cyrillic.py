"""Cyrillic spellings of a Latin name, as a Russian or Ukrainian desk would write it by ear.

A sound key finds the base form of a name in another script; its case forms (Путина, Путину) end in other sounds. So the
likely Cyrillic spelling is made, and `endings` inflects it. It is a guess by rules, never the only way to find a name.
"""

import re
from typing import Final
from unicodedata import normalize

_GROUPS: Final = (
    *(("shch", "щ"), ("tsch", "ч"), ("sch", "ш"), ("tch", "ч"), ("dzh", "дж"), ("sh", "ш"), ("ch", "ч"), ("kh", "х")),
    *(
        ("zh", "ж"),
        ("ts", "ц"),
        ("tz", "ц"),
        ("ph", "ф"),
        ("th", "т"),
        ("gh", "г"),
        ("dh", "д"),
        ("ck", "к"),
        ("qu", "кв"),
    ),
    *(("skyy", "ский"), ("sky", "ский"), ("skiy", "ский"), ("skii", "ский"), ("ski", "ский"), ("ou", "у"), ("oo", "у")),
    *(("ee", "и"), ("iya", "ия"), ("ia", "ия"), ("iy", "ий"), ("ya", "я"), ("yu", "ю"), ("yo", "е"), ("ye", "е")),
    *(("ay", "ай"), ("ey", "ей"), ("oy", "ой"), ("uy", "уй"), ("ai", "ай"), ("ei", "ей"), ("oi", "ой")),
    *(("skoye", "ское"), ("oye", "ое"), ("aya", "ая"), ("yy", "ый"), ("iye", "ие"), ("iyah", "ия"), ("ch'", "ч")),
    *(("ce", "се"), ("ci", "си"), ("cy", "си")),
)
_ENDS_ONLY: Final = frozenset({"skyy", "sky", "skiy", "skii", "ski"})
_READ_SINGLY: Final = "а б к д е ф г х и дж к л м н о п к р с т у в в кс и з"
_LETTERS: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", _READ_SINGLY.split(), strict=True))
_PIECE: Final = re.compile(
    "|".join(
        f"{group}$" if group in _ENDS_ONLY else group for group, _ in sorted(_GROUPS, key=lambda pair: -len(pair[0]))
    )
    + "|[a-z]"
)
_READ: Final = {**dict(_GROUPS), **_LETTERS}
_DOUBLED: Final = re.compile(r"([бвгджзклмнпрстфх])\1")
_LATIN: Final = re.compile("[a-z]+")
_SHORTEST: Final = 4  # letters of a spelling; shorter ones are words of their own


_ALTERNATIVES: Final = tuple(
    (re.compile(old), new)
    for old, new in (
        ("х", "г"),  # Ukrainian and Belarusian г is written h
        ("(?<=[бвгджзклмнпрстфхцчшщ])й", "ы"),
        ("й", "и"),
        ("дж", "ж"),
        ("[йы]й$|ии$", "ий"),
    )
)
_UKRAINIAN: Final = (("ск", "ськ"), ("ая$", "а"), ("ое$", "е"), ("ы", "и"), ("и(?=.)", "і"), ("^е", "є"))
_BELARUSIAN: Final = (("и", "і"), ("о", "а"), ("в(?=[бвгджзклмнпрстфхцчшщ])|в$", "у"))  # ў folds to у
_MARKED: Final = str.maketrans(
    {
        "ş": "sh",
        "š": "sh",
        "ș": "sh",
        "ś": "sh",
        "č": "ch",
        "ć": "ch",
        "ç": "ch",
        "ž": "zh",
        "ż": "zh",
        "ź": "z",
        "ñ": "n",
    }
    | {"đ": "dj", "ţ": "ts", "ț": "ts", "ü": "yu", "ö": "yo", "’": "'", "ʼ": "'", "ʹ": "'"}
)
_HARD_C: Final = re.compile("c(?![hk])")  # ц in Slavic names
_SOFT: Final = re.compile(r"(?<=[bcdfghklmnpqrstvwxz])'")
_SOFT_SIGN: Final = "ь"
_Y_BEHIND_CONSONANT: Final = re.compile(r"(?<=[бвгджзклмнпрстфхцчшщ])й")


def cyrillic_spellings(word: str) -> frozenset[str]:
    """Likely Cyrillic spellings of a folded Latin name; empty for other scripts."""
    if not _LATIN.fullmatch(word):
        return frozenset()
    spelt = _PIECE.sub(lambda match: _READ[match[0]], word)
    found = {spelt, _DOUBLED.sub(r"\1", spelt)}  # Assad: Ассад, Асад
    if word[0] == "e":
        found |= {"э" + one[1:] for one in found}  # Erdogan: Эрдоган, uk Ердоган
    return frozenset(found)


def further_spellings(written: str) -> frozenset[str]:
    """Cyrillic spellings that are possible too, of a Latin name as its author wrote it: its marks say how it sounds.

    Not to be inflected: each is one guess more.
    """
    plain = "".join(
        one for one in normalize("NFD", written.lower().translate(_MARKED)) if one == "'" or "a" <= one <= "z"
    )
    found: set[str] = set()
    for text in {plain, _HARD_C.sub("ts", plain)}:
        pieces = [_PIECE.sub(lambda match: _READ[match[0]], piece) for piece in _SOFT.split(text)]
        found |= {sign.join(pieces).replace("'", "") for sign in ("", _SOFT_SIGN)}
    for old, new in _ALTERNATIVES:
        found |= {old.sub(new, one) for one in found}
    found |= {_DOUBLED.sub(r"\1", one) for one in found}
    for changes in (_UKRAINIAN, _BELARUSIAN):
        found |= {_all(changes, one) for one in found}
    return frozenset(one for one in found if len(one) >= _SHORTEST)


def _all(changes: tuple[tuple[str, str], ...], word: str) -> str:
    for old, new in changes:
        word = re.sub(old, new, word)
    return word
