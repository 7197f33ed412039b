"""A web server on loopback that says exactly the bytes a test wants, and can misbehave in every way.

    async with WebHost({"/feed": reply(body=RSS)}) as host:
        await client.request("GET", host.url("/feed"), ...)

Raw asyncio streams: a route is an async callable that gets the request and the writer. Every request is recorded.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""


Route = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def reply(status: int = 200, *, body: bytes = b"", headers: Mapping[str, str] | None = None, length: int = -1) -> Route:
    """An answer. `length` is what Content-Length claims, when that is not the truth."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length < 0 else length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    raw = "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    async def route(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return route


def raw(data: bytes) -> Route:
    """Bytes as they are."""

    async def route(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return route


def redirect(location: str, status: int = 302) -> Route:
    """A redirect."""
    return reply(status, headers={"Location": location})


def endless(head: bytes, part: bytes, *, pause: float = 0.0) -> Route:
    """A head, then the same part again and again until the other side has enough."""

    async def route(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return route


async def hang(_: Request, __: asyncio.StreamWriter) -> None:
    """Take the request and say nothing."""
    await asyncio.Event().wait()


async def reset(_: Request, writer: asyncio.StreamWriter) -> None:
    """Break the connection off after the request."""
    transport = writer.transport
    transport.abort()


class WebHost:
    """The server; `routes` may be changed while it runs."""

    def __init__(
        self, routes: Mapping[str, Route], *, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> None:
        self.routes = dict(routes)
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self._address = address
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, self._address, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._tasks.add(asyncio.get_running_loop().create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            method, target, _ = first.split(" ", 2)
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            request = Request(method, target, headers)
            self.requests.append(request)
            route = self.routes.get(target.partition("?")[0], reply(404))
            await route(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.close()
