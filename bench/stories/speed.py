"""What an article costs, by how many are in the window; and what the window weighs.

The stream is made of real sentences: half of the articles begin a story, the others retell one of the last thousands with
some of its sentences and some of their own. All lie within the window, so that nothing is left out for its time.
"""

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.stories import data
from monitor.config.story_lists import lexicon
from monitor.model import Article
from monitor.stories import Stories

SIZES = (1_000, 10_000, 100_000)
_MEASURED = 1_000
_SENTENCES = 12
_RECENT = 3_000
_BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


def stream(count: int, pool: dict[str, list[str]], seed: int = 1) -> Iterator[Article]:
    """Made news of these sentences by language: title, and about 250 words."""
    chance = random.Random(seed)
    langs = [lang for lang in pool for _ in range({"en": 6}.get(lang, 2))]
    recent: list[tuple[str, list[str]]] = []
    for number in range(count):
        if not recent or chance.random() < 0.5:
            lang = chance.choice(langs)
            said = chance.sample(pool[lang], _SENTENCES)
            recent = [*recent[-_RECENT:], (lang, said)]
        else:
            lang, before = chance.choice(recent)
            said = chance.sample(before, _SENTENCES // 2) + chance.sample(pool[lang], _SENTENCES // 2)
        yield Article(
            key=str(number),
            feed_id="",
            guid=None,
            url=f"https://outlet.example/{number}",
            title=" ".join(said[0].split()[:10]),
            body=". ".join(said),
            lang=lang,
            published=_BEGUN + timedelta(seconds=number),
        )


def measure(size: int) -> None:
    """Print how long the last articles took with a window of `size`: articles a CPU second, the slowest, memory."""
    stories, pool = Stories(lexicon(), limit=2 * size), data.sentences()
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for one in stream(size + _MEASURED, pool):
        begun = time.process_time()
        stories.add(one)
        times.append(time.process_time() - begun)
    last = sorted(times[-_MEASURED:])
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    print(f"{_MEASURED / sum(last)} {1000 * last[len(last) * 99 // 100]} {memory}")


def rows() -> list[str]:
    """The table of the report; each size in a process of its own, so that memory can be told."""
    told = ["### What an article costs", ""]
    told += [
        "| articles in the window | articles a CPU second | slowest but 1 %, ms | memory, MB |",
        "| --: | --: | --: | --: |",
    ]
    for size in SIZES:
        command = [sys.executable, "-m", "bench.stories", "speed", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=data.ROOT)
        speed, slowest, memory = map(float, done.stdout.split())
        told.append(f"| {size:,} | {speed:,.0f} | {slowest:.1f} | {memory:,.0f} |")
    return told
