"""Opening connections: resolve once, check every address, dial the checked one, count what comes back.

`Dialer` is the network backend of one request under httpcore's public seam, so that every way to open a connection
passes here and the address that was checked is the address that is dialled (a name cannot change its mind between
check and use). TLS is verified by the name all the same, because httpcore does that above this seam. It must not know
of HTTP beyond where the head of an answer ends.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore

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


class Dialer(httpcore.AsyncNetworkBackend):
    """The network of one request. Raises RequestFailed; its texts are the same for a closed and a filtered port."""

    def __init__(
        self, *, resolver: Resolver, allowed: Sequence[Network], max_header_bytes: int, max_total_bytes: int
    ) -> None:
        self._resolver, self._allowed = resolver, allowed
        self._inner = httpcore.AnyIOBackend()
        self.meter = Meter(max_header_bytes=max_header_bytes, max_total_bytes=max_total_bytes)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore's seam
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve, check, dial. `timeout`, in seconds, is for all addresses together."""
        addresses = await self._addresses(host, port)
        until = time.monotonic() + (timeout or 10.0)
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = (until - time.monotonic()) / left
            if share <= 0:
                break
            try:
                stream = await self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.TimeoutException, httpcore.NetworkError, OSError):
                continue
            await self._check_peer(stream, host)
            return _Metered(stream, self.meter)
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

    async def _check_peer(self, stream: httpcore.AsyncNetworkStream, host: str) -> None:
        """Who is really at the other end: the last word, whatever happened before."""
        peer = stream.get_extra_info("server_addr")
        try:
            allowed = may_dial(ip_address(peer[0]), self._allowed)
        except (TypeError, IndexError, ValueError):
            allowed = False
        if not allowed:
            await stream.aclose()
            raise _refused(host)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore's seam
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: nothing of ours asks for it."""
        del path, timeout, socket_options
        raise _refused("a local socket")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore asks for it between retries."""
        await asyncio.sleep(seconds)


def _refused(host: str) -> RequestFailed:
    return RequestFailed(FetchErrorKind.ADDRESS, f"{host} may not be dialled", sent=False)


class Meter:
    """Counts what one connection brings. The bound on the head also ends a server that sends 1xx answers for ever."""

    def __init__(self, *, max_header_bytes: int, max_total_bytes: int) -> None:
        self._max_header_bytes, self._max_total_bytes = max_header_bytes, max_total_bytes
        self._bytes = 0
        self.in_head = True
        """Until the head of the final answer is complete; the client says so."""

    def allowance(self) -> int:
        """How many bytes the next read may bring; raises RequestFailed when there are none left."""
        bound = self._max_header_bytes if self.in_head else self._max_total_bytes
        left = bound - self._bytes
        if left <= 0:
            what = "the head of the answer" if self.in_head else "the answer"
            raise RequestFailed(FetchErrorKind.TOO_LARGE, f"{what} is longer than {bound} bytes", sent=True)
        return left

    def count(self, size: int) -> None:
        """These many bytes came."""
        self._bytes += size


class _Metered(httpcore.AsyncNetworkStream):
    """A stream whose reads are counted."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, meter: Meter) -> None:
        self._inner, self._meter = inner, meter

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's seam
        data = await self._inner.read(min(max_bytes, self._meter.allowance()), timeout)
        self._meter.count(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's seam
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's seam
    ) -> httpcore.AsyncNetworkStream:
        return _Metered(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._meter)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
