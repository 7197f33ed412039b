"""How a feed is: signs, how long they must last, what the operator is told."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import feed_health, schedule
from monitor.model import (
    Article,
    Feed,
    FeedCondition,
    FeedKind,
    FeedState,
    FetchErrorKind,
    FetchFailed,
    Health,
    NotModified,
    Pace,
    ParsedFeed,
    Validators,
)
from monitor.settings import PollingSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = PollingSettings()
FEED = Feed(id="f", url="https://feed.example/?token=abc", title="The Feed")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GOOD = ParsedFeed(articles=(Article(key="k", feed_id="f", guid=None, url=None, title="Old", body=""),), format="rss20")
EMPTY = ParsedFeed(articles=(), format="rss20")
SAME = NotModified(validators=Validators())


def status(code: int, **fields) -> FetchFailed:
    return FetchFailed(kind=FetchErrorKind.STATUS, detail=f"HTTP {code}", status=code, **fields)


DOWN = FetchFailed(kind=FetchErrorKind.DNS, detail="no such name")
PAGE = FetchFailed(kind=FetchErrorKind.PARSE, detail="this is a web page, not a feed", obstacle="a web page")
CHALLENGE = status(503, obstacle="a challenge page of Cloudflare")


class Watched:
    """A feed and its polls."""

    def __init__(self, feed=FEED, *, began=True):
        self.feed, self.now = feed, NOW
        self.state = FeedState(next_due=NOW)
        self.told: list[str] = []
        if began:
            self.poll(GOOD, title="Planes at Tartus")

    def poll(self, outcome, *, title=None, times=1, every=HOUR):
        for _ in range(times):
            before = self.state
            after = schedule.next_poll(
                self.feed, before, outcome, self.now, settings=SETTINGS, jitter=0.5, new=[None] if title else []
            )
            if title:
                after = dataclasses.replace(after, last_new=self.now)
            health, tell = feed_health.judge(self.feed, before, after, outcome, self.now, title=title)
            self.state = dataclasses.replace(after, health=health)
            if tell:
                subject, text = feed_health.notice([(self.feed, self.state)], self.now)
                self.told.append(f"{subject}\n{text}")
            self.now += every
        return self.state.health.condition


@pytest.mark.parametrize(
    ("outcome", "polls", "every", "condition"),
    [
        (DOWN, 5, HOUR, FeedCondition.BROKEN),
        (status(500), 5, HOUR, FeedCondition.BROKEN),
        (status(429), 5, HOUR, FeedCondition.BROKEN),
        (FetchFailed(kind=FetchErrorKind.PARSE, detail="broken"), 5, HOUR, FeedCondition.BROKEN),
        (status(403), 3, HOUR, FeedCondition.BLOCKED),
        (status(401), 3, HOUR, FeedCondition.BLOCKED),
        (CHALLENGE, 3, HOUR, FeedCondition.BLOCKED),
        (PAGE, 3, HOUR, FeedCondition.BLOCKED),  # there was a feed before
        (status(410), 1, HOUR, FeedCondition.GONE),
        (status(404), 10, DAY, FeedCondition.GONE),
        (EMPTY, 3, HOUR, FeedCondition.EMPTY),
        (dataclasses.replace(GOOD, format="atom10"), 2, HOUR, FeedCondition.FORMAT),
        (dataclasses.replace(GOOD, format="rss10"), 2, HOUR, FeedCondition.FORMAT),
    ],
)
def test_a_sign_becomes_the_condition_once_it_has_lasted_and_is_told_once(outcome, polls, every, condition):
    watched = Watched()
    if polls > 1:
        # Meanwhile a 404 that lasts is a failure like any other.
        assert watched.poll(outcome, times=polls - 1, every=every) in {FeedCondition.OK, FeedCondition.BROKEN}
        assert all("broken" in text for text in watched.told)
    began = watched.state.health.sign_since if polls > 1 else watched.now
    assert watched.poll(outcome, every=every) is condition
    assert watched.state.health.since == began
    told = len(watched.told)
    assert condition.value in watched.told[-1] or "another format" in watched.told[-1]
    assert "“Planes at Tartus”" in watched.told[-1]  # what was seen last
    assert "abc" not in watched.told[-1]
    if outcome != dataclasses.replace(outcome) or condition is not FeedCondition.FORMAT:
        watched.poll(outcome, times=20, every=every)
    assert len(watched.told) == told
    assert watched.poll(GOOD) is condition  # one good poll is no proof
    assert watched.poll(GOOD) is FeedCondition.OK
    assert "well again" in watched.told[-1]
    assert f"it was {condition.value} for" in watched.told[-1]
    assert watched.state.health.told == ()


def test_many_polls_in_a_short_time_alarm_nobody():
    watched = Watched()
    assert watched.poll(DOWN, times=50, every=timedelta(seconds=10)) is FeedCondition.OK
    assert watched.poll(status(403), times=50, every=timedelta(seconds=10)) is FeedCondition.OK
    assert watched.told == []


def test_one_failure_between_good_polls_alarms_nobody():
    watched = Watched()
    for _ in range(20):
        watched.poll(DOWN)
        assert watched.poll(GOOD) is FeedCondition.OK
    assert watched.told == []


def test_failures_of_changing_kinds_are_failures_all_the_same():
    watched = Watched()
    for outcome in (DOWN, status(403), status(404), DOWN, status(403)):
        watched.poll(outcome)
    assert watched.state.health.condition is FeedCondition.BROKEN
    watched.poll(status(403), times=3)
    assert watched.state.health.condition is FeedCondition.BLOCKED  # now it lasts
    watched.poll(DOWN, times=1)
    assert watched.state.health.condition is FeedCondition.BLOCKED
    for outcome in (DOWN, status(403)) * 20:
        watched.poll(outcome)
    assert [text.partition("\n")[0] for text in watched.told] == ["Feed f is broken", "Feed f is blocked"]


def test_a_document_that_cannot_be_read_and_does_not_change_stays_broken():
    watched = Watched()
    watched.poll(FetchFailed(kind=FetchErrorKind.PARSE, detail="broken"))
    assert watched.poll(SAME, times=4) is FeedCondition.BROKEN


def test_a_web_page_where_there_never_was_a_feed_is_no_block():
    watched = Watched(began=False)
    assert watched.poll(PAGE, times=5) is FeedCondition.BROKEN
    challenged = Watched(began=False)
    assert challenged.poll(CHALLENGE, times=3) is FeedCondition.BLOCKED


def test_another_format_is_accepted_after_a_day():
    watched = Watched()
    atom = dataclasses.replace(GOOD, format="atom10")
    watched.poll(atom, times=2)
    assert "rss20" in watched.told[-1]
    watched.poll(atom, times=8)
    watched.now += DAY
    watched.poll(atom, times=2)
    assert watched.state.health.format == "atom10"
    assert watched.state.health.condition is FeedCondition.OK
    assert watched.poll(dataclasses.replace(GOOD, format="atom03")) is FeedCondition.OK  # the same family


def test_a_feed_that_was_always_empty_is_not_told_of():
    watched = Watched(began=False)
    assert watched.poll(EMPTY, times=50) is FeedCondition.OK


def test_a_folder_is_well_or_broken():
    folder = Feed(id="d", url="/d", kind=FeedKind.DIRECTORY)
    watched = Watched(folder)
    watched.poll(GOOD, title="Another")
    assert watched.poll(EMPTY, times=500) is FeedCondition.OK
    assert watched.poll(FetchFailed(kind=FetchErrorKind.READ, detail="no"), times=9) is FeedCondition.BROKEN


# ── silence ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_that_brings_nothing_for_much_longer_than_usual_is_silent():
    watched = Watched()
    for number in range(40):
        watched.poll(GOOD, title=f"Article {number}")
    since = feed_health.silent_since(watched.state)
    assert since == watched.state.last_new + 3 * DAY  # an article an hour, but there may be weekends
    assert watched.poll(SAME, times=71) is FeedCondition.OK
    assert watched.poll(SAME, times=2) is FeedCondition.SILENT
    assert "an article came every 1h or so" in watched.told[-1]
    assert "“Article 39”" in watched.told[-1]
    watched.poll(SAME, times=200)
    assert len(watched.told) == 1
    watched.poll(GOOD, title="At last")
    assert watched.poll(SAME) is FeedCondition.OK
    assert len(watched.told) == 2


def test_weekends_are_no_silence():
    watched = Watched()
    watched.now = NOW + DAY  # a Monday
    for day in range(60):
        for hour in range(24):
            works = day % 7 < 5 and 8 <= hour < 18
            watched.poll(GOOD if works else SAME, title=f"{day} {hour}" if works else None)
            if day >= 14:  # it has seen two weekends
                assert watched.state.health.condition is FeedCondition.OK, (day, hour)


EARLY = Pace(gap=HOUR, longest=HOUR, gaps_seen=3, first=NOW - DAY, latest=NOW)
KNOWN = dataclasses.replace(EARLY, first=NOW - 14 * DAY)


@pytest.mark.parametrize(
    ("pace", "last_new", "since"),
    [
        (Pace(), NOW, None),
        (dataclasses.replace(KNOWN, gaps_seen=2), NOW, None),
        (dataclasses.replace(KNOWN, latest=None), None, None),
        (dataclasses.replace(KNOWN, first=None), None, None),
        (EARLY, None, NOW + 3 * DAY),
        (KNOWN, None, NOW + 8 * HOUR),
        (KNOWN, NOW + HOUR, NOW + 9 * HOUR),
        (dataclasses.replace(KNOWN, longest=DAY), NOW, NOW + 2 * DAY),
        (dataclasses.replace(KNOWN, gap=DAY), NOW, NOW + 8 * DAY),
        (dataclasses.replace(KNOWN, gap=HOUR / 60), NOW, NOW + 3 * HOUR),
    ],
)
def test_from_when_on_a_feed_is_silent(pace, last_new, since):
    assert feed_health.silent_since(FeedState(next_due=NOW, pace=pace, last_new=last_new)) == since


# ── moved and gone ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_that_moved_is_told_when_its_address_is_taken_over():
    watched = Watched()
    moved = dataclasses.replace(GOOD, hints=dataclasses.replace(GOOD.hints, moved_to="https://new.example/"))
    watched.poll(moved, times=8, every=DAY)
    assert watched.told
    assert "https://feed.example/?token=*** leads to https://new.example/" in watched.told[0]
    assert watched.state.health.condition is FeedCondition.MOVED
    # The new address is gone: the old one is asked again.
    assert watched.poll(status(410)) is FeedCondition.MOVED
    assert watched.poll(status(410)) is FeedCondition.GONE


# ── texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_few_words_for_tables():
    watched = Watched(began=False)
    assert feed_health.sentence(FEED, watched.state, NOW) == "well"
    watched.poll(DOWN, times=5)
    assert feed_health.sentence(FEED, watched.state, watched.now) == "broken for 5h: dns: no such name"
    watched.poll(GOOD, times=2)
    assert feed_health.sentence(FEED, watched.state, watched.now) == "well for 1h"
    empty = FeedState(next_due=NOW, health=Health(condition=FeedCondition.EMPTY))
    assert feed_health.sentence(FEED, empty, NOW) == "empty"
    bare = FeedState(next_due=NOW, health=Health(condition=FeedCondition.BROKEN))
    assert feed_health.sentence(FEED, bare, NOW) == "broken: unknown cause"
    assert "Feed x" in feed_health.notice([(Feed(id="x", url="u"), bare)], NOW)[1]
    silent = FeedState(next_due=NOW, health=Health(condition=FeedCondition.SILENT), last_new=NOW)
    assert "Last new article: 2026-03-01 12:00 UTC." in feed_health.notice([(FEED, silent)], NOW)[1]
    well = FeedState(next_due=NOW, health=Health(before=FeedCondition.BROKEN))
    assert feed_health.notice([(FEED, well)], NOW)[1].endswith("it was broken.")


def test_many_at_once_are_one_notice():
    broken = FeedState(next_due=NOW, health=Health(condition=FeedCondition.BROKEN, since=NOW), last_error="dns: no")
    well = FeedState(next_due=NOW, health=Health(before=FeedCondition.BROKEN, since=NOW))
    changed = [(dataclasses.replace(FEED, id=f"f{n}"), broken) for n in range(30)] + [(FEED, well)]
    subject, text = feed_health.notice(changed, NOW)
    assert subject == "31 feeds: 30 broken, 1 well again"
    assert text.count("Feed f") == 20
    assert "and 11 more" in text
    assert "more" not in feed_health.notice(changed[:2], NOW)[1]


OUTCOMES = st.sampled_from([GOOD, SAME, EMPTY, DOWN, PAGE, CHALLENGE, status(403), status(404), status(410)])


@given(st.lists(st.tuples(OUTCOMES, st.booleans(), st.integers(1, 100_000)), max_size=60))
def test_whatever_comes_each_condition_is_told_at_most_once_until_the_feed_is_well(polls):
    watched = Watched()
    for outcome, new, seconds in polls:
        told, before = len(watched.told), watched.state.health
        title = "New" if new and outcome is GOOD else None
        after = watched.poll(outcome, title=title, every=timedelta(seconds=seconds))
        if len(watched.told) > told:
            assert after is not before.condition
            assert after not in before.told
        if after is FeedCondition.OK and before.condition is not FeedCondition.OK:
            assert len(watched.told) == told + 1
        assert feed_health.sentence(FEED, watched.state, watched.now)
