"""What a publisher's server sees of us over many polls: the conditions that we send, and nothing that nobody asked for."""

import asyncio
from datetime import timedelta

import pytest
from support.beat import Beat, rss
from support.webhost import WebHost, hang, redirect, reply

DAY = timedelta(days=1)
L1, L2 = "Thu, 01 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 00:00:00 GMT"


def asked(folder, answers, **more):
    """Poll with these answers, one after the other; what was sent each time: If-None-Match and If-Modified-Since."""

    async def run():
        async with WebHost({}) as host, Beat(folder, host.url("/feed"), **more) as beat:
            for answer in answers:
                host.routes["/feed"] = answer
                await beat.poll()
            return [(one.headers.get("if-none-match"), one.headers.get("if-modified-since")) for one in host.requests]

    return asyncio.run(run())


def ok(*titles, etag=None, modified=None, body=None):
    headers = {name: value for name, value in (("ETag", etag), ("Last-Modified", modified)) if value}
    return reply(body=rss(*titles) if body is None else body, headers=headers)


def same(etag=None, modified=None):
    headers = {name: value for name, value in (("ETag", etag), ("Last-Modified", modified)) if value}
    return reply(304, headers=headers)


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        # The latest answer counts, 200 and 304 alike; what a 304 leaves out stays.
        (
            [ok("a", etag='W/"1"', modified=L1), same(), same(etag='"2"'), same(modified=L2), same()],
            [(None, None), ('W/"1"', L1), ('W/"1"', L1), ('"2"', L1), ('"2"', L2)],
        ),
        # A server that gives no validators any more is asked without.
        ([ok("a", etag='"1"', modified=L1), ok("b"), ok("c", modified=L2), same()],
         [(None, None), ('"1"', L1), (None, None), (None, L2)]),
        # No date is made up from a clock or from entries.
        ([ok("a"), ok("a"), ok("b")], [(None, None)] * 3),
        # An equal body is no reason to keep what came with the last one.
        ([ok("a", etag='"1"'), ok("a", etag='"2"'), ok("a", modified=L1), same()],
         [(None, None), ('"1"', None), ('"2"', None), (None, L1)]),
        # What cannot be parsed is an answer all the same.
        ([ok(etag='"1"', body=b"oops"), same(), ok("a", etag='"2"'), same()],
         [(None, None), ('"1"', None), ('"1"', None), ('"2"', None)]),
        # What fails says nothing of the document.
        ([ok("a", etag='"1"', modified=L1), reply(500, headers={"ETag": '"error"'}), reply(404), same()],
         [(None, None), *[('"1"', L1)] * 3]),
        # A server that does not know its own tag again (Apache with gzip): the date alone, until the document changes.
        (
            [*[ok("a", etag='"1-gzip"', modified=L1)] * 2, *[same(etag='"1-gzip"')] * 2,
             *[ok("a", "b", etag='"2-gzip"', modified=L2)] * 2, same()],
            [(None, None), ('"1-gzip"', L1), (None, L1), (None, L1), (None, L1), ('"2-gzip"', L2), (None, L2)],
        ),
        # Without a date the tag is all there is.
        ([ok("a", etag='"1-gzip"')] * 3, [(None, None), ('"1-gzip"', None), ('"1-gzip"', None)]),
    ],
)  # fmt: skip
def test_conditions_follow_the_latest_answer(tmp_path, answers, sent):
    assert asked(tmp_path, answers) == sent


def test_nothing_is_asked_for_that_nobody_named(tmp_path):
    async def run():
        cookie = {"Set-Cookie": "a=b; Path=/", "Link": '</icon.png>; rel="icon", </next>; rel="next"'}
        page = b"<html><head><link rel='icon' href='/i.ico'><link rel='alternate' href='/other.xml'></head></html>"
        async with WebHost({}) as host:
            answers = [
                reply(body=rss("a", head="<link>/home</link><image><url>/logo.png</url></image>"), headers=cookie),
                redirect("/new", 302),
                redirect("/new", 301),
                reply(body=page, headers=cookie),
                reply(404, headers=cookie),
                reply(500),
                hang,
                reply(body=rss("b")),
            ]
            host.routes["/new"] = reply(body=rss("a", "b"), headers=cookie)
            async with Beat(tmp_path, host.url("/feed?key=1"), fetch="timeout: 1s") as beat:
                for answer in answers:
                    host.routes["/feed"] = answer
                    await beat.poll()
                    await beat.engine.sweep()
                return host.requests, len(answers)

    requests, polls = asyncio.run(run())
    assert {one.target for one in requests} == {"/feed?key=1", "/new"}
    assert len(requests) == polls + 2  # one a poll, and one for each redirect
    for one in requests:
        assert one.method == "GET"
        assert not {"cookie", "referer", "authorization", "from"} & set(one.headers)
        assert one.headers["accept-encoding"] == "gzip, deflate"
        assert one.headers["user-agent"].startswith("monitor/")


def test_after_a_failure_nobody_is_asked_again_at_once_and_one_success_resets(tmp_path):
    async def run():
        async with WebHost({"/feed": reply(500)}) as host, Beat(tmp_path, host.url("/feed")) as beat:
            waits = []
            for _ in range(12):
                await beat.poll()
                waits.append(await beat.wait())
                assert await beat.engine.poll_due() == 0
            host.routes["/feed"] = reply(body=rss("a"))
            await beat.poll()
            return waits, await beat.wait(), len(host.requests)

    waits, last, requests = asyncio.run(run())
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(minutes=15)
    assert waits[-1] == waits[-2] <= DAY
    assert last == timedelta(minutes=15)
    assert requests == 13
