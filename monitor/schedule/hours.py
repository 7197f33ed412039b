"""`skipHours` and `skipDays` of RSS: hours and days (GMT) in which a publisher wants no polls. Pure."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

_HOUR = timedelta(hours=1)
_LONGEST = 8 * 24
"""Hours of a week and a day: who skips all of them has said nothing."""


def after_skipped(due: datetime, hours: Collection[int], days: Collection[int]) -> datetime:
    """`due` itself, or the beginning of the first hour after it that is not skipped."""
    at = due.astimezone(UTC)
    for _ in range(_LONGEST):
        if at.hour not in hours and at.weekday() not in days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + _HOUR
    return due
