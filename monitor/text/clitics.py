"""Words written together with the word that they belong to, in Arabic and Hebrew: and, by, to, like, the.

As with endings, forms are made from the name: الشرع gives والشرع, بالشرع, للشرع. Persian shares the script and takes
none of them. Words come folded.
"""

import re

_ARABIC = re.compile(r"[ء-ي]{2,}")
_HEBREW = re.compile(r"[א-ת]{2,}")
_ARTICLE = "ال"
_AND = ("و", "ف")
_BY = ("ب", "ك", "ل")
_HEBREW_PREFIXES = ("ו", "ה", "ב", "ל", "מ", "ש", "כ", "וה", "וב", "ול", "ומ", "וש", "שה", "של", "שב", "מה", "כש")
_LEAST = 3


def bare(word: str) -> str:
    """A folded Arabic word without its article; any other word as it is."""
    return word[2:] if word.startswith(_ARTICLE) and len(word) > _LEAST + 1 else word


def with_article(word: str) -> frozenset[str]:
    """A folded Arabic name with and without its article; any other word alone."""
    if not _ARABIC.fullmatch(word):
        return frozenset({word})
    stem = bare(word)
    return frozenset({stem, _ARTICLE + stem}) if stem != word else frozenset({word})


def with_clitics(word: str) -> frozenset[str]:
    """The forms of a folded word with what is written together with it; the word itself is left out."""
    if _HEBREW.fullmatch(word):
        return frozenset(prefix + word for prefix in _HEBREW_PREFIXES) if len(word) >= _LEAST else frozenset()
    if not _ARABIC.fullmatch(word) or len(word) < _LEAST:
        return frozenset()
    forms = {prefix + word for prefix in (*_AND, *_BY)}
    forms |= {first + second + word for first in _AND for second in _BY}
    stem = bare(word)
    if stem != word:
        # ل and the article become لل
        forms |= {"لل" + stem, *(first + "لل" + stem for first in _AND)}
    return frozenset(forms - {word})
