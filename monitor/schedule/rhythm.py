"""How often a feed brings articles, learnt from the articles themselves. Pure.

The usual gap is an exponentially weighted mean of the pauses between articles. Articles of one minute count as one, since
those who publish in batches are no quicker for it. A publication time that contradicts what was seen (before the last
poll, which did not bring the article) is not believed. The longest pause is kept too, slowly forgotten: nights and
weekends are no silence.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.model import Pace

SHARE = 0.5
"""A poll after half the usual gap: an article then waits a quarter of a gap on average."""
LEARNT = 3
"""From so many pauses on the rhythm counts."""

_WEIGHT = 0.2
_MOST = 50
"""So many pauses are counted, and so many articles of a poll looked at."""
_BATCH = timedelta(minutes=1)
_HALF_FORGOTTEN = timedelta(weeks=4)
"""After so long a longest pause counts for half: several weekends and no more than a season."""
_QUIET_SHARE = 1 / 8
"""A pause that goes on counts as a gap of an eighth of it: a feed that fell asleep is asked less often, step by step."""
_FULL = 5
"""A list of fewer items may well change whole from one poll to the next."""


def expected_gap(pace: Pace, now: datetime) -> timedelta | None:
    """The time in which the next article is likely; None when too little is known."""
    if pace.gap is None or pace.latest is None or pace.gaps_seen < LEARNT:
        return None
    return max(pace.gap, (now - pace.latest) * _QUIET_SHARE)


def gap_possible(pace: Pace, *, listed: int, new: int, polled_before: bool) -> bool:
    """Whether articles may have been lost between two polls: the list was full, and nothing of it is seen again."""
    return polled_before and pace.listed >= _FULL and 0 < listed <= new


def after_news(
    pace: Pace, new: Sequence[datetime | None], *, last_polled: datetime | None, now: datetime, lost: bool
) -> Pace:
    """What is known of the rhythm after a poll that brought these articles."""
    if pace.latest is not None and pace.latest > now:
        pace = dataclasses.replace(pace, latest=now)  # the clock was set back
    times = sorted(_believed(published, last_polled, now) for published in new)[-_MOST:]
    for at in times:
        pace = _with(pace, at)
    if lost and last_polled is not None:
        # At least a whole list came since the last poll, so this is what the gap is at most.
        turned = (now - last_polled) / max(1, len(new))
        known = pace.gap if pace.gap is not None else turned
        pace = dataclasses.replace(pace, gap=min(known, turned), gaps_seen=max(pace.gaps_seen, LEARNT))
    return pace


def _believed(published: datetime | None, last_polled: datetime | None, now: datetime) -> datetime:
    """When an article came: as published, but not before a poll that did not bring it, nor after now."""
    at = min(published or now, now)
    return at if last_polled is None else max(at, min(last_polled, now))


def _with(pace: Pace, at: datetime) -> Pace:
    """One more article. Older ones than the newest say nothing of the pause before them."""
    if pace.latest is None:
        return dataclasses.replace(pace, first=at, latest=at)
    pause = at - pace.latest
    if pause < _BATCH:
        return pace
    seen = min(pace.gaps_seen + 1, _MOST)
    if pace.gap is None or pace.longest is None:
        return dataclasses.replace(pace, gap=pause, longest=pause, gaps_seen=seen, latest=at)
    # A plain mean at first, so that the first pause of all weighs no more than the next ones.
    gap = pace.gap + (pause - pace.gap) * max(_WEIGHT, 1 / seen)
    longest = max(pace.longest * 0.5 ** (pause / _HALF_FORGOTTEN), pause)
    return dataclasses.replace(pace, gap=gap, longest=longest, gaps_seen=seen, latest=at)
