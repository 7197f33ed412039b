"""Deliveries under faults, through the real store and channels against real servers, with a clock that the test moves:
lost replies, partly refused recipients, a mail server that is away for hours, Slack that says 429 for minutes."""

import asyncio
import itertools
import random
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from support.desk import Desk
from support.mailhost import Drop, MailHost
from support.rig import Mail
from support.slackhost import Answer, Cut, SlackHost

from monitor.model import DeliveryState


def mail_channel(host, **more):
    extra = "".join(f", {key}: {value}" for key, value in more.items())
    return f"  mail: {{kind: email, host: 127.0.0.1, port: {host.port}, security: none, from: a@example.org{extra}}}"


def message_ids(host):
    return Counter(str(message_from_bytes(one.raw, policy=policy.default)["Message-ID"]) for one in host.letters)


def test_lost_replies_are_sent_again_with_the_same_key_and_counted(tmp_path):
    """R4: one reply in ten is withheld after the mail was accepted."""
    chance = random.Random(7)

    async def run(host):
        async with Desk(
            tmp_path, mail_channel(host, rate=100, burst=100), "[{channel: mail, to: [d@example.org]}]"
        ) as desk:
            await desk.alerts(1000)

            for _ in range(130):
                host.script("content", "250 accepted", times=chance.randint(4, 14))
                host.script("content", Drop(), times=1)
            await desk.run(timedelta(hours=1), step=5)
            figures = await desk.parts.store.figures(desk.now, timedelta(minutes=5))
            return await desk.states(), figures.unknown_outcomes

    with MailHost() as host:
        states, unknown = asyncio.run(run(host))
        ids = message_ids(host)
    assert states == {"sent": 1000}
    assert len(ids) == 1000
    repeats = sum(ids.values()) - len(ids)
    assert unknown > 0
    assert repeats <= unknown


def test_each_recipient_is_a_delivery_of_its_own(tmp_path):
    """R8: three recipients, one 550, one 450: one dead, one tried again, one copy for each who accepted."""

    async def run(host):
        to = "[{channel: mail, to: [good@example.org, gone@example.org, busy@example.org]}]"
        async with Desk(tmp_path, mail_channel(host), to) as desk:
            host.script("rcpt", "550 5.1.1 no such user", recipient="gone@example.org")
            host.script("rcpt", "450 4.2.0 try later", recipient="busy@example.org", times=1)
            await desk.alerts(1)
            await desk.run(timedelta(minutes=5), step=5)
            return await desk.parts.store.deliveries(limit=10)

    with MailHost() as host:
        found = asyncio.run(run(host))
        assert Counter(one.recipient for one in host.letters) == {"good@example.org": 1, "busy@example.org": 1}
    by_address = {one.address: one for one in found}
    assert by_address["good@example.org"].state is DeliveryState.SENT
    assert by_address["gone@example.org"].state is DeliveryState.DEAD
    assert "no such user" in by_address["gone@example.org"].last_error
    assert (by_address["busy@example.org"].state, by_address["busy@example.org"].attempts) == (DeliveryState.SENT, 2)


def test_a_mail_server_that_is_away_for_six_hours(tmp_path):
    """R6: few connections while it is away; all is delivered when it is back, in singles and one digest."""

    async def run():
        first = Mail()
        first.close()
        channels = mail_channel(first, rate=100, burst=100)
        async with Desk(tmp_path, channels, "[{channel: mail, to: [d@example.org]}]") as desk:
            for _ in range(60):
                await desk.alerts(1)
                await desk.run(timedelta(minutes=6), step=10, done=False)
            attempts = 0
            for one in await desk.parts.store.deliveries(limit=1000):
                attempts += len(await desk.parts.store.attempts(one.id))
            back = desk.now
            host = Mail(first.port)
            try:
                while not host.accepted and desk.now < back + timedelta(minutes=11):
                    await desk.run(timedelta(seconds=10), step=10, done=False)
                assert host.accepted, "nothing came within eleven minutes of the return"
                await desk.run(timedelta(minutes=30), step=5)
            finally:
                host.close()
            return attempts, await desk.states(), len(host.accepted)

    attempts, states, letters = asyncio.run(run())
    assert attempts <= 60
    assert set(states) == {"sent", "carried"}
    assert states["carried"] + states["sent"] == 60 + 1 * (letters - (60 - states["carried"]))
    assert letters <= 25


def slack_channel(host):
    return f"  slack: {{kind: slack, url: '{host.url}'}}"


def test_no_request_inside_a_retry_after_window_and_nothing_lost(tmp_path):
    """R7: Slack says 429 with Retry-After for ten minutes while a thousand alerts wait."""

    async def run(host):
        async with Desk(tmp_path, slack_channel(host), "[slack]") as desk:
            await desk.alerts(1000)
            times = []
            seen = 0
            limited = desk.now + timedelta(minutes=10)
            host.script(Answer(429, "ratelimited", {"Retry-After": "30"}))

            def watch():
                nonlocal seen
                times.extend([desk.now] * (len(host.requests) - seen))
                seen = len(host.requests)
                if desk.now >= limited:
                    host.unscript()

            await desk.run(timedelta(hours=1), each=watch)
            watch()
            return times, limited, await desk.states()

    with SlackHost() as host:
        times, limited, states = asyncio.run(run(host))
    during = [at for at in times if at < limited]
    assert all((b - a).total_seconds() >= 30 for a, b in itertools.pairwise(during))
    for at in times:
        assert sum(1 for one in times if timedelta() <= one - at < timedelta(seconds=1)) <= 3
    assert "pending" not in states
    assert states["carried"] >= 900  # the backlog went as a digest
    assert states["carried"] + states["sent"] == 1001  # and its own delivery
    assert "dead" not in states


def test_a_reply_that_slack_withholds_is_unknown_and_sent_again(tmp_path):
    async def run(host):
        async with Desk(tmp_path, slack_channel(host), "[slack]") as desk:
            host.script(Cut(), times=1)
            await desk.alerts(1)
            await desk.run(timedelta(minutes=2))
            (delivery,) = await desk.parts.store.deliveries(limit=10)
            return delivery

    with SlackHost() as host:
        delivery = asyncio.run(run(host))
        assert len(host.requests) == 2
        assert host.requests[0].json == host.requests[1].json
    assert (delivery.state, delivery.unknowns, delivery.attempts) == (DeliveryState.SENT, 1, 2)


def test_a_channel_that_refuses_us_keeps_its_deliveries_and_the_operator_is_told_elsewhere(tmp_path):
    async def run(host):
        channels = f"{slack_channel(host)}\n  box: {{kind: maildir, path: box}}"
        async with Desk(tmp_path, channels, "[slack, box]", extra="operator: [desk]\n") as desk:
            host.script(Answer(404, "no_service"))
            await desk.alerts(3)
            await desk.run(timedelta(minutes=30), step=10, done=False)
            return await desk.states(), len(host.requests)

    with SlackHost() as host:
        states, requests = asyncio.run(run(host))
    assert requests <= 3
    assert states["pending"] == 3
    texts = [one.read_text() for one in (tmp_path / "box" / "new").iterdir()]
    assert len([text for text in texts if "slack" in text and "does not deliver" in text]) == 1


POISON = ["=?utf-8?q?a=0D=0ABcc:_x?=", "a\ud800b", "<!channel> *x*", "{{7*7}} ${7}", "\u202egnp.exe", "\u0301" * 400]


@pytest.mark.parametrize("title", POISON)
def test_a_hostile_title_neither_loops_nor_blocks_its_neighbours(tmp_path, title):
    """R10, through every channel at once."""

    async def run(mail, slack):
        channels = f"{mail_channel(mail)}\n{slack_channel(slack)}\n  box: {{kind: maildir, path: box}}"
        to = "[slack, box, {channel: mail, to: [d@example.org]}]"
        async with Desk(tmp_path, channels, to) as desk:
            await desk.alerts(1)
            await desk.alerts(1, title)
            await desk.alerts(1)
            await desk.run(timedelta(minutes=5))
            return await desk.parts.store.deliveries(limit=20)

    with MailHost() as mail, SlackHost() as slack:
        found = asyncio.run(run(mail, slack))
    assert len(found) == 9
    assert all(one.state in {DeliveryState.SENT, DeliveryState.DEAD} and one.attempts <= 2 for one in found)
    assert sum(one.state is DeliveryState.SENT for one in found) >= 6


def test_a_stop_that_overtakes_a_claim_sends_nothing_and_gives_the_leases_back(tmp_path):
    """A send that starts after the stop has counted what is under way would be cut off after the mail was accepted."""

    async def run(host):
        async with Desk(tmp_path, mail_channel(host), "[{channel: mail, to: [d@example.org]}]") as desk:
            await desk.alerts(5)
            asked = asyncio.create_task(desk.engine.deliver_due())
            await asyncio.sleep(0)  # it is at the store now
            await asyncio.gather(desk.engine.stop(5), asked)
            return asked.result(), await desk.states()

    with MailHost() as host:
        started, states = asyncio.run(run(host))
        assert (started, states, host.letters) == (0, {"pending": 5}, [])
