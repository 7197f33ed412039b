"""What those who run the monitor are told of: feeds, and an outage of our own network. Whether something is worth a notice is
decided elsewhere (`feed_health.py`, `outage.py`, `canary.py`); here it is made and recorded, like any alert.
"""

import dataclasses
from datetime import timedelta

from monitor import alerting, feed_health, schedule
from monitor.engine.parts import Parts
from monitor.model import FeedCondition, FeedState

FEED_NOTICES_EVERY = timedelta(minutes=15)
"""After a notice about feeds, changes are gathered for so long."""


async def tell_operator(parts: Parts, subject: str, text: str, *, window: str, avoid: str | None = None) -> None:
    """Raise a notice to those who run the monitor, but not through the channel that it is about."""
    now = parts.clock()
    for operator in parts.live.operators():
        recipients = tuple(one for one in operator.recipients if one.channel != avoid)
        if recipients:
            subscriber = dataclasses.replace(operator, recipients=recipients)
            notice = alerting.notice(subscriber=subscriber, subject=subject, text=text, now=now, window=window)
            await parts.store.record_alert(notice, now)


async def tell_of_feeds(parts: Parts) -> int:
    """Tell the operator of feeds whose conditions changed: at once, and then of all that came up meanwhile in one notice.
    While our own network is down, and until every feed had its turn after that, of none; feeds that were unwell for no
    longer than that are not told of at all. Returns of how many feeds.
    """
    now = parts.clock()
    polling = parts.live.loaded.settings.polling
    last = parts.feeds_told_at
    if (last is not None and timedelta() <= now - last < FEED_NOTICES_EVERY) or parts.outage.holds(now, polling.every):
        return 0
    changed = await parts.store.untold()
    worth = [one for one in changed if not _passed_with_the_outage(parts, one[1])]
    notices = []
    if worth:
        subject, text = feed_health.notice(worth, now)
        notices = [
            alerting.notice(subscriber=one, subject=subject, text=text, now=now, window=f"feeds {now.isoformat()}")
            for one in parts.live.operators()
        ]
        parts.feeds_told_at = now
    if changed:
        await parts.store.record_told({feed.id: state.health.condition for feed, state in changed}, notices, now)
    return len(worth)


def _passed_with_the_outage(parts: Parts, state: FeedState) -> bool:
    health, since = state.health, parts.outage.began
    return (
        since is not None
        and health.condition is FeedCondition.OK
        and health.before_since is not None
        and health.before_since >= since
    )


async def watch_network(parts: Parts) -> None:
    """Tell the operator once when no host can be reached, and when they can be again; then the feeds that could not be
    reached get their turn soon, one after the other, whatever their own failures had put them off to.
    """
    now = parts.clock()
    outage = parts.outage
    if not outage.turned(now):
        return
    subject, text = outage.notice(now)
    if outage.on:
        parts.journal.warn("outage", hosts=outage.tally())
    else:
        polling = parts.live.loaded.settings.polling
        resumed = await parts.store.respread(
            lambda ids: schedule.overdue_spread(ids, now, polling),
            between=(schedule.NEVER, schedule.NEVER),
            unreached_since=outage.began,
        )
        parts.journal.note("outage", status="over", feeds=resumed)
        text = f"{text} {resumed} feeds that could not be reached are polled again in the next minutes."
    await tell_operator(parts, subject, text, window=f"outage {outage.on} {now.isoformat()}")
