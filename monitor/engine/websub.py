"""WebSub (W3C, January 2018), who asks what when: subscribe, verify, renew, take what is pushed, leave.

    hub named by a poll ► ask it ► it verifies at our callback ► live until the lease ends, renewed before ► pushes come

What is pushed goes the way of a poll: leased, parsed in the parser's process, matched, recorded. The hub's content is
believed only if it is signed with our secret. A slow poll stays as the net: it finds what a hub lost, and whatever was
answered and not recorded when the process ended.
"""

import asyncio
import hashlib
import hmac
import weakref
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from monitor.engine import flow
from monitor.engine.parts import Parts, feed_lease
from monitor.errors import StoreError
from monitor.model import FetchFailed
from monitor.shown import shown_url
from monitor.store.push_protocol import Subscription

LEASE: Final = timedelta(days=10)
"""What we ask for; the hub decides."""
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=90)
_RENEW_AT: Final = 0.8
_UNANSWERED: Final = timedelta(hours=1)
"""After the first request that was refused, or taken and never verified; then twice as long each time."""
_DENIED: Final = timedelta(days=1)
_GONE: Final = timedelta(days=30)
_FAREWELLS: Final = 3
_AT_ONCE: Final = 8
_WAITING: Final = 64
"""Pushes that wait to be recorded; a hub is told to come again when there are more."""
_TRIES: Final = 60
_HASHES: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})


def signed(secret: str, signature: str, body: bytes) -> bool:
    """Whether `X-Hub-Signature` is that of the body under our secret."""
    method, _, digest = signature.strip().partition("=")
    if method.lower() not in _HASHES:
        return False
    wanted = hmac.new(secret.encode(), body, getattr(hashlib, method.lower())).hexdigest()
    return hmac.compare_digest(wanted.encode(), digest.strip().lower().encode("utf-8", "replace"))


class WebSub:
    """The subscriptions of one running monitor. All of it runs in the event loop."""

    def __init__(self, parts: Parts, nudge: Callable[[], None]) -> None:
        self._parts, self._nudge = parts, nudge
        self._asking: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pushes = 0
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        """Pushes of one feed are recorded one after another; who waits keeps its lock alive."""

    # asking

    async def tick(self) -> None:
        """Ask hubs for what is due. Waits for no hub."""
        parts = self._parts
        settings = parts.live.loaded.settings
        if settings.http.public_url is None:
            return
        now = parts.clock()
        ended = await parts.store.lapsed(now)
        if ended:
            parts.journal.warn("websub", status="lapsed", subscriptions=ended)
        for one in await parts.store.subscriptions_due(now, _AT_ONCE + len(self._asking)):
            if one.feed_id not in self._asking and len(self._asking) < _AT_ONCE:
                self._asking.add(one.feed_id)
                self._start(self._ask(one, settings.http.public_url))

    async def _ask(self, one: Subscription, public_url: str) -> None:
        """Ask one hub; what it confirms comes to the callback, perhaps before its answer does."""
        parts = self._parts
        try:
            # Nobody is waiting for a farewell that was never subscribed, or that three times was not heard.
            if not one.wanted and (one.expires is None or one.failures >= _FAREWELLS):
                await parts.store.forget(one.feed_id)
                return
            mode = "subscribe" if one.wanted else "unsubscribe"
            await parts.store.asking(one.feed_id, mode, parts.clock() + self._wait(one))
            form = {"hub.mode": mode, "hub.topic": one.topic, "hub.callback": f"{public_url}/websub/{one.token}"}
            if one.wanted:
                form |= {"hub.lease_seconds": str(int(LEASE.total_seconds())), "hub.secret": one.secret.reveal()}
            failure = await parts.reader.tell_hub(one.hub, form)
            if failure is not None:
                await parts.store.refused(one.feed_id, f"{failure.kind}: {failure.detail}", self._again(one, failure))
                parts.journal.warn("websub", status="refused", feed=one.feed_id, mode=mode, detail=failure.detail)
        finally:
            self._asking.discard(one.feed_id)

    def _again(self, one: Subscription, failure: FetchFailed) -> datetime:
        if failure.status == HTTPStatus.GONE:
            return self._parts.clock() + _GONE
        return self._parts.clock() + max(self._wait(one), failure.retry_after or timedelta())

    def _wait(self, one: Subscription) -> timedelta:
        """Until a request that came to nothing is made again: longer each time."""
        longest: timedelta = min(_UNANSWERED * 2 ** min(one.failures, 8), _DENIED)
        return longest * (0.5 + self._parts.jitter() / 2)

    # the callback

    async def verify(self, token: str, query: Mapping[str, str]) -> str | None:
        """A hub asks whether we meant it; the challenge to send back, None if we did not."""
        store, now = self._parts.store, self._parts.clock()
        mode, topic, challenge = query.get("hub.mode", ""), query.get("hub.topic", ""), query.get("hub.challenge", "")
        meant = False
        if mode == "subscribe":
            lease = _lease(query.get("hub.lease_seconds", ""))
            meant = await store.confirmed(token, topic, now + lease, now + lease * _RENEW_AT)
        elif mode == "unsubscribe":
            meant = await store.unsubscribed(token, topic)
        elif mode == "denied":
            reason = f"denied: {query.get('hub.reason', '')[:200]}"
            meant = await store.denied(token, topic, reason, now + _DENIED, now)
        if meant:  # strangers' requests are not news
            self._parts.journal.note("websub", status=mode, topic=shown_url(topic))
        return challenge if meant else None

    async def find(self, token: str) -> Subscription | None:
        """The subscription of a callback, if it is wanted."""
        found = await self._parts.store.subscription(token)
        return found if found is not None and found.wanted else None

    async def push(self, feed_id: str, body: bytes, content_type: str | None) -> bool:
        """Take what a hub sent, to be recorded soon; False when too much is waiting."""
        if self._pushes >= _WAITING:
            return False
        self._pushes += 1
        self._start(self._record(feed_id, body, content_type))
        return True

    async def _record(self, feed_id: str, body: bytes, content_type: str | None) -> None:
        turn = self._turns.setdefault(feed_id, asyncio.Lock())
        try:
            async with turn:
                await self._record_in_turn(feed_id, body, content_type)
        finally:
            self._pushes -= 1

    async def _record_in_turn(self, feed_id: str, body: bytes, content_type: str | None) -> None:
        parts = self._parts
        for _ in range(_TRIES):
            claim = await parts.store.claim_pushed(feed_id, parts.worker, parts.clock(), feed_lease(parts))
            if claim is not None:
                recorded = await flow.pushed(parts, claim, body, content_type)
                if recorded.waiting:
                    self._nudge()
                return
            await asyncio.sleep(1)  # the feed is being polled just now
        parts.journal.warn("websub", status="dropped", feed=feed_id)

    # life

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StoreError as error:
            self._parts.journal.trouble("websub", str(error))
        except Exception as error:  # noqa: BLE001 - the top of a unit of work: one hub never stops the others
            self._parts.journal.fault("websub", error)

    @property
    def under_way(self) -> frozenset[asyncio.Task[None]]:
        """What runs now."""
        return frozenset(self._tasks)


def _lease(seconds: str) -> timedelta:
    """The lease that a hub says, within reason; ours if it says none."""
    given = timedelta(seconds=int(seconds)) if seconds.isdecimal() and len(seconds) < 10 else LEASE  # noqa: PLR2004
    return max(_SHORTEST, min(given, _LONGEST))
