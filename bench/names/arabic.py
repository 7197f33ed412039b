"""Arabic news: names of which the base form is given, and their mentions with و ف ب ل ك and the article in front.

A rule is a name that the corpus marks at least three times, in its barest written form. A mention is a name of the corpus
that is this one after folding, or after folding and taking off what Arabic writes in front.
"""

from collections import Counter, defaultdict

from bench.names.corpora import DATA, article, index_of, lines, named
from monitor.text.fold import fold

FEWEST = 3
SHORTEST = 3
# Nothing is shared with monitor.text.clitics: the two would be wrong together.
PREFIXES = frozenset(
    (
        "و",
        "ف",
        "ب",
        "ل",
        "ك",
        "وب",
        "ول",
        "فب",
        "فل",
        "وك",
        "ال",
        "وال",
        "فال",
        "بال",
        "كال",
        "وبال",
        "فبال",
        "وكال",
        "لل",
        "ولل",
        "فلل",
    )
)


def entities(record: dict) -> list[tuple[int, int]]:
    """The names of a sentence, as ranges of tokens."""
    found: list[list[int]] = []
    for at, tag in enumerate(record["tags"]):
        if tag.startswith("B") or (tag.startswith("I") and (not found or found[-1][1] != at)):
            found.append([at, at + 1])
        elif tag.startswith("I"):
            found[-1][1] = at + 1
    return [(begin, end) for begin, end in found]


def strippings(word: str) -> set[str]:
    """What may be left of a folded word when nothing, or one thing that is written in front, is taken away."""
    found = {word}
    for cut in range(1, 5):
        if word[:cut] in PREFIXES and len(word) - cut >= SHORTEST:
            found.add(word[cut:])
            if word[:cut].endswith("لل"):
                found.add("ل" + word[cut:])  # to the: one of three lams is not written
    return found


class Result:
    """Mentions by how they are written, and those found; words that are no names."""

    def __init__(self) -> None:
        self.wanted: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.missed: Counter[tuple[str, str]] = Counter()
        self.alarms: Counter[tuple[str, str]] = Counter()
        self.names = self.right = 0


def measure() -> Result:
    """Every name on every sentence."""
    records = list(lines("ner_anercorp_ar.jsonl"))
    counted: Counter[tuple[str, ...]] = Counter()
    for record in records:
        counted.update(tuple(map(fold, record["tokens"][begin:end])) for begin, end in entities(record))
    names = _base_forms(counted)
    index = index_of([named(f"r{number}", (" ".join(name),)) for number, name in enumerate(names)])
    by_stripped = defaultdict(set)
    for number, name in enumerate(names):
        for bare in strippings(name[0]) & {name[0], name[0].removeprefix("ال")}:
            by_stripped[(bare, *name[1:])].add(number)
    result = Result()
    result.names = len(names)
    for record in records:
        _count(result, record, names, index, by_stripped)
    return result


def _base_forms(counted: Counter) -> list[tuple[str, ...]]:
    """Frequent names, without those that are another frequent name with something in front."""
    frequent = {
        name for name, count in counted.items() if count >= FEWEST and len(name[0]) >= SHORTEST and name[0].isalpha()
    }
    prefixed = {
        name for name in frequent if any((bare, *name[1:]) in frequent for bare in strippings(name[0]) - {name[0]})
    }
    return sorted(frequent - prefixed)


def _count(result: Result, record: dict, names: list, index, by_stripped: dict) -> None:
    body = " ".join(record["tokens"])
    starts = [len(" ".join(record["tokens"][:at])) + (at > 0) for at in range(len(record["tokens"]))]
    hits = {
        (int(match.rule_id[1:]), starts.index(max(start for start in starts if start <= span.start)))
        for match in index.match(article({"id": record["id"], "body": body}))
        for span in match.spans
    }
    gold = set()
    inside = set()
    for begin, end in entities(record):
        inside.update(range(begin, end))
        words = tuple(map(fold, record["tokens"][begin:end]))
        for bare in strippings(words[0]):
            for number in by_stripped.get((bare, *words[1:]), ()):
                gold.add((number, begin, "as it is" if words == names[number] else "with a prefix"))
    for number, begin, how in gold:
        result.wanted[how] += 1
        if (number, begin) in hits:
            result.found[how] += 1
        else:
            result.missed[" ".join(names[number]), record["tokens"][begin]] += 1
    for number, begin in hits:
        if begin in inside:
            result.right += 1
        else:
            result.alarms[" ".join(names[number]), record["tokens"][begin]] += 1


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "ner_anercorp_ar.jsonl").exists():
        return []
    result = measure()
    told = [f"### Arabic news: {result.names} names, mentions (ANERcorp, development part)", ""]
    told += ["| written | mentions | found |", "| --- | --: | --: |"]
    told += [
        f"| {how} | {result.wanted[how]} | {result.found[how] / max(1, result.wanted[how]):.3f} |"
        for how in ("as it is", "with a prefix")
    ]
    alarms = sum(result.alarms.values())
    told += ["", f"Of all words that were hit, {result.right} are in a name that the corpus marks, {alarms} are not."]
    return told


if __name__ == "__main__":
    shown = measure()
    print("\n".join(rows()))
    for title, counter in (("misses", shown.missed), ("alarms", shown.alarms)):
        print(title)
        for (name, word), count in counter.most_common(60):
            print(f"  {name}: {word} {count}")
