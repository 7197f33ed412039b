"""Hosts that hang, drip or never end hold up nobody but themselves, and not for longer than the deadline."""

import asyncio
import contextlib

from support.beat import Beat, rss
from support.webhost import WebHost, endless, hang, reply

from monitor.engine.hosts import QUEUE

HEAD = b"HTTP/1.1 200 OK\r\n"
BAD = (
    hang,
    endless(HEAD, b"X", pause=0.05),  # drips its head
    endless(HEAD + b"Content-Length: 100000\r\n\r\n", b"x", pause=0.05),  # drips its body
    endless(HEAD + b"\r\n", b"x" * 1_000, pause=0.01),  # never ends
)


@contextlib.asynccontextmanager
async def hosts(bad, healthy):
    """So many hosts of each, every one with an address of its own, in turn."""
    async with contextlib.AsyncExitStack() as stack:
        urls = []
        for number in range(bad + healthy):
            address = f"127.0.{number + 1}.1"
            is_bad = number * bad // (bad + healthy) != (number + 1) * bad // (bad + healthy)
            route = BAD[number % len(BAD)] if is_bad else reply(body=rss(f"News {number}"))
            host = await stack.enter_async_context(WebHost({"/feed": route}, address=address))
            urls.append((host.url("/feed", host=address), is_bad))
        yield urls


async def all_due(beat, count):
    await beat.parts.store.make_due([f"f{number}" for number in range(count)], beat.now)


async def polled(beat):
    return {feed.id for feed, state in await beat.parts.store.feed_states() if state.last_polled is not None}


async def until_polled(beat, ids):
    """Let the engine claim, as its tick does, until these feeds have been polled."""
    async with asyncio.timeout(30):
        while not ids <= await polled(beat):
            await beat.engine.poll_due()
            await asyncio.sleep(0.01)


async def cut_off(beat):
    """End what still hangs."""
    await beat.engine.stop(0)


def test_healthy_feeds_do_not_wait_for_those_that_hang_even_when_nobody_knows_them_yet(tmp_path):
    async def run():
        # Five bad ones for each place: with their deadline of half a minute they would hold every place for minutes.
        polling = "concurrency: 8"
        async with hosts(40, 60) as urls, Beat(tmp_path, *(url for url, _ in urls), polling=polling) as beat:
            beat.engine.places.patience = 0.05
            await all_due(beat, len(urls))
            healthy = {f"f{number}" for number, (_, is_bad) in enumerate(urls) if not is_bad}
            await until_polled(beat, healthy)
            done, aside = await polled(beat), beat.engine.places.aside
            await cut_off(beat)
            return done - healthy, aside, beat.engine.places

    bad_ones, aside, places = asyncio.run(run())
    assert bad_ones == set()  # the healthy ones were through before the first bad one was released
    assert aside >= 20
    assert (places.taken, places.aside) == (0, 0)


def test_those_that_hang_are_released_at_the_deadline(tmp_path):
    async def run():
        async with hosts(bad=20, healthy=4) as urls:
            polling, fetch = "concurrency: 4, host_gap: 0s", "timeout: 1s"
            async with Beat(tmp_path, *(url for url, _ in urls), polling=polling, fetch=fetch) as beat:
                beat.engine.places.patience = 0.02
                await all_due(beat, len(urls))
                await until_polled(beat, {f"f{number}" for number in range(len(urls))})
                await beat.engine.settle()
                states = [state for _, state in await beat.parts.store.feed_states()]
                return [state.last_error for state in states if state.failures], beat.engine

    errors, engine = asyncio.run(run())
    assert len(errors) == 20
    assert all("timeout: no complete answer" in error for error in errors)
    assert (engine.places.taken, engine.places.aside, engine.hosts.standing) == (0, 0, 0)


def test_hosts_with_many_feeds_that_hang_fill_no_hall(tmp_path):
    """Each of these hosts could have a queue of feeds before it; together they would be all that may stand."""

    async def run():
        async with hosts(bad=4, healthy=1) as urls:
            (healthy,) = (url for url, is_bad in urls if not is_bad)
            many = [f"{url}?{number}" for url, is_bad in urls if is_bad for number in range(2 * QUEUE)]
            async with Beat(tmp_path, *many, healthy, polling="concurrency: 4") as beat:
                beat.engine.places.patience = 0.02
                beat.engine.hosts.most_standing = QUEUE
                await all_due(beat, len(many))
                await beat.engine.poll_due()
                await all_due(beat, len(many) + 1)
                await until_polled(beat, {f"f{len(many)}"})
                standing = beat.engine.hosts.standing
                await cut_off(beat)
                return standing

    assert asyncio.run(run()) <= 2 * QUEUE


def test_feeds_that_are_known_to_hang_leave_half_of_the_room_to_others(tmp_path):
    async def run():
        async with hosts(bad=12, healthy=2) as urls:
            polling, fetch = "concurrency: 4, host_gap: 0s", "timeout: 1s"
            async with Beat(tmp_path, *(url for url, _ in urls), polling=polling, fetch=fetch) as beat:
                everyone = {f"f{number}" for number in range(len(urls))}
                await all_due(beat, len(urls))
                beat.engine.places.patience = 0.02
                await until_polled(beat, everyone)
                await beat.engine.settle()
                beat.engine.places.most_aside = 8
                most, rounds = 0, 0
                await all_due(beat, len(urls))
                while rounds < 20 and not beat.engine.hosts.sent_away:
                    await beat.engine.poll_due()
                    await asyncio.sleep(0.03)
                    most, rounds = max(most, beat.engine.places.aside), rounds + 1
                await cut_off(beat)
                away = set(beat.engine.hosts.sent_away)
                due = [state.next_due - beat.now for _, state in await beat.parts.store.feed_states(sorted(away))]
                bad = {f"f{number}" for number, (_, is_bad) in enumerate(urls) if is_bad}
                return most, away, bad, due

    most, away, bad, due = asyncio.run(run())
    assert most <= 7
    assert away
    assert away <= bad
    assert {round(wait.total_seconds()) for wait in due} == {30}


def test_pages_of_hosts_that_hang_do_not_hold_up_other_pages(tmp_path):
    """The places of pages are apart from those of feeds, and work the same."""

    async def run():
        async with hosts(bad=12, healthy=0) as urls, WebHost({}) as host:
            items = "".join(
                f"<item><guid>{n}</guid><title>N</title><link>{url}</link></item>" for n, (url, _) in enumerate(urls)
            )
            good = "<html><body><article>" + "<p>Planes were seen at Khmeimim again today, and more came.</p>" * 9
            items += f"<item><guid>good</guid><title>G</title><link>{host.url('/page')}</link></item>"
            host.routes["/feed"] = reply(
                body=f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()
            )
            host.routes["/page"] = reply(body=good.encode(), headers={"Content-Type": "text/html"})
            more = ", full_text: always"
            async with Beat(tmp_path, host.url("/feed"), polling="concurrency: 2, host_gap: 0s", more=more) as beat:
                beat.engine.reading.patience = 0.02
                await beat.poll()
                async with asyncio.timeout(30):
                    while not beat.metric("monitor_pages_total", status="read"):
                        await beat.engine.read_due()
                        await asyncio.sleep(0.01)
                aside = beat.engine.reading.aside
                await cut_off(beat)
                return aside

    assert asyncio.run(run()) >= 1
