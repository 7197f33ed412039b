"""Signing and mail that comes back, as the settings file says it."""

import pytest

from monitor.config import load_settings
from monitor.errors import ConfigError

MAIL = "kind: email, host: h.example, from: Monitor <m@Example.org>"


def loaded(folder, more, sender=MAIL):
    (folder / "key").write_text("canary of the key\n")
    (folder / "lines").write_text("two\nlines\n")
    file = folder / "monitor.yaml"
    file.write_text(f"channels: {{m: {{{sender}, {more}}}}}")
    (channel,) = load_settings(file, {}).channels
    return channel


def test_a_key_and_its_domain(tmp_path):
    made = loaded(tmp_path, "dkim: {selector: s1, key_file: key}, bounce_address: b@example.org")
    assert (made.dkim.selector, made.dkim.domain, made.dkim.key.reveal()) == ("s1", "Example.org", "canary of the key")
    assert "canary" not in repr(made)
    assert made.bounce_address == "b@example.org"
    assert loaded(tmp_path, "dkim: {selector: s1, domain: mail.example, key_file: key}").dkim.domain == "mail.example"


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
        ("dkim: {selector: s 1, key_file: key}", "expected a host name"),
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
