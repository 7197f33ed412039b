"""Two workers on one store, one of which stalls past its lease in a verb and wakes after the other did its work.

It records nothing then; what it was about is told, and told once. Where it stalls between a send and the record of it, nobody
can know that it was sent: it is sent again with the same key, by which the Maildir keeps one message. Time is moved by the test; store, feed and Maildir are real.
"""

import asyncio
import dataclasses
import mailbox
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from support.beat import Beat, rss
from support.webhost import WebHost, reply

from monitor.engine import alerts, flow
from monitor.engine.local import DECISION_LEASE
from monitor.engine.parts import Parts, delivery_lease, feed_lease, longest_lease
from monitor.model import DeliveryState, FeedClaim
from monitor.store.protocol import HitFilter, Store

NEWS = "Planes at Khmeimim"


class Stalling:
    """A store whose one method waits for `wake` before it begins; everything else is the store's own."""

    def __init__(self, store: Store, method: str) -> None:
        self._store, self._method = store, method
        self.stalled, self.wake = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        return self._late(real) if name == self._method else real

    def _late(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def late(*args: Any, **named: Any) -> Any:
            self.stalled.set()
            await self.wake.wait()
            return await real(*args, **named)

        return late


def worker(beat: Beat, name: str, store: Any = None) -> Parts:
    """A worker of this name on the store of `beat`."""
    return dataclasses.replace(
        beat.parts, worker=name, store=cast("Store", store or beat.parts.store), states={}, buckets={}
    )


async def claimed(parts: Parts) -> FeedClaim:
    (claim,) = await parts.store.claim_feeds(parts.worker, parts.clock(), 9, feed_lease(parts))
    return claim


async def poll(parts: Parts) -> object:
    return (await flow.poll(parts, await claimed(parts))).articles or None


async def alert(parts: Parts) -> object:
    (claim,) = await parts.store.claim_subscribers(parts.worker, parts.clock(), 9, DECISION_LEASE)
    return await alerts.alert(parts, claim)


async def deliver(parts: Parts) -> object:
    await parts.store.recover(parts.clock(), longest_lease(parts))
    channel = parts.channels["box"]
    lease = delivery_lease(channel)
    (claim,) = await parts.store.claim_deliveries(parts.worker, parts.clock(), 9, lease, channel="box")
    return await flow.deliver(parts, channel, claim)


VERBS = (poll, alert, deliver)


@pytest.mark.parametrize(
    ("verb", "method"),
    [
        (poll, "known"),
        (poll, "record_poll"),
        (alert, "agenda"),
        (alert, "record_alerts"),
        (deliver, "begin_attempt"),
        (deliver, "record_attempt"),
    ],
)
@pytest.mark.parametrize("soon", [False, True], ids=["wakes-last", "wakes-next"])
def test_who_stalls_past_a_lease_records_nothing_and_news_is_told_once(
    tmp_path: Path, *, verb: Callable[[Parts], Awaitable[object]], method: str, soon: bool
) -> None:
    async def run() -> None:
        async with WebHost({"/feed": reply(body=rss(NEWS))}) as host, Beat(tmp_path, host.url("/feed")) as beat:
            slow = Stalling(beat.parts.store, method)
            other = worker(beat, "other")
            beat.now = (await beat.feed())[1].next_due
            before = VERBS.index(verb)
            for one in VERBS[:before]:
                assert await one(other) is not None
            asleep = asyncio.ensure_future(verb(worker(beat, "sleeper", slow)))
            await asyncio.wait_for(slow.stalled.wait(), 10)
            beat.now += longest_lease(other) + timedelta(minutes=1)
            assert await verb(other) is not None
            if soon:
                await nothing_recorded(beat, slow, asleep)
            for one in VERBS[before + 1 :]:
                assert await one(other) is not None
            if not soon:
                await nothing_recorded(beat, slow, asleep)
            await told_once(beat)

    asyncio.run(run())


async def nothing_recorded(beat: Beat, slow: Stalling, asleep: asyncio.Task[object]) -> None:
    """The sleeper wakes, and changes nothing of the feed or of what is to be delivered."""
    before = await beat.feed(), await beat.parts.store.deliveries(limit=9)
    slow.wake.set()
    assert await asyncio.wait_for(asleep, 10) is None
    assert (await beat.feed(), await beat.parts.store.deliveries(limit=9)) == before


async def told_once(beat: Beat) -> None:
    """One delivery, sent; one message; and nobody finds anything more to do."""
    store = beat.parts.store
    assert [one.state for one in await store.deliveries(limit=9)] == [DeliveryState.SENT]
    beat.now += longest_lease(beat.parts) + timedelta(minutes=1)
    assert await store.recover(beat.now, longest_lease(beat.parts)) == 0
    assert await store.claim_subscribers("other", beat.now, 9, DECISION_LEASE) == ()
    (letter,) = mailbox.Maildir(beat.folder / "box", create=False)
    assert NEWS in str(letter["Subject"])


def test_who_stalls_over_an_older_text_does_not_bring_it_back(tmp_path: Path) -> None:
    async def run() -> None:
        first, older, newer = (rss(NEWS).replace(b"<title>Planes", f"<title>{count}".encode()) for count in "123")
        async with WebHost({"/feed": reply(body=first)}) as host, Beat(tmp_path, host.url("/feed")) as beat:
            slow = Stalling(beat.parts.store, "record_poll")
            other = worker(beat, "other")
            beat.now = (await beat.feed())[1].next_due
            assert await poll(other) is not None
            beat.now = (await beat.feed())[1].next_due
            host.routes["/feed"] = reply(body=older)
            asleep = asyncio.ensure_future(poll(worker(beat, "sleeper", slow)))
            await asyncio.wait_for(slow.stalled.wait(), 10)
            beat.now += longest_lease(other) + timedelta(minutes=1)
            host.routes["/feed"] = reply(body=newer)
            assert (await flow.poll(other, await claimed(other))).revisions == 1
            (hit,) = await other.store.hits(HitFilter())
            known = await other.store.known("f0", [hit.article.key])
            await nothing_recorded(beat, slow, asleep)
            assert await other.store.known("f0", [hit.article.key]) == known

    asyncio.run(run())
