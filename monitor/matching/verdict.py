"""What a rule comes to on an article: its names, its query and its score together. Restrictions are the index's business."""

from typing import NamedTuple

from monitor.matching.compile import CompiledRule
from monitor.matching.evaluate import Evaluation, Text
from monitor.matching.places import Place, distinct
from monitor.matching.query import TEXT_FIELDS

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
        total += one.weight * min(len(found), _SCORE_CAP)
        places += found if one.weight > 0 else ()
    return total, places
