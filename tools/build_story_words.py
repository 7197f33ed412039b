"""Builds `monitor/config/lists/stories.xz`: the countries, large places and people that news name, for grouping stories.

    .venv/bin/python tools/build_story_words.py

It selects from `names.xz`, which `build_names.py` made; sources and licences stand in NOTICE. A line is one entity: its
number, in how many of a hundred thousand articles it is expected, and its folded forms of one word (in scripts without
spaces: of two characters or more). The shares are round guesses from the size of a place; what is read soon outweighs them.
In place of a number, first names and surnames in Arabic and Hebrew script have how they sound, with a tilde in front.
"""

import lzma
from collections.abc import Iterator
from pathlib import Path

from monitor.matching.names import sound_key
from monitor.stories.stems import bare
from monitor.text.fold import fold
from monitor.text.tokens import tokenise

LISTS = Path(__file__).parents[1] / "monitor" / "config" / "lists"
UNSPACED = frozenset(["Hani", "Jpan", "Thai"])
PLACES_FROM = 200_000
LARGE = 1_000_000
SHORTEST = {"Latn": 4, "Cyrl": 4, "Grek": 4}
SHORT = 3
_LANGUAGES = "ar de en es fa fr he hi it ja ko pl pt ru sv tr uk zh el nl cs hu ro da fi nb bg sr"
LANGUAGES = frozenset(_LANGUAGES.split())
BY_HAND = (  # short forms that the sources do not have
    ("US", "usa us сша أمريكا امريكا америка america"),
    ("GB", "uk britain британия великобритания بريطانيا"),
    ("EU", "eu ес єс"),
    ("UN", "un оон onu"),
    ("AE", "uae оаэ الإمارات"),
    ("RU", "рф"),
)


def rows() -> Iterator[tuple[str, int, list[str]]]:
    """Each entity: a name of its own, its share, its forms."""
    by_hand = {code: fold(forms).split() for code, forms in BY_HAND}
    for line in lzma.decompress((LISTS / "names.xz").read_bytes()).decode().splitlines():
        kind, note, *columns = line.split("\t")
        if kind == "n":
            yield from _name(columns)
            continue
        people = int(note.rpartition(" ")[2]) if kind == "p" else 0
        if (kind == "p" and people < PLACES_FROM) or (kind == "l" and note not in LANGUAGES):
            continue
        share = 2000 if kind in "cl" else 400 if people >= LARGE else 100
        yield kind + note, share, [*_forms(columns), *(by_hand.pop(note, []) if kind == "c" else [])]
    for code, forms in by_hand.items():
        yield "c" + code, 2000, forms


def _name(columns: list[str]) -> Iterator[tuple[str, int, list[str]]]:
    """A first name or surname by how it sounds in Latin letters, with its forms where letters have no capitals."""
    written = dict(column.split("=", 1) for column in columns)
    latin = written.get("Latn", "").split("|")[0]
    key = (sound_key(bare(fold(latin))) or "") if latin.isalpha() else ""
    forms = [
        fold(form) for script in ("Arab", "Hebr") for form in written.get(script, "").split("|") if form[:1] != "~"
    ]
    kept = [form for form in forms if len(form) > SHORT and len(tokenise(form)) == 1]
    if key and kept:
        yield "~" + key, 0, kept


def _forms(columns: list[str]) -> Iterator[str]:
    for column in columns:
        script, _, forms = column.partition("=")
        for form in forms.split("|"):
            tokens = tokenise(form).folded
            word = fold(form)
            if form.startswith("~") or len(word) < SHORTEST.get(script, SHORT - (script in UNSPACED)):
                continue
            if len(tokens) == 1 or (script in UNSPACED and len(tokens) == len(word)):
                yield word


def main() -> None:
    """Write the list; the same for the same `names.xz`."""
    taken: dict[str, int] = {}
    found = sorted(rows(), key=lambda row: -row[1])
    lines = []
    for number, (name, share, forms) in enumerate(found):
        kept = [form for form in dict.fromkeys(forms) if taken.setdefault(form, number) == number]
        if kept:
            lines.append(f"{name if name[0] == '~' else number}\t{share}\t{'|'.join(kept)}\n")
    data = "".join(lines).encode()
    (LISTS / "stories.xz").write_bytes(lzma.compress(data, preset=9))
    print(f"{len(lines)} entities, {len(taken)} forms, {len(data)} bytes")


if __name__ == "__main__":
    main()
