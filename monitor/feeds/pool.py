"""Parsers in processes of their own, which can be killed: started when there is a document, closed when there is none.

The parent survives the death of a parser at any point: it becomes `Unreadable`. A parser that passes its deadline is
killed and the next document gets a new one; other documents wait for neither.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import Any

from monitor.feeds.entries import Document, Entry, Reading, Unreadable
from monitor.settings import FetchSettings

_LENGTH = 4
_MAX_FRAME = 64 * 1024 * 1024
_START_SECONDS = 30.0
_IDLE_SECONDS = 60.0
_MAX_DOCUMENTS = 500
"""A parser is replaced after so many: its memory grows, and a limit that is nearly reached would hit the innocent."""
_BREATH = 64


class _Died(Exception):
    """The parser is gone or talks nonsense."""


class ParsePool:
    """Reads documents in at most `parse_workers` processes at once."""

    def __init__(self, settings: FetchSettings, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._settings, self._idle_seconds = settings, idle_seconds
        self._slots = asyncio.Semaphore(settings.parse_workers)
        self._idle: list[_Parser] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._closed = False

    async def read(self, document: Document) -> Reading:
        """What the document came to. Raises Unreadable."""
        async with self._slots:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            try:
                return await self._read(document)
            finally:
                if not self._closed:
                    self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._close_soon)

    async def close(self) -> None:
        """End the processes that wait for work; one that is at work ends with its document."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._idle:
            await self._idle.pop().stop()
        if self._closing is not None:
            await self._closing

    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that wait for work."""
        return tuple(parser.pid for parser in self._idle)

    def _close_soon(self) -> None:
        self._timer = None
        idle, self._idle = self._idle, []
        self._closing = asyncio.get_running_loop().create_task(_stop_all(idle))

    async def _read(self, document: Document) -> Reading:
        while self._idle:
            try:
                return await self._ask(self._idle.pop(), document)
            except _Died:
                continue  # it may have died while it waited; this document is tried with a new one
        try:
            return await self._ask(await _Parser.start(self._settings), document)
        except _Died:
            raise Unreadable("the parser died of this document", passing=True) from None

    async def _ask(self, parser: "_Parser", document: Document) -> Reading:
        """Have one document read; the parser is kept only if it is fit for another."""
        limit = self._settings.parse_timeout.total_seconds()
        fit = False
        try:
            async with asyncio.timeout(limit):
                reading = await parser.ask(document)
            fit = parser.asked < _MAX_DOCUMENTS
        except Unreadable as error:
            fit = not error.passing
            raise
        except TimeoutError:
            raise Unreadable(f"the parser was stopped after {limit:g} s", passing=True) from None
        finally:
            if fit and not self._closed:
                self._idle.append(parser)
            else:
                await parser.stop()
        return reading


async def _stop_all(parsers: list["_Parser"]) -> None:
    for parser in parsers:
        await parser.stop()


class _Parser:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.asked = 0

    @classmethod
    async def start(cls, settings: FetchSettings) -> "_Parser":
        """Start one and wait until it is ready. Raises Unreadable."""
        seconds = int(settings.parse_timeout.total_seconds()) + 1
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-X", "utf8", "-m", "monitor.feeds.worker"),
                *(str(settings.parse_memory), str(seconds)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # Its own session: a Ctrl-C at the terminal is for the parent. No environment: there are secrets in it.
                start_new_session=True,
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"},
                cwd="/",
            )
        except OSError as error:
            raise Unreadable(f"the parser cannot be started: {error.strerror}", passing=True) from error
        parser = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                ready = await parser._receive()
        except (_Died, TimeoutError):
            ready = None
        except BaseException:
            await parser.stop()
            raise
        if not ready:
            await parser.stop()
            raise Unreadable("the parser cannot be started", passing=True)
        return parser

    async def ask(self, document: Document) -> Reading:
        """Raises Unreadable if the document cannot be read, _Died if the process cannot answer."""
        self.asked += 1
        try:
            self._send(json.dumps(document.header()).encode())
            self._send(document.data)
            stdin = self._process.stdin
            if stdin is not None:
                await stdin.drain()
            head = await self._receive() or {}
            if not head.get("ok"):
                raise Unreadable(str(head["detail"]), passing=bool(head["passing"]))
            entries: list[Entry] = []
            while (value := await self._receive()) is not None:
                entries.append(Entry.from_json(value))
                if len(entries) % _BREATH == 0:
                    await asyncio.sleep(0)  # other work goes on while a long answer is taken in
            return Reading(
                format=str(head["format"]),
                entries=tuple(entries),
                title=head["title"],
                lang=head["lang"],
                warnings=tuple(head["warnings"]),
                found=int(head["found"]),
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise _Died from error

    def _send(self, data: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            raise _Died
        stdin.write(len(data).to_bytes(_LENGTH, "big"))
        stdin.write(data)

    async def _receive(self) -> dict[str, Any] | None:
        """The next frame; None for an empty one. Raises _Died."""
        stdout = self._process.stdout
        if stdout is None:
            raise _Died
        try:
            length = int.from_bytes(await stdout.readexactly(_LENGTH), "big")
            if length > _MAX_FRAME:
                raise _Died
            value = json.loads(await stdout.readexactly(length)) if length else None
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise _Died from error
        if value is not None and not isinstance(value, dict):
            raise _Died
        return value

    async def stop(self) -> None:
        """Kill the process and wait for its end."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
        # Draining both pipes to their ends lets the loop close them now, not when it is collected.
        try:
            await self._process.communicate()
        except OSError:
            await self._process.wait()
