"""A rule that hits far more often than it usually does is told, with its articles, once while it lasts."""

import asyncio
from datetime import timedelta

from support.beat import Beat
from support.webhost import WebHost, reply

HOUR = timedelta(hours=1)


def feed(numbers):
    items = "".join(
        f"<item><guid isPermaLink='false'>{number}</guid><title>Report {number}</title>"
        f"<description>Planes at Khmeimim.</description></item>"
        for number in numbers
    )
    return reply(body=f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode())


def test_a_spike_is_told_with_its_articles_and_again_only_when_it_doubles(tmp_path):
    async def run():
        quiet = ", {id: night, channels: [box], quiet_hours: 00:00-23:59}"
        async with WebHost({}) as host:
            beat = Beat(tmp_path, host.url("/feed"), extra="spikes: [{window: 6h, rest: 13h}]\n", people=quiet)
            async with beat:
                number = 0

                async def window(count):
                    nonlocal number
                    host.routes["/feed"] = feed(range(number, number + count))
                    number += count
                    beat.now += 6 * HOUR
                    await beat.parts.store.make_due(["f0"], beat.now)
                    await beat.engine.poll_due()
                    await beat.engine.settle()
                    await beat.engine.sweep()
                    await beat.engine.settle()

                for _ in range(9 * 4):  # nine days with one hit each
                    await window(1)
                assert await spikes(beat) == []
                await window(12)
                first = await spikes(beat)
                await window(12)
                same = await spikes(beat)
                await window(30)
                return first, same, await spikes(beat)

    async def spikes(beat):
        keys = [one.alert_key for one in await beat.parts.store.deliveries(limit=5_000)]
        alerts = (await beat.parts.store.alerts(keys)).values()
        return [one for one in alerts if one.period and one.period.reason.value == "spike"]

    first, same, last = asyncio.run(run())
    (told,) = first
    assert (told.subscriber_id, told.severity.value) == ("desk", "routine")
    assert len(told.lines) == 12
    assert told.period.note.startswith("12 in the last 6 hours")
    assert same == first
    assert sorted(len(one.lines) for one in last) == [12, 30]
