"""The contract of every store, reading: hits, search, figures; backup; life."""

import pytest
from support.storing import LONG, MINUTE, NOW, article, claimed, deliveries_of, match, polled, record, with_alert

from monitor.errors import StoreError
from monitor.model import (
    DeliveryState,
    Recipient,
    Severity,
    Subscriber,
)
from monitor.store.protocol import HitFilter, NewArticle
from monitor.store.sqlite import SqliteStore

# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hits_are_filtered_and_paged(contract):
    async def test(store):
        claim = await claimed(store)
        new = [
            NewArticle(article=article(n), matches=(match("a" if n % 2 else "b", list(Severity)[n % 3]),))
            for n in range(6)
        ]
        await polled(store, claim, articles=tuple(new))
        everything = await store.hits(HitFilter())
        assert [hit.id for hit in everything] == sorted((hit.id for hit in everything), reverse=True)
        assert {hit.match.rule_id for hit in await store.hits(HitFilter(rule_id="a"))} == {"a"}
        assert len(await store.hits(HitFilter(severity=Severity.URGENT))) == 4
        assert await store.hits(HitFilter(since=NOW + MINUTE)) == ()
        assert await store.hits(HitFilter(feed_id="other")) == ()
        assert len(await store.hits(HitFilter(article_key="key3"))) == 1
        page = await store.hits(HitFilter(limit=4))
        rest = await store.hits(HitFilter(limit=4, before_id=page[-1].id))
        assert page + rest == everything

    contract(test)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("khmeimim", 1),  # case
        ("AIR base", 1),  # every word
        ("air tartus", 0),
        ("الشرع", 1),  # marks in the text do not matter
        ("аль-шараа", 1),  # hyphens part words
        ('"', 0),  # no words
        ('air" OR "x', 0),  # nothing is syntax: OR and x are words to be found
        ("air NEAR( base *", 0),
        ("title : air", 0),
        ("\x00 \ud800", 0),
        ("", 0),
    ],
)
def test_search_folds_as_rules_do_and_never_takes_words_for_syntax(contract, words, found):
    async def test(store):
        claim = await claimed(store)
        body = "Planes at the Khmeimim air base.\n\nالشَّرع\n\nАль-Шараа"
        await polled(store, claim, articles=(NewArticle(article=article(body=body), matches=()),))
        result = await store.search(words)
        assert len(result) == found
        if found:
            assert result[0].article.body == body
            assert result[0].snippet

    contract(test)


def test_figures_add_up(contract):
    async def test(store):
        await with_alert(store, channels=("mail", "slack"))
        figures = await store.figures(NOW, MINUTE)
        assert (figures.feeds, figures.articles, figures.hits) == (1, 1, 1)
        assert figures.deliveries == {DeliveryState.PENDING: 2}
        assert figures.oldest_pending == NOW
        assert figures.feeds_overdue == 0
        assert (await store.figures(NOW + 2 * LONG, MINUTE)).feeds_overdue == 1

    contract(test)


def test_subscribers_are_remembered(contract):
    async def test(store):
        desk = Subscriber(id="desk", title="The desk", recipients=(Recipient(channel="mail"),))
        await store.sync_subscribers([desk], NOW)
        await with_alert(store)
        (state,) = await store.subscriber_states()
        assert (state.title, state.active, state.since, state.last_alert) == ("The desk", True, NOW, NOW)
        assert (state.last_sent, state.deliveries) == (None, {DeliveryState.PENDING: 1})
        (claim,) = await deliveries_of(store)
        await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
        await store.record_attempt(record(claim))
        await store.sync_subscribers([], NOW + LONG)
        (state,) = await store.subscriber_states()
        assert (state.active, state.since, state.last_sent) == (False, NOW, NOW)

    contract(test)


def test_a_backup_is_a_whole_store_and_replaces_nothing(contract, tmp_path):
    async def test(store):
        await with_alert(store)
        await store.backup(tmp_path / "copy.db")
        with pytest.raises(StoreError, match="exists"):
            await store.backup(tmp_path / "copy.db")
        copy = SqliteStore(tmp_path / "copy.db", readonly=True)
        await copy.open()
        try:
            assert await copy.hits(HitFilter()) == await store.hits(HitFilter())
        finally:
            await copy.close()

    contract(test)


def test_odd_characters_never_make_a_write_fail(contract):
    async def test(store):
        claim = await claimed(store)
        odd = article(text_hash="h", title="a\x00b\ud800c", body="\x00\udfff", author="\ud800", categories=("\ud800",))
        recorded = await polled(store, claim, articles=(NewArticle(article=odd, matches=(match(text="\ud800"),)),))
        assert recorded.articles == 1
        (hit,) = await store.hits(HitFilter())
        # PostgreSQL has no NUL; one character stands for another, so that offsets hold.
        assert hit.article.title in {"a\x00b\ufffdc", "a\ufffdb\ufffdc"}

    contract(test)


def test_closing_twice_is_safe_and_a_closed_store_says_so(contract):
    async def test(store):
        await store.check()
        await store.close()
        await store.close()
        with pytest.raises(StoreError):
            await store.check()
        with pytest.raises(StoreError):
            await store.hits(HitFilter())

    contract(test)
