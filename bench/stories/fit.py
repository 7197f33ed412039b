"""The search for the numbers of `monitor/stories/tuning.py`: `python -m bench.stories fit [seconds]`.

A random walk uphill with a fixed seed, on every second ECB+ topic, every second labelled pair, and the headlines; the
other halves are printed beside it and not looked at by the search.
"""

import dataclasses
import random
import time

from bench.stories import data
from bench.stories.quality import grouped, in_any_order, of_pairs
from monitor.config.story_lists import lexicon
from monitor.stories import DEFAULT, Lexicon, Tuning

_CHOICES: dict[str, tuple[float, ...]] = {
    "prior": (1000, 2000, 5000),
    "name": (1.25, 1.5, 1.75),
    "figure": (0.6, 0.8, 1.0),
    "title": (1.0, 1.4, 1.8),
    "enough": (60, 80, 100, 120),
    "alike_thin": (0.15, 0.2, 0.25),
    "alike_full": (0.36, 0.4, 0.44),
    "usual": (4, 8, 12, 16),
    "floor_thin": (0.15, 0.2, 0.3, 0.4),
    "floor_full": (0.58, 0.62, 0.66, 0.69, 0.72),
    "alone_thin": (0.5, 0.7, 0.8, 0.9),
    "alone_full": (0.26, 0.3, 0.34, 0.4),
}


def scores(tuning: Tuning, half: int, lists: Lexicon) -> dict[str, float]:
    """F1 by data set."""
    return {
        "ecb": grouped(data.ecb(half), lists, tuning).f1,
        "ecb in any order": in_any_order(data.ecb(half), lists, tuning, 2).f1,
        "teasers": grouped(data.teasers(half), lists, tuning).f1,
        "headlines": grouped(data.mixed_headlines(half), lists, tuning).f1,
        "pairs": of_pairs(half, lists, tuning).f1,
    }


def search(seconds: float) -> None:
    """Print each improvement; half 1 is fitted, half 0 is left alone."""
    chance, lists, best, current = random.Random(1), lexicon(), 0.0, DEFAULT
    begun, tried = time.monotonic(), DEFAULT
    while time.monotonic() - begun < seconds:
        found = scores(tried, 1, lists)
        mean = sum(found.values()) / len(found)
        if mean > best:
            best, current = mean, tried
            other = scores(tried, 0, lists)
            print(f"{mean:.4f}", {name: round(value, 3) for name, value in found.items()})
            print(
                f"  the other half {sum(other.values()) / len(other):.4f}",
                {name: round(value, 3) for name, value in other.items()},
            )
            print("  ", {name: getattr(tried, name) for name in _CHOICES})
        changed = chance.sample(sorted(_CHOICES), chance.choice((1, 2, 2, 3)))
        tried = dataclasses.replace(current, **{name: chance.choice(_CHOICES[name]) for name in changed})
