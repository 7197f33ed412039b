"""The contract of every store, edges: repetition inside one poll, work that is cancelled, scripts without spaces, copies
while others write."""

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from support.storing import (
    FEED,
    LONG,
    MINUTE,
    NOW,
    alert,
    article,
    claimed,
    deliveries_of,
    match,
    polled,
    record,
    with_alert,
)

from monitor.errors import LeaseLost, StoreError
from monitor.model import AlertKind, ChannelState, DeliveryState, NewDelivery, Outcome, Severity, Validators
from monitor.store.protocol import HitFilter, NewArticle
from monitor.store.sqlite import SqliteStore


def test_a_key_that_comes_twice_in_one_poll_is_one_article(contract):
    async def test(store):
        claim = await claimed(store)
        first = NewArticle(article=article(body="The first text."), matches=(match(),))
        second = NewArticle(article=article(body="Another text."), matches=(match("lavrov"),))
        recorded = await polled(store, claim, articles=(first, second), alerts=(alert(),))
        assert dataclasses.astuple(recorded) == (1, 0, 1, 1)
        (hit,) = await store.hits(HitFilter())
        assert (hit.match.rule_id, hit.article.body) == ("khmeimim", "The first text.")
        assert len(await store.search("first")) == 1
        assert await store.search("another") == ()

    contract(test)


def test_what_waits_stands_and_falls_with_its_article(contract):
    async def test(store):
        await with_alert(store)
        claim = await claimed(store, NOW + 2 * LONG)
        new = NewArticle(article=article(2), matches=(match(),))
        alerts = (
            alert("of a known article"),
            alert("of an unknown article", article_key="key9"),
            alert("of a new article", article_key="key2"),
        )
        recorded = await polled(store, claim, NOW + 2 * LONG, articles=(new,), alerts=alerts)
        # Only what was really inserted counts.
        assert recorded.waiting == 1
        stored = await store.alerts([one.alert.key for one in alerts])
        assert set(stored) == {"of a new article"}
        assert len(await store.deliveries()) == 2

    contract(test)


def test_a_poll_of_an_address_that_was_changed_meanwhile_is_fenced_off(contract):
    async def test(store):
        claim = await claimed(store)
        moved = dataclasses.replace(FEED, url="https://example.org/moved")
        await store.sync_feeds([moved], NOW, {"f": NOW})
        state = dataclasses.replace(claim, state=dataclasses.replace(claim.state, validators=Validators(etag="old")))
        with pytest.raises(LeaseLost):
            await polled(store, state)
        again = await claimed(store, worker="w2")
        assert (again.feed, again.state.validators) == (moved, Validators())

    contract(test)


def test_a_poll_goes_on_when_anything_else_of_its_feed_is_changed(contract):
    async def test(store):
        claim = await claimed(store)
        await store.sync_feeds([dataclasses.replace(FEED, title="New title")], NOW, {"f": NOW})
        recorded = await polled(store, claim, articles=(NewArticle(article=article(), matches=()),))
        assert recorded.articles == 1

    contract(test)


def test_a_digest_with_nothing_left_to_carry_is_not_made(contract):
    async def test(store):
        await with_alert(store)
        (claim,) = await deliveries_of(store)
        digest = dataclasses.replace(alert("digest", kind=AlertKind.DIGEST, article_key=None), deliveries=())
        new = NewDelivery(key="digest-mail", channel="mail")
        assert await store.fold(digest, new, [claim.delivery.id], NOW) == 0
        assert await store.alerts(["digest"]) == {}
        assert [one.state for one in await store.deliveries()] == [DeliveryState.LEASED]

    contract(test)


def test_what_waits_for_later_does_not_hide_what_is_due(contract):
    async def test(store):
        for number in range(5):
            later = NOW + LONG
            await store.record_alert(alert(f"later{number}", Severity.FLASH, AlertKind.NOTICE, at=later), later)
        await store.record_alert(alert("now", Severity.ROUTINE, AlertKind.NOTICE), NOW)
        assert [claim.alert.key for claim in await deliveries_of(store, limit=3)] == ["now"]
        assert await deliveries_of(store, limit=0) == ()

    contract(test)


def test_a_lost_lease_leaves_the_channel_and_the_attempts_as_they_were(contract):
    async def test(store):
        await with_alert(store)
        (claim,) = await deliveries_of(store)
        await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
        await store.record_attempt(record(claim))
        lost = record(claim, DeliveryState.DEAD, Outcome.REFUSED, channel=ChannelState(channel="mail", broken="x"))
        with pytest.raises(LeaseLost):
            await store.record_attempt(lost)
        with pytest.raises(LeaseLost):
            await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
        assert (await store.channel_states())["mail"].broken is None
        assert [one.outcome for one in await store.attempts(claim.delivery.id)] == ["sent"]
        (sent,) = await store.deliveries()
        assert (sent.state, sent.attempts) == (DeliveryState.SENT, 1)

    contract(test)


def test_cancelled_work_ends_whole(contract):
    async def test(store):
        claim = await claimed(store)
        new = tuple(NewArticle(article=article(number), matches=(match(),)) for number in range(300))
        poll = asyncio.create_task(polled(store, claim, articles=new))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        poll.cancel()
        with pytest.raises(asyncio.CancelledError):
            await poll
        async with asyncio.timeout(30):
            while not (figures := await store.figures(NOW, MINUTE)).articles:  # noqa: ASYNC110 - written elsewhere
                await asyncio.sleep(0.01)
        assert (figures.articles, figures.hits) == (300, 300)
        assert await store.release("w1", NOW) == 0

    contract(test)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("北京", 1),  # inside a run of letters
        ("官员 北京", 1),  # two names in any order
        ("京北", 0),  # the same letters, but not together
        ("기지에", 1),  # Korean has spaces
        ("ฐานทัพ", 1),  # Thai, with vowels above and below
        ("クレムリン", 1),  # kana
        ("ｸﾚﾑﾘﾝ", 1),  # the same at half width
        ("हवाई", 1),  # Devanagari keeps its vowel signs
        ("हवा", 0),  # and another word is another word
        ("nato", 1),  # Latin glued to Han
    ],
)
def test_search_in_scripts_without_spaces(contract, words, found):
    async def test(store):
        claim = await claimed(store)
        body = "北京的官员周二表示\n\n기지에 도착\n\nที่ฐานทัพอากาศ\n\n在NATO峰会\n\nクレムリンは\n\nहवाई अड्डा"
        await polled(store, claim, articles=(NewArticle(article=article(body=body), matches=()),))
        assert len(await store.search(words)) == found

    contract(test)


def test_a_search_of_any_length_and_limit_answers(contract):
    async def test(store):
        claim = await claimed(store)
        new = tuple(NewArticle(article=article(number), matches=()) for number in range(3))
        await polled(store, claim, articles=new)
        assert len(await store.search("planes", limit=2)) == 2
        assert await store.search("planes", limit=0) == ()
        assert await store.search("planes", limit=-1) == ()
        assert len(await store.search(" ".join(["planes"] * 10_000))) == 3
        assert await store.search("中" * 10_000) == ()

    contract(test)


def test_a_backup_during_writes_is_a_moment_of_the_store(contract, tmp_path):
    async def test(store):
        async def write():
            for number in range(1, 40):
                claim = await claimed(store, NOW + number * 2 * LONG)
                new = NewArticle(article=article(number), matches=(match(),))
                told = alert(f"a{number}", article_key=f"key{number}")
                await polled(store, claim, NOW + number * 2 * LONG, articles=(new,), alerts=(told,))

        await asyncio.gather(write(), store.backup(tmp_path / "one.db"), store.backup(tmp_path / "two.db"))
        await store.backup(tmp_path / "three.db")
        for name, least in (("one", 0), ("two", 0), ("three", 39)):
            copy = SqliteStore(tmp_path / f"{name}.db", readonly=True)
            await copy.open()
            figures = await copy.figures(NOW, timedelta(0))
            pending = figures.deliveries.get(DeliveryState.PENDING, 0)
            # An article and what waits for it are one moment; a decision on it is another.
            assert figures.articles == figures.hits == figures.ledger.taken
            assert figures.ledger.told == pending <= figures.articles
            assert figures.articles >= least
            await copy.close()

    contract(test)


def test_a_backup_that_cannot_be_made_leaves_nothing(contract, tmp_path):
    async def test(store):
        folder = tmp_path / "backups"
        with pytest.raises(StoreError, match="no folder"):
            await store.backup(folder / "copy.db")
        folder.mkdir()
        (folder / "copy.db").write_text("something of value")
        with pytest.raises(StoreError, match="exists"):
            await store.backup(folder / "copy.db")
        assert [one.name for one in folder.iterdir()] == ["copy.db"]
        assert (folder / "copy.db").read_text() == "something of value"

    contract(test)
