"""One segment of the native index with what Python knows of it: ids, terms, working memory, words that no table lists."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from monitor.matching._index import Scratch, Segment
from monitor.matching.flat import FlatRules
from monitor.matching.names import sound_key
from monitor.model import Article, Rule

GIANT: Final = 1_000_000
"""Characters of an article after which working memory is not kept."""
_TRANSLITERATED: Final = 3
_PREFIX: Final = 2
_LITERAL: Final = re.compile(rf"\w{{{_PREFIX}}}")


class Resolver:
    """What a token is beyond the forms that are listed: words of the same sound, and wildcards that match it."""

    def __init__(self, flat: FlatRules) -> None:
        self._keys = flat.keys
        self._patterns: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
        for word, pattern in flat.patterns:
            begin = _LITERAL.match(pattern)
            self._patterns.setdefault(begin[0] if begin else "", []).append((word, re.compile(pattern, re.DOTALL)))

    def __call__(self, token: str) -> list[int]:
        """Entries: word << 2 | tier."""
        found = [
            word << 2
            for begin in (token[:_PREFIX], "")
            for word, pattern in self._patterns.get(begin, ())
            if pattern.fullmatch(token)
        ]
        if self._keys:
            found += [word << 2 | _TRANSLITERATED for word in self._keys.get(sound_key(token) or "", ())]
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """A segment with what Python knows of its rules."""

    segment: Segment
    ids: list[str]
    flags: bytes
    dead: bytearray
    """1 for each rule that was removed or has a newer version elsewhere. Copied when it changes."""
    terms: Sequence[str]
    clauses: Sequence[str]
    articles: bool
    numbers: Mapping[str, int]
    """Rule id -> number."""
    flat: FlatRules
    shown: dict[int, str] = field(default_factory=dict)
    """Terms as JSON writes them, of those that hit before."""
    pool: list[Scratch] = field(default_factory=list)

    @classmethod
    def of(
        cls, flat: FlatRules, ids: list[str], numbers: Mapping[str, int] | None = None, *, dead: Iterable[str] = ()
    ) -> "Part":
        """A segment of flat rules, whose ids are given in their order, and perhaps as the numbers of ids."""
        resolver = Resolver(flat) if flat.keys or flat.patterns else None
        segment = Segment(flat.sections, flat.fields, resolver)
        gone = set(dead)
        return cls(
            segment,
            ids,
            flat.flags,
            bytearray(one in gone for one in ids) if gone else bytearray(len(ids)),
            flat.terms,
            flat.clauses,
            any(flat.sections["word_article"]),
            {one: number for number, one in enumerate(ids)} if numbers is None else numbers,
            flat,
        )

    def without(self, ids: Iterable[str]) -> "Part":
        """The same with some of its rules dead."""
        found = [self.numbers[one] for one in ids if one in self.numbers]
        if not found:
            return self
        dead = bytearray(self.dead)
        for number in found:
            dead[number] = 1
        return replace(self, dead=dead)

    def rule(self, number: int, rules: Mapping[str, Rule]) -> Rule:
        """The rule of a number."""
        return rules[self.ids[number]]

    def living(self) -> list[str]:
        """The ids of the rules that count."""
        return [one for one, dead in zip(self.ids, self.dead, strict=True) if not dead]

    def scratch(self) -> Scratch:
        """Working memory that no other thread uses; `give_back` it."""
        try:
            return self.pool.pop()
        except IndexError:
            return Scratch(self.segment)

    def give_back(self, scratch: Scratch, article: Article) -> None:
        """Keep working memory for the next article, unless a giant made it grow."""
        if len(article.body) < GIANT:
            self.pool.append(scratch)
