"""Spikes: a look at how often rules hit, a few times in each of their windows; what is unusual is told with its articles.

Whether a number is unusual, and whom it is told, is decided in `alerting/spikes.py`.
"""

from datetime import datetime, timedelta
from typing import Final

from monitor import alerting
from monitor.alerting import HISTORY, SpikeTold
from monitor.engine.parts import Parts
from monitor.model import CANARY, ArticleCard, Rule
from monitor.settings import SpikeSettings
from monitor.store.protocol import HitFilter

_LOOKS: Final = 5
"""In each window."""
_MOST_ARTICLES: Final = 1_000


class SpikeWatch:
    """Looks when it is time to."""

    def __init__(self) -> None:
        self._looked: dict[SpikeSettings, datetime] = {}
        self._rules: object = None
        """Those that the store knows of."""

    async def look(self, parts: Parts) -> int:
        """Look at the rules whose settings are due; how many alerts were raised. Raises StoreError."""
        loaded = parts.live.loaded
        if not loaded.settings.spikes:
            return 0
        now = parts.clock()
        if self._rules is not loaded.index.rules:
            await parts.store.note_rules(tuple(loaded.index.rules), now)
            self._rules = loaded.index.rules
        told = 0
        for one in loaded.settings.spikes:
            last = self._looked.get(one)
            if last is None or abs(now - last) >= one.window / _LOOKS:
                self._looked[one] = now
                told += await _look(parts, one, now)
        return told


async def _look(parts: Parts, settings: SpikeSettings, now: datetime) -> int:
    told = 0
    loaded = parts.live.loaded
    for rule_id in await parts.store.busy_rules(now - settings.window, settings.at_least):
        rule = loaded.index.rules.get(rule_id)
        if rule is None or rule_id == CANARY or alerting.watched(rule, loaded.settings.spikes) != settings:
            continue
        counts = await parts.store.hit_counts(rule_id, now, settings.window, HISTORY)
        found = alerting.spike(rule_id, counts, settings)
        if found is not None:
            told += await _tell(parts, rule, found, settings, now)
    return told


async def _tell(parts: Parts, rule: Rule, found: alerting.Spike, settings: SpikeSettings, now: datetime) -> int:
    last = await parts.store.spikes_told(rule.id)
    articles = await _articles(parts, rule, settings.window, now)
    told = 0
    for subscriber in parts.live.people:
        alert = alerting.spike_alert(
            found,
            rule=rule,
            subscriber=subscriber,
            settings=settings,
            last=last.get(subscriber.id),
            articles=articles,
            now=now,
        )
        if alert is not None and alert.deliveries:
            told += await parts.store.record_spike(alert, rule.id, SpikeTold(at=now, count=found.count))
    if told:
        parts.journal.note("spike", rule=rule.id, count=found.count, usual=f"{found.low} to {found.high}", alerts=told)
    return told


async def _articles(
    parts: Parts, rule: Rule, window: timedelta, now: datetime
) -> dict[str, tuple[ArticleCard, datetime]]:
    hits = await parts.store.hits(HitFilter(rule_id=rule.id, since=now - window, limit=_MOST_ARTICLES))
    return {
        hit.article.key: (alerting.card_of(hit.article, hit.feed_title, hit.first_seen), hit.created_at)
        for hit in hits
        if hit.withdrawn_at is None and hit.created_at > now - window
    }
