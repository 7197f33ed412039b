"""The clock leaps, or the machine sleeps: no poll is missed for long, nothing is told twice, nothing comes in a burst."""

import asyncio
import time
from collections import Counter
from datetime import timedelta

import pytest
from support.beat import Beat, rss
from support.desk import Desk
from support.mailhost import MailHost
from support.webhost import WebHost, reply

from monitor.store.protocol import HitFilter

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


class Clockwork:
    """The engine's ticks, by the test's clock."""

    def __init__(self, beat):
        self.beat = beat
        self.polls = []

    async def runs(self, span, step=MINUTE):
        end = self.beat.now + span
        while self.beat.now < end:
            self.beat.now += step
            await self.beat.engine.poll_tick()
            await self.beat.engine.settle()
            await self.beat.engine.sweep()

    async def alerts(self):
        keys = [one.alert_key for one in await self.beat.parts.store.deliveries(limit=1_000)]
        stored = (await self.beat.parts.store.alerts(keys)).values()
        return Counter(one.article.title if one.article else one.subject for one in stored)


@pytest.mark.parametrize("leap", [HOUR, -HOUR, 3_650 * DAY, -3_650 * DAY, SECOND, -SECOND], ids=str)
def test_a_clock_that_leaps_costs_two_periods_at_the_most_and_tells_nothing_twice(tmp_path, leap):
    async def run():
        async with WebHost({}) as host, Beat(tmp_path, host.url("/a"), host.url("/b")) as beat:
            clock = Clockwork(beat)
            host.routes |= {path: reply(body=rss("Khmeimim one", "Rain")) for path in ("/a", "/b")}
            await clock.runs(HOUR)
            before = len(host.requests)
            assert before >= 6
            beat.now += leap
            host.routes |= {path: reply(body=rss("Khmeimim two", "Khmeimim one", "Rain")) for path in ("/a", "/b")}
            await clock.runs(32 * MINUTE)
            first = await clock.alerts()
            asked = Counter(request.target for request in host.requests[before:])
            hits = len(await beat.parts.store.hits(HitFilter()))
            await clock.runs(HOUR)
            due = [state.next_due - beat.now for _, state in await beat.parts.store.feed_states()]
            return first, asked, hits, await clock.alerts(), due

    first, asked, hits, last, due = asyncio.run(run())
    assert set(asked) == {"/a", "/b"}  # within two periods of a quarter of an hour
    assert first["Khmeimim one"] == first["Khmeimim two"] == last["Khmeimim one"] == last["Khmeimim two"] == 2
    assert hits == 4  # nothing was deleted
    assert all(wait <= HOUR for wait in due)


def test_after_a_sleep_what_fell_due_is_polled_once_and_one_after_the_other(tmp_path):
    paths = [f"/{number}" for number in range(60)]

    async def run():
        polling, host = "host_gap: 0s, per_host: 60", WebHost({path: reply(body=rss(path)) for path in paths})
        async with host, Beat(tmp_path, *map(host.url, paths), polling=polling) as beat:
            clock = Clockwork(beat)
            await clock.runs(2 * MINUTE)
            host.requests.clear()
            beat.now += 2 * HOUR  # eight periods
            counts = []
            for _ in range(5):
                await clock.runs(SECOND, step=SECOND)
                counts.append(len(host.requests))
            return counts, Counter(request.target for request in host.requests)

    counts, asked = asyncio.run(run())
    assert set(asked.values()) == {1}
    assert len(asked) == 60
    assert all(after - before <= 21 for before, after in zip([0, *counts], counts, strict=False))


def test_a_feed_whose_lease_ran_out_over_a_poll_is_not_polled_twice_at_once(tmp_path):
    """The machine sleeps in the middle of a poll."""

    async def run():
        go_on, now, most, times = asyncio.Event(), 0, 0, 0

        async def slow(request, writer):
            nonlocal now, most, times
            now, times = now + 1, times + 1
            most = max(most, now)
            await go_on.wait()
            now -= 1
            await reply(body=rss("Khmeimim"))(request, writer)

        polling = "host_gap: 0s, per_host: 8"
        async with WebHost({"/feed": slow}) as host, Beat(tmp_path, host.url("/feed"), polling=polling) as beat:
            beat.now += MINUTE
            await beat.engine.poll_due()
            while not times:  # noqa: ASYNC110 - the host counts, and has no event for it
                await asyncio.sleep(0.01)
            beat.now += 2 * HOUR
            for _ in range(5):
                await beat.engine.poll_due()
                await asyncio.sleep(0.02)
            first = times
            go_on.set()
            await beat.engine.settle()
            await Clockwork(beat).runs(2 * MINUTE, step=10 * SECOND)
            return first, times, most, await Clockwork(beat).alerts()

    first, times, most, alerts = asyncio.run(run())
    assert (first, most) == (1, 1)
    assert times == 2  # the first could record nothing
    assert alerts == {"Khmeimim": 1}


def test_an_alert_that_is_to_be_tried_again_does_not_wait_for_a_clock_that_was_set_back(tmp_path):
    async def run(host):
        mail = f"  mail: {{kind: email, host: 127.0.0.1, port: {host.port}, security: none, from: a@example.org}}"
        host.script("content", "451 later", times=1)
        async with Desk(tmp_path, mail, "[{channel: mail, to: [d@example.org]}]") as desk:
            desk.parts.monotonic = time.monotonic  # which no clock sets back
            await desk.alerts(1)
            await desk.run(SECOND)
            assert await desk.states() == {"pending": 1}
            desk.now -= HOUR
            await desk.engine.poll_tick()
            await desk.run(SECOND)
            return await desk.states(), len(host.letters)

    with MailHost() as host:
        assert asyncio.run(run(host)) == ({"sent": 1}, 1)
