"""Lookup in the shipped table of names: which entities are called so, and how other scripts write them.

The table is one text, a line an entity: its kind, a note (country and inhabitants, or an item's number), and for each
script its forms, the most read first. A search runs over the text itself, so that nothing is built for a few look-ups.
`tools/build_names.py` writes it; `monitor/config/name_lists.py` reads the file.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Final

from monitor.matching.names import sound_key
from monitor.matching.respell import SpellingModel
from monitor.text.fold import fold, fold_char

_LETTERS: Final = (
    range(0x41, 0x250),
    range(0x370, 0x530),
    range(0x5D0, 0x5EB),
    range(0x620, 0x6D4),
    range(0x1E00, 0x2000),
)
"""Where letters with marks stand that fold to another letter."""


WIDELY_READ: Final = frozenset(["en", "fr", "es", "de", "it", "pt", "pl", "ru", "uk", "ar", "fa", "he", "tr", "el"])
"""Languages whose common words are no aliases, and keep a name from being searched by sound."""
SEEN: Final = "by ear, in use"
"""The source of a form that was made by ear and is in use."""


class NameKind(StrEnum):
    """What an entity of the table is."""

    COUNTRY = "c"
    LANGUAGE = "l"
    PLACE = "p"
    NAME = "n"
    """A first name or surname."""

    @property
    def source(self) -> str:
        """Where the table has it from."""
        return {"c": "CLDR", "l": "CLDR", "p": "GeoNames", "n": "Wikidata"}[self.value]


@dataclass(frozen=True, slots=True)
class KnownName:
    """One entity of the table."""

    kind: NameKind
    note: str
    forms: Mapping[str, tuple[str, ...]]
    """Script -> forms, the most read first."""
    heard: frozenset[str] = frozenset()
    """Forms that were made by ear, and are found in a list of words of the language."""

    @property
    def people(self) -> int:
        """Inhabitants of a place, else 0."""
        return int(self.note.rpartition(" ")[2]) if self.kind is NameKind.PLACE else 0

    @classmethod
    def read(cls, line: str) -> "KnownName":
        """An entity from its line."""
        kind, note, *rest = line.split("\t")
        columns = [(script, forms.split("|")) for script, _, forms in (one.partition("=") for one in rest)]
        heard = frozenset(form[1:] for _, forms in columns for form in forms if form.startswith("~"))
        return cls(
            NameKind(kind),
            note,
            {script: tuple(form.lstrip("~") for form in forms) for script, forms in columns},
            heard,
        )

    def source(self, form: str) -> str:
        """Where a form is from."""
        return SEEN if form in self.heard else self.kind.source


@dataclass(frozen=True)
class NameLists:
    """All that suggestions are made from. `search` and `latin_words` are slow enough to be asked once a name."""

    table: str
    """The table of names, a line an entity, with a line end in front of the first."""
    common: Mapping[str, str]
    """Folded common words, and the codes of the languages that have them."""
    models: Mapping[str, SpellingModel]
    """Script -> how Latin names are spelt in it."""

    def search(self, name: str) -> list[KnownName]:
        """The entities that have this name among their forms, in any script; case and marks do not matter."""
        pattern = "".join(_letter_class(char) for char in fold(name))
        found: dict[int, KnownName] = {}
        for hit in re.finditer(rf"[=|~]{pattern}(?=[|\t\n])", self.table):
            begin = self.table.rindex("\n", 0, hit.start()) + 1
            if begin not in found:
                found[begin] = KnownName.read(self.table[begin : self.table.index("\n", hit.end())])
        return list(found.values())

    @cached_property
    def sounds(self) -> Mapping[str, str]:
        """Sound keys of the common words, each with the word that is read most widely."""
        words = sorted(self.common, key=lambda word: (widely_read(self.common[word]), len(self.common[word])))
        return {key: word for word in words if (key := sound_key(word)) is not None}

    @cached_property
    def latin_words(self) -> Mapping[str, tuple[str, int, str]]:
        """Folded first Latin forms of one word: as written, inhabitants, and what they are called after (a source)."""
        found: dict[str, tuple[str, int, str]] = {}
        for kind, note, form in re.findall(r"\n([cpn])\t([^\t\n]*)\tLatn=(\w+)(?=[|\t\n])", self.table):
            weight = int(note.rpartition(" ")[2]) if kind == "p" else 0
            word = fold(form)
            if word not in found or weight > found[word][1]:
                found[word] = (form, weight, NameKind(kind).source)
        return found


@cache
def _same_letter() -> Mapping[str, str]:
    """Folded letter -> all letters that fold to it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for block in _LETTERS:
        for code in block:
            found[fold_char(chr(code))].append(chr(code))
    return {letter: "".join(same) for letter, same in found.items()}


def _letter_class(char: str) -> str:
    """A pattern for whatever folds to a character."""
    if not char.isalnum():
        return r"[\W_]" if char in " -'" else re.escape(char)
    others = _same_letter().get(char, "")
    return f"[{char}{others}]" if others not in {"", char} else char


def widely_read(languages: str) -> bool:
    """Whether one of these languages, written `en, fr`, is widely read."""
    return not WIDELY_READ.isdisjoint(languages.split(", "))


def one_edit_apart(one: str, other: str) -> bool:
    """Whether one letter added, left out or changed makes one word of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[same:], other[same:]
    return rest[1:] == others[1:] or rest == others[1:] or rest[1:] == others


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    """The rows of a list: what stands before the first tab, and the rest."""
    for line in text.splitlines():
        key, _, rest = line.partition("\t")
        yield key, rest
