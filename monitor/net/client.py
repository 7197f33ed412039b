"""The guarded client: one request, one deadline, every bound, redirects by hand.

Everything that leaves this module is an `Answer` or a `RequestFailed`; no httpx value does. The URL that is judged is
the one that is dialled (`urls.Target`), never a second parser's opinion of it. Nothing is taken from the environment, no
cookie is kept, no connection is used twice.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

import httpx

from monitor.errors import RequestFailed
from monitor.keys import body_hash
from monitor.model import FetchErrorKind
from monitor.net.bodies import ACCEPTED, Inflater
from monitor.net.connection import Transport
from monitor.net.dialer import Resolver
from monitor.net.exchange import Client, Limits, Request
from monitor.net.heads import Head
from monitor.net.memory import Memory
from monitor.net.names import system_resolver
from monitor.net.urls import Target, redirected, same_host, split
from monitor.settings import Network

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_SINGLE = frozenset({"etag", "last-modified", "location", "content-type", "content-length", "retry-after", "date"})
_SUCCESS = range(200, 300)
_ERROR_BODY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a host answered."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; values as the bytes were sent, one character a byte (Latin-1). Of a field that may stand
    only once the first counts; others are joined with commas (RFC 9110, 5.2)."""
    body: bytes
    """Inflated. Of an answer outside 2xx it may be incomplete: it is for people to read."""
    url: str
    """Where the answer came from at last, without credentials."""
    permanent_url: str | None = None
    """Where the first redirects led, as far as all of them were permanent (301, 308)."""
    wire_hash: str | None = None
    """Of the body as it came, before it was inflated; None outside 2xx."""
    same_wire: bool = False
    """The body came as it was known to the caller, and was not inflated: `body` is empty."""


@dataclass(slots=True, kw_only=True)
class _Call:
    """One request on its way, from hop to hop."""

    method: str
    target: Target
    headers: dict[str, str]
    content: bytes | None
    max_wire_bytes: int
    max_body_bytes: int
    error_body_seconds: float
    known_wire_hash: str | None
    memory: Memory
    confidential: frozenset[str]
    """Names of the headers that stay with the first host."""
    sent: bool = False

    def sending(self) -> None:
        """From now on the other side may have the whole request."""
        self.sent = True


class GuardedClient:
    """The one way of this program to another host over HTTP.

    `allow_private`: networks that may be dialled although they are not public. `ca_file`: trusted beside the system's
    certificate authorities. `connect_timeout`: seconds for TCP and again for TLS. `resolver`
    and `memory` are seams for tests.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private: Sequence[Network] = (),
        ca_file: Path | None = None,
        connect_timeout: float = 10.0,
        max_header_bytes: int = 65_536,
        resolver: Resolver | None = None,
        memory: Memory | None = None,
    ) -> None:
        for name in ("httpx", "httpcore"):
            # They log whole URLs and headers, and both may be secrets.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._user_agent, self._connect_timeout, self._max_header_bytes = user_agent, connect_timeout, max_header_bytes
        transport = Transport(allowed=tuple(allow_private), ca_file=ca_file, resolver=resolver or system_resolver)
        self._memory = memory or Memory()
        self._client = Client(transport)

    async def request(  # noqa: PLR0913 - each is a part or a bound of one request, and named
        self,
        method: str,
        url: str,
        *,
        deadline: float,
        max_wire_bytes: int,
        max_body_bytes: int,
        headers: Mapping[str, str] = NO_HEADERS,
        content: bytes | None = None,
        redirects: int = 0,
        known_wire_hash: str | None = None,
        credentials: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        """Send a request and read the answer, whatever its status.

        `deadline` is in seconds, over everything: names, connections, redirects and the last byte. Up to `redirects`
        redirects of GET and HEAD are followed, each checked like the first URL; with 0, or for another method, the
        redirect itself is the answer. A body that comes as `known_wire_hash` says is not inflated. Credentials in the URL
        are sent as basic authentication and are never shown; `credentials` are headers that another host is never sent.

        Raises:
            RequestFailed: there was no usable answer; `kind` is a value of FetchErrorKind.
        """
        target, in_url = split(url)
        known = {"user-agent": self._user_agent, "accept": "*/*", **in_url}
        for given in (headers, credentials):
            for name, value in given.items():
                known[name.lower()] = value
        known["accept-encoding"], known["connection"] = ACCEPTED, "close"
        call = _Call(
            method=method,
            target=target,
            headers=known,
            content=content,
            max_wire_bytes=max_wire_bytes,
            max_body_bytes=max_body_bytes,
            error_body_seconds=min(_ERROR_BODY_SECONDS, deadline / 4),
            known_wire_hash=known_wire_hash,
            memory=self._memory,
            confidential=_CREDENTIALS.union(name.lower() for name in credentials) if credentials else _CREDENTIALS,
        )
        try:
            async with asyncio.timeout(deadline):
                return await self._follow(call, redirects)
        except TimeoutError as error:
            detail = f"no complete answer from {call.target.host} in {deadline:g} s"
            raise RequestFailed(FetchErrorKind.TIMEOUT, detail, sent=call.sent) from error

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _follow(self, call: _Call, redirects: int) -> Answer:
        permanent: str | None = None
        all_permanent = True
        followed = 0
        while True:
            answer = await self._hop(call, permanent, follow=redirects > 0)
            if isinstance(answer, Answer):
                return answer
            status, location = answer
            followed += 1
            if followed > redirects:
                raise RequestFailed(FetchErrorKind.REDIRECTS, f"more than {redirects} redirects", sent=True)
            _redirect(call, location)
            all_permanent = all_permanent and status in _PERMANENT
            if all_permanent:
                permanent = call.target.text

    async def _hop(self, call: _Call, permanent: str | None, *, follow: bool) -> Answer | tuple[int, str]:
        """One request and its answer, or status and target of a redirect that is to be followed."""
        limits = Limits(
            connect_seconds=self._connect_timeout,
            head_bytes=self._max_header_bytes,
            # The framing of a chunked body is a few bytes a chunk; four times the body bounds a flood of it.
            total_bytes=self._max_header_bytes + 4 * call.max_wire_bytes,
            sending=call.sending,
        )
        try:
            request = Request(call.method, call.target, call.headers, call.content, limits)
            response = await self._client.send(request, stream=True)
            try:
                head: Head = response.extensions["head"]
                headers = _headers(head)
                if follow and head.status in _REDIRECTS and call.method in {"GET", "HEAD"} and headers.get("location"):
                    return head.status, headers["location"]
                return await _read(response, headers, call, permanent)
            finally:
                await cast("httpx.AsyncByteStream", response.stream).aclose()
        except RequestFailed as error:
            raise RequestFailed(error.kind, error.detail, sent=error.sent or call.sent) from error.__cause__
        except ValueError as error:
            detail = "the request cannot be written as HTTP"
            raise RequestFailed(FetchErrorKind.PROTOCOL, detail, sent=call.sent) from error


def _redirect(call: _Call, location: str) -> None:
    """Point the call at the target of a redirect. Another host gets no credentials."""
    target = redirected(call.target, location)
    if not same_host(call.target, target):
        call.headers = {name: value for name, value in call.headers.items() if name not in call.confidential}
    call.target = target


def _headers(head: Head) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.fields:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name not in headers:
            headers[name] = value
        elif name not in _SINGLE:
            headers[name] += f", {value}"
    return MappingProxyType(headers)


async def _read(response: httpx.Response, headers: Mapping[str, str], call: _Call, permanent: str | None) -> Answer:
    """The answer with its body, within bounds. The body of an error only explains it, so its own faults do not matter."""
    head: Head = response.extensions["head"]
    stream = cast("httpx.AsyncByteStream", response.stream)  # httpx's own ways to read cut the bytes anew
    body, digest, same = b"", None, False
    if head.status not in _SUCCESS:
        if head.length:
            body = await _explanation(stream, headers, call)
    else:
        inflater = Inflater(
            headers.get("content-encoding", ""), max_wire=call.max_wire_bytes, max_body=call.max_body_bytes
        )
        raw = await _wire(stream, call, response.extensions["give_up"])
        digest = body_hash(raw)
        same = digest == call.known_wire_hash
        if not same:
            inflater.add(raw)
            body = inflater.finish()
    return Answer(
        status=head.status,
        headers=headers,
        body=body,
        url=call.target.text,
        permanent_url=permanent,
        wire_hash=digest,
        same_wire=same,
    )


async def _wire(stream: httpx.AsyncByteStream, call: _Call, give_up: Callable[[RequestFailed], None]) -> bytes:
    """The body as it comes."""
    wire: list[bytes] = []
    try:
        with call.memory.share(give_up) as share:
            async for part in stream:
                wire.append(part)
                share.grow(len(part))
                if share.size > call.max_wire_bytes:
                    detail = f"the answer is longer than {call.max_wire_bytes} bytes"
                    raise RequestFailed(FetchErrorKind.TOO_LARGE, detail, sent=True)
        return b"".join(wire)
    finally:
        wire.clear()  # the trace of a failure would keep megabytes alive


async def _explanation(stream: httpx.AsyncByteStream, headers: Mapping[str, str], call: _Call) -> bytes:
    try:
        body = Inflater(headers.get("content-encoding", ""), max_wire=65_536, max_body=65_536)
    except RequestFailed:
        return b""
    try:
        async with asyncio.timeout(call.error_body_seconds):
            async for part in stream:
                body.add(part)
    except (RequestFailed, TimeoutError):
        return body.so_far()
    return body.so_far()
