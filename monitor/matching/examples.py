"""The examples of rules: texts that a rule must hit and must not hit, run by `monitor check`."""

from dataclasses import dataclass

from monitor.matching.index import RuleIndex
from monitor.model import Article


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


def run_examples(index: RuleIndex) -> tuple[ExampleFailure, ...]:
    """Run every example of every rule, disabled ones too; those that fail. An example is an article with that body."""
    failures: list[ExampleFailure] = []
    for rule_id in sorted(index.compiled):
        rule = index.compiled[rule_id].rule
        for kind, texts in (("match", rule.examples.match), ("ignore", rule.examples.ignore)):
            for position, body in enumerate(texts):
                found = index.explain(rule_id, example(body, rule.lang, rule.feeds, rule.outlets))
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
