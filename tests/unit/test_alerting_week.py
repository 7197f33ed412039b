"""A week across a change of clocks, for subscribers of every cadence in many zones: an even ledger, digests on the minute,
and every hit in a message that was made of it.
"""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.made import MAIL, article, match, spans, subscriber
from support.waiting import RULES, Bookkeeper

from monitor import alerting
from monitor.alerting import Seen, compose, facts_of, parse_cadence, parse_quiet, parse_severities
from monitor.alerting.quiet import quiet_until
from monitor.model import AlertKind, Copy, DigestReason, Format, Preference, Route

MINUTE = timedelta(minutes=1)
START = datetime(2026, 3, 26, 12, tzinfo=UTC)
"""Clocks are put forward in Europe, Beirut and Gaza within the week that follows; in Lord Howe put back after it."""
END = START + timedelta(days=7)
NIGHT = (parse_quiet("22:00-07:00"),)


def who(name, zone, cadence="now", **given):
    route = Route(recipients=(MAIL,), cadence=parse_cadence(cadence), **given)
    return subscriber(name, timezone=zone, routes=(route,))


DAILY = ("daily at 02:30", "daily at 00:00", "daily at 08:00")
SUBSCRIBERS = (
    who("berlin-now", "Europe/Berlin"),
    who("beirut-night", "Asia/Beirut", quiet=NIGHT),
    who("gaza-few", "Asia/Gaza", max_per_hour=2, update_outlets=()),
    who("tokyo-wait", "Asia/Tokyo", group_wait=10 * MINUTE, group_interval=timedelta(hours=1)),
    who("london-flash", "Europe/London", severities=parse_severities("flash")),
    who("berlin-gap", "Europe/Berlin", DAILY[0]),
    who("beirut-gap", "Asia/Beirut", DAILY[1]),
    who("kathmandu-daily", "Asia/Kathmandu", DAILY[2], languages=Preference(only=("ar",))),
    who("new-york-hourly", "America/New_York", "hourly", empty_digests=False),
    who("moscow-weekly", "Europe/Moscow", "weekly on mon at 09:00"),
    who("lord-howe-cron", "Australia/Lord_Howe", "*/30 9-17 * * mon-fri"),
    who("chatham-night", "Pacific/Chatham", "0 */6 * * *", quiet=NIGHT, severities=parse_severities("<flash")),
)


def news():
    """Articles of a week in order: some stories of many articles, in three languages, with few or many rules."""
    chance = random.Random(11)
    minutes = sorted(chance.randrange(7 * 24 * 60) for _ in range(180))
    for number, minute in enumerate(minutes, 1):
        names = chance.sample(sorted(RULES), chance.choice((1, 1, 2)))
        lang = chance.choice(("en", "en", "ar", "ru"))
        made = article(f"Report {number}", key=f"k{number}", outlet=f"Outlet {chance.randrange(40)}", lang=lang)
        hits = tuple(match(name, severity=RULES[name].severity, spans=spans(made.body, "Khmeimim")) for name in names)
        yield START + minute * MINUTE, f"s{chance.randrange(60)}", made, hits


class Desk(Bookkeeper):
    """A bookkeeper who also makes the alerts, renders each, and keeps what was in them."""

    def _record(self, tell, now):
        super()._record(tell, now)
        new = compose(
            tell,
            subscriber=self.who,
            rules=RULES,
            seen=self.seen,
            stories={key: tuple(copies.values()) for key, copies in self.copies.items()},
            now=now,
        )
        self.made.append(new)
        text = alerting.render(new.alert, Format.MAIL, plain=True, now=now).text
        shown = [line.title for line in new.alert.lines] or ([new.alert.article.title] if new.alert.article else [])
        assert all(title in text for title in shown)
        assert len(new.alert.lines) == (len(tell.stories) if tell.kind is AlertKind.DIGEST else 0)


@pytest.fixture(scope="module")
def week():
    """All subscribers after the week, and until all that waited has gone out."""
    return {one.id: lived(one) for one in SUBSCRIBERS}


def lived(one):
    desk = Desk(who=one)
    desk.seen, desk.copies, desk.made, desk.hits, number = {}, {}, [], 0, 0
    desk.decide(START)
    for at, story, made, hits in news():
        while desk.due is not None and desk.due <= at:
            desk.decide(desk.due)
        copies = desk.copies.setdefault(story, {})
        copies[made.key] = Copy(
            article_key=made.key, title=made.title, outlet=made.outlet, lang=made.lang, first_seen=at
        )
        desk.stories[story] = facts_of(tuple(copies.values()))
        for row in alerting.waiting(
            made, hits, before={}, revision=0, changed=False, story=story, rules=RULES, subscribers=[one], now=at
        ):
            number += 1
            desk.seen[number] = Seen(article=made, matches=hits, first_seen=at)
            desk.waiting[number] = _numbered(row, number)
            desk.hits += len(row.hits)
        due = min((row.due for row in desk.waiting.values()), default=END)
        if due <= at:
            desk.decide(at)
        desk.due = min((one for one in (due, desk.due) if one is not None and one > at), default=desk.due)
    while desk.due is not None and (desk.waiting or desk.due <= END):
        desk.decide(desk.due)
    return desk


def _numbered(row, number):
    return type(row)(**{**{name: getattr(row, name) for name in row.__dataclass_fields__}, "id": number})


@pytest.mark.parametrize("name", [one.id for one in SUBSCRIBERS])
def test_the_ledger_is_even(week, name):
    desk = week[name]
    assert desk.hits > 15
    assert (len(desk.ends), desk.waiting) == (desk.hits, {})
    in_messages = [(key, rule) for new in desk.made for key, rules in new.told for rule in rules]
    told = [end for end, how in desk.ends.items() if how == "told"]
    assert len(in_messages) == len(set(in_messages)) == len(told)
    assert len({new.alert.key for new in desk.made}) == len(desk.made)


def walls(desk):
    """When the digests came, by the subscriber's clock."""
    zone = ZoneInfo(desk.who.timezone)
    return [at.astimezone(zone) for at, tell in desk.tells if tell.digest is DigestReason.CADENCE and at <= END]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("berlin-gap", ["02:30"] * 2 + ["03:00"] + ["02:30"] * 4),
        ("beirut-gap", ["00:00"] * 2 + ["01:00"] + ["00:00"] * 4),
        ("kathmandu-daily", ["08:00"] * 7),
        ("moscow-weekly", ["09:00"]),
        ("chatham-night", ["07:00", "12:00", "18:00"]),
    ],
)
def test_digests_come_on_the_minute_of_the_subscribers_clock(week, name, expected):
    times = [f"{at:%H:%M}" for at in walls(week[name])]
    if name == "chatham-night":
        assert set(times) == set(expected)  # that of midnight and of six wait for the end of the night
        assert len(times) == 21
    else:
        assert times == expected


def test_hourly_digests_come_in_hours_with_news_and_half_hourly_ones_in_working_hours_always(week):
    assert {at.minute for at in walls(week["new-york-hourly"])} == {0}
    assert all(new.alert.lines for new in week["new-york-hourly"].made)
    lord_howe = walls(week["lord-howe-cron"])
    assert len(lord_howe) == 5 * 18
    assert all(at.weekday() < 5 and 9 <= at.hour < 18 and at.minute in {0, 30} for at in lord_howe)


def test_nothing_but_flash_goes_out_at_night(week):
    desk = week["beirut-night"]
    for at, tell in desk.tells:
        quiet = quiet_until(NIGHT, at, desk.who.timezone)
        assert quiet is None or tell.severity.value == "flash"
    mornings = [at for at, tell in desk.tells if tell.digest is DigestReason.QUIET_HOURS]
    assert {f"{at.astimezone(ZoneInfo('Asia/Beirut')):%H:%M}" for at in mornings} == {"07:00"}
    assert len(mornings) == 7


def test_reasons_of_what_was_not_told_are_those_that_the_routes_give(week):
    how = {name: {str(one) for one in desk.ends.values()} for name, desk in week.items()}
    assert how["kathmandu-daily"] - {"story"} == {"told", "preference"}
    assert how["berlin-now"] == {"told", "story", "inhibited"}
    assert how["london-flash"] == {"told", "story"}
