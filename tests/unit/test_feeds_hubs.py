"""Which hub a feed names: Link headers, elements, JSON Feed; and what is none."""

import json

import pytest

from monitor.feeds.websub import discover
from monitor.model import Hub

URL = "https://news.example/feed"
RSS = "<rss xmlns:a='x'><channel>{}<item><a:link rel='hub' href='https://in-an-item.example/'/></item></channel></rss>"


def found(body="", link=None, content_type=None):
    return discover(body.encode() if isinstance(body, str) else body, content_type=content_type, link=link, url=URL)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<https://hub.example/>; rel="hub", <https://news.example/self>; rel="self"', Hub(url="https://hub.example/", topic="https://news.example/self")),
        ("<https://hub.example/>;rel=hub", Hub(url="https://hub.example/", topic=URL)),
        ('</hub>; title="a, b; c"; rel="Hub other"', Hub(url="https://news.example/hub", topic=URL)),
        ('<https://x.example/>; rel="next", <https://hub.example/>; rel="hub"', Hub(url="https://hub.example/", topic=URL)),
        ('<javascript:alert(1)>; rel="hub"', None),
        ('<https://x.example/>; rel="next"', None),
        ("<https://x.example/>", None),
        ("nonsense", None),
    ],
)  # fmt: skip
def test_link_headers(link, expected):
    assert found(RSS.format(""), link) == expected


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<a:link rel="hub" href="https://hub.example/?a=1&amp;b=2"/>', Hub(url="https://hub.example/?a=1&b=2", topic=URL)),
        ("<link href='https://hub.example/' rel='hub'/><link rel='self' href='/self'/>", Hub(url="https://hub.example/", topic="https://news.example/self")),
        ('<link rel="hub"/>', None),
        ("<link>https://hub.example/</link>", None),
        ("", None),
    ],
)  # fmt: skip
def test_elements_before_the_first_item(element, expected):
    assert found(RSS.format(element)) == expected
    assert found(RSS.format(element).encode("utf-16"), content_type="text/xml; charset=utf-16") == expected


def test_headers_come_before_elements():
    body = RSS.format('<link rel="hub" href="https://b.example/"/><link rel="self" href="/b"/>')
    assert found(body, "<https://a.example/>; rel=hub") == Hub(url="https://a.example/", topic="https://news.example/b")


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ({"hubs": [{"type": "rssCloud", "url": "https://x.example"}, {"type": "WebSub", "url": "https://hub.example/"}], "feed_url": "https://news.example/f"}, Hub(url="https://hub.example/", topic="https://news.example/f")),
        ({"hubs": [{"type": "WebSub", "url": "https://hub.example/"}]}, Hub(url="https://hub.example/", topic=URL)),
        ({"hubs": [{"type": "WebSub"}, 3]}, None),
        ({"hubs": "x"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_json_feeds(feed, expected):
    assert found(json.dumps(feed)) == expected


@pytest.mark.parametrize(
    "body", ['{"hubs"', '{"hubs": ' + "[" * 100_000, "[]", " " * 3_000_000 + '{"hubs"', "<" * 100_000]
)
def test_what_cannot_be_read_names_none(body):
    assert found(body) is None
    assert found("", body) is None
