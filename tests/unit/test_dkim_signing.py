"""Signatures of mail: what a receiver's check says of them, and of what was changed on the way."""

import base64
import re

import dkim
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import rsa
from support.channels import mail, send
from support.channels import mail_channel as channel
from support.mailhost import MailHost

from monitor.channels import make_channel
from monitor.channels.dkim_signing import Signer
from monitor.channels.mailbox import Mailbox
from monitor.channels.mime import mail_bytes
from monitor.errors import ChannelError
from monitor.model import FailureReason, LinkAction, Outcome
from monitor.settings import DeliverySettings, DkimSettings, EmailSettings, Secret

SENDER = Mailbox(local="monitor", domain="example.org", name="Monitor")
LEAVE = {LinkAction.UNSUBSCRIBE: "https://monitor.example/l/abc"}


def pem(key):
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def verified(key):
    """Whether a message bears a signature that holds, by the record of the test's own DNS."""
    public = key.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    records = {b"s1._domainkey.example.org.": b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)}
    return lambda raw: dkim.verify(raw, dnsfunc=lambda name, timeout=5: records.get(name))


def settings(key, **given):
    return DkimSettings(**{"selector": "s1", "domain": "example.org", "key": Secret(key), **given})


def signed(key, **given):
    message = mail("Заголовок =?utf-8?q?x?=", text="Текст.\r\n.\r\n  blanks  \r\n", **given)
    return Signer(settings(pem(key))).sign(mail_bytes(message, message.content, sender=SENDER, reply_to=SENDER))


def test_a_signed_message_is_verified_and_one_that_was_changed_is_not(key, verified):
    raw = signed(key, links=LEAVE, thread="ef" * 32, follows="<a@example.org>")
    assert raw.startswith(b"DKIM-Signature: ")
    assert verified(raw)
    assert verified(raw.replace(b"Subject: ", b"Subject:   "))  # folded or trimmed by a relay
    for old, new in (
        (b"List-Unsubscribe: <https://monitor.example", b"List-Unsubscribe: <https://else.example"),
        (b"One-Click", b"Two-Click"),
        (b"\r\nSubject: ", b"\r\nSubject: x"),
        (b"\r\nSubject: ", b"\r\nSubject: another\r\nSubject: "),
        (b"\r\nFrom: ", b"\r\nFrom: a@b.example\r\nFrom: "),
        (b"text/html", b"text/plain"),
    ):
        changed = raw.replace(old, new, 1)
        assert changed != raw
        assert not verified(changed), old


@pytest.mark.parametrize(
    "name", [b"List-Unsubscribe: <https://else.example>", b"Reply-To: a@b.example", b"References: <a@b>"]
)
def test_what_a_message_does_not_have_cannot_be_added(key, verified, name):
    raw = signed(key)
    assert verified(raw)
    assert not verified(raw.replace(b"MIME-Version: ", name + b"\r\nMIME-Version: ", 1))


def test_the_headers_of_one_click_are_named_by_the_signature(key):
    names = re.search(rb"h=([^;]*);", signed(key, links=LEAVE))[1].replace(b" ", b"").replace(b"\r\n", b"").split(b":")
    assert names.count(b"list-unsubscribe") == names.count(b"list-unsubscribe-post") == names.count(b"from") == 2
    assert names.count(b"in-reply-to") == 1  # it has none, and none can be added


def test_the_mail_channel_signs_and_gives_its_envelope_another_sender(key, verified):
    with MailHost() as host:
        one = channel(host, dkim=settings(pem(key)), bounce_address="bounces@example.org")
        (result,) = send(one, mail("Title", links=LEAVE))
    assert result.outcome is Outcome.SENT
    (letter,) = host.letters
    assert letter.sender == "bounces@example.org"
    assert b'From: "Monitor"\r\n <monitor@example.org>' in letter.raw
    assert verified(letter.raw)


def test_a_message_that_cannot_be_signed_is_refused():
    with MailHost() as host:
        (result,) = send(channel(host, dkim=settings("no key")), mail())
    assert (result.outcome, result.reason) == (Outcome.REFUSED, FailureReason.RENDER_ERROR)
    assert host.letters == []


def test_a_bounce_address_must_be_one():
    given = EmailSettings(id="mail", host="localhost", sender="m@example.org", bounce_address="nobody")
    with pytest.raises(ChannelError, match="bounce_address 'nobody' is not a mail address"):
        make_channel(given, DeliverySettings())
