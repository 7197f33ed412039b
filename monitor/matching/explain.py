"""Why a rule hits an article, or why it does not, in words for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from monitor.matching.compile import CompiledRule, Names, Node
from monitor.matching.evaluate import Evaluation, Text
from monitor.matching.places import spans
from monitor.matching.query import TEXT_FIELDS, And, print_query
from monitor.matching.verdict import Verdict, applies, as_match, run
from monitor.model import Article, Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a rule does with an article."""

    hit: bool
    match: Match | None
    text: str
    """Lines for people: the spans with their tiers and the clauses, or what failed."""


def explain(compiled: CompiledRule, article: Article, now: datetime | None = None) -> Explanation:
    """Evaluate one rule, disabled or not, and say what it does with an article."""
    text = Text(article)
    restricted = applies(compiled.rule, text, now)
    if restricted is not None:
        return Explanation(hit=False, match=None, text=f"does not apply here: {restricted}")
    verdict = run(compiled, text)
    if not verdict.hits:
        return Explanation(hit=False, match=None, text="\n".join(_failure(compiled, verdict, text)))
    found = as_match(compiled.rule, verdict, text)
    return Explanation(hit=True, match=found, text="\n".join(_success(compiled, found)))


def _success(compiled: CompiledRule, match: Match) -> Iterable[str]:
    yield f"hits by {', '.join(match.clauses)}"
    if match.score is not None and compiled.rule.score is not None:
        yield f"score {match.score}, threshold {compiled.rule.score.threshold}"
    for span in match.spans:
        stands = "" if span.term == span.text else f" for {span.term}"
        yield f"{span.field} {span.start}-{span.end}: «{span.text}»{stands} ({span.tier.value})"


def _failure(compiled: CompiledRule, verdict: Verdict, text: Text) -> Iterable[str]:
    yield f"does not hit: {verdict.failed}"
    if verdict.score is not None and compiled.rule.score is not None:
        yield f"score {verdict.score}, threshold {compiled.rule.score.threshold}"
    elif verdict.failed == "query" and compiled.query is not None:
        yield from _query_failure(compiled.query, text)
    else:
        yield from _names_failure(compiled.names or Names(compiled.rule.id), text)


def _names_failure(names: Names, text: Text) -> Iterable[str]:
    """Which guard held a name back, if one was found at all."""
    evaluation = Evaluation(text)
    found = spans(evaluation.unguarded(names), text.texts)
    shown = ", ".join(dict.fromkeys(f"«{span.text}»" for span in found))
    if not found:
        yield "none of its names occurs"
    elif names.needs is None or not evaluation.unblanked(names):
        yield f"{shown} occurs only inside a phrase under `not`"
    else:
        yield f"{shown} occurs, but not what it needs within its {names.within}: {print_query(names.needs.query)}"


def _query_failure(node: Node, text: Text) -> Iterable[str]:
    """The first part of the outermost AND that does not hold."""
    parts = node.parts if isinstance(node.query, And) else (node,)
    failed = (part for part in parts if not Evaluation(text).node(part, TEXT_FIELDS).holds)
    return (f"this does not hold: {print_query(part.query)}" for part in islice(failed, 1))
