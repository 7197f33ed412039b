"""Reads the shipped lists of names and words: what `monitor rules suggest` and `lint` know of the world.

The files are made by `tools/build_names.py` from openly licensed sources, named in NOTICE. They are package data, packed,
and are read only by the commands that ask for them: the daemon never does.
"""

import lzma
from collections.abc import Mapping
from importlib.resources import files

from monitor.matching.known_names import NameLists, lines_of
from monitor.matching.respell import read_models
from monitor.text.fold import fold


def name_lists() -> NameLists:
    """All lists; half a second and some 100 MB."""
    return NameLists("\n" + _text("names.xz"), common_words(), read_models(_text("spelling.xz")))


def common_words() -> Mapping[str, str]:
    """Folded words that are common in a language and not names there, with the codes of the languages."""
    found: dict[str, str] = {}
    for language, words in lines_of(_text("common.xz")):
        for word in {fold(one) for one in words.split()}:
            found[word] = f"{found[word]}, {language}" if word in found else language
    return found


def _text(name: str) -> str:
    return lzma.decompress((files("monitor.config") / "lists" / name).read_bytes()).decode()
