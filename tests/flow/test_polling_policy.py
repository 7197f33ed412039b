"""When a feed is polled, from a real host's answers to the times in the store; and how the operator is told of feeds."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from click.testing import CliRunner
from support.beat import Beat, rss
from support.webhost import WebHost, redirect, reply

from monitor.cli import cli
from monitor.engine.flow import respread
from monitor.model import BoundKind, FeedCondition
from monitor.schedule import NEVER

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GOOD = rss("Rain")
PAGE = b"<!DOCTYPE html><title>Just a moment...</title><p>Checking your browser"


def run(folder, routes, story, *, paths=("/feed",), **more):
    """Tell a story with a beat and its host."""

    async def inner():
        async with WebHost(routes) as host, Beat(folder, *(host.url(path) for path in paths), **more) as beat:
            return await story(beat, host)

    return asyncio.run(inner())


def commanded(folder, *arguments, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *arguments])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done.output


async def asked_of(folder, *arguments):
    """The same, while the store is in use."""
    return await asyncio.to_thread(commanded, folder, *arguments)


# ── the next poll ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("route", "low", "high"),
    [
        (reply(429, headers={"Retry-After": "7200"}), 2 * HOUR, 2 * HOUR + 2 * MINUTE),
        (
            reply(429, headers={"Retry-After": format_datetime(datetime.now(UTC) + 3 * HOUR, usegmt=True)}),
            2.8 * HOUR,
            3 * HOUR + 2 * MINUTE,
        ),
        (reply(429), 30 * MINUTE, 30 * MINUTE),
        (reply(503, headers={"Retry-After": "172800"}), 2 * DAY, 2 * DAY + 2 * MINUTE),  # past the ceiling
        (reply(503), 15 * MINUTE, 30 * MINUTE),
        (reply(404), 15 * MINUTE, 30 * MINUTE),
        (reply(body=GOOD), 15 * MINUTE, 15 * MINUTE),
        (reply(body=GOOD, headers={"Cache-Control": "max-age=3600", "Age": "600"}), 50 * MINUTE, 55 * MINUTE),
        (
            reply(body=GOOD, headers={"Expires": format_datetime(datetime.now(UTC) + 2 * HOUR, usegmt=True)}),
            1.8 * HOUR,
            2.2 * HOUR,
        ),
        (reply(body=rss("Rain", head="<ttl>90</ttl>")), 90 * MINUTE, 99 * MINUTE),
        (
            reply(
                body=rss("Rain", head="<u:updatePeriod>daily</u:updatePeriod><u:updateFrequency>8</u:updateFrequency>")
            ),
            3 * HOUR,
            3.3 * HOUR,
        ),
        (reply(304), 15 * MINUTE, 30 * MINUTE),  # nobody asked for it: a failure
    ],
)
def test_what_a_host_answers_decides_the_next_poll(tmp_path, route, low, high):
    async def story(beat, _):
        await beat.poll()
        return await beat.wait()

    assert low <= run(tmp_path, {"/feed": route}, story) <= high


def test_a_feeds_own_period_counts_more_than_what_its_publisher_says_of_others(tmp_path):
    async def story(beat, _):
        await beat.poll()
        return await beat.wait()

    slow = reply(body=rss("Rain", head="<ttl>90</ttl>"), headers={"Cache-Control": "max-age=9000"})
    assert run(tmp_path, {"/feed": slow}, story, more=", every: 5m") == 5 * MINUTE
    busy = reply(429, headers={"Retry-After": "7200"})
    (tmp_path / "again").mkdir()
    assert run(tmp_path / "again", {"/feed": busy}, story, more=", every: 5m") >= 2 * HOUR  # this is to us


def test_hours_and_days_that_a_publisher_skips(tmp_path):
    async def story(beat, host):
        beat.now = beat.now.replace(hour=10, minute=50) + DAY
        hours = "".join(f"<hour>{number}</hour>" for number in range(11, 15))
        host.routes["/feed"] = reply(body=rss("Rain", head=f"<skipHours>{hours}</skipHours>"))
        await beat.poll()
        first = (await beat.feed())[1]
        assert (first.next_due.hour, first.next_due.minute) == (15, 2)  # not all at the stroke of the hour
        tomorrow = (beat.now + DAY).strftime("%A")
        host.routes["/feed"] = reply(body=rss("Rain", head=f"<skipDays><day>{tomorrow}</day></skipDays>"))
        beat.now = first.next_due.replace(hour=23, minute=50)
        await beat.poll()
        return await beat.wait(), (await beat.feed())[1].pace.bounds[-1].kind

    wait, kind = run(tmp_path, {"/feed": reply()}, story)
    assert (wait, kind) == (DAY, BoundKind.SKIP)  # to the end of that day, but for the ceiling


def test_a_restart_changes_no_due_time_and_what_fell_due_meanwhile_is_spread(tmp_path):
    async def first(beat, host):
        await beat.poll()
        return host.port, [state.next_due for _, state in await beat.parts.store.feed_states()]

    async def again(port):
        async with Beat(tmp_path, *(f"http://127.0.0.1:{port}/{n}" for n in ["feed", *range(40)])) as beat:
            await respread(beat.parts, overdue=True)
            kept = [state.next_due for _, state in await beat.parts.store.feed_states()]
            began = beat.now
            beat.now += DAY
            await respread(beat.parts, overdue=True)
            spread = [state.next_due for _, state in await beat.parts.store.feed_states()]
            assert min(spread) >= beat.now
            assert max(spread) <= beat.now + timedelta(seconds=41 * 0.06)
            assert len(set(spread)) == 41
            return kept, began

    paths = ("/feed", *(f"/{n}" for n in range(40)))
    port, due = run(tmp_path, {"/feed": reply(body=rss("Rain", head="<ttl>600</ttl>"))}, first, paths=paths)
    kept, began = asyncio.run(again(port))
    assert [at for at in kept if at >= began + timedelta(seconds=3)] == [
        at for at in due if at >= began + timedelta(seconds=3)
    ]
    assert max(due) > datetime.now(UTC) + 9 * HOUR


def test_a_clock_that_was_set_back_freezes_nothing(tmp_path):
    async def story(beat, host):
        await beat.poll()
        beat.now += 3650 * DAY
        await beat.poll(times=2)
        host.routes["/feed"] = reply(500)
        await beat.poll()
        beat.now -= 3650 * DAY
        assert await beat.wait() > 3000 * DAY
        await beat.engine.sweep()
        assert await beat.wait() <= MINUTE
        await beat.poll(times=20)
        assert await beat.condition() is FeedCondition.BROKEN
        host.routes["/feed"] = reply(410)
        await beat.poll()
        await beat.engine.sweep()
        return (await beat.feed())[1].next_due

    assert run(tmp_path, {"/feed": reply(body=GOOD)}, story) == NEVER  # of all times beyond, this one stays


def test_a_busy_host_gets_one_request_at_a_time_and_nobody_waits_for_it(tmp_path):
    busy, most = 0, 0

    async def slow(request, writer):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.02)
        busy -= 1
        await reply(body=rss(request.target))(request, writer)

    paths = tuple(f"/{number}" for number in range(60))

    async def inner():
        other = WebHost({"/other": reply(body=GOOD)}, address="127.0.0.2")
        async with WebHost(dict.fromkeys(paths, slow)) as host, other:
            urls = [*(host.url(path) for path in paths), other.url("/other", host="127.0.0.2")]
            async with Beat(tmp_path, *urls, polling="host_gap: 0s, concurrency: 4") as beat:
                beat.now += MINUTE
                await beat.parts.store.make_due(None, beat.now)
                await beat.parts.store.make_due(["f60"], beat.now + timedelta(milliseconds=1))  # the last in line
                beat.now += timedelta(seconds=1)
                rounds = 0
                while not other.requests:
                    await beat.engine.poll_due()
                    await asyncio.sleep(0.01)
                    rounds += 1
                before = len(host.requests)
                while await beat.engine.poll_due() or beat.engine.hosts.sent_away:
                    await beat.engine.settle()
                    beat.now += timedelta(seconds=1)
                return rounds, before, len(host.requests)

    rounds, before, total = asyncio.run(inner())
    assert (most, total) == (1, 60)
    assert rounds <= 5
    assert before < 20  # of sixty that came first


def test_polling_once_waits_for_a_busy_host(tmp_path):
    async def inner():
        async with WebHost({path: reply(body=rss(path)) for path in ("/1", "/2", "/3")}) as host:
            Beat(tmp_path, host.url("/1"), host.url("/2"), host.url("/3"), polling="host_gap: 1s")
            await asyncio.to_thread(commanded, tmp_path, "poll", "--once")
            return [request.target for request in host.requests]

    assert sorted(asyncio.run(inner())) == ["/1", "/2", "/3"]


def test_how_often_a_feed_brings_articles_decides_how_often_it_is_asked(tmp_path):
    async def story(beat, host):
        titles = ["0"]
        for number in range(1, 12):
            host.routes["/feed"] = reply(body=rss(*titles[-5:]))
            await beat.poll()
            titles.append(str(number))
            beat.now += 20 * MINUTE
        return (await beat.feed())[1]

    state = run(tmp_path, {}, story)
    assert state.pace.bounds[0].kind is BoundKind.RHYTHM
    assert state.gaps == 0
    assert 8 * MINUTE <= state.pace.bounds[0].span <= 20 * MINUTE


# ── redirects ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [301, 308])
def test_a_permanent_redirect_that_held_is_taken_over(tmp_path, code):
    async def story(beat, host):
        await beat.poll(times=4)
        beat.now += 6 * DAY
        await beat.poll()
        before = (await beat.feed())[1]
        assert before.pace.address is None
        assert "redirects for good" in await asked_of(tmp_path, "feeds", "why", "f0")
        beat.now += DAY
        await beat.poll()
        (notice,) = await beat.told()
        host.requests.clear()
        await beat.poll()
        asked = [request.target for request in host.requests]
        return (await beat.feed()), asked, notice, host

    routes = {"/feed": redirect("/new", code), "/new": reply(body=GOOD)}
    (feed, state), asked, notice, host = run(tmp_path, routes, story)
    assert asked == ["/new"]
    assert feed.url == host.url("/feed")  # the settings stay as they are
    assert state.pace.address == host.url("/new")
    assert "moved for good" in notice.subject
    assert host.url("/new") in notice.text
    assert f"is polled at {host.url('/new')}" in commanded(tmp_path, "feeds", "why", "f0")


@pytest.mark.parametrize("code", [302, 303, 307])
def test_a_redirect_that_is_not_for_good_is_never_taken_over(tmp_path, code):
    async def story(beat, host):
        for _ in range(20):
            await beat.poll()
            beat.now += DAY
        assert (await beat.feed())[1].pace.move is None
        return [request.target for request in host.requests]

    routes = {"/feed": redirect("/new", code), "/new": reply(body=GOOD)}
    assert run(tmp_path, routes, story) == ["/feed", "/new"] * 20


def test_a_permanent_redirect_behind_one_that_is_not_is_not_taken_over(tmp_path):
    async def story(beat, _):
        for _ in range(10):
            await beat.poll()
            beat.now += DAY
        return (await beat.feed())[1].pace

    routes = {"/feed": redirect("/a", 302), "/a": redirect("/b", 301), "/b": reply(body=GOOD)}
    pace = run(tmp_path, routes, story)
    assert (pace.address, pace.move) == (None, None)


# ── how a feed is ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gone_for_good_is_told_at_once_and_not_asked_again_until_a_person_wants_it(tmp_path):
    async def story(beat, host):
        await beat.poll()
        host.routes["/feed"] = reply(410)
        await beat.poll()
        (notice,) = await beat.told()
        assert (await beat.feed())[1].next_due == NEVER
        asked = len(host.requests)
        beat.now += 365 * DAY
        assert await beat.engine.poll_due() == 0
        assert len(host.requests) == asked
        assert "never" in await asked_of(tmp_path, "feeds", "list", "--state", "gone")
        host.routes["/feed"] = reply(body=GOOD)
        await beat.parts.store.make_due(["f0"], beat.now)
        await beat.poll(times=2)
        return notice, await beat.told(), await beat.condition()

    notice, told, condition = run(tmp_path, {"/feed": reply(body=GOOD)}, story)
    assert notice.subject == "Feed f0 is gone"
    assert [one.subject for one in told] == ["Feed f0 is gone", "Feed f0 is well again"]
    assert condition is FeedCondition.OK


def test_not_found_fades(tmp_path):
    async def story(beat, host):
        await beat.poll()
        host.routes["/feed"] = reply(404)
        waits = []
        while (await beat.condition()) is not FeedCondition.GONE:
            await beat.poll()
            waits.append(await beat.wait())
        return waits, await beat.told(), await beat.condition()

    waits, told, _ = run(tmp_path, {"/feed": reply(body=GOOD)}, story)
    assert waits == sorted(waits)
    assert 10 <= len(waits) < 30
    assert max(waits) <= DAY
    assert timedelta(days=7) <= sum(waits[:-1], timedelta())
    assert "Feed f0 is gone" in told[-1].subject
    assert "last new article" in told[-1].text.lower()


@pytest.mark.parametrize(
    ("route", "condition", "polls"),
    [
        (reply(403), FeedCondition.BLOCKED, 3),
        (reply(401), FeedCondition.BLOCKED, 3),
        (reply(503, body=PAGE, headers={"cf-mitigated": "challenge"}), FeedCondition.BLOCKED, 3),
        (reply(200, body=PAGE), FeedCondition.BLOCKED, 3),
        (reply(200, body=b"<html><p>Please accept our cookies"), FeedCondition.BLOCKED, 3),
        (reply(500), FeedCondition.BROKEN, 5),
        (reply(200, body=b"the database is down"), FeedCondition.BROKEN, 5),
        (reply(200, body=rss()), FeedCondition.EMPTY, 5),
        (reply(200, body=b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><title>T</title></entry></feed>"),
         FeedCondition.FORMAT, 2),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_feed_is_told_once_and_that_it_is_well_again(tmp_path, route, condition, polls):
    async def story(beat, host):
        await beat.poll()
        good, host.routes["/feed"] = host.routes["/feed"], route
        await beat.poll(times=polls + 4)
        assert await beat.condition() is condition
        told = [one.subject for one in await beat.told()]
        beat.now += HOUR
        await beat.poll(times=3)
        assert [one.subject for one in await beat.told()] == told
        assert beat.engine.pulse.figures.conditions == {condition: 1}
        assert "f0" in await asked_of(tmp_path, "feeds", "list", "--state", condition.value)
        assert "f0" in await asked_of(tmp_path, "feeds", "list", "--state", "unwell")
        assert "f0" not in await asked_of(tmp_path, "feeds", "list", "--state", "ok")
        host.routes["/feed"] = good
        await beat.poll(times=2)
        assert await beat.condition() is FeedCondition.OK
        beat.now += HOUR
        return told, [one.subject for one in await beat.told()]

    told, after = run(tmp_path, {"/feed": reply(body=rss("Rain over the coast"))}, story)
    assert len(told) == 1
    assert after == [*told, "Feed f0 is well again"]


def test_an_outage_of_our_own_is_one_notice(tmp_path):
    paths = tuple(f"/{number}" for number in range(60))

    async def story(beat, host):
        async def round_of_polls():
            beat.now += 2 * HOUR
            await beat.parts.store.make_due(None, beat.now)
            while await beat.engine.poll_due():
                await beat.engine.settle()
            await beat.engine.sweep()

        await round_of_polls()
        for path in paths:
            host.routes[path] = reply(500)
        for _ in range(8):
            await round_of_polls()
        return await beat.told()

    routes = {path: reply(body=rss(path)) for path in paths}
    (notice,) = run(tmp_path, routes, story, paths=paths, polling="host_gap: 0s, per_host: 50")
    assert notice.subject == "60 feeds: 60 broken"
    assert "and 40 more" in notice.text


def test_articles_that_may_have_been_lost_are_said_counted_and_the_feed_is_polled_faster(tmp_path):
    async def story(beat, host):
        await beat.poll()
        usual = await beat.wait()
        beat.now += 40 * MINUTE
        host.routes["/feed"] = reply(body=rss(*(f"new {number}" for number in range(10))))
        await beat.poll()
        assert await beat.wait() < usual / 2
        assert beat.metric("monitor_feed_gaps_total") == 1
        host.routes["/feed"] = reply(body=rss(*(f"new {number}" for number in range(1, 11))))
        await beat.poll()
        return (await beat.feed())[1]

    state = run(tmp_path, {"/feed": reply(body=rss(*(f"old {number}" for number in range(10))))}, story)
    assert state.gaps == 1
    assert "articles may have been lost 1 time" in commanded(tmp_path, "feeds", "list")
    assert "between two polls once" in commanded(tmp_path, "feeds", "why", "f0")


# ── the commands ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_feeds_are_listed_by_pages_and_states(tmp_path):
    async def story(beat, host):
        beat.now += MINUTE
        await beat.parts.store.make_due(["f0", "f1", "f2"], beat.now)
        while await beat.engine.poll_due(only=("f0", "f1", "f2")):
            await beat.engine.settle()
        return host.url("/0")

    assert "no daemon has run" in not_run(tmp_path)
    paths = tuple(f"/{number}" for number in range(12))
    url = run(
        tmp_path,
        {"/0": reply(body=rss("Rain", head="<ttl>90</ttl>")), "/1": reply(500)},
        story,
        paths=paths,
        polling="host_gap: 0s, per_host: 9",
    )

    def listed(*options):
        lines = commanded(tmp_path, "feeds", "list", *options).splitlines()
        return [line.split()[0] for line in lines if line.startswith("f")], lines[-1]

    assert listed()[0] == [f"f{number}" for number in range(12)]
    assert listed("--limit", "5") == (["f0", "f1", "f2", "f3", "f4"], "1 to 5 of 12 feeds; next: --page 2")
    assert listed("--limit", "5", "--page", "3") == (["f10", "f11"], "11 to 12 of 12 feeds")
    assert listed("--limit", "5", "--page", "4") == ([], "none of 12 feeds")
    assert listed("--state", "failing")[0] == ["f1", "f2"]
    assert listed("--state", "failing", "--limit", "1")[0] == ["f1"]
    assert listed("--state", "new")[0] == [f"f{number}" for number in range(3, 12)]
    assert listed("--state", "ok")[0] == ["f0", "f1", "f2"]  # nothing has lasted yet
    assert listed("--state", "unwell")[0] == []
    assert "sleepy" in commanded(tmp_path, "feeds", "list", "--state", "sleepy", code=2)
    text = commanded(tmp_path, "feeds", "why", url)
    for words in ("state      ok", "1h30m between polls (ttl)", "last new ", ": Rain", "next poll  20"):
        assert words in text
    assert "HTTP 500" in commanded(tmp_path, "feeds", "why", "f1")
    assert "spread over a minute" in commanded(tmp_path, "feeds", "why", "f5")
    assert "no feed is called f99" in commanded(tmp_path, "feeds", "why", "f99", code=2)


def not_run(folder):
    beat = Beat(folder, "http://127.0.0.1:9/feed")
    return commanded(beat.folder, "feeds", "why", "f0")


def test_readiness_tells_how_many_feeds_are_not_well(tmp_path):
    async def story(beat, _):
        await beat.poll()
        await beat.engine.sweep()
        return json.dumps(beat.engine.pulse.report())

    assert '"feeds_unwell": 1' in run(tmp_path, {"/feed": reply(410)}, story)
