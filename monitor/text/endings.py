"""Inflected forms of names and nouns, made from the word that a rule gives, never by analysing an article.

Closed lists of endings, written from the grammars: the forms of a noun, a name or an adjective by the look of its end.
Making forms from the name costs once, at compile time, and cannot hit a word that is no form of it; a stemmer on the
article's side merges words that have nothing in common (see docs/decisions/0003-text-and-names.md). Forms that are not
words at all do no harm: nobody writes them. Forms of short words that are other words do, so words of up to three
letters get none in Latin script, where there are most languages to collide with.

Words come folded (`fold.fold`): lower case, without marks, ё as е.
"""

import re

_CONSONANTS = "бвгджзйклмнпрстфхцчшщ"
_HUSH = "гкхжчшщц"

# Nouns and surnames. Each row: how the word ends, how much of it is dropped, what is put in its place.
_CYRILLIC: tuple[tuple[str, int, str], ...] = (
    # Surnames in -ов -ев -ин, feminine and plural too (Путин, Лавров; uk Шевченків)
    (r"(ов|ев|ин|ын|iв|їв|ів)$", 0, "а у ым ом е ой ою ых ыми ы і їм им"),
    (r"(ова|ева|ина|ына)$", 1, "ой у ою ы е"),
    # Adjectives and surnames like them: Белоусский, Зеленский, русский; uk -ський
    (r"(ск|цк|ськ|цьк)(ии|ий|ый|ой)$", 2, "ий ого ому им ом ая ой ую ое ие их ими а у е і ої ій ою"),
    (r"(ы|и|о)й$", 2, "ый ий ой ого его ому ему ым им ом ем ая ую ое ые ие ых их ыми ими ей ою ей"),
    (r"(ая|яя)$", 2, "ой ую ою ей юю ая ый ий ое ые ие ых их ым им ого ому"),
    # A consonant: masculine nouns and foreign names: Асад, Хмеймим, Тартус, Башар; -ов and -ин possessives besides
    (rf"[{_CONSONANTS}]$", 0, "а у ом ем е ы и ов ев ам ами ах ові еві ом ю ята і их ове ът"),
    (r"ец$", 2, "ца цу цем це цы цев цам цами цах"),
    (r"ок$", 2, "ка ку ком ке ки ков кам ками ках"),
    # й and soft sign: Сергей, Алексей, Аль-Шейбаний; Кремль, Израиль
    (r"й$", 1, "я ю ем е и ев ям ями ях єм ї єві"),
    (r"ь$", 1, "я ю ем е и ей ям ями ях ью ем лем і ів ю єм еві"),
    # Feminine and neuter: Москва, Сирия, Шараа (often left as it is), море, соглашение
    (r"[бвгджзклмнпрстфхцчшщ]а$", 1, "ы и у ой ою е ам ами ах і ей"),
    (r"ия$", 1, "и ю ей ею й ям ями ях ї єю"),
    (r"ія$", 1, "ї ю єю й ям ями ях"),
    (r"[^иі]я$", 1, "и ю ей ею е ь ям ями ях і"),
    (r"о$", 1, "а у ом е ам ами ах ы и ові"),
    (r"[^и]е$", 1, "я ю ем и ей ям ями ях а у ах ам ами"),
    (r"ие$", 1, "я ю ем и й ям ями ях"),
    (r"[оі]ння$", 1, "ю ям і ь"),
)  # fmt: skip

# West and South Slavic in Latin script: names and nouns of four letters and more.
_SLAVIC_LATIN: tuple[tuple[str, int, str], ...] = (
    (r"(sk|ck)(i|y)$", 1, "iego iemu im a iej ie ich imi eho emu ym eho emu e ych ymi oho ega emu ih imi"),
    (r"[bcdfghjklmnprstvwxz]$", 0, "a u em om ie e owi ovi y i ow ov om ami ach ech ich ovo ova ove ovou jem om"),
    (r"ec$", 2, "ca cu cem ci cowi covi ce com"),
    (r"[bcdfghjklmnprstvwz]a$", 1, "y i u e ie o ou om oj ach am ami ami"),
    (r"ia$", 1, "i e o u om"),
    (r"[bcdfghjklmnprstvwz]o$", 1, "a u em om ie"),
)  # fmt: skip
_ENGLISH: tuple[tuple[str, int, str], ...] = (
    (r"[^aeiou]y$", 1, "ies"),
    (r"(s|x|z|ch|sh)$", 0, "es"),
    (r"[a-z]$", 0, "s"),
)
_COMPILED = {
    name: tuple((re.compile(pattern), cut, tuple(ends.split())) for pattern, cut, ends in rows)
    for name, rows in (("cyrillic", _CYRILLIC), ("slavic", _SLAVIC_LATIN), ("english", _ENGLISH))
}
_VERB_LIKE = ("ing", "ed")
_LATIN_LEAST = 4
_CYRILLIC_LEAST = 3


def inflect(word: str) -> frozenset[str]:
    """Forms of a folded name or noun, itself left out. In Cyrillic: Russian, Ukrainian, Bulgarian, Serbian; in Latin
    script: English, German and Slavic ones.
    """
    if re.fullmatch(r"[а-яёіїєґј]+", word):
        return _cyrillic(word)
    if re.fullmatch(r"[a-z]+", word) and len(word) >= _LATIN_LEAST:
        return _forms(word, "slavic") | _forms(word, "english")
    return frozenset()


def plural(word: str) -> frozenset[str]:
    """Forms of a folded word of a query: as `inflect` in Cyrillic; in Latin script only English and German plurals, for
    plain words collide across languages where names do not.
    """
    if re.fullmatch(r"[a-z]+", word):
        long_enough = len(word) >= _LATIN_LEAST and not word.endswith(_VERB_LIKE)
        return _forms(word, "english") if long_enough else frozenset()
    return inflect(word)


def _cyrillic(word: str) -> frozenset[str]:
    if len(word) < _CYRILLIC_LEAST:
        return frozenset()
    return _forms(word, "cyrillic")


def _forms(word: str, rows: str) -> frozenset[str]:
    found: set[str] = set()
    for pattern, cut, ends in _COMPILED[rows]:
        if pattern.search(word):
            stem = word[: len(word) - cut] if cut else word
            found.update(stem + end for end in ends)
    return frozenset(found - {word})
