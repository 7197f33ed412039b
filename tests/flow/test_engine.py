"""The engine's own decisions, on real parts: what a reload changes, what is told to the operator, what a fault does."""

import asyncio
import dataclasses
import os
import sqlite3
from datetime import timedelta

import pytest
from support.desk import Desk, made_article
from support.mailhost import MailHost
from support.rig import Web, until

from monitor import config
from monitor.engine import flow, notices
from monitor.engine.daemon import Daemon, Factories, close, signature
from monitor.engine.parts import delivery_lease, feed_lease, longest_lease
from monitor.errors import ConfigError, LeaseLost
from monitor.feeds import FeedReader
from monitor.model import (
    DeliveryState,
    Feed,
    FeedClaim,
    FeedState,
    Format,
    Lease,
    Severity,
)
from monitor.store.protocol import KnownArticle

BOX = "  box: {kind: maildir, path: box}"


def claim_of(desk):
    lease = Lease(worker="desk", token=1, until=desk.now)
    return FeedClaim(feed=Feed(id="f", url="http://x"), state=FeedState(next_due=desk.now), lease=lease)


def test_judging_is_pure_and_leaves_alone_what_is_known(tmp_path):
    desk = Desk(tmp_path, BOX, "[box]")
    article = dataclasses.replace(made_article(1), text_hash="new")
    known = KnownArticle(key=article.key, text_hash="new", first_seen=desk.now)

    def judged(**changes):
        before = {article.key: dataclasses.replace(known, **changes)} if changes.pop("stored", True) else {}
        return flow.judge(desk.loaded, claim_of(desk), [article], before, now=desk.now)

    assert judged() == flow.Judged()
    fresh = judged(stored=False)
    assert fresh == judged(stored=False)
    assert [match.rule_id for match in fresh.articles[0].matches] == ["khmeimim"]
    revised = judged(text_hash="old")
    assert [match.rule_id for match in revised.revisions[0].matches] == ["khmeimim"]
    same = judged(text_hash="old", hits={"khmeimim": Severity.URGENT})
    assert (same.revisions[0].matches, same.revisions[0].dropped) == ((), ())
    raised = judged(text_hash="old", hits={"khmeimim": Severity.ROUTINE})
    assert (len(raised.revisions[0].matches), raised.revisions[0].dropped) == (1, ())
    dropped = judged(text_hash="old", hits={"khmeimim": Severity.URGENT, "gone": Severity.ROUTINE})
    assert dropped.revisions[0].dropped == ("gone",)
    assert dropped.revisions[0].matches == ()


def test_leases_outlast_the_work_and_are_outlasted_by_the_longest(tmp_path):
    async def run():
        async with Desk(tmp_path, BOX, "[box]") as desk:
            channel = desk.parts.channels["box"]
            assert delivery_lease(channel) > timedelta(seconds=2 * channel.timeout)
            assert feed_lease(desk.parts) > desk.loaded.settings.fetch.timeout
            assert longest_lease(desk.parts) >= 2 * feed_lease(desk.parts)

    asyncio.run(run())


def test_a_stored_alert_that_cannot_be_read_is_dead_at_once_and_its_neighbours_go_on(tmp_path):
    async def run():
        async with Desk(tmp_path, BOX, "[box]") as desk:
            await desk.alerts(3)
            other = sqlite3.connect(tmp_path / "monitor.db")
            other.execute("UPDATE alerts SET snapshot = '{}' WHERE id = 2")
            other.commit()
            other.close()
            await desk.run(timedelta(minutes=2))
            (dead,) = await desk.parts.store.deliveries(states=[DeliveryState.DEAD])
            assert "cannot be read" in dead.last_error
            return await desk.states()

    assert asyncio.run(run()) == {"dead": 1, "sent": 2}


def test_what_cannot_be_rendered_is_given_up_at_once(tmp_path):
    async def run():
        async with Desk(tmp_path, BOX, "[box]") as desk:
            await desk.alerts(1)
            channel = desk.parts.channels["box"]
            (claim,) = await desk.parts.store.claim_deliveries("w", desk.now, 1, timedelta(minutes=1), channel="box")
            # A reason that is none, as a fault of ours could make it.
            broken = dataclasses.replace(claim, alert=dataclasses.replace(claim.alert, reasons=(None,)))
            await flow.deliver(desk.parts, channel, broken)
            (dead,) = await desk.parts.store.deliveries()
            return dead

    dead = asyncio.run(run())
    assert (dead.state, dead.attempts) == (DeliveryState.DEAD, 1)
    assert "cannot be rendered" in dead.last_error


class Stealing:
    """A real store whose leases are taken by somebody else before the attempt is recorded."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def record_attempt(self, record):
        raise LeaseLost("stolen")


def test_a_lost_lease_records_nothing(tmp_path):
    async def run():
        async with Desk(tmp_path, BOX, "[box]") as desk:
            await desk.alerts(1)
            store = desk.parts.store
            channel = desk.parts.channels["box"]
            (claim,) = await store.claim_deliveries("desk", desk.now, 1, timedelta(minutes=1), channel="box")
            desk.parts.store = Stealing(store)
            assert await flow.deliver(desk.parts, channel, claim) is None
            desk.parts.store = store
            (delivery,) = await store.deliveries()
            assert delivery.state is DeliveryState.LEASED
            assert desk.parts.states == {}

    asyncio.run(run())


def test_a_notice_avoids_the_channel_that_it_is_about(tmp_path):
    async def run():
        channels = f"{BOX}\n  other: {{kind: maildir, path: other}}"
        async with Desk(tmp_path, channels, "[box, other]", extra="operator: [desk]\n") as desk:
            for _ in range(2):
                await notices.tell_operator(desk.parts, "Trouble", "Look.", window="w", avoid="box")
            return [(one.channel, one.state) for one in await desk.parts.store.deliveries()]

    assert asyncio.run(run()) == [("other", DeliveryState.PENDING)]


# ── reload ────────────────────────────────────────────────────────────────────────────────────────────────────────────

RULES = "rules:\n  - {id: khmeimim, kind: base, title: Khmeimim air base, names: [Khmeimim]}\n"


def write(folder, *, feeds="", channels="box: {kind: maildir, path: box}", extra=""):
    (folder / "rules.yaml").write_text(RULES)
    (folder / "monitor.yaml").write_text(
        f"store: sqlite:///monitor.db\nrules: [rules.yaml]\nfeeds: [{feeds}]\nchannels:\n  {channels}\n"
        f"subscribers: [{{id: desk, channels: [box]}}]\nhttp: {{enabled: false}}\n{extra}"
    )


@pytest.fixture
def web():
    web = Web()
    yield web
    web.close()


def test_a_reload_takes_over_feeds_channels_and_fetching_and_refuses_what_is_wrong(tmp_path, web):
    write(tmp_path)
    made = []

    def reader(settings):
        made.append(settings.fetch)
        return FeedReader(settings.fetch, settings.outlet_titles())

    def load():
        return config.load(tmp_path / "monitor.yaml", dict(os.environ))

    async def run():
        daemon = Daemon(load, factories=Factories(reader=reader))
        parts = await daemon.assemble(load())
        try:
            old = parts.channels["box"]
            assert await daemon.reload(parts)
            assert parts.channels["box"] is old
            assert len(made) == 1
            write(
                tmp_path,
                feeds=f"{{id: new, url: 'http://127.0.0.1:{web.port}/new'}}",
                channels="box: {kind: maildir, path: other}\n  more: {kind: maildir, path: more}",
                extra="fetch: {allow_private: ['127.0.0.0/8']}\nlog: {level: debug}\n",
            )
            assert await daemon.reload(parts)
            assert parts.channels["box"] is not old
            assert set(parts.channels) == {"box", "more"}
            assert len(made) == 2
            assert [feed.id for feed, _ in await parts.store.feed_states()] == ["new"]
            taken = parts.live.loaded
            (tmp_path / "rules.yaml").write_text("rules: [")
            assert not await daemon.reload(parts)
            assert parts.live.loaded is taken
        finally:
            await close(parts)

    asyncio.run(run())


def test_a_fault_while_loading_leaves_the_old_set_in_force(tmp_path):
    write(tmp_path)
    loaded = config.load(tmp_path / "monitor.yaml", dict(os.environ))
    answers = [loaded]

    def load():
        return answers.pop()

    async def run():
        daemon = Daemon(load)
        parts = await daemon.assemble(load())
        try:
            assert not await daemon.reload(parts)  # the list is empty: an IndexError
            assert parts.live.loaded is loaded
        finally:
            await close(parts)

    asyncio.run(run())


def test_a_daemon_that_cannot_start_leaves_nothing_behind(tmp_path):
    write(tmp_path)

    def refuse():
        raise ConfigError(())

    with pytest.raises(ConfigError):
        asyncio.run(Daemon(refuse).run())
    assert not (tmp_path / "monitor.db").exists()


def test_a_signature_sees_every_change(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    seen = {signature((folder, tmp_path / "missing.yaml"))}
    for act in (
        lambda: (folder / "a.yaml").write_text("x"),
        lambda: (folder / "a.yaml").write_text("xy"),
        lambda: (tmp_path / "missing.yaml").write_text(""),
        (folder / "a.yaml").unlink,
    ):
        act()
        seen.add(signature((folder, tmp_path / "missing.yaml")))
    assert len(seen) == 5


def test_the_daemon_runs_in_this_process_and_stops_when_told(tmp_path, web):
    web.feeds["f"] = [("g", "News")]
    write(
        tmp_path,
        feeds=f"{{id: f, url: 'http://127.0.0.1:{web.port}/f'}}",
        extra="fetch: {allow_private: ['127.0.0.0/8']}\n",
    )
    daemon = Daemon(lambda: config.load(tmp_path / "monitor.yaml", dict(os.environ)))

    async def run():
        task = asyncio.create_task(daemon.run(everything=True))
        await asyncio.to_thread(until, lambda: list(tmp_path.glob("box/new/*")))
        daemon.stop()
        await task

    asyncio.run(run())
    assert daemon.pulse.draining


def test_a_rate_holds_back_and_probing_sends_one(tmp_path):
    async def run(host):
        channels = f"  mail: {{kind: email, host: 127.0.0.1, port: {host.port}, security: none, from: a@example.org, rate: 1, burst: 2}}"
        async with Desk(tmp_path, channels, "[{channel: mail, to: [d@example.org]}]") as desk:
            await desk.alerts(4)
            assert await desk.engine.deliver_due() == 2
            await desk.engine.settle()
            assert await desk.engine.deliver_due() == 0
            desk.now += timedelta(seconds=1)
            assert await desk.engine.deliver_due() == 1
            await desk.engine.settle()
            (claim, *_) = [one for one in await desk.parts.store.deliveries() if one.state is DeliveryState.PENDING]
            assert claim.attempts == 0
            assert desk.parts.channels["mail"].format is Format.MAIL

    with MailHost() as host:
        asyncio.run(run(host))
        assert len(host.letters) == 3
