"""What httpx sees of an exchange: its own request and its own client, without what nobody here uses.

`httpx.Request` takes URL and headers apart and `httpx.AsyncClient.send` looks for authentication, redirects, hooks and
cookies. All of that is done elsewhere here, or must not be done at all, and it cost more than the exchange. So a request
is written once, its `url` and `headers` are made when somebody looks at them, and `send` goes straight to the
transport. It must not open connections, nor follow redirects.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import httpx

from monitor.net.urls import Target

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_PATH: Final = re.compile(rb"[\x21-\x7e]+\Z")
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})


class Limits(NamedTuple):
    """What one exchange may cost, and who is told that the request is on its way."""

    connect_seconds: float
    """For TCP, and again for TLS."""
    head_bytes: int
    """Of everything up to the body; this also ends a server that sends 1xx answers for ever."""
    total_bytes: int
    sending: Callable[[], None]


class Request(httpx.Request):
    """A request as it goes out, in one piece. Raises ValueError where it cannot be HTTP.

    `fields` are header fields but Host and Content-Length, which are made here; one character a byte (Latin-1).
    """

    def __init__(
        self, method: str, target: Target, fields: Mapping[str, str], content: bytes | None, limits: Limits
    ) -> None:
        # Not httpx's own: what that makes is made in __getattr__, for those who look.
        self.method = method
        self.target, self.limits = target, limits
        self.extensions = {}
        self._fields = fields
        self._content = content or b""
        self.message = self._written()

    def __getattr__(self, name: str) -> Any:
        """Only what is not there yet comes here."""
        if name == "url":
            self.url = httpx.URL(self.target.text)
            return self.url
        if name == "headers":
            lines = self.message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
            self.headers = httpx.Headers(
                [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
            )
            return self.headers
        if name == "stream":
            self.stream = httpx.ByteStream(self._content)
            return self.stream
        raise AttributeError(name)

    def _written(self) -> bytes:
        path = self.target.path
        if not _PATH.match(path):
            raise ValueError("a request line that is not HTTP")
        lines = [f"{_name(name)}: {value}\r\n" for name, value in self._fields.items()]
        if self._content or self.method in _WITH_LENGTH:
            lines.append(f"Content-Length: {len(self._content)}\r\n")
        head = "".join(lines).encode("latin-1")
        # What a value brings along would be one of these, and make another line of the head.
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
            raise ValueError("a header that is not HTTP")
        first = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (_name(self.method).encode("ascii"), path, self.target.authority)
        return b"".join((first, head, b"\r\n", self._content))


@lru_cache(maxsize=256)
def _name(text: str) -> str:
    """A method or the name of a header field."""
    if not _TOKEN.match(text):
        raise ValueError("a header that is not HTTP")
    return text


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` whose `send` is the exchange and nothing else: no cookie can be kept, no proxy be asked, no
    redirect followed, whatever the caller says.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=transport, trust_env=False)
        self._direct = transport

    async def send(self, request: httpx.Request, *, stream: bool = False, **_: Any) -> httpx.Response:
        """The answer; with `stream`, its body is still to be read and the caller closes it."""
        if self.is_closed:
            raise RuntimeError("the client is closed")
        response = await self._direct.handle_async_request(request)
        response.request = request
        if not stream:
            await response.aread()
        return response
