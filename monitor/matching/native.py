"""The native rule index: segments of flat rules, run by `_index`, and the evaluator for what those leave in doubt.

The base segment never changes. A rule that is added or removed makes a small segment of its own and a mark in the old
one's list of the dead, so that it counts at the next article; small segments are put together when there are several of a
size. What rules mean stands in `evaluate.py` alone: `match_all` asks it about every rule, and tests hold the two together.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import orjson

from monitor.matching._index import Scratch
from monitor.matching._scan import Scan
from monitor.matching.compile import CompiledRule, Compiler
from monitor.matching.evaluate import Text, texts_of
from monitor.matching.explain import Explanation, explain
from monitor.matching.flat import FlatRules, Flattener
from monitor.matching.index import Compiled
from monitor.matching.part import GIANT, Part
from monitor.matching.records import head_text, line_of
from monitor.matching.ruleset import RuleSet
from monitor.matching.told import Told, clauses_of, match_of, spans_of
from monitor.matching.verdict import applies, as_match, run
from monitor.model import Article, Match, Rule

_ASKS_PYTHON, _RESTRICTED = 1, 2
_KEPT_COMPILED: Final = 2048
_FAN: Final = 4  # so many segments of a size are put together


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


Asked = tuple[Part, dict[int, tuple[str, str]], Scan, Scratch, list[int], list[int]]
"""A segment, what is remembered of its lines, what it was asked with, the numbers of rules that hit, and of those of which
more is to be asked: below zero where only the evaluator can tell."""


class NativeIndex:
    """See `RuleIndex`. Immutable but for caches; safe to use from several threads."""

    def __init__(self, rules: RuleSet, parts: Sequence[Part], broken: frozenset[str]) -> None:
        self._rules = rules
        self._parts = tuple(parts)
        self._broken = broken
        self._articles = any(part.articles for part in parts)
        self._trees = Trees(rules, broken)
        self._scans: list[Scan] = []
        self._heads: tuple[dict[int, tuple[str, str]], ...] = tuple({} for _ in self._parts)
        """Of each segment: ids and the middles of lines, of rules that hit before and that always say the same."""

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
            told if isinstance(told, Match) else match_of(rule, part, told, text)
            for rule, part, told in self._found(text, now)
        ]
        found.sort(key=lambda one: one.rule_id)
        return tuple(found)

    def lines(self, article: Article, name: object, now: datetime | None = None) -> list[str]:
        """What `match` finds as JSON lines, by rule id (see `records.line_of`): quicker than by way of matches."""
        text = Text(article)
        texts = texts_of(article)
        begin = f'{{"article":{orjson.dumps(name).decode()},'
        found: list[tuple[str, str]] = []
        for part, heads, scan, scratch, hits, others in self._asked(article):
            marks_of = part.segment.marks
            for number in hits:
                head = heads.get(number)
                told = marks_of(number, scan, scratch) if head is not None else None
                if head is not None and told is not None and not told[0]:
                    found.append((head[0], f"{begin}{head[1]}{spans_of(part, told[2], texts)}]}}\n"))
                else:
                    others.append(number)
            for rule, number, reason in self._told(part, scan, scratch, others, text, now):
                if isinstance(reason, Match):
                    found.append((rule.id, line_of(reason, name)))
                    continue
                fired, total, marks = reason
                score = total if rule.score is not None else None
                middle = head_text(rule.id, rule.severity.value, score, clauses_of(rule, part, fired))
                if score is None and not fired and not part.flags[number]:
                    heads[number] = rule.id, middle
                found.append((rule.id, f"{begin}{middle}{spans_of(part, marks, texts)}]}}\n"))
        found.sort()
        return [line for _, line in found]

    def _found(self, text: Text, now: datetime | None) -> Iterator[tuple[Rule, Part, Match | Told]]:
        """Each rule that hits, with what the segment told, or a match where only the evaluator can tell."""
        for part, _, scan, scratch, hits, others in self._asked(text.article):
            for rule, _, reason in self._told(part, scan, scratch, [*hits, *others], text, now):
                yield rule, part, reason

    def _asked(self, article: Article) -> Iterator[Asked]:
        """Every segment, with the numbers of rules that hit, and of those that are restricted or in doubt."""
        scan = self._scan_of(article)
        for part, heads in zip(self._parts, self._heads, strict=True):
            scratch = part.scratch()
            hits, restricted, doubts = part.segment.match(scan, scratch, part.dead, None)
            yield part, heads, scan, scratch, hits, [*restricted, *(~number for number in doubts)]
            part.give_back(scratch, article)
        self._give_back(scan, article)

    def _told(
        self, part: Part, scan: Scan, scratch: Scratch, numbers: Iterable[int], text: Text, now: datetime | None
    ) -> Iterator[tuple[Rule, int, Match | Told]]:
        """Why rules hit. Of numbers below zero, which stand for ~number, the evaluator must say whether they do."""
        for one in numbers:
            number = one if one >= 0 else ~one
            rule = self._rules[part.ids[number]]
            flags = part.flags[number]
            if (one < 0 or flags & _RESTRICTED) and applies(rule, text, now) is not None:
                continue
            told = None if one < 0 or flags & _ASKS_PYTHON else part.segment.marks(number, scan, scratch)
            if told is not None:
                yield rule, number, told
                continue
            verdict = run(self._trees[rule.id], text)
            if verdict.hits:
                yield rule, number, as_match(rule, verdict, text)

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
        if len(article.body) < GIANT:
            self._scans.append(scan)

    def _scan_of(self, article: Article) -> Scan:
        try:
            scan = self._scans.pop()
        except IndexError:
            scan = Scan()
        scan.read(texts_of(article), self._articles)
        return scan


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
