"""The waits: how long until the next poll, and which bounds took part. Pure; see the note of `monitor.schedule`."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from monitor.model import Bound, BoundKind, Feed, FeedKind, FetchErrorKind, FetchFailed, Pace, PublisherHints
from monitor.schedule import rhythm
from monitor.schedule.hours import after_skipped
from monitor.settings import PollingSettings

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Due times of feeds that are polled no more until a person asks for it."""

_GONE = 410
_TOO_MANY = 429
_PHASE = 0.1
_PARSE_CEILING = timedelta(hours=1)
_RETRY_CEILING = timedelta(days=7)
"""A server that asks for more time than this has a clock or a header that is wrong."""
_MAX_DOUBLINGS = 20
_SPREAD = timedelta(minutes=1)
_SPREAD_EACH = timedelta(milliseconds=60)
"""After a long stop, so much of the time for each feed that is overdue: with those that fall due anyway, at most twenty
polls a second."""
_DIRECTORY_FLOOR = timedelta(seconds=1)
_SKIP_SPREAD = timedelta(minutes=5)
"""Feeds that all wait for the same hour begin it within so much time."""

Decision = tuple[datetime, tuple[Bound, ...]]


def period(feed: Feed, settings: PollingSettings) -> timedelta:
    """How often a feed is polled when all is well and nothing is known of it."""
    if feed.kind is FeedKind.DIRECTORY:
        return clamped(feed.every or settings.directory_every, _DIRECTORY_FLOOR, settings.ceiling)
    return clamped(feed.every or settings.every, settings.floor, settings.ceiling)


def first_due(feed: Feed, now: datetime, settings: PollingSettings) -> datetime:
    """When a feed that was never polled is due: what is local at once, others spread over a minute by their ids."""
    if feed.kind is not FeedKind.HTTP:
        return now
    return now + min(_SPREAD, period(feed, settings)) * phase(feed.id)


def overdue_spread(feed_ids: list[str], now: datetime, settings: PollingSettings) -> dict[str, datetime]:
    """When feeds that are overdue after a stop are polled: one after the other in an order that their ids decide, over the
    more time the more there are, at most one period. A handful is polled at once.
    """
    each = min(settings.every / max(1, len(feed_ids)), _SPREAD_EACH)
    return {feed_id: now + place * each for place, feed_id in enumerate(sorted(feed_ids, key=phase))}


def horizon(now: datetime, settings: PollingSettings) -> datetime:
    """No due time but `NEVER` lies beyond this; one that does was set before the clock was set back."""
    return now + 2 * max(_RETRY_CEILING, settings.ceiling)


def phase(feed_id: str) -> float:
    """Where a feed stands in a period: a share that only its id decides, so that a restart changes nothing."""
    return int.from_bytes(hashlib.blake2b(feed_id.encode(), digest_size=4).digest()) / 2**32


def after_success(feed: Feed, pace: Pace, now: datetime, settings: PollingSettings, jitter: float) -> Decision:
    """When to poll after an answer that could be read."""
    base = _base(feed, pace, now, settings)
    bounds = [base]
    wait = base.span * (1 - _PHASE + 2 * _PHASE * jitter)
    if feed.kind is FeedKind.DIRECTORY:
        return now + clamped(wait, _DIRECTORY_FLOOR, settings.ceiling), tuple(bounds)
    agreed = feed.every is not None
    for bound in () if agreed else _hinted(pace.hints):
        bounds.append(bound)
        # Never before the publisher's time, a little later: all clients come at once otherwise.
        wait = max(wait, min(bound.span, settings.ceiling) * (1 + _PHASE * jitter))
    if wait < settings.floor:
        bounds.append(Bound(kind=BoundKind.FLOOR, span=settings.floor))
    elif wait > settings.ceiling:
        bounds.append(Bound(kind=BoundKind.CEILING, span=settings.ceiling))
    due = now + clamped(wait, settings.floor, settings.ceiling)
    if not agreed:
        resumed = after_skipped(due, pace.hints.skip_hours, pace.hints.skip_days)
        if resumed > due:
            due = min(resumed + _SKIP_SPREAD * jitter, now + settings.ceiling)
            bounds.append(Bound(kind=BoundKind.SKIP, span=due - now))
    return due, tuple(bounds)


def _base(feed: Feed, pace: Pace, now: datetime, settings: PollingSettings) -> Bound:
    """What the wait begins with."""
    if feed.kind is FeedKind.HTTP and feed.every is None:
        expected = rhythm.expected_gap(pace, now)
        if expected is not None and settings.adapt > 1:
            quickest, slowest = settings.every / settings.adapt, settings.every * settings.adapt
            wait = clamped(expected * rhythm.SHARE, quickest, slowest)
            return Bound(kind=BoundKind.RHYTHM, span=clamped(wait, settings.floor, settings.ceiling))
    kind = BoundKind.EVERY if feed.every is None else BoundKind.OWN_EVERY
    return Bound(kind=kind, span=period(feed, settings))


def _hinted(hints: PublisherHints) -> Iterator[Bound]:
    """What the publisher asks for."""
    for kind, span in (
        (BoundKind.FRESH, hints.fresh_for),
        (BoundKind.TTL, hints.ttl),
        (BoundKind.UPDATE, hints.update_every),
    ):
        if span:
            yield Bound(kind=kind, span=span)


def after_failure(
    feed: Feed,
    outcome: FetchFailed,
    failures: int,
    now: datetime,
    settings: PollingSettings,
    *,
    jitter: float,
    gone_for_good: bool = True,
) -> Decision:
    """When to try again after the last of so many failures in a row."""
    if outcome.status == _GONE and gone_for_good:
        return NEVER, (Bound(kind=BoundKind.GONE, span=timedelta()),)
    usual = period(feed, settings)
    if outcome.retry_after is not None:
        # A little more than it asked for: all clients that were turned away come back at once otherwise.
        asked = outcome.retry_after + usual * _PHASE * jitter
        wait = clamped(asked, usual, max(_RETRY_CEILING, settings.ceiling))
        return now + wait, (Bound(kind=BoundKind.RETRY_AFTER, span=outcome.retry_after),)
    longest = max(usual, min(_ceiling(feed, outcome, settings), usual * 2 ** min(failures, _MAX_DOUBLINGS)))
    bounds = [Bound(kind=BoundKind.BACK_OFF, span=longest)]
    shortest = usual
    if outcome.status == _TOO_MANY:
        shortest = min(2 * usual, longest)
        bounds.append(Bound(kind=BoundKind.THROTTLED, span=shortest))
    return now + shortest + (longest - shortest) * jitter, tuple(bounds)


def _ceiling(feed: Feed, outcome: FetchFailed, settings: PollingSettings) -> timedelta:
    """How long a failure may put off the next poll."""
    if feed.kind is FeedKind.DIRECTORY:
        return min(settings.every, settings.ceiling)
    if outcome.kind is FetchErrorKind.PARSE:
        return min(_PARSE_CEILING, settings.ceiling)
    return settings.ceiling


def clamped(value: timedelta, low: timedelta, high: timedelta) -> timedelta:
    """The value, or the bound that it passes; the low one counts when they contradict each other."""
    return max(low, min(value, high))
