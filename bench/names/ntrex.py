"""Names across languages: a rule that knows the English name and all aliases that `suggest` proposes, on news in parallel.

Each English document that names an entity has a version in every other language; the rule must hit that version and no
other. `rows()` gives Markdown lines for the report.
"""

import dataclasses
import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from monitor.config.name_lists import name_lists
from monitor.matching import compile_rules
from monitor.matching.examples import example
from monitor.matching.suggest import NOT_BY_SOUND, suggest
from monitor.model import Article, Rule, RuleKind

SHARED = Path(__file__).parents[3] / "shared" / "data"
KINDS = {"person": RuleKind.PERSON, "country": RuleKind.PLACE, "city": RuleKind.PLACE}
WORST = 20
GOLD = (
    "Doubtful in the gold standard, and kept in the figures: Spain in reuters.218923 (Spain's Jon Rahm is *the Spaniard* in most "
    "versions), Paris in dailymail.co.uk.298692 (an adjective in Czech, left out in Ukrainian), Biden in newsweek.51300 (left "
    "out in Bulgarian)."
)


def read(name: str) -> list[dict]:
    return [json.loads(line) for line in (SHARED / name).read_text("utf-8").splitlines()]


def rules(entities: list[dict], lists) -> list[Rule]:
    made = []
    for one in entities:
        kind = KINDS[one["type"]]
        found = suggest(one["entity"], lists, kind)
        aliases = tuple(alias.text for alias in found.aliases)
        made.append(
            Rule(
                id=one["entity"],
                kind=kind,
                title=one["entity"],
                names=(one["entity"],),
                aliases=aliases,
                variants={} if found.by_sound else NOT_BY_SOUND,
            )
        )
    return made


def article(one: dict) -> Article:
    return dataclasses.replace(example(one["body"]), title=one["title"], lang=None)


class Counts:
    """Right, missed and false documents, by whatever key."""

    def __init__(self) -> None:
        self.right, self.missed, self.false = Counter(), Counter(), Counter()

    def row(self, key: str) -> str:
        right, missed, false = self.right[key], self.missed[key], self.false[key]
        recall = right / (right + missed) if right + missed else 1.0
        precision = right / (right + false) if right + false else 1.0
        return f"| {key} | {right + missed} | {recall:.3f} | {precision:.3f} |"


def measure(entities: list[dict], documents: list[dict]):
    """The counts by language, type and in all; the missed and the false, by entity and language."""
    begun = time.process_time()
    index = compile_rules(rules(entities, name_lists())).index
    print(f"suggested in {time.process_time() - begun:.0f} s", file=sys.stderr)
    counts, missed, false = Counts(), defaultdict(list), Counter()
    for one in documents:
        if one["lang"] == "eng":
            continue
        hits = {match.rule_id: match for match in index.match(article(one))}
        for entity in entities:
            keys = (one["lang"], entity["type"], "all")
            expected, found = one["doc"] in entity["docs"], entity["entity"] in hits
            if expected and found:
                counts.right.update(keys)
            elif expected:
                counts.missed.update(keys)
                missed[entity["entity"]].append((one["lang"], one["doc"]))
            elif found:
                counts.false.update(keys)
                span = hits[entity["entity"]].spans[0]
                false[entity["entity"], one["lang"], span.text, span.term, one["doc"]] += 1
    return counts, missed, false


def rows() -> list[str]:
    """The section: by language, by type, and the worst errors; one line when the data is absent."""
    if not (SHARED / "ntrex_entities.jsonl").exists():
        return ["The parallel news is not beside this checkout: not measured."]
    entities, documents = read("ntrex_entities.jsonl"), read("ntrex_parallel_news.jsonl")
    counts, missed, false = measure(entities, documents)
    languages = sorted({one["lang"] for one in documents} - {"eng"})
    lines = ["| | versions | recall | precision |", "|---|---|---|---|", counts.row("all")]
    lines += [counts.row(key) for key in ("person", "country", "city")]
    lines += [counts.row(key) for key in languages]
    lines += ["", GOLD, "", "Missed, by entity:", ""]
    worst = sorted(missed.items(), key=lambda item: -len(item[1]))[:WORST]
    lines += [f"- {entity}: {', '.join(sorted({lang for lang, _ in found}))}" for entity, found in worst]
    lines += ["", "False alarms:", ""]
    lines += [
        f"- {entity} in {lang}: {text} (alias {term}) in {doc}"
        for (entity, lang, text, term, doc), _ in false.most_common(WORST)
    ]
    return lines


if __name__ == "__main__":
    print("\n".join(rows()))
