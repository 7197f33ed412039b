"""The part of the Store protocol for WebSub: which hubs feeds name, and how subscriptions to them stand.

Apart from `store.protocol`, whose rules hold here as well. What a hub confirms may come before its answer to our request,
so each write says what it changes and under which condition, and none writes a whole row back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model import FeedClaim
from monitor.settings import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A feed's subscription to a topic of a hub, wanted or live."""

    feed_id: str
    hub: str
    topic: str
    token: str
    """The last part of our callback's address, which nobody can guess."""
    secret: Secret
    """What the hub signs with."""
    wanted: bool
    """Whether the feed is polled and still names this hub."""
    expires: datetime | None
    """The end of the lease, if the hub ever confirmed one."""
    failures: int
    """How often it was asked for since it was last confirmed."""


class PushStore(Protocol):
    """Keeps subscriptions. A poll that says which hub its feed names (`PollRecord.hub`) makes or changes one."""

    async def subscriptions_due(self, now: datetime, limit: int) -> tuple[Subscription, ...]:
        """Those for which something is to be asked now: new, to be renewed, tried again, or no longer wanted."""

    async def subscription(self, token: str) -> Subscription | None:
        """The one with this callback."""

    async def asking(self, feed_id: str, mode: str, again: datetime) -> None:
        """Write down that `subscribe` or `unsubscribe` is asked now, and when to ask again if nothing is confirmed."""

    async def refused(self, feed_id: str, error: str, again: datetime) -> None:
        """The hub did not take the request, or denied it."""

    async def confirmed(self, token: str, topic: str, expires: datetime, renew: datetime) -> bool:
        """The hub confirms a subscription; False, and nothing changed, unless it was asked for just so."""

    async def unsubscribed(self, token: str, topic: str) -> bool:
        """The hub confirms the end of a subscription; False, and nothing changed, unless it was asked for just so."""

    async def denied(self, token: str, topic: str, error: str, again: datetime, now: datetime) -> bool:
        """The hub ends or refuses a subscription: its feed is polled as others, at once. False if there is none."""

    async def forget(self, feed_id: str) -> None:
        """Remove a subscription that nobody wants."""

    async def lapsed(self, now: datetime) -> int:
        """End subscriptions whose lease ran out: their feeds are due now. Returns how many."""

    async def pushed_until(self, feed_id: str) -> datetime | None:
        """The end of a feed's lease, None if it has none."""

    async def claim_pushed(self, feed_id: str, worker: str, now: datetime, lease: timedelta) -> FeedClaim | None:
        """Lease a feed for what was pushed, due or not; None while it is being polled, or when it is switched off."""
