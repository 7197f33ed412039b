"""What waits for subscribers, what is decided, and who may record it: the contract of every store."""

import pytest
from support.storing import LONG, MINUTE, NOW, alert, article, claimed, match, polled, row

from monitor.errors import LeaseLost
from monitor.model import Held, HoldReason, Reading, Severity, Suppressed, SuppressionReason, Told
from monitor.store.alert_protocol import AlertRecord, Ending, TellingRecord
from monitor.store.protocol import HitFilter, NewArticle, NewRevision


async def waiting(store, *rules, number=1, at=NOW, subscriber="desk", **more):
    """An article with hits, and a row that waits for them."""
    claim = await claimed(store, at)
    hits = tuple(match(one) for one in rules or ("khmeimim",))
    new = NewArticle(article=article(number), matches=hits, story=more.pop("story", f"key{number}"))
    made = row(f"key{number}", rules or ("khmeimim",), at=at, subscriber=subscriber, **more)
    return await polled(store, claim, at, articles=(new,), waiting=(made,))


async def decided(store, at=NOW, worker="w1", **what):
    (claim,) = await store.claim_subscribers(worker, at, 10, MINUTE)
    agenda = await store.agenda(claim.subscriber_id, at)
    ids = tuple(one.id for one in agenda.waiting)
    built = {name: make(agenda.waiting) for name, make in what.items()}
    return await store.record_alerts(AlertRecord(claim=claim, now=at, decided=ids, **built))


def told(story="key1", **more):
    return Told(
        **{"route": "main", "story": story, "alert_key": "alert1", "alerts": 1, "rules": frozenset({"khmeimim"})}
        | {"articles": frozenset({story}), "severity": Severity.URGENT, "outlets": 1, "languages": frozenset({"en"})}
        | {"first_at": NOW, "last_at": NOW}
        | more
    )


def test_a_row_comes_back_as_it_was_with_what_was_told_of_its_story(contract):
    async def test(store):
        recorded = await waiting(store, "khmeimim", "lavrov", dropped=("gone",))
        assert recorded.waiting == 1
        (claim,) = await store.claim_subscribers("w1", NOW, 10, MINUTE)
        agenda = await store.agenda("desk", NOW)
        (one,) = agenda.waiting
        expected = row("key1", ("khmeimim", "lavrov"), id=one.id, dropped=("gone",))
        assert one == expected
        assert (agenda.told, agenda.sent, agenda.digested, agenda.later) == ({}, (), {}, None)
        assert agenda.stories["key1"].outlets == 1
        seen = await store.seen([one.id])
        assert {found.rule_id for found in seen[one.id].matches} == {"khmeimim", "lavrov"}
        assert (seen[one.id].article, seen[one.id].feed_title, seen[one.id].previous) == (article(1), "The Feed", None)
        assert claim.subscriber_id == "desk"

    contract(test)


def test_a_lease_that_was_lost_records_nothing(contract):
    async def test(store):
        await waiting(store)
        (old,) = await store.claim_subscribers("w1", NOW, 10, MINUTE)
        assert await store.claim_subscribers("w2", NOW, 10, MINUTE) == ()
        (new,) = await store.claim_subscribers("w2", NOW + 2 * MINUTE, 10, MINUTE)
        (one,) = (await store.agenda("desk", NOW)).waiting
        tell = TellingRecord(alert=alert(), hits=((one.id, ("khmeimim",)),), told=(told(),))
        record = AlertRecord(claim=old, now=NOW, decided=(one.id,), tells=(tell,))
        with pytest.raises(LeaseLost):
            await store.record_alerts(record)
        assert await store.deliveries() == ()
        (line,) = await store.ledger()
        assert (line.waiting, line.even) == (1, True)
        await store.record_alerts(AlertRecord(claim=new, now=NOW, decided=(one.id,), tells=(tell,)))
        assert len(await store.deliveries()) == 1
        assert (await store.agenda("desk", NOW)).waiting == ()

    contract(test)


def test_some_hits_of_a_row_are_told_some_suppressed_and_some_held(contract):
    async def test(store):
        await waiting(store, "khmeimim", "lavrov", "trade")
        hit_ids = {hit.match.rule_id: hit.id for hit in await store.hits(HitFilter())}
        recorded = await decided(
            store,
            tells=lambda rows: (TellingRecord(alert=alert(), hits=((rows[0].id, ("khmeimim",)),), told=(told(),)),),
            suppressed=lambda rows: (
                Suppressed(waiting=rows[0].id, rules=("lavrov",), reason=SuppressionReason.SILENCE, by="ann"),
            ),
            held=lambda rows: (
                Held(waiting=rows[0].id, rules=("trade",), until=NOW + LONG, reason=HoldReason.QUIET_HOURS),
            ),
            digested=lambda _: (("main", NOW),),
        )
        assert (recorded.alerts, recorded.told, recorded.suppressed, recorded.due) == (1, 1, 1, NOW + LONG)
        takings = {one.rule_id: one for one in await store.takings(list(hit_ids.values()))}
        assert {name: one.ending for name, one in takings.items()} == {
            "khmeimim": Ending.TOLD,
            "lavrov": Ending.SUPPRESSED,
            "trade": Ending.WAITING,
        }
        assert (takings["lavrov"].reason, takings["lavrov"].by) == ("silence", "ann")
        assert (takings["trade"].held, takings["trade"].due) == (HoldReason.QUIET_HOURS, NOW + LONG)
        assert takings["khmeimim"].alert == alert().alert
        (line,) = await store.ledger("desk")
        assert (line.taken, line.pending, line.waiting, dict(line.suppressed), line.even) == (
            3,
            1,
            1,
            {"silence": 1},
            True,
        )
        agenda = await store.agenda("desk", NOW)
        (left,) = agenda.waiting
        assert ([hit.rule_id for hit in left.hits], left.held, left.due) == (
            ["trade"],
            HoldReason.QUIET_HOURS,
            NOW + LONG,
        )
        assert agenda.told == {("main", "key1"): told()}
        assert agenda.digested == {"main": NOW}
        assert [one.route for one in agenda.sent] == [""]
        assert await store.ledger("nobody") == ()

    contract(test)


def test_what_waits_for_a_digest_is_left_alone_until_it_is_due_or_somebody_changes_their_mind(contract):
    async def test(store):
        await waiting(store)
        held = lambda rows: (  # noqa: E731 - once, below
            Held(waiting=rows[0].id, rules=("khmeimim",), until=NOW + LONG, reason=HoldReason.CADENCE),
        )
        await decided(store, held=held)
        agenda = await store.agenda("desk", NOW)
        assert (agenda.waiting, agenda.later) == ((), NOW + LONG)
        assert await store.claim_subscribers("w1", NOW, 10, MINUTE) == ()
        assert await store.wake(["desk"], NOW) == 1
        assert len((await store.agenda("desk", NOW)).waiting) == 1
        assert len(await store.claim_subscribers("w1", NOW, 10, MINUTE)) == 1
        await store.release("w1", NOW)
        assert len(await store.claim_subscribers("w2", NOW, 10, MINUTE)) == 1

    contract(test)


def test_stories_that_became_one_take_what_waits_and_what_was_told_with_them(contract):
    async def test(store):
        await waiting(store, number=1)
        await decided(
            store,
            tells=lambda rows: (TellingRecord(alert=alert(), hits=((rows[0].id, ("khmeimim",)),), told=(told(),)),),
        )
        await waiting(store, number=2, at=NOW + 2 * LONG)
        claim = await claimed(store, NOW + 5 * LONG)
        new = NewArticle(article=article(3), matches=(match(),), story="key2")
        await polled(
            store, claim, NOW + 5 * LONG, articles=(new,), waiting=(row("key3", story="key2", at=NOW + 5 * LONG),),
            merges=(("key2", "key1"),),
        )  # fmt: skip
        agenda = await store.agenda("desk", NOW + 5 * LONG)
        assert {one.story for one in agenda.waiting} == {"key1"}
        assert agenda.told == {("main", "key1"): told()}
        assert agenda.stories["key1"].outlets == 1
        copies = (await store.copies(["key1"], 10))["key1"]
        assert [one.article_key for one in copies] == ["key1", "key2", "key3"]
        # A poll that was decided before it heard of the merge is put right.
        late = await claimed(store, NOW + 9 * LONG)
        await polled(
            store, late, NOW + 9 * LONG, articles=(NewArticle(article=article(4), matches=(match(),), story="key2"),),
            waiting=(row("key4", story="key2", at=NOW + 9 * LONG),), merges=(("key2", "key1"), ("key1", "key2")),
        )  # fmt: skip
        assert {one.story for one in (await store.agenda("desk", NOW + 9 * LONG)).waiting} == {"key1"}
        found = await store.recent_stories(NOW - LONG, 100, 0, 10)
        assert [(one.key, story) for _, one, story in found] == [(f"key{n}", "key1") for n in (1, 2, 3, 4)]
        assert await store.recent_stories(NOW - LONG, 100, found[-1][0], 10) == ()

    contract(test)


def test_a_revision_is_seen_as_it_was_then(contract):
    async def test(store):
        await waiting(store)
        changed = article(body="Lavrov arrived.")
        for number, body in ((1, "Lavrov arrived."), (2, "Nobody came.")):
            at = NOW + 2 * number * LONG
            claim = await claimed(store, at)
            hits = (match("lavrov", text="Lavrov", start=0),) if number == 1 else ()
            revision = NewRevision(
                article=article(body=body), matches=hits, dropped=("khmeimim",) if number == 1 else ("lavrov",)
            )
            rows = (
                row(
                    "key1", ("lavrov",) if hits else (), dropped=revision.dropped, changed=True, at=at, revision=number
                ),
            )
            await polled(store, claim, at, revisions=(revision,), waiting=rows)
        rows = (await store.agenda("desk", NOW + 9 * LONG)).waiting
        assert [one.revision for one in rows] == [0, 1, 2]
        seen = await store.seen([one.id for one in rows])
        assert [seen[one.id].article.body for one in rows] == [article().body, changed.body, "Nobody came."]
        assert seen[rows[1].id].previous.body == article().body
        assert [found.rule_id for found in seen[rows[0].id].matches] == ["khmeimim"]
        # A row without hits ends as a whole.
        await decided(
            store,
            NOW + 9 * LONG,
            suppressed=lambda rows: tuple(
                Suppressed(
                    waiting=one.id, rules=tuple(hit.rule_id for hit in one.hits), reason=SuppressionReason.DUPLICATE
                )
                for one in rows
            ),
        )
        assert (await store.agenda("desk", NOW + 9 * LONG)).waiting == ()
        (line,) = await store.ledger()
        assert (line.taken, line.suppressed, line.even) == (2, {"duplicate": 2}, True)

    contract(test)


def test_what_was_read_in_a_period_is_counted(contract):
    async def test(store):
        await waiting(store)
        assert (await store.reading(NOW - LONG, NOW)).articles == 0
        found = await store.reading(NOW, NOW + LONG)
        assert (found.articles, found.silent) == (1, 0)
        assert isinstance(found, Reading)

    contract(test)
