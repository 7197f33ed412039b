"""Reading a query: a lexer by one pattern, and recursive descent with the precedences of docs/rules.md.

Tightest first: field prefix and the unary forms; the NEAR family, one level, left to right; AND, written or by standing
side by side; OR. Every error says what was expected and where. Nesting is bounded, so that no text exhausts the stack.
"""

import re
from typing import NamedTuple

import re2

from monitor.errors import RuleError
from monitor.matching.query import (
    VALUE_FIELDS,
    WORD_FIELDS,
    And,
    AtLeast,
    Entity,
    Field,
    First,
    Join,
    Lead,
    Named,
    Near,
    Not,
    Or,
    Phrase,
    Query,
    Regex,
    Wildcard,
    Word,
    height,
    occurs,
    only_words,
    positive,
)
from monitor.text.tokens import cut_word

MAX_NESTING = 100
MAX_HEIGHT = 200
"""Of the tree that a query becomes: nesting, and chains of NEAR, which lean to the left."""
MAX_DISTANCE = 10_000
_MISTYPED = re.compile(r"(?P<name>NEAR|ONEAR|NOTNEAR|ATLEAST|FIRST)/.*", re.IGNORECASE | re.DOTALL)
_FIELDS = "|".join((*WORD_FIELDS, *VALUE_FIELDS))
_FUZZY = re.compile(r"\w~[0-9]*$")
_TYPOGRAPHIC = re.compile("[“”„«»]")
_PREFIXES = (*WORD_FIELDS, *VALUE_FIELDS, "entity")
_REGEX_MEMORY = 8 << 20
_LETTERS_BESIDE_STAR = 2
_LONGEST_MESSAGE = 280

_LEXEME = re.compile(
    rf"""
    \s*(?:
    (?P<phrase>"(?P<inside>[^"]*)"(?:~(?P<slop>[0-9]{{1,9}}(?!\w))|/(?P<quorum>[0-9]{{1,9}}(?!\w)))?)
  | (?P<open_quote>")
  | (?P<regex>/(?P<pattern>(?:\\.|[^/\\])+)/)
  | (?P<named>\#(?P<name>[\w-]+)\()
  | (?P<field>(?P<field_name>{_FIELDS}):(?=\S))
  | (?P<entity>entity:(?P<rule>[\w.-]+))
  | (?P<counted>(?P<operator>NEAR|ONEAR|NOTNEAR|ATLEAST|FIRST)(?:/(?P<number>[0-9]{{1,9}}))?(?=[\s()"]|$))
  | (?P<keyword>(?:AND|OR|NOT|SENTENCE|PARAGRAPH|LEAD)(?=[\s()"]|$))
  | (?P<mark>[()&|=]|-(?<![^\s(|&]-)(?=\S))
  | (?P<word>[^\s()"&|]+)
    )
    """,
    re.VERBOSE,
)


class Lexeme(NamedTuple):
    """A piece of the query."""

    kind: str
    at: int
    match: re.Match[str]
    text: str
    """As written."""
    sign: str
    """The same for operators and parentheses, else empty."""


def parse_query(text: str) -> Query:
    """Read a query. Raises RuleError with the offset of the fault and what was expected there."""
    query = _Parser(text).whole()
    if not positive(query):
        raise RuleError("a query of negatives alone would match nearly everything; add what must be present", offset=0)
    return query


def parse_leaf(text: str) -> Query:
    """Read one weighted word of a score: anything that occurs at places. Raises RuleError."""
    query = parse_query(text)
    hindrance = occurs(query)
    if hindrance is not None:
        raise RuleError(f"{hindrance} has no occurrences to count here", offset=0)
    return query


def _lex(text: str) -> list[Lexeme]:
    """The pieces of a query, blanks left out. Every character begins some piece, so nothing is skipped."""
    found: list[Lexeme] = []
    for match in _LEXEME.finditer(text):
        kind = match.lastgroup or ""  # the group that closed last: the outermost
        if kind == "open_quote":
            raise RuleError('this phrase has no end; expected a closing "', offset=match.start(kind))
        written = match[kind]
        found.append(Lexeme(kind, match.start(kind), match, written, written if kind in _SIGNS else ""))
    return found


_SIGNS = frozenset({"mark", "keyword"})
_ENDS_OF_AND = frozenset({"OR", "|", ")"})
_NO_OPERAND = frozenset({")", "&", "|", "AND", "OR", "SENTENCE", "PARAGRAPH"})
_ORS, _ANDS, _UNITS = frozenset({"OR", "|"}), frozenset({"AND", "&"}), frozenset({"SENTENCE", "PARAGRAPH"})
_CLOSING = frozenset({")"})
_OPENING = frozenset({"("})
_JOINS = {"NEAR", "ONEAR", "NOTNEAR"}


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lexemes = _lex(text)
        self._count = len(self._lexemes)
        self._next = 0
        self._depth = 0

    # places

    def _peek(self) -> Lexeme | None:
        return self._lexemes[self._next] if self._next < self._count else None

    def _sees(self, signs: frozenset[str]) -> bool:
        return self._next < self._count and self._lexemes[self._next].sign in signs

    def _fault(self, message: str, lexeme: Lexeme | None = None) -> RuleError:
        place = lexeme or self._peek()
        if len(message) > _LONGEST_MESSAGE:  # it quotes a word without end
            message = f"{message[: _LONGEST_MESSAGE // 2]} … {message[-_LONGEST_MESSAGE // 2 :]}"
        return RuleError(message, offset=place.at if place else len(self._text))

    def _after(self) -> str:
        """Words for an error: what stands before the place."""
        return f" after {self._lexemes[self._next - 1].text}" if self._next else ""

    # grammar

    def whole(self) -> Query:
        if not self._lexemes:
            raise RuleError("the query is empty; expected a word, a phrase or a group", offset=0)
        query = self._or()
        if self._peek() is not None:
            raise self._fault("this closes a group that was not opened")
        self._check_height(query, self._lexemes[0])
        return query

    def _check_height(self, query: Query, lexeme: Lexeme) -> None:
        if height(query) > MAX_HEIGHT:
            raise self._fault(
                f"the query is more than {MAX_HEIGHT} levels high; a chain of NEAR is as high as it is long", lexeme
            )

    def _or(self) -> Query:
        parts = [self._and()]
        while self._sees(_ORS):
            self._next += 1
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Query:
        parts = [self._near()]
        while True:
            if self._sees(_ANDS):
                self._next += 1
            elif self._next >= self._count or self._sees(_ENDS_OF_AND):
                break
            parts.append(self._near())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _near(self) -> Query:
        begin = self._peek()
        left = self._unary()
        while (lexeme := self._join()) is not None:
            self._next += 1
            join, words = self._joined(lexeme)
            place = self._peek()
            right = self._unary()
            for operand, at in ((left, begin), (right, place)):
                hindrance = occurs(operand)
                if hindrance is not None:
                    raise self._fault(
                        f"{hindrance} cannot stand inside {join.value}: its sides are words, phrases, entity: and groups of "
                        "these joined by OR or NEAR",
                        at,
                    )
            left = Near(left, right, join, words)
            self._check_height(left, lexeme)
        return left

    def _join(self) -> Lexeme | None:
        lexeme = self._peek()
        if lexeme is None:
            return None
        if lexeme.kind == "counted" and lexeme.match["operator"] in _JOINS:
            return lexeme
        return lexeme if self._sees(_UNITS) else None

    def _joined(self, lexeme: Lexeme) -> tuple[Join, int]:
        if lexeme.kind == "keyword":
            return Join(lexeme.text), 0
        return Join(lexeme.match["operator"]), self._number(lexeme)

    def _number(self, lexeme: Lexeme, least: int = 0) -> int:
        name, number = lexeme.match["operator"], lexeme.match["number"]
        if number is None:
            raise self._fault(f"{name} needs a number, as in {name}/5", lexeme)
        if not least <= int(number) <= MAX_DISTANCE:
            raise self._fault(f"the number of {name} must be {least} to {MAX_DISTANCE}", lexeme)
        return int(number)

    def _unary(self) -> Query:
        lexeme = self._peek()
        if lexeme is None or self._sees(_NO_OPERAND):
            raise self._fault(f'expected a word, a phrase or "("{self._after()}')
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self._fault(f"the query is nested deeper than {MAX_NESTING} levels", lexeme)
        self._next += 1
        query = self._prefixed(lexeme)
        self._depth -= 1
        return query

    def _prefixed(self, lexeme: Lexeme) -> Query:
        match lexeme.kind:
            case "phrase":
                return self._phrase(lexeme)
            case "keyword" | "mark":
                return self._signed(lexeme)
            case "counted":
                return self._counted(lexeme)
            case "named":
                return Named(lexeme.match["name"], self._group(lexeme))
            case "field":
                return self._field(lexeme)
            case _:
                return self._leaf(lexeme)

    def _signed(self, lexeme: Lexeme) -> Query:
        match lexeme.sign:
            case "(":
                return self._group(lexeme)
            case "NOT" | "-":
                return Not(self._unary())
            case "LEAD":
                return Lead(self._occurring(lexeme))
            case _:
                return self._exact(lexeme)

    def _group(self, opening: Lexeme) -> Query:
        query = self._or()
        if not self._sees(_CLOSING):
            raise self._fault("this group has no end; expected )", opening)
        self._next += 1
        return query

    def _counted(self, lexeme: Lexeme) -> Query:
        operator = lexeme.match["operator"]
        if operator in _JOINS:
            raise self._fault(f'expected a word, a phrase or "(" before {operator}', lexeme)
        number = self._number(lexeme, least=1)
        part = self._occurring(lexeme)
        return AtLeast(number, part) if operator == "ATLEAST" else First(number, part)

    def _occurring(self, lexeme: Lexeme) -> Query:
        part = self._unary()
        hindrance = occurs(part)
        if hindrance is not None:
            name = lexeme.text.partition("/")[0]
            raise self._fault(f"{hindrance} cannot stand inside {name}: it takes what occurs at a place", lexeme)
        return part

    def _field(self, lexeme: Lexeme) -> Query:
        name = lexeme.match["field_name"]
        part = self._unary()
        if name in VALUE_FIELDS and not only_words(part):
            raise self._fault(f"{name}: takes a word or a group of words joined by OR", lexeme)
        return Field(name, part)

    # leaves

    def _exact(self, mark: Lexeme) -> Query:
        lexeme = self._peek()
        if mark.text != "=" or lexeme is None or lexeme.kind not in {"word", "phrase"}:
            raise self._fault("expected a word or a phrase after =", lexeme)
        self._next += 1
        query = self._leaf(lexeme)
        if isinstance(query, Word):
            return Word(query.text, exact=True)
        if isinstance(query, Phrase) and query.slop is None and query.quorum is None:
            return Phrase(query.words, exact=True)
        raise self._fault("= takes a word or a plain phrase", lexeme)

    def _leaf(self, lexeme: Lexeme) -> Query:
        if lexeme.kind == "phrase":
            return self._phrase(lexeme)
        if lexeme.kind == "regex":
            return self._regex(lexeme)
        if lexeme.kind == "entity":
            return Entity(lexeme.match["rule"])
        # A hyphen that negates nothing, as in `(a)-b`, is no letter of the word behind it.
        text = lexeme.text.lstrip("-") or lexeme.text
        if "*" in text or "?" in text:
            self._check_wildcard(text, lexeme)
            return Wildcard(text)
        if text.startswith("#") and self._sees(_OPENING):
            raise self._fault(
                f'{text} must touch its parenthesis, as in {text}(...). In quotes, "{text}" is a phrase', lexeme
            )
        self._check_word(text, lexeme)
        if not cut_word(text):
            raise self._fault(f"{text!r} has no letter or digit; expected a word", lexeme)
        return Word(text)

    def _check_word(self, text: str, lexeme: Lexeme) -> None:
        """What looks like an operator but is none must not become a word unseen."""
        if text.isalnum():
            return
        prefix, colon, rest = text.partition(":")
        if colon and prefix.isalpha() and prefix.isascii() and (prefix.islower() or prefix.lower() in _PREFIXES):
            known = ", ".join(f"{name}:" for name in _PREFIXES)
            told = f"nothing follows {prefix}:" if not rest else f"{prefix}: is no field; there are {known}"
            raise self._fault(f'{told}. In quotes, "{text}" is a phrase', lexeme)
        if _TYPOGRAPHIC.search(text):
            raise self._fault('phrases stand between straight quotes, as in "hand over"', lexeme)
        mistyped = _MISTYPED.fullmatch(text)
        if mistyped:
            name = mistyped["name"].upper()
            raise self._fault(
                f"{text} is no operator; expected {name}/ and a number up to {MAX_DISTANCE}, as in {name}/5", lexeme
            )
        if text.startswith("~"):
            raise self._fault('expected a number after ~, as in "a b"~5', lexeme)
        if _FUZZY.search(text):
            raise self._fault('~ stands after a phrase, as in "a b"~5; spellings of names come by themselves', lexeme)
        if text.startswith("/"):
            raise self._fault('expected /regex/ with a closing /, or a number after the phrase as in "a b c"/2', lexeme)

    def _check_wildcard(self, text: str, lexeme: Lexeme) -> None:
        if len(cut_word(re.sub(r"[*?]", "a", text))) != 1:
            raise self._fault(f"{text!r} is more than one word; put it into quotes", lexeme)
        if len(re.sub(r"[*?]", "", text)) < _LETTERS_BESIDE_STAR:
            raise self._fault(f"{text!r} needs at least two letters beside the {'*' if '*' in text else '?'}", lexeme)

    def _phrase(self, lexeme: Lexeme) -> Query:
        slop, quorum = lexeme.match["slop"], lexeme.match["quorum"]
        inside = lexeme.match["inside"]
        words = tuple(inside.split())
        if slop is None and quorum is None and "*" not in inside and "?" not in inside and any(map(cut_word, words)):
            return Phrase(words)
        real = [word for word in words if word != "*"]
        if not any(cut_word(word) for word in real):
            raise self._fault("a phrase needs a word", lexeme)
        if words[0] == "*" or words[-1] == "*":
            raise self._fault("a phrase cannot begin or end with *", lexeme)
        for word in real:
            if "*" in word or "?" in word:
                self._check_wildcard(word, lexeme)
        if (slop or quorum) and len(real) != len(words):
            raise self._fault("* for a word between stands in plain phrases only", lexeme)
        if quorum is not None and not 1 <= int(quorum) <= len(words):
            raise self._fault(f"this phrase has {len(words)} words, so /n must be 1 to {len(words)}", lexeme)
        return Phrase(words, None if slop is None else int(slop), None if quorum is None else int(quorum))

    def _regex(self, lexeme: Lexeme) -> Query:
        pattern = lexeme.match["pattern"].replace("\\/", "/")
        try:
            compiled = compile_regex(pattern)
        except (re2.error, UnicodeEncodeError) as error:
            reason = str(error).removeprefix("b'").removesuffix("'")
            raise self._fault(
                f"this regular expression cannot be run in linear time or is wrong ({reason}); back-references and "
                "look-around are not supported",
                lexeme,
            ) from None
        if compiled.search("") is not None:
            raise self._fault("this regular expression matches the empty text, and so everything", lexeme)
        return Regex(pattern)


def compile_regex(pattern: str) -> "re2._Regexp[str]":
    """An RE2 pattern, quiet and bounded in memory. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    return re2.compile(pattern, options)
