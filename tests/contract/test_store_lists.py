"""The contract of every store: lists of feeds that stand in no file."""

import asyncio
import dataclasses

from support.storing import FEED, LONG, MINUTE, NOW, claimed

from monitor.errors import LeaseLost, StoreError
from monitor.model import Feed
from monitor.store.feed_lists import FeedFilter
from monitor.store.protocol import PollRecord

LIST = [
    Feed(id=f"n{number}", url=f"https://news.example/{number}.xml", title=f"Paper {number}", categories=("/World",))
    for number in range(5)
]
DUE = {feed.id: NOW + MINUTE for feed in LIST}


async def polled(store, claim, **state):
    """A poll that left this state."""
    after = dataclasses.replace(claim.state, **({"next_due": NOW + LONG, "last_polled": NOW} | state))
    await store.record_poll(PollRecord(feed_id=claim.feed.id, lease=claim.lease, now=NOW, state=after))


async def ids(store, **where):
    """The ids of a page, and the total."""
    page = await store.feed_page(FeedFilter(**where))
    return [feed.id for feed, _ in page.feeds], page.total


def test_imported_feeds_are_polled_and_stay_when_the_settings_change(contract):
    async def check(store):
        assert await store.import_feeds(LIST, NOW, DUE) == 5
        await store.sync_feeds([], NOW, {})
        assert await store.claim_feeds("w", NOW, 9, LONG) == ()
        claims = await store.claim_feeds("w", NOW + MINUTE, 9, LONG)
        assert [claim.feed for claim in claims] == LIST

    contract(check)


def test_an_import_leaves_alone_what_is_polled_already(contract):
    async def check(store):
        await store.import_feeds(LIST[:2], NOW, DUE)
        twin = Feed(id="twin", url=FEED.url)
        assert await store.import_feeds([twin, *LIST], NOW + LONG, {}) == 3
        assert await store.import_feeds([], NOW, {}) == 0
        page = await store.feed_page(FeedFilter(imported=True))
        assert [(feed.id, state.next_due) for feed, state in page.feeds[:3]] == [
            ("n0", NOW + MINUTE),
            ("n1", NOW + MINUTE),
            ("n2", NOW + LONG),
        ]

    contract(check)


def test_a_feed_is_found_by_its_id(contract):
    async def check(store):
        await store.import_feeds(LIST, NOW, DUE)
        assert await ids(store, ids=("n3", "n1", "unheard-of")) == (["n1", "n3"], 2)
        assert await ids(store, ids=("n",)) == ([], 0)

    contract(check)


def test_the_settings_take_an_imported_feed_over_and_drop_it(contract):
    async def check(store):
        await store.import_feeds(LIST[:1], NOW, DUE)
        await store.sync_feeds([FEED, LIST[0]], NOW, {})
        assert await ids(store, imported=True) == ([], 0)
        await store.sync_feeds([FEED], NOW, {})
        assert await ids(store) == (["f"], 1)
        assert await store.import_feeds(LIST[:1], NOW, DUE) == 1
        assert await ids(store, imported=True) == (["n0"], 1)

    contract(check)


def test_forgotten_feeds_are_polled_no_more_and_come_back_with_their_state(contract):
    async def check(store):
        await store.import_feeds(LIST, NOW, {})
        (claim,) = await store.claim_feeds("w", NOW, 1, LONG, only=["n0"])
        await polled(store, claim)
        assert await store.forget_feeds(["n0", "n1", "f", "unknown"]) == 2
        assert await ids(store, imported=True) == (["n2", "n3", "n4"], 3)
        assert await store.import_feeds(LIST, NOW, {}) == 2
        ((_, state),) = await store.feed_states(["n0"])
        assert state.last_polled is not None

    contract(check)


def test_pages_and_filters(contract):
    async def check(store):
        await store.import_feeds(LIST, NOW, {})
        assert await ids(store, imported=True, limit=2) == (["n0", "n1"], 5)
        assert await ids(store, imported=True, limit=2, skip=4) == (["n4"], 5)
        assert await ids(store, imported=True, limit=0) == ([], 5)
        assert await ids(store, imported=False) == (["f"], 1)
        assert await ids(store, search="PAPER 3") == (["n3"], 1)
        assert await ids(store, search="news.example/2") == (["n2"], 1)
        assert await ids(store, search="%") == ([], 0)
        (claim,) = await store.claim_feeds("w", NOW, 1, LONG, only=["n2"])
        await polled(store, claim, failures=2)
        assert await ids(store, failing=True) == (["n2"], 1)
        assert await ids(store, polled=True) == (["n2"], 1)
        assert await ids(store, imported=True, polled=False) == (["n0", "n1", "n3", "n4"], 4)

    contract(check)


def test_a_round_polls_each_feed_once(contract):
    async def check(store):
        claim = await claimed(store)
        await polled(store, claim, next_due=NOW)
        assert await store.claim_feeds("w", NOW, 9, LONG, not_since=NOW) == ()
        assert len(await store.claim_feeds("w", NOW, 9, LONG, not_since=NOW + MINUTE)) == 1

    contract(check)


def test_many_overdue_feeds_are_respread_in_parts(contract):
    many = [Feed(id=f"m{number:05}", url=f"https://many.example/{number}") for number in range(20_010)]

    async def check(store):
        await store.import_feeds(many, NOW, {})
        parts = []

        def choose(names):
            parts.append(len(names))
            return dict.fromkeys(names, NOW + LONG)

        assert await store.respread(choose, (NOW, NOW), NOW + MINUTE) == 20_011
        assert parts == [20_000, 11]
        assert await store.claim_feeds("w", NOW + MINUTE, 9, LONG) == ()

    contract(check)


def test_polls_that_end_together_are_recorded_apart(contract):
    async def check(store):
        await store.import_feeds(LIST, NOW, {})
        claims = await store.claim_feeds("w", NOW, 9, LONG)
        stale = dataclasses.replace(claims[2], lease=dataclasses.replace(claims[2].lease, token=99))
        claims = [*claims[:2], stale, *claims[3:]]
        outcomes = await asyncio.gather(*(polled(store, one) for one in claims), return_exceptions=True)
        assert [type(one) for one in outcomes] == [type(None)] * 2 + [LeaseLost] + [type(None)] * 3
        states = [state.last_polled for _, state in await store.feed_states([one.feed.id for one in claims])]
        assert states.count(None) == 1

    contract(check)


def test_one_poll_that_cannot_be_written_does_not_hold_up_the_others(contract):
    async def check(store):
        await store.import_feeds(LIST, NOW, {})
        claims = await store.claim_feeds("w", NOW, 9, LONG)
        failures = [2**70 if number == 1 else 0 for number in range(len(claims))]
        outcomes = await asyncio.gather(
            *(polled(store, one, failures=count) for one, count in zip(claims, failures, strict=True)),
            return_exceptions=True,
        )
        assert [isinstance(one, StoreError) for one in outcomes] == [count > 0 for count in failures]
        states = [state.last_polled for _, state in await store.feed_states([one.feed.id for one in claims])]
        assert states.count(None) == 1

    contract(check)


def test_the_number_of_feeds_follows_every_change(contract):
    async def check(store):
        async def count():
            return (await store.figures(NOW, MINUTE)).feeds

        await store.import_feeds(LIST, NOW, {})
        assert await count() == 6
        await store.forget_feeds(["n0", "n1"])
        await store.sync_feeds([], NOW, {})
        assert await count() == 3
        await store.sync_feeds([FEED, LIST[0], LIST[4]], NOW, {})
        assert await count() == 5

    contract(check)
