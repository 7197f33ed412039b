"""Endings: the forms that a name or noun takes in a sentence, made from its base form.

Closed lists, written from grammars (those that stick to any name are in `harmony`). Forms are generated from the name when a rule is compiled; words of an article are
never taken apart, so a wrong form costs something only where it is a word of its own. A language is not asked for: a name
in Cyrillic gets Russian, Ukrainian and Bulgarian endings, one in Latin letters those of the languages that inflect names.
Left out on purpose: what makes other names or common words (-i makes Israel into Israeli, -ia Georg into Georgia, -n
Syria into Syrian), and nearly everything for short words. All words here are folded.

Two widths. *Narrow* is for a name that stands alone and for which every false form is a false alarm. *Wide* adds
adjectives, plurals and short words: for the words of a name of several words, where the others keep it honest, and for
the common nouns of a query.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from string import ascii_lowercase
from typing import Final

from monitor.text.harmony import with_case_endings

_CYRILLIC: Final = re.compile("[а-яіїєґђјљњћџўѕ]{3,}")
_LATIN: Final = re.compile("[a-z]{3,}")
_GREEK: Final = re.compile("[α-ω]{5,}")

_CYRILLIC_LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґђјљњћџўѕ"
_GREEK_LETTERS: Final = "".join(map(chr, range(ord("α"), ord("ω") + 1)))

_Row = tuple[str, int, str]
"""How a word ends (a pattern, searched), how many letters go, and the endings that come (`0` stands for none)."""

_SKY: Final = (
    "ский ского скому ским ском ская ской скую ское ские ских скими ский ський ського ському ським ська ської ську ські ське "
    "ски ско ската ското ските ския ският"
)
_CYRILLIC_NARROW: Final[tuple[_Row, ...]] = (
    ("[бвгґджзклмнпрстфхцчшщ]$", 0, "а у ом ем е ы и ов ів ам ами ах ові еві і ът"),  # Асад, Асадом; uk -ові, bg -ът
    ("(?:ов|ев|єв|[иыії]н)$", 0, "ым ых ыми им их ими"),  # surnames: Путиным, Лавровых
    (".{3}[бвгґджзклмнпрстфхцчшщь]$", 0, _SKY),  # the adjective of a place: Тартус, тартусский; Израиль, израильский
    (".{2}ск$", 2, _SKY),  # Минск, минский
    (".[бвгґджзклмнпрстфхцчшщ]ец$", 2, "ца цу цем цом це цы ці ци цев ців цам цами цах"),  # украинец, украинца
    (".[бвгґджзклмнпрстфхцчшщ][ое]к$", 2, "ка ку ком ке ки ков ків кам ками кові"),  # Белок, Марек
    (".[бвгґджзклмнпрстфхцчшщ]ел$", 2, "ла лу лом ле"),  # Павел
    (".[бвгґджзклмнпрстфхцчшщ]ень$", 3, "ня ню нем не ни"),
    ("христос$", 2, "а у ом е"),
    ("ів$", 2, "ова ову овом ові ева еву евом еві"),  # uk Харків, Харкова
    ("їв$", 2, "єва єву євом єві"),  # uk Київ, Києва
    ("ка?$", -1, "ці"),  # uk Америка, Америці; a negative number: back to the consonant, and over it
    ("га?$", -1, "зі"),
    ("ха?$", -1, "сі"),
    ("ко$", 2, "ці"),
    ("й$", 1, "я ю ем е и ї єм єві еві"),  # Сергей; uk Сергій
    ("(?:[кгхжшчщцн]ий|ый|ой)$", 2, "ого ому им ым ім ом их ых ими ыми"),  # Зеленский, Толстой
    ("[кгхжшчщ]ая$|[нтр]ая$", 2, "ой ую ою"),  # Зеленская
    ("ь$", 1, "я ю ем е и і ью єм еві"),  # Израиль, Казань
    ("[бвгґджзклмнпрстфхцчшщ]а$", 1, "ы и е у ой ою ей ею і о"),  # Москва; not Шараа
    ("[бвгґджзклмнпрстфхцчшщьиіае]я$", 1, "и е ю ей ею ї єю і"),  # Сирия
    ("...[квнлщ]о$", 1, "а у ом е ові"),  # Порошенко, Внуково; not Осло
    ("ие$", 1, "я ю ем и"),
    ("...[ыи]$", 1, "ам ами ах ов ів ям ями ях ев 0"),  # Афины, американцы
    ("....и$", 0, "те"),  # bg българи, българите
    ("...[бвгґджзклмнпрстфхцчшщ]і$", 1, "ів ям ями ях ам ами ах"),  # uk американці
)
_ADJECTIVE: Final = (
    "ий ый ой ого ому им ым ом ем ая ой ую ое ие ые их ых ими ыми его ему яя ей юю ее "  # Russian
    "а ої ій у ою е і ім "  # Ukrainian
    "и ия ият ата ото ите о"  # Bulgarian
)
_CYRILLIC_WIDE: Final[tuple[_Row, ...]] = (
    ("(?:ый|ий|ой|ая|яя|ое|ее|ые|ие)$", 2, _ADJECTIVE),  # российский, Соединенные
    ("[бвгґджзклмнпрстфхцчшщ]$", 0, "ей ове овете ите ям ями ях"),
    ("й$", 1, "ев їв ям ями ях"),
    ("ь$", 1, "ей ям ями ях ів"),
    ("[бвгґджзклмнпрстфхцчшщ]а$", 1, "0 ам ами ах ої ій ата"),  # база, баз; uk велика, великої
    ("я$", 1, "й ям ями ях ь 0"),
    ("о$", 1, "а у ом е ам ами ах ото 0"),
    ("[^и]е$", 1, "я ю ем и а у ям ями ях"),
    ("ие$", 1, "й ям ями ях"),
    ("[ыи]$", 1, "ам ами ах ов ите 0"),  # Штаты, Штатов
)

_LATIN_NARROW: Final[tuple[_Row, ...]] = (
    ("...[aeiouy]$|..(?:[^aeiousxzhy]|[^sc]h)$", 0, "s"),  # English, German, Dutch, Swedish possessive
    ("...[^aeiouy]$", 0, "a u em om ovi owi e ov ova ove ovo ovou ovu ovy uv"),  # Slavic: Putinem, Tartusu, Trumpovi
    ("....[^aeiouy]$", 0, "ie ami ach ech"),
    ("....[kg]$", 0, "iem"),  # pl Meksyk, Meksykiem
    ("....j$", 0, "i"),  # cs Bombaj
    ("...m$", 0, "ie"),  # pl Rzym
    ("^rim$", 0, "a u om"),  # sl Rim: other names of three letters are words when they end so
    ("..[^aeiouy]py$", 1, "om ami ach"),  # pl Wyspy
    ("...hen$", 2, "na nu nom"),  # sl München
    ("....rga$", 1, "ii"),  # pl Norymberga
    ("..[^aeiouy]i$", 0, "jeva jeve jevo jevi jevih"),  # sl Bibi, Bibijeva
    ("^[^aeiouy][aeiouy][^aeiouy]a$", 1, "u om"),  # hr Kina
    ("^k[aeiouy][^aeiouy]a$", 1, "e i"),  # hr Kina; few English words are like that
    ("....[^aeiouy]ci$", 2, "aca acima ce ac"),  # hr Amerikanci
    ("...[tk]ke$", 1, "0 ah am ami"),  # sl Benetke
    ("....w$", 0, "ia iu iem"),  # pl Wrocław
    ("....n$", 0, "iu iem"),  # pl Poznań
    ("....d$", 0, "zie"),  # pl Islamabad, Islamabadzie
    ("....r$", 0, "ze"),
    ("....t$", 1, "cie"),  # pl Frankfurt, Frankfurcie
    ("..[^aeiouy]ek$", 2, "ka ku kiem kem kovi kowi"),  # pl Franciszek, Franciszka; cs Marek
    ("..[^aeiouy]ec$", 2, "ca cu cem cowi covi"),
    ("..[^aeiouy]el$", 2, "la lu lem lovi lowi"),  # cs Havel, Havla
    ("..[^aeiouy]elj$", 3, "lja lju ljem lji"),  # sl Bruselj
    ("...[^aeiouy]a$", 1, "y e u ou i ie oj om ovi uv ova ove ami ach"),  # Latakia, Praha
    ("....[^aeiouy]a$", 1, "o"),  # sl Evropo
    ("^..[^aeiouy]a$", 1, "ie ou ach ami"),  # Gaza, but not "gaze"
    ("..ia$", 1, "i e u ou om"),  # pl Syria, Syrii
    ("..ie$", 1, "i"),  # cs Itálie, Itálii
    ("..[kr]a$", -1, "ce rze"),  # pl Ameryka, Ameryce
    ("..[gh]a$", -1, "ze dze"),  # cs Praha, Praze
    ("..ta$", -1, "cie"),
    ("..da$", 1, "zie"),
    ("..[sc]ka$", 1, "i e ej iej oj u o em"),  # Polska, hr Hrvatska, sl Portugalska
    ("...[sc]k(?:i|y)$", 1, "i iego iemu im ich imi y eho emu ego ym ymi oga ome omu og ega"),  # Kaczyński, Zelenský
    ("....[^aeiouy]o$|..[sc]ko$", 1, "a u em om owi ovi"),  # Kosovo, cs Irsko
    ("...[^aeiouy][iy]$", 0, "ego emu m ho mu ja jem ju ma"),  # pl Berlusconiego
    ("..iny$", 1, "om ami ach"),  # pl Chiny
    ("...chy$", 3, "ch szech chom"),  # pl Włochy
    ("..mcy$", 3, "miec mczech mcom mcami"),  # pl Niemcy
    ("...ani?e$", -1, "now nom nami nach nu num ny"),  # pl Amerykanie, cs Američané
    ("...ania?$", -1, "nov nom ne nih"),  # sk, sl Američani
)
_LATIN_ADJECTIVE: Final = (
    "y i a e o u ej iej ego iego emu iemu ym im ych ich ymi imi ou eho ie oj og oga omu om ega ih ima "  # adjectives
    "ow ov um ech ach ami ah am"  # plural nouns
)
_LATIN_WIDE: Final[tuple[_Row, ...]] = (
    (".[^aeiouy][aeioy]$", 1, _LATIN_ADJECTIVE),  # pl Wielka, Wielkiej; cs Spojené, Spojených; státy, států
    ("..[^aeiouy][aey]$", 1, "0"),
    ("[^aeiouy]$", 0, "a u em om e ie y i ow ov um ech ach ami ima ovi owi"),
    ("..ia$", 1, "i e u ou om o"),
)
_TRAPS: Final = frozenset(
    {
        *(
            "angle",
            "asado",
            "brownie",
            "carlo",
            "cookie",
            "cube",
            "france",
            "gaze",
            "germany",
            "italian",
            "lime",
            "malty",
        ),
        *("martina", "muslim", "noble", "paula", "share"),
    }
)
"""Forms that are well-known words or other names; found by reading lists of hits."""

_GREEK_NARROW: Final[tuple[_Row, ...]] = (
    ("οσ$", 2, "ου ο ε οι ων ουσ"),
    ("ασ$", 2, "α"),
    ("ησ$", 2, "η"),
    ("[αη]$", 0, "σ"),
    ("ο$", 1, "ου"),
)

_Table = dict[str, tuple[tuple[re.Pattern[str], int, tuple[str, ...]], ...]]
"""Rows by the last letter of the words that they may be for, so that few patterns are tried for a word."""


def _table(letters: str, *parts: Iterable[_Row]) -> _Table:
    rows = [
        (re.compile(end), cut, tuple(row.replace("0", "") for row in new.split()))
        for part in parts
        for end, cut, new in part
    ]
    return {letter: tuple(row for row in rows if _may_end(row[0].pattern, letter)) for letter in letters}


def _may_end(pattern: str, letter: str) -> bool:
    """Whether a word that ends in a letter may be one for a pattern. In doubt it may."""
    end = re.search(r"(?:(\[[^\]]*\])|([^\W\d_]))\$$", pattern)
    return end is None or re.fullmatch(end[1] or end[2], letter) is not None


_TABLES: Final = (
    (
        _CYRILLIC,
        _table(_CYRILLIC_LETTERS, _CYRILLIC_NARROW),
        _table(_CYRILLIC_LETTERS, _CYRILLIC_NARROW, _CYRILLIC_WIDE),
    ),
    (_LATIN, _table(ascii_lowercase, _LATIN_NARROW), _table(ascii_lowercase, _LATIN_NARROW, _LATIN_WIDE)),
    (_GREEK, _table(_GREEK_LETTERS, _GREEK_NARROW), _table(_GREEK_LETTERS, _GREEK_NARROW)),
)
_VOWELS: Final = "аеиоуыэюяіїєaeiouy"


def _stem(word: str, cut: int) -> str:
    """The word without its last letters; below zero: without its last vowels and one consonant in front of them."""
    return word[: len(word) - cut] if cut >= 0 else word.rstrip(_VOWELS)[:-1]


@lru_cache(maxsize=4096)
def inflect(word: str, *, wide: bool = False) -> frozenset[str]:
    """The other forms of a folded name in Cyrillic, Latin or Greek letters; empty for short words and other scripts.

    `wide` adds adjectives, plurals and short words; see the note of this module.
    """
    for letters, narrow_table, wide_table in _TABLES:
        if letters.fullmatch(word):
            rows = (wide_table if wide else narrow_table)[word[-1]]
            forms = set(with_case_endings(word))
            for end, cut, endings in rows:
                if end.search(word):
                    stem = _stem(word, cut)
                    forms.update([stem + ending for ending in endings])
            forms.discard(word)
            return frozenset(forms) if forms.isdisjoint(_TRAPS) else frozenset(forms - _TRAPS)
    return frozenset()


_NOT_PLURAL: Final = frozenset(
    {"goods", "means", "customs", "series", "species", "thanks", "glasses", "always", "perhaps"}
)
_SHORTEST_PLURAL: Final = 5


def singular(word: str) -> frozenset[str]:
    """The English singular of a folded Latin word that looks like a plural; else empty."""
    if len(word) < _SHORTEST_PLURAL or word in _NOT_PLURAL or not _LATIN.fullmatch(word) or not word.endswith("s"):
        return frozenset()
    if word.endswith("ies"):
        return frozenset({word[:-3] + "y"})
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return frozenset({word[:-2]})
    return frozenset() if word.endswith(("ss", "us", "is")) else frozenset({word[:-1]})


def plural(word: str) -> frozenset[str]:
    """The English plural of a folded Latin word, as it is spelt; empty for short words and other scripts."""
    if not _LATIN.fullmatch(word):
        return frozenset()
    if word.endswith(("s", "x", "z", "sh", "ch")):
        return frozenset({word + "es"})
    if word[-1] == "y" and word[-2] not in "aeiou":
        return frozenset({word[:-1] + "ies"})
    return frozenset({word + "s"})
