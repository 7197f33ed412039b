"""What follows from an attempt, as a table and as properties."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import NOW, delivery, result

from monitor.alerting import decide
from monitor.alerting.retries import DELAYS, MAX_RETRY_AFTER
from monitor.model import DeliveryState, FailureReason, Outcome
from monitor.settings import DeliverySettings

SETTINGS = DeliverySettings()
BUSY = result(Outcome.TRANSIENT, FailureReason.SERVER_ERROR, detail="450 try later")
AWAY = result(Outcome.TRANSIENT, FailureReason.CONNECT_ERROR, detail="no answer")
LOST = result(Outcome.UNKNOWN, FailureReason.TIMEOUT, detail="no reply after the last byte")
PENDING, DEAD, SENT = DeliveryState.PENDING, DeliveryState.DEAD, DeliveryState.SENT


def decided(outcome, *, number=1, age=timedelta(), plain=False, jitter=1.0):
    return decide(
        delivery(created_at=NOW - age, plain=plain), outcome, number=number, now=NOW, settings=SETTINGS, jitter=jitter
    )


@pytest.mark.parametrize(
    ("outcome", "given_", "state", "plain", "unknown", "why"),
    [
        (result(Outcome.SENT), {}, SENT, False, False, "sent"),
        (result(Outcome.SENT), {"plain": True}, SENT, True, False, "sent"),
        # refused for good: no second try, whatever the age
        (result(Outcome.REFUSED, FailureReason.CLIENT_ERROR, detail="550 no such user"), {}, DEAD, False, False, "550"),
        (result(Outcome.REFUSED, FailureReason.RENDER_ERROR), {}, DEAD, False, False, "render_error"),
        (result(Outcome.REFUSED), {}, DEAD, False, False, "no detail"),
        # the content: once without formatting
        (result(Outcome.CONTENT, detail="554"), {}, PENDING, True, False, "next without formatting"),
        (result(Outcome.CONTENT, detail="554"), {"plain": True}, DEAD, True, False, "also without formatting"),
        # the channel is broken: waits for a person, however old and however often tried
        (
            result(Outcome.BROKEN, detail="401"),
            {"age": timedelta(days=9), "number": 50},
            PENDING,
            False,
            False,
            "order",
        ),
        # may pass
        (BUSY, {}, PENDING, False, False, "450"),
        (BUSY, {"number": 19}, PENDING, False, False, "450"),
        (BUSY, {"number": 20}, DEAD, False, False, "not delivered in 20 attempts; last: 450"),
        (BUSY, {"age": timedelta(hours=71, minutes=59)}, PENDING, False, False, "450"),
        (BUSY, {"age": timedelta(hours=72)}, DEAD, False, False, "not delivered within 72 h; last: 450"),
        (BUSY, {"plain": True}, PENDING, True, False, "450"),
        # the other side was away: only time counts, so that a weekend's outage costs nothing
        (AWAY, {"number": 40}, PENDING, False, False, "no answer"),
        (AWAY, {"number": 40, "age": timedelta(hours=72)}, DEAD, False, False, "72 h"),
        # the outcome was lost: again, counted, and not for ever, since each try may be another copy
        (LOST, {}, PENDING, False, True, "lost"),
        (LOST, {"number": 20}, DEAD, False, True, "20 attempts"),
    ],
)
def test_what_follows(outcome, given_, state, plain, unknown, why):
    decision = decided(outcome, **given_)
    assert (decision.state, decision.plain, decision.unknown) == (state, plain, unknown)
    assert why in decision.why
    assert (decision.next_attempt is None) == (state is not PENDING)


def test_the_delays_are_those_that_are_promised():
    waits = [decided(BUSY, number=number).next_attempt - NOW for number in range(1, 10)]
    seconds = [5, 30, 120, 600, 1800, 3600, 7200, 7200, 7200]
    assert [wait.total_seconds() for wait in waits] == seconds
    assert decided(BUSY, number=2, jitter=0.0).next_attempt - NOW == timedelta(seconds=15)


@pytest.mark.parametrize(
    ("asked", "number", "wait"),
    [
        (timedelta(seconds=90), 1, 90),  # longer than ours: theirs
        (timedelta(seconds=1), 2, 30),  # shorter: ours
        (timedelta(hours=5), 1, 3600),  # at most an hour
        (timedelta(seconds=-4), 1, 5),  # a clock that is wrong
    ],
)
def test_retry_after_lengthens_the_wait(asked, number, wait):
    limited = result(Outcome.TRANSIENT, FailureReason.RATE_LIMITED, retry_after=asked)
    assert decided(limited, number=number).next_attempt - NOW == timedelta(seconds=wait)


def test_a_message_refused_for_its_content_and_one_on_a_broken_channel_need_no_wait_of_their_own():
    assert decided(result(Outcome.CONTENT)).next_attempt == NOW
    assert decided(result(Outcome.BROKEN)).next_attempt == NOW


@settings(deadline=None)  # the machine may be busy
@given(
    outcome=st.sampled_from(Outcome),
    reason=st.none() | st.sampled_from(FailureReason),
    asked=st.none() | st.timedeltas(timedelta(days=-2), timedelta(days=2)),
    number=st.integers(1, 100),
    age=st.timedeltas(timedelta(days=-1), timedelta(days=9)),
    plain=st.booleans(),
    jitter=st.floats(0, 1),
)
def test_never_in_the_past_never_before_retry_after_never_without_end(
    outcome, reason, asked, number, age, plain, jitter
):
    decision = decided(result(outcome, reason, retry_after=asked), number=number, age=age, plain=plain, jitter=jitter)
    assert decision.state in {SENT, PENDING, DEAD}
    assert decision.plain or not plain
    if decision.state is PENDING:
        assert decision.next_attempt >= NOW + min(asked or timedelta(), MAX_RETRY_AFTER)
        assert NOW <= decision.next_attempt <= NOW + max(DELAYS[-1], MAX_RETRY_AFTER)
        assert outcome is Outcome.BROKEN or decision.plain != plain or age < SETTINGS.max_age
    assert decision.unknown == (outcome is Outcome.UNKNOWN)
    assert decision.why
