"""Polling a feed over HTTP, from a real server to articles."""

import asyncio
import dataclasses
import gzip
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from support.webhost import WebHost, hang, redirect, reply

from monitor.feeds import FeedReader
from monitor.model import Feed, FeedState, FetchErrorKind, FetchFailed, NotModified, ParsedFeed, Validators
from monitor.settings import FetchSettings

SETTINGS = FetchSettings(
    allow_private=(ip_network("127.0.0.0/8"),),
    timeout=timedelta(seconds=5),
    user_agent="monitor-test (+https://x.example)",
)
STATE = FeedState(next_due=datetime(2026, 1, 1, tzinfo=UTC))
RSS = (
    b"<rss version='2.0'><channel><title>F</title><item><guid>1</guid><title>Tartus</title>"
    b"<link>/a</link></item></channel></rss>"
)
JSON = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "T"}]}).encode()
BOTH = {"ETag": 'W/"a-gzip"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
OLD = Validators(etag='"old"', last_modified="then")


def poll(route, state=STATE, *, settings=SETTINGS, times=1, feed=None, routes=None):
    """Poll `/feed` so many times with the same state; the outcomes, and the server."""

    async def run():
        async with WebHost({"/feed": route, **(routes or {})}) as host:
            reader = FeedReader(settings, {"desk": "The Desk"})
            polled = dataclasses.replace(feed or Feed(id="f", url=""), url=host.url("/feed"))
            try:
                return [await reader.poll(polled, state) for _ in range(times)], host
            finally:
                await reader.close()

    return asyncio.run(run())


def one(route, state=STATE, **more):
    outcomes, _ = poll(route, state, **more)
    return outcomes[0]


@pytest.mark.parametrize(
    ("body", "headers", "kind"),
    [
        (RSS, {}, "rss20"),
        (RSS, {"Content-Type": "text/plain"}, "rss20"),  # what it is, not what it is called
        (gzip.compress(RSS), {"Content-Encoding": "gzip"}, "rss20"),
        (JSON, {"Content-Type": "application/feed+json"}, "json11"),
        (
            RSS.replace(b"Tartus", "Тартус".encode("cp1251")),
            {"Content-Type": "text/xml; charset=windows-1251"},
            "rss20",
        ),
    ],
)
def test_feed_becomes_articles(body, headers, kind):
    outcome = one(reply(body=body, headers=headers))
    assert isinstance(outcome, ParsedFeed)
    assert (outcome.format, outcome.status, len(outcome.articles)) == (kind, 200, 1)


def test_article_in_full():
    outcomes, host = poll(reply(body=RSS, headers=BOTH), feed=Feed(id="f", url="", outlet="desk", lang="ru"))
    article = outcomes[0].articles[0]
    assert (article.feed_id, article.guid, article.title, article.outlet) == ("f", "1", "Tartus", "The Desk")
    assert (article.url, article.lang) == (host.url("/a"), "ru")  # a relative link, against the feed's address
    assert outcomes[0].validators == Validators(etag=BOTH["ETag"], last_modified=BOTH["Last-Modified"])
    sent = host.requests[0].headers
    assert sent["user-agent"] == SETTINGS.user_agent
    assert not {"if-none-match", "if-modified-since", "cookie", "referer"} & set(sent)


def test_validators_go_back_byte_for_byte():
    state = dataclasses.replace(STATE, validators=Validators(etag=BOTH["ETag"], last_modified="whatever they said"))
    _, host = poll(reply(body=RSS), state)
    assert host.requests[0].headers["if-none-match"] == BOTH["ETag"]
    assert host.requests[0].headers["if-modified-since"] == "whatever they said"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, OLD),  # what a 304 leaves out stays
        ({"ETag": '"new"'}, Validators(etag='"new"', last_modified="then")),
        (BOTH, Validators(etag=BOTH["ETag"], last_modified=BOTH["Last-Modified"])),
    ],
)
def test_not_modified(headers, expected):
    outcome = one(reply(304, headers=headers), dataclasses.replace(STATE, validators=OLD))
    assert outcome == NotModified(validators=expected)


def test_equal_body_is_not_modified_but_its_validators_are_new():
    first = one(reply(body=RSS))
    state = dataclasses.replace(STATE, validators=OLD, body_hash=first.body_hash)
    assert first.wire_hash
    assert one(reply(body=RSS, headers={"ETag": '"new"'}), state) == NotModified(
        validators=Validators(etag='"new"'), status=200, wire_hash=first.wire_hash
    )
    # The same when it is known as it came, which spares even the inflating.
    known = dataclasses.replace(STATE, validators=OLD, wire_hash=first.wire_hash)
    assert one(reply(body=RSS), known) == NotModified(status=200, validators=Validators(), wire_hash=first.wire_hash)
    assert isinstance(one(reply(body=RSS + b" "), state), ParsedFeed)


@pytest.mark.parametrize(
    ("code", "headers", "retry_after"),
    [
        (304, {}, None),  # nobody asked whether it was modified
        (204, {}, None),
        (206, {}, None),
        (401, {}, None),
        (404, {}, None),
        (410, {}, None),
        (429, {"Retry-After": "120"}, timedelta(seconds=120)),
        (503, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, timedelta()),
        (500, {"Retry-After": "soon"}, None),
        (599, {}, None),
    ],
)
def test_other_statuses(code, headers, retry_after):
    outcome = one(reply(code, headers=headers))
    assert (outcome.kind, outcome.status, outcome.retry_after) == (FetchErrorKind.STATUS, code, retry_after)
    assert outcome.detail.startswith(f"HTTP {code}")


def test_answer_that_does_not_parse_keeps_its_validators():
    outcome = one(reply(body=b"<!DOCTYPE html><p>Log in", headers=BOTH))
    assert (outcome.kind, outcome.detail) == (FetchErrorKind.PARSE, "this is a web page, not a feed")
    assert outcome.validators == Validators(etag=BOTH["ETag"], last_modified=BOTH["Last-Modified"])
    assert outcome.body_hash


def test_empty_feed_is_a_success():
    outcome = one(reply(body=b"<rss version='2.0'><channel><title>F</title></channel></rss>"))
    assert (outcome.articles, outcome.warnings) == ((), ("the feed has no items",))


def test_feed_that_moved_for_good_says_so():
    routes = {"/new": reply(body=RSS)}
    outcomes, host = poll(redirect("/new", 301), routes=routes)
    assert outcomes[0].warnings == (f"the feed moved for good to {host.url('/new')}; use that address",)
    assert one(redirect("/new", 302), routes=routes).warnings == ()


def test_failures_of_the_connection_are_values():
    outcome = one(hang, settings=dataclasses.replace(SETTINGS, timeout=timedelta(seconds=0.3)))
    assert outcome.kind is FetchErrorKind.TIMEOUT
    outcome = one(reply(body=RSS), settings=dataclasses.replace(SETTINGS, allow_private=()))
    assert outcome == FetchFailed(kind=FetchErrorKind.ADDRESS, detail="127.0.0.1 may not be dialled")
    outcome = one(redirect("/feed"))
    assert outcome.kind is FetchErrorKind.REDIRECTS


def test_fault_of_ours_is_a_value_too():
    async def run():
        async def broken(host, port):
            raise RuntimeError(host)

        reader = FeedReader(SETTINGS, {}, resolver=broken)
        try:
            return await reader.poll(Feed(id="f", url="http://x.test/"), STATE)
        finally:
            await reader.close()

    assert asyncio.run(run()).kind is FetchErrorKind.INTERNAL


def test_cancellation_passes():
    async def run():
        async with WebHost({"/feed": hang}) as host:
            reader = FeedReader(SETTINGS, {})
            task = asyncio.create_task(reader.poll(Feed(id="f", url=host.url("/feed")), STATE))
            async with asyncio.timeout(5):
                while not host.requests:  # noqa: ASYNC110 - the server counts, and has no event for it
                    await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await reader.close()

    asyncio.run(run())
