"""The contract of every store: the archive is read whole, in order, page by page."""

import dataclasses

from support.storing import LONG, MINUTE, NOW, article, claimed, polled

from monitor.store.protocol import NewArticle, NewRevision


def test_articles_come_in_the_order_in_which_they_were_stored(contract):
    async def test(store):
        for step, numbers in enumerate(((1, 2, 3), (4,), (5, 6))):
            new = tuple(NewArticle(article=article(n), matches=()) for n in numbers)
            at = NOW + 2 * step * LONG
            await polled(store, await claimed(store, at=at), at=at, articles=new)
        everything = await store.archive()
        assert [one.article for one in everything] == [article(n) for n in range(1, 7)]
        assert [one.first_seen for one in everything] == [NOW] * 3 + [NOW + 2 * LONG] + [NOW + 4 * LONG] * 2
        assert [one.id for one in everything] == sorted({one.id for one in everything})
        first = await store.archive(limit=4)
        rest = await store.archive(after=first[-1].id, limit=4)
        assert first + rest == everything
        assert await store.archive(after=everything[-1].id) == ()
        assert await store.archive(limit=0) == ()
        since = await store.archive(since=NOW + 2 * LONG)  # that very moment is in it
        assert since == everything[3:]
        assert await store.archive(since=NOW + 2 * LONG, after=since[0].id) == everything[4:]
        assert await store.archive(since=NOW + 5 * LONG) == ()

    contract(test)


def test_an_article_that_was_revised_keeps_its_place_and_shows_its_newest_text(contract):
    async def test(store):
        first, second = article(1), article(2)
        new = tuple(NewArticle(article=one, matches=()) for one in (first, second))
        await polled(store, await claimed(store), articles=new)
        changed = dataclasses.replace(first, title="Other", text_hash="other")
        at = NOW + LONG + MINUTE
        revision = NewRevision(article=changed, matches=(), dropped=())
        await polled(store, await claimed(store, at=at), at=at, revisions=(revision,))
        found = await store.archive()
        assert [one.article for one in found] == [changed, second]
        assert found[0].first_seen == NOW

    contract(test)


def test_an_empty_archive(contract):
    async def test(store):
        assert await store.archive() == ()

    contract(test)


def test_a_sound_store_says_its_size_and_no_damage(contract):
    async def test(store):
        before = await store.inspect()
        new = tuple(NewArticle(article=article(n, body="long " * 20_000), matches=()) for n in range(5))
        await polled(store, await claimed(store), articles=new)
        after = await store.inspect()
        assert after.damage == before.damage == ()
        assert after.size > before.size > 0
        assert (await store.inspect(deep=False)).damage == ()

    contract(test)
