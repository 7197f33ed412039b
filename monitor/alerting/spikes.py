"""Spikes: when the number of a rule's hits is news by itself, against what is usual for the rule at this time of day.

What is usual is what the same time of day brought on the days before. From the mean and the variance of these days' peaks
comes a negative binomial distribution, which scatters more than Poisson's, as counts of news do. A spike is a count that it
would bring less than once in `odds` windows, and that is no less than the settings' floor. All of it can
be said in a line: *23 in the last hour; usual 2 to 5*. It asks no clock and stores nothing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import keys
from monitor.alerting.bars import counted
from monitor.alerting.parts import deliveries_to
from monitor.alerting.quiet import held_until
from monitor.alerting.taking import routed, routes_of
from monitor.model import (
    Alert,
    AlertKind,
    ArticleCard,
    DigestLine,
    DigestReason,
    NewAlert,
    Period,
    Route,
    Rule,
    Subscriber,
    TakenHit,
)
from monitor.settings import SpikeSettings

HISTORY = timedelta(days=28)
"""How far back to count; less will do, but not less than a week."""
_LEAST_DAYS = 7
_LOW, _HIGH = 0.1, 0.9
"""What is usual lies between these parts of the counts before."""
_DAY = timedelta(days=1)
_MOST_LINES = 200
_TERMS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """An unusual number of hits."""

    rule_id: str
    count: int
    low: int
    """Usual at this time of day: from here …"""
    high: int
    """… to here."""
    chance: float
    """That as many or more come in an ordinary window."""
    window: timedelta

    @property
    def text(self) -> str:
        """In a line: `23 in the last hour; usual 2 to 5`."""
        usual = f"{self.low} to {self.high}" if self.low < self.high else str(self.high)
        return f"{self.count} in the last {_span(self.window)}; usual {usual}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeTold:
    """When a spike of a rule was last told to somebody, and how high it was."""

    at: datetime
    count: int


def watched(rule: Rule, settings: Iterable[SpikeSettings]) -> SpikeSettings | None:
    """The settings that count for a rule: the first that name it, or that name nothing; None when none does."""
    for one in settings:
        if not (one.rules or one.kinds or one.labels) or rule.id in one.rules or rule.kind in one.kinds:
            return one
        if any(rule.labels.get(name) == value for name, value in one.labels):
            return one
    return None


def spike(rule_id: str, counts: Sequence[int], settings: SpikeSettings) -> Spike | None:
    """Whether the newest window is a spike; None while it is not, or while too little is known.

    `counts` are the hits of the rule in windows of `settings.window`, the newest first and ending now, as far back as the
    rule was there, up to `HISTORY`.
    """
    a_day = max(1, _DAY // settings.window)
    days = (len(counts) - 1) // a_day
    if days < _LEAST_DAYS or counts[0] < settings.at_least:
        return None
    usual = sorted(counts[day * a_day] for day in range(1, days + 1))
    # The highest of each day's neighbours is what must be surpassed: what comes daily does not come on the minute. With one
    # or two windows a day, the next is another time of day.
    beside = 1 if a_day > 2 else 0  # noqa: PLR2004
    peaks = sorted(max(counts[day * a_day - beside : day * a_day + beside + 1]) for day in range(1, days + 1))
    chance = _chance(counts[0], peaks)
    if chance * settings.odds > 1 or counts[0] <= peaks[-1]:
        return None  # what came before at this time of day is no surprise, whatever a distribution says of it
    low, high = (usual[round(part * (len(usual) - 1))] for part in (_LOW, _HIGH))
    return Spike(rule_id=rule_id, count=counts[0], low=low, high=high, chance=chance, window=settings.window)


def spike_alert(
    found: Spike,
    *,
    rule: Rule,
    subscriber: Subscriber,
    settings: SpikeSettings,
    last: SpikeTold | None,
    articles: Mapping[str, tuple[ArticleCard, datetime]],
    now: datetime,
) -> NewAlert | None:
    """The alert that tells a subscriber of a spike, with its articles; None when they do not take the rule, were told of
    it a while ago, or have quiet hours, after which it is told if it still lasts.

    `articles` are those of the window by key, each with the time of its hit.
    """
    hit = TakenHit(rule_id=rule.id, severity=rule.severity)
    ways = routed(subscriber, [hit], {rule.id: rule}, None, None)
    route = next((one for one in routes_of(subscriber) if one.id in ways), None)
    rested = last is None or now - last.at >= settings.rest or found.count >= 2 * last.count
    if route is None or not rested or held_until(route, rule.severity, now, subscriber.timezone) is not None:
        return None
    alert = _alert(found, rule, subscriber, route, articles, now)
    return NewAlert(alert=alert, deliveries=deliveries_to(alert.key, route.recipients))


def _alert(
    found: Spike,
    rule: Rule,
    subscriber: Subscriber,
    route: Route,
    articles: Mapping[str, tuple[ArticleCard, datetime]],
    now: datetime,
) -> Alert:
    """A digest of the articles of the window, the newest first."""
    window = f"{route.id} {DigestReason.SPIKE.value} {now.isoformat()}"
    key = keys.alert_key(subscriber=subscriber.id, rules=(rule.id,), article="", kind=AlertKind.DIGEST, window=window)
    newest = sorted(articles.values(), key=lambda one: (one[1], one[0].key), reverse=True)[:_MOST_LINES]
    left_out = f"; the newest {_MOST_LINES} are listed" if len(articles) > _MOST_LINES else ""
    since = now - found.window
    return Alert(
        key=key,
        kind=AlertKind.DIGEST,
        subscriber_id=subscriber.id,
        severity=rule.severity,
        created_at=now,
        lines=tuple(_line(card, at, rule, key) for card, at in newest),
        subject=rule.title,
        timezone=subscriber.timezone,
        route=route.id,
        period=Period(
            reason=DigestReason.SPIKE,
            since=since,
            until=now,
            bars=counted((at for _, at in articles.values()), since, now),
            note=found.text + left_out,
        ),
    )


def _line(card: ArticleCard, at: datetime, rule: Rule, key: str) -> DigestLine:
    return DigestLine(
        alert_key=key,
        title=card.title,
        url=card.url,
        outlet=card.outlet or card.feed_title,
        severity=rule.severity,
        rules=(rule.title,),
        at=at,
        rtl=card.rtl,
    )


def _chance(count: int, usual: Sequence[int]) -> float:
    """How likely an ordinary window has `count` or more, from counts of ordinary ones.

    Half a hit more than was seen: a rule that never hit must not make every hit a wonder.
    """
    number = len(usual)
    mean = (sum(usual) + 0.5) / number
    scatter = sum((one - mean) ** 2 for one in usual) / max(1, number - 1)
    if count <= mean:
        return 1.0
    # The mean itself is only known from so many windows, which widens what is usual.
    variance = max(scatter, mean) + mean / number
    size = mean * mean / (variance - mean)
    return _upper_tail(count, mean, size)


def _upper_tail(count: int, mean: float, size: float) -> float:
    """The sum of the negative binomial distribution of this mean and size from `count` on, which is more than the mean.

    Summed upwards from its largest term, in logarithms, so that nothing is lost by subtraction.
    """
    success = size / (size + mean)
    log_term = (
        math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
        + size * math.log(success) + count * math.log1p(-success)
    )  # fmt: skip
    term = math.exp(log_term)
    total = 0.0
    for place in range(count, count + _TERMS):
        total += term
        ratio = (place + size) / (place + 1) * (1 - success)
        term *= ratio
        if term <= total * 1e-12:
            return min(1.0, total)
    total += term / (1 - ratio)  # the rest falls nearly as a geometric series
    return min(1.0, total)


def _span(window: timedelta) -> str:
    """`hour`, `6 hours`, `15 minutes`, `day`."""
    minutes = int(window.total_seconds() // 60)
    for unit, length in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes % length == 0 and minutes >= length:
            number = minutes // length
            return unit if number == 1 else f"{number} {unit}s"
    return f"{int(window.total_seconds())} seconds"
