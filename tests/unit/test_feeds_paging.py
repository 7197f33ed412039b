"""Where a feed says that its older articles stand."""

import json

import pytest

from monitor.feeds.paging import older_of

URL = "https://x.example/feed"
RSS = "<rss xmlns:a='x'><channel>{}<item><a:link rel='next' href='/in-an-item'/></item></channel></rss>"


def older(body, link=None, content_type=None):
    return older_of(body.encode() if isinstance(body, str) else body, content_type=content_type, link=link, url=URL)


@pytest.mark.parametrize(
    ("head", "link", "expected"),
    [
        ("<a:link rel='next' href='?page=2&amp;x=1'/>", None, "https://x.example/feed?page=2&x=1"),
        ("<link rel='prev-archive' href='/2'/><link rel='next' href='/3'/>", None, "https://x.example/2"),
        ("<link rel='next' href='/3'/><link rel='prev-archive' href='/2'/>", None, "https://x.example/2"),
        ("<link rel='next' href='/3'/>", '</4>; rel="next"', "https://x.example/3"),
        ("<link rel='next' href='/3'/>", '</4>; rel="prev-archive"', "https://x.example/4"),
        ("", '</4>; rel="last next"', "https://x.example/4"),
        ("<link rel='next' href='javascript:1'/><link rel='next' href='/3'/>", None, "https://x.example/3"),
        ("<link rel='previous' href='/3'/><link rel='prev' href='/3'/><link rel='current' href='/3'/>", None, None),
        ("<link rel='next'/><link href='/3'/>", "</4>", None),
    ],
)
def test_links(head, link, expected):
    assert older(RSS.format(head), link) == expected
    assert older(RSS.format(head).encode("utf-16"), link, "text/xml; charset=utf-16") == expected


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ({"next_url": "/2"}, "https://x.example/2"),
        ({"next_url": 2}, None),
        ({"next_url": None}, None),
        ({}, None),
    ],
)
def test_json_feed(feed, expected):
    assert older(json.dumps(feed)) == expected


def test_broken_json_names_none():
    assert older('{"next_url": "/2"') is None
    assert older("{" * 100_000) is None
