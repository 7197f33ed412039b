"""The contract of every store, feeds and polls: each implementation is a parameter of the fixture, each rule a test."""

import dataclasses

import pytest
from support.storing import FEED, LONG, MINUTE, NOW, alert, article, claimed, deliveries_of, match, polled, with_alert

from monitor.errors import LeaseLost, StoreError
from monitor.model import (
    DeliveryState,
    Feed,
    FeedKind,
    Lease,
    Severity,
    Validators,
)
from monitor.store.protocol import HitFilter, NewArticle, NewRevision, PollRecord

# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_hands_out_what_was_stored_and_only_once(contract):
    async def test(store):
        claim = await claimed(store)
        assert claim.feed == FEED
        assert claim.state.next_due == NOW
        assert claim.lease.until == NOW + MINUTE
        assert await store.claim_feeds("w2", NOW, 10, MINUTE) == ()
        assert await store.claim_feeds("w2", NOW, 10, MINUTE, only=["other"]) == ()

    contract(test)


def test_a_feed_is_not_claimed_before_it_is_due_and_the_oldest_comes_first(contract):
    async def test(store):
        feeds = [Feed(id=name, url=f"https://{name}.example") for name in "abc"]
        due = {"a": NOW, "b": NOW - LONG, "c": NOW + MINUTE}
        await store.sync_feeds(feeds, NOW, due)
        claims = await store.claim_feeds("w", NOW, 10, MINUTE)
        assert [claim.feed.id for claim in claims] == ["b", "a"]

    contract(test)


def test_a_lease_that_ran_out_is_claimed_again_and_the_first_worker_records_nothing(contract):
    async def test(store):
        first = await claimed(store)
        second = await claimed(store, NOW + 2 * MINUTE, "w2")
        assert second.lease.token > first.lease.token
        with pytest.raises(LeaseLost):
            await polled(store, first, articles=(NewArticle(article=article(), matches=(match(),)),))
        assert await store.hits(HitFilter()) == ()
        assert await store.known("f", ["key1"]) == {}
        await polled(store, second, NOW + 2 * MINUTE)
        # The lease was given back with the record: it cannot be used twice.
        with pytest.raises(LeaseLost):
            await polled(store, second, NOW + 2 * MINUTE)

    contract(test)


def test_a_clock_that_was_set_back_does_not_freeze_a_feed(contract):
    async def test(store):
        await claimed(store)
        await store.make_due(None, NOW - 365 * 24 * LONG)
        assert len(await store.claim_feeds("w2", NOW - 364 * 24 * LONG, 10, MINUTE)) == 1

    contract(test)


def test_the_set_of_feeds_follows_the_settings_and_states_are_kept(contract):
    async def test(store):
        claim = await claimed(store)
        state = dataclasses.replace(
            claim.state, next_due=NOW + LONG, validators=Validators(etag='W/"x"', last_modified="Tue"), body_hash="h"
        )
        await store.record_poll(PollRecord(feed_id="f", lease=claim.lease, now=NOW, state=state))
        renamed = dataclasses.replace(FEED, title="Another")
        await store.sync_feeds([renamed], NOW, {"f": NOW})
        assert await store.feed_states() == ((renamed, state),)
        # Another address is another document.
        moved = dataclasses.replace(FEED, url="/folder", kind=FeedKind.DIRECTORY)
        await store.sync_feeds([moved], NOW, {"f": NOW + MINUTE})
        ((_, after),) = await store.feed_states()
        assert after.validators == Validators()
        assert after.body_hash is None
        assert after.next_due == NOW + MINUTE
        await store.sync_feeds([], NOW, {})
        assert await store.feed_states() == ()
        assert await store.claim_feeds("w", NOW + LONG, 10, MINUTE) == ()
        await store.sync_feeds([moved], NOW, {"f": NOW})
        assert len(await store.feed_states()) == 1

    contract(test)


def test_leases_can_be_given_back_singly_by_worker_and_all_at_once(contract):
    async def test(store):
        claim = await claimed(store)
        stale = dataclasses.replace(claim, lease=Lease(worker="w1", token=claim.lease.token - 1, until=NOW))
        assert await store.give_back([stale]) == 0
        assert await store.give_back([claim]) == 1
        await claimed(store, worker="w2")
        assert await store.release("w1", NOW) == 0
        assert await store.release("w2", NOW) == 1
        await claimed(store, worker="w3")
        assert await store.release(None, NOW) == 1
        assert await store.make_due(["f", "other"], NOW) == 1

    contract(test)


# ── polls ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_poll_is_recorded_whole_and_read_back_as_it_was(contract):
    async def test(store):
        claim = await claimed(store)
        new = (
            NewArticle(article=article(1), matches=(match(), match("lavrov", Severity.ROUTINE))),
            NewArticle(article=article(2, body="Nothing."), matches=()),
        )
        recorded = await polled(store, claim, articles=new, alerts=(alert(channels=("mail", "slack")),))
        assert dataclasses.astuple(recorded) == (2, 0, 2, 1)
        hits = await store.hits(HitFilter())
        assert {hit.match.rule_id for hit in hits} == {"khmeimim", "lavrov"}
        assert all(hit.article == article(1) and hit.first_seen == NOW and hit.revision == 0 for hit in hits)
        assert next(hit for hit in hits if hit.match.rule_id == "khmeimim").match == match()
        assert hits[0].feed_title == "The Feed"
        stored = article(1)
        twin = dataclasses.replace(stored, key="twin")
        assert (await store.known("f", ["x"], [twin]))["twin"] == (await store.known("f", ["key1"]))["key1"]
        others = [
            dataclasses.replace(stored, key="a", url="https://other.example/"),
            dataclasses.replace(stored, key="b", url=None),
            dataclasses.replace(stored, key="c", published=NOW + LONG),
            dataclasses.replace(stored, key="d", text_hash="other"),
        ]
        assert await store.known("f", [], others) == {}
        assert await store.known("g", [], [twin]) == {}
        known = await store.known("f", ["key1", "key2", "key3"])
        assert set(known) == {"key1", "key2"}
        assert known["key1"].hits.keys() == {"khmeimim", "lavrov"}
        (one,) = await deliveries_of(store)
        assert one.alert == alert(channels=("mail", "slack")).alert
        assert (one.delivery.state, one.delivery.address) == (DeliveryState.LEASED, "a@example.org")

    contract(test)


def test_the_same_poll_again_changes_nothing(contract):
    async def test(store):
        await with_alert(store)
        claim = await claimed(store, NOW + 2 * LONG)
        again = await polled(
            store,
            claim,
            NOW + 2 * LONG,
            articles=(NewArticle(article=article(), matches=(match(),)),),
            alerts=(alert(),),
        )
        assert dataclasses.astuple(again) == (0, 0, 0, 0)
        assert len(await store.hits(HitFilter())) == 1
        assert len(await store.deliveries()) == 1
        assert not await store.record_alert(alert(), NOW)

    contract(test)


def test_an_error_inside_leaves_nothing(contract):
    async def test(store):
        claim = await claimed(store)
        bad = dataclasses.replace(match(), rule_version=None)
        with pytest.raises(StoreError):
            await polled(store, claim, articles=(NewArticle(article=article(), matches=(bad,)),), alerts=(alert(),))
        assert await store.known("f", ["key1"]) == {}
        assert await store.deliveries() == ()
        # The lease stands: the poll can be recorded once it is right.
        assert (await polled(store, claim)).articles == 0

    contract(test)


def test_a_revision_keeps_the_old_text_and_withdraws_what_stands_no_more(contract):
    async def test(store):
        await with_alert(store)
        claim = await claimed(store, NOW + 2 * LONG)
        changed = article(body="Lavrov arrived.")
        revision = NewRevision(
            article=changed, matches=(match("lavrov", text="Lavrov", start=0),), dropped=("khmeimim",)
        )
        later = NOW + 2 * LONG
        recorded = await polled(store, claim, later, revisions=(revision,))
        assert (recorded.revisions, recorded.hits) == (1, 1)
        known = (await store.known("f", ["key1"]))["key1"]
        assert known.hits == {"lavrov": Severity.URGENT}
        assert (known.revision, known.first_seen) == (1, NOW)
        new, old = await store.hits(HitFilter())
        assert (old.withdrawn_at, old.revision, new.withdrawn_at, new.revision) == (later, 0, None, 1)
        for hit in (new, old):
            for span in hit.match.spans:
                assert getattr(hit.article, span.field)[span.start : span.end] == span.text
        # The archive answers for the new text only.
        assert await store.search("Khmeimim") == ()
        assert len(await store.search("lavrov")) == 1
        # The same text once more is no revision.
        claim = await claimed(store, NOW + 5 * LONG)
        assert (await polled(store, claim, NOW + 5 * LONG, revisions=(revision,))).revisions == 0

    contract(test)


def test_what_spares_work_is_kept_with_the_poll_and_forgotten_with_the_address(contract):
    async def test(store):
        claim = await claimed(store)
        assert (claim.state.wire_hash, claim.state.fingerprints) == (None, b"")
        prints = bytes(range(256)) * 2
        state = dataclasses.replace(claim.state, wire_hash="ab", fingerprints=prints)
        await polled(store, dataclasses.replace(claim, state=state))
        ((_, kept),) = await store.feed_states()
        assert (kept.wire_hash, kept.fingerprints) == ("ab", prints)
        late = await claimed(store, at=NOW + LONG)
        await store.sync_feeds([dataclasses.replace(FEED, url="https://example.org/other")], NOW, {})
        ((_, other),) = await store.feed_states()
        assert (other.wire_hash, other.fingerprints) == (None, b"")
        with pytest.raises(LeaseLost):
            await polled(store, late)

    contract(test)
