"""What is left of a folded word without its ending, so that two tellings of one event share it.

Rough on purpose: a wrong cut merges two rare words, and a story needs many. It must not decide what a rule hits; that is
the business of `text.endings`, which is careful. The ways are by script, not by language.
"""

import re
from collections import defaultdict
from typing import Final

LONGEST: Final = 8
"""Letters of a stem: what follows tells derived words apart (polic-e, polic-ing), not events."""
_SHORTEST: Final = 3
_CYRILLIC: Final = re.compile("[\u0400-\u052f]+")
_ARABIC: Final = re.compile("[\u0620-\u06d3]+")
_CYRILLIC_ENDINGS: Final = (
    "иями ями ами ями иях ях ах иям ям ам ого его ому ему ыми ими ією ией ією ей ой ій ий ый ая яя ое ее ые ие ої ую юю ою ею "
    "ых их ым им ом ем ев ов ів ия ія ья ию ью ии ьи ії ться ть тся лся лась лось лись ать ять ить еть ал ил ел ла ло ли "
    "ет ют ут ат ят ит ешь ишь ся сь ости ость остью ением ение ения ений ання ення ены ена ено ен ны на но ан ана ано аны "
    "ата ото ите ът та то те а е и і о у ы э ю я й ь"
)
_BY_LETTER: Final[dict[str, list[str]]] = defaultdict(list)
for _ending in sorted(set(_CYRILLIC_ENDINGS.split()), key=lambda one: (-len(one), one)):
    _BY_LETTER[_ending[-1]].append(_ending)
_ARABIC_FRONT: Final = re.compile("^(?:وال|بال|كال|فال|لل|ال|و|ب|ل)(?=.{3})")
_ARABIC_BACK: Final = re.compile("(?<=.{3})(?:ات|ون|ين|ان|يه|ها|هم|ه|ي)$")


def bare(word: str) -> str:
    """A folded word without its ending, in full length; digits and unknown scripts stay as they are."""
    if word.isascii():
        return _latin(word) if word.isalpha() else word
    if _CYRILLIC.fullmatch(word):
        return _cyrillic(word)
    if _ARABIC.fullmatch(word):
        return _ARABIC_BACK.sub("", _ARABIC_FRONT.sub("", word))
    return word


def stem(word: str) -> str:
    """A folded word without its ending, cut to `LONGEST` letters."""
    return word if word.isdigit() else bare(word)[:LONGEST]


def _latin(word: str) -> str:
    if len(word) <= _SHORTEST:
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + _SHORTEST:
            word = word[: -len(ending)]
            break
    if len(word) > _SHORTEST and word[-1] in "ey":
        word = word[:-1]
    return word[:-1] if len(word) > _SHORTEST and word[-1] == word[-2] else word


def _cyrillic(word: str) -> str:
    for ending in _BY_LETTER.get(word[-1], ()):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word
