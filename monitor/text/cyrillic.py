"""Cyrillic spellings of a Latin name, as a Russian or Ukrainian desk would write it by ear.

A sound key finds the base form of a name in another script; its case forms (Путина, Путину) end in other sounds. So the
likely Cyrillic spelling is made, and `endings` inflects it. It is a guess by rules, never the only way to find a name.
"""

import re
from typing import Final

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


def cyrillic_spellings(word: str) -> frozenset[str]:
    """Likely Cyrillic spellings of a folded Latin name; empty for other scripts."""
    if not _LATIN.fullmatch(word):
        return frozenset()
    spelt = _PIECE.sub(lambda match: _READ[match[0]], word)
    found = {spelt, _DOUBLED.sub(r"\1", spelt)}  # Assad: Ассад, Асад
    if word[0] == "e":
        found |= {"э" + one[1:] for one in found}  # Erdogan: Эрдоган, uk Ердоган
    return frozenset(found)
