"""Small words that Arabic, Persian and Hebrew write together with the next one: and, in, to, from, the.

Forms are made from the name when a rule is compiled; the words of an article are never taken apart, so a name cannot be
found inside a longer word by accident. All words here are folded. Pronouns and verb endings are left out: they belong to
common nouns, and each would add more false words than names.
"""

import re
from functools import lru_cache
from typing import Final

ARABIC_ARTICLE: Final = "ال"
_ARABIC: Final = re.compile("[\u0621-\u064a\u066e-\u06d3]+")
_HEBREW: Final = re.compile("[א-ת]+")
_SHORTEST: Final = 3  # letters; a shorter word with a prefix is nearly always another word
_BEFORE_ARTICLE: Final = ("و", "ف", "ب", "ك", "وب", "فب", "وك")  # "in the", "like the"; "to the" is لل
_TO_THE: Final = ("", "و", "ف")
_BEFORE_WORD: Final = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "فب", "فل", "وك")
_PERSIAN_PLURAL: Final = ("ها", "هاي")
_HEBREW_PREFIXES: Final = (
    *("ו", "ה", "ב", "ל", "מ", "ש", "כ"),
    *("וה", "וב", "ול", "ומ", "וש", "וכ", "שה", "שב", "שמ", "מה", "כש", "וכש", "שכ", "לכש"),
)


@lru_cache(maxsize=4096)
def with_clitics(word: str) -> frozenset[str]:
    """A folded Arabic, Persian or Hebrew word with each prefix that news writes; empty for other scripts and short words.

    The word itself is not in the answer; neither is the word with or without its article: see `with_article`.
    """
    if len(word) < _SHORTEST:
        return frozenset()
    if _HEBREW.fullmatch(word):
        return frozenset(prefix + word for prefix in _HEBREW_PREFIXES)
    if not _ARABIC.fullmatch(word):
        return frozenset()
    bare = without_article(word)
    forms = {prefix + ARABIC_ARTICLE + bare for prefix in _BEFORE_ARTICLE}
    # "to the" swallows the alef, and where the word begins with lam, one of three lams too
    forms.update(prefix + ("ل" if bare.startswith("ل") else "لل") + bare for prefix in _TO_THE)
    if bare == word:
        forms.update(prefix + word for prefix in _BEFORE_WORD)
        forms.update(word + ending for ending in _PERSIAN_PLURAL)
    return frozenset(forms - {word})


def without_article(word: str) -> str:
    """A folded Arabic word without ال, when at least three letters are left; any other word unchanged."""
    if word.startswith(ARABIC_ARTICLE) and len(word) - len(ARABIC_ARTICLE) >= _SHORTEST and _ARABIC.fullmatch(word):
        return word[len(ARABIC_ARTICLE) :]
    return word


def with_article(word: str) -> str | None:
    """A folded Arabic word that has no article, with it; None for words of other scripts, short ones, and those that have it."""
    if len(word) < _SHORTEST or word.startswith(ARABIC_ARTICLE) or not _ARABIC.fullmatch(word):
        return None
    return ARABIC_ARTICLE + word
