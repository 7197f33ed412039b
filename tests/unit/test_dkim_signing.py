"""Signatures of mail: what a receiver's check says of them, and of what was changed on the way."""

import base64
import re

import dkim
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from support.channels import mail, send
from support.channels import mail_channel as channel
from support.mailhost import MailHost

from monitor.channels import make_channel
from monitor.channels.dkim_signing import Signer
from monitor.channels.mailbox import Mailbox
from monitor.channels.mime import mail_bytes
from monitor.errors import ChannelError
from monitor.model import LinkAction, Outcome
from monitor.settings import DeliverySettings, DkimSettings, EmailSettings, Secret

SENDER = Mailbox(local="monitor", domain="example.org", name="Monitor")
SHORT = """-----BEGIN PRIVATE KEY-----
MIIBUwIBADANBgkqhkiG9w0BAQEFAASCAT0wggE5AgEAAkEAq4yYAy/fx0nNy5lZ
rf0ZVFOWWHYUkpJEJxAhrUhUdd/Kgm24jjTKt5yrZMOn0Ggn2pcBB+M6yx6DHQe7
WcMDxQIDAQABAkA5jj4iM5m830IwoQ65lUU+SZ0TqOpWEsTS5lKmNLJBqXs0Kurp
FQIOpR+hT/n/z2VVQaHQXZC63AmLIAFXqjUxAiEA2BywGrvxqFDXQJCrmsUQWejl
vi1WuNPKmXihuMRB0yMCIQDLNk6ORETGPeQ4gOxISPCi/4k4lblvkND/TrCoYU3P
9wIgPNH2DdAO9pupuJX+dZQ4QdV1ssv3uBSC1CZK/UDedZkCIDogTJQRHwL9jRxE
dFGw23QkV+HhoesxpzaAEbP4MUO9AiAEExQc+gqDRYJJYNcmQZxTpWCAYx6RuAP/
9uGxdmLe/w==
-----END PRIVATE KEY-----
"""
LEAVE = {LinkAction.UNSUBSCRIBE: "https://monitor.example/l/abc"}


def pem(key, kind=form.PrivateFormat.PKCS8):
    return key.private_bytes(form.Encoding.PEM, kind, form.NoEncryption()).decode()


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
    return Signer(settings(pem(key)), "mail").sign(mail_bytes(message, message.content, sender=SENDER, reply_to=SENDER))


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


@pytest.mark.parametrize("kind", [form.PrivateFormat.PKCS8, form.PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_keys_as_openssl_writes_them(key, verified, kind, line_end):
    message = mail()
    raw = mail_bytes(message, message.content, sender=SENDER)
    assert verified(Signer(settings(pem(key, kind).replace("\n", line_end)), "mail").sign(raw))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "expected an RSA key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "expected an RSA key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----", "expected an RSA key in PEM"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "expected an RSA key in PEM"),
    ],
    ids=["text", "garbage", "no base64", "ed25519"],
)
def test_what_is_no_key_is_told_when_the_channel_is_made(text, said):
    given = EmailSettings(id="mail", host="localhost", sender="m@example.org", dkim=settings(text))
    with pytest.raises(ChannelError, match=said) as caught:
        make_channel(given, DeliverySettings())
    assert text not in str(caught.value)


def test_a_short_key_is_refused():
    with pytest.raises(ChannelError, match="512 bits"):
        Signer(settings(SHORT), "mail")


def test_a_bounce_address_must_be_one():
    given = EmailSettings(id="mail", host="localhost", sender="m@example.org", bounce_address="nobody")
    with pytest.raises(ChannelError, match="bounce_address 'nobody' is not a mail address"):
        make_channel(given, DeliverySettings())
