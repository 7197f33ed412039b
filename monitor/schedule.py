"""When a feed is polled next, and what is known of it after a poll. Pure: the clock and the dice are arguments.

    success             the feed's period, a tenth earlier or later, so that feeds drift apart
    failure             the period and more, doubling with each failure in a row, with full jitter, up to the ceiling
    429, 503            not before Retry-After, never sooner than the period, at most the ceiling
    410                 the ceiling: the feed says that it is gone for good
    parse failure       as a failure, but at most an hour: a feed that is mended is noticed soon
    directory           its own short period, at most the feeds' period when it cannot be read; it is local and cheap

The figures are explained in `docs/feeds.md`.
"""

import dataclasses
import hashlib
from datetime import datetime, timedelta

from monitor.model import (
    Feed,
    FeedKind,
    FeedState,
    FetchErrorKind,
    FetchFailed,
    NotModified,
    ParsedFeed,
    PollOutcome,
)
from monitor.settings import PollingSettings

_GONE = 410
_PHASE = 0.1
_PARSE_CEILING = timedelta(hours=1)
_MAX_DOUBLINGS = 20
_SPREAD = timedelta(minutes=1)
_DIRECTORY_FLOOR = timedelta(seconds=1)


def next_poll(
    feed: Feed, state: FeedState, outcome: PollOutcome, now: datetime, *, settings: PollingSettings, jitter: float
) -> FeedState:
    """What is known of a feed after a poll that ended at `now`, with the time of its next one.

    `jitter` is uniform in [0, 1). `last_new` stays: only the flow knows which articles were new.
    """
    if isinstance(outcome, FetchFailed):
        return _failed(feed, state, outcome, now, settings=settings, jitter=jitter)
    due = now + _phased(feed, settings, jitter)
    if isinstance(outcome, ParsedFeed):
        return dataclasses.replace(
            state,
            next_due=due,
            validators=outcome.validators,
            body_hash=outcome.body_hash,
            title=outcome.title or state.title,
            lang=outcome.lang or state.lang,
            last_polled=now,
            last_ok=now,
            failures=0,
            last_error=None,
        )
    return _unchanged(state, outcome, now, due)


def first_due(feed: Feed, now: datetime, settings: PollingSettings) -> datetime:
    """When a feed that was never polled is due: directories at once, others spread over a minute by their ids."""
    if feed.kind is FeedKind.DIRECTORY:
        return now
    share = int.from_bytes(hashlib.blake2b(feed.id.encode(), digest_size=4).digest()) / 2**32
    return now + min(_SPREAD, period(feed, settings)) * share


def period(feed: Feed, settings: PollingSettings) -> timedelta:
    """How often a feed is polled when all is well."""
    if feed.kind is FeedKind.DIRECTORY:
        return _clamped(feed.every or settings.directory_every, _DIRECTORY_FLOOR, settings.ceiling)
    return _clamped(feed.every or settings.every, settings.floor, settings.ceiling)


def _phased(feed: Feed, settings: PollingSettings, jitter: float) -> timedelta:
    """The period, up to a tenth shorter or longer, within the bounds."""
    floor = _DIRECTORY_FLOOR if feed.kind is FeedKind.DIRECTORY else settings.floor
    return _clamped(period(feed, settings) * (1 - _PHASE + 2 * _PHASE * jitter), floor, settings.ceiling)


def _unchanged(state: FeedState, outcome: NotModified, now: datetime, due: datetime) -> FeedState:
    """A document that could not be parsed and has not changed since is still one that cannot be parsed."""
    still_broken = (state.last_error or "").startswith(f"{FetchErrorKind.PARSE}:")
    return dataclasses.replace(
        state,
        next_due=due,
        validators=outcome.validators,
        last_polled=now,
        last_ok=state.last_ok if still_broken else now,
        failures=state.failures if still_broken else 0,
        last_error=state.last_error if still_broken else None,
    )


def _failed(
    feed: Feed, state: FeedState, outcome: FetchFailed, now: datetime, *, settings: PollingSettings, jitter: float
) -> FeedState:
    usual = period(feed, settings)
    failures = state.failures + 1
    if outcome.status == _GONE:
        wait = settings.ceiling
    else:
        ceiling = _ceiling(feed, outcome, settings)
        longest = min(ceiling, usual * 2 ** min(failures, _MAX_DOUBLINGS))
        wait = usual + max(longest - usual, timedelta()) * jitter
        if outcome.retry_after is not None:
            # Asked for a time, a little more than it: all clients that were turned away come back at once otherwise.
            asked = outcome.retry_after + usual * _PHASE * jitter
            wait = _clamped(asked, usual, settings.ceiling)
    return dataclasses.replace(
        state,
        next_due=now + wait,
        # An answer that does not parse is an answer: the next request is conditional on it. Its hash is not kept, so
        # that a server without validators has its document tried again.
        validators=outcome.validators or state.validators,
        last_polled=now,
        failures=failures,
        last_error=f"{outcome.kind}: {outcome.detail}",
    )


def _ceiling(feed: Feed, outcome: FetchFailed, settings: PollingSettings) -> timedelta:
    """How long a failure may put off the next poll."""
    if feed.kind is FeedKind.DIRECTORY:
        return min(settings.every, settings.ceiling)
    if outcome.kind is FetchErrorKind.PARSE:
        return min(_PARSE_CEILING, settings.ceiling)
    return settings.ceiling


def _clamped(value: timedelta, low: timedelta, high: timedelta) -> timedelta:
    return max(low, min(value, high))
