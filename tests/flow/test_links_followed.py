"""Links of messages, followed over HTTP: GET shows, POST acts, and nothing else does anything."""

import asyncio
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import timedelta

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry
from pysqlite3 import dbapi2
from support.beat import Beat, rss
from support.webhost import WebHost, reply

from monitor import alerting
from monitor.alerting.links import Link, sign
from monitor.cli import cli
from monitor.engine.actions import Actions
from monitor.engine.daemon import console_of
from monitor.engine.health import HealthServer, Pulse
from monitor.model import LinkAction
from monitor.settings import HttpSettings

HTTP = "{listen: '127.0.0.1:0', public_url: 'https://monitor.example'}"
ONE_CLICK = b"List-Unsubscribe=One-Click"


class Scene:
    """A monitor that told one alert, with its pages on loopback."""

    def __init__(self, beat, server, links):
        self.beat, self.server, self.links = beat, server, links
        self.store = beat.parts.store

    def url(self, path):
        return f"http://127.0.0.1:{self.server.port}{urllib.parse.urlsplit(path).path}"

    async def ask(self, path, body=None):
        """Status, text and headers."""

        def ask():
            try:
                with urllib.request.urlopen(urllib.request.Request(self.url(path), data=body), timeout=10) as answer:
                    return answer.status, answer.read().decode(), answer.headers
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode(), error.headers

        return await asyncio.to_thread(ask)

    def dump(self):
        """All that the store holds."""
        connection = dbapi2.connect(str(self.beat.folder / "monitor.db"))
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names if name != "pulse"}
        connection.close()
        return found


def with_scene(folder, test):
    async def run():
        async with WebHost({"/f": reply(body=rss("Planes at Khmeimim"))}) as host:
            beat = Beat(folder, host.url("/f"), http=HTTP, stories="enabled: true")
            async with beat:
                await beat.poll()
                (delivery,) = await beat.parts.store.deliveries()
                alert = (await beat.parts.store.alerts([delivery.alert_key]))[delivery.alert_key]
                live = beat.parts.live
                links = alerting.links_for(alert, key=live.link_key, base="https://monitor.example", now=beat.now)
                actions = Actions(time.monotonic)
                server = HealthServer(
                    HttpSettings(port=0, public_url="https://monitor.example"),
                    Pulse(),
                    CollectorRegistry(),
                    None,
                    actions,
                )
                server.start()
                actions.attach(console_of(beat.parts, beat.engine))
                try:
                    return await test(Scene(beat, server, links))
                finally:
                    actions.detach()
                    server.stop()

    return asyncio.run(run())


def test_looking_at_links_changes_nothing(tmp_path):
    async def test(scene):
        before = scene.dump()
        for url in scene.links.values():
            status, text, headers = await scene.ask(url)
            assert status == 200
            assert '<form method="post">' in text
            assert "script" not in text
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
        assert scene.dump() == before

    with_scene(tmp_path, test)


@pytest.mark.parametrize(("action", "field"), [("mute_story", "story"), ("mute_feed", "feed"), ("mute_rule", "rule")])
def test_a_mute_link_mutes_for_a_day_for_the_one_who_got_it(tmp_path, action, field):
    async def test(scene):
        status, text, _ = await scene.ask(scene.links[action], b"")
        assert status == 200
        assert "Muted" in text
        (silence,) = await scene.store.silences(scene.beat.now)
        named = {name: getattr(silence, name) for name in ("rule", "story", "feed", "outlet", "label")}
        assert [name for name, value in named.items() if value] == [field]
        assert (silence.subscriber, silence.author) == ("desk", "desk")
        assert silence.until - silence.since == timedelta(hours=24)

    with_scene(tmp_path, test)


def test_unsubscribing_by_one_click_ends_all_and_the_settings_undo_it(tmp_path):
    async def test(scene):
        assert (await scene.ask(scene.links["unsubscribe"], ONE_CLICK))[0] == 200
        (person,) = scene.beat.parts.live.people
        assert person.paused.startswith("unsubscribed by a link")
        _, text, _ = await scene.ask(scene.links["settings"])
        assert "You get nothing now" in text
        assert (await scene.ask(scene.links["settings"], b"do=resume"))[0] == 200
        (person,) = scene.beat.parts.live.people
        assert person.paused == ""

    with_scene(tmp_path, test)


def test_leaving_a_rule_leaves_the_others_and_a_false_alarm_is_noted(tmp_path):
    async def test(scene):
        assert (await scene.ask(scene.links["unsubscribe_rule"], ONE_CLICK))[0] == 200
        (person,) = scene.beat.parts.live.people
        assert (person.without, person.paused) == (("khmeimim",), "")
        assert (await scene.ask(scene.links["false_positive"], b""))[0] == 200
        (verdict,) = await scene.store.verdicts()
        assert (verdict.rule_id, verdict.subscriber_id) == ("khmeimim", "desk")
        arguments = ["--config", str(scene.beat.file), "hits", "--false-positives", "--json"]
        done = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
        # The engine beside it may log meanwhile.
        (hit,) = (json.loads(line) for line in done.output.splitlines() if line.startswith("{"))
        assert hit["title"] == "Planes at Khmeimim"

    with_scene(tmp_path, test)


def test_settings_are_kept_or_refused_with_what_was_written(tmp_path):
    async def test(scene):
        form = {
            "do": "save",
            "cadence": "daily at 08:00",
            "timezone": "Asia/Beirut",
            "quiet": "22:00-07:00; sat 00:00-12:00",
        }
        status, text, _ = await scene.ask(
            scene.links["settings"], urllib.parse.urlencode(form | {"shown": "yes"}).encode()
        )
        assert (status, "Saved" in text) == (200, True)
        (person,) = scene.beat.parts.live.people
        assert (person.timezone, person.without, len(person.routes[0].quiet)) == ("Asia/Beirut", ("khmeimim",), 2)
        assert person.routes[0].cadence.text == "daily at 08:00"
        for name, value in (("cadence", "<b>often"), ("timezone", "Nowhere"), ("quiet", "00:00-24:00")):
            wrong = urllib.parse.urlencode(form | {name: value}).encode()
            status, text, _ = await scene.ask(scene.links["settings"], wrong)
            assert (status, 'class="fault"' in text) == (400, True)
            assert "<b>often" not in text
            assert scene.beat.parts.live.people == (person,)
        again = urllib.parse.urlencode(form | {"shown": "yes", "rule": "khmeimim"}).encode()
        assert (await scene.ask(scene.links["settings"], again))[0] == 200
        assert scene.beat.parts.live.people[0].without == ()

    with_scene(tmp_path, test)


def test_no_link_a_broken_one_an_old_one_and_one_of_somebody_else_do_nothing(tmp_path):
    async def test(scene):
        key, now = scene.beat.parts.live.link_key, scene.beat.now
        fresh = {"action": LinkAction.UNSUBSCRIBE, "until": now + timedelta(days=1)}
        bad = [
            "/a/",
            "/a/nonsense",
            scene.links["unsubscribe"][:-3],
            "/a/" + sign(Link(subscriber="desk", **fresh | {"until": now - timedelta(days=1)}), key),
            "/a/" + sign(Link(subscriber="nobody", **fresh), key),
            "/a/" + sign(Link(subscriber="desk", **fresh), b"another key" * 3),
        ]
        before = scene.dump()
        answers = {(await scene.ask(path, body))[:2] for path in bad for body in (None, ONE_CLICK)}
        assert len(answers) == 1  # one page for all, which says nothing of why
        assert answers.pop()[0] == 403
        assert scene.dump() == before
        assert (await scene.ask("/b/x", b"x"))[0] == 404
        assert (await scene.ask("/a/" + "x" * 5_000))[0] == 400
        assert (await scene.ask(scene.links["settings"], b"x" * 70_000))[0] == 400

    with_scene(tmp_path, test)


def test_nobody_is_answered_before_the_monitor_runs_and_not_more_than_a_few_a_second(tmp_path):
    async def test(scene):
        answers = [(await scene.ask("/a/x"))[0] for _ in range(80)]
        assert {403, 503} == set(answers)

    with_scene(tmp_path, test)
    page = Actions(time.monotonic).answer("GET", "/a/x", {}, None)
    assert page.status == 503
    assert re.search("try again", page.html)
