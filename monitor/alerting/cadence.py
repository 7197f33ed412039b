"""When a cadence is due: the times of the wall clock that it means, as instants.

It stands apart because clocks that are put forward and back are where schedules lose or double what they carry. A local
time that a change of clocks skips counts at the first instant after the gap, once; one that comes twice counts the first
time. So the instants of a day never go backwards, and can be searched by halving. It asks no clock: instants come in, aware,
and go out in UTC. How a cadence is written stands in `cron`.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.model import Cadence

_DAY = timedelta(days=1)
_HORIZON = 9 * 366
"""Days to look ahead or back: the 29th of February comes after eight years at the latest, as from 2096 to 2104."""
_SECOND = timedelta(seconds=1)


def next_due(cadence: Cadence, after: datetime, tz: str) -> datetime:
    """The first instant later than `after` at which the cadence is due, in the IANA zone `tz`.

    For `now` that is `after` itself: nothing is waited for.
    """
    if cadence.is_now:
        return after
    zone = ZoneInfo(tz)
    for day in _days(cadence, _local(after, zone).date(), _DAY):
        due = _Day(cadence, day, zone)
        place = due.first_after(after)
        if place < len(due):
            return due[place]
    raise ValueError(f"the cadence {cadence.text!r} is never due")


def last_due(cadence: Cadence, at: datetime, tz: str) -> datetime:
    """The last instant not later than `at` at which the cadence was due. For `now` that is `at` itself."""
    if cadence.is_now:
        return at
    zone = ZoneInfo(tz)
    for day in _days(cadence, _local(at, zone).date(), -_DAY):
        due = _Day(cadence, day, zone)
        place = due.first_after(at)
        if place:
            return due[place - 1]
    raise ValueError(f"the cadence {cadence.text!r} is never due")


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a naive local time, in UTC: after the gap if it is skipped, the first one if it comes twice."""
    early = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    late = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    # Of a skipped time, PEP 495 gives one instant before the change and one after it, the wrong way round.
    return late if late <= early else _change(early, late, zone)


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The instant between the two at which the zone's clocks are changed; `low` is before it."""
    before = _local(low, zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _local(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone)


def _days(cadence: Cadence, start: date, step: timedelta) -> Iterator[date]:
    """The dates on which the cadence is due, from a date on, forward or back."""
    for number in range(_HORIZON):
        day = start + number * step
        if day.month in cadence.months and _counts(cadence, day):
            yield day


def _counts(cadence: Cadence, day: date) -> bool:
    by_date, by_weekday = day.day in cadence.days, day.weekday() in cadence.weekdays
    return (by_date or by_weekday) if cadence.either else (by_date and by_weekday)


class _Day:
    """The instants of one date, in order; computed when they are asked for."""

    def __init__(self, cadence: Cadence, day: date, zone: ZoneInfo) -> None:
        self._cadence = cadence
        self._day = day
        self._zone = zone

    def __len__(self) -> int:
        return len(self._cadence.hours) * len(self._cadence.minutes)

    def __getitem__(self, place: int) -> datetime:
        hour, minute = divmod(place, len(self._cadence.minutes))
        at = time(self._cadence.hours[hour], self._cadence.minutes[minute])
        return instant(datetime.combine(self._day, at), self._zone)

    def first_after(self, after: datetime) -> int:
        """The place of the first that is later."""
        return bisect_right(range(len(self)), after, key=self.__getitem__)
