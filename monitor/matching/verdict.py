"""What a rule comes to on an article: its names, its query and its score together. And whether it looks
at that article at all.
"""

from datetime import datetime
from typing import NamedTuple

from monitor.matching.compile import CompiledRule
from monitor.matching.evaluate import Evaluation, Text
from monitor.matching.places import Place, count, distinct, spans
from monitor.matching.query import TEXT_FIELDS
from monitor.model import Match, Rule
from monitor.text.fold import fold

_SCORE_CAP = 3
"""A weighted word counts for so many occurrences at most."""


class Verdict(NamedTuple):
    """What a rule came to: whether it hits, with its places, sum and clauses; else the part that failed."""

    hits: bool
    places: tuple[Place, ...] = ()
    score: int | None = None
    clauses: tuple[str, ...] = ()
    failed: str = ""
    """`names`, `query` or `score`."""


def as_match(rule: Rule, verdict: Verdict, text: Text) -> Match:
    """What a rule that hits found."""
    return Match(
        rule_id=rule.id,
        rule_version=rule.version,
        severity=rule.severity,
        score=verdict.score,
        clauses=verdict.clauses,
        spans=spans(verdict.places, text.texts),
    )


def applies(rule: Rule, text: Text, now: datetime | None) -> str | None:
    """None if the rule's restrictions let it look at this article; else the restriction that does not.

    An article without a language is let through: a miss is worse than a look.
    """
    article = text.article
    lang = (article.lang or "").lower().partition("-")[0]
    if rule.lang and lang and lang not in rule.lang:
        return f"lang is {lang}"
    if rule.script and not text.scripts & set(rule.script):
        return f"script is {', '.join(sorted(text.scripts)) or 'unknown'}"
    if rule.feeds and article.feed_id not in rule.feeds:
        return f"feed is {article.feed_id}"
    if rule.outlets and fold(article.outlet or "") not in {fold(one) for one in rule.outlets}:
        return f"outlet is {article.outlet or 'unknown'}"
    if rule.max_age and now and article.published and now - article.published > rule.max_age:
        return "the article is older than max_age"
    return None


def run(rule: CompiledRule, text: Text) -> Verdict:
    """Evaluate a rule, its restrictions left aside."""
    evaluation = Evaluation(text)
    places: list[Place] = []
    clauses: list[str] = []
    if rule.names is not None:
        named = [place for name in TEXT_FIELDS for place in evaluation.named(rule.names, name)]
        if not named:
            return Verdict(hits=False, failed="names")
        places += named
        clauses.append("names")
    if rule.query is not None:
        held = evaluation.node(rule.query, TEXT_FIELDS)
        if not held.holds:
            return Verdict(hits=False, places=tuple(places), failed="query")
        places += held.places
        clauses += evaluation.clauses or ["query"]
    total: int | None = None
    if rule.rule.score is not None:
        total, scored = _sum(rule, evaluation)
        if total < rule.rule.score.threshold:
            return Verdict(hits=False, places=tuple(places), score=total, failed="score")
        places += scored
        clauses.append("score")
    return Verdict(hits=True, places=distinct(places), score=total, clauses=tuple(clauses))


def _sum(rule: CompiledRule, evaluation: Evaluation) -> tuple[int, list[Place]]:
    total = 0
    places: list[Place] = []
    for one in rule.weighted:
        found = evaluation.node(one.node, TEXT_FIELDS).places
        total += one.weight * min(count(found), _SCORE_CAP)
        places += found if one.weight > 0 else ()
    return total, places
