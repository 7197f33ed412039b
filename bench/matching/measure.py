"""Rounds, medians, percentiles, and hits held against the oracle's.

A rival and the product take turns on the same articles; the ratio is the median of the rounds' own ratios, so that other
work on the machine, which slows both, does not decide it.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.matching.engines import Engine
from bench.matching.made import Made
from bench.matching.oracle import Oracle
from monitor.model import Article

_LEAST_SECONDS = 0.02
"""A turn shorter than this is repeated within the round."""
_LONG_TURN = 0.3
"""Of the product alone: caches are then as they are at work."""
_LANGUAGES = 4


@dataclass(frozen=True, slots=True)
class Speed:
    """Articles a CPU second: the median of the rounds."""

    articles: int
    per_second: float
    ours: float = 0.0
    """The product's, on the same articles in the same rounds."""
    ratio: float = 0.0
    """Ours over theirs: median of the rounds."""


def turn(engine: Engine, articles: Sequence[Article], least: float = _LEAST_SECONDS) -> float:
    """CPU seconds an article, over a turn of so many seconds at least."""
    times = 0
    began = now = engine.cpu()
    while now - began < least:
        for article in articles:
            engine.hits(article)
        times += 1
        now = engine.cpu()
    return (now - began) / times / len(articles)


def _once(engine: Engine, articles: Sequence[Article]) -> float:
    began = engine.cpu()
    for article in articles:
        engine.hits(article)
    return (engine.cpu() - began) / len(articles)


def affordable(engine: Engine, articles: Sequence[Article], seconds: float) -> int:
    """As many articles as a turn of about so many seconds can take: two at least."""
    cost = turn(engine, articles[:2])
    return max(2, min(len(articles), int(seconds / max(cost, 1e-9))))


def alone(engine: Engine, articles: Sequence[Article], rounds: int) -> Speed:
    """One engine, after a round to warm up."""
    turn(engine, articles)
    return Speed(len(articles), 1 / statistics.median(turn(engine, articles, _LONG_TURN) for _ in range(rounds)))


def beside(rival: Engine, ours: Engine, stream: Sequence[Article], count: int, rounds: int) -> Speed:
    """A rival and the product in turns, on the first `count` articles.

    The product, which is done with a few in no time, has run over all others right before, so that it does not find in the
    processor's caches what it would not find there at work.
    """
    articles, others = stream[:count], stream[count:]
    pairs = []
    for _ in range(rounds):
        for article in others:
            ours.hits(article)
        pairs.append((_once(ours, articles), turn(rival, articles)))
    return Speed(
        articles=len(articles),
        per_second=1 / statistics.median(theirs for _, theirs in pairs),
        ours=1 / statistics.median(mine for mine, _ in pairs),
        ratio=statistics.median(theirs / mine for mine, theirs in pairs),
    )


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU microseconds an article."""

    p50: float
    p99: float
    by_language: dict[str, float]
    """The mean, of the languages with the most articles."""


def costs(engine: Engine, articles: Sequence[Article], rounds: int) -> Costs:
    """Of each article the median of the rounds; a round goes over all of them, so that caches are as they are at work."""
    passes = [[_cost(engine, article) for article in articles] for _ in range(rounds)]
    each = [statistics.median(times) / 1000 for times in zip(*passes, strict=True)]
    cuts = statistics.quantiles(each, n=100)
    langs: dict[str, list[float]] = defaultdict(list)
    for article, cost in zip(articles, each, strict=True):
        langs[article.lang or "unknown"].append(cost)
    most = sorted(langs, key=lambda lang: -len(langs[lang]))[:_LANGUAGES]
    return Costs(cuts[49], cuts[98], {lang: statistics.mean(langs[lang]) for lang in most})


def _cost(engine: Engine, article: Article) -> int:
    began = time.thread_time_ns()
    engine.hits(article)
    return time.thread_time_ns() - began


@dataclass
class Check:
    """An engine's hits beside the oracle's."""

    engine: str
    articles: int = 0
    hits: int = 0
    """The oracle's."""
    missing: list[tuple[str, str]] = field(default_factory=list)
    """(article, rule) that the oracle says and the engine does not."""
    surplus: list[tuple[str, str]] = field(default_factory=list)
    allowed: int = 0
    """Surplus hits of rules with NEAR, where the engine knows AND only."""

    @property
    def agrees(self) -> bool:
        return not self.missing and not self.surplus

    def lines(self, most: int = 20) -> list[str]:
        """The differences, by rule and article."""
        all_lines = [f"{self.engine}: misses {rule} in {article}" for article, rule in self.missing]
        all_lines += [f"{self.engine}: {rule} in {article} is too much" for article, rule in self.surplus]
        more = len(all_lines) - most
        return [*all_lines[:most], *([f"{self.engine}: and {more} more"] if more > 0 else [])]


def check(engine: Engine, truth: Iterable[tuple[Article, set[str]]], rules: Sequence[Made]) -> Check:
    """Hold an engine's hits against the oracle's."""
    near = {made.id for made in rules if made.near} if engine.superset else set()
    result = Check(engine.name)
    for article, expected in truth:
        found = set(engine.hits(article))
        result.articles += 1
        result.hits += len(expected)
        result.missing += [(article.key, rule) for rule in sorted(expected - found)]
        result.surplus += [(article.key, rule) for rule in sorted(found - expected - near)]
        result.allowed += len((found - expected) & near)
    return result


def truth(oracle: Oracle, articles: Iterable[Article]) -> list[tuple[Article, set[str]]]:
    """The oracle's answers, asked once for all engines."""
    return [(article, oracle.hits(article)) for article in articles]
