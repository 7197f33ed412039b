"""Mail that comes back: read the mailboxes of the mail channels, note it with its delivery, tell who runs the monitor.

Only messages that name the key of a delivery of ours count, and the address that is stopped is the one that this delivery
went to: whoever writes to the mailbox could otherwise stop anybody's alerts. A message is marked as read once all that
follows from it is recorded; after a crash it is read again, and nothing is told twice.
"""

import asyncio

from monitor.channels.bounce_box import BounceBox, bounce_box
from monitor.channels.dsn import Bounce, BounceKind, bounce_of
from monitor.engine.notices import tell_operator
from monitor.engine.parts import Parts
from monitor.errors import ChannelError
from monitor.settings import EmailSettings

_REASONS = {BounceKind.ADDRESS: "bounced", BounceKind.COMPLAINT: "complained"}


class Bounces:
    """Reads what came back; `tick` is called each minute."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._failing: set[str] = set()
        """Channels whose mailbox could not be read the last time."""

    async def tick(self) -> int:
        """Read all mailboxes once; how many messages came back."""
        found = 0
        for channel in self._parts.live.loaded.settings.channels:
            box = bounce_box(channel) if isinstance(channel, EmailSettings) else None
            if box is not None:
                found += await self._read(channel.id, box)
        return found

    async def _read(self, channel: str, box: BounceBox) -> int:
        parts, found = self._parts, 0
        try:
            messages = await asyncio.to_thread(box.unread)
            for _, raw in messages:
                bounce = await asyncio.to_thread(bounce_of, raw)
                if bounce is not None:
                    found += 1
                    await self._take(channel, bounce)
            await asyncio.to_thread(box.mark, [name for name, _ in messages])
            self._failing.discard(channel)
        except ChannelError as error:
            if channel not in self._failing:  # once, and not each minute
                self._failing.add(channel)
                parts.journal.warn("bounces", channel=channel, status="unreadable", detail=str(error))
                text = f"{error}.\nUntil it can, nobody learns of alerts that come back. It is tried each minute."
                day = f"{parts.clock():%Y-%m-%d}"
                await tell_operator(
                    parts, f"Bounces of {channel} are not read", text, window=f"bounces {channel} {day}"
                )
        finally:
            await asyncio.to_thread(box.close)
        return found

    async def _take(self, channel: str, bounce: Bounce) -> None:
        """Record what came back; what is only late is logged."""
        parts, now = self._parts, self._parts.clock()
        seen = {"channel": channel, "status": bounce.kind.value, "delivery": bounce.key, "detail": bounce.detail}
        if bounce.kind is BounceKind.DELAYED:
            parts.journal.note("bounce", **seen)
            return
        why = f"{_REASONS.get(bounce.kind, 'bounced')}: {bounce.detail}"
        address = await parts.store.record_bounce(bounce.key, why) if bounce.key else None
        parts.journal.warn("bounce", **seen, ours=address is not None)
        if address is None:
            return
        reason = _REASONS.get(bounce.kind)
        if reason is not None and address.lower() in await parts.store.stopped():
            return  # that was told when it was stopped
        subject, text = _notice(bounce, address)
        window = f"bounce {bounce.kind.value} {address} {now:%Y-%m-%d}"
        await tell_operator(parts, subject, text, window=window)
        if reason is not None:  # last, so that after a crash it is told before it counts as known
            await parts.store.stop_address(address, reason, bounce.detail, now)


def _notice(bounce: Bounce, address: str) -> tuple[str, str]:
    """What who runs the monitor is told of a message that came back."""
    said = f"What came back said: {bounce.detail}\nIt was delivery {bounce.key}."
    follows = "Nothing more is sent there. Once it is mended: monitor subscribers resume ID."
    if bounce.kind is BounceKind.COMPLAINT:
        return f"{address} complained of an alert", f"Its reader called an alert spam. {follows}\n{said}"
    if bounce.kind is BounceKind.ADDRESS:
        return f"Mail to {address} comes back", f"The address takes no mail. {follows}\n{said}"
    return (
        f"An alert to {address} came back",
        f"This alert did not arrive after its server had taken it; the next one is sent all the same.\n{said}",
    )
