"""Silences: what is muted until a time, by rule, story, feed, outlet or label, for one subscriber or for all.

What a silence names must all hold of a hit. It asks no clock.
"""

from collections.abc import Iterable
from datetime import datetime

from monitor.model import Rule, Silence, TakenHit, Waiting


def silenced_by(silences: Iterable[Silence], row: Waiting, hit: TakenHit, rule: Rule, now: datetime) -> Silence | None:
    """The silence that mutes the hit at `now`: of several, the one that lasts longest; None when none does."""
    found = [one for one in silences if one.since <= now < one.until and _covers(one, row, hit.rule_id, rule)]
    return max(found, key=lambda one: (one.until, one.id), default=None)


def told_as(silence: Silence) -> str:
    """The silence in a line, for people: `khmeimim-24h by ana until 2026-03-02 06:00 UTC: copies of a drill`."""
    line = f"{silence.id} by {silence.author} until {silence.until:%Y-%m-%d %H:%M} UTC"
    return f"{line}: {silence.reason}" if silence.reason else line


def _covers(silence: Silence, row: Waiting, rule_id: str, rule: Rule) -> bool:
    """Whether all that the silence names holds; one that names nothing mutes nothing."""
    asked = (
        (silence.rule, rule_id),
        (silence.story, row.story),
        (silence.feed, row.feed_id),
        (silence.outlet, row.outlet),
        (silence.subscriber, row.subscriber_id),
        (silence.label, (silence.label[0], rule.labels.get(silence.label[0])) if silence.label else None),
    )
    named = [(wanted, there) for wanted, there in asked if wanted is not None]
    return bool(named) and all(wanted == there for wanted, there in named)
