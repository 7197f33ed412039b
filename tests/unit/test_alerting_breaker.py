"""The circuit breaker: opens after five failures, waits longer each time, keeps every Retry-After, tells once."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import NOW, result

from monitor.alerting import after_attempt, may_send, notice_due, probing
from monitor.alerting.breaker import FIRST_WAIT, LONGEST_WAIT
from monitor.alerting.retries import MAX_RETRY_AFTER
from monitor.model import ChannelState, FailureReason, Outcome

FRESH = ChannelState(channel="mail")
OK = result(Outcome.SENT)
DOWN = result(Outcome.TRANSIENT, FailureReason.CONNECT_ERROR)
POISON = result(Outcome.REFUSED, FailureReason.RENDER_ERROR)
WRONG = result(Outcome.BROKEN, FailureReason.AUTH_ERROR, detail="535 wrong password")


def limited(seconds=None):
    asked = None if seconds is None else timedelta(seconds=seconds)
    return result(Outcome.TRANSIENT, FailureReason.RATE_LIMITED, retry_after=asked)


def after(*results, state=FRESH, now=NOW, jitter=1.0):
    for one in results:
        state = after_attempt(state, one, now, jitter)
    return state


def later(**given_):
    return NOW + timedelta(**given_)


def test_four_failures_do_not_open_and_a_success_starts_the_count_again():
    state = after(*[DOWN] * 4, OK, *[DOWN] * 4)
    assert may_send(state, NOW)
    assert not probing(state, NOW)
    assert state.failures == 4


def test_five_failures_open_then_one_is_tried_at_a_time():
    state = after(*[DOWN] * 5)
    assert not may_send(state, later(seconds=29))
    assert not probing(state, later(seconds=29))
    assert may_send(state, later(seconds=30))
    assert probing(state, later(seconds=30))
    assert state.since == NOW


def test_lost_outcomes_count_as_failures():
    assert not may_send(after(*[result(Outcome.UNKNOWN, FailureReason.TIMEOUT)] * 5), NOW)


def test_each_failed_probe_doubles_the_wait_up_to_ten_minutes_and_success_closes():
    state, now, waits = after(*[DOWN] * 5), NOW, []
    for _ in range(7):
        waits.append((state.open_until - now).total_seconds())
        now = state.open_until
        state = after_attempt(state, DOWN, now, 1.0)
    assert waits == [30, 60, 120, 240, 480, 600, 600]
    now = state.open_until
    state = after_attempt(state, OK, now, 1.0)
    assert (state.failures, state.probes, state.open_until, state.since) == (0, 0, None, None)
    assert may_send(state, now)
    assert not probing(state, now)


def test_failures_that_come_in_while_it_is_open_do_not_lengthen_the_wait():
    state = after(*[DOWN] * 5)
    more = after(*[DOWN] * 8, state=state, now=later(seconds=2))
    assert (more.open_until, more.probes, more.failures) == (state.open_until, 1, 13)


@pytest.mark.parametrize(
    ("answer", "works"),
    [
        (OK, True),
        (result(Outcome.REFUSED, FailureReason.CLIENT_ERROR), True),  # this address is refused: the server works
        (result(Outcome.CONTENT, FailureReason.CLIENT_ERROR), True),
        (POISON, False),  # the channel was not asked
        (DOWN, False),
    ],
)
def test_which_answer_to_a_probe_closes(answer, works):
    state = after(*[DOWN] * 5)
    now = state.open_until
    closed = after_attempt(state, answer, now, 1.0)
    assert (closed.failures == 0) == works
    assert (may_send(closed, now) and not probing(closed, now)) == works


def test_a_retry_after_shuts_the_door_at_once_until_then():
    state = after(limited(90))
    assert not may_send(state, later(seconds=89))
    assert may_send(state, later(seconds=90))
    assert probing(state, later(seconds=90))  # one first: the server may say the same again
    assert state.since == NOW
    assert after(limited()).open_until == NOW + FIRST_WAIT  # 429 that names no time
    assert after(limited(86_400)).open_until == NOW + MAX_RETRY_AFTER
    assert after(result(Outcome.TRANSIENT, FailureReason.SERVER_ERROR, retry_after=timedelta(0))).open_until is None


def test_a_straggler_does_not_open_a_door_that_a_retry_after_shut():
    shut = after(limited(90))
    for straggler in (OK, DOWN, limited(10), POISON):
        state = after(straggler, state=shut, now=later(seconds=5))
        assert not may_send(state, later(seconds=89)), straggler
    assert after(limited(200), state=shut, now=later(seconds=5)).open_until == later(seconds=205)
    # The success counts all the same: when the wait is over, nothing else is held against the channel.
    done = after(OK, state=shut, now=later(seconds=5))
    assert (done.failures, done.since) == (0, NOW)


def test_a_server_that_says_when_is_asked_then_but_never_more_often_than_a_fresh_opening():
    assert after(*[limited(1)] * 4).open_until == later(seconds=1)
    state, now = FRESH, NOW
    for _ in range(8):
        state = after_attempt(state, limited(45), now, 1.0)
        assert state.open_until == now + timedelta(seconds=45)
        now = state.open_until
    state = after_attempt(state, limited(1), now, 1.0)
    assert state.open_until == now + FIRST_WAIT


def test_a_wait_of_a_clock_that_was_set_back_does_not_hold():
    state = replace(FRESH, open_until=later(days=1))
    assert may_send(state, NOW)
    assert probing(state, NOW)


def test_a_broken_channel_waits_for_a_person():
    state = after(WRONG)
    assert not may_send(state, later(days=30))
    assert not probing(state, later(days=30))
    assert (state.broken, state.since) == ("535 wrong password", NOW)
    again = after(WRONG, DOWN, result(Outcome.REFUSED), state=state, now=later(minutes=1))
    assert (again.broken, again.since) == ("535 wrong password", NOW)
    assert may_send(after(OK, state=state), NOW)  # what was under way got through
    assert after(result(Outcome.BROKEN, FailureReason.AUTH_ERROR)).broken == "auth_error"
    assert after(result(Outcome.BROKEN)).broken == "refused"


def test_the_operator_is_told_once_an_opening_and_at_most_once_an_hour():
    told, now, state = [], NOW, FRESH
    for step in range(400):  # down for 100 minutes, up for 15, down again
        now = NOW + timedelta(seconds=30 * step)
        if not may_send(state, now):
            continue
        before = state
        state = after_attempt(state, OK if 200 <= step < 230 else DOWN, now, 1.0)
        text = notice_due(before, state, now)
        if text is not None:
            told.append((now - NOW, text))
            state = replace(state, noticed_at=now)
    times = [at for at, _ in told]
    assert len(told) == 2
    assert all(b - a >= timedelta(hours=1) for a, b in itertools.pairwise(times))
    assert "5 times in a row since 2026-03-01 06:" in told[0][1]
    assert "mail" in told[0][1]


def test_an_opening_in_the_quiet_hour_is_told_when_the_hour_is_over():
    quiet = replace(FRESH, noticed_at=NOW - timedelta(minutes=30))
    opened = after(*[DOWN] * 5, state=quiet)
    assert notice_due(quiet, opened, NOW) is None
    still = after(DOWN, state=opened, now=later(minutes=31))
    assert "6 times" in notice_due(opened, still, later(minutes=31))
    told = replace(still, noticed_at=later(minutes=31))
    assert notice_due(still, told, later(hours=5)) is None


def test_rate_limits_and_single_failures_are_not_told():
    assert notice_due(FRESH, after(limited(30)), NOW) is None
    assert notice_due(FRESH, after(DOWN), NOW) is None
    assert notice_due(FRESH, replace(FRESH, probes=1), NOW) is None  # a state that an old version wrote


def test_a_channel_that_breaks_is_told_at_once():
    broken = after(WRONG)
    assert "535 wrong password" in notice_due(FRESH, broken, NOW)
    assert "send-test mail" in notice_due(FRESH, broken, NOW)
    assert notice_due(broken, broken, NOW) is None
    # It was told that the channel is down; that it is broken is another matter.
    opened = replace(after(*[DOWN] * 5), noticed_at=NOW)
    assert notice_due(opened, after(WRONG, state=opened), later(minutes=1)) is not None
    # What was under way when it broke made it whole for a moment: no news.
    moment = replace(FRESH, noticed_at=NOW)
    assert notice_due(moment, after(WRONG, state=moment), later(seconds=2)) is None
    assert notice_due(moment, after(WRONG, state=moment), later(minutes=6)) is not None


@settings(deadline=None)  # the machine may be busy
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([OK, DOWN, POISON, limited(30), limited(), limited(5000), result(Outcome.CONTENT)]),
            st.timedeltas(timedelta(0), timedelta(minutes=5)),
            st.booleans(),
            st.floats(0, 1),
        ),
        max_size=60,
    )
)
def test_a_model_of_the_breaker(steps):
    """Against the plain list of what happened: no send inside a Retry-After, open after five in a row, never for ever."""
    state, now = FRESH, NOW
    shut_until, in_row = NOW, 0
    for outcome, wait, straggles, jitter in steps:
        now += wait
        if not (may_send(state, now) or straggles):
            continue
        assert straggles or now >= shut_until
        was_open = not may_send(state, now)
        state = after_attempt(state, outcome, now, jitter)
        if outcome.reason is FailureReason.RENDER_ERROR:
            continue
        in_row = in_row + 1 if outcome.outcome is Outcome.TRANSIENT else 0
        if outcome.retry_after:
            shut_until = max(shut_until, now + min(outcome.retry_after, MAX_RETRY_AFTER))
        assert state.failures == in_row
        if in_row >= 5 and not was_open:
            assert not may_send(state, now)
            assert now + FIRST_WAIT * 0.9 <= state.open_until <= now + max(LONGEST_WAIT, MAX_RETRY_AFTER)
        if in_row == 0 and now >= shut_until and not was_open:
            assert may_send(state, now)
            assert not probing(state, now)
        assert may_send(state, now + MAX_RETRY_AFTER)
