"""The query: what a rule's boolean expression is once it is read, and how it is written again.

    Word Wildcard Phrase Entity Regex        leaves: they occur at places
    Or Near Field AtLeast First Lead Named   groups: occurrences of their parts, joined, filtered or counted
    And Not                                  conditions on the whole article

`parse_query(print_query(q)) == q` holds for every query. The language is in docs/rules.md.
"""

from dataclasses import dataclass
from enum import StrEnum

TEXT_FIELDS = ("title", "body")
"""Where a word is looked for unless a field says otherwise."""
WORD_FIELDS = ("title", "body", "author", "url", "category")
"""Fields that hold words."""
VALUE_FIELDS = ("feed", "outlet", "lang", "script")
"""Fields that hold one value, which is compared whole."""


class Join(StrEnum):
    """How the two sides of a `Near` stand to each other."""

    NEAR = "NEAR"
    ONEAR = "ONEAR"
    NOTNEAR = "NOTNEAR"
    SENTENCE = "SENTENCE"
    PARAGRAPH = "PARAGRAPH"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or several that one piece of text folds to (`al-Sharaa`); with `exact`, this very form."""

    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A word with `*` or `?`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side; `*` alone stands for any one word."""

    words: tuple[str, ...]
    slop: int | None = None
    """Within so many words, in any order."""
    quorum: int | None = None
    """At least so many of them, anywhere."""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """All names of another rule, with its guards."""

    rule: str


@dataclass(frozen=True, slots=True)
class Regex:
    """An RE2 pattern on the text as it is."""

    pattern: str


@dataclass(frozen=True, slots=True)
class And:
    """All parts."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Any part."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Absent."""

    part: "Query"


@dataclass(frozen=True, slots=True)
class Near:
    """Two operands by their distance, order, sentence or paragraph."""

    left: "Query"
    right: "Query"
    join: Join
    words: int = 0
    """At most so many words between; 0 and unused for sentence and paragraph."""


@dataclass(frozen=True, slots=True)
class Field:
    """A part that counts in one field only."""

    field: str
    part: "Query"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many occurrences or more."""

    count: int
    part: "Query"


@dataclass(frozen=True, slots=True)
class First:
    """Within the first words of its field."""

    words: int
    part: "Query"


@dataclass(frozen=True, slots=True)
class Lead:
    """In the title or the first paragraph."""

    part: "Query"


@dataclass(frozen=True, slots=True)
class Named:
    """A clause with a name, which alerts show."""

    name: str
    part: "Query"


Leaf = Word | Wildcard | Phrase | Entity | Regex
Unary = Not | Field | AtLeast | First | Lead | Named
Query = Leaf | Unary | And | Or | Near

_OR, _AND, _NEAR, _UNARY = range(4)


def print_query(query: Query) -> str:
    """The query as its author could have written it."""
    return _print(query, _OR)


def _print(query: Query, level: int) -> str:
    """Written so that it can stand where an expression of this level may stand."""
    match query:
        case Or(parts):
            text, own = " OR ".join(_print(part, _AND) for part in parts), _OR
        case And(parts):
            text, own = " AND ".join(_print(part, _NEAR) for part in parts), _AND
        case Near(left, right, join, words):
            name = join.value if join in {Join.SENTENCE, Join.PARAGRAPH} else f"{join.value}/{words}"
            text, own = f"{_print(left, _NEAR)} {name} {_print(right, _UNARY)}", _NEAR
        case _:
            return _print_unary(query)
    return text if own >= level else f"({text})"


def _print_unary(query: Leaf | Unary) -> str:
    match query:
        case Not(part):
            return f"NOT {_print(part, _UNARY)}"
        case Field(field, part):
            return f"{field}:{_print(part, _UNARY)}"
        case AtLeast(count, part):
            return f"ATLEAST/{count} {_print(part, _UNARY)}"
        case First(words, part):
            return f"FIRST/{words} {_print(part, _UNARY)}"
        case Lead(part):
            return f"LEAD {_print(part, _UNARY)}"
        case Named(name, part):
            return f"#{name}({_print(part, _OR)})"
        case _:
            return _print_leaf(query)


def _print_leaf(query: Leaf) -> str:
    match query:
        case Word(text, exact):
            return f"={text}" if exact else text
        case Wildcard(pattern):
            return pattern
        case Phrase(words, slop, quorum, exact):
            tail = f"~{slop}" if slop is not None else f"/{quorum}" if quorum is not None else ""
            return f'{"=" if exact else ""}"{" ".join(words)}"{tail}'
        case Entity(rule):
            return f"entity:{rule}"
        case _:
            return "/" + query.pattern.replace("/", "\\/") + "/"


def occurs(query: Query) -> str | None:
    """None if a query occurs at places, so that it may stand beside NEAR; else the operator that hinders it."""
    match query:
        case And():
            return "AND"
        case Not():
            return "NOT"
        case Field(field, _) if field in VALUE_FIELDS:
            return f"{field}:"
        case Or(parts):
            return next((found for part in parts if (found := occurs(part)) is not None), None)
        case Near(left, right):
            return occurs(left) or occurs(right)
        case Field(_, part) | AtLeast(_, part) | First(_, part) | Lead(part) | Named(_, part):
            return occurs(part)
        case _:
            return None


def positive(query: Query) -> bool:
    """Whether anything must be present for a query to hold."""
    match query:
        case Not():
            return False
        case And(parts):
            return any(positive(part) for part in parts)
        case Or(parts):
            return all(positive(part) for part in parts)
        case Field(_, part) | AtLeast(_, part) | First(_, part) | Lead(part) | Named(_, part):
            return positive(part)
        case _:
            return True


def parts_of(query: Query) -> "tuple[Query, ...]":
    """The operands of a query; none of a leaf."""
    match query:
        case And(parts) | Or(parts):
            return parts
        case Near(left, right):
            return (left, right)
        case Not(part) | Field(_, part) | AtLeast(_, part) | First(_, part) | Lead(part) | Named(_, part):
            return (part,)
        case _:
            return ()


def height(query: Query) -> int:
    """How many levels a query has. Needs no stack of its own, for it guards the stack."""
    levels, level = 0, [query]
    while level:
        levels += 1
        level = [part for one in level for part in parts_of(one)]
    return levels


def only_words(query: Query) -> bool:
    """Whether a query is made of words, phrases and ORs of them."""
    if isinstance(query, Or):
        return all(only_words(part) for part in query.parts)
    return isinstance(query, Word) or (isinstance(query, Phrase) and query.slop is None and query.quorum is None)
