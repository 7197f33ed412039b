import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from monitor.model import (
    Bound,
    BoundKind,
    Feed,
    FeedKind,
    FeedState,
    FetchErrorKind,
    FetchFailed,
    NotModified,
    Pace,
    ParsedFeed,
    PublisherHints,
    Validators,
)
from monitor.schedule import NEVER, first_due, next_poll, overdue_spread, period
from monitor.settings import PollingSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = PollingSettings()
FEED = Feed(id="f", url="https://feed.example/")
FOLDER = Feed(id="d", url="/articles", kind=FeedKind.DIRECTORY)
OLD = Validators(etag='"old"')
NEW = Validators(etag='"new"')
STATE = FeedState(next_due=NOW, validators=OLD, body_hash="old", title="Old", lang="ru")
OK = ParsedFeed(articles=(), title="New", validators=NEW, body_hash="new")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def wait(feed, outcome, *, state=STATE, jitter=0.5, settings=SETTINGS) -> timedelta:
    return next_poll(feed, state, outcome, NOW, settings=settings, jitter=jitter).next_due - NOW


def status(code: int, retry_after: timedelta | None = None) -> FetchFailed:
    return FetchFailed(kind=FetchErrorKind.STATUS, detail=f"HTTP {code}", status=code, retry_after=retry_after)


def failed(kind: FetchErrorKind = FetchErrorKind.CONNECT, **fields) -> FetchFailed:
    return FetchFailed(kind=kind, detail="no", **fields)


def after(failures: int) -> FeedState:
    return FeedState(next_due=NOW, failures=failures)


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        (FEED, minutes(15)),  # the settings' own period
        (Feed(id="f", url="u", every=minutes(3)), minutes(3)),  # the feed's
        (Feed(id="f", url="u", every=timedelta(seconds=5)), minutes(1)),  # never below the floor
        (Feed(id="f", url="u", every=timedelta(days=9)), timedelta(days=1)),  # never above the ceiling
        (FOLDER, timedelta(seconds=10)),  # folders have a period of their own
        (Feed(id="d", url="/", kind=FeedKind.DIRECTORY, every=minutes(2)), minutes(2)),
        (Feed(id="d", url="/", kind=FeedKind.DIRECTORY, every=timedelta()), timedelta(seconds=10)),  # 0 is not said
        (Feed(id="d", url="/", kind=FeedKind.DIRECTORY, every=timedelta(milliseconds=1)), timedelta(seconds=1)),
    ],
)
def test_period(feed, expected):
    assert period(feed, SETTINGS) == expected


@pytest.mark.parametrize(
    ("feed", "outcome", "state", "jitter", "expected"),
    [
        (FEED, OK, STATE, 0.5, minutes(15)),
        (FEED, OK, STATE, 0.0, minutes(13.5)),  # a tenth earlier
        (FEED, OK, STATE, 1.0, minutes(16.5)),  # a tenth later
        (Feed(id="f", url="u", every=minutes(1)), OK, STATE, 0.0, minutes(1)),  # the floor holds against the phase too
        (Feed(id="f", url="u", every=timedelta(days=1)), OK, STATE, 1.0, timedelta(days=1)),  # and so does the ceiling
        (FOLDER, OK, STATE, 0.5, timedelta(seconds=10)),
        (FEED, NotModified(validators=NEW), STATE, 0.5, minutes(15)),
        (FEED, failed(), after(0), 0.0, minutes(15)),  # never sooner than the period
        (FEED, failed(), after(0), 1.0, minutes(30)),  # first failure: up to twice
        (FEED, failed(), after(1), 1.0, minutes(60)),  # second: up to four times
        (FEED, failed(), after(50), 1.0, timedelta(days=1)),  # the ceiling
        (FEED, failed(), after(10**9), 0.0, minutes(15)),  # no overflow
        (FEED, status(404), after(1), 1.0, minutes(60)),
        (FEED, status(410), after(0), 0.0, NEVER - NOW),  # gone for good
        (FEED, status(429), after(0), 0.0, minutes(30)),  # too often: twice the period at least
        (FEED, status(429), after(3), 1.0, minutes(240)),
        (FEED, status(429, minutes(120)), after(0), 0.0, minutes(120)),  # as asked
        (
            FEED,
            status(429, minutes(120)),
            after(0),
            1.0,
            minutes(121.5),
        ),  # and a little later, so that all do not come at once
        (FEED, status(503, timedelta(seconds=5)), after(0), 0.0, minutes(15)),  # never sooner than the period
        (
            FEED,
            status(503, timedelta(days=3)),
            after(0),
            0.0,
            timedelta(days=3),
        ),  # the ceiling is no reason to ask sooner
        (FEED, status(503, timedelta(days=30)), after(0), 0.0, timedelta(days=7)),  # but a month is a mistake
        (FEED, failed(FetchErrorKind.PARSE), after(20), 1.0, minutes(60)),  # mended feeds are noticed within the hour
        (FOLDER, failed(FetchErrorKind.READ), after(20), 1.0, minutes(15)),  # looking at a folder costs little
    ],
)
def test_next_due(feed, outcome, state, jitter, expected):
    assert wait(feed, outcome, state=state, jitter=jitter) == expected


def test_success_sets_everything():
    state = next_poll(FEED, STATE, OK, NOW, settings=SETTINGS, jitter=0.5)
    assert state == FeedState(
        next_due=NOW + minutes(15),
        validators=NEW,
        body_hash="new",
        title="New",
        lang="ru",  # a document that does not say keeps what is known
        last_polled=NOW,
        last_ok=NOW,
        pace=Pace(bounds=(Bound(kind=BoundKind.EVERY, span=minutes(15)),)),
    )


def test_success_ends_a_row_of_failures():
    broken = FeedState(next_due=NOW, failures=7, last_error="dns: no")
    for outcome in (OK, NotModified(validators=NEW)):
        state = next_poll(FEED, broken, outcome, NOW, settings=SETTINGS, jitter=0.5)
        assert (state.failures, state.last_error, state.last_ok) == (0, None, NOW)


def test_not_modified_keeps_the_hash_and_takes_the_validators():
    state = next_poll(FEED, STATE, NotModified(validators=NEW), NOW, settings=SETTINGS, jitter=0.5)
    assert (state.validators, state.body_hash, state.title) == (NEW, "old", "Old")


def test_failure_counts_and_keeps_what_is_known():
    state = next_poll(FEED, STATE, failed(), NOW, settings=SETTINGS, jitter=0.5)
    assert (state.failures, state.last_error) == (1, "connect: no")
    assert (state.validators, state.body_hash, state.last_ok, state.last_polled) == (OLD, "old", None, NOW)


def test_answer_that_does_not_parse_brings_validators_but_no_hash():
    outcome = failed(FetchErrorKind.PARSE, validators=NEW, body_hash="bad")
    state = next_poll(FEED, STATE, outcome, NOW, settings=SETTINGS, jitter=0.5)
    assert (state.validators, state.body_hash) == (NEW, "old")


def test_broken_document_that_has_not_changed_is_still_broken():
    broken = next_poll(FEED, STATE, failed(FetchErrorKind.PARSE), NOW, settings=SETTINGS, jitter=0.5)
    state = next_poll(FEED, broken, NotModified(validators=NEW), NOW, settings=SETTINGS, jitter=0.5)
    assert (state.failures, state.last_error, state.last_ok) == (1, "parse: no", None)


def test_broken_document_that_is_mended_to_what_it_was_is_broken_no_more():
    broken = next_poll(FEED, STATE, failed(FetchErrorKind.PARSE), NOW, settings=SETTINGS, jitter=0.5)
    state = next_poll(FEED, broken, NotModified(validators=NEW, status=200), NOW, settings=SETTINGS, jitter=0.5)
    assert (state.failures, state.last_error, state.last_ok) == (0, None, NOW)


def test_first_due_of_a_folder_is_now():
    assert first_due(FOLDER, NOW, SETTINGS) == NOW


def test_first_due_spreads_feeds_over_a_minute():
    due = [first_due(Feed(id=f"feed-{n}", url="u"), NOW, SETTINGS) - NOW for n in range(600)]
    assert min(due) >= timedelta()
    assert max(due) < minutes(1)
    buckets = {int(wait.total_seconds() // 10) for wait in due}
    assert buckets == set(range(6))
    assert max(sum(1 for wait in due if int(wait.total_seconds()) == second) for second in range(60)) < 40


def test_first_due_is_the_same_after_a_restart():
    assert first_due(FEED, NOW, SETTINGS) == first_due(FEED, NOW, SETTINGS)


def test_feeds_that_are_overdue_after_a_stop_are_spread_by_their_ids():
    few = overdue_spread(["a", "b"], NOW, SETTINGS)
    assert max(few.values()) < NOW + timedelta(milliseconds=200)
    names = [f"feed-{number}" for number in range(2000)]
    many = overdue_spread(names, NOW, SETTINGS)
    assert many == overdue_spread(names[::-1], NOW, SETTINGS)
    seconds = [int((due - NOW).total_seconds()) for due in many.values()]
    assert min(seconds) >= 0
    assert max(seconds) == 119
    assert {seconds.count(second) for second in range(119)} == {16, 17}
    assert overdue_spread([], NOW, SETTINGS) == {}
    more = overdue_spread([f"{name}-{number}" for name in names for number in range(50)], NOW, SETTINGS)
    assert NOW + SETTINGS.every * 0.99 < max(more.values()) <= NOW + SETTINGS.every


def test_new_items_only_say_nothing_of_the_document():
    new = dataclasses.replace(OK, partial=True, format="atom10", hints=PublisherHints(fresh_for=HOUR, ttl=2 * HOUR))
    hints = PublisherHints(ttl=3 * HOUR)
    known = dataclasses.replace(
        STATE, last_ok=NOW, failures=2, last_error="x", pace=Pace(listed=9, format="rss20", hints=hints)
    )
    state = next_poll(FEED, known, new, NOW, settings=SETTINGS, jitter=0.5, new=[NOW] * 9)
    assert (state.body_hash, state.validators, state.title, state.lang) == ("old", NEW, "New", "ru")
    assert (state.failures, state.last_error, state.gaps) == (0, None, 0)
    assert (state.pace.listed, state.pace.format, state.pace.latest) == (9, "rss20", NOW)
    assert state.pace.hints == dataclasses.replace(hints, fresh_for=HOUR)
    first = next_poll(FEED, STATE, new, NOW, settings=SETTINGS, jitter=0.5)
    assert (first.pace.listed, first.pace.format) == (0, "atom10")


def test_whose_document_could_not_be_read_is_known_until_one_is():
    state = next_poll(FEED, STATE, failed(FetchErrorKind.PARSE, validators=NEW), NOW, settings=SETTINGS, jitter=0.5)
    assert state.pace.unread
    state = next_poll(FEED, state, failed(), NOW, settings=SETTINGS, jitter=0.5)
    assert state.pace.unread
    state = next_poll(FEED, state, NotModified(validators=NEW), NOW, settings=SETTINGS, jitter=0.5)
    assert state.pace.unread
    assert not next_poll(FEED, state, OK, NOW, settings=SETTINGS, jitter=0.5).pace.unread
