"""Arabic names with the words that are written together with them (ANERcorp): which mentions are found."""

from collections import Counter, defaultdict

from bench.names.corpora import DATA, index_of, lines, named
from monitor.matching import example
from monitor.text.clitics import with_clitics
from monitor.text.fold import fold

PREFIXES = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "فب", "فل", "وك", "وال", "بال", "لل", "فال", "كال", "ولل", "وبال")
LEAST = 4  # mentions of a name


def mentions() -> dict[str, Counter[str]]:
    """Frequent names of one word, and the written forms that are marked as names and are one of them or it with a prefix."""
    written: Counter[str] = Counter()
    for record in lines("ner_anercorp_ar.jsonl"):
        for token, tag in zip(record["tokens"], record["tags"], strict=True):
            if tag != "O":
                written[fold(token)] += 1
    names = [form for form, count in written.items() if count >= LEAST and len(form) >= 4]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        bare = name.removeprefix("ال")
        for form, count in written.items():
            if form == name or (
                form in {prefix + one for prefix in PREFIXES for one in (name, bare)} and form not in names
            ):
                found[name][form] += count
    return found


def rows() -> list[str]:
    """The section of the report."""
    if not (DATA / "ner_anercorp_ar.jsonl").exists():
        return []
    plain = exact = prefixed = prefixed_found = 0
    for name, forms in mentions().items():
        index = index_of([named("r", (name,))])
        for form, count in forms.items():
            hit = bool(index.hits(example(form)))
            if form == name:
                plain += count
                exact += count * hit
            else:
                prefixed += count
                prefixed_found += count * hit
    return [
        "### Arabic names, and what is written together with them (ANERcorp)",
        "",
        "| mentions | of them | found |",
        "| --- | --: | --: |",
        f"| as the name stands | {plain:,} | {exact / max(1, plain):.3f} |",
        f"| with a prefix (و ف ب ل ك ال …) | {prefixed:,} | {prefixed_found / max(1, prefixed):.3f} |",
        "",
        (
            f"{len(mentions())} names of one word, four letters or more, met {LEAST} times or more; a name gets about "
            f"{len(with_clitics(fold('طرطوس')))} forms."
        ),
    ]


if __name__ == "__main__":
    print("\n".join(rows()))
    missed: Counter[tuple[str, str]] = Counter()
    for name, forms in mentions().items():
        index = index_of([named("r", (name,))])
        for form, count in forms.items():
            if not index.hits(example(form)):
                missed[name, form] += count
    print(missed.most_common(40))
