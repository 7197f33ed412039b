"""The turnstile of hosts: who may ask a host now, and when the others come back."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

from monitor.engine import hosts
from monitor.engine.hosts import QUEUE, Turnstile, host_of
from monitor.model import Feed, FeedClaim, FeedKind, FeedState, Lease, Pace
from monitor.settings import PollingSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = PollingSettings(host_gap=timedelta(seconds=2))
FREE = PollingSettings(host_gap=timedelta())


def claim(number: int, host: str = "a.example", kind: FeedKind = FeedKind.HTTP) -> FeedClaim:
    feed = Feed(id=f"{host}-{number}", url=f"https://{host}/{number}", kind=kind)
    return FeedClaim(feed=feed, state=FeedState(next_due=NOW), lease=Lease(worker="w", token=1, until=NOW))


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


class Work:
    """Feeds at work, by the order in which they began."""

    def __init__(self, clock, settings):
        self.stile, self.settings = Turnstile(clock), settings
        self.clock, self.began, self.most, self.now = clock, [], 0, 0

    async def poll(self, one):
        assert self.stile.admit(one, self.settings, NOW)
        async with self.stile.turn(one, self.settings):
            self.began.append((one.feed.id, self.clock()))
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1


def test_one_request_a_host_in_the_order_in_which_they_came():
    async def run(settings):
        work = Work(Clock(), settings)
        await asyncio.gather(*(work.poll(claim(number)) for number in range(9)))
        assert work.stile.standing == 0
        return work

    one = asyncio.run(run(FREE))
    assert [name for name, _ in one.began] == [f"a.example-{number}" for number in range(9)]
    assert one.most == 1
    assert asyncio.run(run(dataclasses.replace(FREE, per_host=3))).most == 3


def test_a_pause_before_the_next_request_to_the_same_host_and_to_no_other():
    async def run():
        clock = Clock()
        work = Work(clock, SETTINGS)
        await work.poll(claim(0))
        await work.poll(claim(0, "b.example"))
        await work.poll(claim(0, "/folder", FeedKind.DIRECTORY))
        await work.poll(claim(0, "/folder", FeedKind.DIRECTORY))  # what is local needs none
        assert len(work.began) == 4
        late = asyncio.create_task(work.poll(claim(1)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(work.began) == 4
        assert work.stile.standing == 1
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        assert work.stile.standing == 0
        clock.at = 2.0
        await work.poll(claim(2))
        return work.began[-1]

    assert asyncio.run(run()) == ("a.example-2", 2.0)


def test_those_who_find_no_room_come_back_one_after_the_other():
    clock = Clock()
    stile = Turnstile(clock)
    for number in range(QUEUE):
        assert stile.admit(claim(number), SETTINGS, NOW)
    assert stile.admit(claim(0, "b.example"), SETTINGS, NOW)
    assert not any(stile.admit(claim(number), SETTINGS, NOW) for number in range(QUEUE, QUEUE + 5))
    back = [(due - NOW).total_seconds() for due in stile.sent_away.values()]
    assert back == [42, 44, 46, 48, 50]
    clock.at = 10.0
    assert not stile.admit(claim(99), SETTINGS, NOW)
    assert stile.sent_away["a.example-99"] == NOW + timedelta(seconds=52 - 10)
    quick = Turnstile(clock)
    for number in range(QUEUE + 1):
        quick.admit(claim(number), FREE, NOW)
    assert list(quick.sent_away.values()) == [NOW + timedelta(seconds=21 * 0.05)]


def test_a_feed_that_moved_belongs_to_its_new_host():
    moved = dataclasses.replace(claim(1), state=FeedState(next_due=NOW, pace=Pace(address="https://new.example/")))
    assert host_of(moved) == "new.example"


def test_hosts_that_are_not_busy_are_forgotten():
    async def run():
        clock = Clock()
        stile = Turnstile(clock)
        stile.admit(claim(1, "busy.example"), SETTINGS, NOW)
        stile.sent_away["old"] = NOW
        for number in range(hosts._REMEMBERED):
            one = claim(1, f"h{number}.example")
            stile.admit(one, SETTINGS, NOW)
            async with stile.turn(one, SETTINGS):
                pass
        clock.at = 100.0
        stile.admit(claim(1, "next.example"), SETTINGS, NOW)
        return stile

    stile = asyncio.run(run())
    assert set(stile._hosts) == {"busy.example", "next.example"}
    assert stile.sent_away == {}
