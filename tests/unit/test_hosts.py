"""The turnstile of hosts: who may ask a host now, and when the others come back."""

import dataclasses
from datetime import UTC, datetime, timedelta

from monitor.engine import hosts
from monitor.engine.hosts import Turnstile, host_of
from monitor.model import Feed, FeedClaim, FeedKind, FeedState, Lease, Pace
from monitor.settings import PollingSettings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = PollingSettings(host_gap=timedelta(seconds=2))


def claim(number: int, host: str = "a.example", kind: FeedKind = FeedKind.HTTP) -> FeedClaim:
    feed = Feed(id=f"{host}-{number}", url=f"https://{host}/{number}", kind=kind)
    return FeedClaim(feed=feed, state=FeedState(next_due=NOW), lease=Lease(worker="w", token=1, until=NOW))


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_one_request_a_host_and_a_pause_before_the_next():
    clock = Clock()
    stile = Turnstile(clock)
    first, second = claim(1), claim(2)
    assert stile.enter(first, SETTINGS, NOW)
    assert stile.enter(claim(1, "b.example"), SETTINGS, NOW)  # another host
    clock.at = 10.0
    assert not stile.enter(second, SETTINGS, NOW)  # it is still at work
    assert stile.waiting == {"a.example-2": NOW + timedelta(seconds=1)}
    stile.leave(first, SETTINGS)
    clock.at = 11.5
    assert not stile.enter(second, SETTINGS, NOW)
    clock.at = 12.0
    assert stile.enter(second, SETTINGS, NOW)
    assert stile.waiting == {}


def test_those_who_are_sent_away_together_come_back_one_after_the_other():
    clock = Clock()
    stile = Turnstile(clock)
    assert stile.enter(claim(0), SETTINGS, NOW)
    assert not any(stile.enter(claim(number), SETTINGS, NOW) for number in range(1, 6))
    back = [(due - NOW).total_seconds() for due in stile.waiting.values()]
    assert back == [2, 4, 6, 8, 10]


def test_several_at_once_where_the_settings_say_so_and_folders_without_pause():
    stile = Turnstile(Clock())
    free = dataclasses.replace(SETTINGS, per_host=2, host_gap=timedelta())
    assert [stile.enter(claim(number), free, NOW) for number in range(3)] == [True, True, False]
    folder = claim(1, kind=FeedKind.DIRECTORY)
    assert stile.enter(folder, SETTINGS, NOW)
    stile.leave(folder, SETTINGS)
    assert stile.enter(folder, SETTINGS, NOW)


def test_a_feed_that_moved_belongs_to_its_new_host():
    moved = dataclasses.replace(claim(1), state=FeedState(next_due=NOW, pace=Pace(address="https://new.example/")))
    assert host_of(moved) == "new.example"


def test_hosts_that_are_not_busy_are_forgotten():
    clock = Clock()
    stile = Turnstile(clock)
    stile.enter(claim(1, "busy.example"), SETTINGS, NOW)
    for number in range(hosts._REMEMBERED):
        one = claim(1, f"h{number}.example")
        stile.enter(one, SETTINGS, NOW)
        stile.enter(claim(2, f"h{number}.example"), SETTINGS, NOW)
        stile.leave(one, SETTINGS)
    clock.at = 100.0
    stile.enter(claim(1, "next.example"), SETTINGS, NOW)
    assert set(stile._hosts) == {"busy.example", "next.example"}
    assert not stile._sent_away
    assert not stile.enter(claim(2, "busy.example"), SETTINGS, NOW)
