"""Whether our own network is down: when of the last hosts that were asked hardly one could be reached. In-process.

One host that does not answer is its own trouble, and told as that of its feeds. When nearly all do not, whatever they have
in common, it is not them: then the operator is told one thing and not ten thousand. It asks no clock.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from monitor.model import UNREACHED, FetchFailed, PollOutcome
from monitor.shown import shown_span

_LOOKED_AT: Final = 30
_LEAST: Final = 10
"""Fewer hosts say nothing."""
_DOWN, _UP = 0.9, 0.5
"""Shares of hosts that cannot be reached: from the one on it is an outage, below the other it is over."""


class Outage:
    """Looks at the last polls, one for each host."""

    def __init__(self) -> None:
        self._hosts: dict[str, str] = {}
        """Of each host why it could not be reached, or nothing; the newest last."""
        self.on = False
        self.began: datetime | None = None
        """When the last one began, over or not."""
        self.ended: datetime | None = None

    def note(self, host: str, outcome: PollOutcome, *, known_bad: bool) -> None:
        """A host was asked. Of one that is known to be bad only that it answers counts."""
        why = outcome.kind.value if isinstance(outcome, FetchFailed) and outcome.kind in UNREACHED else ""
        if why and known_bad and not self.on:
            return
        self._hosts.pop(host, None)
        self._hosts[host] = why
        if len(self._hosts) > _LOOKED_AT:
            del self._hosts[next(iter(self._hosts))]

    def turned(self, now: datetime) -> bool:
        """Whether an outage began or ended since the last look."""
        bad = sum(map(bool, self._hosts.values()))
        if self.on:
            self.on = bad > len(self._hosts) * _UP
            self.ended = None if self.on else now
            return not self.on
        self.on = len(self._hosts) >= _LEAST and bad >= len(self._hosts) * _DOWN
        if self.on:
            self.began = now
        return self.on

    def holds(self, now: datetime, every: timedelta) -> bool:
        """Whether feeds are not told of: while it lasts, and for two of their periods after, in which each is asked again."""
        return self.on or (self.ended is not None and timedelta() <= now - self.ended < 2 * every)

    def tally(self) -> str:
        """How the last hosts could not be reached."""
        return ", ".join(f"{why} {count}" for why, count in Counter(filter(None, self._hosts.values())).most_common())

    def notice(self, now: datetime) -> tuple[str, str]:
        """Subject and text for what turned last."""
        if not self.on:
            lasted = f" after {shown_span(now - self.began)}" if self.began else ""
            return "Hosts can be reached again", f"Hosts answer again{lasted}."
        text = (
            f"Of the last {len(self._hosts)} hosts that were asked hardly one could be reached ({self.tally()}).\nThat is "
            "likely to be the network or the name server of this machine. Feeds go on being tried; they are not told of one "
            "by one until it is over."
        )
        return "No host can be reached", text
