"""How well stories are told apart: of all pairs of articles, those that people and we call one story (pair F1)."""

import random
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from bench.stories import data
from bench.stories.data import Told
from monitor.stories import DEFAULT, Lexicon, Stories, Tuning

ORDERS = 5


class Score(NamedTuple):
    """Of pairs."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)


def _of(right: int, found: int, wanted: int) -> Score:
    return Score(right / max(1, found), right / max(1, wanted))


def _pairs(labels: Iterable[object]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(labels).values())


def grouped(told: list[Told], lexicon: Lexicon, tuning: Tuning = DEFAULT) -> Score:
    """The score of a list in its order."""
    stories = Stories(lexicon, tuning)
    for one in told:
        stories.add(one.article)
    ours = [stories.story_of(one.article.key) for one in told]
    theirs = [one.story for one in told]
    return _of(_pairs(zip(ours, theirs, strict=True)), _pairs(ours), _pairs(theirs))


def in_any_order(told: list[Told], lexicon: Lexicon, tuning: Tuning = DEFAULT, orders: int = ORDERS) -> Score:
    """The mean over some random orders."""
    scores = [grouped(random.Random(seed).sample(told, len(told)), lexicon, tuning) for seed in range(orders)]
    return Score(*(sum(values) / orders for values in zip(*scores, strict=True)))


def of_pairs(half: int | None, lexicon: Lexicon, tuning: Tuning = DEFAULT, lang: str | None = None) -> Score:
    """The score of the labelled pairs, each alone in a window."""
    right = found = wanted = 0
    for its_lang, gold, one, other in data.pairs(half):
        if lang in {None, its_lang}:
            stories = Stories(lexicon, tuning)
            same = stories.add(one).story == stories.add(other).story
            right, found, wanted = right + (same and gold), found + same, wanted + gold
    return _of(right, found, wanted)


def between(lang: str, lexicon: Lexicon) -> Score:
    """English news and its versions in another language, in one random order: pairs of two languages."""
    told = [(its, one) for its, one in data.parallel() if its in {"eng", lang}]
    random.Random(1).shuffle(told)
    stories = Stories(lexicon)
    for _, one in told:
        stories.add(one.article)
    right = found = wanted = 0
    for (first, one), (second, other) in combinations(told, 2):
        if first != second:
            same = stories.story_of(one.article.key) == stories.story_of(other.article.key)
            right += same and one.story == other.story
            found, wanted = found + same, wanted + (one.story == other.story)
    return _of(right, found, wanted)


def _row(label: str, articles: int, score: Score, wanted: str = "") -> str:
    return f"| {label} | {articles:,} | {score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f} | {wanted} |"


def rows(lexicon: Lexicon) -> list[str]:
    """The tables of the report."""
    told = ["### Pairs of articles that are one story", ""]
    told += ["| | articles | precision | recall | F1 | wanted |", "| --- | --: | --: | --: | --: | --: |"]
    own = data.own()
    told.append(_row("the project's own cases, four languages", len(own), grouped(own, lexicon)))
    if not data.DATA.exists():
        return told
    for label, half in (("", None), (", topics of the first half", 0), (", topics of the second half", 1)):
        news = data.ecb(half)
        told.append(_row(f"ECB+{label}", len(news), grouped(news, lexicon), "" if half is not None else ".88"))
    news, teasers = data.ecb(), data.teasers()
    told.append(_row(f"ECB+, mean of {ORDERS} random orders", len(news), in_any_order(news, lexicon)))
    told.append(_row(f"ECB+, headline and {data.TEASER} words", len(teasers), grouped(teasers, lexicon)))
    heads, mixed = data.headlines(), data.mixed_headlines()
    told.append(_row("UCI, headlines alone", len(heads), grouped(heads, lexicon), ".70"))
    told.append(_row("UCI, mean of random orders", len(heads), in_any_order(heads, lexicon)))
    told.append(_row("headlines of UCI, ECB+ and BBC in one stream", len(mixed), grouped(mixed, lexicon)))
    for label, half in (("", None), (", first half", 0), (", second half", 1)):
        count, wanted = 2 * len(data.pairs(half)), "" if half is not None else ".90"
        told.append(_row(f"labelled pairs, Russian and English{label}", count, of_pairs(half, lexicon), wanted))
    return [*told, "", *_languages(lexicon)]


def _languages(lexicon: Lexicon) -> list[str]:
    told = ["### The same news in another language than English, by names and figures (NTREX)", ""]
    told += ["| language | precision | recall | F1 |", "| --- | --: | --: | --: |"]
    for lang in sorted({lang for lang, _ in data.parallel()} - {"eng"}):
        score = between(lang, lexicon)
        told.append(f"| {lang} | {score.precision:.2f} | {score.recall:.2f} | {score.f1:.2f} |")
    return told
