"""Rule files of the plainest shape, read line by line: what most people and programs write. Twice as fast as libyaml.

    rules:
      - id: khmeimim
        names: [Khmeimim, "Хмеймим"]
        labels: {desk: mena}
        aliases:
          - Hmeimim

Nothing is guessed: a line that is not wholly of one of these forms ends the attempt, and `plain_yaml` reads the file with
a parser of all YAML. A property test holds the values to those of the precise reader. Every pattern here is linear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from monitor.config.document import plain_value

TYPED_FIRST: Final = frozenset({"", *yaml.SafeLoader.yaml_implicit_resolvers})
"""What plain values begin with that may be something else than text."""

_LETTER = r"[^\W\d_]"
_PLAIN = rf"{_LETTER}(?:[^:#]|:(?=\S)|(?<=\S)#)*"
"""A value to the end of its line: no blank behind a colon, none before a hash."""
_QUOTED = r"'((?:[^']|'')*)'|\"([^\"\\]*)\""
_SCALAR = rf"(?:({_PLAIN})|{_QUOTED})"
_LINE = re.compile(
    rf"( *)(?:(- )?([a-z_]{{1,99}}):(?: +(?:{_SCALAR}|\[([^\[\]{{}}]*)\]|\{{([^\[\]{{}}]*)\}}))?|- +{_SCALAR})"
)
_IN_PLAIN, _IN_SINGLE, _IN_DOUBLE, _IN_LIST, _IN_MAPPING = range(4, 9)
_IN_ENTRY = 9
"""The groups of `_LINE` from which values are taken; the last and the two behind it are the scalars of an entry."""
_BRACKETED = rf"{_LETTER}[^,:#?&*!|>'\"%@`\[\]{{}}]*"
_ITEM = re.compile(rf" *(?:({_BRACKETED})|(?:{_QUOTED}) *)(?:,|\Z)")
_PAIR = re.compile(rf" *([a-z_]{{1,99}}): +(?:({_BRACKETED})|(?:{_QUOTED}) *)(?:,|\Z)")


class UnusualError(Exception):
    """A slower reader shall look at the file."""


@dataclass(frozen=True, slots=True)
class PlainFile:
    """What a text says."""

    value: dict[str, object]
    """As `document.plain` gives it: strings, numbers, tuples, dicts."""
    lines: tuple[int, ...]
    """The line, 1-based, in which each mapping begins that is an entry of a list below a key of the file."""


def read_lines(text: str) -> PlainFile | None:
    """What the text says, or None when it has another shape. It must have no tabs, controls or odd line ends."""
    if "\r" in text:
        return None
    numbered = enumerate(text.split("\n"), 1)
    try:
        for _, line in numbered:
            if line == "rules:":
                return _Rules().read(numbered)
            if not _says_nothing(line):
                return None
    except UnusualError:
        return None
    return None


def _says_nothing(line: str) -> bool:
    """Whether it is blank or a comment."""
    return line.lstrip(" ")[:1] in {"", "#"}


class _Rules:
    """The entries below `rules:`, as far as they were read."""

    __slots__ = ("_entry", "_found", "_indent", "_inner", "_items", "_lines", "_open")

    def __init__(self) -> None:
        self._found: list[dict[str, object]] = []
        self._lines: list[int] = []
        self._entry: dict[str, object] = {}
        self._indent = self._inner = ""
        """What stands before the hyphen of a rule, and before its other keys."""
        self._open: str | None = None
        """A key whose value is a list on the lines below it."""
        self._items: tuple[str, list[object]] = ("", [])
        """That list, with what stands before each hyphen."""

    def read(self, numbered: Iterator[tuple[int, str]]) -> PlainFile:
        """All of them. Raises UnusualError."""
        match = _LINE.fullmatch
        for number, line in numbered:
            found = match(line.rstrip(" "))
            if found is None:
                if not _says_nothing(line):
                    raise UnusualError
            elif found[3] is None:
                self._add_item(found)
            else:
                if self._open is not None:
                    self._close()
                if found[2]:
                    self._begin(found[1], number)
                elif found[1] != self._inner or not self._found:
                    raise UnusualError
                self._add_key(found[3], found)
        self._close()
        if not self._found:
            raise UnusualError
        return PlainFile({"rules": tuple(self._found)}, tuple(self._lines))

    def _begin(self, indent: str, number: int) -> None:
        if not self._found:
            self._indent, self._inner = indent, f"{indent}  "
        elif indent != self._indent:
            raise UnusualError
        self._entry = {}
        self._found.append(self._entry)
        self._lines.append(number)

    def _add_key(self, key: str, found: "re.Match[str]") -> None:
        if key in self._entry or not _is_text(key):
            raise UnusualError
        group = found.lastindex or 0
        if group == _IN_LIST:
            self._entry[key] = tuple(_items(found[group]))
        elif group == _IN_MAPPING:
            self._entry[key] = dict(_pairs(found[group]))
        elif group >= _IN_PLAIN:
            self._entry[key] = _scalar(found[group], group - _IN_PLAIN)
        else:
            self._open, self._items = key, ("", [])

    def _add_item(self, found: "re.Match[str]") -> None:
        """An entry of the open list. All stand alike, at least as far in as their key."""
        indent, items = self._items
        if self._open is None or (items and found[1] != indent) or len(found[1]) < len(self._inner):
            raise UnusualError
        group = found.lastindex or 0
        items.append(_scalar(found[group], group - _IN_ENTRY))
        self._items = found[1], items

    def _close(self) -> None:
        """The open list is whole. A key with nothing below it is a mistake."""
        if self._open is not None:
            if not self._items[1]:
                raise UnusualError
            self._entry[self._open] = tuple(self._items[1])
            self._open = None


def typed(text: str) -> object:
    """What a plain value means. Raises UnusualError for nothing."""
    value = plain_value(text) if text[:1] in TYPED_FIRST else text
    if value is None:
        raise UnusualError
    return value


def _is_text(key: str) -> bool:
    return key[0] not in TYPED_FIRST or type(plain_value(key)) is str


def _scalar(text: str, style: int) -> object:
    """A value that is plain (0), or stood in single (1) or double quotes (2)."""
    if style == 0:
        return typed(text)
    return text.replace("''", "'") if style == 1 else text


def _items(inner: str) -> Iterator[object]:
    """What stands between brackets."""
    for found in _parts(_ITEM, inner):
        group = found.lastindex or 0
        yield _scalar(found[group].rstrip(" ") if group == 1 else found[group], group - 1)


def _pairs(inner: str) -> Iterator[tuple[str, object]]:
    """What stands between braces."""
    known: set[str] = set()
    for found in _parts(_PAIR, inner):
        key, group = found[1], found.lastindex or 0
        if key in known or not _is_text(key):
            raise UnusualError
        known.add(key)
        yield key, _scalar(found[group].rstrip(" ") if group == 2 else found[group], group - 2)  # noqa: PLR2004


def _parts(pattern: "re.Pattern[str]", inner: str) -> Iterator["re.Match[str]"]:
    """The parts between commas, at least one, none empty. Raises UnusualError."""
    at, end, match = 0, len(inner), pattern.match
    while at < end:
        found: Any = match(inner, at)
        if found is None:
            raise UnusualError
        yield found
        at = found.end()
    if inner[-1:] in {"", ","}:
        raise UnusualError
