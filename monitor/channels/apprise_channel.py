"""The Apprise channel: text through any service that the library knows, for whatever we have no channel of our own for.

The library opens its connections itself and says only yes or no. So before each message the host of the address, where it
has one, is held to the same policy as every other request; and schemes that run programs or reach into this machine are
refused at the start. What it logs is caught, masked, and becomes the detail.
"""

import asyncio
import io
import logging
from ipaddress import ip_address
from typing import Any, Final

import apprise

from monitor.channels.words import detail, forms_of
from monitor.errors import ChannelError
from monitor.model import FailureReason, Format, Outcome, Outgoing, SendResult, TextContent
from monitor.net.addresses import may_dial
from monitor.net.names import system_resolver
from monitor.settings import AppriseSettings, DeliverySettings

_REFUSED: Final = frozenset({"dbus", "qt", "kde", "glib", "gnome", "macosx", "windows", "syslog", "exec", "file"})
"""Schemes that do something on this machine instead of elsewhere."""
_MIN_SECRET: Final = 6


class AppriseChannel:
    """Sends through one address of Apprise's."""

    def __init__(self, settings: AppriseSettings, delivery: DeliverySettings) -> None:
        """Raises ChannelError for an address that Apprise does not know or that is not allowed."""
        self._settings, self._delivery = settings, delivery
        url = settings.url.reveal()
        scheme = url.partition("://")[0].lower()
        if scheme in _REFUSED:
            raise ChannelError(
                f"channel {settings.id}: {scheme}:// does something on this machine; that is not allowed"
            )
        with apprise.LogCapture(level=logging.CRITICAL):  # type: ignore[no-untyped-call]
            target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if target is None:
            raise ChannelError(f"channel {settings.id}: Apprise knows no service with such an address ({scheme}://)")
        self._target = target
        found = apprise.plugins.url_to_dict(url, secure_logging=False) or {}  # type: ignore[no-untyped-call]
        words = [str(value) for key, value in found.items() if key in {"password", "user", "fullpath"} and value]
        words += [piece for word in words for piece in word.split("/")]
        self._secrets = forms_of(url, *(word for word in words if len(word) >= _MIN_SECRET))
        self._host, self._port = str(found.get("host") or ""), int(found.get("port") or 443)

    @property
    def id(self) -> str:
        """The id under `channels:`."""
        return self._settings.id

    @property
    def format(self) -> Format:
        """Text."""
        return Format.TEXT

    @property
    def timeout(self) -> float:
        """The deadline, with a little air."""
        return self._settings.timeout.total_seconds() + 5

    @property
    def at_once(self) -> int:
        """One."""
        return 1

    @property
    def rate(self) -> tuple[float, int]:
        """As configured."""
        return self._settings.rate, self._settings.burst

    async def send(self, message: Outgoing) -> SendResult:
        """Try once to send. A message that is still on its way at the deadline counts as lost."""
        if not isinstance(message.content, TextContent):
            return SendResult(
                outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail="the content is not text"
            )
        closed = await self._closed()
        if closed is not None:
            return closed
        try:
            work = asyncio.to_thread(self._notify, message.content)
            return await asyncio.wait_for(work, self._settings.timeout.total_seconds())
        except TimeoutError:
            return SendResult(outcome=Outcome.UNKNOWN, reason=FailureReason.TIMEOUT, detail="no answer in time")
        except Exception as error:  # noqa: BLE001 - the unit of work ends here: a fault of the library is recorded too
            why = f"a fault of Apprise: {type(error).__name__}"
            return SendResult(outcome=Outcome.UNKNOWN, reason=FailureReason.OTHER, detail=why)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _closed(self) -> SendResult | None:
        """Why the address may not be dialled; None if it may, or if it names a service and no host."""
        if "." not in self._host and self._host != "localhost" and ":" not in self._host:
            return None
        try:
            found = await asyncio.wait_for(
                system_resolver(self._host, self._port), self._settings.timeout.total_seconds()
            )
        except (OSError, UnicodeError, TimeoutError) as error:
            why = detail(f"the host cannot be found: {error}", self._secrets)
            return SendResult(outcome=Outcome.TRANSIENT, reason=FailureReason.CONNECT_ERROR, detail=why)
        if all(may_dial(ip_address(one), self._delivery.allow_private) for one in found):
            return None
        why = "a private address must be allowed by delivery.allow_private"
        return SendResult(outcome=Outcome.BROKEN, reason=FailureReason.CONNECT_ERROR, detail=why)

    def _notify(self, content: TextContent) -> SendResult:
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
            taken = self._target.notify(body=content.text, title=content.title, body_format=apprise.NotifyFormat.TEXT)
            words = _last_line(said)
        if taken:
            return SendResult(outcome=Outcome.SENT, detail="taken")
        # Apprise says no more than no: whether it is worth trying again is not known, so it is tried.
        why = detail(words or "Apprise could not send it", self._secrets)
        return SendResult(outcome=Outcome.TRANSIENT, reason=FailureReason.OTHER, detail=why)


def _last_line(said: Any) -> str:
    text = said.getvalue() if isinstance(said, io.StringIO) else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
