"""The part of the Store protocol for spikes: how often rules hit, and who was told that it is unusual.

Apart from `store.protocol`, whose rules hold here as well.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from monitor.alerting import SpikeTold
from monitor.model import NewAlert


class SpikeStore(Protocol):
    """Counts hits, and remembers spikes that were told."""

    async def note_rules(self, rule_ids: Collection[str], now: datetime) -> None:
        """Remember since when these rules are there; those that are known keep their time."""

    async def busy_rules(self, since: datetime, at_least: int) -> Mapping[str, int]:
        """Rules with at least so many hits since then, with how many."""

    async def hit_counts(self, rule_id: str, now: datetime, window: timedelta, back: timedelta) -> tuple[int, ...]:
        """Hits of a rule in windows ending now, the newest first, as far back as it is there, at most `back`."""

    async def spikes_told(self, rule_id: str) -> Mapping[str, SpikeTold]:
        """The last spike of a rule that each subscriber was told of."""

    async def record_spike(self, alert: NewAlert, rule_id: str, told: SpikeTold) -> bool:
        """Record an alert about a spike, and that it is told. False if its key is stored already."""
