"""One HTTP/1 exchange over one connection, and the httpx transport that is made of it.

A connection is dialled, used once and dropped: hourly polls find a closed one anyway, and nothing is shared between
hosts. Every byte that comes is counted; what comes faster than it is read is left in the kernel. Whatever goes wrong
leaves as RequestFailed. It must not follow redirects, inflate, or know what is asked for.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import httpx

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind
from monitor.net.dialer import Dialer, Resolver
from monitor.net.exchange import Limits, Request
from monitor.net.heads import CHUNKED, UNTIL_CLOSED, Chunks, Head, broken, end_of_head, read_head
from monitor.settings import Network

_HIGH_WATER: Final = 256 * 1024
"""Bytes of a body that wait to be read before the sender is held back."""


class Connection(asyncio.Protocol):
    """Reads one answer."""

    def __init__(self, limits: Limits, host: str, *, bodiless: bool) -> None:
        self._limits, self._host, self._bodiless = limits, host, bodiless
        self._loop = asyncio.get_running_loop()
        self._head: asyncio.Future[Head] = self._loop.create_future()
        self._held = bytearray()
        self._looked = 0
        self._bytes = 0
        self._left = 0
        self._chunks: Chunks | None = None
        self._parts: deque[bytes] = deque()
        self._waiting = 0
        self._wake: asyncio.Future[None] | None = None
        self._done = False
        self._failure: RequestFailed | None = None
        self._transport: asyncio.Transport | None = None

    # from the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        self._bytes += len(data)
        try:
            if self._head.done():
                self._take(data)
            else:
                self._held += data
                self._look_for_head()
        except RequestFailed as failure:
            self._fail(failure)

    def eof_received(self) -> bool:
        """The other side says no more; what that means is decided when the connection is gone."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of the connection, and of the answer if it has no other."""
        if self._done:
            return
        if self._head.done() and self._left == UNTIL_CLOSED and exc is None:
            self._finish()
        self._fail(broken(f"{self._host} broke HTTP or closed too early"))

    def _look_for_head(self) -> None:
        while not self._head.done():
            end = end_of_head(self._held, self._looked)
            if (end or len(self._held)) + self._bytes - len(self._held) > self._limits.head_bytes:
                raise _too_large("the head of the answer", self._limits.head_bytes)
            if end is None:
                self._looked = len(self._held)
                return
            head = read_head(bytes(self._held[:end]), bodiless=self._bodiless)
            del self._held[:end]
            self._looked = 0
            if head is None:
                continue
            self._left = head.length
            self._chunks = Chunks() if head.length == CHUNKED else None
            self._head.set_result(head)
            if head.length == 0:
                self._finish()
            rest, self._held = bytes(self._held), bytearray()
            if rest:
                self._take(rest)

    def _take(self, data: bytes) -> None:
        """Bytes of the body."""
        if self._done:
            return  # behind the end: nobody asked for them
        if self._bytes > self._limits.total_bytes:
            raise _too_large("the answer", self._limits.total_bytes)
        if self._chunks is not None:
            self._push(self._chunks.add(data))
            if self._chunks.done:
                self._finish()
        elif self._left == UNTIL_CLOSED:
            self._push([data])
        else:
            self._push([data[: self._left]])
            self._left -= min(self._left, len(data))
            if self._left == 0:
                self._finish()

    def _push(self, parts: list[bytes]) -> None:
        self._parts += parts
        self._waiting += sum(map(len, parts))
        if self._waiting > _HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()
        self._rouse()

    def _finish(self) -> None:
        self._done = True
        self._rouse()
        self.drop()

    def _fail(self, failure: RequestFailed) -> None:
        if self._done or self._failure is not None:
            return
        self._failure = failure
        if not self._head.done():
            self._head.set_exception(failure)
            self._head.exception()  # who was cut off does not ask for it, and that is no fault to be logged
        self._rouse()
        self.drop()

    def give_up(self, failure: RequestFailed) -> None:
        """End the connection for a reason of ours; whoever reads the body is told."""
        self._parts.clear()
        self._fail(failure)

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    # for the transport

    def peer(self) -> object:
        """The address of the other end."""
        return self._transport.get_extra_info("peername") if self._transport is not None else None

    def drop(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def send(self, message: bytes) -> Head:
        """The head of the final answer; raises RequestFailed."""
        if self._transport is not None:  # else the connection is lost, and the head says so
            self._limits.sending()
            self._transport.write(message)
        return await self._head

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it comes, without its frames; raises RequestFailed."""
        while True:
            while self._parts:
                part = self._parts.popleft()
                self._waiting -= len(part)
                yield part
            if self._done:
                return
            if self._failure is not None:
                # Another one: what is kept would keep its trace, and that all that was read.
                raise RequestFailed(self._failure.kind, self._failure.detail, sent=self._failure.sent)
            if self._transport is not None:
                self._transport.resume_reading()
            self._wake = self._loop.create_future()
            await self._wake


class Transport(httpx.AsyncBaseTransport):
    """What `httpx.AsyncClient` asks. Of a request's extensions it reads `limits`."""

    def __init__(self, *, allowed: Sequence[Network], ca_file: Path | None, resolver: Resolver) -> None:
        self._dialer = Dialer(resolver=resolver, allowed=allowed)
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange up to the head; the body is read through the response's stream. Takes an `exchange.Request`."""
        asked = cast("Request", request)
        connection = await self._connect(asked)
        try:
            head = await connection.send(asked.message)
        except BaseException:
            connection.drop()
            raise
        # httpx sees no header: it would follow, refuse and decode by its own rules, and keep cookies.
        return httpx.Response(
            head.status, stream=_Body(connection), extensions={"head": head, "give_up": connection.give_up}
        )

    async def _connect(self, request: Request) -> Connection:
        target, limits = request.target, request.limits
        host = target.host
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if target.scheme == "https":
            tls = {
                "ssl": self._context(),
                "server_hostname": target.name,
                "ssl_handshake_timeout": limits.connect_seconds,
            }
        bodiless = request.method == "HEAD"

        async def connect(address: str, port: int, seconds: float) -> Connection:
            try:
                async with asyncio.timeout(seconds + (limits.connect_seconds if tls else 0)):
                    _, made = await loop.create_connection(
                        lambda: Connection(limits, host, bodiless=bodiless), address, port, **tls
                    )
            except ssl.SSLError as error:
                reason = getattr(error, "verify_message", "") or error.reason or "handshake failed"
                raise RequestFailed(FetchErrorKind.TLS, f"TLS with {host}: {reason}", sent=False) from error
            return made

        connection = await self._dialer.dial(host, target.port, limits.connect_seconds, connect)
        try:
            self._dialer.check_peer(connection.peer(), host)
        except RequestFailed:
            connection.drop()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        """Made at the first https request, once: reading the authorities takes tens of milliseconds."""
        if self._tls is None:
            paths = ssl.get_default_verify_paths()
            system = paths.cafile or paths.capath
            context = ssl.create_default_context() if system else httpx.create_ssl_context(trust_env=False)
            if self._ca_file is not None:
                try:
                    context.load_verify_locations(self._ca_file)
                except OSError as error:  # ssl.SSLError is one
                    detail = f"the file of certificate authorities {self._ca_file} cannot be read"
                    raise RequestFailed(FetchErrorKind.TLS, detail, sent=False) from error
            self._tls = context
        return self._tls


class _Body(httpx.AsyncByteStream):
    """The raw bytes of an answer; closing it ends the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._connection.parts()

    async def aclose(self) -> None:
        self._connection.drop()


def _too_large(what: str, bound: int) -> RequestFailed:
    return RequestFailed(FetchErrorKind.TOO_LARGE, f"{what} is longer than {bound} bytes", sent=True)
