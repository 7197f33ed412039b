"""The callback of WebSub on the daemon's HTTP server: requests of hubs, in threads of that server, bounded.

A thread reads and checks; the event loop is asked for the subscription and given what was pushed, and is never waited for
longer than a few seconds. Anybody may call: without the unguessable address there is nothing here, and nothing is believed
without the signature. It shows neither feeds nor settings.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qsl

from monitor.engine.websub import WebSub, signed
from monitor.errors import StoreError

T = TypeVar("T")
PREFIX: Final = "/websub/"
_PATIENCE: Final = 5.0
_AT_ONCE: Final = 16
_WHOLE: Final = 30.0
"""Seconds for a body."""
_MAX_BODY: Final = 10_000_000
_PART: Final = 65_536
_LONGEST_TARGET: Final = 8_000


class Reply(NamedTuple):
    """What is answered; all of it text."""

    status: int
    text: str = ""


class Source(Protocol):
    """The body of a request."""

    def read1(self, size: int, /) -> bytes:
        """What there is, at most so much; nothing at the end."""


_BUSY: Final = Reply(503, "busy\n")


class Callbacks:
    """Answers hubs. Nothing is there until a monitor is attached."""

    def __init__(self) -> None:
        self._to: tuple[WebSub, asyncio.AbstractEventLoop] | None = None
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def attach(self, websub: WebSub) -> None:
        """Answer for these subscriptions, in the loop that runs now."""
        self._to = (websub, asyncio.get_running_loop())

    def detach(self) -> None:
        """Answer for none."""
        self._to = None

    def get(self, target: str) -> Reply:
        """A hub verifies, or denies."""
        path, _, query = target[:_LONGEST_TARGET].partition("?")
        try:
            asked = dict(parse_qsl(query, max_num_fields=20, keep_blank_values=True))
        except ValueError:
            return Reply(400, "too many fields\n")
        return self._guarded(lambda websub: self._verify(websub, path.removeprefix(PREFIX), asked))

    def post(self, target: str, headers: Mapping[str, str], body: Source) -> Reply:
        """A hub sends content. Names of headers are in lower case."""
        token = target.partition("?")[0].removeprefix(PREFIX)
        length = headers.get("content-length") or ""
        if not length.isdecimal():
            return Reply(411, "the length is missing\n")
        if len(length) > len(str(_MAX_BODY)) or int(length) > _MAX_BODY:
            return Reply(413, f"more than {_MAX_BODY} bytes\n")
        return self._guarded(lambda websub: self._push(websub, token, headers, (body, int(length))))

    def _guarded(self, work: Any) -> Reply:
        """So many at once, and nothing before the monitor runs or while it hangs."""
        to = self._to
        if to is None or not self._room.acquire(blocking=False):
            return _BUSY
        try:
            answer: Reply = work(to[0])
        except (TimeoutError, OSError, RuntimeError, StoreError):
            return _BUSY
        finally:
            self._room.release()
        return answer

    def _verify(self, websub: WebSub, token: str, asked: Mapping[str, str]) -> Reply:
        challenge = self._wait(websub.verify(token, asked))
        return Reply(404, "no such request\n") if challenge is None else Reply(200, challenge)

    def _push(self, websub: WebSub, token: str, headers: Mapping[str, str], content: tuple[Source, int]) -> Reply:
        subscription = self._wait(websub.find(token))
        if subscription is None:
            return Reply(HTTPStatus.GONE, "no such subscription\n")
        body = read_whole(*content)
        if body is None:
            return Reply(400, "the body is cut short\n")
        if not signed(subscription.secret.reveal(), headers.get("x-hub-signature") or "", body):
            # The specification asks for a success here, so that nobody learns what a good signature is; it is ignored.
            return Reply(202)
        taken = self._wait(websub.push(subscription.feed_id, body, headers.get("content-type")))
        return Reply(202) if taken else _BUSY

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the loop do something. Raises TimeoutError, RuntimeError when it is closed."""
        if self._to is None:
            work.close()
            raise TimeoutError
        return asyncio.run_coroutine_threadsafe(work, self._to[1]).result(_PATIENCE)


def read_whole(source: Source, length: int) -> bytes | None:
    """The whole body; None if it ends too early or takes too long. The socket's own timeout ends a silent one."""
    parts: list[bytes] = []
    left = length
    end = time.monotonic() + _WHOLE
    while left and time.monotonic() < end and (part := source.read1(min(left, _PART))):
        parts.append(part)
        left -= len(part)
    return None if left else b"".join(parts)
