"""Why a feed is polled when it is, in plain words: one line for each bound that took part. Pure."""

from collections.abc import Iterator
from datetime import datetime

from monitor.model import BoundKind, Feed, FeedState
from monitor.schedule import moves, rhythm
from monitor.settings import PollingSettings
from monitor.shown import shown_span, shown_url

_WORDS = {
    BoundKind.EVERY: "the settings say every {span}",
    BoundKind.OWN_EVERY: "its own `every` says {span}; what the publisher asks for does not count",
    BoundKind.RHYTHM: "its own rhythm: {rhythm}, and half of that is waited, so {span}",
    BoundKind.FRESH: "the server says that the answer is fresh for {span} (Cache-Control, Expires)",
    BoundKind.TTL: "the feed asks for {span} between polls (ttl)",
    BoundKind.UPDATE: "the feed says that it changes every {span} (sy:updatePeriod)",
    BoundKind.SKIP: "the feed wants no polls at that hour or day (skipHours, skipDays): {span} instead",
    BoundKind.RETRY_AFTER: "the server asked for {span} (Retry-After)",
    BoundKind.BACK_OFF: "it failed {failures} in a row, so up to {span}",
    BoundKind.THROTTLED: "the server says that we ask too often: {span} at least",
    BoundKind.GONE: "the server says that it is gone for good (410): not polled any more",
    BoundKind.FLOOR: "never sooner than {span} (polling.floor)",
    BoundKind.CEILING: "never later than {span} (polling.ceiling)",
}


def reasons(feed: Feed, state: FeedState, settings: PollingSettings, now: datetime) -> Iterator[str]:
    """One sentence for each bound of the last decision, then what is known of moves and lost articles."""
    pace = state.pace
    if not pace.bounds:
        yield "it was not polled yet: first polls are spread over a minute by the feeds' ids"
    for bound in pace.bounds:
        yield _WORDS[bound.kind].format(
            span=shown_span(bound.span),
            failures="once" if state.failures == 1 else f"{state.failures} times",
            rhythm=_rhythm(state, now),
        )
    if len(pace.bounds) > 1 and not state.failures:
        yield "the longest of these counts; up to a tenth is added or taken away by chance"
    elif pace.bounds and pace.bounds[0].kind is not BoundKind.GONE:
        yield "up to a tenth is added or taken away by chance" if not state.failures else "the rest is chance"
    if pace.address:
        yield f"it moved for good from {shown_url(feed.url)} and is polled at {shown_url(pace.address)}"
    if pace.move:
        yield (
            f"it redirects for good to {shown_url(pace.move.to)}, seen {pace.move.polls} of {moves.POLLS} times since "
            f"{pace.move.since:%Y-%m-%d}; that address is taken over when it held for {shown_span(settings.moved_after)}"
        )
    if state.gaps:
        times = "once" if state.gaps == 1 else f"{state.gaps} times"
        yield f"articles may have been lost between two polls {times}; a shorter `every` would help"


def _rhythm(state: FeedState, now: datetime) -> str:
    """How often it brings articles."""
    pace = state.pace
    expected = rhythm.expected_gap(pace, now)
    if pace.gap is None or expected is None:
        return "not known any more"
    usual = f"an article every {shown_span(pace.gap)} or so"
    return usual if expected == pace.gap else f"{usual}, and none for {shown_span(expected * 8)}"
