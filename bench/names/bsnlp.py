"""Slavic news: a rule is the base forms of a name, and must find every document that names it in whatever form."""

from collections import Counter, defaultdict

from bench.names.corpora import DATA, HEAD, Score, article, index_of, lines, named
from monitor.model import Tier

GROUPS = {
    **dict.fromkeys(("asia_bibi", "brexit", "nord_stream", "other", "ryanair"), "A"),
    **dict.fromkeys(("covid-19", "us_election_2020"), "B"),
    "trump": "C",
    "ec": "D",
}


class Result:
    """Figures, and where they come from."""

    def __init__(self) -> None:
        self.whole = Score()
        self.by_lang: dict[str, Score] = defaultdict(Score)
        self.tiers: Counter[tuple[str, bool]] = Counter()
        self.misses: Counter[tuple[str, str]] = Counter()
        self.alarms: Counter[tuple[str, str, str]] = Counter()


def measure() -> Result:  # noqa: C901 - one loop in another
    """Every rule on every document of its language and group."""
    result = Result()
    rules = defaultdict(list)
    for record in lines("bsnlp_rules.jsonl"):
        rules[record["lang"], record["group"]].append(record)
    documents = defaultdict(list)
    for record in lines("bsnlp_dev.jsonl"):
        documents[record["lang"], GROUPS[record["topic"]]].append(record)
    for key, listed in rules.items():
        index = index_of([named(f"r{number}", tuple(one["aliases"])) for number, one in enumerate(listed)])
        for document in documents[key]:
            found = {match.rule_id: match for match in index.match(article(document))}
            for number, one in enumerate(listed):
                if document["id"] in one["ignore"]:
                    continue
                match = found.get(f"r{number}")
                wanted = document["id"] in one["pos"]
                for score in (result.whole, result.by_lang[key[0]]):
                    score.add(wanted=wanted, found=match is not None)
                if match is not None:
                    best = min((list(Tier).index(span.tier) for span in match.spans), default=0)
                    result.tiers[list(Tier)[best].value, wanted] += 1
                    if not wanted:
                        result.alarms[key[0], one["aliases"][0], match.spans[0].text] += 1
                elif wanted:
                    result.misses[key[0], one["aliases"][0]] += 1
    return result


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "bsnlp_rules.jsonl").exists():
        return []
    result = measure()
    told = [
        "### Slavic news: base forms given, documents (BSNLP, development part)",
        "",
        HEAD,
        result.whole.row("**all**"),
    ]
    told += [score.row(lang) for lang, score in sorted(result.by_lang.items())]
    told += ["", "| best tier of the hit | right | wrong |", "| --- | --: | --: |"]
    told += [
        f"| {tier.value} | {result.tiers[tier.value, True]} | {result.tiers[tier.value, False]} |" for tier in Tier
    ]
    return told


if __name__ == "__main__":
    found = measure()
    print("\n".join(rows()))
    print("misses:")
    for (lang, name), count in found.misses.most_common(60):
        print(f"  {lang} {name}: {count}")
    print("alarms:")
    for (lang, name, text), count in found.alarms.most_common(80):
        print(f"  {lang} {name}: {text} {count}")
