from datetime import UTC, datetime

import pytest

from monitor.feeds.documents import READERS, read_document
from monitor.feeds.endings import ENDINGS
from monitor.feeds.entries import Document, Unreadable

LONG = "The naval base in Tartus and the Khmeimim air base are a key item on the agenda, a Syrian source said to reporters in the capital on Wednesday morning. More."


def read(name: str, data: bytes | str):
    return read_document(Document(data=data.encode() if isinstance(data, str) else data, name=name))


def one(name: str, data: bytes | str):
    return read(name, data).entries[0]


def test_endings_are_those_of_the_readers():
    assert READERS.keys() == ENDINGS


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Headline\nText that follows.", "Headline"),
        ("  Headline  \r\n\r\nText.", "Headline"),
        ("Only this. And that.", "Only this."),  # nothing follows: the first sentence
        (LONG, LONG[:150].rpartition(" ")[0] + "…"),  # cut at a word
        (f"{LONG}\nmore", LONG[:150].rpartition(" ")[0] + "…"),  # a first line that is too long for a title
        ("م" * 200, "م" * 150 + "…"),  # no word to cut at
        ("塔尔图斯。第二句。", "塔尔图斯。"),
    ],
)
def test_title_of_a_text(text, title):
    entry = one("a.txt", text)
    assert entry.title == title
    assert entry.body.split() == text.split()  # the body is always the whole text


def test_front_matter():
    text = '---\ntitle: "A: title"\nurl: https://x.example/1\ndate: 2025-10-15\nauthor: X\nlang: ar\noutlet: Desk\n\n---\nBody'
    reading = read("a.txt", text)
    entry = reading.entries[0]
    assert (entry.title, entry.url, entry.author, entry.lang) == ("A: title", "https://x.example/1", "X", "ar")
    assert (entry.outlet, entry.body, entry.published) == ("Desk", "Body", datetime(2025, 10, 15, tzinfo=UTC))
    assert reading.warnings == ()


def test_bad_date_in_front_matter_is_said():
    assert read("a.txt", "---\ndate: soon\n---\nBody").warnings == ("the date in the front matter cannot be read",)


@pytest.mark.parametrize(
    "text", ["---\nno front matter, a line\n---\nx", "--- x\ntitle: y", "---\ntitle: never closed"]
)
def test_what_is_no_front_matter_is_text(text):
    assert one("a.txt", text).body.split() == text.split()


def test_markdown():
    entry = one(
        "a.md", "intro\n\n## The [base](https://x.example) ##\n\nIn **Tartus** see ![map](m.png) and [it](u).\n"
    )
    assert entry.title == "The base"
    assert entry.body == "intro\n\nThe base\n\nIn Tartus see map and it."
    assert one("a.md", "No heading. More.").title == "No heading."


def test_web_page():
    page = """<!doctype html><html lang="ru-RU"><head><title>Title | Desk</title>
    <meta property="og:title" content="Title"><meta property="og:title" content="second">
    <meta property="og:site_name" content="Desk"><meta name="author" content="X">
    <meta property="article:published_time" content="2025-10-15T10:00:00Z">
    <link rel="canonical" href="https://x.example/1"></head>
    <body><nav>menu</nav><article><h1>Title</h1><p>one</p><script>no()</script></article><footer>f</footer></body>"""
    entry = one("a.html", page)
    assert (entry.title, entry.url, entry.author, entry.lang) == ("Title", "https://x.example/1", "X", "ru")
    assert (entry.outlet, entry.body, entry.published) == (
        "Desk",
        "Title\n\none",
        datetime(2025, 10, 15, 10, tzinfo=UTC),
    )
    bare = one("a.htm", "<title>T</title><p>text")
    assert (bare.title, bare.body) == ("T", "text")


def test_mail():
    mail = (
        b"From: =?utf-8?q?A=2E_Writer?= <a@x.example>\r\nSubject: =?utf-8?b?0KLQsNGA0YLRg9GB?= base\r\n"
        b"Date: Wed, 15 Oct 2025 10:00:00 +0300\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>html</p>\r\n"
        b"--b\r\nContent-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"0uDw8vPxLg==\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nno\r\n--b--\r\n"
    )
    entry = one("a.eml", mail)
    assert (entry.title, entry.author, entry.body) == ("Тартус base", "A. Writer", "Тартус.")
    assert entry.published == datetime(2025, 10, 15, 7, tzinfo=UTC)


def test_mail_of_html_alone():
    entry = one("a.eml", b"From: a@x.example\nSubject: s\nContent-Type: text/html\n\n<p>one<p>two \xff")
    assert (entry.author, entry.body) == ("a@x.example", "one\n\ntwo \ufffd")


@pytest.mark.parametrize(
    "subject",
    [
        b"=?utf-8?q?Acme=0D=0ABcc:_x?=",  # a line break in an encoded word
        b"=?utf-8?b?!!!?=",  # broken base64
        b"=?no-such-charset?q?x?=",
        b"=?undefined?q?x?=",
        b"\xff\xfe raw bytes",
        b"=?utf-8?q?" + b"=FF" * 50 + b"?=",
    ],
)
def test_hostile_subjects(subject):
    entry = one("a.eml", b"Subject: " + subject + b"\nDate: not a date\n\nbody")
    assert "\n" not in entry.title
    assert entry.title.encode()
    assert entry.published is None


@pytest.mark.parametrize(
    ("name", "data", "detail"),
    [
        ("a.txt", b"", "the document is empty"),
        ("a.txt", b" \n\x00", "the document is empty"),
        ("a.html", b"", "the document is empty"),
        ("a.eml", b"no mail", "the document is no mail: it has no headers"),
        ("a.xml", b"", "the document is empty"),
        ("", b"\xef\xbb\xbf \n", "the document is empty"),
    ],
)
def test_what_cannot_be_read(name, data, detail):
    with pytest.raises(Unreadable) as error:
        read(name, data)
    assert str(error.value) == detail


def test_feeds_are_known_by_their_first_character():
    assert read("a.json", b'\xef\xbb\xbf{"items": []}').format == "json"
    assert read("", '{"items": []}'.encode("utf-16")).format == "json"
    assert read("a.RSS", b"<rss version='2.0'><channel><title>F</title></channel></rss>").format == "rss20"
