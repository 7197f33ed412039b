"""How much one core does: matching, recording polls, delivering alerts. `make bench` writes docs/benchmarks.md.

Every figure is CPU time of this process, the median of several rounds; matching is set beside the plain evaluation of
every rule in the same run, on the same articles, and the hits are compared. The corpus is the project's own: the seed
article and the examples of the shipped rules; the rules are the shipped ones, and copies of them with made-up names so
that a set has the wanted size and hits stay what they are.
"""

import asyncio
import dataclasses
import itertools
import os
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from report import machine, write_section

from monitor import config
from monitor.engine import alerts, flow
from monitor.engine.alerts import waiting_for
from monitor.engine.daemon import Daemon, close
from monitor.engine.local import LocalEngine
from monitor.matching import compile_rules, example
from monitor.model import Article, Feed
from monitor.store.protocol import PollRecord

ROOT = Path(__file__).parents[1]
ROUNDS = 5
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def articles() -> list[Article]:
    """The seed and every example, each as an article."""
    rules = config.load_rules([ROOT / "rules"])
    texts = [text for rule in rules for text in (*rule.examples.match, *rule.examples.ignore)]
    seed = next((ROOT / "seeds").glob("*.txt")).read_text("utf-8")
    return [example(text) for text in (*[seed] * 20, *texts)]


def median_cpu(work) -> float:
    """Median CPU seconds of a piece of work, after one round to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def matching() -> list[str]:
    """Index against plain evaluation."""
    shipped = list(config.load_rules([ROOT / "rules"]))
    corpus = articles()
    words = sum(len(one.body.split()) for one in corpus) / len(corpus)
    rows = [
        f"\nCorpus: {len(corpus)} articles of {words:.0f} words on average.\n",
        "| rules | articles a CPU second, index | plain evaluation | ratio | hits an article | compile, s |",
        "| --: | --: | --: | --: | --: | --: |",
    ]
    for size in (16, 160, 1600):
        rules = [*shipped]
        for number in range(size - len(shipped)):
            model = shipped[number % len(shipped)]
            name = f"Zq{number:x}vark Mb{number:x}lot"
            rules.append(dataclasses.replace(model, id=f"made-{number}", names=(name,), aliases=(), query=None, score=None, needs=None, not_=()))  # fmt: skip
        began = time.process_time()
        index = compile_rules(rules).index
        compiled = time.process_time() - began
        hits = sum(len(index.match(one)) for one in corpus)
        assert hits == sum(len(index.match_all(one)) for one in corpus)
        ours = len(corpus) / median_cpu(lambda index=index: [index.match(one) for one in corpus])
        plain = len(corpus) / median_cpu(lambda index=index: [index.match_all(one) for one in corpus])
        rows.append(
            f"| {size} | {ours:,.0f} | {plain:,.0f} | {ours / plain:.1f} | {hits / len(corpus):.2f} | {compiled:.2f} |"
        )
    return rows


SETTINGS = """
store: sqlite:///monitor.db
rules: [{rules}]
channels: {{box: {{kind: maildir, path: box}}}}
subscribers: [{{id: desk, channels: [box], max_per_hour: 0}}]
stories: {{enabled: false}}
http: {{enabled: false}}
"""


async def flowing(folder: Path, count: int) -> tuple[float, float, float, float]:
    """CPU milliseconds an article matched and recorded, an alert decided, an alert delivered; wall seconds in all."""
    file = folder / "monitor.yaml"
    file.write_text(SETTINGS.format(rules=ROOT / "rules"))
    daemon = Daemon(lambda: config.load(file, dict(os.environ)))
    loaded = config.load(file, dict(os.environ))
    parts = await daemon.assemble(loaded)
    began_wall = time.perf_counter()
    try:
        await parts.store.sync_feeds([Feed(id="f", url="http://127.0.0.1/")], NOW, {"f": NOW})
        text = "Planes at the Khmeimim air base, says Sergey Lavrov. " * 20
        began = time.process_time()
        for start in range(0, count, 50):
            await parts.store.make_due(None, NOW)
            (claim,) = await parts.store.claim_feeds("bench", NOW, 1, timedelta(minutes=5))
            batch = [
                Article(key=f"k{n}", feed_id="f", guid=f"{n}", url=None, title=f"News {n}", body=text, text_hash="h")
                for n in range(start, start + 50)
            ]
            judged = flow.judge(loaded, claim, batch, {}, now=NOW)
            await parts.store.record_poll(
                PollRecord(
                    feed_id="f",
                    lease=claim.lease,
                    now=NOW,
                    state=claim.state,
                    articles=judged.articles,
                    waiting=waiting_for(loaded, parts.live.people, claim.feed, judged.articles, {}, now=NOW),
                )
            )
        recorded = (time.process_time() - began) / count * 1000
        parts.clock = lambda: NOW + timedelta(seconds=1)
        ticks = itertools.count()
        parts.monotonic = lambda: float(next(ticks))  # rates hold nothing back
        engine = LocalEngine(parts, daemon.pulse)
        began = time.process_time()
        (claim_,) = await parts.store.claim_subscribers("bench", parts.clock(), 1, timedelta(minutes=5))
        await alerts.alert(parts, claim_)
        decided = (time.process_time() - began) / count * 1000
        began = time.process_time()
        while await engine.deliver_due():
            await engine.settle()
        delivered = (time.process_time() - began) / count * 1000
        assert len(list((folder / "box" / "new").iterdir())) == count
    finally:
        await close(parts)
    return recorded, decided, delivered, time.perf_counter() - began_wall


def _peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print and write the tables."""
    rows = ["## The flow: matching the shipped rules, recording, delivering (`make bench`)", "", machine(), ""]
    rows += ["### Matching", *matching(), "", "### Recording and delivering", ""]
    results = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            results.append(asyncio.run(flowing(Path(folder), 500)))
    recorded, decided, delivered, wall = (statistics.median(column) for column in zip(*results, strict=True))
    rows += [
        "500 articles of 180 words, two rules hit by each, one alert for each, into a Maildir (each message synced):",
        "",
        "| what | CPU ms |",
        "| --- | --: |",
        f"| an article matched and recorded with hits and what waits (polls of 50) | {recorded:.2f} |",
        f"| an alert decided, composed and recorded with its delivery | {decided:.2f} |",
        f"| an alert rendered, delivered and recorded (three commits) | {delivered:.2f} |",
        "",
        f"Both together took {wall:.1f} s of wall time. Peak memory: {_peak():.0f} MB.",
    ]
    text = "\n".join(rows) + "\n"
    write_section("flow", text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
