"""No secret of the settings reaches an error, a warning, a repr or a log line, whatever is wrong around it."""

import logging
import traceback

import pytest

from monitor.config import load_settings
from monitor.config.document import parse_document
from monitor.errors import ConfigError
from monitor.shown import shown_url

CANARY = "canary-7d1f"

MAIL = "kind: email, host: mail.example.org, from: a@example.org, username: u"

BROKEN = [
    # the wrong place, the wrong key, the wrong form
    f"channels: {{m: {{{MAIL}, pasword: {CANARY}}}}}",
    f"channels: {{m: {{{MAIL}, pw: {CANARY}}}}}",
    f"channels:\n  m:\n    kind: email\n    passphrase: {CANARY}\n    hots: x\n",
    f"chanels: {{m: {{{MAIL}, password: {CANARY}}}}}",
    f"channel:\n  m: {{{MAIL}, pw: {CANARY}}}",
    f"password: {CANARY}",
    f"subscribers: [{{id: x, password: {CANARY}}}]",
    f"channels: {{m: {{{MAIL}, password: [{CANARY}]}}}}",
    f"channels: {{m: {{{MAIL}, password: {{{CANARY}: {CANARY}}}}}}}",
    f"channels: {{m: {{{MAIL}, password: 12, hello: '{CANARY} x'}}}}".replace(f"'{CANARY} x'", "'- x'"),
    f"channels: {{m: {{{MAIL}, password: {CANARY}, security: none}}}}",
    f"channels: {{m: {{kind: email, password: {CANARY}}}}}",
    f"channels: {{m: {{kind: emial, password: {CANARY}}}}}",
    f"channels: {{m: {{password: {CANARY}}}}}",
    f"channels: {{m: {{{MAIL}, password: {CANARY}, password_file: {CANARY}}}}}",
    f"channels: {{m: {{{MAIL}, password_file: {CANARY}}}}}",  # the secret where its file's name is meant
    f"channels: {{s: {{kind: slack, url: {CANARY}}}}}",
    f"channels: {{s: {{kind: slack, url: 'ftp://x.org/{CANARY}'}}}}",
    f"channels: {{s: {{kind: slack, url: 'https://x.org:0x/{CANARY}'}}}}",
    f"channels: {{s: {{kind: slack, ulr: 'https://hooks.slack.com/services/{CANARY}'}}}}",
    f"channels: {{s: {{kind: slack, url: 'https://hooks.slack.com/services/{CANARY}', rate: x}}}}",
    f"channels: {{s: {{kind: slack, url_file: 'https://hooks.slack.com/services/{CANARY}'}}}}",
    f"store: postgres://u:{CANARY}@db",
    f"store: {{url: 'postgres://u:{CANARY}@db'}}",
    f"feeds: ['https://u:{CANARY}@x.org/', 'https://u:{CANARY}@x.org/']",
    f"feeds: ['ftp://u:{CANARY}@x.org/']",
    f"feeds: [{{url: 'https://x.org/f?token={CANARY}', evry: 5m}}]",
    f"feeds: [{{url: 'https://x.org:y/f?api_key={CANARY}'}}]",
    f"feeds: [{{path: 'https://x.org/f?access_token={CANARY}', lang: english}}]",
    f"feeds: [{{url: 'https://u:{CANARY}@x.org/', path: a}}]",
    # no YAML
    f"channels: {{m: {{{MAIL}, password: *{CANARY}}}}}",
    f"channels: {{m: {{{MAIL}, password: &{CANARY} x}}}}",
    f"channels: {{m: {{{MAIL}, password: !{CANARY} x}}}}",
    f"channels: {{m: {{{MAIL}, password: !{CANARY}!x y}}}}",
    f"channels: {{m: {{{MAIL}, password: '{CANARY}}}}}",
    f"channels:\n  m:\n    password: {CANARY}: x\n",
    f"channels:\n  m:\n    password: {CANARY}\n     x: y\n",
    f"channels:\n  m:\n    password: {CANARY}\n    password: {CANARY}\n",
    f"channels:\n  m:\n    12: {CANARY}\n    x: [\n",
    f'channels:\n  s:\n    url:\n      - "{CANARY}\n',
    f"channels:\n  m:\n    password: >\n      {CANARY}\n   {CANARY}: x\n",
    f'channels:\n  m:\n    password: "{CANARY}\n{CANARY}: \n',
    f"channels:\n  m:\n    pw: @{CANARY}\n",
    f"channels:\n  m: {{kind: email, secret: {CANARY}]\n",
    f"feeds:\n  - https://u:{CANARY}@x.org/ : [\n",
    f'channels: {{m: {{{MAIL}, password: "{CANARY}\\q"}}}}',
    f"a: \x1b\nchannels: {{m: {{password: {CANARY}}}}}",
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_no_fault_shows_a_secret(tmp_path, text, caplog):
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "monitor.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.faults) + caplog.text
    assert CANARY not in shown
    assert caught.value.faults[0].line is not None  # the place is told all the same


@pytest.mark.parametrize("value", [CANARY, f"https://x.org:y/{CANARY}", f"{CANARY}\n"])
@pytest.mark.parametrize("key", ["PASSWORD", "PASSWORD_FILE", "PORT_FILE", "HOST__X", "URL"])
def test_no_variable_shows_a_secret(tmp_path, key, value):
    file = tmp_path / "monitor.yaml"
    file.write_text(f"channels: {{m: {{{MAIL.replace(', username: u', '')}}}, s: {{kind: slack}}}}")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {f"MONITOR_CHANNELS__{name}__{key}": value for name in "MS"})
    assert CANARY not in str(caught.value) + repr(caught.value)


def test_settings_that_hold_show_no_secret(tmp_path):
    file = tmp_path / "monitor.yaml"
    (tmp_path / "hook").write_text(f"https://x.org/{CANARY}")
    file.write_text(f"channels: {{m: {{{MAIL}, password: {CANARY}}}, s: {{kind: slack, url_file: hook}}}}")
    settings = load_settings(file, {})
    assert CANARY not in repr(settings) + str(settings)
    assert settings.channels[0].password.reveal() == CANARY
    assert settings.channels[1].url.reveal() == f"https://x.org/{CANARY}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe" + CANARY.encode(), "not UTF-8"),
        (CANARY.encode() * 10_000, "too long"),
    ],
)
def test_files_of_secrets_that_hold_none(tmp_path, content, words):
    (tmp_path / "hook").write_bytes(content)
    file = tmp_path / "monitor.yaml"
    file.write_text("channels: {s: {kind: slack, url_file: hook}}")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_line_without_a_secret_is_shown_beside_one_with_it(tmp_path):
    document = parse_document("a: 1\npassword: x\na: 2\n", tmp_path / "a.yaml")
    assert document.faults[0].source == "a: 2"
    long = parse_document(f"a: [{'x, ' * 300}&y z]\n", tmp_path / "a.yaml")
    assert long.faults[0].source is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/feed.xml", "https://example.org/feed.xml"),
        ("https://user:pass@example.org:8080/f", "https://example.org:8080/f"),
        ("https://example.org/f?page=2&token=abc&x=1", "https://example.org/f?page=2&token=***&x=1"),
        ("https://example.org/f?api_key=a;sig=b", "https://example.org/f?api_key=***;sig=***"),
        ("https://example.org/f?%74oken=abc", "https://example.org/f?%74oken=***"),  # the name in escapes
        ("https://example.org/f?q=Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg", "https://example.org/f?q=***"),  # it looks random
        ("https://example.org/f?Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg", "https://example.org/f?***"),
        ("https://example.org/f?q=military+bases+in+syria", "https://example.org/f?q=military+bases+in+syria"),
        ("https://example.org/f?token=", "https://example.org/f?token="),
        ("https://example.org/f#access_token=x", "https://example.org/f#access_token=***"),
        ("https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com/***"),
        ("https://[::1]:80/f", "https://[::1]:80/f"),
        ("https://u:p@[::1/f", "https://***"),  # cannot be read
        ("https://u:p@x.org:port/f", "https://***"),
        ("/srv/seeds", "/srv/seeds"),
    ],
)
def test_addresses_are_shown_without_their_secrets(url, shown):
    assert shown_url(url) == shown
