"""Run the benchmark: `python -m bench.matching [--quick] [--only ours] [--own] [--no-write]`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.matching import corpus as corpora
from bench.matching import measure, standing, tables
from bench.matching.corpus import Corpus
from bench.matching.engines import Engine, Ours, WithSpans, settle
from bench.matching.made import Made
from bench.matching.oracle import Oracle
from bench.matching.rivals import RIVALS, absent, frequencies
from bench.report import machine, write_section


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much to do."""

    sizes: tuple[int, ...]
    rounds: int
    seconds: float
    """Of a rival's turn, about."""
    checked: int
    """Rules times articles that the oracle is asked at each size."""
    rivals: tuple[str, ...]
    re_rules: int = 10_000
    """More are not worth the wait: three articles a second at 10,000."""
    changes: int = 50
    command: int = 10_000
    """Articles, at the least, for `monitor match`."""


FULL = Plan(sizes=(1_000, 10_000, 100_000), rounds=5, seconds=0.6, checked=5_200_000, rivals=tuple(RIVALS))
QUICK = Plan(
    sizes=(1_000, 10_000), rounds=3, seconds=0.2, checked=400_000, rivals=tuple(RIVALS), changes=20, command=2_000
)


def one_size(corpus: Corpus, plan: Plan, count: int) -> tables.Size:
    """Everything with one number of rules."""
    rules = corpus.rules(count)
    stream = corpus.stream
    footprint = standing.footprint(rules)
    ours = Ours(rules)
    settle()
    said = measure.truth(Oracle(rules), stream[: max(4, min(len(stream), plan.checked // count))])
    spans = WithSpans(ours)
    settle()  # what the oracle was made of is not ours to look through
    size = tables.Size(
        rules=count,
        index=type(ours.index).__name__,
        hits=sum(len(ours.hits(article)) for article in stream) / len(stream),
        compile_s=footprint.compile_s,
        ids=measure.alone(ours, stream, plan.rounds),
        spans=measure.alone(spans, stream, plan.rounds),
        costs=measure.costs(ours, stream, plan.rounds),
        changes=standing.changes(ours, corpus.rules(count + plan.changes)[count:], stream[0]),
        footprint=footprint,
        checks=[measure.check(engine, said, rules) for engine in (ours, spans)],
    )
    for name in plan.rivals:
        if absent(name) is None and not (name == "re" and count > plan.re_rules):
            _rival(name, corpus, plan, ours, rules, said, size)
    return size


def _rival(name: str, corpus: Corpus, plan: Plan, ours: Ours, rules: Sequence[Made], said, size: tables.Size) -> None:
    _tell(f"{name} with {len(rules):,} rules")
    rival: Engine = RIVALS[name](rules, frequencies(corpus.rules_half))
    settle()
    try:
        count = measure.affordable(rival, corpus.stream, plan.seconds)
        size.rivals.append((rival.name, measure.beside(rival, ours, corpus.stream, count, plan.rounds)))
        size.checks.append(measure.check(rival, said[: max(4, count)], rules))
    finally:
        rival.close()


def other_words(corpus: Corpus, count: int, articles: int) -> tables.Words:
    """What changes when words are cut as the generator cuts them."""
    rules = corpus.rules(count)
    said = measure.truth(Oracle(rules, corpus.generator.tokenize), corpus.stream[:articles])
    result = measure.check(Ours(rules), said, rules)
    return tables.Words(count, result.articles, result.hits, result.missing, result.surplus)


def run(corpus: Corpus, plan: Plan, command_line: str) -> tables.Report:
    """Measure everything."""
    report = tables.Report(machine(), corpus.described, command_line, plan.rounds)
    report.left_out = [sentence for name in plan.rivals if (sentence := absent(name))]
    for count in plan.sizes:
        _tell(f"monitor with {count:,} rules")
        report.sizes.append(one_size(corpus, plan, count))
    _tell("the number of rules at equal hits")
    report.scaling = standing.scaling(corpus, plan.sizes[0], plan.sizes[-1], corpus.stream, plan.rounds)
    for count, least in zip(plan.sizes[1:], (plan.command, 1), strict=False):
        _tell(f"monitor match with {count:,} rules")
        report.commands.append(
            standing.command(corpus.rules(count), corpus.stream, least, staged=count == plan.sizes[1])
        )
    if corpus.generator:
        report.words = other_words(corpus, plan.sizes[0], len(corpus.stream))
    return report


_HASH_SEED = "0"
_BEGAN = time.monotonic()


def _tell(what: str) -> None:
    print(f"{time.monotonic() - _BEGAN:6.1f} s  {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, write the section."""
    parser = argparse.ArgumentParser(prog="bench.matching", description="Matching beside its rivals.")
    parser.add_argument("--quick", action="store_true", help="1,000 and 10,000 rules, short turns: under two minutes")
    parser.add_argument("--only", choices=("ours", *RIVALS), help="no rivals, or this one alone")
    parser.add_argument("--own", action="store_true", help="the project's own texts, whatever lies beside it")
    parser.add_argument("--no-write", action="store_true", help="print the tables, leave docs/benchmarks.md as it is")
    given = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != _HASH_SEED:
        # The shared generator breaks ties by the order of sets, so without this no two runs would have the same rules.
        os.execve(
            sys.executable,
            [sys.executable, "-m", "bench.matching", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": _HASH_SEED},
        )
    plan = QUICK if given.quick else FULL
    if given.only:
        plan = replace(plan, rivals=() if given.only == "ours" else (given.only,))
    report = run(corpora.load(own=given.own), plan, " ".join(["python -m bench.matching", *sys.argv[1:]]))
    text = report.markdown()
    print(text)
    if not given.no_write:
        write_section("matching", text)
    if any(not check.agrees for size in report.sizes for check in size.checks[:2]):
        sys.exit("monitor and the oracle differ")


if __name__ == "__main__":
    main()
