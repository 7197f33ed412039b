"""Written cases: sentences with the rules that must fire and no other, hard ones included; guards are those of the shipped rules."""

from bench.names.corpora import DATA, HEAD, ROOT, Score, lines
from monitor.config import load_rules
from monitor.matching import compile_rules, example
from monitor.model import Rule, RuleKind

OURS = {"tartus": "tartus-base"}
MORE = (
    Rule(
        id="erdogan",
        kind=RuleKind.PERSON,
        title="Erdoğan",
        names=("Recep Tayyip Erdoğan", "Erdoğan", "Эрдоган", "أردوغان"),
    ),
    Rule(
        id="latakia",
        kind=RuleKind.PLACE,
        title="Latakia",
        names=("Latakia", "Латакия", "اللاذقية"),
        aliases=("Lazkiye",),
    ),
)


def measure() -> tuple[dict[str, Score], list[str]]:
    """Figures for all, the easy and the hard cases; and what went wrong."""
    shipped = load_rules([ROOT / "rules"])
    index = compile_rules((*(rule for rule in shipped if rule.id not in {"erdogan", "latakia"}), *MORE)).index
    scores = {name: Score() for name in ("all", "easy", "hard")}
    watched = {OURS.get(one["rule"], one["rule"]) for one in lines("core_watch_rules.jsonl")}
    wrong = []
    for case in lines("core_watch_cases.jsonl"):
        wanted = {OURS.get(name, name) for name in case["expect"]}
        found = set(index.hits(example(case["text"]))) & watched
        for rule in watched:
            for name in ("all", "hard" if case["hard"] else "easy"):
                scores[name].add(wanted=rule in wanted, found=rule in found)
        wrong += [f"{case['id']} {sorted(found ^ wanted)}: {case['text']}"] if found != wanted else []
    return scores, wrong


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "core_watch_cases.jsonl").exists():
        return []
    scores, _ = measure()
    return [
        "### Written cases, with the guards of the shipped rules",
        "",
        HEAD,
        *(score.row(name) for name, score in scores.items()),
    ]


if __name__ == "__main__":
    print("\n".join(rows()))
    print("\n".join(measure()[1]))
