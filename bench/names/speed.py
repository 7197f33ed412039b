"""How long the forms of a name or of a word of a query take to make, and how many they are: this falls once on each rule."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from bench.names.corpora import ROOT
from monitor.matching.names import inflections, variants

TEXTS = ("rules", "docs", "seeds")
KINDS = {
    "Latin": re.compile("[A-Za-z]{4,}"),
    "Cyrillic": re.compile("[А-яЁёІіЇїЄє]{4,}"),
    "Arabic": re.compile("[ء-ي]{4,}"),
}


def rows() -> list[str]:
    """The section of the report: words of the project's own texts, each for the first time."""
    text = "\n".join(file.read_text("utf-8") for folder in TEXTS for file in _files(ROOT / folder))
    told = [
        "### Making forms, each distinct word once",
        "",
        "| words | of them | a word of a query, µs | forms | a name, µs | forms |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for kind, pattern in KINDS.items():
        words = sorted(set(pattern.findall(text)))
        query, forms = _time(words, lambda word: len(inflections(word.lower())))
        name, shapes = _time(words, lambda word: sum(len(one.forms) for one in variants(word.title())[0].words))
        told.append(f"| {kind} | {len(words):,} | {query:.0f} | {forms:.0f} | {name:.0f} | {shapes:.0f} |")
    return told


def _files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*")) if file.suffix in {".yaml", ".md", ".txt"}]


def _time(words: list[str], make: Callable[[str], int]) -> tuple[float, float]:
    """Microseconds and forms a word. Nothing is remembered of a word that was not met before."""
    begun = time.process_time()
    made = sum(map(make, words))
    return 1e6 * (time.process_time() - begun) / len(words), made / len(words)
