"""The token bucket: bursts, refill, and that it never grants more than its rate."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.engine.rates import TokenBucket


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_the_rate():
    clock = Clock()
    bucket = TokenBucket(1.0, 3, clock=clock)
    assert bucket.take(10) == 3
    assert bucket.take(1) == 0
    assert bucket.wait() == 1.0
    clock.now += 1.0
    assert bucket.wait() == 0
    assert bucket.take(10) == 1
    clock.now += 60
    assert bucket.take(10) == 3


def test_tokens_that_were_not_used_come_back_but_never_above_the_burst():
    bucket = TokenBucket(1.0, 3, clock=Clock())
    assert bucket.take(2) == 2
    bucket.give_back(50)
    assert bucket.take(10) == 3
    assert bucket.take(-1) == 0


@given(
    rate=st.floats(0.1, 50),
    burst=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(0, 30)), max_size=40),
)
def test_no_sequence_gets_more_than_burst_plus_rate(rate, burst, steps):
    clock = Clock()
    bucket = TokenBucket(rate, burst, clock=clock)
    granted, passed = 0, 0.0
    for pause, wanted in steps:
        clock.now += pause
        passed += pause
        granted += bucket.take(wanted)
        assert granted <= burst + rate * passed + 1e-6
