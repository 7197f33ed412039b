"""The watch list that the program ships, and three names more, on hand-written sentences full of traps.

Guards stand in the rules: `rules/` for those it has, `watch_rules.yaml` here for the others.
"""

from collections import defaultdict
from pathlib import Path

from bench.names.corpora import DATA, HEAD, ROOT, Score, article, index_of, lines
from monitor.config import load_rules

RULES = (ROOT / "rules" / "people.yaml", ROOT / "rules" / "bases.yaml", ROOT / "rules" / "places.yaml")
OWN = Path(__file__).with_name("watch_rules.yaml")


class Result:
    """Figures by language, and what went wrong."""

    def __init__(self) -> None:
        self.whole, self.hard = Score(), Score()
        self.by_lang: dict[str, Score] = defaultdict(Score)
        self.wrong: list[str] = []


def measure() -> Result:
    """Every watched name on every sentence."""
    result = Result()
    index = index_of(list(load_rules([*RULES, OWN])))
    watched = [record["rule"] for record in lines("core_watch_rules.jsonl")]
    for case in lines("core_watch_cases.jsonl"):
        found = {match.rule_id for match in index.match(article({"id": case["id"], "body": case["text"]}))}
        for name in watched:
            wanted = name in case["expect"]
            for score in (result.whole, result.by_lang[case["lang"]], *([result.hard] if case["hard"] else [])):
                score.add(wanted=wanted, found=name in found)
            if wanted != (name in found):
                result.wrong.append(
                    f"{'missed' if wanted else 'false'}: {name} in {case['id']} ({case['lang']}): {case['text']}"
                )
    return result


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "core_watch_cases.jsonl").exists():
        return []
    result = measure()
    told = ["### The watch list on sentences with traps, by rules with guards", "", HEAD]
    told += [result.whole.row("**all**"), result.hard.row("hard")]
    told += [score.row(lang) for lang, score in sorted(result.by_lang.items())]
    return [*told, "", *(f"- {line}" for line in result.wrong[:20])]


if __name__ == "__main__":
    print("\n".join(rows()))
