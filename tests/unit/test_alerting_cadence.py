"""Cadences and quiet hours: how they are written, and when they are due, above all on days on which clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.cadence import last_due, next_due
from monitor.alerting.cron import always_quiet, parse_cadence, parse_quiet, parse_severities
from monitor.alerting.quiet import held_until, quiet_until
from monitor.model import AT_ONCE, Cadence, QuietWindow, Route, Severity

MINUTE = timedelta(minutes=1)


def at(text, zone="UTC", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def local(moment, zone):
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def dues(text, after, until, zone):
    cadence, found = parse_cadence(text), []
    while (after := next_due(cadence, after, zone)) < until:
        found.append(after)
    return found


# ── How they are written ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("hourly", "0 * * * *"),
        ("daily at 08:00", "0 8 * * *"),
        ("Daily  at 8:30", "30 8 * * *"),
        ("weekly on monday at 17:05", "5 17 * * 1"),
        ("weekly on fri, sun at 00:00", "0 0 * * 5,7"),
        ("weekly on fri-mon at 00:00", "0 0 * * 5,6,0,1"),
        ("*/15 8-18/2 1,15 jan-mar mon-fri", "0,15,30,45 8,10,12,14,16,18 1,15 1,2,3 1-5"),
        ("5/20 * * * sun", "5,25,45 * * * 0"),
    ],
)
def test_a_cadence_is_written_in_words_or_as_cron(text, fields):
    made, cron = parse_cadence(text), parse_cadence(fields)
    assert made == Cadence(
        **{name: getattr(cron, name) for name in ("minutes", "hours", "days", "months", "weekdays", "either")},
        text=" ".join(text.split()),
    )


def test_now_is_a_cadence_that_is_always_due():
    assert parse_cadence(" Now ") == AT_ONCE
    moment = at("2026-03-01 06:00")
    assert AT_ONCE.is_now
    assert next_due(AT_ONCE, moment, "UTC") == last_due(AT_ONCE, moment, "UTC") == moment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dayly at 08:00", "expected now, hourly, daily at 08:00, weekly on monday at 08:00, or five fields of cron"),
        ("daily at 24:00", 'expected a time of day such as 08:00 or 17:30, not "24:00"'),
        ("daily at 8", "expected a time of day"),
        ("weekly on mo at 08:00", 'expected a day of the week such as mon or monday, not "mo"'),
        ("weekly on at 08:00", "not"),
        ("60 * * * *", 'expected 0 to 59 for the minute, the lower first, not "60"'),
        ("0 18-8 * * *", "expected 0 to 23 for the hour, the lower first"),
        ("0 0 0 * *", "expected 1 to 31 for the day of the month"),
        ("0 0 * 13 *", "expected 1 to 12 for the month"),
        ("0 0 * * 8", "expected 0 to 7 for the day of the week"),
        ("0 0 * * bob", 'expected a number for the day of the week, not "bob"'),
        ("*/0 * * * *", "expected a step such as [*]/15 for the minute, not"),
        ("a b c d e", 'expected a number for the minute, not "a"; a cadence is now,'),
        ("0 0 31 2,4 *", "is never due: no such month has a day 31"),
        ("0 0 30 2 */2", "is never due"),
    ],
)
def test_a_cadence_that_cannot_be_read_says_what_was_expected(text, message):
    with pytest.raises(ValueError, match=message):
        parse_cadence(text)


def test_cron_takes_either_day_when_both_are_restricted_and_both_otherwise():
    march = [
        local(due, "UTC")[8:10] for due in dues("0 0 13 3 fri", at("2026-02-28 00:00"), at("2026-04-01 00:00"), "UTC")
    ]
    assert march == ["06", "13", "20", "27"]
    march = [
        local(due, "UTC")[8:10] for due in dues("0 0 10-16 3 *", at("2026-02-28 00:00"), at("2026-04-01 00:00"), "UTC")
    ]
    assert march == [str(day) for day in range(10, 17)]
    assert dues("0 0 31 2 mon", at("2026-02-01 00:00"), at("2026-02-04 00:00"), "UTC") == [at("2026-02-02 00:00")]


def test_the_29th_of_february_is_found_over_a_century_without_a_leap_year():
    cadence = parse_cadence("0 12 29 2 *")
    assert next_due(cadence, at("2096-02-29 12:00"), "UTC") == at("2104-02-29 12:00")
    assert last_due(cadence, at("2104-02-29 11:59"), "UTC") == at("2096-02-29 12:00")


def test_a_cadence_that_is_never_due_is_an_error_and_no_endless_loop():
    never = Cadence(text="never", minutes=(0,), hours=(0,), days=(30,), months=(2,), weekdays=tuple(range(7)))
    for find in (next_due, last_due):
        with pytest.raises(ValueError, match="'never' is never due"):
            find(never, at("2026-01-01 00:00"), "UTC")


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("22:00-07:00", QuietWindow(days=tuple(range(7)), start=1320, end=420)),
        ("Mon-Fri 22:00 - 7:30", QuietWindow(days=(0, 1, 2, 3, 4), start=1320, end=450)),
        ("sat, sunday 00:00-24:00", QuietWindow(days=(5, 6), start=0, end=1440)),
        ("fri 18:00-00:00", QuietWindow(days=(4,), start=1080, end=1440)),
    ],
)
def test_quiet_hours_are_written_with_or_without_days(text, window):
    assert parse_quiet(text) == window


@pytest.mark.parametrize("text", ["22-07", "22:00", "foo 22:00-07:00", "07:00-07:00", "25:00-26:00", "22:00-07:60"])
def test_quiet_hours_that_cannot_be_read_are_refused(text):
    with pytest.raises(ValueError, match=r"expected|must end"):
        parse_quiet(text)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), False),
        (("22:00-07:00",), False),
        (("00:00-24:00",), True),
        (("22:00-07:00", "07:00-22:00"), True),
        (("mon-sat 00:00-24:00", "sun 00:00-23:59"), False),
    ],
)
def test_quiet_hours_that_leave_no_time_are_known(texts, expected):
    assert always_quiet([parse_quiet(text) for text in texts]) is expected


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("urgent", "flash urgent"),
        ("severity>=urgent", "flash urgent"),
        ("severity > urgent", "flash"),
        ("<flash", "urgent routine"),
        ("<= routine", "routine"),
        ("=urgent", "urgent"),
        ("severity == urgent", "urgent"),
        ("!=urgent", "flash routine"),
    ],
)
def test_a_severity_is_the_least_or_an_expression(text, taken):
    assert [one.value for one in parse_severities(text)] == taken.split()


@pytest.mark.parametrize(
    ("text", "message"),
    [("loud", "expected one of flash, urgent, routine"), ("=>urgent", "expected one of"), (">flash", "takes nothing")],
)
def test_a_severity_that_means_nothing_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_severities(text)


@given(
    text=st.one_of(
        st.text(max_size=40),
        st.lists(
            st.sampled_from(
                [
                    "now",
                    "daily",
                    "at",
                    "weekly",
                    "on",
                    "mon,",
                    "08:00",
                    "-",
                    "*",
                    "1-5",
                    "*/2",
                    "0",
                    "7",
                    "31",
                    "2",
                    ">=",
                    "<",
                    "flash",
                    "severity",
                    "٣",
                    "İ",
                ]
            ),
            max_size=7,
        ).map(" ".join),
    )
)
def test_any_text_is_read_or_refused_with_a_sentence(text):
    moment = at("2026-03-01 06:00")
    for read in (parse_cadence, parse_quiet, parse_severities):
        said = "read"
        try:
            made = read(text)
            assert not isinstance(made, Cadence) or last_due(made, moment, "Asia/Beirut") <= moment
        except ValueError as error:
            said = str(error)
        assert said == "read" or "expected" in said or "never due" in said or "must" in said or "takes nothing" in said


# ── When clocks are changed ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_time_that_is_skipped_counts_once_right_after_the_gap():
    found = dues("30 2 * * *", at("2026-03-28 00:00"), at("2026-03-31 00:00"), "Europe/Berlin")
    assert [local(due, "Europe/Berlin") for due in found] == [
        "2026-03-28 02:30",
        "2026-03-29 03:00",
        "2026-03-30 02:30",
    ]
    several = dues("*/15 2 * * *", at("2026-03-29 00:00"), at("2026-03-30 00:00"), "Europe/Berlin")
    assert several == [at("2026-03-29 01:00")]


def test_a_time_that_comes_twice_counts_the_first_time_alone():
    found = dues("30 2 * * *", at("2026-10-24 00:00"), at("2026-10-27 00:00"), "Europe/Berlin")
    assert found == [at("2026-10-24 00:30"), at("2026-10-25 00:30"), at("2026-10-26 01:30")]
    second = at("2026-10-25 02:10", "Europe/Berlin", fold=1)
    assert local(next_due(parse_cadence("hourly"), second, "Europe/Berlin"), "Europe/Berlin") == "2026-10-25 03:00"


def test_a_gap_at_midnight_and_a_day_that_never_was():
    found = dues("0 0 * * *", at("2022-09-10 12:00"), at("2022-09-12 12:00"), "America/Santiago")
    assert [local(due, "America/Santiago") for due in found] == ["2022-09-11 01:00", "2022-09-12 00:00"]
    found = dues("daily at 08:00", at("2011-12-29 08:00", "Pacific/Apia"), at("2012-01-01 00:00"), "Pacific/Apia")
    assert [local(due, "Pacific/Apia") for due in found] == ["2011-12-31 00:00", "2011-12-31 08:00", "2012-01-01 08:00"]


CHANGING = (
    "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Caracas", "America/Havana", "America/New_York",
    "America/Nuuk", "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll", "Asia/Amman",
    "Asia/Beirut", "Asia/Damascus", "Asia/Gaza", "Asia/Kathmandu", "Asia/Pyongyang", "Asia/Tehran", "Asia/Ulaanbaatar",
    "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin", "Europe/Moscow", "Pacific/Apia", "Pacific/Chatham", "Pacific/Fakaofo",
)  # fmt: skip


@cache
def changes(zone):
    """The days since 2005 on which the zone's clocks are changed."""
    there, offsets = ZoneInfo(zone), []
    for number in range(24 * 366):
        day = datetime(2005, 1, 1, tzinfo=UTC) + timedelta(days=number)
        offsets.append((day, day.astimezone(there).utcoffset()))
    return [day for (day, one), (_, other) in pairwise(offsets) if one != other] or [offsets[0][0]]


def simulated(cadence, start, end, zone):
    """The dues in (start, end], by looking at a clock on the wall every minute since two days before."""
    there, seen, found = ZoneInfo(zone), set(), []
    moment = start - timedelta(days=2)
    shown = moment.astimezone(there).replace(tzinfo=None)
    while moment < end:
        before, moment = shown, moment + MINUTE
        shown = moment.astimezone(there).replace(tzinfo=None)
        passed = [before + MINUTE * number for number in range(1, (shown - before) // MINUTE + 1)] or [shown]
        fresh = [one for one in passed if one not in seen]
        seen.update(passed)
        if moment > start and any(is_due(cadence, one) for one in fresh):
            found.append(moment)
    return found


def is_due(cadence, wall):
    by_date, by_weekday = wall.day in cadence.days, wall.weekday() in cadence.weekdays
    day = (by_date or by_weekday) if cadence.either else (by_date and by_weekday)
    return day and wall.month in cadence.months and wall.hour in cadence.hours and wall.minute in cadence.minutes


FIELDS = (
    st.sampled_from(["0", "30", "*/20", "15,45", "59"]),
    st.sampled_from(["*", "0", "1", "2", "3", "23", "0-3", "1,2"]),
    st.sampled_from(["*", "1", "29,30,31", "*/2"]),
    st.just("*"),
    st.sampled_from(["*", "sun", "mon-fri", "sat,sun"]),
)
CADENCES = st.tuples(*FIELDS).map(" ".join).map(parse_cadence)


@st.composite
def around_changes(draw):
    zone = draw(st.sampled_from(CHANGING))
    day = draw(st.sampled_from(changes(zone)))
    return zone, day + MINUTE * draw(st.integers(-24 * 60, 36 * 60))


@settings(max_examples=40, deadline=None)
@given(place=around_changes(), cadence=CADENCES)
def test_what_is_due_around_a_change_is_what_a_clock_on_the_wall_shows(place, cadence):
    zone, start = place
    expected = simulated(cadence, start, start + timedelta(days=2), zone)
    found, moment = [], start
    while (moment := next_due(cadence, moment, zone)) <= start + timedelta(days=2):
        found.append(moment)
    assert found == expected
    if found:
        assert last_due(cadence, start + timedelta(days=2), zone) == found[-1]


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(sorted(available_timezones())),
    moment=st.datetimes(datetime(1975, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware
    cadence=CADENCES,
)
def test_next_and_last_enclose_every_moment_in_every_zone(zone, moment, cadence):
    after, before = next_due(cadence, moment, zone), last_due(cadence, moment, zone)
    assert before <= moment < after
    assert next_due(cadence, before, zone) == after  # nothing lies between them
    assert last_due(cadence, after, zone) == after
    assert after.tzinfo is UTC


# ── Quiet hours ───────────────────────────────────────────────────────────────────────────────────────────────────────

NIGHT = (parse_quiet("22:00-07:00"),)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-03-02 21:59", None),
        ("2026-03-02 22:00", "2026-03-03 07:00"),
        ("2026-03-03 06:59", "2026-03-03 07:00"),
        ("2026-03-03 07:00", None),
        ("2026-03-29 01:30", "2026-03-29 07:00"),  # the clocks are put forward in this night
    ],
)
def test_quiet_hours_are_those_of_the_subscribers_clock(moment, until):
    end = quiet_until(NIGHT, at(moment, "Europe/Berlin"), "Europe/Berlin")
    assert (local(end, "Europe/Berlin") if end else None) == until


def test_windows_that_follow_one_another_are_one():
    windows = tuple(parse_quiet(text) for text in ("fri 18:00-24:00", "sat, sun 00:00-24:00", "mon 00:00-08:00"))
    friday = at("2026-03-06 20:00", "Asia/Beirut")
    assert local(quiet_until(windows, friday, "Asia/Beirut"), "Asia/Beirut") == "2026-03-09 08:00"
    assert quiet_until((), friday, "Asia/Beirut") is None


def test_quiet_hours_without_end_hold_about_a_week_at_most():
    moment = at("2026-03-06 20:00")
    assert quiet_until((parse_quiet("00:00-24:00"),), moment, "UTC") <= moment + timedelta(days=9)


def test_quiet_hours_around_a_day_that_never_was():
    window = (parse_quiet("fri 00:00-24:00"),)  # Friday, 30 December 2011 did not exist in Apia
    assert quiet_until(window, at("2011-12-30 23:00"), "Pacific/Apia") is None


def test_severe_alerts_pass_quiet_hours_unless_nothing_may():
    night = at("2026-03-02 23:00")
    urgent = Route(quiet=NIGHT, quiet_bypass=Severity.URGENT)
    assert held_until(urgent, Severity.FLASH, night, "UTC") is None
    assert held_until(urgent, Severity.URGENT, night, "UTC") is None
    assert held_until(urgent, Severity.ROUTINE, night, "UTC") == at("2026-03-03 07:00")
    never = Route(quiet=NIGHT, quiet_bypass=None)
    assert held_until(never, Severity.FLASH, night, "UTC") == at("2026-03-03 07:00")


def quiet_by_the_clock(windows, wall):
    """Whether a wall-clock time lies in a window, by arithmetic on the minutes of the week."""
    minute = wall.weekday() * 1440 + wall.hour * 60 + wall.minute
    for window in windows:
        length = (window.end - window.start) % 1440 or 1440
        if any((minute - day * 1440 - window.start) % 10080 < length for day in window.days):
            return True
    return False


WINDOWS = st.lists(
    st.builds(
        lambda days, start, length: QuietWindow(
            days=tuple(sorted(days)), start=start, end=(start + length) % 1440 or 1440
        ),
        st.sets(st.integers(0, 6), min_size=1),
        st.integers(0, 47).map(lambda half: half * 30),
        st.integers(1, 47).map(lambda half: half * 30),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@settings(max_examples=150, deadline=None)
@given(windows=WINDOWS, moment=st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1)))  # noqa: DTZ001 - made aware
def test_quiet_hours_end_where_the_clock_leaves_them(windows, moment):
    zone = "Asia/Kathmandu"  # no changes, and a quarter of an hour off
    wall = moment.replace(second=0, microsecond=0)
    start = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = quiet_until(windows, start, zone)
    assert (end is not None) == quiet_by_the_clock(windows, wall)
    if end is not None and not always_quiet(windows):
        assert not quiet_by_the_clock(windows, end.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        length = (end - start) // MINUTE
        assert all(quiet_by_the_clock(windows, wall + MINUTE * number) for number in range(0, length, 30))


@settings(max_examples=60, deadline=None)
@given(windows=WINDOWS, place=around_changes())
def test_quiet_hours_let_go_around_changes_of_clocks(windows, place):
    zone, start = place
    end = quiet_until(windows, start, zone)
    if end is not None:
        assert start < end
        assert always_quiet(windows) or quiet_until(windows, end, zone) is None


def test_dates_are_those_of_the_zone():
    # 23:30 UTC on Sunday is Monday morning in Tokyo.
    assert next_due(parse_cadence("weekly on mon at 09:00"), at("2026-03-01 23:30"), "Asia/Tokyo") == at(
        "2026-03-02 00:00"
    )
    assert date(2026, 3, 2).weekday() == 0
