"""Forms of common nouns whose stem changes: Russian and Ukrainian vowels that come and go, and words that are quite irregular.

For the words of a query, beside `endings`: *рынок* is also *рынка*, *поставка* is *поставок*, *договір* is *договору*, *man* is
*men*. Names do without, since these rules make too many other words. Made from the word of the rule; the words of an
article are never taken apart. All words here are folded.
"""

import re
from functools import lru_cache
from typing import Final

_CYRILLIC: Final = re.compile("[а-яіїєґ]{3,}")
_C: Final = "[бвгґджзклмнпрстфхцчшщ]"
_PLURAL: Final = "и ы ов ів ам ами ах"
_SOFT: Final = "я ю ем і и ів ей ям ями ях"
_Rows = tuple[tuple[str, int, str, str], ...]
_ROWS: Final[_Rows] = (
    # how a word ends; how many letters go; what the stem takes instead; the endings (`0` stands for none)
    ("(?:я|да|ча)нин$", 2, "", "0 е и ам ами ах"),  # россиянин, граждане
    (f"{_C}ка$", 2, "ок", "0"),  # поставка, поставок
    ("[жчшщ]ка$", 2, "ек", "0"),
    ("йка$", 3, "ек", "0"),
    (f".{_C}[ое]к$", 2, "к", f"а у ом е {_PLURAL}"),  # рынок, рынках
    ("[аеиоуіюя]ец$", 2, "йц", "а у ем ом е ы и і ев ов ів ам ами ах"),  # боец, бойцов
    (f"{_C}ець$", 3, "ц", "я ю ем і ів ям ями ях"),  # uk кінець, кінця
    ("[аеиоуіюя]єць$", 3, "йц", _SOFT),
    (f"{_C}ень$", 3, "н", f"{_SOFT} нем не"),  # день, дня
    (f"{_C}день$", 4, "дн", _SOFT),  # uk тиждень, тижня: see the row below
    ("ждень$", 4, "н", _SOFT),
    ("ждень$", 5, "жн", _SOFT),
    ("ц$", 0, "", "ев"),  # месяц, месяцев
    (f"{_C}о$", 1, "", "і"),  # uk місто, місті
    ("[цщ]е$", 1, "", "і ь"),  # uk місце, місць
    ("третий$", 2, "", "ья ье ью ьи ьего ьему ьим ьем ьей ьих ьими"),
    ("третій$", 2, "", "я є ю і ього ьому ім ьої ьою іх іми"),
    ("мя$", 1, "ен", "и ем а ам ами ах 0"),  # время, времени
    ("ість$", 4, "ост", "і ей ям ями ях"),  # uk діяльність, діяльності
    ("ість$", 4, "іст", "ю"),
    (f"{_C}ння$", 2, "", "ь"),
    ("[аеиіуюя]ння$", 2, "", "ь"),  # uk рішення, рішень
    ("[нж]ій$", 2, "", "я є ю і ього ьому ім ьої ій їй ьою іх іми"),  # uk останній, останньої
    (f"{_C}ік$", 2, "оц", "і"),  # uk рік, році
    (f"{_C}іг$", 2, "оз", "і"),
)
_CLOSED_SYLLABLE: Final = re.compile(f"({_C})і({_C})$")
_OPEN_ENDINGS: Final = f"а у ом ові і {_PLURAL}".split()


def _by_last_letter() -> dict[str, tuple[tuple[re.Pattern[str], int, str, tuple[str, ...]], ...]]:
    """The rows that a word may need. Every pattern ends in one letter."""
    rows = [(re.compile(end), cut, new, tuple(ends.replace("0", "").split(" "))) for end, cut, new, ends in _ROWS]
    return {end[-2]: tuple(row for row in rows if row[0].pattern[-2] == end[-2]) for end, _, _, _ in _ROWS}


_TABLE: Final = _by_last_letter()

_FAMILIES: Final = (
    # Russian, Ukrainian
    "человек люди людей людям людьми людях",
    "ребенок ребенка ребенку ребенком дети детей детям детьми детях",
    "мать матери матерью матерей матерям матерями матерях",
    "дочь дочери дочерью дочерей дочерям дочерями дочерях",
    "брат братья братьев братьям братьями братьях",
    "сын сыновья сыновей сыновьям сыновьями сыновьях",
    "друг друзья друзей друзьям друзьями друзьях",
    "посол посла послу послом послы послов послам послами послах",
    "судно суда судов судам судами судах",
    "людина люди людей людям людьми людях",
    "дитина діти дітей дітям дітьми дітях",
    "особа осіб",
    "гроші грошей грошам грошима грошах",
    "друг друзі друзів друзям друзями друзях",
    # English
    "man men",
    "woman women",
    "child children",
    "wife wives",
    "knife knives",
    "thief thieves",
    "wolf wolves",
    "crisis crises",
    "analysis analyses",
    "airman airmen",
    "businessman businessmen",
    "chairman chairmen",
    "congressman congressmen",
    "congresswoman congresswomen",
    "fireman firemen",
    "fisherman fishermen",
    "gunman gunmen",
    "policeman policemen",
    "serviceman servicemen",
    "spokesman spokesmen",
    "spokeswoman spokeswomen",
)


def _by_word() -> dict[str, frozenset[str]]:
    """Every word of a family of two with the other; only the head of a longer one with its forms."""
    found: dict[str, frozenset[str]] = {}
    for family in _FAMILIES:
        head, *forms = family.split()
        found[head] = found.get(head, frozenset()) | frozenset(forms)
        if len(forms) == 1:
            found[forms[0]] = frozenset({head})
    return found


_IRREGULAR: Final = _by_word()


@lru_cache(maxsize=4096)
def alternations(word: str) -> frozenset[str]:
    """The forms of a folded common noun that plain endings do not make; empty for most words."""
    forms = set(_IRREGULAR.get(word, ()))
    if _CYRILLIC.fullmatch(word):
        for end, cut, new, endings in _TABLE.get(word[-1], ()):
            if end.search(word):
                forms.update(word[: len(word) - cut] + new + ending for ending in endings)
        for vowel in "ое" if _CLOSED_SYLLABLE.search(word) else "":  # uk договір, договору: an open syllable has no і
            stem = word[:-2] + vowel + word[-1]
            forms.update(stem + ending for ending in _OPEN_ENDINGS)
    return frozenset(forms - {word})
