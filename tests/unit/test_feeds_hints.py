"""What answers and the heads of documents say of the next poll, and what comes in a feed's place."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds import hints
from monitor.model import PublisherHints
from monitor.net import Answer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def answer(status=200, body=b"", **headers) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=body, url="https://feed.example/", permanent_url="https://new/")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=3600"}, HOUR),
        ({"cache-control": 'Max-Age="3600"', "age": "600"}, timedelta(minutes=50)),
        ({"cache-control": "max-age=60", "age": "600"}, timedelta()),
        ({"cache-control": "max-age=soon"}, timedelta()),
        ({"cache-control": "max-age=99999999999999999"}, timedelta(days=365)),
        ({"cache-control": "no-cache, max-age=3600"}, timedelta()),
        ({"cache-control": "no-store"}, timedelta()),
        ({"cache-control": "s-maxage=3600"}, None),  # for shared caches
        ({"expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, HOUR),
        ({"expires": "Sun, 01 Mar 2026 13:00:00 GMT", "date": "Sun, 01 Mar 2026 12:30:00 GMT"}, HOUR / 2),
        ({"expires": "Sun, 01 Mar 2026 11:00:00"}, timedelta()),
        ({"expires": "0"}, None),
        ({"cache-control": "max-age=60", "expires": "Sun, 01 Mar 2026 13:00:00 GMT"}, timedelta(minutes=1)),
    ],
)
def test_freshness(headers, expected):
    assert hints.fresh_for(headers, NOW) == expected


def test_an_answer_says_where_the_feed_lives():
    said = hints.of_answer(answer(cache_control="max-age=3600"), NOW)
    assert said == PublisherHints(fresh_for=HOUR, moved_to="https://new/")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", {}),
        (b"<ttl> 60 </ttl>", {"ttl": HOUR}),
        (b"<ttl>often</ttl>", {}),
        (b"<ttl>999999999</ttl>", {"ttl": timedelta(days=365)}),
        (b"<sy:updatePeriod> hourly\n</sy:updatePeriod>", {"update_every": HOUR}),
        (
            b"<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            {"update_every": 6 * HOUR},
        ),
        (
            b"<s:updatePeriod>weekly</s:updatePeriod><s:updateFrequency>0</s:updateFrequency>",
            {"update_every": 168 * HOUR},
        ),
        (b"<sy:updatePeriod>hardly</sy:updatePeriod>", {}),
        (b"<sy:updateFrequency>4</sy:updateFrequency>", {}),
        (
            b"<skipHours><hour>0</hour> <hour>23</hour><hour>24</hour><hour>77</hour></skipHours>",
            {"skip_hours": (0, 23)},
        ),
        (b"<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays>", {"skip_days": (5, 6)}),
        (b"<hour>3</hour><day>Sunday</day>", {}),
    ],
)
def test_what_the_head_of_a_document_says(head, expected):
    document = b"<rss><channel>" + head + b"<item><ttl>5</ttl></item></channel></rss>"
    assert hints.of_document(PublisherHints(), document) == PublisherHints(**expected)
    utf16 = document.decode().encode("utf-16")
    assert hints.of_document(PublisherHints(), utf16) == PublisherHints(**expected)
    whole = b"<rss><channel>" + head
    assert hints.of_document(PublisherHints(fresh_for=HOUR), whole) == PublisherHints(fresh_for=HOUR, **expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(200, b"<rss/>"), None),
        (answer(200, b"<!DOCTYPE html><p>Log in"), "a web page"),
        (answer(200, b"\xef\xbb\xbf <!-- x --> <html lang='en'>"), "a web page"),
        (answer(403, b"<html>Forbidden"), None),  # errors may well be web pages
        (answer(403, b"<html><title>Just a moment...</title>"), "a challenge page of Cloudflare"),
        (answer(503, b"", cf_mitigated="challenge"), "a challenge page of Cloudflare"),
        (answer(200, b"<html><script src=/_Incapsula_Resource?x>"), "a challenge page of Imperva"),
        (answer(200, b"<html><div class='g-recaptcha'>"), "a page with a captcha"),
        (answer(200, b"<rss><title>Just a moment"), None),
    ],
)
def test_what_comes_in_a_feeds_place(given, expected):
    assert hints.obstacle(given) == expected


@given(st.binary(max_size=300), st.sampled_from([b"", b"<rss><ttl>", b"<skipHours>", b"<!--", b"<?xml"]))
def test_no_bytes_are_too_odd(data, before):
    hints.of_document(PublisherHints(), before + data)
    hints.obstacle(answer(200, before + data))


@given(st.dictionaries(st.sampled_from(["cache-control", "age", "expires", "date"]), st.text(max_size=40)))
def test_no_header_is_too_odd(headers):
    span = hints.fresh_for(headers, NOW)
    assert span is None or timedelta() <= span <= timedelta(days=365)


@pytest.mark.parametrize(
    "part",
    [
        b"<skipHours>",
        b"<skipDays><day>",
        b"<ttl> ",
        b"<a:updatePeriod>\n",
        b"<!--",
        b"<?xml ",
        b" ",
        b"<!-- -->",
        b"<x:",
    ],
)
def test_the_time_grows_with_the_length(part):
    def cost(size: int) -> float:
        document = part * (size // len(part))
        began = time.process_time()
        hints.of_document(PublisherHints(), document)
        hints.obstacle(answer(200, document))
        return time.process_time() - began

    assert cost(60_000) < 1.0  # a second is far from what any of them takes, and near to nothing quadratic
