"""The contract of every store, deliveries: claims, attempts, leases that run out, digests, channels."""

import dataclasses

import pytest
from support.storing import LONG, MINUTE, NOW, alert, deliveries_of, record, with_alert

from monitor.errors import LeaseLost
from monitor.model import (
    AlertKind,
    ChannelState,
    DeliveryState,
    NewDelivery,
    Outcome,
    Severity,
)

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


def test_a_message_that_came_back_is_noted_with_its_delivery(contract):
    async def test(store):
        await with_alert(store)
        assert await store.record_bounce("alert1-mail", "bounced: no") is None  # it was not sent yet
        (claim,) = await deliveries_of(store)
        await store.begin_attempt(claim.delivery.id, claim.lease, NOW)
        await store.record_attempt(record(claim))
        assert await store.record_bounce("alert1-mail", "bounced: no such user") == "a@example.org"
        assert await store.record_bounce("another", "bounced: no") is None
        (kept,) = await store.deliveries()
        assert (kept.state, kept.last_error, kept.sent_at) == (DeliveryState.SENT, "bounced: no such user", NOW)

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
