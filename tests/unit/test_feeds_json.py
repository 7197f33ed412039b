import json
from datetime import UTC, datetime

import pytest

from monitor.feeds.entries import Document, Unreadable
from monitor.feeds.jsonfeed import read_json

V11 = "https://jsonfeed.org/version/1.1"


def read(value, **fields):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read_json(Document(data=data, **fields))


def feed(*items, version=V11, **more):
    return {"version": version, "title": "F", "items": list(items), **more}


def test_in_full():
    item = {
        "id": "7",
        "url": "/a",
        "title": "T <b>",
        "content_html": "<p>one</p><p>two</p>",
        "summary": "s",
        "date_published": "2025-10-15T10:00:00+03:00",
        "authors": [{"name": "X"}, {"name": "Y"}, {"url": "https://x.example"}, "no"],
        "tags": ["Syria", 5],
        "language": "ar-SY",
    }
    reading = read(feed(item, language="en-GB"), base="https://x.example/feed.json")
    assert (reading.format, reading.title, reading.lang, reading.warnings) == ("json11", "F", "en", ())
    entry = reading.entries[0]
    assert (entry.guid, entry.url, entry.title) == ("7", "https://x.example/a", "T <b>")  # a title is plain text
    assert (entry.body, entry.author, entry.categories, entry.lang) == ("one\n\ntwo", "X, Y", ("Syria",), "ar")
    assert entry.published == datetime(2025, 10, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("item", "field", "expected"),
    [
        ({"id": 7, "content_text": "x"}, "guid", "7"),  # a number for an id
        ({"id": 7.5, "content_text": "x"}, "guid", "7.5"),
        ({"id": True, "content_text": "x"}, "guid", None),
        ({"id": {}, "content_text": "x"}, "guid", None),
        ({"content_text": "First one. Second."}, "title", "First one."),  # no title
        ({"title": "t", "content_text": "a\n\nb < c"}, "body", "a\n\nb < c"),
        ({"title": "t", "summary": "s"}, "body", "s"),
        ({"title": "t", "author": {"name": "Old"}}, "author", "Old"),  # version 1.0
        ({"title": "t", "external_url": "https://e.example/"}, "url", "https://e.example/"),
        ({"title": "t", "url": "javascript:alert(1)"}, "url", None),
        ({"title": "t", "tags": "no list"}, "categories", ()),
        ({"title": "t", "date_published": "2025-10-15"}, "published", datetime(2025, 10, 15, tzinfo=UTC)),
        ({"title": "t", "date_published": 5, "date_modified": "2025-10-15T10:00:00Z"}, "published", datetime(2025, 10, 15, 10, tzinfo=UTC)),
        ({"title": "t", "date_published": "yesterday"}, "published", None),
        ({"title": "t", "date_published": "0001-01-01T00:00:00+14:00"}, "published", None),  # before the first year in UTC
        ({"title": "a\r\nBcc: b\u0000\u001b"}, "title", "a Bcc: b"),
        ({"title": "a\ud800b"}, "title", "a\ufffdb"),  # half a pair
    ],
)  # fmt: skip
def test_items(item, field, expected):
    assert getattr(read(feed(item)).entries[0], field) == expected


def test_malformed_items_are_left_out_and_the_rest_goes_on():
    reading = read(feed(5, None, [], {"id": 1}, {"id": 2, "title": "good"}))
    assert [entry.guid for entry in reading.entries] == ["2"]
    assert reading.warnings == (
        "item 1 is not an object and was left out",
        "item 2 is not an object and was left out",
        "item 3 is not an object and was left out",
        "an item without title and text was left out",
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (V11, "json11"),
        ("https://jsonfeed.org/version/1", "json10"),
        ("http://jsonfeed.org/version/1/", "json10"),
        (None, "json"),
        ("2", "json"),
    ],
)
def test_versions(version, expected):
    reading = read(feed({"title": "t"}, version=version))
    assert reading.format == expected
    assert bool(reading.warnings) == (expected == "json")


def test_bounds_and_odd_values():
    reading = read(b'{"items":[{"id":NaN,"title":"a"},{"id":1' + b"0" * 5_000 + b',"title":"b"}]}')
    assert [entry.guid[:3] if entry.guid else None for entry in reading.entries] == [None, "sha"]
    reading = read(feed(*({"id": n, "title": "t"} for n in range(30))), max_entries=10)
    assert len(reading.entries) == 10
    assert reading.warnings == ("the feed has more than 10 items; the rest was left out",)
    assert read(feed()).warnings == ("the feed has no items",)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"{", "the document is not valid JSON: "),
        (b"[1]", "the document is JSON, but no JSON Feed: it is not an object"),
        (b"{}", "the document is JSON, but no JSON Feed: it has no list of items"),
        (b'{"items": {}}', "the document is JSON, but no JSON Feed: it has no list of items"),
        (b"[" * 200_000, "the document is JSON nested too deep"),
        (b'{"items":' + b'{"a":' * 100_000, "the document is JSON nested too deep"),
    ],
)
def test_what_is_no_feed(data, detail):
    with pytest.raises(Unreadable) as error:
        read(data)
    assert str(error.value).startswith(detail)


def test_raw_controls_in_strings_are_no_mistake():
    assert read(b'{"items":[{"title":"a\tb\x01c"}]}').entries[0].title == "a bc"


def test_wrong_bytes_are_said():
    data = json.dumps(feed({"title": "t"})).encode() + b"\n"
    assert read(data.replace(b'"t"', b'"t\xff"')).warnings == ("some bytes are not valid utf-8",)
