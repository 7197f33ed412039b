"""Asking the system for the addresses of names, in threads of its own.

The system's call cannot be cut off: a name server that does not answer holds a thread for many seconds, whatever the
caller's deadline says. In the loop's own threads a few dead names would hold up everything else that runs there
(matching, files). These threads serve names alone, and a process that ends waits for none of them. It must not judge
addresses: `dialer.py` does.
"""

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

_MOST: Final = 100
"""Threads; containers are often given 256 in all. A name that hangs is seldom asked for again, so it takes a large outage
to fill them; names wait then, under their deadlines."""
_IDLE: Final = 30.0

Lookup = Callable[..., Sequence[tuple[Any, ...]]]
_Key = tuple[asyncio.AbstractEventLoop, str, int]


class Names:
    """A `Resolver`. Whoever asks for a name that is being asked for waits for the same answer."""

    def __init__(self, lookup: Lookup = socket.getaddrinfo, *, most: int = _MOST, idle: float = _IDLE) -> None:
        self._lookup, self._most, self._idle = lookup, most, idle
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[_Key] = queue.SimpleQueue()
        self._asked: dict[_Key, asyncio.Future[Sequence[str]]] = {}
        self.threads = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """What the system says, in the order in which it would dial (RFC 6724). Raises OSError and UnicodeError."""
        loop = asyncio.get_running_loop()
        key = (loop, host, port)
        with self._lock:
            future = self._asked.get(key)
            if future is None:
                future = self._asked[key] = loop.create_future()
                self._work.put(key)
                if self.threads < min(self._most, len(self._asked)):
                    self._start()
        return await asyncio.shield(future)

    def _start(self) -> None:
        thread = threading.Thread(target=self._serve, name="names", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads are allowed: those that run take the work, or the deadline ends it
            return
        self.threads += 1

    def _serve(self) -> None:
        while True:
            try:
                key = self._work.get(timeout=self._idle)
            except queue.Empty:
                with self._lock:
                    if self._work.empty():
                        self.threads -= 1
                        return
                continue
            self._answer(key)

    def _answer(self, key: _Key) -> None:
        loop, host, port = key
        found: Sequence[str] | Exception
        try:
            entries = self._lookup(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            found = tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            found = error
        with self._lock:
            future = self._asked.pop(key)
        try:
            loop.call_soon_threadsafe(_tell, future, found)
        except RuntimeError:  # the loop has ended, and nobody waits
            return


def _tell(future: "asyncio.Future[Sequence[str]]", found: Sequence[str] | Exception) -> None:
    if isinstance(found, Exception):
        future.set_exception(found)
        future.exception()  # who was cut off does not ask for it
    else:
        future.set_result(found)


system_resolver = Names()
