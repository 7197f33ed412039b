"""Endings: the forms that a name or noun takes in a sentence, made from its base form.

Closed lists, written from grammars. Forms are generated from the name when a rule is compiled; words of an article are
never taken apart, so a wrong form costs something only where it is a word of its own. A language is not asked for: a name
in Cyrillic gets Russian, Ukrainian and Bulgarian endings, one in Latin letters those of the languages that inflect names.
Left out on purpose: what makes other names or common words (-i makes Israel into Israeli, -o Martin into Martino), and
nearly everything for short words. All words here are folded.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_CYRILLIC: Final = re.compile("[а-яіїєґђјљњћџўѕ]+")
_LATIN: Final = re.compile("[a-z]+")
_GREEK: Final = re.compile("[α-ω]+")
_VOWELS: Final = frozenset("аеиоуыэюяіїє")
_SHORTEST: Final = 3
_SHORTEST_LATIN: Final = 4
_LONG: Final = 5
_LONGER: Final = 6

# Cyrillic -------------------------------------------------------------------------------------------------------------

_CONSONANT: Final = "а у ом е ы и ов ам ами ах ові і ем ою ът"
_CONSONANT_PLURAL: Final = "ей ове овете ите"
_SURNAME: Final = "а у ым ом е ы ых ыми им их ими і ові"  # -ов, -ев, -ин
_SOFT: Final = "я ю ем е и ью ей ям ями ях ев еві єві і єм їв їх"
_SOFT_I: Final = "я ю ем е и й ям ями ях ев еві єві ї єм ям"
_ADJECTIVE: Final = (
    "ий ый ой ого ому им ым ом ем ая ой ую ое ие ые их ых ими ыми его ему яя ей юю ее "  # Russian
    "а ої ій у ою е і ім "  # Ukrainian
    "и ия ият ата ото ите о"  # Bulgarian
)
_FEMININE: Final = "ы и е у ой ою ей ею ам ами ах і о"
_FEMININE_SOFT: Final = "и е ю ей ею ям ями ях і ї єю"
_NEUTER: Final = "а у ом е ові"
_PLURAL: Final = "ам ами ах ов"
_CONSONANT_SHIFT: Final = {"к": "ці", "г": "зі", "х": "сі"}  # Ukrainian: Америка, Америці
_SHORT_E: Final = re.compile("[бвгджзклмнпрстфхцчшщ][ео][кнлц]")


def _cyrillic(word: str, *, noun: bool) -> Iterable[str]:
    last = word[-1]
    if adjective := re.fullmatch("(.{2,}?)(?:ский|цкий|ская|ское|ские|ський|цький|ська|ско|ски|ска)", word):
        middle = word[len(adjective[1]) :].rstrip("аийяоеы")
        return _joined(adjective[1] + middle, _ADJECTIVE)
    if word.endswith(("ый", "ой", "ий", "ая", "ое", "ее", "ые")) and (noun or not word.endswith(("ой", "ий", "ая"))):
        return _joined(word[:-2], _ADJECTIVE)
    if last == "й":
        return _joined(word[:-1], _SOFT_I)
    if last == "ь":
        return _joined(word[:-1], _SOFT)
    if last not in _VOWELS:
        return _cyrillic_consonant(word, noun=noun)
    if word[-2] in _VOWELS and last in "аеоуиэі" and word[-2:] not in {"ие", "ее"}:
        return ()  # Шараа, Бордо: foreign, not declined
    return _cyrillic_vowel(word, noun=noun)


def _cyrillic_consonant(word: str, *, noun: bool) -> Iterable[str]:
    if word.endswith(("ов", "ев", "ин", "ын", "єв", "їн")) and not noun:
        forms = _joined(word, _SURNAME)
    else:
        forms = _joined(word, _CONSONANT)
        if noun:
            forms |= _joined(word, _CONSONANT_PLURAL)
    if len(word) >= _LONG and _SHORT_E.fullmatch(word[-3:]):
        forms |= _joined(word[:-2] + word[-1], _CONSONANT)  # украинец, украинца
    return forms | _relational(word)


def _relational(word: str) -> set[str]:
    """The adjective of a name: Тартус, тартусский."""
    if len(word) <= _SHORTEST:
        return set()
    return _joined(word + "ск", _ADJECTIVE) | {
        word + "ський",
        word + "ського",
        word + "ському",
        word + "ським",
        word + "ська",
    }


def _cyrillic_vowel(word: str, *, noun: bool) -> Iterable[str]:
    stem, last = word[:-1], word[-1]
    if last == "а":
        forms = _joined(stem, _FEMININE)
        if shift := _CONSONANT_SHIFT.get(stem[-1]):
            forms.add(stem[:-1] + shift)
        if noun:
            forms |= _joined(stem, "та те") | {stem, word + "та"}
        return forms
    if last == "я":
        return _joined(stem, _FEMININE_SOFT) | ({stem + "й"} if stem[-1] in "иії" and noun else set())
    if last == "о":
        usual = word.endswith(("ко", "во", "но", "ство", "ло", "ще"))
        forms = _joined(stem, _NEUTER) if noun or (usual and len(word) >= _LONG) else set()
        return forms | ({stem, word + "то"} if noun and len(stem) > _SHORTEST else set())
    if word.endswith("ие"):
        return _joined(stem, "я ю ем и") | ({stem + "й"} if noun else set())
    if last in "ыи" and len(stem) >= _LONG - (1 if noun else 0):
        return _joined(stem, _PLURAL) | {stem}
    return ()


# Latin ----------------------------------------------------------------------------------------------------------------

_LATIN_ANY: Final = "a u em om ovi owi e ov ova ove ovo ovou ovu ovy uv"
_LATIN_LONG: Final = (
    "ie ami ach ech im "
    "as ui am "  # Lithuanian, Latvian
    "in ia ille illa ilta issa ista iin iksi ilt ile ist iga isse "  # Finnish, Estonian
    "nak nek ban ben bol rol tol hoz hez nal nel ert"  # Hungarian
)
_LATIN_FEMININE: Final = "y e u ou o i ie oj om ach ami"
_LATIN_NEUTER: Final = "a u em om owi ovi"
_LATIN_SHIFT: Final = {"k": ("ce",), "g": ("ze", "dze"), "h": ("ze",), "r": ("rze",), "t": ("cie",), "d": ("dzie",)}
_SKI: Final = "i iego iemu im ich imi a iej y eho emu ego em ym ymi ou e ej oga ome omu og ega"
_TO_VOWEL: Final = "ssa sta lla lle lta ksi"
_NOT_PLURAL: Final = ("s", "x", "z", "sh", "ch")
_TRAPS: Final = frozenset(
    {"cookie", "brownie", "germany", "france", "gaze", "cube", "lime", "italian", "asado", "martina", "paula"}
)
"""Forms that are well-known words or other names; found by reading lists of hits."""


def _latin(word: str) -> Iterable[str]:
    last, stem = word[-1], word[:-1]
    forms = set() if word.endswith(_NOT_PLURAL) else {word + "s"}
    if last not in "aeiouy":
        forms |= _joined(word, _LATIN_ANY)
        if len(word) >= _LONG:
            forms |= _joined(word, _LATIN_LONG)
        return forms
    if ski := re.fullmatch("(.+[sc]k)(?:i|y|a|yi|iy|yy)", word):
        return forms | _joined(ski[1], _SKI) | {ski[1][:-1] + "y"}
    if len(word) < _LONG:
        return forms
    forms |= _joined(word, _TO_VOWEL)
    if last == "a" and stem[-1] not in "aeou":
        return forms | _latin_feminine(stem)
    if last == "o" and len(word) >= _LONGER:
        return forms | _joined(stem, _LATIN_NEUTER)
    if last in "iy":
        return forms | _joined(word, "ego emu m ho mu ja jem ju")
    return forms


def _latin_feminine(stem: str) -> set[str]:
    forms = _joined(stem, "i e u ou om" if stem[-1] == "i" else _LATIN_FEMININE)
    return forms | {stem[:-1] + ending for ending in _LATIN_SHIFT.get(stem[-1], ())}


def plural(word: str) -> frozenset[str]:
    """The English plural of a folded Latin word, as it is spelt; empty for short words and other scripts."""
    if len(word) < _SHORTEST or not _LATIN.fullmatch(word):
        return frozenset()
    if word.endswith(_NOT_PLURAL):
        return frozenset({word + "es"})
    if word[-1] == "y" and word[-2] not in "aeiou":
        return frozenset({word[:-1] + "ies"})
    return frozenset({word + "s"})


# Greek ----------------------------------------------------------------------------------------------------------------

_GREEK_ENDINGS: Final = (
    ("ος", ("ου", "ο", "ε", "οι", "ων", "ους")),
    ("ας", ("α",)),
    ("ης", ("η",)),
    ("α", ("ας", "ες", "ων")),
    ("η", ("ης", "ες")),
    ("ο", ("ου", "α", "ων")),
)


def _greek(word: str) -> Iterable[str]:
    for ending, others in _GREEK_ENDINGS:
        if word.endswith(ending.replace("ς", "σ")):
            stem = word[: -len(ending)]
            return {stem + other.replace("ς", "σ") for other in others}
    return ()


def _joined(stem: str, endings: str) -> set[str]:
    return {stem + ending for ending in endings.split()}


@lru_cache(maxsize=4096)
def inflect(word: str, *, noun: bool = False) -> frozenset[str]:
    """The other forms of a folded name in Cyrillic, Latin or Greek letters; empty for short words and other scripts.

    With `noun` the word is a common noun or adjective of a query, and in Cyrillic its plural is made too.
    """
    forms: Iterable[str] = ()
    if len(word) >= _SHORTEST and _CYRILLIC.fullmatch(word):
        forms = _cyrillic(word, noun=noun)
    elif len(word) >= _SHORTEST_LATIN and _LATIN.fullmatch(word):
        forms = _latin(word)
    elif len(word) >= _LONG and _GREEK.fullmatch(word):
        forms = _greek(word)
    return frozenset(forms) - {word} - _TRAPS
