"""The turnstile of hosts: so many requests to one host at once, and a pause before the next. In-process.

It makes nobody wait. A feed that may not enter is told when to come back, and its caller gives the claim back until then:
a host with a thousand feeds does not fill the places of all others. Asks the monotonic clock for pauses; times of the
store are the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor import schedule
from monitor.model import FeedClaim, FeedKind
from monitor.settings import PollingSettings

_LEAST = timedelta(seconds=1)
"""Who finds a host at work comes back after so much time: a tick."""
_REMEMBERED = 10_000
"""Hosts of which nothing need be known are forgotten when there are more."""


@dataclass(slots=True)
class _Host:
    """What is known of a host."""

    busy: int = 0
    free_at: float = 0.0
    """When the pause after the last request is over."""


class Turnstile:
    """Knows which hosts are busy."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self.waiting: dict[str, datetime] = {}
        """Feeds that were sent away, and when they are due again."""
        self._sent_away: dict[str, tuple[float, int]] = {}

    def enter(self, claim: FeedClaim, settings: PollingSettings, now: datetime) -> bool:
        """Whether the feed may be polled now; if not, `waiting` says when to try again."""
        name = host_of(claim)
        if len(self._hosts) > _REMEMBERED:
            self._forget()
        host = self._hosts.setdefault(name, _Host())
        at = self._clock()
        if host.busy < settings.per_host and host.free_at <= at:
            host.busy += 1
            if claim.feed.kind is FeedKind.HTTP:
                host.free_at = at + settings.host_gap.total_seconds()
            self.waiting.pop(claim.feed.id, None)
            self._sent_away.pop(name, None)
            return True
        # Those that are sent away together come back one after the other.
        before = self._sent_away.get(name, (at, 0))
        place = before[1] + 1 if at - before[0] < _LEAST.total_seconds() else 1
        self._sent_away[name] = (at, place)
        pause = max(host.free_at - at, 0.0) + (place - 1) * settings.host_gap.total_seconds()
        self.waiting[claim.feed.id] = now + max(timedelta(seconds=pause), _LEAST)
        return False

    def leave(self, claim: FeedClaim, settings: PollingSettings) -> None:
        """The poll of a feed ended; the pause begins."""
        host = self._hosts[host_of(claim)]
        host.busy -= 1
        if claim.feed.kind is FeedKind.HTTP:
            host.free_at = self._clock() + settings.host_gap.total_seconds()

    def _forget(self) -> None:
        at = self._clock()
        self._hosts = {name: host for name, host in self._hosts.items() if host.busy or host.free_at > at}
        self._sent_away = {name: one for name, one in self._sent_away.items() if name in self._hosts}


def host_of(claim: FeedClaim) -> str:
    """The host that a claim is polled at; a folder is its own."""
    url = schedule.at_its_address(claim.feed, claim.state).url
    return (urlsplit(url).hostname or url) if claim.feed.kind is FeedKind.HTTP else url
