"""The ping that says that all is well: it comes while it is, and stops when it is not."""

import asyncio
import time
from datetime import timedelta

import pytest
from support.beat import Beat
from support.webhost import WebHost, reply

from monitor.engine.health import Pulse
from monitor.engine.heartbeat import Heartbeat


def with_beat(folder, test, status=200):
    async def run():
        async with WebHost({"/ping/canary-secret": reply(status)}) as host:
            extra = f"heartbeat: {{url: '{host.url('/ping/canary-secret')}', every: 1m}}\ndelivery: {{allow_private: ['127.0.0.0/8']}}\n"
            async with Beat(folder, extra=extra) as beat:
                pulse = Pulse(scheduler=True, store_error=None, last_tick=time.monotonic())
                return await test(beat, pulse, Heartbeat(beat.parts, pulse), host)

    return asyncio.run(run())


def test_it_comes_once_a_period_while_all_is_well(tmp_path):
    async def test(beat, _, heart, host):
        taken = []
        for _ in range(13):
            taken.append(await heart.tick())
            beat.now += timedelta(seconds=10)
        return sum(taken), len(host.requests)

    assert with_beat(tmp_path, test) == (3, 3)


@pytest.mark.parametrize(
    "wrong",
    [{"store_error": "locked"}, {"broken": ("box",)}, {"scheduler": False}, {"last_tick": time.monotonic() - 60}],
)
def test_it_stops_when_the_monitor_does_not_do_its_work(tmp_path, wrong):
    async def test(beat, pulse, heart, host):
        for name, value in wrong.items():
            setattr(pulse, name, value)
        assert not await heart.tick()
        assert host.requests == []

    with_beat(tmp_path, test)


def test_a_ping_that_is_not_taken_is_said_once_and_counted(tmp_path):
    async def test(beat, _, heart, host):
        for _ in range(3):
            assert not await heart.tick()
            beat.now += timedelta(minutes=1)
        assert beat.metric("monitor_heartbeats_total", status="failed") == 3
        host.routes["/ping/canary-secret"] = reply(200)
        assert await heart.tick()
        host.routes.clear()
        beat.now += timedelta(minutes=1)
        await host.__aexit__()
        assert not await heart.tick()

    with_beat(tmp_path, test, status=500)


def test_without_an_address_nothing_is_asked_for(tmp_path):
    async def run():
        async with Beat(tmp_path) as beat:
            assert not await Heartbeat(beat.parts, Pulse()).tick()

    asyncio.run(run())
