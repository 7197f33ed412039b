"""Mail that comes back: a Maildir and an IMAP server, the delivery it belongs to, and what the operator is told."""

import asyncio
import dataclasses
import mailbox
from datetime import timedelta

import pytest
from support.beat import Beat
from support.bounces import complaint, report
from support.channels import free_port
from support.imaphost import ImapHost, Stored
from support.mailhost import Certificates
from support.storing import alert, deliveries_of, record

from monitor.channels.bounce_box import MOST, ImapBox, MaildirBox, bounce_box
from monitor.engine.bounces import Bounces
from monitor.errors import ChannelError
from monitor.model import DeliveryState
from monitor.settings import BounceSettings, EmailSettings, ImapSettings, Secret

PASSWORD = 'canary "of" the \\ mailbox'
KEY = "alert1-mail"
TO = "a@example.org"
GONE = report(key=KEY, recipient="somebody-else@example.org")


def email_settings(bounces):
    return EmailSettings(id="mail", host="localhost", sender="m@example.org", bounces=bounces)


async def sent(beat):
    """An alert that went to `TO` under `KEY`."""
    await beat.parts.store.record_alert(alert(), beat.now)
    (claim,) = await deliveries_of(beat.parts.store, at=beat.now)
    await beat.parts.store.begin_attempt(claim.delivery.id, claim.lease, beat.now)
    await beat.parts.store.record_attempt(record(claim))


stopped = {}
"""What the last story stopped."""


def told_of(folder, *mails, before=None, ticks=1):
    """What the operator is told when these come back, what is kept with the delivery, and the Maildir they came into."""
    box = mailbox.Maildir(folder / "back", create=True)
    for one in mails:
        box.add(one)

    stopped.clear()

    async def run():
        async with Beat(folder) as beat:
            loaded = beat.parts.live.loaded
            channels = (*loaded.settings.channels, email_settings(BounceSettings(maildir=folder / "back")))
            beat.parts.live.loaded = dataclasses.replace(
                loaded, settings=dataclasses.replace(loaded.settings, channels=channels)
            )
            await sent(beat)
            if before is not None:
                before(beat)
            bounces = Bounces(beat.parts)
            counts = []
            for _ in range(ticks):
                counts.append(await bounces.tick())
                beat.now += timedelta(minutes=1)
            (kept,) = [one for one in await beat.parts.store.deliveries(limit=50) if one.key == KEY]
            stopped.update(await beat.parts.store.stopped())
            return await beat.told(), kept, counts

    return asyncio.run(run())


def test_an_address_that_is_gone_is_noted_with_the_delivery_and_the_operator_is_told_once(tmp_path):
    notices, kept, counts = told_of(tmp_path, GONE, GONE, b"Subject: hello\n\nNo bounce.\n", ticks=2)
    assert counts == [2, 0]
    assert (kept.state, kept.last_error) == (DeliveryState.SENT, "bounced: 550 5.1.1 no such user")
    (one,) = notices
    assert one.subject == f"Mail to {TO} comes back"  # where we sent it, whatever the report says
    assert "takes no mail" in one.text
    assert "Nothing more is sent there. Once it is mended: monitor subscribers resume ID." in one.text
    assert [(stop.address, stop.reason, stop.detail) for stop in stopped.values()] == [
        (TO, "bounced", "550 5.1.1 no such user")
    ]
    assert f"It was delivery {KEY}." in one.text
    assert list((tmp_path / "back" / "new").iterdir()) == []
    assert [file.name.rpartition(":")[2] for file in (tmp_path / "back" / "cur").iterdir()] == ["2,S"] * 3


@pytest.mark.parametrize(
    ("raw", "subject", "noted", "why"),
    [
        (
            complaint(key=KEY), f"{TO} complained of an alert", "complained: abuse, told by SomeGenerator/1.0",
            ["complained"],
        ),
        (report(key=KEY, status="5.2.2", code="smtp; 552 full"), f"An alert to {TO} came back", "bounced: 552 full", []),
    ],
)  # fmt: skip
def test_complaints_and_messages_that_were_given_up(tmp_path, raw, subject, noted, why):
    (one,), kept, _ = told_of(tmp_path, raw)
    assert (one.subject, kept.last_error) == (subject, noted)
    assert [stop.reason for stop in stopped.values()] == why


@pytest.mark.parametrize("raw", [report(key=KEY, action="delayed", status="4.4.1"), report(), report(key="a b")])
def test_what_is_only_late_or_is_not_of_ours_changes_nothing(tmp_path, raw):
    notices, kept, counts = told_of(tmp_path, raw)
    assert (notices, kept.last_error, counts) == ([], None, [1])


def test_what_was_stopped_is_told_once_and_stays_stopped(tmp_path):
    later = GONE.replace(b"no such user", b"still no such user")
    notices, kept, counts = told_of(tmp_path, GONE, complaint(key=KEY), later)
    assert counts == [3]
    assert len(notices) == 1
    assert kept.last_error.startswith(("bounced: ", "complained: "))


def test_a_mailbox_that_cannot_be_read_is_told_once(tmp_path):
    back = tmp_path / "back"
    notices, _, counts = told_of(
        tmp_path, before=lambda _: (back / "new" / "x").symlink_to(tmp_path / "monitor.yaml") or _blocked(back), ticks=3
    )
    assert counts == [0, 0, 0]
    (one,) = notices
    assert one.subject == "Bounces of mail are not read"
    assert f"nothing can be moved in the Maildir {back}" in one.text


def _blocked(back):
    (back / "cur").rmdir()
    (back / "cur").touch()


# ── The boxes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_channels_without_bounces_have_no_box(tmp_path):
    assert bounce_box(email_settings(None)) is None
    assert bounce_box(email_settings(BounceSettings())) is None
    assert isinstance(bounce_box(email_settings(BounceSettings(maildir=tmp_path))), MaildirBox)


def test_a_maildir_hands_out_what_no_program_has_marked_as_seen(tmp_path):
    box = MaildirBox(tmp_path / "box")
    assert box.unread() == []
    made = mailbox.Maildir(tmp_path / "box", create=True)
    for flags, text in (("", b"new"), ("F", b"listed"), ("S", b"seen")):
        one = mailbox.MaildirMessage(b"Subject: " + text + b"\n\n")
        one.set_subdir("cur" if flags else "new")
        one.set_flags(flags)
        made.add(one)
    messages = box.unread()
    assert sorted(raw.split()[1] for _, raw in messages) == [b"listed", b"new"]
    box.mark([name for name, _ in messages])
    box.mark([name for name, _ in messages])  # somebody was quicker
    box.close()
    assert box.unread() == []
    assert sorted(file.name.rpartition(",")[2] for file in (tmp_path / "box" / "cur").iterdir()) == ["FS", "S", "S"]


def test_a_maildir_that_is_no_folder_of_ours_is_told(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "x").write_text("x")
    (tmp_path / "cur").touch()
    box = MaildirBox(tmp_path)
    ((name, _),) = box.unread()
    with pytest.raises(ChannelError, match="nothing can be moved"):
        box.mark([name])
    with pytest.raises(ChannelError, match="cannot be read"):
        MaildirBox(tmp_path / ("x" * 300)).unread()
    (tmp_path / "new" / "x").unlink()
    for number in range(MOST + 5):
        (tmp_path / "new" / f"{number}").touch()
    assert len(box.unread()) == MOST


@pytest.fixture(scope="module")
def certificates():
    return Certificates()


@pytest.fixture
def server(certificates, tmp_path):
    certificates.write_ca(tmp_path / "ca.pem")
    with ImapHost(certificates, {'mon"itor': PASSWORD}, folder="Bounces") as host:
        yield host


def imap(server, place, *, ca="ca.pem", patience=60.0, **given):
    defaults = {"host": "localhost", "port": server.port, "username": 'mon"itor', "folder": "Bounces"}
    settings = ImapSettings(**{**defaults, "password": Secret(PASSWORD), **given})
    return ImapBox(settings, place / ca if ca else None, patience=patience)


def test_a_folder_on_a_server_is_read_and_marked(server, tmp_path):
    server.messages += [
        Stored(b"Subject: old\r\n\r\n", {r"\Seen"}),
        Stored(GONE),
        Stored(b"Subject: x\r\n\r\n" * 100_000),
    ]
    box = imap(server, tmp_path)
    messages = box.unread()
    assert [name for name, _ in messages] == ["102", "103"]
    assert messages[0][1] == GONE
    assert len(messages[1][1]) == 1_000_000
    assert [one.flags for one in server.messages] == [{r"\Seen"}, set(), set()]  # not before all is recorded
    box.mark([name for name, _ in messages])
    assert [one.flags for one in server.messages] == [{r"\Seen"}] * 3
    box.close()
    box.close()
    assert server.commands[-2:] == ["STORE", "LOGOUT"]
    again = imap(server, tmp_path)
    assert again.unread() == []
    again.mark([])
    again.close()


def test_a_slow_server_is_left_before_long(server, tmp_path):
    server.messages.append(Stored(GONE))
    box = imap(server, tmp_path, patience=-1)
    assert box.unread() == []
    box.close()
    assert "FETCH" not in server.commands


@pytest.mark.parametrize(
    ("given", "refused", "said"),
    [
        ({"password": Secret("wrong one")}, {}, r"AUTHENTICATIONFAILED\] not with \*\*\*"),
        ({"folder": "Elsewhere"}, {}, "no such folder"),
        ({"ca": None}, {}, "self-signed certificate|unable to get local issuer"),
        ({"host": "127.0.0.1", "port": free_port()}, {}, "refused"),
        ({}, {"SEARCH": "NO busy"}, "busy"),
        ({}, {"FETCH": "BAD what"}, "what"),
        ({}, {"SELECT": "BAD what"}, "what"),
    ],
    ids=["password", "folder", "certificate", "nobody", "search", "fetch", "select"],
)
def test_what_a_server_refuses_is_told_without_the_password(server, tmp_path, given, refused, said):
    server.messages.append(Stored(GONE))
    server.refuse |= refused
    box = imap(server, tmp_path, **given)
    with pytest.raises(ChannelError, match=said) as caught:
        box.unread()
    assert "wrong one" not in str(caught.value)
    assert str(caught.value).startswith('the mailbox of mon"itor on ')
    box.close()


def test_a_mark_that_fails_is_told(server, tmp_path):
    server.messages.append(Stored(GONE))
    server.refuse["STORE"] = "NO read-only"
    box = bounce_box(
        dataclasses.replace(
            email_settings(BounceSettings(imap=imap(server, tmp_path)._settings)), ca_file=tmp_path / "ca.pem"
        )
    )
    ((name, _),) = box.unread()
    with pytest.raises(ChannelError, match="read-only"):
        box.mark([name])
    box.close()
