"""Polling feeds whose items are known: through the reader over HTTP, through the flow into a store, and real feeds whole and sliced."""

import asyncio
import dataclasses
import random

import pytest
from support.sieving import missed, prints, sieved, whole
from support.webhost import WebHost, reply
from test_feeds_corpus import FOLDER, PINNED
from test_feeds_http import SETTINGS, STATE

from monitor.feeds import FeedReader
from monitor.model import Feed, ParsedFeed, Validators

ITEM = "<item><guid>{0}</guid><title>Title {0}</title><description>Text {0}</description></item>"


def rss(*numbers, built="today"):
    items = "".join(ITEM.format(number) for number in numbers)
    return f"<rss version='2.0'><channel><title>F</title><lastBuildDate>{built}</lastBuildDate>{items}</channel></rss>".encode()


def twice(first_route, second_route):
    """Two polls of one address, the second with what the first left behind."""

    async def run():
        async with WebHost({"/feed": first_route}) as host:
            reader = FeedReader(SETTINGS, {})
            feed = Feed(id="f", url=host.url("/feed"))
            try:
                first = await reader.poll(feed, STATE)
                host.routes["/feed"] = second_route
                return first, await reader.poll(feed, after(first))
            finally:
                await reader.close()

    return asyncio.run(run())


def after(outcome):
    """The state that the poll leaves behind, as far as the next one needs it."""
    return dataclasses.replace(
        STATE,
        body_hash=outcome.body_hash,
        fingerprints=outcome.fingerprints,
        pace=dataclasses.replace(STATE.pace, format=outcome.format),
    )


def test_second_poll_brings_what_is_new_and_says_how_many_there_are():
    _, second = twice(reply(body=rss(3, 2, 1)), reply(body=rss(4, 3, 2), headers={"ETag": '"2"'}))
    assert isinstance(second, ParsedFeed)
    assert ([article.guid for article in second.articles], second.listed, second.title) == (["4"], 3, "F")
    assert second.validators == Validators(etag='"2"')
    assert len(second.fingerprints) == 24


def test_poll_without_news_is_a_success_without_articles():
    first, second = twice(reply(body=rss(3, 2, 1)), reply(body=rss(3, 2, 1, built="now"), headers={"ETag": '"2"'}))
    assert (second.articles, second.listed, second.format) == ((), 3, "rss20")
    assert second.validators == Validators(etag='"2"')
    assert second.body_hash != first.body_hash
    assert second.fingerprints == first.fingerprints


@pytest.mark.parametrize("name", [row[0] for row in PINNED])
def test_real_feed_sliced_is_as_it_is_whole(name):
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    data = path.read_bytes()
    full, stored = whole(data), prints(data)
    assert len(stored) == len(full)
    dice = random.Random(name)
    for new in ([0], [len(full) - 1], dice.sample(range(len(full)), len(full) // 2), range(len(full))):
        known = [one for number, one in enumerate(stored) if number not in new]
        read, _, (asked,) = sieved(data, b"".join(known))
        assert read == tuple(full[number] for number in sorted(new))
        assert len(asked.data) < len(data) or not known
    edited = data.replace(b"</title>", b" (corrected)</title>")
    assert missed(data, edited) == []
    for _ in range(5):
        at = dice.randrange(len(data))
        assert missed(data, data[:at] + data[at + dice.randrange(40) :]) == []
