"""Reads the shipped lists that stories are grouped with: common words by language, and the places that news names."""

from importlib.resources import files
from lzma import decompress

from monitor.matching.known_names import lines_of
from monitor.stories import Lexicon


def lexicon() -> Lexicon:
    """The lists; 0.3 s and some 20 MB. Each caller gets one of its own, which remembers words."""
    return Lexicon(dict(lines_of(_text("common.xz"))), _text("stories.xz"))


def _text(name: str) -> str:
    return decompress((files("monitor.config") / "lists" / name).read_bytes()).decode()
