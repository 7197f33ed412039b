"""Opening connections: resolve once, check every address, dial the checked one.

Every way to open a connection passes here, and the address that was checked is the address that is dialled (a name
cannot change its mind between check and use). TLS is verified by the name all the same: `connection.py` does that on the
socket that comes from here. It must not know of HTTP.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv6Address, ip_address

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind
from monitor.net.addresses import Address, may_dial
from monitor.settings import Network

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to the texts of all its addresses; raises OSError when the name has none."""

_MAX_DIALLED = 4
"""How many addresses of a name are tried."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """What the system says, in the order in which it would dial (RFC 6724)."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Dialer:
    """Dials what may be dialled. Raises RequestFailed; its texts are the same for a closed and a filtered port."""

    def __init__(self, *, resolver: Resolver, allowed: Sequence[Network]) -> None:
        self._resolver, self._allowed = resolver, allowed

    async def dial(self, host: str, port: int, seconds: float) -> socket.socket:
        """A connected socket to an address of the host; `seconds` are for all its addresses together."""
        addresses = await self._addresses(host, port)
        until = time.monotonic() + seconds
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = (until - time.monotonic()) / left
            if share <= 0:
                break
            dialled = await _connected(address, port, share)
            if dialled is not None:
                self.check_peer(dialled, host)
                return dialled
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

    def check_peer(self, dialled: socket.socket, host: str) -> None:
        """Who is really at the other end: the last word, whatever happened before."""
        try:
            allowed = may_dial(ip_address(dialled.getpeername()[0]), self._allowed)
        except (OSError, TypeError, IndexError, ValueError):
            allowed = False
        if not allowed:
            dialled.close()
            raise _refused(host)


async def _connected(address: Address, port: int, seconds: float) -> socket.socket | None:
    """A socket connected to exactly this address, or None."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    dialled: socket.socket | None = None
    try:
        dialled = socket.socket(family, socket.SOCK_STREAM)
        dialled.setblocking(False)
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(dialled, (str(address), port))
    except OSError:  # TimeoutError is one
        if dialled is not None:
            dialled.close()
        return None
    except BaseException:
        if dialled is not None:
            dialled.close()
        raise
    return dialled


def _refused(host: str) -> RequestFailed:
    return RequestFailed(FetchErrorKind.ADDRESS, f"{host} may not be dialled", sent=False)
