"""RSS, RDF and Atom through our door to feedparser, in this process; what must be killed is in the flow tests."""

from datetime import UTC, datetime

import pytest

from monitor.feeds.entries import Document, Unreadable
from monitor.feeds.xmlfeed import read_xml


def rss(
    items: str,
    *,
    head: str = '<?xml version="1.0"?>',
    channel: str = "<title>F</title>",
    root: str = "<rss version='2.0'>",
) -> bytes:
    return f"{head}{root}<channel>{channel}{items}</channel></rss>".encode()


def item(title="T", link="https://news.example/1", more="") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def atom(entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ru-RU"><title>F</title>{entries}</feed>'.encode()


def read(data: bytes, **fields):
    return read_xml(Document(data=data, **fields))


def one(data: bytes, **fields):
    reading = read(data, **fields)
    assert len(reading.entries) == 1
    return reading.entries[0]


def test_rss_in_full():
    more = (
        "<guid isPermaLink='false'>id-7</guid><dc:creator xmlns:dc='http://purl.org/dc/elements/1.1/'>A. Writer</dc:creator>"
        "<category>Syria</category><category>Syria</category><category>Bases</category>"
        "<pubDate>Wed, 15 Oct 2025 10:00:00 +0300</pubDate><description>short</description>"
        "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'><![CDATA[<p>one</p><p>two &amp; more</p>]]></content:encoded>"
    )
    reading = read(rss(item(more=more), channel="<title>Desk &amp; Co</title><language>en-GB</language>"))
    assert (reading.format, reading.title, reading.lang, reading.warnings) == ("rss20", "Desk & Co", "en", ())
    entry = reading.entries[0]
    assert (entry.guid, entry.url, entry.author) == ("id-7", "https://news.example/1", "A. Writer")
    assert entry.body == "one\n\ntwo & more"
    assert entry.categories == ("Syria", "Bases")
    assert entry.published == datetime(2025, 10, 15, 7, tzinfo=UTC)
    assert entry.lang is None  # what it has from its feed is not its own


def test_atom_in_full():
    reading = read(
        atom(
            "<entry xml:lang='ar'><id>urn:1</id><title type='html'>&lt;b&gt;Q&amp;amp;A&lt;/b&gt;</title>"
            "<link href='/a' rel='alternate'/><updated>2025-10-15T10:00:00Z</updated><author><name>X</name></author>"
            "<author><name>Y</name></author><source><title>Other Desk</title></source>"
            "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>one</p><p>two</p></div></content></entry>"
        ),
        base="https://news.example/feed",
    )
    entry = reading.entries[0]
    assert (reading.format, reading.lang, entry.lang) == ("atom10", "ru", "ar")
    assert (entry.title, entry.url, entry.author) == ("Q&A", "https://news.example/a", "X, Y")
    assert (entry.body, entry.outlet) == ("one\n\ntwo", "Other Desk")
    assert entry.published == datetime(2025, 10, 15, 10, tzinfo=UTC)


def test_rdf():
    data = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        b'<channel><title>F</title></channel><item rdf:about="https://x.example/1"><title>T</title>'
        b"<link>https://x.example/1</link></item></rdf:RDF>"
    )
    reading = read(data)
    assert (reading.format, [entry.url for entry in reading.entries]) == ("rss10", ["https://x.example/1"])


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("AT&T", "AT&T"),  # a bare ampersand
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),  # escaped twice: RSS holds HTML
        ("Caf&eacute; &mdash; AT&T", "Café — AT&T"),  # entities of HTML without a DOCTYPE
        ("&nosuch; thing", "&nosuch; thing"),
        ("1 &lt; 2", "1 < 2"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("<![CDATA[<b>bold</b> AT&T]]>", "bold AT&T"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;x", "x"),
        ("a&#xD800;b", "a\ufffdb"),  # a lone surrogate makes feedparser raise
        ("a&#99999999999;b", "a\ufffdb"),  # so does a number beyond Unicode
        ("a&#0;&#x1b;[31m", "a[31m"),  # NUL and escape by reference
        ("a\x00\x1b[31m", "a[31m"),  # and as they are
        ("a&#13;&#10;Bcc: b", "a Bcc: b"),
        ("a\u202eb\u200bc", "abc"),  # what turns or hides text
        ("T" * 900, "T" * 499 + "…"),
    ],
)
def test_titles(title, expected):
    assert one(rss(item(title))).title == expected


def test_atom_text_is_plain():
    data = atom("<entry><id>1</id><title type='text'>a &lt;b&gt; &amp;amp; c</title></entry>")
    assert one(data).title == "a <b> &amp; c"


def test_untitled_item_takes_its_first_words():
    assert (
        one(rss("<item><description>&lt;p&gt;First one. Second one.&lt;/p&gt;</description></item>")).title
        == "First one."
    )


def test_item_without_anything_is_left_out():
    reading = read(rss("<item><link>https://x.example/</link></item>" + item()))
    assert len(reading.entries) == 1
    assert reading.warnings == ("an item without title and text was left out",)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "http://", "x" * 5_000]
)
def test_links_that_are_no_web_addresses_are_dropped(link):
    reading = read(rss(item(link=link)))
    assert reading.entries[0].url is None
    assert reading.warnings == ("a link that is not an http or https URL was dropped",)


def test_relative_link_of_a_file_is_relative_to_the_feeds_own():
    data = rss(item(link="/a"), channel="<title>F</title><link>https://news.example/</link>")
    assert one(data).url == "https://news.example/a"


@pytest.mark.parametrize(
    ("date", "warning"),
    [
        ("Wed, 15 Oct 2125 10:00:00 GMT", "a date more than a day ahead was dropped"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "a date before 1971 was dropped"),
    ],
)
def test_impossible_dates_are_dropped(date, warning):
    reading = read(rss(item(more=f"<pubDate>{date}</pubDate>")))
    assert (reading.entries[0].published, reading.warnings) == (None, (warning,))


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 30 Nov -0001 00:00:00 +0000", "99999-99-99"])
def test_unreadable_dates_are_no_dates(date):
    assert one(rss(item(more=f"<pubDate>{date}</pubDate>"))).published is None


ENTITY_BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\n" * 65_536,  # 64 kB of line ends took 14 s
        '<?xml version="1.0"?>' + "\n" * 65_536,
        "<!--" + "\n" * 65_536 + "-->",
        "<!-- <rss> -->",  # a root in a comment is none
        '<?xml version="1.0"?><?xml-stylesheet href="x"?>',
        f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">{ENTITY_BOMB}]>',
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "' + "a" * 50_000 + '">]>',
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:1/">%p;]>',
        '<?xml version="1.0" encoding="undefined"?>',  # makes feedparser raise
        '<?xml version="1.0" encoding="punycode"?>',
        "\ufeff",
        "<br />\n<b>Warning</b>: session_start() in <b>/x.php</b>",  # a server's own troubles before the feed
    ],
)
def test_heads(head):
    data = rss(item("T &l9; &a; &x;", more="<description>" + "&a;" * 5_000 + "</description>"), head=head)
    entry = one(data)
    assert entry.title == "T &l9; &a; &x;"  # nothing is expanded, opened or fetched
    assert entry.body.startswith("&a;&a;")
    assert len(entry.body) <= 15_000


@pytest.mark.parametrize(
    "stray",
    [
        "<georss:where xmlns:georss='http://www.georss.org/georss'><gml:pos xmlns:gml='http://www.opengis.net/gml'>1</gml:pos></georss:where>",
        "<gml:pos>1 2</gml:pos>",
        "<gml:Point srsName='x'><gml:pos>1</gml:pos></gml:Point>",
    ],
)
def test_stray_element_that_the_parser_falls_over_costs_only_itself(stray):
    reading = read(rss(item() + stray + item("U", more=stray)))
    assert [entry.title for entry in reading.entries] == ["T", "U"]


def test_trailing_garbage_does_not_matter():
    assert read(rss(item()) + b"<!-- cached --><script>x</script>").warnings == ()


def test_broken_document_is_read_leniently():
    reading = read(
        b"<rss version='2.0'><channel><title>F</title><item><title>A</b></title></item><item><title>B</title><descr"
    )
    assert [entry.title for entry in reading.entries] == ["A", "B"]
    assert reading.warnings[0].startswith("not well-formed, read leniently: ")


def test_too_many_items_are_cut_before_they_are_parsed():
    reading = read(rss("".join(item(str(n)) for n in range(50))), max_entries=10)
    assert [entry.title for entry in reading.entries] == [str(n) for n in range(10)]
    assert reading.warnings == ("the feed has more than 10 items; the rest was left out",)


def test_empty_feed_is_a_feed():
    reading = read(rss(""))
    assert (reading.entries, reading.title, reading.warnings) == ((), "F", ("the feed has no items",))


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"<!DOCTYPE html><html><body>x</body></html>", "this is a web page, not a feed"),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html/>", "this is a web page, not a feed"),
        (b"<!doctype html><div>x</div>", "this is a web page, not a feed"),
        (b"<html><body><rss></rss></body></html>", "this is a web page, not a feed"),
        (b"<opml><body/></opml>", "the document is no feed: its root element is <opml>"),
        (b"/etc/passwd", "the document is no feed: it has no elements"),  # feedparser would open it
        (b"http://127.0.0.1:1/", "the document is no feed: it has no elements"),  # or fetch it
        (b"<!-- never closed <rss>", "the document is no feed: it has no elements"),
        (b"<!DOCTYPE rss [ never closed <rss>", "the document is no feed: it has no elements"),
        (b"< <1 <", "the document is no feed: it has no elements"),
        (b"<rss", "the document is broken and no item of it can be read"),
    ],
)
def test_what_is_no_feed(data, detail):
    with pytest.raises(Unreadable) as error:
        read(data)
    assert str(error.value) == detail
    assert not error.value.passing


def test_long_guid_becomes_its_hash():
    guid = one(rss(item(more=f"<guid>{'x' * 2_000}</guid>"))).guid
    assert guid.startswith("sha256:")
    assert len(guid) < 100
