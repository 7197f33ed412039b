"""A preview shows what each channel would be sent of a hit, and changes nothing."""

import asyncio
import json

import pytest
from click.testing import CliRunner
from support.beat import Beat, rss
from support.webhost import WebHost, reply

from monitor.cli import cli

CHANNELS = """channels:
  box: {kind: maildir, path: box}
  room: {kind: slack, url: "https://hooks.slack.com/services/T/B/x"}
  hook: {kind: webhook, url: "https://hook.example/x", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
  phone: {kind: apprise, url: "json://ntfy.example/x"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("preview")
    people = ", {id: night, channels: [box], cadence: daily at 08:00, quiet_hours: 00:00-23:00}, {id: none, channels: [box], rules: [other]}"

    async def story():
        async with WebHost({"/f": reply(body=rss("Planes at Khmeimim"))}) as host:
            beat = Beat(
                made, host.url("/f"), people=people, http="{listen: '127.0.0.1:0', public_url: 'https://m.example'}"
            )
            rules = (made / "rules.yaml").read_text()
            (made / "rules.yaml").write_text(rules + "  - {id: other, kind: topic, title: Other, names: [Zzyzx]}\n")
            text = beat.file.read_text()
            beat.file.write_text(text.replace("channels: {box: {kind: maildir, path: box}}\n", CHANNELS))
            async with beat:
                await beat.poll()

    asyncio.run(story())
    return made


def run(folder, *arguments, code=0):
    before = sorted((folder / "box" / "new").iterdir())
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), "preview", *arguments])
    assert done.exit_code == code, done.output
    assert sorted((folder / "box" / "new").iterdir()) == before
    return done.output


def test_each_channel_shows_what_it_would_be_sent(folder, tmp_path):
    mail = run(folder, "1", "--channel", "box")
    assert mail.startswith("Subject: [routine] Khmeimim: Planes at Khmeimim")
    assert "«Khmeimim»" in mail
    assert "https://m.example/a/PREVIEW" in mail
    slack = json.loads(run(folder, "1", "--channel", "room"))
    assert slack["blocks"][0]["type"] == "header"
    assert slack["blocks"][-1]["type"] == "actions"
    hook = json.loads(run(folder, "1", "--channel", "hook"))
    assert (hook["type"], hook["data"]["reasons"][0]["rule"]) == ("alert.created", "khmeimim")
    assert run(folder, "1", "--channel", "phone").startswith("[routine] Khmeimim")
    page = tmp_path / "mail.html"
    assert "written to" in run(folder, "1", "--channel", "box", "--output", str(page))
    assert "<html" in page.read_text()


def test_whatever_the_cadence_and_the_hour_it_is_shown_at_once(folder):
    assert "subscriber night" in " ".join(run(folder, "1", "--channel", "box", "--subscriber", "night").split())


def test_without_a_hit_it_is_a_test_alert(folder):
    assert "Test" in run(folder, "--channel", "box")


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["1", "--channel", "fax"], "no channel is called fax", 2),
        (["99", "--channel", "box"], "no hit 99", 1),
        (["1", "--channel", "box", "--subscriber", "none"], "the subscriber none takes nothing", 1),
        (["1", "--channel", "box", "--subscriber", "who"], "the subscriber who takes nothing", 1),
    ],
)
def test_what_cannot_be_shown_is_said(folder, arguments, message, code):
    assert message in run(folder, *arguments, code=code)
