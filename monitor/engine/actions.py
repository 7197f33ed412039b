"""Links of messages on the daemon's HTTP server: requests of people, in threads of that server, bounded.

A thread reads the request; the event loop is asked for the page (`console`) and is never waited for longer than a few
seconds. Anybody may call: what a request may do stands in its signed link.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs

from monitor.alerting.links import PATH
from monitor.console import Console, Page, Request
from monitor.console.pages import message
from monitor.engine.callbacks import Source, read_whole
from monitor.engine.rates import TokenBucket
from monitor.errors import StoreError

PREFIX: Final = PATH
_PATIENCE: Final = 5.0
_AT_ONCE: Final = 8
_RATE, _BURST = 10.0, 60
"""Requests a second, and at once after a pause: people click, programs hammer."""
_MAX_BODY: Final = 65_536
_LONGEST_PATH: Final = 4_000
_MAX_FIELDS: Final = 500


class Actions:
    """Answers people. Nothing is there until a monitor is attached."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._to: tuple[Console, asyncio.AbstractEventLoop] | None = None
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._bucket = TokenBucket(_RATE, _BURST, clock=monotonic)
        self._taking = threading.Lock()

    def attach(self, console: Console) -> None:
        """Answer with this console, in the loop that runs now."""
        self._to = (console, asyncio.get_running_loop())

    def detach(self) -> None:
        """Answer nothing."""
        self._to = None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: Source) -> Page:
        """The page for a request. Names of headers are in lower case."""
        with self._taking:
            granted = self._bucket.take(1)
        to = self._to
        if to is None or not granted or not self._room.acquire(blocking=False):
            return message(503, "Busy", "Please try again in a minute.")
        try:
            request = _request(method, target, headers, body)
            if request is None:
                return message(400, "This cannot be read", "The request is too long or cut short.")
            return asyncio.run_coroutine_threadsafe(to[0].answer(request), to[1]).result(_PATIENCE)
        except (TimeoutError, OSError, RuntimeError, StoreError):
            return message(503, "Busy", "Please try again in a minute.")
        finally:
            self._room.release()


def _request(method: str, target: str, headers: Mapping[str, str], body: Source) -> Request | None:
    path = target.partition("?")[0]
    if len(path) > _LONGEST_PATH:
        return None
    if method != "POST":
        return Request(method=method, path=path)
    length = headers.get("content-length") or ""
    if not length.isdecimal() or len(length) > len(str(_MAX_BODY)) or int(length) > _MAX_BODY:
        return None
    raw = read_whole(body, int(length))
    if raw is None:
        return None
    try:
        form = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=_MAX_FIELDS, keep_blank_values=True)
    except ValueError:
        return None
    return Request(method=method, path=path, form=form)
