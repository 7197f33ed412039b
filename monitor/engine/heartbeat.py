"""The ping that says that all is well: an address of the operator's is asked for while the monitor does its work.

When it stops coming, whoever waits for it raises the alarm: that is the one failure a monitor cannot tell of itself. So it is
left out when the daemon is stuck, its store cannot be written, or no channel delivers.
"""

from datetime import datetime
from typing import Final

from monitor.engine.health import Pulse
from monitor.engine.parts import Parts
from monitor.errors import RequestFailed
from monitor.net import GuardedClient

_DEADLINE: Final = 15.0
_MOST: Final = 65_536


class Heartbeat:
    """Pings; `tick` is called every few seconds."""

    def __init__(self, parts: Parts, pulse: Pulse, client: GuardedClient | None = None) -> None:
        self._parts, self._pulse = parts, pulse
        self._client = client
        self._last: datetime | None = None
        self._failing = False

    async def tick(self) -> bool:
        """Ping if it is time and all is well; whether it was taken."""
        settings = self._parts.live.loaded.settings.heartbeat
        now = self._parts.clock()
        due = self._last is None or abs(now - self._last) >= settings.every if settings else False
        if settings is None or not due or not self.well():
            return False
        self._last = now
        delivery = self._parts.live.loaded.settings.delivery
        client = self._client or GuardedClient(
            user_agent="monitor/0.1", allow_private=delivery.allow_private, ca_file=delivery.ca_file
        )
        try:
            answer = await client.request(
                "GET", settings.url.reveal(), deadline=_DEADLINE, max_wire_bytes=_MOST, max_body_bytes=_MOST
            )
        except RequestFailed as error:
            return self._taken(f"{error.kind}")
        finally:
            await client.close()
        return self._taken(None if answer.status < 400 else f"HTTP {answer.status}")  # noqa: PLR2004

    def well(self) -> bool:
        """Whether the monitor does its work: ticks, a store that can be written, a channel that delivers."""
        channels = self._parts.channels
        delivers = not channels or len(self._pulse.broken) < len(channels)
        return self._pulse.healthy() and self._pulse.store_error is None and delivers

    def _taken(self, fault: str | None) -> bool:
        """Say once that the ping does not arrive, and once that it does again."""
        self._parts.journal.heartbeats.labels("failed" if fault else "taken").inc()
        if (fault is not None) is not self._failing:
            self._failing = fault is not None
            note = self._parts.journal.warn if fault else self._parts.journal.note
            note("heartbeat", status="failed" if fault else "taken", **({"detail": fault} if fault else {}))
        return fault is None
