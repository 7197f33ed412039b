"""Places: a rule knows one Latin spelling; which of the place's Cyrillic spellings does it find, and what else in news?"""

from collections import Counter

from bench.names.corpora import DATA, article, index_of, lines, named
from monitor.matching import example
from monitor.model import Tier
from monitor.text.fold import fold

NEWS = ("news_bench_en.jsonl", "news_bench_ru.jsonl", "news_bench_wmt22.jsonl")


class Result:
    """Spellings found and missed by script; false hits in news by tier."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.listed: Counter[str] = Counter()
        self.misses: list[tuple[str, str]] = []
        self.false: Counter[tuple[str, str]] = Counter()
        self.false_by_tier: Counter[str] = Counter()
        self.tokens = 0
        self.rules = 0


def measure() -> Result:  # noqa: C901 - one loop in another
    """Every place by its first Latin spelling."""
    result = Result()
    places = [one for one in lines("entity_variants_places.jsonl") if one["variants"].get("Cyrillic")]
    result.rules = len(places)
    index = index_of([named(one["id"], (one["canonical"],)) for one in places])
    for one in places:
        for script in ("Cyrillic", "Latin"):
            for spelling in one["variants"].get(script, ()):
                result.listed[script] += 1
                if one["id"] in index.hits(example(spelling)):
                    result.found[script] += 1
                elif script == "Cyrillic":
                    result.misses.append((one["canonical"], spelling))
    known = {one["id"]: {fold(text) for texts in one["variants"].values() for text in texts} for one in places}
    for name in NEWS:
        for record in lines(name):
            result.tokens += len(f"{record.get('title') or ''} {record.get('body') or ''}".split())
            for match in index.match(article(record)):
                for span in match.spans:
                    if span.tier is Tier.TRANSLITERATED and fold(span.text) not in known[match.rule_id]:
                        result.false[span.term, span.text] += 1
                        result.false_by_tier[span.tier.value] += 1
    return result


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "entity_variants_places.jsonl").exists():
        return []
    result = measure()
    hits = sum(result.false_by_tier.values()) / max(1, result.rules) / (result.tokens / 1e6)
    told = [
        "### Places: one Latin spelling known (GeoNames)",
        "",
        "| spellings | listed | found |",
        "| --- | --: | --: |",
    ]
    told += [
        f"| {script} | {result.listed[script]:,} | {result.found[script] / max(1, result.listed[script]):.3f} |"
        for script in ("Cyrillic", "Latin")
    ]
    told += [
        "",
        (
            f"By sound alone {hits:.3f} hits a rule and million words of English, Russian and other news on words that are no "
            f"listed spelling ({result.tokens:,} words, {result.rules:,} rules). Latin spellings hold historic and unrelated names, "
            "so they cannot all be found."
        ),
    ]
    return told


if __name__ == "__main__":
    found = measure()
    print("\n".join(rows()))
    print(Counter(found.false).most_common(40))
    print(found.misses[::25])
