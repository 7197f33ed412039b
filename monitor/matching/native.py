"""The native rule index: segments of flat rules, run by `_index`, and the evaluator for what those leave in doubt.

The base segment never changes. A rule that is added or removed makes a small segment of its own and a mark in the old
one's list of the dead, so that it counts at the next article; small segments are put together when there are several of a
size. What rules mean stands in `evaluate.py` alone: `match_all` asks it about every rule, and tests hold the two together.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import orjson

from monitor.matching._index import Scratch, Segment
from monitor.matching._scan import Scan
from monitor.matching.compile import CompiledRule, Compiler
from monitor.matching.evaluate import Text, texts_of
from monitor.matching.explain import Explanation, explain
from monitor.matching.flat import TIERS, FlatRules, Flattener
from monitor.matching.index import Compiled
from monitor.matching.names import sound_key
from monitor.matching.places import MOST_SPANS
from monitor.matching.query import WORD_FIELDS
from monitor.matching.records import head_text, line_of, quoted, span_text
from monitor.matching.ruleset import RuleSet
from monitor.matching.verdict import applies, as_match, run
from monitor.model import Article, Match, Rule, Span

_ASKS_PYTHON, _RESTRICTED = 1, 2
_TRANSLITERATED: Final = 3
_PREFIX: Final = 2
_LITERAL: Final = re.compile(rf"\w{{{_PREFIX}}}")
_GIANT: Final = 1_000_000  # characters
_KEPT_COMPILED: Final = 2048
_FAN: Final = 4  # so many segments of a size are put together

_TIER_NAMES: Final = tuple(tier.value for tier in TIERS)
RawMark = tuple[int, int, int, int, int]
"""Field, start, end, term, tier."""
Told = tuple[list[int], int, list[RawMark]]
"""Clauses, the sum of a score, marks."""


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
    pool: list[Scratch] = field(default_factory=list)

    @classmethod
    def of(cls, flat: FlatRules, ids: list[str], dead: Iterable[str] = ()) -> "Part":
        """A segment of flat rules, whose ids are given in their order."""
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
            {one: number for number, one in enumerate(ids)},
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
        if len(article.body) < _GIANT:
            self.pool.append(scratch)


class Trees(Mapping[str, CompiledRule]):
    """The rules as trees, made when one is asked for; the last few thousand are kept."""

    def __init__(self, rules: RuleSet, broken: frozenset[str]) -> None:
        self._rules = rules
        self._broken = broken
        self._made: OrderedDict[str, CompiledRule] = OrderedDict()
        self._compiler = Compiler(rules)

    def __getitem__(self, rule_id: str) -> CompiledRule:
        known = self._made.get(rule_id)
        if known is None:
            if rule_id in self._broken:
                raise KeyError(rule_id)
            known = self._made[rule_id] = self._compiler.compile_one(self._rules[rule_id])
            if len(self._made) > _KEPT_COMPILED:
                self._made = OrderedDict()
                self._compiler = Compiler(self._rules)
        return known

    def __iter__(self) -> Iterator[str]:
        return (one for one in self._rules if one not in self._broken)

    def __len__(self) -> int:
        return len(self._rules) - len(self._broken)


class NativeIndex:
    """See `RuleIndex`. Immutable but for caches; safe to use from several threads."""

    def __init__(self, rules: RuleSet, parts: Sequence[Part], broken: frozenset[str]) -> None:
        self._rules = rules
        self._parts = tuple(parts)
        self._broken = broken
        self._articles = any(part.articles for part in parts)
        self._trees = Trees(rules, broken)
        self._scans: list[Scan] = []
        self._heads: dict[str, str] = {}
        """The middles of lines, of rules that hit before."""

    @property
    def version(self) -> str:
        """A hash over the versions of all rules."""
        return self._rules.version

    @property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by id."""
        return self._rules

    @property
    def compiled(self) -> Mapping[str, CompiledRule]:
        """All rules as they are run, made when one is asked for."""
        return self._trees

    @property
    def rule_set(self) -> RuleSet:
        """The same as `rules`, with what an index needs to know of them together."""
        return self._rules

    @property
    def broken(self) -> frozenset[str]:
        """The rules with a mistake."""
        return self._broken

    @property
    def parts(self) -> tuple[Part, ...]:
        """The segments."""
        return self._parts

    def match(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The enabled rules that hit, by id."""
        text = Text(article)
        found = [
            told if isinstance(told, Match) else _as_match(rule, part, told, text)
            for rule, part, told in self._found(text, now)
        ]
        found.sort(key=lambda one: one.rule_id)
        return tuple(found)

    def lines(self, article: Article, name: object, now: datetime | None = None) -> list[str]:
        """What `match` finds as JSON lines, by rule id (see `records.line_of`): quicker than by way of matches."""
        text = Text(article)
        texts = tuple(text.texts.values())
        begin = f'{{"article":{orjson.dumps(name).decode()},'
        found: list[tuple[str, str]] = []
        for rule, part, told in self._found(text, now):
            if isinstance(told, Match):
                found.append((rule.id, line_of(told, name)))
                continue
            fired, total, marks = told
            if fired or rule.score is not None:
                score = total if rule.score is not None else None
                head = head_text(rule.id, rule.severity.value, score, _clauses(rule, part, fired))
            else:
                known = self._heads.get(rule.id)
                head = known or self._heads.setdefault(
                    rule.id, head_text(rule.id, rule.severity.value, None, _clauses(rule, part, fired))
                )
            terms = part.terms
            spans = [
                span_text(
                    WORD_FIELDS[number],
                    start,
                    end,
                    quoted(texts[number][start:end]),
                    quoted(terms[term]),
                    _TIER_NAMES[tier],
                )
                for number, start, end, term, tier in (marks if len(marks) == 1 else _ordered(part, marks))
            ]
            found.append((rule.id, f"{begin}{head}{','.join(spans)}]}}\n"))
        found.sort()
        return [line for _, line in found]

    def _found(self, text: Text, now: datetime | None) -> Iterator[tuple[Rule, Part, Match | Told]]:
        """Each rule that hits, with what the segment told, or a match where only the evaluator can tell."""
        article = text.article
        scan = self._scan_of(article)
        for part in self._parts:
            scratch = part.scratch()
            hits, restricted, doubts = part.segment.match(scan, scratch, part.dead, None)
            for number in (*hits, *restricted) if restricted else hits:
                rule = part.rule(number, self._rules)
                flags = part.flags[number]
                if flags & _RESTRICTED and applies(rule, text, now) is not None:
                    continue
                told = None if flags & _ASKS_PYTHON else part.segment.marks(number, scan, scratch)
                yield rule, part, told or as_match(rule, run(self._trees[rule.id], text), text)
            for number in doubts:
                rule = part.rule(number, self._rules)
                if applies(rule, text, now) is None:
                    verdict = run(self._trees[rule.id], text)
                    if verdict.hits:
                        yield rule, part, as_match(rule, verdict, text)
            part.give_back(scratch, article)
        self._give_back(scan, article)

    def hits(self, article: Article, now: datetime | None = None) -> list[str]:
        """The ids of the rules that `match` finds, in no order: much quicker, since nothing is explained."""
        found: list[str] = []
        scan = self._scan_of(article)
        for part in self._parts:
            scratch = part.scratch()
            hits, restricted, doubts = part.segment.match(scan, scratch, part.dead, part.ids)
            part.give_back(scratch, article)
            found += hits
            if restricted or doubts:
                text = Text(article)
                rules = ((number, self._rules[part.ids[number]]) for number in (*restricted, *doubts))
                asked = frozenset(doubts)
                found += [
                    rule.id
                    for number, rule in rules
                    if applies(rule, text, now) is None
                    and (number not in asked or run(self._trees[rule.id], text).hits)
                ]
        self._give_back(scan, article)
        return found

    def match_all(self, article: Article, now: datetime | None = None) -> tuple[Match, ...]:
        """The same by evaluating every rule: slow and plainly right."""
        text = Text(article)
        found = []
        for name in sorted(self._trees):
            tree = self._trees[name]
            if tree.rule.enabled and applies(tree.rule, text, now) is None:
                verdict = run(tree, text)
                if verdict.hits:
                    found.append(as_match(tree.rule, verdict, text))
        return tuple(found)

    def changed(self, added: Sequence[Rule], removed: Sequence[str]) -> Compiled:
        """An index in which rules were added or replaced, and others removed: only those, and who names them, are compiled."""
        index, compiler = _changed(self, added, removed)
        return Compiled(index, tuple(compiler.errors))

    def over(self, rules: Sequence[Rule]) -> "NativeIndex | None":
        """The same segments over rules that match alike; None if these do not."""
        together = RuleSet(rules)
        return NativeIndex(together, self._parts, self._broken) if together.version == self.version else None

    def image(self) -> list[bytes] | None:
        """The index as bytes, if it was not changed since it was compiled and no rule of it is broken."""
        from monitor.matching.image import image_of  # noqa: PLC0415 - it is made of indexes too

        return image_of(self)

    def explain(self, rule_id: str, article: Article, now: datetime | None = None) -> Explanation:
        """What one rule does with an article, and why. Raises KeyError for an unknown rule."""
        return explain(self._trees[rule_id], article, now)

    def _give_back(self, scan: Scan, article: Article) -> None:
        if len(article.body) < _GIANT:
            self._scans.append(scan)

    def _scan_of(self, article: Article) -> Scan:
        try:
            scan = self._scans.pop()
        except IndexError:
            scan = Scan()
        scan.read(texts_of(article), self._articles)
        return scan


def _clauses(rule: Rule, part: Part, fired: list[int]) -> tuple[str, ...]:
    clauses = ["names"] if rule.names or rule.aliases else []
    if rule.query is not None:
        clauses += [part.clauses[one] for one in fired] or ["query"]
    if rule.score is not None:
        clauses.append("score")
    return tuple(clauses)


def _as_match(rule: Rule, part: Part, told: Told, text: Text) -> Match:
    """A match of what the segment told: the same as `verdict.as_match` makes of places."""
    fired, total, marks = told
    spans = []
    for number, start, end, term, tier in _ordered(part, marks):
        name = WORD_FIELDS[number]
        shown = text.texts[name][start:end]
        spans.append(Span(field=name, start=start, end=end, text=shown, term=part.terms[term], tier=TIERS[tier]))
    return Match(
        rule_id=rule.id,
        rule_version=rule.version,
        severity=rule.severity,
        score=total if rule.score is not None else None,
        clauses=_clauses(rule, part, fired),
        spans=tuple(spans),
    )


def _ordered(part: Part, marks: list[RawMark]) -> list[RawMark]:
    """By field and place, each once; of one inside another, the longer; of the same words, by the term's letters."""
    terms = part.terms
    kept: list[RawMark] = []
    field, reached = -1, -1
    for mark in sorted(set(marks), key=lambda one: (one[0], one[1], -one[2], terms[one[3]], one[4])):
        if mark[0] == field and mark[2] <= reached:
            continue
        field, reached = mark[0], mark[2]
        kept.append(mark)
        if len(kept) == MOST_SPANS:
            break
    return kept


# ── making and changing ───────────────────────────────────────────────────────────────────────────────────────────────


def flatten(compiler: Compiler, rules: Iterable[Rule]) -> tuple[FlatRules, list[str]]:
    """Compile rules one by one, keeping no tree; mistakes are left in `compiler.errors`. With the ids in order."""
    flattener = Flattener()
    ids: list[str] = []
    for rule in rules:
        tree = compiler.compile_one(rule)
        if not compiler.is_broken(rule.id):
            flattener.add(tree)
            ids.append(rule.id)
    return flattener.finish(), ids


def _changed(index: NativeIndex, added: Sequence[Rule], removed: Sequence[str]) -> tuple[NativeIndex, Compiler]:
    """An index with rules added, replaced or removed; the rules that name them are compiled again too."""
    touched = {rule.id for rule in added} | set(removed)
    rules = index.rule_set.changed(added, removed)
    again = [one for one in rules.referrers(touched) if one in rules] + [rule.id for rule in added]
    stale = touched | set(again)
    parts = [part.without(stale) for part in index.parts]
    compiler = Compiler(rules)
    flat, ids = flatten(compiler, [rules[one] for one in dict.fromkeys(again)])
    compiler.find_cycles()
    newly_broken = compiler.broken()
    broken = frozenset((index.broken - stale) | newly_broken)
    if ids:
        parts.append(Part.of(flat, ids, dead=newly_broken))
    return NativeIndex(rules, _together(rules, parts), broken), compiler


def _together(rules: RuleSet, parts: list[Part]) -> list[Part]:
    """Put small segments together, so that their number grows with the logarithm of the changes."""
    parts = [parts[0], *(part for part in parts[1:] if not all(part.dead))]
    while len(parts) > _FAN:
        last = parts[-_FAN:]
        living = [one for part in last for one in part.living()]
        if len(parts[-_FAN].ids) > _FAN * len(parts[-1].ids):
            break
        flat, ids = flatten(Compiler(rules), [rules[one] for one in living])
        parts = [*parts[:-_FAN], Part.of(flat, ids)]
    return parts
