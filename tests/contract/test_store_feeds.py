"""The contract of every store: when feeds are polled and how they are, beside what `test_store.py` has."""

import dataclasses

from support.storing import FEED, LONG, MINUTE, NOW, alert, article, claimed, polled, record

from monitor.model import (
    AlertKind,
    Bound,
    BoundKind,
    DeliveryState,
    Feed,
    FeedCondition,
    Health,
    Move,
    Pace,
    PublisherHints,
)
from monitor.store.protocol import NewArticle, PollRecord

PACE = Pace(
    gap=MINUTE,
    longest=LONG,
    gaps_seen=9,
    first=NOW - 100 * LONG,
    latest=NOW,
    listed=30,
    format="rss20",
    hints=PublisherHints(
        fresh_for=MINUTE, ttl=LONG, update_every=LONG / 7, skip_hours=(0, 23), skip_days=(5, 6), moved_to="x"
    ),
    bounds=(Bound(kind=BoundKind.RHYTHM, span=MINUTE), Bound(kind=BoundKind.TTL, span=LONG)),
    move=Move(to="https://пример.example/\udc80", since=NOW, polls=3),
    address="https://new.example/",
    unread=True,
)
HEALTH = Health(
    condition=FeedCondition.SILENT,
    since=NOW,
    before=FeedCondition.BROKEN,
    before_since=NOW - LONG,
    sign=FeedCondition.EMPTY,
    sign_since=NOW,
    sign_polls=2,
    failing_since=NOW,
    told=(FeedCondition.BROKEN, FeedCondition.SILENT),
    format="rss20",
    seen="مستقبل قاعدة",
)


async def recorded(store, *, tell=False, at=NOW, **state):
    """A poll that left this state."""
    await store.make_due(["f"], at)
    claim = await claimed(store, at)
    after = dataclasses.replace(claim.state, next_due=at + LONG, **state)
    await store.record_poll(PollRecord(feed_id="f", lease=claim.lease, now=at, state=after, tell=tell))
    return after


def test_pace_and_health_are_kept(contract):
    async def test(store):
        await recorded(store, pace=PACE, health=HEALTH, gaps=4)
        ((_, state),) = await store.feed_states()
        written = dataclasses.replace(PACE, move=dataclasses.replace(PACE.move, to="https://пример.example/\ufffd"))
        assert (state.pace, state.health, state.gaps) == (written, HEALTH, 4)
        # Another address is another feed to learn of.
        await store.sync_feeds([dataclasses.replace(FEED, url="https://other.example/")], NOW, {})
        ((_, state),) = await store.feed_states()
        assert (state.pace, state.health, state.failures, state.last_error) == (Pace(), Health(), 0, None)
        assert await store.untold() == ()

    contract(test)


def test_feeds_are_read_by_id_and_by_condition(contract):
    async def test(store):
        await store.sync_feeds([FEED, Feed(id="g", url="https://g.example/")], NOW, {"f": NOW, "g": NOW + LONG})
        await recorded(store, health=HEALTH)

        async def names(*arguments):
            return [feed.id for feed, _ in await store.feed_states(*arguments)]

        assert await names() == ["f", "g"]
        assert await names(["g", "x"]) == ["g"]
        assert await names([]) == []
        assert await names(None, [FeedCondition.SILENT, FeedCondition.GONE]) == ["f"]
        assert await names(["g"], [FeedCondition.SILENT]) == []
        assert await names(None, [FeedCondition.OK]) == ["g"]
        assert (await store.figures(NOW, MINUTE)).conditions == {FeedCondition.SILENT: 1}

    contract(test)


def test_a_feed_is_untold_until_a_notice_of_its_present_condition_is_recorded(contract):
    async def test(store):
        await recorded(store)
        assert await store.untold() == ()
        await recorded(store, health=HEALTH, tell=True)
        await recorded(store, health=HEALTH)  # another poll does not make it told
        ((feed, state),) = await store.untold()
        assert (feed, state.health) == (FEED, HEALTH)
        notice = dataclasses.replace(alert("n", kind=AlertKind.NOTICE), article_key=None)
        await store.record_told({"f": FeedCondition.BROKEN}, [notice], NOW)  # it has changed meanwhile
        assert len(await store.untold()) == 1
        assert len(await store.deliveries()) == 1
        await store.record_told({"f": FeedCondition.SILENT}, [notice], NOW)
        assert await store.untold() == ()
        assert len(await store.deliveries()) == 1  # the same notice

    contract(test)


def test_a_clock_that_was_set_back_makes_feeds_due_sooner(contract):
    async def test(store):
        feeds = [Feed(id=name, url=f"https://{name}.example") for name in "abc"]
        await store.sync_feeds(feeds, NOW, {"a": NOW, "b": NOW + LONG, "c": NOW + 9 * LONG})
        await store.sync_feeds(feeds[:1] + feeds[2:], NOW, {})
        assert await store.hasten_feeds(MINUTE, NOW + 2 * LONG) == 1  # b is switched off, c never comes
        states = {feed.id: state.next_due for feed, state in await store.feed_states()}
        assert states == {"a": NOW - MINUTE, "c": NOW + 9 * LONG}

    contract(test)


def test_feeds_whose_hosts_could_not_be_reached_get_new_times(contract):
    errors = {"a": "dns: no", "b": "status: HTTP 500", "c": "timeout: no", "d": "connect: no", "e": None}

    async def test(store):
        feeds = [Feed(id=name, url=f"https://{name}.example") for name in errors]
        await store.sync_feeds(feeds, NOW, {})
        for claim in await store.claim_feeds("w", NOW, 10, MINUTE):
            name = claim.feed.id
            state = dataclasses.replace(
                claim.state,
                next_due=NOW + LONG,
                last_polled=NOW - LONG if name == "d" else NOW,  # d was not asked since
                last_error=errors[name],
                failures=int(name != "e"),
            )
            await store.record_poll(PollRecord(feed_id=name, lease=claim.lease, now=NOW, state=state))
        asked = []

        def choose(ids):
            asked.extend(ids)
            return dict.fromkeys(ids, NOW + MINUTE)

        nothing = (NOW + 3 * LONG, NOW + 3 * LONG)
        assert await store.respread(choose, between=nothing, unreached_since=NOW - MINUTE) == 2
        assert asked == ["a", "c"]
        states = {feed.id: state.next_due for feed, state in await store.feed_states()}
        assert states == {name: NOW + (MINUTE if name in asked else LONG) for name in errors}

    contract(test)


def test_feeds_that_are_overdue_get_new_times(contract):
    async def test(store):
        feeds = [Feed(id=name, url=f"https://{name}.example") for name in "abc"]
        await store.sync_feeds(feeds, NOW, {"a": NOW - LONG, "b": NOW - MINUTE, "c": NOW + LONG})
        (taken,) = await store.claim_feeds("w", NOW, 10, MINUTE, only=["a"])
        asked = []

        def choose(ids):
            asked.extend(ids)
            return dict.fromkeys(ids, NOW + 2 * MINUTE)

        assert await store.respread(choose, before=NOW, between=(NOW + 2 * LONG, NOW + 3 * LONG)) == 1
        assert asked == ["b"]  # a is leased, c is not due
        states = {feed.id: state.next_due for feed, state in await store.feed_states()}
        assert states == {"a": NOW - LONG, "b": NOW + 2 * MINUTE, "c": NOW + LONG}
        # Times that cannot be are mended too.
        assert await store.respread(choose, between=(NOW + MINUTE, NOW + LONG)) == 1
        assert await store.respread(choose, between=(NOW + MINUTE, NOW + LONG)) == 1
        assert asked == ["b", "b", "b"]
        assert await store.respread(choose, between=(NOW + MINUTE, NOW + 2 * LONG)) == 2
        await store.sync_feeds(feeds, NOW, {})
        await store.respread(lambda _: {"c": NOW + LONG}, between=(NOW, NOW + LONG))
        # A lease that is given back may come with a time.
        assert await store.give_back([taken], {"a": NOW + MINUTE}) == 1
        assert await store.give_back([taken], {"a": NOW + LONG}) == 0
        states = {feed.id: state.next_due for feed, state in await store.feed_states(["a"])}
        assert states == {"a": NOW + MINUTE}

    contract(test)


def test_the_newest_canary_that_was_delivered(contract):
    async def test(store):
        await store.sync_feeds([Feed(id="canary", url="canary:")], NOW, {"canary": NOW})

        async def sing(number):
            at = NOW + number * LONG
            (claim,) = await store.claim_feeds("w", at, 1, MINUTE)
            one = article(number, key=f"c{number}", feed_id="canary")
            told = (alert(f"a{number}", article_key=f"c{number}", at=at),)
            new = (NewArticle(article=one, matches=()),)
            await polled(store, claim, at, feed_id="canary", articles=new, alerts=told)

        assert (await store.figures(NOW, MINUTE)).canary is None
        for number in range(3):
            await sing(number)
        assert (await store.figures(NOW, MINUTE)).canary is None
        claims = await store.claim_deliveries("w", NOW + LONG, 2, MINUTE, channel="mail")
        for claim in claims:
            await sent(store, claim)
        assert (await store.figures(NOW, MINUTE)).canary == NOW + LONG

    contract(test)


async def sent(store, claim):
    await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
    await store.record_attempt(record(claim, DeliveryState.SENT))
