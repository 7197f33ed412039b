"""What is measured around matching itself: memory, changes, the number of rules at equal hits, the command as a whole."""

import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.matching.corpus import ROOT, Corpus
from bench.matching.engines import Ours, settle
from bench.matching.made import Made, as_rule, write_yaml
from bench.matching.measure import turn
from monitor.cli.match import read_article
from monitor.matching import with_changes
from monitor.model import Article

_LONG_TURN = 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of a process of its own."""

    rules_mb: float
    set_mb: float
    mapped_mb: float
    compile_s: float


def footprint(rules: Sequence[Made]) -> Footprint:
    """Memory of the compiled set, in a child process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules"
        file.write_bytes(pickle.dumps([as_rule(made) for made in rules]))
        told = json.loads(_child("bench.matching.footprint", str(file)).stdout)
        mapped = json.loads(_child("bench.matching.footprint", str(file.with_suffix(".image"))).stdout)
    if told["known"] != len(rules):
        raise ValueError(f"{len(rules) - told['known']} rules were not compiled")
    return Footprint(told["rules_mb"], told["set_mb"], mapped["mapped_mb"], told["compile_s"])


def _child(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """CPU milliseconds until a change is live: made, and the next article matched with it, less a usual article."""

    add: float
    add_worst: float
    remove: float


def changes(ours: Ours, extra: Sequence[Made], article: Article) -> Changes:
    """Add rules one by one, each to the set that the last one left, then remove them again."""
    index = ours.index
    usual = min(_seconds(lambda: ours.hits(article))[0] for _ in range(5))
    adding, removing = [], []
    for made in extra:
        took, index = _changed(index, [as_rule(made)], [], article)
        adding.append(took - usual)
    for made in extra:
        took, index = _changed(index, [], [made.id], article)
        removing.append(took - usual)
    return Changes(*(1000 * one for one in (statistics.median(adding), max(adding), statistics.median(removing))))


def _changed(index, added, removed, article):
    began = time.process_time()
    index = with_changes(index, added, removed).index
    getattr(index, "hits", index.match)(article)
    return time.process_time() - began, index


def _seconds(work):
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


@dataclass(frozen=True, slots=True)
class Scaling:
    """CPU microseconds an article with few rules and with many, at the very same hits."""

    few: int
    many: int
    hits: float
    few_cost: float
    many_cost: float
    ratio: float


def scaling(corpus: Corpus, few: int, many: int, articles: Sequence[Article], rounds: int) -> Scaling:
    """The first rules, and the same among others that hit none of these articles."""
    loud = corpus.rules(few)
    quiet: list[Made] = []
    reached = few
    while len(quiet) < many - few:
        piece = corpus.rules(reached + many // 4)[reached:]
        reached += many // 4
        engine = Ours(piece)
        hit = {name for article in articles for name in engine.hits(article)}
        quiet += [made for made in piece if made.id not in hit]
    small, large = Ours(loud), Ours([*loud, *quiet[: many - few]])
    settle()
    found = [[len(engine.hits(article)) for article in articles] for engine in (small, large)]
    if found[0] != found[1]:
        raise ValueError("the two sets should hit the same")
    # Long turns: a large set that another has driven out of the processor's caches is slow at first.
    pairs = [(turn(small, articles, _LONG_TURN), turn(large, articles, _LONG_TURN)) for _ in range(rounds + 1)][1:]
    return Scaling(
        few=few,
        many=many,
        hits=sum(found[0]) / len(articles),
        few_cost=1e6 * statistics.median(one for one, _ in pairs),
        many_cost=1e6 * statistics.median(other for _, other in pairs),
        ratio=statistics.median(other / one for one, other in pairs),
    )


@dataclass(frozen=True, slots=True)
class Command:
    """`monitor match`, by its own statistics."""

    rules: int
    articles: int
    hits: int
    load_s: float
    """CPU seconds from YAML to an index that is ready."""
    again_s: float
    """The same when it is started once more."""
    per_second: float
    """Articles a CPU second: JSON in, JSON out, with spans."""
    stages: dict[str, float]
    """CPU microseconds an article of what it does, in order."""


def command(rules: Sequence[Made], articles: Sequence[Article], least: int, *, staged: bool = False) -> Command:
    """Run the command on files, with each article as often as it takes to come to `least` articles.

    With `staged`, its stages are measured by themselves in this process too; what they leave is writing and the loop.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").mkdir()
        write_yaml(rules, folder / "rules")
        times = -(-least // len(articles))
        with (folder / "articles").open("w", encoding="utf-8") as file:
            for turn_number in range(times):
                for one in articles:
                    record = {"id": f"{turn_number}/{one.key}", "title": one.title, "body": one.body, "lang": one.lang}
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
        told, again = (_match(folder) for _ in range(2))
        lines = (folder / "articles").read_bytes().splitlines()
    per_second = statistics.mean(one["articles"] / one["cpu_seconds"]["match"] for one in (told, again))
    return Command(
        rules=told["rules"],
        articles=told["articles"],
        hits=told["hits"],
        load_s=told["cpu_seconds"]["compile"],
        again_s=again["cpu_seconds"]["compile"],
        per_second=per_second,
        stages=_stages(rules, lines, 1e6 / per_second) if staged else {},
    )


def _stages(rules: Sequence[Made], lines: Sequence[bytes], whole: float) -> dict[str, float]:
    """Where the time of an article goes, microseconds."""
    ours = Ours(rules)
    settle()
    reading, articles = _seconds(lambda: [read_article(json.loads(line)) for line in lines])
    ids, _ = _seconds(lambda: [ours.hits(article) for article in articles])
    spans, _ = _seconds(lambda: [ours.spans(article) for article in articles])
    parts = {"reading JSON": reading, "hits": ids, "their spans": spans - ids}
    each = {name: 1e6 * seconds / len(lines) for name, seconds in parts.items()}
    return each | {"writing JSON and the rest": whole - sum(each.values())}


def _match(folder: Path) -> dict:
    files = ("--rules", folder / "rules", "--input", folder / "articles", "--output", folder / "hits", "--stats")
    return json.loads(_child("monitor", "match", *map(str, files)).stderr.splitlines()[-1])
