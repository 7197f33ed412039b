"""When a feed is polled next, and what is known of it after a poll. Pure: the clock and the dice are arguments.

    success             the base: the feed's own `every`, else its rhythm, else the settings' `every`; a tenth earlier or
                        later, so that feeds drift apart. Not before what the publisher asks for (max-age, Expires, ttl,
                        sy:update…, skipHours, skipDays), at most a tenth later; the longest counts. Between floor and
                        ceiling. A feed's own `every` is a word with its publisher: there hints and rhythm do not count
    failure             the period and more, doubling with each failure in a row, with full jitter, up to the ceiling
    Retry-After         not before it, never sooner than the period; past the ceiling if asked, up to a week
    429 without it      twice the period at least
    410                 never: the feed says that it is gone for good
    parse failure       as a failure, but at most an hour: a feed that is mended is noticed soon
    directory           its own short period, at most the feeds' period when it cannot be read; it is local and cheap

    policy.py   the waits, with the bounds that took part    rhythm.py  how often a feed brings articles
    hours.py    skipHours and skipDays                       moves.py   permanent redirects, until they held
    words.py    all of it in plain words, for `monitor feeds why`

The figures are explained in `docs/feeds.md`.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.model import (
    Feed,
    FeedKind,
    FeedState,
    FetchErrorKind,
    FetchFailed,
    NotModified,
    Pace,
    ParsedFeed,
    PollOutcome,
    PublisherHints,
)
from monitor.schedule import moves, policy, rhythm
from monitor.schedule.policy import NEVER, first_due, horizon, overdue_spread, period
from monitor.schedule.words import reasons
from monitor.settings import PollingSettings

__all__ = ["NEVER", "at_its_address", "first_due", "horizon", "next_poll", "overdue_spread", "period", "reasons"]

_NOT_MODIFIED = 304


def next_poll(
    feed: Feed,
    state: FeedState,
    outcome: PollOutcome,
    now: datetime,
    *,
    settings: PollingSettings,
    jitter: float,
    new: Sequence[datetime | None] = (),
) -> FeedState:
    """What is known of a feed after a poll that ended at `now`, with the time of its next one.

    `jitter` is uniform in [0, 1). `new` has the publication time, if it is known, of each article that was not stored
    before. `last_new` and `health` stay: they take more to know than this.
    """
    if isinstance(outcome, FetchFailed):
        return _failed(feed, state, outcome, now, settings=settings, jitter=jitter)
    if isinstance(outcome, NotModified):
        known, pace = _unchanged(state, outcome, now)
    elif outcome.partial:
        known, pace = _extended(state, outcome, now, new)
    else:
        known, pace = _parsed(feed, state, outcome, now, new)
    pace = moves.after(feed, pace, outcome.hints.moved_to, now, settings)
    due, bounds = policy.after_success(feed, pace, now, settings, jitter)
    if bounds != pace.bounds:
        pace = dataclasses.replace(pace, bounds=bounds)
    return dataclasses.replace(state, next_due=due, last_polled=now, pace=pace, **known)


def at_its_address(feed: Feed, state: FeedState) -> Feed:
    """The feed with the address where it is polled: that of the settings, or the one that it moved to for good."""
    return dataclasses.replace(feed, url=state.pace.address) if state.pace.address else feed


def _parsed(
    feed: Feed, state: FeedState, outcome: ParsedFeed, now: datetime, new: Sequence[datetime | None]
) -> tuple[dict[str, Any], Pace]:
    """What changes in the state, and the pace."""
    listed = outcome.listed
    if listed is None:
        listed = len({article.key for article in outcome.articles})
    pace, gaps = state.pace, state.gaps
    if feed.kind is FeedKind.HTTP:
        lost = rhythm.gap_possible(pace, listed=listed, new=len(new), polled_before=state.last_ok is not None)
        if lost:
            gaps += 1
        pace = rhythm.after_news(pace, new, last_polled=state.last_ok, now=now, lost=lost)
    known = {
        "validators": outcome.validators,
        "body_hash": outcome.body_hash,
        "wire_hash": outcome.wire_hash,
        "fingerprints": outcome.fingerprints,
        "title": outcome.title or state.title,
        "lang": outcome.lang or state.lang,
        "last_ok": now,
        "failures": 0,
        "last_error": None,
        "gaps": gaps,
    }
    return known, dataclasses.replace(
        pace, listed=listed, format=outcome.format, hints=_lasting(outcome.hints), unread=False
    )


def _extended(
    state: FeedState, outcome: ParsedFeed, now: datetime, new: Sequence[datetime | None]
) -> tuple[dict[str, Any], Pace]:
    """New items only: what was known of the whole document, its items and hashes among it, still is."""
    pace = rhythm.after_news(state.pace, new, last_polled=state.last_ok, now=now, lost=False)
    pace = dataclasses.replace(pace, format=pace.format or outcome.format, listed=pace.listed or len(outcome.articles))
    known = {
        "validators": outcome.validators,
        "title": outcome.title or state.title,
        "lang": outcome.lang or state.lang,
        "last_ok": now,
        "failures": 0,
        "last_error": None,
    }
    return known, _refreshed(pace, outcome.hints)


def _unchanged(state: FeedState, outcome: NotModified, now: datetime) -> tuple[dict[str, Any], Pace]:
    """A document that could not be parsed and has not changed since is still one that cannot be parsed. An equal body at
    200 is another matter: it equals the last one that could be parsed.
    """
    still_broken = outcome.status == _NOT_MODIFIED and (state.last_error or "").startswith(f"{FetchErrorKind.PARSE}:")
    known: dict[str, Any] = {"validators": outcome.validators, "wire_hash": outcome.wire_hash or state.wire_hash}
    if not still_broken:
        known |= {"last_ok": now, "failures": 0, "last_error": None}
    return known, _refreshed(state.pace, outcome.hints)


def _refreshed(pace: Pace, hints: PublisherHints) -> Pace:
    """What the document said still holds; a 304 that says nothing of freshness leaves that too (RFC 9111, 3.2)."""
    if hints.fresh_for in {None, pace.hints.fresh_for}:
        return pace
    return dataclasses.replace(pace, hints=dataclasses.replace(pace.hints, fresh_for=hints.fresh_for))


def _lasting(hints: PublisherHints) -> PublisherHints:
    """Where an answer led is judged at once and not kept with the hints."""
    return dataclasses.replace(hints, moved_to=None)


def _failed(
    feed: Feed, state: FeedState, outcome: FetchFailed, now: datetime, *, settings: PollingSettings, jitter: float
) -> FeedState:
    failures = state.failures + 1
    pace, returned = moves.after_failure(state.pace, outcome, failures)
    if outcome.validators is not None:
        pace = dataclasses.replace(pace, unread=True)
    due, bounds = policy.after_failure(
        feed, outcome, failures, now, settings, jitter=jitter, gone_for_good=not returned
    )
    return dataclasses.replace(
        state,
        next_due=due,
        # An answer that does not parse is an answer: the next request is conditional on it. Its hash is not kept, so
        # that a server without validators has its document tried again.
        validators=outcome.validators or state.validators,
        last_polled=now,
        failures=failures,
        last_error=f"{outcome.kind}: {outcome.detail}",
        pace=dataclasses.replace(pace, bounds=bounds),
    )


def relaxed(due: datetime, pushed_until: datetime | None, now: datetime, every: timedelta) -> datetime:
    """When a feed is polled next whose hub pushes to us: seldom, as a net, but no later than its lease ends."""
    return due if pushed_until is None else max(due, min(now + every, pushed_until))
