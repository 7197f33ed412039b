"""A story in a mailbox: what the store keeps of the first message makes the next one an answer to it."""

import asyncio
import dataclasses
import email
from datetime import timedelta
from email import policy

from support.beat import Beat
from support.channels import mail_channel
from support.mailhost import MailHost
from support.storing import alert, deliveries_of

from monitor.engine import flow
from monitor.model import Outcome


def test_an_update_answers_the_first_message_of_its_story_and_is_in_its_thread(tmp_path):
    async def story(host):
        async with Beat(tmp_path) as beat:
            channel = mail_channel(host)
            for number, key in enumerate(("first", "second", "third")):
                new = alert(key, at=beat.now)
                new = dataclasses.replace(new, alert=dataclasses.replace(new.alert, thread="first"))
                await beat.parts.store.record_alert(new, beat.now)
                (claim,) = await deliveries_of(beat.parts.store, at=beat.now)
                result = await flow.deliver(beat.parts, channel, claim)
                assert (result.outcome, result.reference) == (Outcome.SENT, f"<{key}-mail@example.org>"), number
                beat.now += timedelta(minutes=1)
            await channel.close()

    with MailHost() as host:
        asyncio.run(story(host))
    first, *later = [email.message_from_bytes(letter.raw) for letter in host.letters]
    assert (first["References"], first["In-Reply-To"]) == ("<first@example.org>", None)
    for one in later:
        assert one["In-Reply-To"] == first["Message-ID"] == "<first-mail@example.org>"
        assert one["References"].split() == ["<first@example.org>", "<first-mail@example.org>"]
    assert len({one["X-Entity-Ref-ID"] for one in (first, *later)}) == 1


def test_where_our_pages_can_be_reached_a_mail_has_its_links_and_one_click_leaves(tmp_path):
    async def story(host):
        async with Beat(tmp_path, http="{public_url: 'https://monitor.example.org'}") as beat:
            beat.parts.live.link_key = b"k" * 32
            await beat.parts.store.record_alert(alert(at=beat.now), beat.now)
            (claim,) = await deliveries_of(beat.parts.store, at=beat.now)
            channel = mail_channel(host)
            await flow.deliver(beat.parts, channel, claim)
            await channel.close()

    with MailHost() as host:
        asyncio.run(story(host))
    mail = email.message_from_bytes(host.letters[0].raw, policy=policy.default)
    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://monitor.example.org/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in mail.get_body(("plain",)).get_content()
    assert link in mail.get_body(("html",)).get_content()
