"""Why a rule hits an article, or why it does not, in words for people; and the running of a rule's examples."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.matching.compile import CompiledRule, Node
from monitor.matching.evaluate import Evaluation, Text
from monitor.matching.index import RuleIndex, applies
from monitor.matching.places import spans
from monitor.matching.query import TEXT_FIELDS, And, print_query
from monitor.matching.verdict import Verdict, run
from monitor.model import Article, Match, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a rule does with an article."""

    hit: bool
    match: Match | None
    text: str
    """Lines for people: the spans with their tiers and the clauses, or what failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleFailure:
    """An example that did not do what its rule says."""

    rule_id: str
    kind: str
    """`match` or `ignore`."""
    position: int
    """Its place in the list, from 0."""
    text: str
    explanation: str


def explain(index: RuleIndex, rule_id: str, article: Article, now: datetime | None = None) -> Explanation:
    """Evaluate one rule, disabled or not. Raises KeyError for an unknown rule."""
    compiled = index.compiled[rule_id]
    text = Text(article)
    restricted = applies(compiled.rule, text, now)
    if restricted is not None:
        return Explanation(hit=False, match=None, text=f"does not apply here: {restricted}")
    verdict = run(compiled, text)
    if not verdict.hits:
        return Explanation(hit=False, match=None, text="\n".join(_failure(compiled, verdict, text)))
    found = Match(
        rule_id=rule_id,
        rule_version=compiled.rule.version,
        severity=compiled.rule.severity,
        score=verdict.score,
        clauses=verdict.clauses,
        spans=spans(verdict.places, text.texts),
    )
    return Explanation(hit=True, match=found, text="\n".join(_success(compiled, found)))


def run_examples(index: RuleIndex) -> tuple[ExampleFailure, ...]:
    """Run every example of every rule, disabled ones too; those that fail. An example is an article with that body."""
    failures: list[ExampleFailure] = []
    for rule_id in sorted(index.compiled):
        rule = index.compiled[rule_id].rule
        for kind, texts in (("match", rule.examples.match), ("ignore", rule.examples.ignore)):
            for position, body in enumerate(texts):
                found = explain(index, rule_id, example(body, rule.lang, rule.feeds, rule.outlets))
                if found.hit != (kind == "match"):
                    failures.append(
                        ExampleFailure(rule_id=rule_id, kind=kind, position=position, text=body, explanation=found.text)
                    )
    return tuple(failures)


def example(
    body: str, lang: tuple[str, ...] = (), feeds: tuple[str, ...] = (), outlets: tuple[str, ...] = ()
) -> Article:
    """An article with this body, in the first language, feed and outlet that its rule is restricted to."""
    return Article(
        key="example",
        feed_id=feeds[0] if feeds else "example",
        guid=None,
        url=None,
        title="",
        body=body,
        lang=lang[0] if lang else None,
        outlet=outlets[0] if outlets else None,
    )


def _success(compiled: CompiledRule, match: Match) -> Iterable[str]:
    yield f"hits by {', '.join(match.clauses)}"
    if match.score is not None and compiled.rule.score is not None:
        yield f"score {match.score}, threshold {compiled.rule.score.threshold}"
    for span in match.spans:
        stands = "" if span.term == span.text else f" for {span.term}"
        yield f"{span.field} {span.start}-{span.end}: «{span.text}»{stands} ({Tier(span.tier).value})"


def _failure(compiled: CompiledRule, verdict: Verdict, text: Text) -> Iterable[str]:
    yield f"does not hit: {verdict.failed}"
    if verdict.failed == "names" and compiled.names is not None:
        yield from _names_failure(compiled, text)
    elif verdict.failed == "query" and compiled.query is not None:
        yield from _query_failure(compiled.query, text)
    elif compiled.rule.score is not None:
        yield f"score {verdict.score}, threshold {compiled.rule.score.threshold}"


def _names_failure(compiled: CompiledRule, text: Text) -> Iterable[str]:
    """Which guard held a name back, if one was found at all."""
    names = compiled.names
    evaluation = Evaluation(text)
    found = spans(evaluation.unguarded(names), text.texts) if names is not None else ()
    if not found or names is None:
        yield "none of its names occurs"
        return
    shown = ", ".join(dict.fromkeys(f"«{span.text}»" for span in found))
    blanked = not spans(evaluation.unblanked(names), text.texts)
    if blanked:
        yield f"{shown} occurs only inside a phrase under `not`"
    elif names.needs is not None:
        yield f"{shown} occurs, but not what it needs within its {names.within}: {print_query(names.needs.query)}"


def _query_failure(node: Node, text: Text) -> Iterable[str]:
    """The first part of the outermost AND that does not hold."""
    parts = node.parts if isinstance(node.query, And) else (node,)
    for part in parts:
        if not Evaluation(text).node(part, TEXT_FIELDS).holds:
            yield f"this does not hold: {print_query(part.query)}"
            return
