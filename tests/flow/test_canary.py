"""The canary: an article of our own takes the whole way, or somebody hears of it."""

import asyncio
import shutil
from datetime import UTC, timedelta
from email import policy
from email.parser import BytesParser

import pytest
from prometheus_client import CollectorRegistry
from support.beat import Beat
from support.webhost import WebHost, reply

from monitor import config
from monitor.engine import canary
from monitor.engine.health import Gauges
from monitor.errors import ConfigError
from monitor.model import Feed, FeedKind
from monitor.settings import CanarySettings
from monitor.store.protocol import HitFilter

MINUTE = timedelta(minutes=1)
WANTED = "canary: {subscriber: watch, every: 15m, within: 10m}\n"
PEOPLE = ", {id: watch, channels: [box], kinds: [person], severity: flash}"


async def round_of(beat, minutes):
    """Let time pass, a minute at a time, as the ticks would."""
    for _ in range(minutes):
        beat.now += MINUTE
        await beat.engine.poll_due()
        await beat.engine.settle()
        await beat.engine.deliver_due()
        await beat.engine.settle()
        await beat.engine.sweep()


def subjects(folder):
    parser = BytesParser(policy=policy.default)
    return sorted(parser.parsebytes(file.read_bytes())["subject"] for file in (folder / "box" / "new").iterdir())


def test_articles_of_the_canary_arrive_and_are_nobody_elses_hits(tmp_path):
    async def run():
        async with Beat(tmp_path, extra=WANTED, people=PEOPLE) as beat:
            await round_of(beat, 50)
            pulse, store = beat.engine.pulse, beat.parts.store
            assert beat.now - pulse.canary <= 16 * MINUTE
            assert not pulse.canary_late
            assert pulse.report()["parts"]["canary"] == "up"
            sent = await store.deliveries()
            assert {one.subscriber_id for one in sent} == {"watch"}
            assert 3 <= len(sent) <= 5
            assert await store.hits(HitFilter()) == ()
            assert len(await store.hits(HitFilter(rule_id="canary"))) == len(sent)
            assert await store.search("canary") == ()
            assert await store.archive() == ()
            return len(sent)

    count = asyncio.run(run())
    names = subjects(tmp_path)
    assert len(names) == count
    assert all("Monitor canary of" in name for name in names)


def test_a_canary_that_does_not_arrive_is_told_once_and_that_it_arrives_again(tmp_path):
    async def run():
        async with Beat(tmp_path, extra=WANTED, people=PEOPLE) as beat:
            await round_of(beat, 20)
            shutil.rmtree(tmp_path / "box")
            (tmp_path / "box").write_text("no folder any more")
            await round_of(beat, 15)
            assert await beat.told() == []
            await round_of(beat, 60)
            late = [one for one in await beat.told() if "canary" in one.subject.lower()]
            assert [one.subject for one in late] == ["The canary does not arrive"]
            assert "every 15m for watch" in late[0].text
            assert beat.engine.pulse.report()["parts"]["canary"] == "late"
            gauges = Gauges(CollectorRegistry())
            gauges.set(beat.engine.pulse)
            assert gauges.canary_late._value.get() == 1
            (tmp_path / "box").unlink()
            await round_of(beat, 60)
            return [one.subject for one in await beat.told() if "canary" in one.subject.lower()]

    assert asyncio.run(run()) == ["The canary does not arrive", "The canary arrives again"]


def test_without_a_canary_nothing_is_late(tmp_path):
    async def run():
        async with WebHost({"/feed": reply()}) as host, Beat(tmp_path, host.url("/feed")) as beat:
            await beat.engine.sweep()
            pulse = beat.engine.pulse
            assert (pulse.canary, pulse.canary_late) == (None, False)
            assert "canary" not in pulse.report()["parts"]
            gauges = Gauges(CollectorRegistry())
            gauges.set(pulse)
            return gauges.canary._value.get()

    assert asyncio.run(run()) != 0  # not a number, which no alarm rule takes for good or bad


def test_only_its_subscriber_gets_it_whatever_else_they_take(tmp_path):
    beat = Beat(tmp_path, extra=WANTED, people=PEOPLE)
    loaded = config.load(beat.file, {})
    (feed,) = loaded.settings.feeds
    assert (feed.kind, feed.every) == (FeedKind.CANARY, 15 * MINUTE)
    people = loaded.settings.subscribers
    (only,) = canary.audience(feed, people, loaded.settings)
    assert (only.id, only.routes[0].id, only.routes[0].rules) == ("watch", "canary", ("canary",))
    assert canary.audience(Feed(id="f", url="u"), people, loaded.settings) == people
    assert [rule.id for rule in loaded.rules] == ["khmeimim"]  # those of the files
    assert set(loaded.index.rules) == {"khmeimim", "canary"}
    cache = config.RuleCache()
    assert set(config.load(beat.file, {}, cache).index.rules) == set(config.load(beat.file, {}, cache).index.rules)
    settings = CanarySettings(subscriber="watch")
    began = beat.now.astimezone(UTC)
    assert not canary.is_late(settings, began, began + 25 * MINUTE)
    assert canary.is_late(settings, began, began + 26 * MINUTE)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("canary: {subscriber: nobody}\n", "nobody"),
        ("canary: {every: 5m}\n", "subscriber"),
        (
            "canary: {subscriber: watch}\nfeeds: [{id: canary, url: 'https://x.example/'}]\n",
            "a feed of `feeds` has the id",
        ),
    ],
)
def test_what_is_wrong_with_the_settings_of_a_canary_is_told(tmp_path, extra, message):
    beat = Beat(tmp_path, extra=extra, people=PEOPLE)
    with pytest.raises(ConfigError) as caught:
        config.load(beat.file, {})
    assert message in str(caught.value)


def test_a_rule_of_that_name_is_told(tmp_path):
    beat = Beat(tmp_path, extra=WANTED, people=PEOPLE)
    (tmp_path / "rules.yaml").write_text("rules:\n  - {id: canary, kind: topic, title: Birds, names: [canary]}\n")
    with pytest.raises(ConfigError, match="a rule has the id"):
        config.load(beat.file, {})
