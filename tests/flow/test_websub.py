"""WebSub with a real hub on loopback: from the hub that a feed names to hits of what was pushed, and all that may go wrong."""

import asyncio
import contextlib
import dataclasses
import os
from datetime import timedelta

import pytest
from support.desk import Desk
from support.hub import Hub, send
from support.rig import free_port
from support.webhost import WebHost, reply

from monitor import config
from monitor.config import load_settings
from monitor.engine.callbacks import Callbacks
from monitor.engine.daemon import Daemon, sync
from monitor.engine.health import HealthServer
from monitor.engine.websub import signed
from monitor.errors import ConfigError
from monitor.store import open_store
from monitor.store.protocol import HitFilter

DAY = timedelta(days=1)


def rss(hub, *items, topic=""):
    self_ = f'<atom:link rel="self" href="{topic}"/>' if topic else ""
    link = f'<atom:link rel="hub" href="{hub}"/>{self_}' if hub else ""
    made = "".join(
        f"<item><guid>{guid}</guid><title>{guid}</title><description>{text}</description></item>"
        for guid, text in items
    )
    return (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>F</title>'
        f"{link}{made}</channel></rss>"
    ).encode()


class Scene:
    """A feed's host, its hub, and a monitor that both can reach."""

    def __init__(self, desk, host, hub):
        self.desk, self.host, self.hub = desk, host, hub
        self.store = desk.parts.store

    def feed(self, *items, hub=True, headers=None):
        self.host.routes["/feed"] = reply(
            body=rss(self.hub.url if hub else "", *items), headers={"ETag": '"1"'} | (headers or {})
        )

    async def poll(self):
        await self.store.make_due(None, self.desk.now)
        assert await self.desk.engine.poll_due() == 1
        await self.desk.engine.settle()

    async def tick(self):
        """Ask hubs for what is due, to the end."""
        await self.desk.engine.websub.tick()
        await self.desk.engine.settle()

    async def subscribed(self):
        await self.poll()
        await self.tick()
        (callback,) = self.hub.live
        return callback

    async def hits(self):
        return [hit.article.guid for hit in reversed(await self.store.hits(HitFilter()))]

    async def state(self):
        ((_, state),) = await self.store.feed_states()
        return state

    async def until(self):
        return await self.store.pushed_until("f")


@contextlib.asynccontextmanager
async def scene_on(folder):
    port = free_port()
    async with WebHost({}) as host, Hub() as hub:
        desk = Desk(
            folder,
            "  box: {kind: maildir, path: box}",
            "[box]",
            extra=f"feeds: [{{id: f, url: '{host.url('/feed')}'}}]\nfetch: {{allow_private: ['127.0.0.0/8']}}\n",
            http=f"{{listen: '127.0.0.1:{port}', public_url: 'http://127.0.0.1:{port}/'}}",
        )
        async with desk:
            await sync(desk.parts)
            callbacks = Callbacks()
            callbacks.attach(desk.engine.websub)
            server = HealthServer(desk.loaded.settings.http, desk.engine.pulse, desk.parts.journal.registry, callbacks)
            server.start()
            scene = Scene(desk, host, hub)
            scene.callbacks, scene.base = callbacks, f"http://127.0.0.1:{port}"
            scene.feed(("1", "Rain."))
            try:
                yield scene
            finally:
                await asyncio.to_thread(server.stop)


def with_scene(folder, test):
    async def run():
        async with scene_on(folder) as scene:
            await test(scene)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_what_a_hub_pushes_is_matched_and_told_as_if_it_was_polled(tmp_path, method):
    async def test(scene):
        callback = await scene.subscribed()
        assert callback.startswith(f"{scene.base}/websub/")
        assert len(callback.rpartition("/")[2]) >= 40
        assert scene.hub.asked[0]["hub.topic"] == scene.host.url("/feed")
        assert scene.hub.verified == [(200, "a challenge/ä")]
        before = await scene.state()
        assert await scene.hub.publish(rss("", ("2", "Planes at Khmeimim.")), method=method) == [202]
        await scene.desk.engine.settle()
        assert await scene.hits() == ["2"]
        assert len(await scene.store.deliveries()) == 1
        # What is known of the feed's own document stays, and so does the time of the next poll.
        after = await scene.state()
        assert (after.validators, after.body_hash, after.next_due) == (
            before.validators, before.body_hash, before.next_due,
        )  # fmt: skip
        # The poll that finds it again, and a hub that sends it twice, tell nobody anything new.
        await scene.hub.publish(rss("", ("2", "Planes at Khmeimim.")))
        await scene.desk.engine.settle()
        scene.feed(("1", "Rain."), ("2", "Planes at Khmeimim."))
        await scene.poll()
        assert await scene.hits() == ["2"]

    with_scene(tmp_path, test)


def test_content_that_is_not_signed_by_the_hub_is_answered_and_ignored(tmp_path):
    async def test(scene):
        callback = await scene.subscribed()
        news = rss("", ("2", "Planes at Khmeimim."))
        assert await scene.hub.publish(news, secret="another") == [202]
        assert (await send("POST", callback, {}, news))[0] == 202
        for signature in ("sha256=", "md5=00", "nonsense", "sha256=é"):
            assert (await send("POST", callback, {"X-Hub-Signature": signature}, news))[0] == 202
        await scene.desk.engine.settle()
        assert await scene.hits() == []

    with_scene(tmp_path, test)


def test_only_what_was_asked_for_is_confirmed(tmp_path):
    async def test(scene):
        await scene.poll()
        scene.hub.verifies = False
        await scene.tick()
        (form,) = scene.hub.asked
        assert (await scene.hub.verify(form, hub_topic="http://elsewhere.example/"))[0] == 404
        assert (await scene.hub.verify(form, hub_mode="unsubscribe"))[0] == 404
        assert (await scene.hub.verify(form, hub_mode="nonsense"))[0] == 404
        wrong = form | {"hub.callback": form["hub.callback"] + "x"}
        assert (await scene.hub.verify(wrong))[0] == 404
        assert await scene.until() is None
        assert (await scene.hub.verify(form))[0] == 200
        assert (await scene.hub.verify(form))[0] == 404  # once for each request of ours
        assert await scene.until() == scene.desk.now + timedelta(hours=1)

    with_scene(tmp_path, test)


def test_the_poll_is_a_slow_net_while_the_lease_lives_and_quick_again_when_it_does_not(tmp_path):
    async def test(scene):
        scene.hub.lease = 864_000
        await scene.subscribed()
        await scene.poll()
        assert (await scene.state()).next_due == scene.desk.now + timedelta(hours=6)
        # Before the end it is renewed, at the same callback.
        scene.desk.now += 7 * DAY
        await scene.tick()
        assert len(scene.hub.asked) == 1
        scene.desk.now += 1 * DAY
        await scene.tick()
        assert [form["hub.callback"] for form in scene.hub.asked] == [scene.hub.asked[0]["hub.callback"]] * 2
        assert await scene.until() == scene.desk.now + 10 * DAY
        # A hub that is gone: the lease ends, and the feed is polled at once and as others.
        scene.hub.answer = 503
        scene.desk.now += 9 * DAY
        await scene.tick()
        scene.desk.now += 1 * DAY
        await scene.tick()
        assert await scene.until() is None
        assert (await scene.state()).next_due <= scene.desk.now
        await scene.poll()
        assert (await scene.state()).next_due < scene.desk.now + timedelta(hours=1)

    with_scene(tmp_path, test)


def test_a_hub_that_refuses_is_asked_again_later_and_one_that_is_gone_much_later(tmp_path):
    async def test(scene):
        await scene.poll()
        scene.hub.answer = 500
        waits = []
        for _ in range(4):
            before, asked = scene.desk.now, len(scene.hub.asked)
            while len(scene.hub.asked) == asked:
                await scene.tick()
                scene.desk.now += timedelta(minutes=10)
            waits.append(scene.desk.now - before)
        assert waits[1] < waits[2] < waits[3]
        scene.hub.answer = 410
        scene.desk.now += DAY
        await scene.tick()
        asked = len(scene.hub.asked)
        scene.hub.answer = 202
        scene.desk.now += 20 * DAY
        await scene.tick()
        assert len(scene.hub.asked) == asked
        scene.desk.now += 20 * DAY
        await scene.tick()
        assert len(scene.hub.live) == 1

    with_scene(tmp_path, test)


def test_a_denial_ends_the_subscription(tmp_path):
    async def test(scene):
        await scene.subscribed()
        assert (await scene.hub.verify(scene.hub.asked[0], hub_mode="denied", hub_reason="no"))[0] == 200
        assert await scene.until() is None
        assert (await scene.state()).next_due <= scene.desk.now
        other = scene.hub.asked[0] | {"hub.topic": "http://elsewhere.example/"}
        assert (await scene.hub.verify(other, hub_mode="denied"))[0] == 404

    with_scene(tmp_path, test)


@pytest.mark.parametrize("how", ["feed removed", "hub no longer named"])
def test_what_is_not_wanted_any_more_is_unsubscribed(tmp_path, how):
    async def test(scene):
        callback = await scene.subscribed()
        if how == "feed removed":
            await scene.store.sync_feeds([], scene.desk.now, {})
        else:
            scene.feed(("1", "Rain."), hub=False)
            await scene.poll()
        assert (await send("POST", callback, {}, b"x"))[0] == 410
        await scene.tick()
        assert scene.hub.asked[-1]["hub.mode"] == "unsubscribe"
        assert "hub.secret" not in scene.hub.asked[-1]
        assert scene.hub.live == {}
        assert await scene.store.subscription(callback.rpartition("/")[2]) is None
        await scene.tick()
        assert len(scene.hub.asked) == 2

    with_scene(tmp_path, test)


def test_a_farewell_that_nobody_hears_is_given_up(tmp_path):
    async def test(scene):
        scene.hub.lease = 80 * 86_400
        callback = await scene.subscribed()
        scene.hub.answer = 500
        await scene.store.sync_feeds([], scene.desk.now, {})
        for _ in range(6):
            await scene.tick()
            scene.desk.now += 2 * DAY
        assert len(scene.hub.asked) == 1 + 3
        assert await scene.store.subscription(callback.rpartition("/")[2]) is None

    with_scene(tmp_path, test)


def test_another_hub_or_topic_is_another_subscription_and_the_old_callback_is_gone(tmp_path):
    async def test(scene):
        old = await scene.subscribed()
        scene.host.routes["/feed"] = reply(body=rss(scene.hub.url, ("1", "Rain."), topic=scene.host.url("/other")))
        await scene.poll()
        await scene.tick()
        assert (await send("POST", old, {}, b"x"))[0] == 410
        assert [form["hub.topic"] for form in scene.hub.asked] == [scene.host.url("/feed"), scene.host.url("/other")]

    with_scene(tmp_path, test)


def test_what_cannot_be_read_has_the_feed_polled(tmp_path):
    async def test(scene):
        await scene.subscribed()
        await scene.poll()
        assert (await scene.state()).next_due > scene.desk.now
        assert await scene.hub.publish(b"<html><body>no feed</body></html>") == [202]
        await scene.desk.engine.settle()
        assert (await scene.state()).next_due <= scene.desk.now
        assert (await scene.state()).failures == 0
        assert await scene.desk.engine.poll_due() == 1
        await scene.desk.engine.settle()

    with_scene(tmp_path, test)


def test_a_push_during_a_poll_waits_for_it(tmp_path):
    async def test(scene):
        await scene.subscribed()
        await scene.store.make_due(None, scene.desk.now)
        (claim,) = await scene.store.claim_feeds("other", scene.desk.now, 1, timedelta(minutes=5))
        assert await scene.hub.publish(rss("", ("2", "Planes at Khmeimim."))) == [202]
        assert await scene.hits() == []
        await scene.store.give_back([claim])
        await scene.desk.engine.settle()
        assert await scene.hits() == ["2"]

    with_scene(tmp_path, test)


def test_the_callback_has_bounds_and_says_nothing_to_strangers(tmp_path):
    async def test(scene):
        callback = await scene.subscribed()
        stranger = f"{scene.base}/websub/nobody"
        assert (await send("GET", stranger))[0] == 404
        assert (await send("POST", stranger, {}, b"x"))[0] == 410
        assert (await send("POST", f"{scene.base}/healthz", {}, b"x"))[0] == 404
        assert (await send("POST", callback, {"Content-Length": ""}))[0] == 411
        assert (await send("POST", callback, {"Content-Length": "99999999"}))[0] == 413
        assert (await send("POST", callback, {"Content-Length": "9" * 30}))[0] == 413
        assert (await send("GET", f"{callback}?" + "a=b&" * 50))[0] == 400
        scene.callbacks.detach()
        assert (await send("GET", callback))[0] == 503

    with_scene(tmp_path, test)


def test_a_body_that_is_cut_short_is_refused(tmp_path):
    async def test(scene):
        callback = await scene.subscribed()
        port = int(scene.base.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        path = callback.removeprefix(scene.base)
        writer.write(f"POST {path} HTTP/1.0\r\nContent-Length: 10\r\n\r\nhalf".encode())
        writer.write_eof()
        assert b" 400 " in (await reader.read()).split(b"\r\n")[0]
        writer.close()

    with_scene(tmp_path, test)


def test_more_pushes_than_can_be_recorded_are_put_off(tmp_path):
    async def test(scene):
        await scene.subscribed()
        await scene.store.make_due(None, scene.desk.now)
        (claim,) = await scene.store.claim_feeds("other", scene.desk.now, 1, timedelta(minutes=5))
        body = rss("", ("2", "Planes at Khmeimim."))
        answers = {await scene.desk.engine.websub.push("f", body, None) for _ in range(65)}
        assert answers == {True, False}
        await scene.store.give_back([claim])
        await scene.desk.engine.settle()
        assert await scene.hits() == ["2"]

    with_scene(tmp_path, test)


def test_a_store_that_does_not_work_is_told_to_the_hub_and_stops_nothing(tmp_path):
    async def test(scene):
        callback = await scene.subscribed()
        await scene.store.close()
        assert (await send("POST", callback, {}, b"x"))[0] == 503
        assert await scene.desk.engine.websub.push("f", b"x", None)
        await scene.desk.engine.settle()

    with_scene(tmp_path, test)


def test_a_hub_that_never_verifies_is_asked_less_and_less(tmp_path):
    async def test(scene):
        await scene.poll()
        scene.hub.verifies = False
        for _ in range(7 * 24):
            await scene.tick()
            scene.desk.now += timedelta(hours=1)
        assert 8 <= len(scene.hub.asked) <= 20

    with_scene(tmp_path, test)


def test_without_a_public_address_nothing_is_asked(tmp_path):
    async def run():
        async with WebHost({}) as host, Hub() as hub:
            host.routes["/feed"] = reply(body=rss(hub.url, ("1", "Rain.")))
            desk = Desk(
                tmp_path,
                "  box: {kind: maildir, path: box}",
                "[box]",
                extra=f"feeds: [{{id: f, url: '{host.url('/feed')}'}}]\nfetch: {{allow_private: ['127.0.0.0/8']}}\n",
            )
            async with desk:
                await sync(desk.parts)
                scene = Scene(desk, host, hub)
                await scene.poll()
                await scene.tick()
                assert hub.asked == []

    asyncio.run(run())


def test_the_daemon_serves_the_callback(tmp_path):
    async def run():
        async with scene_on(tmp_path) as made:
            settings, hub, host = made.desk.file.read_text(), made.hub, made.host
            port = free_port()
            folder = tmp_path / "daemon"
            folder.mkdir()
            (folder / "rules.yaml").write_text((tmp_path / "rules.yaml").read_text())
            old = made.base.rpartition(":")[2]
            (folder / "monitor.yaml").write_text(settings.replace(old, str(port)))
            daemon = Daemon(lambda: config.load(folder / "monitor.yaml", dict(os.environ)))
            running = asyncio.create_task(daemon.run(everything=True))
            async with asyncio.timeout(60):
                while not hub.live:  # noqa: ASYNC110 - what happens is in other threads and the loop's own time
                    await asyncio.sleep(0.05)
                host.routes["/feed"] = reply(503)
                assert await hub.publish(rss("", ("2", "Planes at Khmeimim."))) == [202]
                store = open_store(dataclasses.replace(daemon_store(folder), expect_existing=True))
                await store.open()
                while not await store.hits(HitFilter()):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
                await store.close()
                daemon.stop()
                await running

    asyncio.run(run())


def daemon_store(folder):
    return load_settings(folder / "monitor.yaml", {}).store


def test_signatures():
    assert signed(
        "key", "SHA1=" + "DE7C9B85B8B78AA6BC8A7A36F70A90701C9DB4D9", b"The quick brown fox jumps over the lazy dog"
    )
    assert not signed(
        "key", "sha1=de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d8", b"The quick brown fox jumps over the lazy dog"
    )


@pytest.mark.parametrize(
    ("http", "words"),
    [
        ("{public_url: 'https://x.example', enabled: false}", "nothing listens there"),
        ("{public_url: 'https://x.example/?a'}", "neither ? nor #"),
        ("{public_url: 'ftp://x.example'}", "http:// or https://"),
    ],
)
def test_a_public_address_that_cannot_be_one_is_told(tmp_path, http, words):
    (tmp_path / "monitor.yaml").write_text(f"http: {http}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "monitor.yaml", {})
    assert words in str(caught.value.faults)
