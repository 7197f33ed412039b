"""What decides the next poll: rhythm, the publisher's hints, moves; and that the bounds hold whatever happens."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import (
    Article,
    Bound,
    BoundKind,
    Feed,
    FeedKind,
    FeedState,
    FetchErrorKind,
    FetchFailed,
    Move,
    NotModified,
    Pace,
    ParsedFeed,
    PublisherHints,
    Validators,
)
from monitor.schedule import NEVER, at_its_address, next_poll, period, reasons
from monitor.schedule.hours import after_skipped
from monitor.schedule.rhythm import after_news, expected_gap, gap_possible
from monitor.settings import PollingSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday
SETTINGS = PollingSettings()
FEED = Feed(id="f", url="https://feed.example/")
STATE = FeedState(next_due=NOW, last_ok=NOW - timedelta(hours=1))
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def articles(count: int) -> tuple[Article, ...]:
    return tuple(Article(key=f"k{n}", feed_id="f", guid=None, url=None, title=f"T{n}", body="") for n in range(count))


def parsed(count: int = 0, **fields) -> ParsedFeed:
    return ParsedFeed(articles=articles(count), **fields)


def polled(outcome, *, feed=FEED, state=STATE, now=NOW, settings=SETTINGS, jitter=0.5, new=()):
    return next_poll(feed, state, outcome, now, settings=settings, jitter=jitter, new=new)


def wait(outcome, **more) -> timedelta:
    return polled(outcome, **more).next_due - more.get("now", NOW)


def hinted(**hints) -> ParsedFeed:
    return parsed(hints=PublisherHints(**hints))


def with_rhythm(gap: timedelta, **fields) -> FeedState:
    return dataclasses.replace(STATE, pace=Pace(gap=gap, longest=gap, gaps_seen=9, latest=NOW, **fields))


# ── the publisher's hints ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hints", "jitter", "expected"),
    [
        ({"fresh_for": HOUR}, 0.0, HOUR),  # never before
        ({"fresh_for": HOUR}, 1.0, 66 * MINUTE),  # a tenth later at most
        ({"fresh_for": MINUTE}, 0.5, 15 * MINUTE),  # the default is longer
        ({"fresh_for": timedelta()}, 0.5, 15 * MINUTE),
        ({"ttl": 2 * HOUR, "fresh_for": HOUR}, 0.0, 2 * HOUR),  # the longest counts
        ({"update_every": 4 * HOUR, "ttl": HOUR}, 0.0, 4 * HOUR),
        ({"fresh_for": 365 * DAY}, 1.0, DAY),  # the ceiling
        ({"skip_hours": (12, 13)}, 0.0, 2 * HOUR),
        ({"skip_hours": (12, 13)}, 1.0, 2 * HOUR + 5 * MINUTE),  # not all at the stroke of the hour
        ({"skip_hours": (9,)}, 0.5, 15 * MINUTE),
        ({"skip_days": (6,)}, 0.0, 12 * HOUR),  # it is Sunday
        ({"skip_days": (6, 0)}, 0.0, DAY),  # and Monday too: the ceiling
    ],
)
def test_hints_put_a_poll_off(hints, jitter, expected):
    assert wait(hinted(**hints), jitter=jitter) == expected


def test_an_agreed_period_counts_more_than_hints_and_rhythm():
    feed = dataclasses.replace(FEED, every=5 * MINUTE)
    hints = {"fresh_for": HOUR, "ttl": HOUR, "skip_hours": (12,), "skip_days": (6,)}
    assert wait(hinted(**hints), feed=feed, state=with_rhythm(DAY)) == 5 * MINUTE
    quick = dataclasses.replace(FEED, every=timedelta(seconds=10))
    state = polled(hinted(), feed=quick, jitter=0.0)
    assert state.next_due - NOW == SETTINGS.floor
    assert [bound.kind for bound in state.pace.bounds] == [BoundKind.OWN_EVERY, BoundKind.FLOOR]


def test_hints_of_the_document_hold_while_it_does_not_change():
    first = polled(hinted(ttl=2 * HOUR, fresh_for=HOUR, moved_to="https://feed.example/"), jitter=0.0)
    assert first.pace.hints == PublisherHints(ttl=2 * HOUR, fresh_for=HOUR)
    silent = polled(NotModified(validators=Validators()), state=first, jitter=0.0)
    assert silent.pace.hints == first.pace.hints
    told = NotModified(validators=Validators(), hints=PublisherHints(fresh_for=3 * HOUR))
    assert wait(told, state=first, jitter=0.0) == 3 * HOUR
    assert wait(parsed(), state=first, jitter=0.5) == 15 * MINUTE  # a new document that says nothing


@pytest.mark.parametrize(
    ("due", "hours", "days", "expected"),
    [
        (NOW, (), (), NOW),
        (NOW, range(24), (), NOW),  # who skips every hour has said nothing
        (NOW, (), range(7), NOW),
        (NOW, range(23), (), NOW + 11 * HOUR),
        (NOW + 10 * MINUTE, (12,), (), NOW + HOUR),
        (NOW, (), (6, 0), NOW + 36 * HOUR),
        (NOW, (0, 1), (6,), NOW + 14 * HOUR),
    ],
)
def test_skipped_hours_and_days(due, hours, days, expected):
    assert after_skipped(due, hours, days) == expected


# ── rhythm ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def learnt(*ago: timedelta, last_polled: datetime | None = None, pace: Pace | None = None) -> Pace:
    return after_news(pace or Pace(), [NOW - one for one in ago], last_polled=last_polled, now=NOW, lost=False)


def test_the_rhythm_is_learnt_from_the_first_document():
    pace = learnt(*(n * HOUR for n in range(30)))
    assert pace.gap == HOUR
    assert pace.longest == HOUR
    assert (pace.gaps_seen, pace.latest) == (29, NOW)
    assert expected_gap(pace, NOW) == HOUR
    assert expected_gap(pace, NOW + 16 * HOUR) == 2 * HOUR  # it fell asleep


def test_newer_gaps_weigh_more():
    pace = learnt(*(n * HOUR for n in range(4, 40)))
    for minutes in range(230, 0, -10):
        pace = learnt(minutes * MINUTE, pace=pace)
    assert timedelta(minutes=9) < pace.gap < timedelta(minutes=12)
    assert pace.longest > timedelta(minutes=30)  # but the long pauses are not forgotten yet


@pytest.mark.parametrize(
    "pace",
    [
        learnt(),
        learnt(HOUR),
        learnt(HOUR, 2 * HOUR),
        learnt(*[HOUR] * 9),  # a batch is one article
        Pace(gap=HOUR, gaps_seen=9),
    ],
)
def test_too_little_is_no_rhythm(pace):
    assert expected_gap(pace, NOW) is None


def test_times_that_contradict_what_was_seen_are_not_believed():
    before = NOW - 10 * MINUTE
    pace = learnt(DAY, last_polled=before, pace=Pace(latest=before - 20 * MINUTE))
    assert (pace.latest, pace.gap) == (before, 20 * MINUTE)  # it was not there at the last poll
    ahead = after_news(Pace(), [NOW + DAY, None], last_polled=None, now=NOW, lost=False)
    assert ahead.latest == NOW
    set_back = after_news(Pace(), [NOW], last_polled=NOW + DAY, now=NOW, lost=False)
    assert set_back.latest == NOW
    assert learnt(HOUR, pace=Pace(latest=NOW + 365 * DAY)).latest == NOW


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(20 * MINUTE, 10 * MINUTE), (MINUTE, 15 * MINUTE / 4), (7 * DAY, HOUR)],
)
def test_a_poll_comes_after_half_the_usual_gap_within_bounds(gap, expected):
    state = with_rhythm(gap)
    assert wait(parsed(), state=state) == expected
    assert wait(parsed(), state=state, settings=dataclasses.replace(SETTINGS, adapt=1)) == 15 * MINUTE
    folder = Feed(id="d", url="/d", kind=FeedKind.DIRECTORY)
    assert wait(parsed(), state=state, feed=folder) == timedelta(seconds=10)


# ── articles that may have been lost ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "listed", "new", "polled_before", "lost"),
    [
        (30, 30, 30, True, True),
        (30, 30, 29, True, False),  # one is seen again
        (30, 30, 30, False, False),  # the first poll of all
        (3, 3, 3, True, False),  # a short list may well change whole
        (30, 0, 0, True, False),
        (30, 0, 3, True, False),
    ],
)
def test_gap_detection(before, listed, new, polled_before, lost):
    assert gap_possible(Pace(listed=before), listed=listed, new=new, polled_before=polled_before) is lost


def test_lost_articles_are_counted_and_the_feed_is_polled_faster():
    state = dataclasses.replace(STATE, pace=Pace(listed=10))
    after = polled(parsed(10), state=state, new=[None] * 10)
    assert after.gaps == 1
    assert after.pace.gap == 6 * MINUTE  # ten in an hour at least
    assert after.next_due - NOW == 15 * MINUTE / 4
    again = polled(parsed(10), state=dataclasses.replace(after, last_ok=NOW - 20 * MINUTE), new=[None] * 10)
    assert (again.gaps, again.pace.gap) == (2, 2 * MINUTE)
    seen = polled(parsed(10), state=state, new=[None] * 9)
    assert (seen.gaps, seen.pace.listed) == (0, 10)
    assert polled(parsed(4, listed=10), state=state, new=[None] * 4).gaps == 0  # known ones were left out unread
    folder = Feed(id="d", url="/d", kind=FeedKind.DIRECTORY)
    assert polled(parsed(10), state=state, feed=folder, new=[None] * 10).gaps == 0


def test_a_gap_before_anything_was_learnt():
    lost = after_news(Pace(latest=NOW), [], last_polled=None, now=NOW, lost=True)
    assert lost.gap is None


# ── moves ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

NEW = "https://new.example/"


def redirected(times: int, *, every: timedelta, feed=FEED, state=STATE, to=NEW) -> FeedState:
    for number in range(times):
        state = polled(hinted(moved_to=to), feed=feed, state=state, now=NOW + number * every)
    return state


def test_a_permanent_redirect_is_taken_over_once_it_held():
    assert redirected(100, every=HOUR).pace.address is None  # four days
    assert redirected(4, every=7 * DAY).pace.address is None  # four times
    held = redirected(9, every=DAY)
    assert (held.pace.address, held.pace.move) == (NEW, None)
    assert at_its_address(FEED, held).url == NEW
    assert at_its_address(FEED, STATE) is FEED
    assert polled(parsed(), state=held).pace.address == NEW  # it answers there, without a redirect


def test_one_answer_without_the_redirect_begins_anew():
    state = redirected(8, every=HOUR)
    assert state.pace.move == Move(to=NEW, since=NOW, polls=8)
    assert polled(parsed(), state=state).pace.move is None
    other = polled(hinted(moved_to="https://other.example/"), state=state)
    assert other.pace.move == Move(to="https://other.example/", since=NOW)
    failed = polled(FetchFailed(kind=FetchErrorKind.DNS, detail="no"), state=state)
    assert failed.pace.move == state.pace.move  # a failure says nothing


def test_a_move_of_a_clock_that_was_set_back_begins_anew():
    state = redirected(8, every=HOUR)
    back = polled(hinted(moved_to=NEW), state=state, now=NOW - DAY)
    assert back.pace.move == Move(to=NEW, since=NOW - DAY)


def test_an_address_with_a_password_is_never_left():
    feed = dataclasses.replace(FEED, url="https://name:secret@feed.example/")
    state = redirected(20, every=DAY, feed=feed)
    assert state.pace.address is None
    assert state.pace.move.polls == 20


def test_a_new_address_that_leads_back_is_given_up():
    held = redirected(9, every=DAY)
    back = redirected(9, every=DAY, state=held, to=FEED.url)
    assert back.pace.address is None


def test_a_new_address_that_fails_is_given_up():
    state = redirected(9, every=DAY)
    for number in range(3):
        assert state.pace.address == NEW, number
        state = polled(FetchFailed(kind=FetchErrorKind.DNS, detail="no"), state=state)
    assert state.pace.address is None
    gone = FetchFailed(kind=FetchErrorKind.STATUS, detail="HTTP 410", status=410)
    moved = polled(gone, state=redirected(9, every=DAY))
    assert moved.pace.address is None
    assert moved.next_due < NOW + DAY  # it is the new address that is gone
    assert polled(gone, state=moved).next_due == NEVER


# ── why ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (STATE, ["not polled yet"]),
        (polled(parsed()), ["every 15m", "a tenth"]),
        (polled(hinted(fresh_for=HOUR, ttl=2 * HOUR)), ["fresh for 1h", "2h between polls", "the longest"]),
        (polled(hinted(skip_hours=(12,))), ["skipHours"]),
        (polled(hinted(fresh_for=9 * DAY)), ["never later than 1d"]),
        (polled(parsed(), state=with_rhythm(20 * MINUTE)), ["an article every 20m", "10m"]),
        (polled(parsed(), state=with_rhythm(20 * MINUTE), now=NOW + DAY), ["none for 1d"]),
        (
            polled(FetchFailed(kind=FetchErrorKind.DNS, detail="no"), state=dataclasses.replace(STATE, failures=2)),
            ["failed 3 times in a row", "up to 2h"],
        ),
        (polled(FetchFailed(kind=FetchErrorKind.STATUS, detail="x", status=429)), ["failed once", "too often"]),
        (
            polled(FetchFailed(kind=FetchErrorKind.STATUS, detail="x", status=503, retry_after=2 * HOUR)),
            ["asked for 2h (Retry-After)"],
        ),
        (polled(FetchFailed(kind=FetchErrorKind.STATUS, detail="x", status=410)), ["gone for good"]),
        (redirected(3, every=HOUR), ["redirects for good to https://new.example/, seen 3 of 5", "held for 7d"]),
        (redirected(9, every=DAY), ["from https://feed.example/ and is polled at https://new.example/"]),
        (dataclasses.replace(polled(parsed()), gaps=1), ["lost between two polls once"]),
        (dataclasses.replace(polled(parsed()), gaps=2), ["lost between two polls 2 times"]),
        (
            dataclasses.replace(STATE, pace=Pace(bounds=(Bound(kind=BoundKind.RHYTHM, span=HOUR),))),
            ["not known any more"],
        ),
    ],
)
def test_why(state, words):
    now = state.last_polled or NOW
    text = "\n".join(reasons(FEED, state, SETTINGS, now))
    for word in words:
        assert word in text


# ── whatever happens ──────────────────────────────────────────────────────────────────────────────────────────────────

SPANS = st.none() | st.timedeltas(min_value=timedelta(), max_value=timedelta(days=365))
HINTS = st.builds(
    PublisherHints,
    fresh_for=SPANS,
    ttl=SPANS,
    update_every=SPANS,
    skip_hours=st.lists(st.integers(0, 23), max_size=24).map(tuple),
    skip_days=st.lists(st.integers(0, 6), max_size=7).map(tuple),
    moved_to=st.none() | st.just(NEW),
)
PACES = st.builds(
    Pace,
    gap=SPANS,
    longest=SPANS,
    gaps_seen=st.integers(0, 50),
    latest=st.none() | st.just(NOW - DAY),
    listed=st.integers(0, 40),
    hints=HINTS,
    address=st.none() | st.just(NEW),
)
SUCCESSES = st.builds(parsed, st.integers(0, 40), hints=HINTS) | st.builds(
    NotModified, validators=st.just(Validators()), hints=HINTS
)
FAILURES = st.builds(
    FetchFailed,
    kind=st.sampled_from(FetchErrorKind),
    detail=st.just("no"),
    status=st.sampled_from([None, 403, 404, 410, 429, 503]),
    retry_after=SPANS,
)
EVERY = st.none() | st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=30))
JITTER = st.floats(0, 1, exclude_max=True)


@given(EVERY, PACES, SUCCESSES, st.integers(0, 10**6), JITTER, st.integers(0, 5_000))
def test_after_a_success_a_poll_comes_neither_sooner_than_the_floor_nor_later_than_the_ceiling(
    every, pace, outcome, failures, jitter, hours
):
    now = NOW + hours * HOUR
    feed = dataclasses.replace(FEED, every=every)
    state = dataclasses.replace(STATE, pace=pace, failures=failures, last_ok=now - HOUR)
    new = [None] * len(getattr(outcome, "articles", ()))
    after = polled(outcome, feed=feed, state=state, now=now, jitter=jitter, new=new)
    delay = after.next_due - now
    assert SETTINGS.floor <= delay <= SETTINGS.ceiling
    hints = after.pace.hints
    if every is None:
        for hint in (hints.fresh_for, hints.ttl, hints.update_every):
            assert hint is None or delay >= min(hint, SETTINGS.ceiling)
    assert list(reasons(feed, after, SETTINGS, now))


@given(EVERY, PACES, FAILURES, st.integers(0, 10**6), JITTER)
def test_after_a_failure_a_poll_comes_no_sooner_than_usual_and_not_before_it_is_asked_to(
    every, pace, outcome, failures, jitter
):
    feed = dataclasses.replace(FEED, every=every)
    state = dataclasses.replace(STATE, pace=pace, failures=failures)
    delay = polled(outcome, feed=feed, state=state, jitter=jitter).next_due - NOW
    assert delay >= period(feed, SETTINGS)
    if outcome.status == 410 and pace.address is None:
        assert delay == NEVER - NOW
    elif outcome.retry_after is not None:
        assert delay >= min(outcome.retry_after, 7 * DAY)
        assert delay <= 7 * DAY
    else:
        assert delay <= SETTINGS.ceiling


@given(st.sampled_from([None, 404, 429, 503]), st.integers(0, 40), JITTER)
def test_back_off_never_shrinks_while_a_feed_fails(status, failures, jitter):
    outcome = FetchFailed(kind=FetchErrorKind.STATUS, detail="no", status=status)
    delays = [
        wait(outcome, state=dataclasses.replace(STATE, failures=number), jitter=jitter)
        for number in (failures, failures + 1)
    ]
    assert delays[0] <= delays[1]
