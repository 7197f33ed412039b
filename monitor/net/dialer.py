"""Opening connections: resolve once, check every address, dial the checked one.

Every way to open a connection passes here, and the address that was checked is the address that is dialled (a name
cannot change its mind between check and use). TLS is verified by the name all the same: `connection.py` does that on the
connection that it makes for an address from here. It must not know of HTTP.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeVar

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind
from monitor.net.addresses import may_dial
from monitor.settings import Network

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to the texts of all its addresses; raises OSError when the name has none."""

Peer = TypeVar("Peer")
Connect = Callable[[str, int, float], Awaitable[Peer]]

_MAX_DIALLED = 4
"""How many addresses of a name are tried."""
_REMEMBERED = 4096
"""Addresses of which it is remembered what they are."""


class Dialer:
    """Dials what may be dialled. Raises RequestFailed; its texts are the same for a closed and a filtered port."""

    def __init__(self, *, resolver: Resolver, allowed: Sequence[Network]) -> None:
        self._resolver, self._allowed = resolver, allowed
        # What an address is never changes; many feeds live at few addresses, and each is looked at twice a request.
        self._checked = lru_cache(maxsize=_REMEMBERED)(self._check)

    async def dial(self, host: str, port: int, seconds: float, connect: Connect[Peer]) -> Peer:
        """What `connect` makes of an address of the host; `seconds` are for all its addresses together.

        `connect` is given the address as text, the port and its seconds. An OSError of it means the next address.
        """
        addresses = await self._addresses(host, port)
        until = time.monotonic() + seconds
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = (until - time.monotonic()) / left
            if share <= 0:
                break
            try:
                return await connect(address, port, share)
            except OSError:  # TimeoutError is one
                continue
        raise RequestFailed(FetchErrorKind.CONNECT, f"no connection to {host}", sent=False)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """All addresses of the name, or a refusal if even one of them may not be dialled."""
        try:
            addresses = self._literal(host)
            if addresses is None:
                addresses = [self._checked(text) for text in await self._resolver(host, port)]
        except (OSError, ValueError) as error:  # UnicodeError, of a label that is too long, is a ValueError
            raise RequestFailed(FetchErrorKind.DNS, f"{host} has no address", sent=False) from error
        if not addresses:
            raise RequestFailed(FetchErrorKind.DNS, f"{host} has no address", sent=False)
        may = [address for address in addresses if address is not None]
        if len(may) < len(addresses):
            raise _refused(host)
        return may[:_MAX_DIALLED]

    def _literal(self, host: str) -> list[str | None] | None:
        """A host that is an address itself; None if it is a name, as all that end with a letter and have no colon."""
        if ":" not in host and host[-1:].isalpha():
            return None
        try:
            return [self._checked(host)]
        except ValueError:
            return None

    def _check(self, text: str) -> str | None:
        """The address as it is dialled; None if it may not be. Raises ValueError if it is none."""
        address = ip_address(text)
        return str(address) if may_dial(address, self._allowed) else None

    def check_peer(self, peer: object, host: str) -> None:
        """Who is really at the other end, as its socket says: the last word, whatever happened before."""
        try:
            allowed = self._checked(peer[0]) is not None  # type: ignore[index]
        except (TypeError, IndexError, ValueError):
            allowed = False
        if not allowed:
            raise _refused(host)


def _refused(host: str) -> RequestFailed:
    return RequestFailed(FetchErrorKind.ADDRESS, f"{host} may not be dialled", sent=False)
