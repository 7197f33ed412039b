"""Signing and mail that comes back, as the settings file says it."""

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from monitor.channels.dkim_signing import Signer
from monitor.config import load_settings
from monitor.errors import ConfigError

MAIL = "kind: email, host: h.example, from: Monitor <m@Example.org>"

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # quick to make
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


def pem(key, kind=form.PrivateFormat.PKCS8):
    return key.private_bytes(form.Encoding.PEM, kind, form.NoEncryption()).decode()


def loaded(folder, more, sender=MAIL, dkim=None):
    (folder / "key").write_text("canary of the key\n")
    (folder / "dkim").write_text(pem(KEY) if dkim is None else dkim, newline="")
    (folder / "lines").write_text("two\nlines\n")
    file = folder / "monitor.yaml"
    file.write_text(f"channels: {{m: {{{sender}, {more}}}}}")
    (channel,) = load_settings(file, {}).channels
    return channel


def test_a_key_and_its_domain(tmp_path):
    made = loaded(tmp_path, "dkim: {selector: s1, key_file: dkim}, bounce_address: b@example.org")
    assert (made.dkim.selector, made.dkim.domain) == ("s1", "Example.org")
    assert made.dkim.key.reveal() == pem(KEY).strip()
    assert "PRIVATE" not in repr(made)
    assert made.bounce_address == "b@example.org"
    assert loaded(tmp_path, "dkim: {selector: s1, domain: mail.example, key_file: dkim}").dkim.domain == "mail.example"


def test_where_mail_that_comes_back_is_found(tmp_path):
    assert loaded(tmp_path, "burst: 2").bounces is None
    assert loaded(tmp_path, "bounces: {maildir: back}").bounces.maildir == tmp_path / "back"
    made = loaded(tmp_path, "bounces: {imap: {host: i.example, username: u, password_file: key}}").bounces.imap
    assert (made.host, made.port, made.username, made.password.reveal(), made.folder) == (
        "i.example", 993, "u", "canary of the key", "INBOX",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("dkim: {selector: s1, key_file: nowhere}", "the file of this secret cannot be read"),
        ("dkim: {selector: s 1, key_file: dkim}", "expected a host name"),
        ("dkim: {selector: s1}", "key_file"),
        ("bounces: {}", "channels.m.bounces: give either `maildir` or `imap`"),
        ("bounces: {maildir: a, imap: {host: h, username: u, password_file: key}}", "give either `maildir` or `imap`"),
        ("bounces: {imap: {host: h, username: u, password_file: nowhere}}", "the file of this secret cannot be read"),
        ("bounces: {imap: {host: h, username: u, password_file: lines}}", "has a line break in it"),
        (
            "bounces: {imap: {host: h, username: u, password_file: key, folder: Rückläufer}}",
            "imap.folder: must be ASCII",
        ),
        ("bounce_address: nobody", "bounce_address"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, more, said):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, more)
    assert said in str(caught.value)
    assert caught.value.faults[0].line == 1
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("kind", [form.PrivateFormat.PKCS8, form.PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_keys_as_openssl_writes_them_can_sign(tmp_path, kind, line_end):
    text = pem(KEY, kind).replace("\n", line_end)
    made = loaded(tmp_path, "dkim: {selector: s1, key_file: dkim}", dkim=text).dkim
    assert Signer(made).sign(b"From: a@example.org\r\n\r\nText.\r\n").startswith(b"DKIM-Signature: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "expected an RSA key in PEM"),
        ("n\u00f6nsense", "expected an RSA key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "expected an RSA key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----", "expected an RSA key in PEM"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "expected an RSA key in PEM"),
        (SHORT, "the RSA key has 512 bits; receivers take none below 1024"),
    ],
    ids=["text", "not ASCII", "garbage", "no base64", "ed25519", "short"],
)
def test_what_is_no_key_is_told_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "dkim: {selector: s1, key_file: dkim}", dkim=text)
    assert f"channels.m.dkim.key_file: {said}" in str(caught.value)
    assert text not in str(caught.value)
