"""Which feeds a page announces, and what is no announcement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.announced import Where, leads_of_page, leads_of_robots

URL = "https://x.example/news/"
RSS = "<link rel=alternate type=application/rss+xml href={}>"


def found(page="", link=None):
    return [lead.url for lead in leads_of_page(page, link=link, url=URL)]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" HREF="/a?x=1&amp;y=2">', "https://x.example/a?x=1&y=2"),
        ("<link href='a' type='application/atom+xml' rel='alternate home'/>", "https://x.example/news/a"),
        (RSS.format("//y.example/a"), "https://y.example/a"),
        ('<link rel="feed" href="/a">', "https://x.example/a"),
        ('<link rel="alternate" type="application/feed+json" href="a.json">', "https://x.example/news/a.json"),
        ('<link rel="alternate" type="application/json" href="/feed.json">', "https://x.example/feed.json"),
        ('<a rel="feed" title="1 > 0" href="/a">x</a>', "https://x.example/a"),
        ('<link rel="sitemap" type="application/xml" href="/news.xml">', "https://x.example/news.xml"),
        ('<base href="/b/"><base href="/c/">' + RSS.format("a"), "https://x.example/b/a"),
        ('<base href="javascript:1">' + RSS.format("a"), "https://x.example/news/a"),
        ("<!-- x -->" + RSS.format("a"), "https://x.example/news/a"),
        ("<script>'<link'</script ><style></style><template></template>" + RSS.format("a"), "https://x.example/news/a"),
        ('<link rel="alternate" rel="x" type="text/xml" href="a" title="it\'s">', "https://x.example/news/a"),
        ("<link <link" + RSS.format("a"), "https://x.example/news/a"),
    ],
)  # fmt: skip
def test_announced(page, expected):
    assert found(page) == [expected]


@pytest.mark.parametrize(
    "page",
    [
        '<link rel="alternate" hreflang="de" href="/de/">',
        '<link rel="alternate stylesheet" type="text/xml" href="/a">',
        '<link rel="alternate" type="application/json" href="https://x.example/wp-json/wp/v2/posts/1">',
        '<link rel="alternate" type="application/json+oembed" href="/oembed">',
        '<link rel="stylesheet" href="/a.css"><link rel="alternate" type="application/rss+xml">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        "<!-- " + RSS.format("a") + " -->",
        "<!-- " + RSS.format("a"),
        "<script>" + RSS.format("a") + "</script>",
        "<script>" + RSS.format("a"),
        "<template>" + RSS.format("a") + "</template>",
        '<a href="/about">About</a><a>nowhere</a>',
        "<linkage rel=feed href=/a>",
    ],
)
def test_not_announced(page):
    assert found(page) == []


def test_headers_come_first_and_doubles_are_one():
    page = RSS.format("/b") + RSS.format("/b#top") + '<link rel="sitemap" href="/s.xml">' + RSS.format("/a")
    link = '</a>; rel="alternate"; type="application/rss+xml"; title="A", </f>; rel=feed, </h>; rel=hub, </z>; rel=alternate'
    leads = leads_of_page(page, link=link, url=URL)
    assert [(lead.url[17:], lead.where) for lead in leads] == [
        ("/a", Where.HEADER),
        ("/f", Where.HEADER),
        ("/b", Where.ELEMENT),
        ("/s.xml", Where.SITEMAP),
    ]
    assert leads[0].title == "A"


@pytest.mark.parametrize(
    ("href", "looks"),
    [
        ("/feed", True),
        ("/blog/feed/", True),
        ("/RSS", True),
        ("/rss2.0", True),
        ("/news.rss", True),
        ("/atom.xml", True),
        ("/rss/news_world.xml", True),
        ("/index.rdf", True),
        ("/?feed=rss2", True),
        ("/news?format=rss&x=1", True),
        ("/feedback", False),
        ("/newsfeed-marketing", False),
        ("/atomic.html", False),
        ("/news.html", False),
        ("https://reader.example/subscribe/feed/https://x.example/feed", False),
    ],
)
def test_links_that_look_like_feeds(href, looks):
    page = f'<a href="{href}">x</a>'
    assert bool(found(page)) is looks
    assert found(page + RSS.format("/a")) == ["https://x.example/a"]  # only where nothing is announced
    assert bool(found(page + '<link rel="sitemap" href="/s">')[1:]) is looks


def test_no_more_than_is_reasonable():
    assert len(found("".join(RSS.format(n) for n in range(99)))) == 50
    assert len(found("".join(f"<a href=/{n}/feed>" for n in range(99)))) == 50


def test_robots():
    text = "User-agent: *\nDisallow: /feed\n Sitemap : https://x.example/s.xml\r\nsitemap:/n.xml\nSITEMAP: /n.xml\nSitemap: ftp://x/"
    leads = leads_of_robots(text, url="https://x.example/robots.txt")
    assert [lead.url for lead in leads] == ["https://x.example/s.xml", "https://x.example/n.xml"]


@given(
    st.lists(
        st.sampled_from(
            [
                "<link ",
                "<a ",
                "rel=feed ",
                "href=/f",
                "'",
                '"',
                ">",
                "<!--",
                "-->",
                "=",
                " ",
                "<script",
                "</script",
                "x",
            ]
        )
    )
)
def test_any_soup_is_read(parts):
    for url in found("".join(parts)):
        assert url.startswith("https://x.example/")


@pytest.mark.parametrize(
    "part", ["<link ", "<a '", '<link a="', "<!--", "<a x=", "<a href=/feed", "<a   ", "sitemap:   "]
)
def test_time_is_linear(part):
    found(part * (1_000_000 // len(part)))
    leads_of_robots(part * (1_000_000 // len(part)), url=URL)
