"""How long 100,000 rules take to be read from YAML: `make bench-loading`.

The rules are made up from syllables, by a seed: persons and places with names in two scripts, aliases and labels, and
topics with queries. What is measured is reading, checking and building the rules, not compiling them.
"""

import argparse
import cProfile
import gc
import pstats
import random
import resource
import tempfile
import time
from pathlib import Path

from report import machine, write_section

from monitor.config.document import parse_document, read_text
from monitor.config.plain_yaml import read_plain
from monitor.config.rule_build import RuleCache
from monitor.config.rule_files import RuleSet, _read_precisely, read_rules

FILES = 100
_LATIN = [
    "ba",
    "be",
    "da",
    "do",
    "fa",
    "ga",
    "ha",
    "ja",
    "ka",
    "ku",
    "la",
    "li",
    "ma",
    "mi",
    "na",
    "no",
    "pa",
    "ra",
    "ri",
    "sa",
    "si",
    "ta",
    "to",
    "va",
    "vi",
    "ya",
    "zo",
]
_CYRILLIC = [
    "ба",
    "бе",
    "да",
    "до",
    "фа",
    "га",
    "ха",
    "жа",
    "ка",
    "ку",
    "ла",
    "ли",
    "ма",
    "ми",
    "на",
    "но",
    "па",
    "ра",
    "ри",
    "са",
    "си",
    "та",
    "то",
    "ва",
    "ви",
    "я",
    "зо",
]
_WORDS = [
    "port",
    "base",
    "fleet",
    "ship",
    "visit",
    "talks",
    "treaty",
    "border",
    "crossing",
    "convoy",
    "airport",
    "grain",
    "strike",
]


def words(rng, syllables, count):
    return ["".join(rng.choices(syllables, k=rng.randint(2, 4))).capitalize() for _ in range(count)]


class Names:
    """A few first names and many surnames, so that words recur as they do among people."""

    def __init__(self, rng, syllables):
        self.rng, self.first, self.last = rng, words(rng, syllables, 1_000), words(rng, syllables, 20_000)

    def one(self):
        return f"{self.rng.choice(self.first)} {self.rng.choice(self.last)}"


def rule(rng, latin_names, cyrillic_names, number):
    """One rule as its author would write it; every fifth is a topic."""
    if number % 5 == 4:
        first, second, third, fourth = rng.sample(_WORDS, 4)
        return (
            f"  - id: topic-{number:06}\n    kind: topic\n    title: {first.capitalize()} and {second}\n"
            f"    query: '({first} OR \"{second} {third}\") NEAR/8 {latin_names.one().split()[1]} AND NOT {fourth}'\n"
            f"    severity: {rng.choice(('routine', 'urgent'))}\n"
        )
    latin, cyrillic = latin_names.one(), cyrillic_names.one()
    return (
        f"  - id: name-{number:06}\n    kind: {rng.choice(('person', 'place', 'organisation'))}\n    title: {latin}\n"
        f'    names: [{latin}, {cyrillic}]\n    aliases: ["{latin_names.one()}", {cyrillic_names.one()}]\n'
        f"    needs: {rng.choice(_WORDS)}* | {rng.choice(_WORDS)}\n    within: sentence\n"
        f"    severity: routine\n    labels: {{desk: mena, country: SY}}\n"
    )


def write_rules(folder, count, files=FILES):
    rng = random.Random(1)
    names = Names(rng, _LATIN), Names(rng, _CYRILLIC)
    size = -(-count // files)
    for part in range(files):
        numbers = range(part * size, min(count, (part + 1) * size))
        text = "# Made by bench/loading.py.\nrules:\n" + "".join(rule(rng, *names, number) for number in numbers)
        (folder / f"rules-{part:03}.yaml").write_text(text, "utf-8")


def timed(work):
    """CPU seconds without the search for cycles, which reading does without as well."""
    gc.disable()
    began = time.process_time()
    made = work()
    spent = time.process_time() - began
    gc.enable()
    return made, spent


def precise(files):
    """The reader of before, which is still the one for files with mistakes."""
    found = RuleSet()
    for file in files:
        _read_precisely(parse_document(read_text(file), file), found)
    return found


def measure(folder, count):
    files = sorted(folder.glob("*.yaml"))
    size = sum(file.stat().st_size for file in files)
    few = files[: max(1, FILES // 20)]
    slow, slow_seconds = timed(lambda: precise(few))
    _, yaml_seconds = timed(lambda: [read_plain(read_text(file)) and None for file in few])
    cache = RuleCache()
    found, seconds = timed(lambda: read_rules([folder], cache))
    assert len(found.rules) == count
    assert not found.faults
    same, same_seconds = timed(lambda: read_rules([folder], cache))
    files[3].write_text(files[3].read_text("utf-8").replace("severity: routine", "severity: urgent"), "utf-8")
    changed, changed_seconds = timed(lambda: read_rules([folder], cache))
    assert found.rules != changed.rules
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        ("first reading", seconds, count),
        ("of that: YAML to plain values", yaml_seconds * count / len(slow.rules), count),
        ("by the precise reader, which files with mistakes get", slow_seconds * count / len(slow.rules), count),
        ("again, nothing changed", same_seconds, len(same.rules)),
        (f"again, one file of {len(files)} changed", changed_seconds, len(changed.rules)),
    ]
    table = "".join(f"| {what} | {spent:.2f} | {number / spent:,.0f} |\n" for what, spent, number in rows)
    return (
        "## Loading: rules read from YAML, checked and built (`make bench-loading`)\n\n"
        f"{machine()}\n\n{count:,} made-up rules in {len(files)} files, {size / 1e6:.1f} MB. Compiling is not in it. The "
        f"second and third rows are measured on {len(slow.rules):,} rules and scaled.\n\n"
        f"| what | CPU seconds | rules/s |\n| --- | --: | --: |\n{table}\nPeak memory: {memory:.0f} MB.\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="print where the time of the first reading goes instead")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rules(folder, chosen.rules)
        if chosen.profile:
            profile = cProfile.Profile()
            profile.runcall(read_rules, [folder])
            pstats.Stats(profile).sort_stats("tottime").print_stats(20)
            return
        text = measure(folder, chosen.rules)
    write_section("loading", text)
    print(text)


if __name__ == "__main__":
    main()
