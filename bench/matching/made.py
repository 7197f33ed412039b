"""A made rule: clauses of phrases, and how it is written as a rule of the product.

Generated rules have one shape: every clause of `all_of` must occur, none of `none_of`, and the sides of `near` close to
each other. Rivals are told that shape, for it is kinder to them than a tree would be.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.model import Rule, RuleKind

_SPECIAL = re.compile(r'["*?]')
"""What means something inside a quoted phrase of the query language; none of it is part of a word."""
_FILE_BYTES = 800_000  # rule files of a megabyte and more are refused


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side, in the title or anywhere."""

    text: str
    title: bool = False


Clause = tuple[Phrase, ...]
"""Any of these phrases: all of them in the title, or all of them anywhere."""


@dataclass(frozen=True, slots=True)
class Near:
    """One of `left` and one of `right` in one field, in either order, with at most `words` words between."""

    words: int
    left: Clause
    right: Clause


@dataclass(frozen=True, slots=True)
class Made:
    """A made rule."""

    id: str
    all_of: tuple[Clause, ...] = ()
    none_of: Clause = ()
    near: Near | None = None

    def __post_init__(self) -> None:
        for clause in (*self.required, self.none_of):
            if len({phrase.title for phrase in clause}) > 1:
                raise ValueError(f"{self.id} mixes phrases of the title with others in one clause")

    @property
    def required(self) -> tuple[Clause, ...]:
        """Clauses of which one phrase each must occur: those of `near` too."""
        return (*self.all_of, self.near.left, self.near.right) if self.near else self.all_of

    @property
    def phrases(self) -> Iterator[Phrase]:
        """Every phrase of the rule."""
        for clause in (*self.required, self.none_of):
            yield from clause


def _clause(tree: dict) -> Clause:
    parts = tree["args"] if tree["op"] == "or" else [tree]
    if any(part["op"] != "phrase" for part in parts):
        raise ValueError(f"expected a phrase or an OR of phrases, got {tree}")
    return tuple(Phrase(part["text"], part["field"] == "title") for part in parts)


def from_tree(record: dict) -> Made:
    """A rule of the generator. Raises ValueError for a tree of another shape."""
    query = record["q"]
    all_of: list[Clause] = []
    none_of: list[Phrase] = []
    near = None
    for part in query["args"] if query["op"] == "and" else [query]:
        if part["op"] == "not":
            none_of += _clause(part["arg"])
        elif part["op"] == "near":
            if near is not None:
                raise ValueError(f"expected at most one near in {record['id']}")
            near = Near(part["dist"], _clause(part["a"]), _clause(part["b"]))
        else:
            all_of.append(_clause(part))
    return Made(record["id"], tuple(all_of), tuple(none_of), near)


def _written(clause: Clause) -> str:
    parts = [f'{"title:" * one.title}"{_SPECIAL.sub(" ", one.text)}"' for one in clause]
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def as_query(made: Made) -> str:
    """The rule in the query language."""
    parts = [_written(clause) for clause in made.all_of]
    if made.near:
        parts.insert(0, f"{_written(made.near.left)} NEAR/{made.near.words} {_written(made.near.right)}")
    if made.none_of:
        parts.append(f"NOT {_written(made.none_of)}")
    return " AND ".join(parts)


def as_rule(made: Made) -> Rule:
    """The rule as the product's own kind: exact, for the generator knows no endings."""
    return Rule(id=made.id, kind=RuleKind.TOPIC, title=made.id, exact=True, query=as_query(made), version=made.id)


def write_yaml(rules: Iterable[Made], folder: Path) -> None:
    """The rules as files that `--rules` reads, each under a megabyte."""
    lines: list[str] = []
    size, number = 0, 0
    for made in rules:
        query = json.dumps(as_query(made), ensure_ascii=False)
        text = f"  - id: {made.id}\n    kind: topic\n    title: {made.id}\n    exact: true\n    query: {query}\n"
        size += len(text.encode())
        if size > _FILE_BYTES:
            _write(folder, number, lines)
            lines, size, number = [], len(text.encode()), number + 1
        lines.append(text)
    _write(folder, number, lines)


def _write(folder: Path, number: int, lines: list[str]) -> None:
    (folder / f"rules-{number:04}.yaml").write_text("rules:\n" + "".join(lines), "utf-8")
