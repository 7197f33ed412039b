"""The turnstile of hosts: so many requests to one host at once, and a pause before the next. In-process.

A few feeds of a host may stand before it and take no place of those that work; the others are sent away until their
turn is near, and their caller gives the claims back until then. So a host with a thousand feeds, or a slow one, holds up
nobody but itself. Asks the monotonic clock for pauses; times of the store are the caller's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor import schedule
from monitor.model import FeedClaim, FeedKind
from monitor.settings import PollingSettings

QUEUE = 20
"""So many feeds of a host may stand before it, those at work included."""
_MOST_STANDING = 2_000
"""Before all hosts together; each costs a few kilobytes."""
_LEAST_STEP = 0.05
_LEARNING = 0.2
_REMEMBERED = 10_000
"""Hosts of which nothing need be known are forgotten when there are more."""


@dataclass(slots=True)
class _Host:
    """What is known of a host."""

    gates: dict[int, asyncio.Semaphore] = field(default_factory=dict)
    """By their width, which a reload may change."""
    standing: int = 0
    """Feeds before it and at work."""
    free_at: float = 0.0
    """When the pause after the last request is over."""
    took: float = 0.0
    """How long a request takes, newer ones weighing more."""
    last_turn: float = 0.0
    """The last turn that was given to a feed that was sent away."""


class Turnstile:
    """Knows which hosts are busy."""

    def __init__(self, clock: Callable[[], float], *, most_standing: int = _MOST_STANDING) -> None:
        self._clock, self.most_standing = clock, most_standing
        self._hosts: dict[str, _Host] = {}
        self.standing = 0
        """Feeds before all hosts that are not at work yet."""
        self.sent_away: dict[str, datetime] = {}
        """Feeds that were sent away, and when they are due again."""

    def admit(self, claim: FeedClaim, settings: PollingSettings, now: datetime) -> bool:
        """Whether the feed may stand before its host; then it must take its `turn`. If not, `sent_away` says when it is
        due again: turns are given one after the other, so that those that come back find room.
        """
        if len(self._hosts) > _REMEMBERED:
            self._forget(now)
        host = self._hosts.setdefault(host_of(claim), _Host())
        # Where very many stand already, nobody joins a queue: a few hundred hosts that hang must not fill the hall.
        if host.standing < (QUEUE * settings.per_host if self.standing < self.most_standing else 1):
            host.standing += 1
            self.standing += 1
            self.sent_away.pop(claim.feed.id, None)
            return True
        at = self._clock()
        step = max(settings.host_gap.total_seconds() + host.took, _LEAST_STEP) / settings.per_host
        host.last_turn = max(host.last_turn, at + step * host.standing) + step
        self.send_away(claim, now + timedelta(seconds=host.last_turn - at))
        return False

    def send_away(self, claim: FeedClaim, due: datetime) -> None:
        """Have the feed come back then."""
        self.sent_away[claim.feed.id] = due

    @asynccontextmanager
    async def turn(self, claim: FeedClaim, settings: PollingSettings) -> AsyncIterator[None]:
        """Wait for the host, then be at work with it. Only after `admit`."""
        host = self._hosts[host_of(claim)]
        waits = True
        try:
            async with self._through(host, settings, remote=claim.feed.kind is FeedKind.HTTP):
                self.standing -= 1
                waits = False
                yield
        finally:
            host.standing -= 1
            self.standing -= waits

    @asynccontextmanager
    async def visit(self, name: str, settings: PollingSettings) -> AsyncIterator[None]:
        """Wait for a host and be at work with it for something that is no feed: the page of an article."""
        host = self._hosts.setdefault(name, _Host())
        host.standing += 1
        try:
            async with self._through(host, settings, remote=True):
                yield
        finally:
            host.standing -= 1

    @asynccontextmanager
    async def _through(self, host: _Host, settings: PollingSettings, *, remote: bool) -> AsyncIterator[None]:
        gate = host.gates.setdefault(settings.per_host, asyncio.Semaphore(settings.per_host))
        async with gate:
            pause = min(host.free_at - self._clock(), settings.host_gap.total_seconds())
            if pause > 0:
                await asyncio.sleep(pause)
            began = self._clock()
            try:
                yield
            finally:
                ended = self._clock()
                host.took += (ended - began - host.took) * _LEARNING
                if remote:
                    host.free_at = ended + settings.host_gap.total_seconds()

    def _forget(self, now: datetime) -> None:
        at = self._clock()
        self._hosts = {
            name: host
            for name, host in self._hosts.items()
            if host.standing or host.free_at > at or host.last_turn > at
        }
        self.sent_away = {name: due for name, due in self.sent_away.items() if due > now}


def host_url(claim: FeedClaim) -> str:
    """The address that a claim is polled at, as `keys.shard_of` takes it; what is local is its own."""
    return schedule.at_its_address(claim.feed, claim.state).url if claim.feed.kind is FeedKind.HTTP else claim.feed.id


def host_of(claim: FeedClaim) -> str:
    """The host that a claim is polled at; what is local is its own."""
    url = schedule.at_its_address(claim.feed, claim.state).url
    return (urlsplit(url).hostname or url) if claim.feed.kind is FeedKind.HTTP else url
