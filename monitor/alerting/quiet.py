"""Quiet hours: whether an instant lies in them, and when they end.

They hold and then let go; nothing is dropped for them. Their bounds are times of the wall clock and follow the same rules
as cadences when clocks change. It asks no clock.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.alerting.cadence import instant
from monitor.model import QuietWindow, Route, Severity

_LONGEST = timedelta(days=8)
"""No quiet hours hold longer. Windows that leave no time free are refused by the settings; this keeps us whole if not."""


def quiet_until(windows: Sequence[QuietWindow], at: datetime, tz: str) -> datetime | None:
    """The end of the quiet hours that `at` lies in, over all windows that follow one another; None if it lies in none."""
    if not windows:
        return None
    zone = ZoneInfo(tz)
    end = at
    while end - at < _LONGEST:
        later = max((stop for start, stop in _spans(windows, end, zone) if start <= end < stop), default=None)
        if later is None:
            break
        end = later
    return end if end > at else None


def held_until(route: Route, severity: Severity, at: datetime, tz: str) -> datetime | None:
    """Until when quiet hours hold something of this severity that would go out at `at`; None if they do not."""
    if route.quiet_bypass is not None and severity.rank >= route.quiet_bypass.rank:
        return None
    return quiet_until(route.quiet, at, tz)


def _spans(windows: Sequence[QuietWindow], at: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The windows that begin on the day of an instant or on the two before it, as instants. Two, because a zone may leave
    out a whole day when it changes sides of the date line.
    """
    today = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    for back in (2, 1, 0):
        day = today - timedelta(days=back)
        for window in windows:
            if day.weekday() in window.days:
                length = (window.end - window.start) % 1440 or 1440
                start = day + timedelta(minutes=window.start)
                yield instant(start, zone), instant(start + timedelta(minutes=length), zone)
