"""How cadences, quiet hours and severities are written: from the text of the settings to their values.

Each reader raises ValueError with one sentence that says what was expected. When a cadence is due stands in `cadence`.
No library: the parts of cron that people use in settings are small, and those that were looked at either differ in what
they do when clocks change, or belong to a scheduler.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping

from monitor.model import AT_ONCE, Cadence, QuietWindow, Severity

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_FORMS = "now, hourly, daily at 08:00, weekly on monday at 08:00, or five fields of cron such as 0 8 * * 1-5"
_QUIET = re.compile(r"(?:([a-z, -]+) )?([0-9]{1,2}:[0-9]{2}) ?- ?([0-9]{1,2}:[0-9]{2})")
_DAY_END = 24 * 60
_COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq, "==": operator.eq,
    "!=": operator.ne,
}  # fmt: skip
_SEVERITY = re.compile(r"(?:severity ?)?(>=|<=|>|<|==?|!=)? ?([a-z]+)")


def parse_cadence(text: str) -> Cadence:
    """`now`, `hourly`, `daily at HH:MM`, `weekly on DAY[, DAY] at HH:MM`, or the five fields of cron."""
    words = " ".join(text.lower().replace(",", ", ").split()).replace(" ,", ",")
    if words == "now":
        return AT_ONCE
    if words == "hourly":
        return _cron(text, "0 * * * *")
    daily = re.fullmatch(r"daily at ([0-9:]+)", words)
    if daily:
        hour, minute = divmod(_minutes(daily[1]), 60)
        return _cron(text, f"{minute} {hour} * * *")
    weekly = re.fullmatch(r"weekly on ([a-z, -]+) at ([0-9:]+)", words)
    if weekly:
        hour, minute = divmod(_minutes(weekly[2]), 60)
        days = ",".join(str(day + 1) for day in _weekdays(weekly[1]))
        return _cron(text, f"{minute} {hour} * * {days}")
    if len(text.split()) == len(_FIELDS):
        return _cron(text, text)
    raise ValueError(f'expected {_FORMS}, not "{text}"')


def parse_quiet(text: str) -> QuietWindow:
    """`22:00-07:00`, or with the days on which it begins: `mon-fri 22:00-07:00`, `sat, sun 20:00-09:00`."""
    found = _QUIET.fullmatch(" ".join(text.lower().split()))
    if not found:
        raise ValueError(f'expected quiet hours such as 22:00-07:00 or sat,sun 20:00-09:00, not "{text}"')
    start = _minutes(found[2])
    end = _DAY_END if found[3] == "24:00" else _minutes(found[3])
    if start == end:
        raise ValueError('quiet hours must end at another time than they begin; the whole day is "00:00-24:00"')
    return QuietWindow(days=_weekdays(found[1] or "mon-sun"), start=start, end=end or _DAY_END)


def always_quiet(windows: Iterable[QuietWindow]) -> bool:
    """Whether the windows leave no minute of the week free."""
    week = 7 * _DAY_END
    free = bytearray(b"\1") * week
    for window in windows:
        length = (window.end - window.start) % _DAY_END or _DAY_END
        for day in window.days:
            start = day * _DAY_END + window.start
            for minute in range(start, start + length):
                free[minute % week] = 0
    return not any(free)


def parse_severities(text: str) -> tuple[Severity, ...]:
    """`urgent` (at least), or an expression: `>=urgent`, `<flash`, `=routine`, `!=flash`; `severity` may stand in front."""
    found = _SEVERITY.fullmatch(" ".join(text.lower().split()))
    known = {severity.value: severity.rank for severity in Severity}
    if not found or found[2] not in known:
        forms = "one of flash, urgent, routine, or an expression such as >=urgent or <flash"
        raise ValueError(f'expected {forms}, not "{text}"')
    rank = known[found[2]]
    wanted = _COMPARED[found[1] or ">="]
    taken = tuple(severity for severity in Severity if wanted(severity.rank, rank))
    if not taken:
        raise ValueError(f'"{text}" takes nothing: the severities are flash, urgent and routine')
    return taken


# ── The fields of cron ────────────────────────────────────────────────────────────────────────────────────────────────

_FIELDS: Mapping[str, tuple[int, int, Mapping[str, int]]] = {
    "minute": (0, 59, {}),
    "hour": (0, 23, {}),
    "day of the month": (1, 31, {}),
    "month": (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    "day of the week": (0, 7, {name[:3]: number for number, name in enumerate(WEEKDAYS, 1)}),
}


def _cron(text: str, fields: str) -> Cadence:
    minute, hour, day, month, weekday = fields.lower().split()
    minutes, hours, days, months, week = (
        _field(name, field) for name, field in zip(_FIELDS, (minute, hour, day, month, weekday), strict=True)
    )
    weekdays = tuple(sorted({(number - 1) % 7 for number in week}))  # 0 and 7 are Sunday
    either = not day.startswith("*") and not weekday.startswith("*")
    if not either and all(_LONGEST_MONTH.get(one, 31) < days[0] for one in months):
        raise ValueError(f'"{text}" is never due: no such month has a day {days[0]}')
    return Cadence(
        text=" ".join(text.split()),
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        either=either,
    )


def _field(name: str, text: str) -> tuple[int, ...]:
    """The numbers that a field means, ascending."""
    found: set[int] = set()
    for part in text.split(","):
        found.update(_part(name, part))
    return tuple(sorted(found))


def _part(name: str, text: str) -> Iterable[int]:
    """`*`, `5`, `mon`, `1-5`, and any of them in steps: `*/15`, `8-18/2`."""
    low, high, names = _FIELDS[name]
    body, slash, step = text.partition("/")
    first, dash, last = body.partition("-")
    if body == "*":
        start, end = low, high
    else:
        start = _number(name, first, names)
        end = _number(name, last, names) if dash else (high if slash else start)
    if slash and not re.fullmatch("[1-9][0-9]?", step):
        raise ValueError(f'expected a step such as */15 for the {name}, not "{text}"')
    if not low <= start <= high or not low <= end <= high or end < start:
        raise ValueError(f'expected {low} to {high} for the {name}, the lower first, not "{text}"')
    return range(start, end + 1, int(step or 1))


def _number(name: str, text: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not re.fullmatch("[0-9]{1,2}", text):
        raise ValueError(f'expected a number for the {name}, not "{text}"; a cadence is {_FORMS}')
    return int(text)


def _minutes(text: str) -> int:
    """Minutes after midnight of `HH:MM`."""
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f'expected a time of day such as 08:00 or 17:30, not "{text}"')
    return int(found[1]) * 60 + int(found[2])


def _weekdays(text: str) -> tuple[int, ...]:
    """Days of the week, Monday being 0: `mon`, `monday, friday`, `fri-mon`."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = (one.strip() for one in part.partition("-"))
        start = _weekday(first)
        end = _weekday(last) if dash else start
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def _weekday(text: str) -> int:
    matching = [number for number, name in enumerate(WEEKDAYS) if text and name.startswith(text) and len(text) > 2]  # noqa: PLR2004 - mon
    if not matching:
        raise ValueError(f'expected a day of the week such as mon or monday, not "{text}"')
    return matching[0]
