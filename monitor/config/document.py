"""A YAML text as a tree in which every value knows its place in the file.

Built from the events of PyYAML's pure loader with a stack of its own: nothing here recurses, and nothing is
constructed, so a hostile file costs no more than its size. Duplicate keys, anchors, aliases, tags, keys that are no
text, nesting over 20, files over 1 MB, other encodings than UTF-8 and control characters are faults. What a value is
*meant* to be is not known here; a plain `NO`, `12:30` or `2024-01-01` keeps its spelling, so that whoever wanted text
can say "quote it".
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from monitor.config.secrecy import hides_itself, secret_lines_of_text, secretive
from monitor.errors import Fault

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_COMPLAINTS = 200

_LINE_END = re.compile(r"\r\n|\n|\r")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_YES = frozenset({"yes", "true", "on"})


@dataclass(frozen=True, slots=True)
class Odd:
    """A plain value that YAML takes for something that no key of ours wants: a date, `12:30`, `0x1F`, `.inf`."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value. `start` and `end` are offsets in characters into the file's text."""

    value: str | int | float | bool | Odd | None
    text: str
    """As it was written, after quotes, folding and escapes."""
    start: int = 0
    end: int = 0
    style: str = ""
    """`"`, `'`, `|`, `>`, or empty for a plain one."""
    broken: bool = False
    """A fault was reported for it already; nothing more shall be said."""
    origin: str | None = None
    """The environment variable it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Keys and values, in the order of the file."""

    entries: dict[str, tuple[Scalar, "Node"]]
    start: int = 0
    end: int = 0

    def get(self, key: str) -> "Node | None":
        """The value of a key."""
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def key(self, key: str) -> Scalar | None:
        """The key itself, for its place."""
        entry = self.entries.get(key)
        return entry[0] if entry else None


Node = Scalar | Sequence | Mapping


def plain(node: Node | None) -> object:
    """The tree as strings, numbers, tuples and dicts, for the models. A value that is missing is `Odd`."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return tuple(plain(item) for item in node.items)
    if node is None or node.value is None:  # a key without a value is a mistake that no model shall pass over
        return Odd("nothing")
    return node.value


@dataclass
class Document:
    """A file that was read: its tree, and the faults of its form."""

    file: Path
    text: str = ""
    root: Node | None = None
    """None when the file is empty or cannot be read as YAML; see `faults`."""
    faults: list[Fault] = field(default_factory=list)
    misshapen: bool = False
    """Parts of the text are missing from the tree (a doubled key, say): it alone cannot say where secrets stand."""

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of an offset, both 1-based."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """A line of the file, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    @cached_property
    def hidden(self) -> frozenset[int]:
        """The lines that are not shown, since a secret may stand there."""
        lines = set(secret_lines_of_text(self.text)) if self.root is None or self.misshapen else set()
        for start, end in _secret_ranges(self.root, ()) if self.root else ():
            lines.update(range(self.place(start)[0], self.place(max(start, end - 1))[0] + 1))
        return frozenset(lines)

    def fault_at(self, index: int, message: str, rule: str | None = None) -> Fault:
        """A fault at an offset of this file, with the line unless it may hold a secret."""
        line, column = self.place(index)
        source = self.line(line)
        shown = None if line in self.hidden or hides_itself(source) else source
        return Fault(message=message, file=self.file, line=line, column=column, source=shown, rule=rule)

    def fault(self, node: Node | None, message: str, rule: str | None = None) -> Fault:
        """A fault at a value; of a value from the environment, its variable is the place."""
        if isinstance(node, Scalar) and node.origin:
            return Fault(message=f"{node.origin}: {message}")
        return self.fault_at(node.start if node else 0, message, rule)


def _secret_ranges(node: Node, path: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where in the text the keys stand whose values may be secrets."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _secret_ranges(item, path)
    elif isinstance(node, Mapping):
        for key, (where, value) in node.entries.items():
            if secretive((*path, key)) and not where.origin:
                yield where.start, value.end
            yield from _secret_ranges(value, (*path, key))


def read_document(file: Path) -> Document:
    """Read one YAML file. Never raises for what stands in it or for a file that cannot be read: see `faults`."""
    text = read_text(file)
    return Document(file, faults=[text]) if isinstance(text, Fault) else parse_document(text, file)


def read_text(file: Path) -> str | Fault:
    """The text of a file, or why it cannot be one of ours."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Fault(message=f"cannot be read: {error.strerror or error}", file=file)
    if len(raw) > MAX_BYTES:
        return Fault(message="is larger than 1 MB; split it into several files", file=file)
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return Fault(message="is not UTF-8 text; save it as UTF-8", file=file, line=line)


def parse_document(text: str, file: Path) -> Document:
    """The same for a text that is in hand; `file` is only the name in faults."""
    document = Document(file, text)
    complaints: list[tuple[int, str]] = []
    try:
        document.root = _Composer(document, complaints).compose()
    except yaml.reader.ReaderError as error:
        index = error.position if isinstance(error.position, int) else 0
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
        document.faults.append(document.fault_at(index, f"the character U+{code:04X} is not allowed in YAML"))
    except yaml.MarkedYAMLError as error:
        document.faults.append(_syntax_fault(document, error))
    except _StoppedError as stop:
        complaints.append((stop.index, str(stop)))
    document.misshapen = bool(complaints)
    document.faults[:0] = [document.fault_at(index, message) for index, message in complaints]
    return document


_ADVICE = {
    "mapping values are not allowed here": "a value with ': ' in it must be quoted, or the indentation is wrong",
    "found character '\\t' that cannot start any token": "a tab stands where YAML wants spaces",
    "could not find expected ':'": "a key without ':' after it, or a line that is indented wrongly",
    "found unexpected end of stream": "the quote that opens here is never closed",
}


def _syntax_fault(document: Document, error: yaml.MarkedYAMLError) -> Fault:
    """PyYAML's complaint as a sentence, at the place where a person will look for it."""
    problem = error.problem or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if "end of stream" in problem and error.context_mark:
        mark = error.context_mark
    index = min(mark.index if mark else 0, len(document.text))
    if document.place(index)[0] in document.hidden:
        problem = re.sub(r"'.*'", "…", problem, flags=re.DOTALL)
    advice = _ADVICE.get(problem)
    return document.fault_at(index, f"this is no valid YAML: {advice or problem}")


class _StoppedError(Exception):
    """The rest is not read; the text says why."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


@dataclass(slots=True)
class _Open:
    """A list or mapping that is not closed yet."""

    start: int
    is_mapping: bool
    items: list["Node"] = field(default_factory=list)
    entries: dict[str, tuple[Scalar, "Node"]] = field(default_factory=dict)
    key: Scalar | None = None
    keyed: bool = False


def _index(mark: Any) -> int:
    """The offset of a mark of PyYAML, which has one wherever it read from a text."""
    return int(mark.index)


class _Composer:
    """Events to nodes, with an explicit stack."""

    def __init__(self, document: Document, complaints: list[tuple[int, str]]) -> None:
        self._document = document
        self._complaints = complaints
        self._loader: Any = yaml.SafeLoader(document.text)  # its event methods have no types
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0

    def compose(self) -> Node | None:
        """The root; what is wrong but does not stop the reading goes to the complaints."""
        while self._loader.check_event():
            self._take(self._loader.get_event())
        return self._root

    def _complain(self, index: int, message: str) -> None:
        if len(self._complaints) == MAX_COMPLAINTS:
            raise _StoppedError(index, "here and below are more mistakes; mend those above first")
        self._complaints.append((index, message))

    def _take(self, event: yaml.Event) -> None:
        start = _index(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents == 2:  # noqa: PLR2004 - a second one
                self._complain(start, "only one YAML document may stand in a file")
        elif isinstance(event, yaml.AliasEvent):
            self._complain(start, "aliases (*name) are not taken; write the value out, or quote it if it is text")
            self._add(Scalar(value=None, text="", start=start, end=_index(event.end_mark), broken=True))
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_decoration(event)
            if isinstance(event, yaml.ScalarEvent):
                self._add(self._scalar(event))
            else:
                self._open(_Open(start, isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(_index(event.end_mark))

    def _refuse_decoration(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            self._complain(_index(event.start_mark), "anchors (&name) are not taken; quote the value if it is text")
        if getattr(event, "tag", None) is not None:
            self._complain(_index(event.start_mark), "tags (!name) are not taken; quote the value if it is text")

    def _open(self, opened: _Open) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise _StoppedError(opened.start, f"is nested deeper than {MAX_DEPTH} levels")
        self._stack.append(opened)

    def _close(self, end: int) -> None:
        closed = self._stack.pop()
        node: Node
        if closed.is_mapping:
            node = Mapping(entries=closed.entries, start=closed.start, end=end)
        else:
            node = Sequence(items=tuple(closed.items), start=closed.start, end=end)
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self._stack:
            self._root = node if self._documents == 1 else self._root
            return
        top = self._stack[-1]
        if not top.is_mapping:
            top.items.append(node)
        elif not top.keyed:
            top.key, top.keyed = self._key(node, top), True
        else:
            if top.key is not None:
                top.entries[str(top.key.value)] = (top.key, node)
            top.key, top.keyed = None, False

    def _key(self, node: Node, top: _Open) -> Scalar | None:
        """The node as a key; None, with a fault, when it cannot be one."""
        if not isinstance(node, Scalar):
            self._complain(node.start, "a key must be text, not a list or mapping")
            return None
        if node.broken:
            return None
        if not isinstance(node.value, str):
            self._complain(node.start, f"a key must be text; quote it: {quoted(node.text)}")
            return None
        if node.text == "<<" and not node.style:
            self._complain(node.start, "merge keys (<<) are not taken; write the keys out")
            return None
        if node.value in top.entries:
            line = self._document.place(top.entries[node.value][0].start)[0]
            self._complain(node.start, f"the key {quoted(node.value)} stands in line {line} already")
            return None
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        style = event.style or ""
        text = str(event.value)
        value = text if style or event.tag is not None else plain_value(text)
        return Scalar(value=value, text=text, start=_index(event.start_mark), end=_index(event.end_mark), style=style)


_RESOLVER: Any = yaml.resolver.Resolver()  # its methods have no types


@lru_cache(maxsize=4096)
def plain_value(text: str) -> str | int | float | bool | Odd | None:
    """What a plain value means: text, unless YAML 1.1 takes it for something else."""
    return _typed(str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False))).rpartition(":")[2], text)


def _typed(tag: str, text: str) -> str | int | float | bool | Odd | None:
    """A plain value by the tag that YAML 1.1 gives it; only the spellings that everyone reads alike."""
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in _YES
    if tag == "int":
        return int(text) if _WHOLE.fullmatch(text) else Odd("a number")
    if tag == "float":
        return float(text) if _DECIMAL.fullmatch(text) else Odd("a number")
    if tag == "timestamp":
        return Odd("a date")
    return text


def quoted(text: str, limit: int = 80) -> str:
    """A value as it would stand in YAML between double quotes, cut and on one line."""
    shown = text if len(text) <= limit else f"{text[:limit]}…"
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'
