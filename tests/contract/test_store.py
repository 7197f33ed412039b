"""The contract of every store: each implementation is a parameter of the fixture, each rule of the protocol a test."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import LeaseLost, StoreError
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    ChannelState,
    DeliveryState,
    FailureReason,
    Feed,
    FeedKind,
    Lease,
    Match,
    NewAlert,
    NewDelivery,
    Outcome,
    Recipient,
    SendResult,
    Severity,
    Span,
    Subscriber,
    Tier,
    Validators,
)
from monitor.store.protocol import AttemptRecord, HitFilter, NewArticle, NewRevision, PollRecord
from monitor.store.sqlite import SqliteStore

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG = timedelta(hours=1)
FEED = Feed(id="f", url="https://example.org/feed", title="The Feed", labels={"a": "b"}, every=5 * MINUTE)
STORES = {"sqlite": lambda folder: SqliteStore(folder / "m.db", owner=True)}


@pytest.fixture(params=sorted(STORES))
def contract(request, tmp_path):
    """Runs a coroutine function on an opened store with one feed that is due."""

    def run(test, **more):
        async def inner():
            store = STORES[request.param](tmp_path)
            await store.open()
            try:
                await store.sync_feeds([FEED], NOW, {"f": NOW})
                return await test(store, **more)
            finally:
                await store.close()

        return asyncio.run(inner())

    return run


def article(number=1, body="Planes at the Khmeimim air base.", **more):
    return Article(
        **{
            "key": f"key{number}",
            "feed_id": "f",
            "guid": f"g{number}",
            "url": f"https://example.org/{number}",
            "title": f"Report {number}",
            "body": body,
            "author": "A. Writer",
            "categories": ("World", "Мир"),
            "lang": "en",
            "outlet": "The Outlet",
            "published": NOW - LONG,
            "text_hash": f"hash of {body}",
        }
        | more
    )


def match(rule="khmeimim", severity=Severity.URGENT, text="Khmeimim", start=14):
    span = Span(field="body", start=start, end=start + len(text), text=text, term=text, tier=Tier.EXACT)
    return Match(rule_id=rule, rule_version="v1", severity=severity, score=None, clauses=("names",), spans=(span,))


def alert(
    key="alert1", severity=Severity.URGENT, kind=AlertKind.ARTICLE, channels=("mail",), article_key="key1", at=NOW
):
    made = Alert(key=key, kind=kind, subscriber_id="desk", severity=severity, created_at=at, subject="s", text="т")
    deliveries = tuple(NewDelivery(key=f"{key}-{one}", channel=one, address="a@example.org") for one in channels)
    return NewAlert(alert=made, deliveries=deliveries, article_key=article_key, rule_ids=("khmeimim",))


async def claimed(store, at=NOW, worker="w1"):
    (claim,) = await store.claim_feeds(worker, at, 10, MINUTE)
    return claim


async def polled(store, claim, at=NOW, **what):
    state = dataclasses.replace(claim.state, next_due=at + LONG, last_polled=at)
    return await store.record_poll(PollRecord(feed_id="f", lease=claim.lease, now=at, state=state, **what))


async def with_alert(store, **more):
    claim = await claimed(store)
    new = NewArticle(article=article(), matches=(match(),))
    await polled(store, claim, articles=(new,), alerts=(alert(**more),))


def record(claim, state=DeliveryState.SENT, outcome=Outcome.SENT, **more):
    failed = outcome is not Outcome.SENT
    return AttemptRecord(
        **{
            "delivery_id": claim.delivery.id,
            "lease": claim.lease,
            "now": NOW,
            "result": SendResult(
                outcome=outcome, reason=FailureReason.TIMEOUT if failed else None, detail="why" if failed else ""
            ),
            "state": state,
            "next_attempt": NOW + MINUTE if state is DeliveryState.PENDING else None,
            "plain": False,
            "unknown": outcome is Outcome.UNKNOWN,
            "channel": ChannelState(channel="mail", failures=1 if failed else 0),
        }
        | more
    )


async def deliveries_of(store, worker="w1", at=NOW, limit=10, lease=MINUTE):
    return await store.claim_deliveries(worker, at, limit, lease, channel="mail")


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
        assert dataclasses.astuple(recorded) == (2, 0, 2, 1, 2)
        hits = await store.hits(HitFilter())
        assert {hit.match.rule_id for hit in hits} == {"khmeimim", "lavrov"}
        assert all(hit.article == article(1) and hit.first_seen == NOW and hit.revision == 0 for hit in hits)
        assert next(hit for hit in hits if hit.match.rule_id == "khmeimim").match == match()
        assert hits[0].feed_title == "The Feed"
        known = await store.known("f", ["key1", "key2", "key3"])
        assert set(known) == {"key1", "key2"}
        assert known["key1"].rule_ids == {"khmeimim", "lavrov"}
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
        assert dataclasses.astuple(again) == (0, 0, 0, 0, 0)
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
        assert known.rule_ids == {"lavrov"}
        assert known.past_rule_ids == {"lavrov", "khmeimim"}
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


# ── deliveries ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_more_severe_deliveries_come_first_then_older_ones(contract):
    async def test(store):
        for number, (severity, minutes) in enumerate(
            [(Severity.ROUTINE, 0), (Severity.FLASH, 2), (Severity.URGENT, 1), (Severity.FLASH, 1)]
        ):
            at = NOW + minutes * MINUTE
            await store.record_alert(alert(f"a{number}", severity, AlertKind.NOTICE, at=at), at)
        claims = await deliveries_of(store, at=NOW + LONG, limit=3)
        assert [claim.alert.key for claim in claims] == ["a3", "a1", "a2"]
        assert await store.claim_deliveries("w", NOW + LONG, 10, MINUTE, channel="slack") == ()

    contract(test)


def test_an_attempt_is_written_down_before_and_closed_after(contract):
    async def test(store):
        await with_alert(store)
        (claim,) = await deliveries_of(store)
        assert await store.begin_attempt(claim.delivery.id, claim.lease, NOW) == 1
        (attempt,) = await store.attempts(claim.delivery.id)
        assert (attempt.finished_at, attempt.outcome, attempt.worker) == (None, None, "w1")
        await store.record_attempt(record(claim, DeliveryState.PENDING, Outcome.TRANSIENT))
        (pending,) = await store.deliveries()
        assert (pending.state, pending.next_attempt, pending.last_error) == (DeliveryState.PENDING, NOW + MINUTE, "why")
        assert (await store.channel_states())["mail"].failures == 1
        assert await deliveries_of(store) == ()
        (again,) = await deliveries_of(store, at=NOW + MINUTE)
        assert await store.begin_attempt(again.delivery.id, again.lease, NOW) == 2
        await store.record_attempt(record(again))
        (sent,) = await store.deliveries()
        assert (sent.state, sent.sent_at, sent.attempts, sent.last_error) == (DeliveryState.SENT, NOW, 2, None)
        assert [one.outcome for one in await store.attempts(sent.id)] == ["transient", "sent"]

    contract(test)


def test_a_worker_that_overslept_can_record_nothing(contract):
    async def test(store):
        await with_alert(store)
        (first,) = await deliveries_of(store)
        await store.begin_attempt(first.delivery.id, first.lease, NOW)
        assert await store.recover(NOW + 2 * MINUTE, LONG) == 1
        (second,) = await deliveries_of(store, "w2", NOW + 2 * MINUTE)
        for call in (store.begin_attempt(first.delivery.id, first.lease, NOW), store.record_attempt(record(first))):
            with pytest.raises(LeaseLost):
                await call
        assert second.delivery.unknowns == 1
        (one,) = await store.attempts(second.delivery.id)
        assert one.outcome == "unknown"
        assert (await store.figures(NOW, MINUTE)).unknown_outcomes == 1

    contract(test)


@pytest.mark.parametrize(
    ("at", "most", "recovered"),
    [
        (NOW + MINUTE / 2, LONG, 0),  # it runs
        (NOW + MINUTE, LONG, 1),  # it ran out
        (NOW - 24 * LONG, LONG, 1),  # the clock was set back: it reaches further than any lease may
    ],
)
def test_recovering_leases(contract, at, most, recovered):
    async def test(store):
        await with_alert(store)
        await deliveries_of(store)
        assert await store.recover(at, most) == recovered
        (one,) = await store.deliveries()
        # Without a begun attempt nothing can have been sent.
        assert one.unknowns == 0
        assert one.state is (DeliveryState.PENDING if recovered else DeliveryState.LEASED)

    contract(test)


def test_releasing_a_worker_tells_what_was_begun_from_what_was_not(contract):
    async def test(store):
        await store.record_alert(alert("a", kind=AlertKind.NOTICE), NOW)
        await store.record_alert(alert("b", kind=AlertKind.NOTICE), NOW)
        first, second = await deliveries_of(store)
        await store.begin_attempt(first.delivery.id, first.lease, NOW)
        assert await store.release("w1", NOW) == 2
        found = {one.id: one for one in await store.deliveries()}
        assert (found[first.delivery.id].unknowns, found[second.delivery.id].unknowns) == (1, 0)
        assert {one.state for one in found.values()} == {DeliveryState.PENDING}

    contract(test)


def test_dead_deliveries_can_be_tried_again_with_their_key(contract):
    async def test(store):
        await with_alert(store)
        (claim,) = await deliveries_of(store)
        await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
        await store.record_attempt(record(claim, DeliveryState.DEAD, Outcome.REFUSED))
        assert len(await store.deliveries(states=[DeliveryState.DEAD], channel="mail")) == 1
        assert await store.deliveries(states=[DeliveryState.SENT]) == ()
        assert await store.requeue([claim.delivery.id, 99], NOW) == 1
        assert await store.requeue([claim.delivery.id], NOW) == 0
        (again,) = await deliveries_of(store)
        assert (again.delivery.key, again.delivery.attempts) == (claim.delivery.key, 0)

    contract(test)


def test_what_waits_too_long_is_grouped_and_a_digest_carries_it(contract):
    async def test(store):
        for number in range(5):
            at = NOW + number * MINUTE
            await store.record_alert(alert(f"a{number}", at=at), at)
        await store.record_alert(alert("n", kind=AlertKind.NOTICE), NOW)
        assert await store.late(NOW + LONG, MINUTE, 5) == ()
        assert await store.late(NOW + LONG, 2 * LONG, 3) == ()
        (group,) = await store.late(NOW + LONG, MINUTE, 3)
        assert [one.alert_key for one in group] == ["a4", "a3", "a2", "a1", "a0"]
        assert set(await store.alerts([one.alert_key for one in group])) == {f"a{number}" for number in range(5)}
        digest = dataclasses.replace(alert("digest", kind=AlertKind.DIGEST), deliveries=())
        new = NewDelivery(key="digest-mail", channel="mail", address="a@example.org")
        assert await store.fold(digest, new, [group[0].id, group[1].id, 99], NOW) == 2
        assert await store.fold(digest, new, [group[2].id], NOW) == 0
        carried = await store.deliveries(states=[DeliveryState.CARRIED])
        (carrier,) = [one for one in await store.deliveries() if one.key == "digest-mail"]
        assert {one.carried_by for one in carried} == {carrier.id}
        assert len(await deliveries_of(store, at=NOW + LONG)) == 5

    contract(test)


def test_a_channel_that_works_again_has_its_deliveries_due_at_once(contract):
    async def test(store):
        await with_alert(store, channels=("mail", "slack"))
        (claim,) = await deliveries_of(store)
        await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
        await store.record_attempt(record(claim, DeliveryState.PENDING, Outcome.TRANSIENT, next_attempt=NOW + LONG))
        assert await store.hasten("slack", NOW) == 0
        assert await store.hasten("mail", NOW) == 1
        assert len(await deliveries_of(store)) == 1

    contract(test)


def test_the_state_of_a_channel_is_kept(contract):
    async def test(store):
        state = ChannelState(
            channel="mail", failures=3, open_until=NOW, probes=2, broken="no", noticed_at=NOW, since=NOW - LONG
        )
        await store.record_channel(state)
        assert await store.channel_states() == {"mail": state}

    contract(test)


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
        assert hit.article.title == "a\x00b\ufffdc"

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
