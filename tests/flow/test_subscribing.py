"""People who subscribe by themselves: asked by mail, told only once they confirmed, and no way to find out who is known."""

import asyncio
import dataclasses
import re
import urllib.parse
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from support.beat import Beat, rss
from support.mailhost import MailHost
from support.webhost import WebHost, reply

from monitor.console import Request, forget
from monitor.engine.daemon import console_of
from monitor.model import PersonState

FORM = {"address": "ann@example.org", "severity": "routine", "cadence": "", "timezone": "Asia/Beirut"}


def with_console(folder, test, http="{listen: '127.0.0.1:0', public_url: 'https://m.example', subscribe: true}"):
    async def run():
        with MailHost() as mail:
            async with WebHost({"/f": reply(body=rss("Planes at Khmeimim"))}) as host:
                beat = Beat(folder, host.url("/f"), http=http)
                text = beat.file.read_text()
                way = f"mail: {{kind: email, host: 127.0.0.1, port: {mail.port}, security: none, from: m@example.org}}"
                beat.file.write_text(text.replace("channels: {box:", f"channels: {{{way}, box:"))
                async with beat:
                    return await test(beat, console_of(beat.parts, beat.engine), mail)

    return asyncio.run(run())


async def sent(beat, mail):
    while await beat.engine.deliver_due():
        await beat.engine.settle()
    return [message_from_bytes(one.raw, policy=policy.default) for one in mail.letters]


def post(form):
    return Request(method="POST", path="/subscribe", form={name: [value] for name, value in form.items()})


def link_in(message):
    text = re.sub(r"\s+", " ", message.get_body(("plain",)).get_content())
    return urllib.parse.urlsplit(re.search(r"https://m\.example/a/\S+", text)[0]).path


def test_who_confirms_is_told_and_nobody_before(tmp_path):
    async def test(beat, console, mail):
        assert "<form" in (await console.answer(Request(method="GET", path="/subscribe"))).html
        asked = await console.answer(post(FORM))
        assert (asked.status, "Look into your mailbox" in asked.html) == (200, True)
        (message,) = await sent(beat, mail)
        assert (message["To"], "confirm" in message["Subject"]) == ("ann@example.org", True)
        await beat.engine.look_at_people()
        assert [one.id for one in beat.parts.live.people] == ["desk"]
        path = link_in(message)
        assert "Yes, send me alerts" in (await console.answer(Request(method="GET", path=path))).html
        assert [one.id for one in beat.parts.live.people] == ["desk"]  # looking changes nothing
        done = await console.answer(Request(method="POST", path=path))
        assert "You are subscribed" in done.html
        assert beat.parts.live.people[1].timezone == "Asia/Beirut"
        assert "nothing left to do" in (await console.answer(Request(method="POST", path=path))).html
        await beat.poll()
        assert [one["To"] for one in await sent(beat, mail)] == ["ann@example.org"] * 2

    with_console(tmp_path, test)


def test_the_answer_is_the_same_for_all_and_there_are_not_too_many_mails(tmp_path):
    async def test(beat, console, mail):
        answers = set()
        for _ in range(10):
            answers.add((await console.answer(post(FORM))).html)
            beat.now += timedelta(minutes=5)
        assert len(answers) == 1
        assert len(await sent(beat, mail)) == 3  # in fifty minutes
        await beat.parts.store.stop_address("gone@example.org", "bounced", "", beat.now)
        await console.answer(post(FORM | {"address": "gone@example.org"}))
        for number in range(40):
            await console.answer(post(FORM | {"address": f"p{number}@example.org"}))
        letters = await sent(beat, mail)
        assert "gone@example.org" not in {one["To"] for one in letters}
        assert len(letters) <= 3 + 20

    with_console(tmp_path, test)


def test_who_does_not_confirm_is_forgotten(tmp_path):
    async def test(beat, console, mail):
        await console.answer(post(FORM))
        (message,) = await sent(beat, mail)
        beat.now += timedelta(hours=49)
        assert await forget(beat.parts.store, beat.now) == 1
        assert await forget(beat.parts.store, beat.now) == 0
        (person,) = await beat.parts.store.people()
        assert (person.state, person.reason) == (PersonState.REMOVED, "did not confirm")
        beat.now -= timedelta(hours=2)  # the link itself would still hold
        assert (await console.answer(Request(method="POST", path=link_in(message)))).status == 403

    with_console(tmp_path, test)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"address": "nonsense"}, "no mail address"),
        ({"address": "a@b.org, c@d.org"}, "no mail address"),
        ({"address": "a@b.org\r\nBcc: x@y.org"}, "no mail address"),
        ({"severity": "<flash"}, "no such severity"),
        ({"cadence": "often"}, "often"),
        ({"timezone": "Mars"}, "IANA"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_sent(tmp_path, given, message):
    async def test(beat, console, mail):
        page = await console.answer(post(FORM | given))
        assert (page.status, message in page.html) == (400, True)
        assert await sent(beat, mail) == []

    with_console(tmp_path, test)


def test_where_it_is_not_wished_nobody_can(tmp_path):
    async def test(beat, console, mail):
        assert (await console.answer(Request(method="GET", path="/subscribe"))).status == 404
        assert (await console.answer(post(FORM))).status == 404
        settings = beat.parts.live.loaded.settings
        assert not dataclasses.replace(settings.http).subscribe

    with_console(tmp_path, test, http="{listen: '127.0.0.1:0', public_url: 'https://m.example'}")
