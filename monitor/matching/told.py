"""What the native index tells of a hit, as a match or as the spans of a JSON line: the same as `verdict.py` makes of places."""

from collections.abc import Sequence
from typing import Final

from monitor.matching.evaluate import Text
from monitor.matching.flat import TIERS
from monitor.matching.part import Part
from monitor.matching.places import MOST_SPANS
from monitor.matching.query import WORD_FIELDS
from monitor.matching.records import quoted, span_text
from monitor.model import Match, Rule, Span

_TIER_NAMES: Final = tuple(tier.value for tier in TIERS)
RawMark = tuple[int, int, int, int, int]
"""Field, start, minus the end, term, tier: in this form they sort by place, and the longer one first."""
Told = tuple[list[int], int, list[RawMark]]
"""Clauses, the sum of a score, marks."""


def clauses_of(rule: Rule, part: Part, fired: list[int]) -> tuple[str, ...]:
    """Which parts of a rule held, given the named clauses of its query that did."""
    clauses = ["names"] if rule.names or rule.aliases else []
    if rule.query is not None:
        clauses += [part.clauses[one] for one in fired] or ["query"]
    if rule.score is not None:
        clauses.append("score")
    return tuple(clauses)


def match_of(rule: Rule, part: Part, told: Told, text: Text) -> Match:
    """A match of what the segment told: the same as `verdict.as_match` makes of places."""
    fired, total, marks = told
    spans = []
    for number, start, minus_end, term, tier in _ordered(part, marks):
        name = WORD_FIELDS[number]
        end = -minus_end
        shown = text.texts[name][start:end]
        spans.append(Span(field=name, start=start, end=end, text=shown, term=part.terms[term], tier=TIERS[tier]))
    return Match(
        rule_id=rule.id,
        rule_version=rule.version,
        severity=rule.severity,
        score=total if rule.score is not None else None,
        clauses=clauses_of(rule, part, fired),
        spans=tuple(spans),
    )


def spans_of(part: Part, marks: list[RawMark], texts: Sequence[str]) -> str:
    """The spans of a line."""
    shown, terms = part.shown, part.terms
    found = []
    for number, start, minus_end, term, tier in marks if len(marks) == 1 else _ordered(part, marks):
        words = shown.get(term)
        if words is None:
            words = shown[term] = quoted(terms[term])
        found.append(
            span_text(
                WORD_FIELDS[number],
                start,
                -minus_end,
                quoted(texts[number][start:-minus_end]),
                words,
                _TIER_NAMES[tier],
            )
        )
    return ",".join(found)


def _ordered(part: Part, marks: list[RawMark]) -> list[RawMark]:
    """By field and place, each once; of one inside another, the longer; of the same words, by the term's letters."""
    kept: list[RawMark] = []
    field, begin, reached = -1, -1, 1
    for mark in sorted(set(marks)):
        if mark[0] == field and mark[2] >= reached:
            if mark[1] == begin and mark[2] == reached and _by_letters(part, mark) < _by_letters(part, kept[-1]):
                kept[-1] = mark
            continue
        if len(kept) == MOST_SPANS:
            break
        field, begin, reached = mark[0], mark[1], mark[2]
        kept.append(mark)
    return kept


def _by_letters(part: Part, mark: RawMark) -> tuple[str, int]:
    return part.terms[mark[3]], mark[4]
