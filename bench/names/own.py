"""The project's own cases, when nothing else is there: the examples of the shipped rules, by the tier that found them."""

from collections import Counter

from bench.names.corpora import HEAD, ROOT, Score
from monitor.config import load_index
from monitor.matching import example
from monitor.model import Tier


def rows() -> list[str]:
    """The section of the report."""
    index = load_index([ROOT / "rules"])
    score = Score()
    tiers: Counter[Tier] = Counter()
    for rule in index.rules.values():
        if not rule.enabled:  # a building block of others
            continue
        for wanted, texts in ((True, rule.examples.match), (False, rule.examples.ignore)):
            for text in texts:
                found = {match.rule_id: match for match in index.match(example(text))}
                score.add(wanted=wanted, found=rule.id in found)
                tiers.update({span.tier for span in found[rule.id].spans} if rule.id in found else ())
    told = ["### The project's own cases: examples of the shipped rules", "", HEAD, score.row("all"), "", "Tiers met: "]
    told[-1] += ", ".join(f"{tier.value} {tiers[tier]}" for tier in Tier) + "."
    return told
