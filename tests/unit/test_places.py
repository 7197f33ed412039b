"""Places: who is at work, who stands aside, who may start."""

import asyncio

import pytest

from monitor.engine.places import Places, hangs
from monitor.model import FeedState


def test_who_waits_long_stands_aside_and_is_at_work_again_when_the_answer_is_there():
    async def run():
        seen = []
        places = Places(lambda: seen.append((places.taken, places.aside)), patience=0.01)
        assert places.free(2) == 2
        with places.take() as place, places.take() as other:
            other.answered()
            assert places.free(2) == 0
            async with asyncio.timeout(10):
                while not places.aside:  # noqa: ASYNC110 - what is tested is the timer
                    await asyncio.sleep(0.005)
            assert (places.taken, places.free(2)) == (1, 1)
            with places.take():
                place.answered()
                assert (places.taken, places.aside, places.free(2)) == (3, 0, 0)  # one too many: nobody starts
        assert (places.taken, places.aside) == (0, 0)
        return seen

    assert asyncio.run(run()) == [(1, 1), (2, 0), (1, 0), (0, 0)]


def test_an_end_while_aside():
    async def run():
        places = Places(patience=0.0)
        with places.take():
            await asyncio.sleep(0.01)
            assert (places.taken, places.aside) == (0, 1)
        return places

    places = asyncio.run(run())
    assert (places.taken, places.aside) == (0, 0)


def test_of_those_aside_there_is_a_bound():
    async def run():
        places = Places(patience=0.0, most_aside=4)
        for count in range(1, 5):
            places.take().__enter__()
            await asyncio.sleep(0.01)
            assert places.crowded() is (count >= 2)
            assert places.free(9) == (0 if count == 4 else 9)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, False),
        ("timeout: no complete answer", True),
        ("connect: no connection", True),
        ("dns: no", True),
        ("status: 500", False),
    ],
)
def test_what_may_have_hung(error, expected):
    assert hangs(FeedState(next_due=None, last_error=error)) is expected
