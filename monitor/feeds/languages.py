"""The language of an article when its feed does not say, or says what cannot be.

A script that one language of the news is written in decides by itself; else a small model does (lid.176 of fastText, shipped
with the package; nothing is ever downloaded). In doubt there is no language: a rule with `lang:` then looks at the article,
since a miss is worse than a look. Runs in the parser's process, so that nothing waits for it.
"""

import re
from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files
from typing import Final

import fasttext

from monitor.feeds.entries import Entry, Reading
from monitor.text.scripts import script_of

_READ: Final = 1000  # characters of the body
_LEAST_LETTERS: Final = 12
_SHORT: Final = 60  # characters; shorter texts must be told apart more clearly
_SURE, _SURE_OF_SHORT = 0.5, 0.8
_LABEL: Final = "__label__"
_BLANKS: Final = re.compile(r"\s+")
_BY_SCRIPT: Final = {"Grek": "el", "Hebr": "he", "Jpan": "ja", "Kore": "ko", "Thai": "th", "Geor": "ka", "Armn": "hy"}
_LATIN: Final = (
    "en de fr es it pt nl pl cs sk sl hr bs tr fi et hu lt lv sv da no nb nn is ro sq ca eu gl id ms vi sw so af"
)
_SCRIPTS: Final = {
    **dict.fromkeys(
        _LATIN.split(),
        frozenset({"Latn"}),
    ),
    **dict.fromkeys(["ru", "uk", "bg", "be", "mk", "ky", "tg"], frozenset({"Cyrl"})),
    **dict.fromkeys(["ar", "fa", "ur", "ps", "ckb", "ug"], frozenset({"Arab"})),
    **{lang: frozenset({script}) for script, lang in _BY_SCRIPT.items()},
    **dict.fromkeys(("yi", "iw"), frozenset({"Hebr"})),
    "ja": frozenset({"Jpan", "Hani"}),
    "zh": frozenset({"Hani", "Jpan", "Bopo"}),
    "ko": frozenset({"Kore", "Hani"}),
    "hi": frozenset({"Deva"}),
    "sr": frozenset({"Cyrl", "Latn"}),
    "kk": frozenset({"Cyrl", "Latn", "Arab"}),
}
"""In which scripts a language is written; one that is not here may be written in any."""


def with_languages(reading: Reading) -> Reading:
    """A reading whose entries have a language wherever it can be told; one that the script contradicts is dropped."""
    entries = tuple(_told(entry, reading.lang) for entry in reading.entries)
    lang = reading.lang
    if entries and lang and all(entry.detected for entry in entries):
        lang = None  # the feed's own language is that of none of its entries
    return replace(reading, entries=entries, lang=lang)


def _told(entry: Entry, feed_lang: str | None) -> Entry:
    said = entry.lang or feed_lang
    text = f"{entry.title}. {entry.body[:_READ]}"
    if said and not contradicts(said, text):
        return entry
    return replace(entry, lang=None, detected=detect(text))


def contradicts(lang: str, text: str) -> bool:
    """Whether a text is plainly in no script that a language is written in."""
    scripts = _SCRIPTS.get(lang)
    if scripts is None or sum(map(str.isalpha, text)) < _LEAST_LETTERS:
        return False
    return script_of(text) not in scripts


def detect(text: str) -> str | None:
    """The language of a text, as an ISO 639-1 code where there is one; None in doubt."""
    line = _BLANKS.sub(" ", text).strip()
    if sum(map(str.isalpha, line)) < _LEAST_LETTERS:
        return None
    alone = _BY_SCRIPT.get(script_of(line))
    if alone is not None:
        return alone
    labels, shares = _model().predict(line, k=1)
    lang = labels[0].removeprefix(_LABEL) if labels else ""
    if not lang or shares[0] < (_SURE_OF_SHORT if len(line) < _SHORT else _SURE) or contradicts(lang, line):
        return None
    return lang


@cache
def _model() -> "fasttext.FastText._FastText":
    with as_file(files(__package__ or "monitor.feeds") / "lid.176.ftz") as path:
        return fasttext.load_model(str(path))
