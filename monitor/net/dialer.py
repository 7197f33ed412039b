"""Opening connections: resolve once, check every address, dial the checked one.

Every way to open a connection passes here, and the address that was checked is the address that is dialled (a name
cannot change its mind between check and use). TLS is verified by the name all the same: `connection.py` does that on the
connection that it makes for an address from here. It must not know of HTTP.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TypeVar

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind
from monitor.net.addresses import Address, may_dial
from monitor.settings import Network

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to the texts of all its addresses; raises OSError when the name has none."""

Peer = TypeVar("Peer")
Connect = Callable[[str, int, float], Awaitable[Peer]]

_MAX_DIALLED = 4
"""How many addresses of a name are tried."""


class Dialer:
    """Dials what may be dialled. Raises RequestFailed; its texts are the same for a closed and a filtered port."""

    def __init__(self, *, resolver: Resolver, allowed: Sequence[Network]) -> None:
        self._resolver, self._allowed = resolver, allowed

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
                return await connect(str(address), port, share)
            except OSError:  # TimeoutError is one
                continue
        raise RequestFailed(FetchErrorKind.CONNECT, f"no connection to {host}", sent=False)

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """All addresses of the name, or a refusal if even one of them may not be dialled."""
        try:
            addresses: tuple[Address, ...] = (ip_address(host),)
        except ValueError:
            try:
                texts = await self._resolver(host, port)
                addresses = tuple(ip_address(text) for text in texts)
            except (OSError, ValueError) as error:  # UnicodeError, of a label that is too long, is a ValueError
                raise RequestFailed(FetchErrorKind.DNS, f"{host} has no address", sent=False) from error
        if not addresses:
            raise RequestFailed(FetchErrorKind.DNS, f"{host} has no address", sent=False)
        if not all(may_dial(address, self._allowed) for address in addresses):
            raise _refused(host)
        return addresses[:_MAX_DIALLED]

    def check_peer(self, peer: object, host: str) -> None:
        """Who is really at the other end, as its socket says: the last word, whatever happened before."""
        try:
            allowed = may_dial(ip_address(peer[0]), self._allowed)  # type: ignore[index]
        except (TypeError, IndexError, ValueError):
            allowed = False
        if not allowed:
            raise _refused(host)


def _refused(host: str) -> RequestFailed:
    return RequestFailed(FetchErrorKind.ADDRESS, f"{host} may not be dialled", sent=False)
