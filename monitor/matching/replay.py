"""What rules find in a stream of articles, counted as they go by: for backtests, and for two versions of rules.

Pure: articles come one by one with the moment of their first sight; nothing here grows with their number, only with
the days, the outlets and the written forms that were found.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta, tzinfo

from monitor.model import Article, Match, Rule

_ENTITY = re.compile(r"entity:([\w.-]*\w)")
_NO_CHOICE = frozenset({"version", "file", "line"})
"""Fields of a rule that its author does not write."""


def alone(rules: Mapping[str, Rule], rule_id: str) -> tuple[Rule, ...]:
    """One rule, enabled, with the rules that it refers to, disabled: a set in which no other can hit.

    Raises KeyError for an unknown rule.
    """
    found: dict[str, Rule] = {}
    left = [rule_id]
    while left:
        name = left.pop()
        if name in found or (name != rule_id and name not in rules):
            continue
        rule = found[name] = replace(rules[name], enabled=name == rule_id)
        weighted = [word for word, _ in rule.score.words] if rule.score else []
        left += _ENTITY.findall(" ".join([rule.query or "", rule.needs or "", *weighted]))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Sample:
    """An article that was found, and what in it."""

    at: datetime
    article: Article
    match: Match


@dataclass(slots=True)
class Samples:
    """Some of many, spread evenly from the first to the last: every second is dropped whenever there are too many."""

    wanted: int
    _step: int = 1
    _seen: int = 0
    _kept: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Offer one more."""
        if self._seen % self._step == 0:
            self._kept.append(sample)
        self._seen += 1
        if len(self._kept) > 2 * self.wanted:
            del self._kept[1::2]
            self._step *= 2

    def __iter__(self) -> Iterator[Sample]:
        """At most as many as were wanted, oldest first."""
        count = len(self._kept)
        if count <= self.wanted:
            return iter(self._kept)
        return (self._kept[place * count // self.wanted] for place in range(self.wanted))


@dataclass(slots=True)
class Day:
    """One day of a backtest."""

    hits: int = 0
    texts: int = 0
    """Distinct texts among them: copies of one text count once."""


@dataclass(slots=True)
class Tally:
    """What one rule found. Days are those of `zone`."""

    zone: tzinfo
    wanted: int = 5
    """How many samples to keep."""
    hits: int = 0
    days: dict[date, Day] = field(default_factory=dict)
    outlets: Counter[str] = field(default_factory=Counter)
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Matched words as they are written, with their tier: in how many articles."""
    first: Sample | None = None
    last: Sample | None = None
    samples: Samples = field(init=False)
    _texts: dict[date, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.samples = Samples(self.wanted)

    @property
    def texts(self) -> int:
        """The distinct texts of all days."""
        return sum(day.texts for day in self.days.values())

    def add(self, found: Sample) -> None:
        """Count one hit. Hits come in the order of time, give or take a day."""
        self.hits += 1
        self.first = found if self.first is None or found.at < self.first.at else self.first
        self.last = found if self.last is None or found.at >= self.last.at else self.last
        self.samples.add(found)
        self.outlets[found.article.outlet or found.article.feed_id] += 1
        self.words.update({(span.text, span.tier.value) for span in found.match.spans})
        today = found.at.astimezone(self.zone).date()
        day = self.days.setdefault(today, Day())
        day.hits += 1
        if self._is_new_text(today, found.article):
            day.texts += 1

    def _is_new_text(self, today: date, article: Article) -> bool:
        for past in [one for one in self._texts if one < today - timedelta(days=1)]:
            del self._texts[past]
        known = self._texts.setdefault(today, set())
        text = article.text_hash or f"{article.title}\n{article.body}"
        new = text not in known
        known.add(text)
        return new

    def all_days(self) -> Iterator[tuple[date, Day]]:
        """Every day from the first hit to the last, those without a hit too."""
        for number in range((max(self.days) - min(self.days)).days + 1) if self.days else ():
            day = min(self.days) + timedelta(days=number)
            yield day, self.days.get(day, Day())


@dataclass(slots=True)
class Changed:
    """What two versions of one rule found differently."""

    wanted: int = 5
    before: int = 0
    """Hits of the old version."""
    after: int = 0
    gained: int = 0
    """Articles that only the new one hits."""
    lost: int = 0
    gains: Samples = field(init=False)
    losses: Samples = field(init=False)

    def __post_init__(self) -> None:
        self.gains, self.losses = Samples(self.wanted), Samples(self.wanted)

    def add(self, article: Article, at: datetime, old: Match | None, new: Match | None) -> None:
        """Count one article that at least one of the two hits."""
        self.before += old is not None
        self.after += new is not None
        if old is None and new is not None:
            self.gained += 1
            self.gains.add(Sample(at, article, new))
        elif new is None and old is not None:
            self.lost += 1
            self.losses.add(Sample(at, article, old))


def compare_hits(
    changes: dict[str, Changed], article: Article, at: datetime, old: Iterable[Match], new: Iterable[Match]
) -> None:
    """Add to each rule's changes what the matches of two sets of rules on one article say."""
    before, after = {one.rule_id: one for one in old}, {one.rule_id: one for one in new}
    for rule_id in before.keys() | after.keys():
        changed = changes.setdefault(rule_id, Changed())
        changed.add(article, at, before.get(rule_id), after.get(rule_id))


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """How two sets of rules differ."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, tuple[str, ...]], ...]
    """Ids with the keys whose values differ."""
    same: int


def compare_rules(old: Sequence[Rule], new: Sequence[Rule]) -> RuleChanges:
    """How they differ, by id."""
    before, after = {rule.id: rule for rule in old}, {rule.id: rule for rule in new}
    both = sorted(before.keys() & after.keys())
    changed = [(name, keys) for name in both if (keys := _changed_keys(before[name], after[name]))]
    return RuleChanges(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(changed),
        same=len(both) - len(changed),
    )


def _changed_keys(old: Rule, new: Rule) -> tuple[str, ...]:
    """The keys as they stand in a file."""
    names = (one.name for one in fields(Rule) if one.name not in _NO_CHOICE)
    return tuple(name.rstrip("_") for name in names if getattr(old, name) != getattr(new, name))
