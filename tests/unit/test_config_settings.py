"""The settings file and the environment: what they come to, and every mistake with its place."""

import dataclasses
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from monitor import settings as s
from monitor.config import load_settings
from monitor.config.feed_list import feed_id
from monitor.errors import ConfigError
from monitor.model import FeedKind, Outlet, Recipient, RuleKind, Severity
from monitor.settings import EmailSettings, MaildirSettings, Secret, SlackSettings

FULL = """
store: {url: sqlite:////srv/monitor.db, expect_existing: true}
rules: [rules, more/rules.yaml]
feeds:
  - seeds
  - https://example.org/feed.xml
  - {id: bbc-world, url: "https://example.org/world", outlet: bbc, every: 10m, lang: en, title: World,
     category: [/News/World, Politics], labels: {desk: mena}}
  - {id: drop, path: seeds, category: Local}
outlets:
  bbc: {title: BBC News, country: GB, lang: en, labels: {owner: public}}
channels:
  mailbox: {kind: maildir, path: var/alerts, from: "Monitor <m@example.org>"}
  mail:
    {kind: email, host: mail.example.org, from: monitor@example.org, username: u, password_file: secret,
     reply_to: desk@example.org, hello: monitor.example.org, timeout: 30s, rate: 2, burst: 5, ca_file: secret}
  desk: {kind: slack, url_file: hook}
subscribers:
  - id: desk
    title: The desk
    channels: [mailbox, desk, {channel: mail, to: [a@example.org, b@example.org]}]
    kinds: base
    labels: {desk: mena}
    severity: urgent
    timezone: Europe/Berlin
  - {id: boss, channels: [{channel: mail, to: boss@example.org}]}
operator: desk
polling: {every: 20m, floor: 2m, ceiling: 2d, concurrency: 4, per_host: 2, directory_every: 1s}
fetch: {timeout: 1m30s, max_wire_bytes: 5MB, max_body_bytes: 1.5 MiB, max_header_bytes: 1024, user_agent: x/1,
        allow_private: [127.0.0.0/8, "::1"]}
delivery: {max_age: 1w, max_attempts: 3, max_singles: 0, late_after: 1h, allow_private: [10.0.0.0/8]}
http: {listen: "[::1]:0", enabled: false}
log: {format: json, level: debug}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "seeds").mkdir()
    for name, text in (("secret", "hunter2\n"), ("hook", "https://hooks.slack.com/services/T/B/x\r\n")):
        (tmp_path / name).write_text(text, newline="")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def write(folder, text):
    file = folder / "monitor.yaml"
    file.write_text(text)
    return file


def told(folder, text, environ=None):
    """The messages of all faults."""
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text), environ or {})
    return [fault.message for fault in caught.value.faults]


def test_an_empty_file_is_all_defaults(folder):
    got = load_settings(write(folder, ""), {})
    assert got.store.path == folder / "var" / "monitor.db"
    assert got.rules == (folder / "rules",)
    assert (got.feeds, got.channels, got.subscribers, got.operator) == ((), (), (), ())
    assert (got.polling, got.fetch, got.delivery) == (s.PollingSettings(), s.FetchSettings(), s.DeliverySettings())
    assert (got.http, got.log) == (s.HttpSettings(), s.LogSettings())
    assert got.watched == (folder / "monitor.yaml",)


def test_sections_that_were_left_empty_are_as_if_they_were_not_there(folder):
    names = [field.name for field in dataclasses.fields(s.Settings) if field.name not in {"file", "watched", "content"}]
    text = "".join(f"{name}:\n" for name in names)
    assert load_settings(write(folder, text), {}) == load_settings(write(folder, ""), {})


def test_everything_said(folder):
    got = load_settings(write(folder, FULL), {})
    assert (got.store.path, got.store.expect_existing) == (Path("/srv/monitor.db"), True)
    assert got.rules == (folder / "rules", folder / "more" / "rules.yaml")
    seeds, plain, world, drop = got.feeds
    assert (seeds.id, seeds.url, seeds.kind) == (feed_id("seeds"), str(folder / "seeds"), FeedKind.DIRECTORY)
    assert (plain.id, plain.url, plain.kind) == (feed_id(plain.url), "https://example.org/feed.xml", FeedKind.HTTP)
    assert (world.id, world.outlet, world.lang, world.title) == ("bbc-world", "bbc", "en", "World")
    assert (world.every, world.categories) == (timedelta(minutes=10), ("/News/World", "/Politics"))
    assert world.labels == {"desk": "mena"}
    assert (drop.id, drop.url, drop.categories) == ("drop", str(folder / "seeds"), ("/Local",))
    assert got.outlets == (Outlet(id="bbc", title="BBC News", country="GB", lang="en", labels={"owner": "public"}),)
    assert got.operator == ("desk",)
    assert got.polling.ceiling == timedelta(days=2)
    assert (got.fetch.timeout, got.fetch.max_wire_bytes) == (timedelta(seconds=90), 5_000_000)
    assert (got.fetch.max_body_bytes, got.fetch.max_header_bytes) == (1_572_864, 1024)
    assert got.fetch.allow_private == (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert (got.delivery.max_age, got.delivery.max_singles) == (timedelta(days=7), 0)
    assert (got.http.host, got.http.port, got.http.enabled) == ("::1", 0, False)
    assert (got.log.format, got.log.level) == ("json", "debug")
    assert set(got.watched) == {folder / "monitor.yaml", folder / "secret", folder / "hook"}


def test_channels_and_subscribers(folder):
    got = load_settings(write(folder, FULL), {})
    assert got.channels == (
        MaildirSettings(id="mailbox", path=folder / "var" / "alerts", sender="Monitor <m@example.org>"),
        EmailSettings(
            id="mail", host="mail.example.org", sender="monitor@example.org", port=587, username="u",
            password=Secret("hunter2"), ca_file=folder / "secret", hello="monitor.example.org",
            reply_to="desk@example.org", timeout=timedelta(seconds=30), rate=2, burst=5,
        ),
        SlackSettings(id="desk", url=Secret("https://hooks.slack.com/services/T/B/x")),
    )  # fmt: skip
    desk, boss = got.subscribers
    assert desk.recipients == (
        Recipient(channel="mailbox"),
        Recipient(channel="desk"),
        Recipient(channel="mail", address="a@example.org"),
        Recipient(channel="mail", address="b@example.org"),
    )
    assert (desk.kinds, desk.labels, desk.severity) == ((RuleKind.BASE,), (("desk", "mena"),), Severity.URGENT)
    assert (boss.title, boss.timezone, boss.recipients[0].address) == ("boss", "UTC", "boss@example.org")


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_security(folder, security, port):
    text = f"channels: {{m: {{kind: email, host: h, from: a@b.org, security: {security}}}}}"
    assert load_settings(write(folder, text), {}).channels[0].port == port


MAIL = "kind: email, host: mail.example.org, from: a@example.org"

FAULTS = [
    # (settings, part of the message, line, column)
    ("- a\n", "expected the keys of the settings", 1, 1),
    ("feedz: []\n", 'unknown key "feedz"; did you mean "feeds"?', 1, 1),
    ("xyzzy: []\n", 'unknown key "xyzzy"; known are store, rules, feeds', 1, 1),
    ("store: mysql://u@h/x\n", "store: expected sqlite:///", 1, 8),
    ("store: sqlite:///\n", "the path of a file", 1, 8),
    ("store: 'sqlite:///:memory:'\n", "the path of a file", 1, 8),
    ("store: 12\n", "store: expected keys with values", 1, 8),
    ("store: sqlite:///seeds\n", "is a folder", 1, 8),
    ("store: {expect_existing: maybe}\n", "store.expect_existing: expected true or false", 1, 26),
    ("rules: {a: b}\n", "rules: expected a list", 1, 8),
    ("rules: [NO]\n", 'rules[0]: YAML reads NO as a yes-or-no value; quote it: "NO"', 1, 9),
    ("feeds: [12:30]\n", "expected", 1, 9),
    ("feeds: ['']\n", "feeds[0]: is empty", 1, 9),
    ("feeds: [nowhere]\n", 'the folder "nowhere" does not exist', 1, 9),
    ("feeds: ['ftp://x.org/']\n", "begins with http", 1, 9),
    ("feeds: ['https://x.org:99999/']\n", "host or port cannot be read", 1, 9),
    ("feeds: ['https:///x']\n", "with a host", 1, 9),
    ("feeds: [{url: 'https://x.org/a b'}]\n", "without blanks", 1, 15),
    ("feeds: [{id: x}]\n", "needs url or path", 1, 9),
    ("feeds: [{id: x, url: 'https://x.org/', path: seeds}]\n", "either url or path", 1, 9),
    ("feeds: [{id: 'X Y', url: 'https://x.org/'}]\n", "feeds[0].id: expected an id", 1, 14),
    ("feeds: [{url: 'https://x.org/', evry: 5m}]\n", 'feeds[0]: unknown key "evry"; did you mean "every"?', 1, 33),
    ("feeds: [{url: 'https://x.org/', every: 5}]\n", "such as 5s or 5m", 1, 40),
    ("feeds: [{url: 'https://x.org/', every: soon}]\n", 'such as 30s, 5m, 1h30m or 7d, not "soon"', 1, 40),
    ("feeds: [{url: 'https://x.org/', every: 0s}]\n", "more than nothing", 1, 40),
    ("feeds: [{url: 'https://x.org/', lang: english}]\n", "feeds[0].lang: expected a language code", 1, 39),
    ("feeds: [{url: 'https://x.org/', lang: no}]\n", 'quote it: "no"', 1, 39),
    ("feeds: [{url: 'https://x.org/', title: 2024-01-01}]\n", 'YAML reads 2024-01-01 as a date; quote it: "2024-01-01"', 1, 40),
    ("feeds: [{url: 'https://x.org/', title: 12:30}]\n", 'quote it: "12:30"', 1, 40),
    ("feeds: [{url: 'https://x.org/', title: [x]}]\n", "expected text, not a list", 1, 40),
    ('feeds: [{url: "https://x.org/", title: "a\\nb"}]\n', "one line", 1, 40),
    ("feeds: [{url: 'https://x.org/', title: }]\n", "has no value", 1, 39),
    ("feeds: [{url: 'https://x.org/', category: /}]\n", "expected a category", 1, 43),
    ("feeds: [{url: 'https://x.org/', labels: {a: 1}}]\n", 'feeds[0].labels.a: YAML reads 1 as a number; quote it: "1"', 1, 45),
    ("feeds: [{url: 'https://x.org/', outlet: bcc}]\noutlets: {bbc: {title: B}}\n", 'did you mean "bbc"?', 1, 41),
    ("feeds: ['https://x.org/', 'https://x.org/']\n", "this feed is listed in line 1 already", 1, 27),
    ("feeds:\n - {id: x, url: 'https://x.org/1'}\n - {id: x, url: 'https://x.org/2'}\n", 'the feed "x" is listed in line 2', 3, 9),
    ("feeds: [{path: seeds, full_text: auto}]\n", "only a feed with a url has pages", 1, 34),
    ("feeds: [{opml: nowhere}]\n", 'OPML file or folder "nowhere" does not exist', 1, 16),
    ("feeds: [{opml: a, url: b}]\n", 'unknown key "url"', 1, 19),
    ("outlets: {bbc: {country: GB}}\n", 'outlets.bbc: the key "title" is missing', 1, 16),
    ("outlets: {bbc: {title: B, country: gb}}\n", "two capital letters", 1, 36),
    ("outlets: {B B: {title: B}}\n", "expected an id", 1, 11),
    ("channels: {m: {kind: mial}}\n", 'expected one of maildir, email, slack, webhook, apprise, not "mial"; did you mean "email"?', 1, 22),
    ("channels: {m: {path: x}}\n", "is missing its kind", 1, 15),
    ("channels: {m: mail}\n", "expected keys with values", 1, 15),
    ("channels: {m: {kind: email, host: h}}\n", 'channels.m: the key "from" is missing', 1, 15),
    ("channels: {m: {kind: email, host: 'h:25', from: a@b.org}}\n", "without port", 1, 35),
    ("channels: {m: {kind: email, host: h, from: nobody}}\n", 'not "nobody"', 1, 44),
    ("channels: {m: {kind: email, host: h, from: A <nobody>}}\n", "expected a mail address", 1, 44),
    ("channels: {m: {kind: email, host: h, from: a@b.org, port: 0}}\n", "channels.m.port: must be at least 1", 1, 59),
    ("channels: {m: {kind: email, host: h, from: a@b.org, port: 65536}}\n", "must be at most 65535", 1, 59),
    ("channels: {m: {kind: email, host: h, from: a@b.org, rate: 0}}\n", "must be more than 0", 1, 59),
    ("channels: {m: {kind: email, host: h, from: a@b.org, rate: fast}}\n", "expected a number", 1, 59),
    ("channels: {m: {kind: email, host: h, from: a@b.org, security: ssl}}\n", "expected one of starttls, tls, none", 1, 63),
    ("channels: {m: {kind: email, host: h, from: a@b.org, ca_file: none.pem}}\n", 'file "none.pem" does not exist', 1, 62),
    (f"channels: {{m: {{{MAIL}, username: u}}}}\n", "goes with a password", 1, 15),
    (f"channels: {{m: {{{MAIL}, password_file: secret}}}}\n", "goes with a username", 1, 15),
    (f"channels: {{m: {{{MAIL}, username: u, password_file: none}}}}\n", "cannot be read: No such file", 1, 102),
    ("channels: {s: {kind: slack}}\n", "url or url_file is missing", 1, 15),
    ("channels: {s: {kind: slack, url: x, url_file: hook}}\n", "give url or url_file, not both", 1, 47),
    ("channels: {s: {kind: slack, url: x}}\n", "channels.s.url: expected a URL", 1, 34),
    ("subscribers: [{id: d}]\n", 'subscribers[0]: the key "channels" is missing', 1, 15),
    ("subscribers: [{id: d, channels: []}]\n", "must have at least one entry", 1, 33),
    ("subscribers: [{id: d, channels: [x]}]\n", '"x" is not among channels', 1, 34),
    ("channels: {box: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [bx]}]\n", 'did you mean "box"?', 2, 34),
    ("channels: {box: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [box, box]}]\n", "listed twice", 2, 39),
    ("channels: {box: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [{channel: box, to: a@b.org}]}]\n", "takes no addresses", 2, 53),
    (f"channels: {{m: {{{MAIL}}}}}\nsubscribers: [{{id: d, channels: [m]}}]\n", "needs addresses", 2, 34),
    (f"channels: {{m: {{{MAIL}}}}}\nsubscribers: [{{id: d, channels: [{{channel: m, to: [x]}}]}}]\n", "to[0]: expected a mail address", 2, 52),
    (f"channels: {{m: {{{MAIL}}}}}\nsubscribers: [{{id: d, channels: [{{channel: m, to: [a@b.org, a@b.org]}}]}}]\n", "listed twice", 2, 61),
    ("channels: {b: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [b], kinds: [bas]}]\n", 'did you mean "base"?', 2, 46),
    ("channels: {b: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [b], severity: high}]\n", "expected one of flash, urgent, routine", 2, 48),
    ("channels: {b: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [b], timezone: Europe/Berln}]\n", 'did you mean "Europe/Berlin"?', 2, 48),
    ("channels: {b: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [b], timezone: ../etc/passwd}]\n", "expected a time zone", 2, 48),
    ("channels: {b: {kind: maildir, path: x}}\nsubscribers: [{id: d, channels: [b]}, {id: d, channels: [b]}]\n", 'the subscriber "d" stands in line 2', 2, 44),
    ("operator: [desk]\n", '"desk" is not among subscribers', 1, 12),
    ("polling: {every: 12:30}\n", "polling.every: expected a duration", 1, 18),
    ("polling: {every: 1s}\n", "must lie between floor (1m) and ceiling (1d)", 1, 18),
    ("polling: {floor: 2d}\n", "floor must not be longer", 1, 10),
    ("polling: {concurrency: many}\n", "polling.concurrency: expected a whole number", 1, 24),
    ("polling: []\n", "polling: expected keys with values", 1, 10),
    ("fetch: {max_wire_bytes: 10 parsecs}\n", "expected a size", 1, 25),
    ("fetch: {max_wire_bytes: 0}\n", "at least one byte", 1, 25),
    ("fetch: {max_wire_bytes: yes}\n", "expected a size", 1, 25),
    ("fetch: {allow_private: [10.0.0.1/8]}\n", 'did you mean "10.0.0.0/8"?', 1, 25),
    ("fetch: {allow_private: [home]}\n", "expected a network", 1, 25),
    ("fetch: {user_agent: 'ж'}\n", "must be ASCII", 1, 21),
    ("http: {listen: 9464}\n", "expected an address and a port", 1, 16),
    ("http: {listen: ':9464'}\n", "expected an address and a port", 1, 16),
    ("http: {listen: '::1:9464'}\n", "expected an address and a port", 1, 16),
    ("http: {listen: 'localhost:70000'}\n", "expected an address and a port", 1, 16),
    ("log: {level: loud}\n", "expected one of debug, info, warning, error", 1, 14),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "line", "column"), FAULTS)
def test_a_mistake_is_told_with_its_place(folder, text, words, line, column):
    file = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    (fault,) = caught.value.faults
    assert words in fault.message
    assert (fault.file, fault.line, fault.column) == (file, line, column)


def test_a_missing_file_and_a_broken_one(folder):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_settings(folder / "none.yaml", {})
    assert told(folder, "a: [") == ["this is no valid YAML: expected the node content, but found '<stream end>'"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(folder):
    text = "".join(line for line, *_ in FAULTS if line.count("\n") == 1 and line.startswith(("polling", "feeds")))
    bodies = [line.partition("[")[2].rpartition("]")[0] for line in text.splitlines() if line.startswith("feeds: [{")]
    lines = "".join(f"  - {body}\n" for body in bodies)
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, f"feeds:\n{lines}http: {{listen: x}}\nlog: {{level: loud}}\n"), {})
    places = [fault.line for fault in caught.value.faults]
    assert places == sorted(places)
    assert set(places) >= {*range(2, len(bodies) + 2), len(bodies) + 2, len(bodies) + 3}


def test_who_refers_to_a_spoilt_entry_is_not_blamed(folder):
    text = """
outlets: {bbc: {titel: BBC}}
channels: {box: {kind: maildir}}
feeds: [{url: "https://x.org/", outlet: bbc}]
subscribers: [{id: desk, channels: [box], timezone: Mars}, {id: b, channels: [box]}]
operator: [desk]
"""
    messages = told(folder, text)
    assert len(messages) == 4, messages
    assert not any("is not among" in message for message in messages)


def test_the_same_address_under_two_ids_is_a_warning_not_a_fault(folder):
    text = "feeds: [{id: a, url: 'https://x.org/'}, {id: b, url: 'https://x.org/', every: 10s}]"
    assert [feed.id for feed in load_settings(write(folder, text), {}).feeds] == ["a", "b"]


# ── The environment ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_full_text_is_what_the_feed_says_else_what_is_said_for_all_and_never_for_folders(folder):
    (folder / "list.opml").write_text('<opml><body><outline xmlUrl="https://example.org/o"/></body></opml>')
    text = (
        "feeds: [seeds, https://example.org/a, {url: https://example.org/b, full_text: never}, "
        "{opml: list.opml, full_text: always}]\nfetch: {full_text: auto}\n"
    )
    assert [feed.full_text.value for feed in load_settings(write(folder, text), {}).feeds] == [
        "never",
        "auto",
        "never",
        "always",
    ]


def test_variables_stand_for_keys(folder):
    environ = {
        "MONITOR_CONFIG": "elsewhere.yaml",  # the command line's own
        "MONITOR_STORE": "sqlite:///x.db",
        "MONITOR_RULES": "a, b",
        "MONITOR_HTTP__LISTEN": "0.0.0.0:80",
        "MONITOR_POLLING__CONCURRENCY": "7",
        "MONITOR_CHANNELS__MAIL__PASSWORD": "12345",  # stays text, and replaces the file
        "MONITOR_CHANNELS__MAIL__RATE": "0.5",
        "MONITOR_CHANNELS__DESK__URL": "https://example.org/hook",
        "MONITOR_SUBSCRIBERS__BOSS__SEVERITY": "flash",
        "MONITOR_FEEDS__BBC_WORLD__EVERY": "1h",
        "MONITOR_OUTLETS__BBC__TITLE": "NO",  # text is text
        "MONITOR_LOG__LEVEL": "error",
        "PATH": "/bin",
    }
    got = load_settings(write(folder, FULL), environ)
    assert got.store.path == folder / "x.db"
    assert got.rules == (folder / "a", folder / "b")
    assert (got.http.host, got.http.port, got.polling.concurrency) == ("0.0.0.0", 80, 7)
    assert got.channels[1].password == Secret("12345")
    assert (got.channels[1].rate, got.channels[2].url) == (0.5, Secret("https://example.org/hook"))
    assert got.subscribers[1].severity is Severity.FLASH
    assert got.feeds[2].every == timedelta(hours=1)
    assert (got.outlets[0].title, got.log.level) == ("NO", "error")


def test_variables_reach_sections_that_the_file_does_not_have(folder):
    environ = {
        "MONITOR_HTTP__ENABLED": "no",
        "MONITOR_FETCH__ALLOW_PRIVATE": "10.0.0.0/8",
        "MONITOR_POLLING__EVERY": "5m",
    }
    got = load_settings(
        write(folder, "store: sqlite:///a.db\npolling:\n"), environ | {"MONITOR_STORE__EXPECT_EXISTING": "1"}
    )
    assert not got.http.enabled
    assert got.fetch.allow_private == (ip_network("10.0.0.0/8"),)
    assert (got.store.path, got.store.expect_existing) == (folder / "a.db", True)
    assert got.polling.every == timedelta(minutes=5)


def test_a_secret_may_be_a_file_by_variable(folder):
    text = "channels: {s: {kind: slack, url: x}}"
    got = load_settings(write(folder, text), {"MONITOR_CHANNELS__S__URL_FILE": "hook"})
    assert got.channels[0].url == Secret("https://hooks.slack.com/services/T/B/x")
    both = {"MONITOR_CHANNELS__S__URL_FILE": "hook", "MONITOR_CHANNELS__S__URL": "https://x.org/"}
    assert any("not both" in message for message in told(folder, text, both))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MONITOR_STOER", "x", 'names nothing in the settings: "STOER"; did you mean "STORE"?'),
        ("MONITOR_POLLING__EVRY", "5m", 'did you mean "EVERY"?'),
        ("MONITOR_POLLING", "5m", "names a whole section"),
        ("MONITOR_CHANNELS", "x", "names a whole section"),
        ("MONITOR_CHANNELS__OTHER__PASSWORD", "x", 'names nothing in the settings: "OTHER"'),
        ("MONITOR_LOG__LEVEL__X", "x", 'there is nothing below "level"'),
        ("MONITOR_FEEDS__NONE__EVERY", "5m", 'names nothing in the settings: "NONE"'),
        ("MONITOR_", "x", "names nothing in the settings"),
        ("MONITOR_POLLING__EVERY", "soon", "polling.every: expected a duration"),
        ("MONITOR_POLLING__EVERY", "", "polling.every: expected a duration"),
        ("MONITOR_POLLING__CONCURRENCY", "many", "polling.concurrency: expected a whole number"),
        ("MONITOR_HTTP__ENABLED", "maybe", "http.enabled: expected true or false"),
        ("MONITOR_LOG__LEVEL", "loud", "log.level: expected one of"),
        ("MONITOR_CHANNELS__MAIL__PASSWORD", "", "is empty"),
        ("MONITOR_CHANNELS__MAIL__PASSWORD_FILE", "none", "cannot be read"),
        ("MONITOR_CHANNELS__DESK__URL", "x", "expected a URL"),
    ],
)
def test_a_variable_that_is_wrong_is_its_own_place(folder, name, value, words):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, FULL), {name: value})
    (fault,) = caught.value.faults
    assert fault.file is None
    assert fault.message.startswith(f"{name}: ")
    assert words in fault.message


def test_a_slip_in_the_word_kind_is_named(tmp_path):
    file = tmp_path / "monitor.yaml"
    file.write_text("store: sqlite:///m.db\nchannels: {box: {knd: maildir, path: box}}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    assert 'did you mean "kind" where "knd" stands?' in str(caught.value)
