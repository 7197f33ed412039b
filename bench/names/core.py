"""Written cases: sentences with the names that must be found and no other, hard ones included.

The guards are those of the shipped rules, and those of `watch_rules.yaml` for the names that no shipped rule watches.
"""

from pathlib import Path

from bench.names.corpora import DATA, HEAD, ROOT, Score, lines
from monitor.config import load_rules
from monitor.matching import compile_rules, example

OWN = Path(__file__).with_name("watch_rules.yaml")


def measure() -> tuple[dict[str, Score], list[str]]:
    """Figures for all, the easy and the hard cases, and by language; and what went wrong."""
    own = load_rules([OWN])
    shipped = [rule for rule in load_rules([ROOT / "rules"]) if rule.id not in {one.id for one in own}]
    index = compile_rules([*shipped, *own]).index
    scores = {name: Score() for name in ("all", "easy", "hard")}
    watched = {one["rule"] for one in lines("core_watch_rules.jsonl")}
    wrong = []
    for case in lines("core_watch_cases.jsonl"):
        wanted = set(case["expect"])
        found = set(index.hits(example(case["text"]))) & watched
        for rule in watched:
            for name in ("all", "hard" if case["hard"] else "easy", case["lang"]):
                scores.setdefault(name, Score()).add(wanted=rule in wanted, found=rule in found)
        wrong += [f"{case['id']} {sorted(found ^ wanted)}: {case['text']}"] if found != wanted else []
    return scores, wrong


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "core_watch_cases.jsonl").exists():
        return []
    scores, _ = measure()
    return [
        "### Written cases, with guards in the rules",
        "",
        HEAD,
        *(score.row(name) for name, score in scores.items()),
    ]


if __name__ == "__main__":
    print("\n".join(rows()))
