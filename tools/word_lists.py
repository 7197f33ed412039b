"""Which words are common in which language, and how often a name is read: for `build_names.py`.

Frequencies are those of wordfreq; the dictionaries of simplemma tell words from names.
"""

import math
import re
from collections.abc import Iterator
from functools import cache

from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory
from wordfreq import get_frequency_dict, top_n_list

from monitor.text.fold import fold

LANGUAGES = {  # the languages of a script, those with many readers first; their word frequencies rank forms
    "Latn": "en de fr es it pt nl pl cs sk sl sh tr fi hu ro sv da nb lt lv id ca vi fil ms is",
    "Cyrl": "ru uk bg mk",
    "Arab": "ar fa ur",
    "Hebr": "he",
    "Grek": "el",
    "Hani": "zh",
    "Jpan": "ja",
    "Kore": "ko",
    "Deva": "hi",
}
COMMON_WORDS = 6000  # of a language; of English twice as many
COMMONLY = 3.5  # on the Zipf scale
ARTICLES = {"ar": "ال", "he": "ה"}
_CAPITALS = "en de fr es it pt nl pl cs sk sl sv da nb fi hu tr lt lv id"
CAPITALS = frozenset(_CAPITALS.split())  # of dictionaries that keep them
NAMES_TOLD = frozenset(
    ["en", "fr", "de", "es", "it", "pt", "nl", "pl"]
)  # of those that have places with their capital alone
_PERSIAN_LETTERS = str.maketrans("يك", "یک")
NO_DICTIONARY = frozenset({"ur", "ro", "ms", "vi"})
_LOWER_DICTIONARIES = (
    "en de fr es it pt nl pl cs sk sl hbs tr fi hu ro sv da nb lt lv id ca ru uk bg mk el he fa hy ka hi"
)


@cache
def dictionary(language: str) -> dict[bytes, bytes]:
    """The words of a language, as they are written (a name has its capital)."""
    return DefaultDictionaryFactory().get_dictionary(language)


@cache
def frequencies(language: str) -> dict[str, float]:
    """How often each word of a language is read, as a part of all its words."""
    return get_frequency_dict(language, "best")


def zipf(word: str, language: str) -> float:
    """How often a word is read on the Zipf scale: 3 is once in a million words; 0 when never."""
    if language == "fa":
        word = word.translate(_PERSIAN_LETTERS)
    found = frequencies(language).get(word)
    return math.log10(found) + 9 if found else 0.0


@cache
def frequency(form: str, script: str) -> float:
    """How often a form of one word is read in the languages of its script: the Zipf scale, 0 when never."""
    return max((zipf(form.lower(), one) for one in LANGUAGES.get(script, "").split()), default=0.0)


def seen(form: str, script: str) -> float:
    """The same for a form of many words: that of the rarest."""
    words = re.findall(r"\w+", form)
    return min((frequency(word, script) for word in words), default=0.0)


RARER = {
    "ar": "أسد شرع شريعة",
    "de": "scharia löwe",
    "en": "sharia shariah tartar lavra",
    "fa": "اسد شرع شریعت",
    "fr": "charia tartare",
    "he": "שריעה",
    "ru": "шариат лавра тартар",
    "tr": "şeriat tatar",
    "uk": "шаріат лавра тартар",
}
"""Words of the news that are rarer than the cut, or names by the sources, and are taken for names that are watched."""


def common_words(names: frozenset[str], famous: frozenset[str]) -> Iterator[str]:
    """Lines `language<TAB>words`: the commonest words of each language that are not names there.

    A word that is also a name must be a word beyond doubt: in a dictionary without a capital where capitals tell; where
    there are none, it must be read with and without the article (`ARTICLES`), which names do not take.
    """
    for language in sorted({one for group in LANGUAGES.values() for one in group.split()} - {"zh", "ja", "ko"}):
        words = [word for word in top_n_list(language, COMMON_WORDS * 3) if word.isalpha() and len(word) > 1]
        kept = [word for word in words if is_common(word, language, names, famous)]
        kept = kept[: COMMON_WORDS * (2 if language == "en" else 1)]
        kept += [word for word in RARER.get(language, "").split() if word not in kept]
        yield f"{language}\t{' '.join(kept)}\n"


def is_common(word: str, language: str, names: frozenset[str], famous: frozenset[str]) -> bool:
    """Whether a frequent word is a word, not a name alone."""
    named = fold(word) in names
    if fold(word) in famous and language not in NAMES_TOLD:
        return False
    if language in ARTICLES:
        article = ARTICLES[language]
        other = word.removeprefix(article) if word.startswith(article) else article + word
        return not named or min(zipf(word, language), zipf(other, language)) > COMMONLY
    words = dictionary({"sh": "hbs", "fil": "tl"}.get(language, language)) if language not in NO_DICTIONARY else {}
    if language not in CAPITALS:
        return (not named or (language == "fa" and zipf(word, "fa") > COMMONLY + 1)) and (word in words or not words)
    return word in words and (not named or word.capitalize() not in words or zipf(word, "en") > COMMONLY + 1)


def is_word(form: str) -> bool:
    """Whether a form of one word is a small-lettered word of some language's dictionary and no name in it."""
    low = form.lower()
    for language in NAMES_TOLD if low.isascii() else _LOWER_DICTIONARIES.split():
        words = dictionary(language)
        if low in words and low.capitalize() not in words:
            return True
    return False


def is_name(word: str) -> bool:
    """Whether a dictionary has a word with a capital alone, and English does not have it small."""
    return word not in dictionary("en") and any(
        word.capitalize() in (words := dictionary(one)) and word not in words for one in NAMES_TOLD
    )
