"""The outbox under any order of sends, lost answers, crashes, leases that run out, second workers, requeues and digests.

The real verbs on the real store, with a channel that does what the model says. Whatever happens: nothing is lost, no key is
accepted twice but where somebody could not know that it was, a worker that overslept records nothing, and the ledger is even.
`OUTBOX_STEPS=10000` makes a long run of it.
"""

import asyncio
import contextlib
import os
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.desk import Desk, made_article, made_match
from support.storing import row

from monitor.engine import alerts, flow
from monitor.engine.parts import delivery_lease, longest_lease
from monitor.model import DeliveryState, FailureReason, Feed, Format, Outcome, SendResult
from monitor.store import open_store
from monitor.store.protocol import NewArticle, PollRecord

STEPS = 40
RUNS = max(4, int(os.environ.get("OUTBOX_STEPS", "0")) // STEPS)
ACCEPTING = (Outcome.SENT, Outcome.UNKNOWN)


class Crash(BaseException):
    """The process is gone."""


class Scripted:
    """A channel whose other side is the model's."""

    id, format, timeout, rate, at_once = "box", Format.MAIL, 10.0, (1000.0, 1000), 4

    def __init__(self):
        self.accepted = Counter()
        self.act = lambda _message: SendResult(outcome=Outcome.SENT)

    async def send(self, message):
        return self.act(message)

    async def close(self):
        """Nothing is open."""


class Outbox(RuleBasedStateMachine):
    """One store, one channel, two workers that may die."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()

    def do(self, work):
        return self.loop.run_until_complete(work)

    @initialize()
    def start(self):
        folder = Path(self.folder.name)
        self.desk = Desk(folder, "  box: {kind: maildir, path: box}", "[box]")
        self.do(self.desk.__aenter__())
        self.parts = self.desk.parts
        self.channel = Scripted()
        self.parts.channels = {"box": self.channel}
        self.excused = Counter()
        self.made = 0
        self.claims = []
        self.do(
            self.parts.store.sync_feeds([Feed(id="f", url="https://f.example")], self.desk.now, {"f": self.desk.now})
        )
        self.do(self.parts.store.sync_subscribers(self.parts.live.people, self.desk.now))

    @property
    def store(self):
        return self.parts.store

    # what may happen

    @rule(count=st.integers(1, 4))
    def raise_alerts(self, count):
        """Articles come, and are decided on, as polls and the alert verb do it."""
        self.do(self._raise(count))

    async def _raise(self, count):
        now = self.desk.now
        await self.store.make_due(["f"], now)
        claims = await self.store.claim_feeds("w", now, 1, timedelta(minutes=1))
        articles = [made_article(self.made + number) for number in range(count)]
        self.made += count
        version = self.desk.loaded.rules[0].version
        await self.store.record_poll(
            PollRecord(
                feed_id="f",
                lease=claims[0].lease,
                now=now,
                state=claims[0].state,
                articles=tuple(
                    NewArticle(article=one, matches=(made_match(one, version),), story=one.key) for one in articles
                ),
                waiting=tuple(row(one.key, at=now) for one in articles),
            )
        )
        for claim in await self.store.claim_subscribers("w", now, 4, timedelta(minutes=1)):
            await alerts.alert(self.parts, claim)

    @rule(limit=st.integers(1, 3))
    def claim(self, limit):
        """A worker takes some work and goes on with it later, or never."""
        self.claims += self.do(
            self.store.claim_deliveries("w", self.desk.now, limit, delivery_lease(self.channel), channel="box")
        )

    @rule(outcome=st.sampled_from(Outcome))
    def send(self, outcome):
        """A worker goes on with what it claimed, if that is still its own."""
        if not self.claims:
            return
        claim = self.claims.pop(0)
        self.channel.act = lambda message: self._answer(message.key, outcome)
        self.do(flow.deliver(self.parts, self.channel, claim))

    def _answer(self, key, outcome):
        if outcome in ACCEPTING:
            self.channel.accepted[key] += 1
        if outcome is Outcome.UNKNOWN:
            self.excused[key] += 1
        reason = None if outcome is Outcome.SENT else FailureReason.OTHER
        return SendResult(outcome=outcome, reason=reason, detail="so it goes")

    @rule(accepted=st.booleans())
    def crash(self, accepted):
        """The process dies in the middle of a send, before or after the other side took the message."""
        if self.claims:

            def die(message):
                if accepted:
                    self.channel.accepted[message.key] += 1
                    self.excused[message.key] += 1
                raise Crash

            self.channel.act = die
            with contextlib.suppress(Crash):
                self.do(flow.deliver(self.parts, self.channel, self.claims.pop(0)))
        self.do(self._restart())

    async def _restart(self):
        await self.store.close()
        self.parts.store = open_store(self.desk.loaded.settings.store, owner=True)
        await self.store.open()
        await self.store.release(None, self.desk.now)
        self.parts.states = dict(await self.store.channel_states())
        self.claims = []

    @rule()
    def oversleep(self):
        """A worker sends so slowly that its lease runs out and another one sends the same meanwhile."""
        if not self.claims:
            return
        claim = self.claims.pop(0)

        def late(message):
            self.channel.accepted[message.key] += 1
            self.excused[message.key] += 1
            self.desk.now += 2 * delivery_lease(self.channel)
            return SendResult(outcome=Outcome.SENT)

        self.channel.act = late
        number = (
            self.do(self.store.begin_attempt(claim.delivery.id, claim.lease, self.desk.now)) if self._owns(claim) else 0
        )
        if not number:
            return
        late(_Message(claim.delivery.key))
        self.do(self.store.recover(self.desk.now, longest_lease(self.parts)))
        others = self.do(
            self.store.claim_deliveries("v", self.desk.now, 50, delivery_lease(self.channel), channel="box")
        )
        self.claims += others
        before = self._state(claim.delivery.id)
        assert self.do(flow.deliver(self.parts, Scripted(), claim)) is None  # fenced: it can record nothing
        assert self._state(claim.delivery.id) == before

    def _owns(self, claim):
        state, token = self._row(claim.delivery.id)
        return state == "leased" and token == claim.lease.token

    def _row(self, number):
        async def read():
            return await self.store._read(
                lambda db: tuple(
                    db.execute("SELECT state, lease_token FROM deliveries WHERE id = ?", (number,)).fetchone()
                )
            )

        return self.do(read())

    def _state(self, number):
        return self._row(number)

    @rule(minutes=st.sampled_from([1, 3, 15, 120, 24 * 60]))
    def time_passes(self, minutes):
        """Leases run out, retries fall due, messages grow old."""
        self.desk.now += timedelta(minutes=minutes)
        self.do(self.store.recover(self.desk.now, longest_lease(self.parts)))

    @rule()
    def requeue(self):
        """An operator mends the channel and has what was given up tried again."""
        dead = self.do(self.store.deliveries(states=[DeliveryState.DEAD]))
        self.do(self.store.requeue([one.id for one in dead], self.desk.now))
        self._mend()

    @rule()
    def catch_up(self):
        """What piled up is folded into a digest."""
        self._mend()
        self.do(flow.catch_up(self.parts))

    def _mend(self):
        self.parts.states = {}

    # what holds

    @invariant()
    def nobody_is_told_twice_without_an_excuse(self):
        if not hasattr(self, "channel"):
            return
        for key, count in self.channel.accepted.items():
            assert count <= 1 + self.excused[key], key

    def teardown(self):
        if hasattr(self, "desk"):
            self._end()
            self.do(self.desk.__aexit__())
        self.loop.close()
        self.folder.cleanup()

    def _end(self):
        """Everything heals, and goes out: then nothing is missing."""
        self.channel.act = lambda message: self._answer(message.key, Outcome.SENT)
        self.do(self._restart())
        for _ in range(200):
            self.desk.now += timedelta(hours=3)
            self._mend()
            claims = self.do(
                self.store.claim_deliveries("w", self.desk.now, 500, delivery_lease(self.channel), channel="box")
            )
            for claim in claims:
                self.do(flow.deliver(self.parts, self.channel, claim))
            left = self.do(
                self.store.deliveries(states=[DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.UNKNOWN])
            )
            if not left:
                break
        ends = {one.id: one for one in self.do(self.store.deliveries(limit=10_000))}
        for one in ends.values():
            carrier = ends[one.carried_by] if one.carried_by else one
            assert carrier.state in {DeliveryState.SENT, DeliveryState.DEAD}
            if carrier.state is DeliveryState.SENT:
                assert self.channel.accepted[carrier.key] >= 1
        lines = self.do(self.store.ledger())
        assert sum(line.taken for line in lines) == self.made
        assert all(line.even and line.waiting == line.pending == 0 for line in lines)


class _Message:
    def __init__(self, key):
        self.key = key


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(
    max_examples=RUNS, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
)
