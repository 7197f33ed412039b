"""A rendered alert as the bytes of a mail message, and the addresses in it."""

import email
import re
from datetime import UTC, datetime, timedelta, timezone
from email import policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import TITLES

from monitor.channels.mailbox import Mailbox, parse_mailbox
from monitor.channels.mime import key_token, mail_bytes, message_id
from monitor.channels.words import detail, forms_of, one_line
from monitor.model import LinkAction, MailContent, Outgoing, Severity

SENDER = Mailbox(local="monitor", domain="example.org")
KEY = "ab" * 32
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ALWAYS = ["From", "To", "Subject", "Date", "Message-ID", "X-Alert-Key", "X-Entity-Ref-ID", "X-Monitor-Rules",
          "X-Monitor-Severity", "Auto-Submitted", "Precedence", "List-Id", "List-Post", "MIME-Version", "Content-Type"]  # fmt: skip
ANSWERING = ["In-Reply-To", "References"]
LEAVING = ["List-Unsubscribe", "List-Unsubscribe-Post"]
FIRST = f"<{'cd' * 32}@example.org>"
LEAVE = "https://monitor.example/l/AbC.d-e_f~1"

NASTY = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from('\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029 \t.=?:<>,;"\\_\u0642é'),
    ),
    max_size=400,
)
PIECES = st.lists(
    st.sampled_from(
        ["=?utf-8?q?", "=?utf-8?b?", "?=", "=0D=0A", "\r\n", "Bcc: x@y", "\r\n\r\n", ".", "\r\n.\r\n", "a", " ", "ق"]
    ),
    max_size=30,
).map("".join)


def message(subject="Title", *, text="Text.", html="<p>Text.</p>", address="you@example.org", **others) -> Outgoing:
    fields = {"key": KEY, "severity": Severity.URGENT, "rules": ("khmeimim", "tartus"), "created_at": AT} | others
    return Outgoing(address=address, content=MailContent(subject=subject, text=text, html=html), **fields)


def written(outgoing: Outgoing, sender: Mailbox = SENDER, reply_to: Mailbox | None = None) -> bytes:
    assert isinstance(outgoing.content, MailContent)
    return mail_bytes(outgoing, outgoing.content, sender=sender, reply_to=reply_to)


def parsed(raw: bytes):
    return email.message_from_bytes(raw, policy=policy.default)


def newlines(text: str) -> str:
    """The text as a mail reader hands it back: breaks made equal, half pairs replaced, the last line ended."""
    text = re.sub(r"\r\n|\r|\n", "\n", re.sub(r"[\ud800-\udfff]", "\ufffd", text))
    return text if text.endswith("\n") else text + "\n"


def check_wire(raw: bytes) -> None:
    """What must hold of every message."""
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.endswith(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


@given(st.one_of(NASTY, PIECES))
def test_any_subject_comes_back_and_adds_no_header(subject):
    raw = written(message(subject))
    check_wire(raw)
    assert parsed(raw).keys() == ALWAYS
    legacy = email.message_from_bytes(raw)
    assert legacy.keys() == ALWAYS
    assert str(make_header(decode_header(legacy["Subject"]))) == one_line(subject, 500)


@given(st.one_of(NASTY, PIECES), st.one_of(NASTY, PIECES))
def test_any_text_comes_back(text, html):
    raw = written(message(text=text, html=html))
    check_wire(raw)
    mail = parsed(raw)
    assert mail.keys() == ALWAYS
    plain, rich = mail.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert rich.get_content_type() == "text/html"
    assert plain.get_payload(decode=True).decode().replace("\r\n", "\n") == newlines(text)
    assert rich.get_payload(decode=True).decode().replace("\r\n", "\n") == newlines(html)


@given(st.lists(NASTY, max_size=80), NASTY)
def test_any_rule_ids_and_display_name_add_no_header(rules, name):
    raw = written(message(rules=tuple(rules), html=None), sender=Mailbox(local="m", domain="example.org", name=name))
    check_wire(raw)
    assert set(parsed(raw).keys()) <= {*ALWAYS, "Content-Transfer-Encoding"}
    assert b"<m@example.org>" in raw or not one_line(name)


@pytest.mark.parametrize("name", TITLES)
def test_hostile_titles_are_only_titles(name):
    raw = written(message(TITLES[name], text=TITLES[name], html=TITLES[name]))
    check_wire(raw)
    mail = parsed(raw)
    assert mail.keys() == ALWAYS
    assert mail["Subject"] == one_line(TITLES[name], 500)
    assert mail["To"] == "you@example.org"


def test_the_headers_say_what_filters_and_readers_need():
    mail = parsed(written(message()))
    assert mail["From"] == "monitor@example.org"
    assert mail["Date"].datetime == AT
    assert mail["Message-ID"] == f"<{KEY}@example.org>"
    assert mail["X-Alert-Key"] == KEY
    assert mail["X-Monitor-Rules"] == "khmeimim, tartus"
    assert mail["X-Monitor-Severity"] == "urgent"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "monitor alerts <alerts.example.org>"
    assert (mail["Precedence"], mail["List-Post"]) == ("bulk", "NO")
    assert mail["Importance"] is None


@given(st.one_of(NASTY, PIECES), st.one_of(NASTY, PIECES), st.one_of(NASTY, PIECES))
def test_any_thread_reference_link_and_subscriber_add_no_header(text, other, third):
    links = dict.fromkeys(LinkAction, other) | {LinkAction.UNSUBSCRIBE: f"https://a.example/{third}"}
    raw = written(message(thread=text, follows=other, links=links, subscriber=third), reply_to=SENDER)
    check_wire(raw)
    known = [*ALWAYS, *ANSWERING, *LEAVING, "Reply-To"]
    names = parsed(raw).keys()
    assert [one for one in names if one not in known] == []
    assert len(names) == len(set(names))
    bare = written(message(links={LinkAction.UNSUBSCRIBE: other}, follows=text))
    check_wire(bare)
    assert parsed(bare).keys() == ALWAYS


def test_the_first_message_of_a_story_names_the_thread_and_later_ones_answer_it():
    first, later = parsed(written(message(thread="ef" * 32))), parsed(written(message(thread="ef" * 32, follows=FIRST)))
    assert first["References"] == f"<{'ef' * 32}@example.org>"
    assert first["In-Reply-To"] is None
    assert later["References"] == f"{first['References']} {FIRST}"
    assert later["In-Reply-To"] == FIRST
    assert first["X-Entity-Ref-ID"] == later["X-Entity-Ref-ID"] == "ef" * 32
    assert parsed(written(message()))["X-Entity-Ref-ID"] == KEY
    assert message_id(KEY, SENDER) == parsed(written(message()))["Message-ID"]


@pytest.mark.parametrize("follows", ["1700000000.000100", "<a@b>\r\nBcc: x@y", "<a b@c>", "", "<é@example.org>"])
def test_what_is_no_message_id_is_not_answered(follows):
    mail = parsed(written(message(thread="ef" * 32, follows=follows)))
    assert (mail["In-Reply-To"], mail["References"]) == (None, f"<{'ef' * 32}@example.org>")


def test_one_click_leaves_by_https_and_a_mail_to_who_answers():
    mail = parsed(written(message(links={LinkAction.UNSUBSCRIBE: LEAVE})))
    assert mail["List-Unsubscribe"] == f"<{LEAVE}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    answering = Mailbox(local="de+sk", domain="example.org")
    mail = parsed(written(message(links={LinkAction.UNSUBSCRIBE: LEAVE}, subscriber="desk"), reply_to=answering))
    assert mail["List-Unsubscribe"] == f"<{LEAVE}>, <mailto:de%2Bsk@example.org?subject=unsubscribe%20desk>"
    abroad = Mailbox(local="почта", domain="example.org")
    mail = parsed(written(message(links={LinkAction.UNSUBSCRIBE: LEAVE}), reply_to=abroad))
    assert mail["List-Unsubscribe"] == f"<{LEAVE}>"


@pytest.mark.parametrize(
    "link", ["http://monitor.example/l/x", "https://", "https://a b", "https://a.example/>,<x", "https://" + "a" * 901]
)
def test_what_is_no_safe_https_address_is_no_way_to_leave(link):
    assert parsed(written(message(links={LinkAction.UNSUBSCRIBE: link}))).keys() == ALWAYS


def test_a_flash_is_marked_as_important():
    mail = parsed(written(message(severity=Severity.FLASH)))
    assert (mail["X-Priority"], mail["Importance"]) == ("1", "high")


def test_every_attempt_has_the_same_bytes():
    assert written(message()) == written(message())


def test_two_deliveries_have_different_message_ids():
    assert parsed(written(message()))["Message-ID"] != parsed(written(message(key="cd" * 32)))["Message-ID"]


def test_without_html_it_is_one_plain_part():
    mail = parsed(written(message(html=None, text="Nur Text, größer\n")))
    assert not mail.is_multipart()
    assert mail.get_content().replace("\r\n", "\n") == "Nur Text, größer\n"


def test_the_date_is_told_in_utc_wherever_it_was_made():
    local = AT.astimezone(timezone(timedelta(hours=3)))
    assert b"Date: Mon, 23 Nov 2026 09:30:00 +0000\r\n" in written(message(created_at=local))


def test_without_a_time_of_its_own_a_message_is_dated_now():
    before = datetime.now(UTC).replace(microsecond=0)
    assert before <= parsed(written(message(created_at=None)))["Date"].datetime <= datetime.now(UTC)


def test_arabic_is_sent_in_the_shorter_coding_and_english_stays_readable():
    raw = written(message(text="قاعدة حميميم الجوية " * 20, html="<p>Planes at Khmeimim</p>"))
    assert raw.count(b"base64") == 1
    assert b"<p>Planes at Khmeimim</p>" in raw


def test_a_message_without_an_address_goes_to_its_sender():
    assert parsed(written(message(address="")))["To"] == "monitor@example.org"


def test_a_reply_address_is_told():
    assert (
        parsed(written(message(), reply_to=parse_mailbox("Desk <desk@example.org>")))["Reply-To"]
        == "Desk <desk@example.org>"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Monitor", "Monitor"),  # plain
        ('Desk "A" \\ B', 'Desk "A" \\ B'),  # what must be quoted
        ("Desk, Night", "Desk, Night"),  # a comma is no second address
        ("Монитор", "Монитор"),  # another script
        ("=?utf-8?q?Bank?=", "=?utf-8?q?Bank?="),  # an encoded word is not decoded into another name
    ],
)
def test_display_names(name, shown):
    mail = parsed(written(message(), sender=Mailbox(local="m", domain="example.org", name=name)))
    assert mail["From"].addresses[0].addr_spec == "m@example.org"
    assert mail["From"].addresses[0].display_name == shown
    assert len(mail["From"].addresses) == 1


def test_a_long_display_name_is_cut():
    mail = email.message_from_bytes(written(message(), sender=Mailbox(local="m", domain="a.example", name="ж" * 300)))
    assert str(make_header(decode_header(mail["From"]))) == "ж" * 99 + "… <m@a.example>"


def test_an_address_that_is_not_ascii_stands_in_the_header_as_utf8():
    raw = written(message(address="почта@example.org"))
    assert "To: почта@example.org\r\n".encode() in raw


def test_a_long_list_of_rules_is_cut_and_folded():
    raw = written(message(rules=tuple(f"rule-{number}" for number in range(200))))
    assert parsed(raw)["X-Monitor-Rules"].count("rule-") == 50
    check_wire(raw)


@pytest.mark.parametrize(
    ("key", "token"),
    [
        (KEY, KEY),  # a digest
        ("digest-7.b", "digest-7.b"),  # a word
        ("a b", None),  # a space would end a Message-ID
        ("../../etc/passwd", None),  # a path would leave the Maildir
        ("x>\r\nBcc: y", None),  # a header
        ("", None),
        ("ключ\ud800", None),
    ],
)
def test_keys_in_message_ids_and_file_names(key, token):
    assert key_token(key) == (token or key_token(key))
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", key_token(key))
    assert (key_token(key) == key) == (token is not None)


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("a@example.org", "a@example.org", ""),
        ("  a.b+c@example.org ", "a.b+c@example.org", ""),
        ("monitor@localhost", "monitor@localhost", ""),
        ("a@[192.0.2.1]", "a@[192.0.2.1]", ""),
        ("Desk <a@example.org>", "a@example.org", "Desk"),
        ('"Desk, \\"Night\\"" <a@example.org>', "a@example.org", 'Desk, "Night"'),
        ("a@bücher.example", "a@xn--bcher-kva.example", ""),  # the ASCII form says the same name
        ("a@straße.example", "a@straße.example", ""),  # the ASCII form at hand would be another domain
        ("a@" + "é" * 70 + ".example", "a@" + "é" * 70 + ".example", ""),  # too long a label for an ASCII form
        ("почта@пример.example", "почта@xn--e1afmkfd.example", ""),
    ],
)
def test_addresses(text, address, name):
    found = parse_mailbox(text)
    assert found is not None
    assert (found.address, found.name) == (address, name)
    assert found.needs_utf8 is not address.isascii()
    assert found.host.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a@b@c",
        "a@example.org, b@example.org",  # two
        "a@example.org b@example.org",
        "<a@example.org> <b@example.org>",
        "a@example.org> SIZE=1",  # parameters of the command
        "a@example.org\r\nRCPT TO:<b@example.org>",
        "a\x00@example.org",
        "a@exa\u2028mple.org",
        "a@example.org\u202e",  # turns the rest of the line round
        '"a b"@example.org',  # quoted local parts are refused
        "a(comment)@example.org",
        ".a@example.org",
        "a..b@example.org",
        "a@example..org",
        "a\ud800@example.org",
        "x" * 65 + "@example.org",  # RFC 5321: 64 at most
        "a@" + "x." * 130 + "org",
        "Na\r\nme <a@example.org>",
    ],
)
def test_what_is_no_address(text):
    assert parse_mailbox(text) is None


@given(NASTY)
def test_a_line_is_one_line(text):
    line = one_line(text)
    assert line == one_line(line)
    assert len(line.splitlines()) <= 1
    assert line.encode().decode() == line
    assert len(one_line(text, 10)) <= 10


def test_details_hide_secrets_in_the_forms_that_servers_repeat():
    secrets = forms_of("pass-word", "\0me\0pass-word", "")
    said = "535 no: AG1lAHBhc3Mtd29yZA== cGFzcy13b3Jk pass-word\r\nbye"
    assert detail(said, secrets) == "535 no: *** *** *** bye"
    assert detail("x" * 1000) == "x" * 299 + "…"
