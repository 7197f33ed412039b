"""Every feed fails at once, and all come back: one notice, few lines in the log, and a return that is no burst."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import structlog
from support.beat import Beat, rss
from support.webhost import WebHost, reply

from monitor.model import FeedCondition

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECOND = timedelta(seconds=1)


class NameServer:
    """All names are of loopback, while it works."""

    def __init__(self):
        self.dead = set()
        self.works = True

    async def __call__(self, host, port):
        if not self.works or host in self.dead:
            raise OSError
        return ["127.0.0.1"]


class Story:
    """Time passes; what was asked for and written is kept with its time."""

    def __init__(self, beat, host):
        self.beat, self.host = beat, host
        self.requests = Counter()

    async def passes(self, span, step=MINUTE):
        """The scheduler's ticks over this time."""
        end = self.beat.now + span
        while self.beat.now < end:
            self.beat.now += step
            while await self.beat.engine.poll_due():
                await self.beat.engine.settle()
            await self.beat.engine.sweep()

    async def dues(self):
        return [state.next_due for _, state in await self.beat.parts.store.feed_states()]


def tell(folder, feeds, story, **more):
    names = NameServer()

    async def run():
        async with WebHost({"/feed": reply(body=rss("Rain"))}) as host:
            urls = [host.url("/feed", host=f"n{number}.test") for number in range(feeds)]
            async with Beat(folder, *urls, resolver=names, **more) as beat:
                beat.parts.jitter = random.Random(1).random
                return await story(Story(beat, host), names)

    with structlog.testing.capture_logs() as lines:
        return asyncio.run(run()), lines


def test_an_outage_of_two_hours_is_one_notice_and_its_end_is_no_burst(tmp_path):
    feeds = 60

    async def story(time, names):
        beat = time.beat
        await time.passes(20 * MINUTE)
        assert await beat.told() == []
        names.works = False
        await time.passes(2 * HOUR)
        (begun,) = await beat.told()
        assert begun.subject == "No host can be reached"
        assert "dns 30" in begun.text
        assert beat.engine.pulse.outage
        names.works = True
        while beat.engine.pulse.outage:
            await time.passes(10 * SECOND, step=10 * SECOND)
        before, dues = beat.now, await time.dues()
        await time.passes(16 * MINUTE)
        states = [state for _, state in await beat.parts.store.feed_states()]
        assert not any(state.failures for state in states)  # all came back within a period, not when their failures say
        await time.passes(2 * HOUR)
        return before, dues, [one.subject for one in await beat.told()], states

    (before, dues, told, states), lines = tell(tmp_path, feeds, story)
    assert told == ["No host can be reached", "Hosts can be reached again"]
    soon = Counter(int((due - before).total_seconds()) for due in dues)
    assert max(soon.values()) <= 20
    assert {state.health.condition for state in states} == {FeedCondition.OK}
    events = Counter(
        (line["event"], line.get("feed")) for line in lines if line.get("feed") and line["log_level"] != "debug"
    )
    # Each feed: that it has news, begins to fail, perhaps is broken and is well again, answers again.
    assert max(count for (event, _), count in events.items() if event in {"poll", "feed_state"}) <= 2
    assert max(count for (event, _), count in events.items() if event == "recovered") == 1
    assert sum(line["event"] == "outage" for line in lines) == 2


def test_what_is_still_broken_after_an_outage_is_told_when_all_had_their_turn(tmp_path):
    async def story(time, names):
        await time.passes(20 * MINUTE)
        names.works = False
        await time.passes(3 * HOUR, step=5 * MINUTE)
        names.works, names.dead = True, {"n3.test"}
        await time.passes(12 * HOUR, step=10 * MINUTE)
        return [(one.subject, one.text) for one in await time.beat.told()]

    told, _ = tell(tmp_path, 20, story)
    assert [subject for subject, _ in told] == [
        "No host can be reached",
        "Hosts can be reached again",
        "Feed f3 is broken",
    ]


def test_some_hosts_that_fail_together_are_no_outage(tmp_path):
    async def story(time, names):
        await time.passes(20 * MINUTE)
        names.dead = {f"n{number}.test" for number in range(10)}
        await time.passes(10 * HOUR, step=10 * MINUTE)
        assert not time.beat.engine.pulse.outage
        return [one.subject for one in await time.beat.told()]

    told, _ = tell(tmp_path, 20, story)
    assert told
    assert not any("host" in subject.lower() for subject in told)


def test_lines_about_feeds_are_bounded_and_what_is_held_back_is_counted(tmp_path):
    async def story(time, names):
        time.beat.now += MINUTE
        names.works = False
        while await time.beat.engine.poll_due():
            await time.beat.engine.settle()
        assert time.beat.metric("monitor_polls_total", status="failed") == 130
        time.beat.now += HOUR
        while await time.beat.engine.poll_due():
            await time.beat.engine.settle()
        names.works = True
        await time.beat.poll()

    _, lines = tell(tmp_path, 130, story)
    assert sum(line["event"] == "poll" and line["log_level"] == "warning" for line in lines) == 100
    (held,) = [line for line in lines if line["event"] == "held_back"]
    assert held["lines"] == 30
