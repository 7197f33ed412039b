"""Documents that stop, starve or deceive parsers; and parsers that die. Each time the next feed must be read."""

import asyncio
import contextlib
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from support.webhost import WebHost, reply

from monitor.feeds import FeedReader
from monitor.feeds.entries import Document, Unreadable
from monitor.feeds.pool import ParsePool
from monitor.model import Feed, FeedKind, FeedState, FetchErrorKind, FetchFailed, ParsedFeed
from monitor.settings import FetchSettings

FILE = Feed(id="f", url="", kind=FeedKind.DIRECTORY)
GOOD = b"<rss version='2.0'><channel><title>F</title><item><title>T</title></item></channel></rss>"
QUICK = FetchSettings(parse_timeout=timedelta(seconds=1.0), allow_private=(ip_network("127.0.0.0/8"),))


def rss(inside: str, root: str = "<rss version='2.0'>") -> bytes:
    return f"{root}<channel><title>F</title><item><title>T</title>{inside}</item></channel></rss>".encode()


@contextlib.asynccontextmanager
async def parsers(settings=QUICK, **more):
    pool = ParsePool(settings, **more)
    try:
        yield pool
    finally:
        await pool.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the system has no event for it
            await asyncio.sleep(0.01)


# Structures on which the parser itself runs for ever; each is killed at the deadline.
ENDLESS = {
    "100,000 attributes": rss("<a " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>"),
    "a million nested tags": rss("<a>" * 1_000_000),
}

# Structures that must cost little; each is read.
CHEAP = {
    "white space before the root": b"\n" * 65_536 + GOOD,
    "a million nested divs in a body": rss("<description><![CDATA[" + "<div>" * 200_000 + "]]></description>"),
    "comments in a body": rss("<description><![CDATA[" + "<!--" * 100_000 + "]]></description>"),
    "entities": rss("<description>" + "&nosuch;" * 50_000 + "</description>"),
    "items": b"<rss version='2.0'><channel><title>F</title>"
    + b"<item><title>T</title></item>" * 100_000
    + b"</channel></rss>",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_documents_are_killed_and_the_next_feed_is_read(name):
    async def run():
        async with parsers() as pool:
            await pool.read(Document(data=GOOD))
            (before,) = pool.processes()
            began = time.monotonic()
            with pytest.raises(Unreadable, match="stopped after 1 s") as error:
                await pool.read(Document(data=ENDLESS[name]))
            assert error.value.passing
            assert time.monotonic() - began < 4
            assert not alive(before)
            assert len((await pool.read(Document(data=GOOD))).entries) == 1

    asyncio.run(run())


@pytest.mark.parametrize("name", CHEAP)
def test_floods_are_read(name):
    async def run():
        async with parsers(FetchSettings(max_entries=100)) as pool:
            return await pool.read(Document(data=CHEAP[name], max_entries=100))

    assert asyncio.run(run()).entries[0].title == "T"


def test_loop_stays_free_while_a_document_is_parsed():
    async def run():
        async with parsers() as pool:
            await pool.read(Document(data=GOOD))
            task = asyncio.create_task(pool.read(Document(data=ENDLESS["100,000 attributes"])))
            longest = 0.0
            while not task.done():
                began = time.monotonic()
                await asyncio.sleep(0.01)
                longest = max(longest, time.monotonic() - began)
            with pytest.raises(Unreadable):
                await task
            return longest

    assert asyncio.run(run()) < 0.5


def test_memory_is_limited():
    async def run():
        settings = FetchSettings(parse_memory=200 * 1024 * 1024, parse_timeout=timedelta(seconds=20))
        async with parsers(settings) as pool:
            with pytest.raises(Unreadable) as error:
                await pool.read(Document(data=b'{"items":[' + b"[]," * 5_000_000 + b"[]]}"))
            assert error.value.passing
            return await pool.read(Document(data=GOOD))

    assert len(asyncio.run(run()).entries) == 1


def test_stopped_document_is_asked_for_again():
    """What was stopped is worth another try, so the next request must not be conditional on it."""

    async def run():
        async with WebHost({"/": reply(body=ENDLESS["100,000 attributes"], headers={"ETag": '"x"'})}) as host:
            reader = FeedReader(QUICK, {})
            state = FeedState(next_due=datetime(2026, 1, 1, tzinfo=UTC))
            outcome = await reader.poll(Feed(id="f", url=host.url()), state)
            await reader.close()
            return outcome

    outcome = asyncio.run(run())
    assert (outcome.kind, outcome.validators, outcome.body_hash) == (FetchErrorKind.PARSE, None, None)


# ── The body is no name ───────────────────────────────────────────────────────────────────────────────────────────────


def test_body_that_names_a_file_a_fifo_or_a_host_opens_nothing(tmp_path):
    file, fifo = tmp_path / "feed.xml", tmp_path / "fifo"
    file.write_bytes(GOOD)
    os.mkfifo(fifo)

    async def run():
        async with WebHost({"/": reply(body=GOOD)}) as canary:
            external = (
                f'<?xml version="1.0"?><!DOCTYPE rss SYSTEM "{canary.url()}" [<!ENTITY x SYSTEM "{canary.url()}">'
                f'<!ENTITY y SYSTEM "file://{fifo}">]>'
            )
            reader = FeedReader(QUICK, {})
            bodies = [str(file), f"file://{file}", str(fifo), canary.url(), canary.url().replace("http", "feed")]
            outcomes = [await reader.parse(FILE, body.encode()) for body in bodies]
            expanded = await reader.parse(FILE, external.encode() + rss("<description>&x;&y;</description>"))
            await reader.close()
            return outcomes, expanded, canary

    outcomes, expanded, canary = asyncio.run(run())
    assert all(isinstance(outcome, FetchFailed) and outcome.kind is FetchErrorKind.PARSE for outcome in outcomes)
    assert isinstance(expanded, ParsedFeed)
    assert expanded.articles[0].body == "&x;&y;"
    assert canary.connections == 0


# ── Processes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_process_before_the_first_document_and_none_after_a_pause():
    async def run():
        async with parsers(idle_seconds=0.1) as pool:
            assert pool.processes() == ()
            await pool.read(Document(data=GOOD))
            (pid,) = pool.processes()
            await until(lambda: not alive(pid))
            assert pool.processes() == ()
            await pool.read(Document(data=GOOD))
            assert pool.processes() != (pid,)

    asyncio.run(run())


def test_process_is_used_again():
    async def run():
        async with parsers() as pool:
            pids = set()
            for _ in range(3):
                await pool.read(Document(data=GOOD))
                with pytest.raises(Unreadable):
                    await pool.read(Document(data=b"no feed"))
                pids |= set(pool.processes())
            return pids

    assert len(asyncio.run(run())) == 1


def test_death_while_waiting_is_not_noticed_by_anybody():
    async def run():
        async with parsers() as pool:
            await pool.read(Document(data=GOOD))
            (pid,) = pool.processes()
            os.kill(pid, signal.SIGKILL)
            return await pool.read(Document(data=GOOD))

    assert len(asyncio.run(run()).entries) == 1


def test_death_at_work_is_a_value_and_the_next_document_is_read():
    async def run():
        async with parsers() as pool:
            await pool.read(Document(data=GOOD))
            (pid,) = pool.processes()
            task = asyncio.create_task(pool.read(Document(data=ENDLESS["100,000 attributes"])))
            await until(lambda: pool.processes() == ())
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            # A parser may have died of something else, so one fresh one tries again; it dies of the deadline.
            with pytest.raises(Unreadable) as error:
                await task
            assert error.value.passing
            return await pool.read(Document(data=GOOD))

    assert len(asyncio.run(run()).entries) == 1


def test_signals_of_the_terminal_do_not_reach_it():
    async def run():
        async with parsers() as pool:
            await pool.read(Document(data=GOOD))
            (pid,) = pool.processes()
            assert os.getsid(pid) != os.getsid(0)
            os.kill(pid, signal.SIGINT)
            os.kill(pid, signal.SIGTERM)
            await pool.read(Document(data=GOOD))
            return pool.processes() == (pid,)

    assert asyncio.run(run())


def test_process_knows_no_secret_of_the_environment(monkeypatch):
    monkeypatch.setenv("MONITOR_SMTP_PASSWORD", "hunter2")

    async def run():
        async with parsers() as pool:
            await pool.read(Document(data=GOOD))
            (pid,) = pool.processes()
            return await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_bytes)

    assert b"hunter2" not in asyncio.run(run())


def test_cancelled_reader_leaves_no_process():
    async def run():
        async with parsers(FetchSettings()) as pool:
            await pool.read(Document(data=GOOD))
            (pid,) = pool.processes()
            task = asyncio.create_task(pool.read(Document(data=ENDLESS["100,000 attributes"])))
            await until(lambda: pool.processes() == ())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not alive(pid)

    asyncio.run(run())


def test_parser_that_cannot_start_is_a_value():
    async def run():
        # A limit that no system takes: the process ends before it is ready.
        async with parsers(FetchSettings(parse_memory=2**70)) as pool:
            await pool.read(Document(data=GOOD))

    with pytest.raises(Unreadable) as error:
        asyncio.run(run())
    assert error.value.passing


def test_many_documents_at_once():
    async def run():
        async with parsers(FetchSettings(parse_workers=2)) as pool:
            readings = await asyncio.gather(*(pool.read(Document(data=GOOD)) for _ in range(20)))
            assert len(pool.processes()) <= 2
            return readings

    assert all(len(reading.entries) == 1 for reading in asyncio.run(run()))
