"""Reading a body within bounds: the bytes on the wire are counted, and what they inflate to is counted too.

httpx's own decoding has no bound (a 33 kB answer became 2 GB), so it is never used: only gzip and deflate are offered,
and this module inflates them. It must not import httpx; it sees bytes.
"""

import zlib
from typing import Final, Protocol

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind

ACCEPTED: Final = "gzip, deflate"
"""What we offer in Accept-Encoding."""

_MAX_MEMBERS = 64
"""A gzip file may be several one after another; a flood of empty ones is an attack on the processor."""
_GZIP_START = b"\x1f\x8b"
_HEAD = 2


class _Stream(Protocol):
    """A `zlib.decompressobj`, whose class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = ...) -> bytes: ...


class Inflater:
    """Turns the bytes of one answer into its body. Feed it with `add`, then take `finish`.

    Raises RequestFailed of kind `protocol` for a coding that was not offered, is broken or cut short, and of kind
    `too_large` when a bound is passed, at once and with no more memory than the bound.
    """

    def __init__(self, content_encoding: str, *, max_wire: int, max_body: int) -> None:
        codings = [part for raw in content_encoding.lower().split(",") if (part := raw.strip()) not in {"", "identity"}]
        if len(codings) > 1 or (codings and codings[0] not in {"gzip", "x-gzip", "deflate"}):
            raise _protocol("the answer has a content coding that was not offered")
        self._coding = codings[0].removeprefix("x-") if codings else ""
        self._stream: _Stream | None = None
        self._head = b""
        self._members = 0
        self._max_wire, self._max_body = max_wire, max_body
        self._wire = 0
        self._size = 0
        self._parts: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Take the next bytes from the wire."""
        self._wire += len(data)
        if self._wire > self._max_wire:
            raise RequestFailed(
                FetchErrorKind.TOO_LARGE, f"the answer is longer than {self._max_wire} bytes", sent=True
            )
        if self._coding:
            self._inflate(data)
        else:
            self._keep(data)

    def _inflate(self, data: bytes) -> None:
        """Inflate within what is left of the bound, over as many gzip members as begin in these bytes."""
        while data:
            if self._stream is None or self._stream.eof:
                data = self._head + data
                self._head = b""
                if len(data) < _HEAD:
                    self._head = data  # which stream begins here is said by its first two bytes
                    return
                stream = self._begin(data)
                if stream is None:
                    return  # bytes after the end mean nothing; browsers ignore them too
                self._stream = stream
            try:
                self._keep(self._stream.decompress(data, self._max_body - self._size + 1))
            except zlib.error:
                raise _protocol("the answer's compression is broken") from None
            data = self._stream.unused_data

    def _begin(self, data: bytes) -> "_Stream | None":
        """The stream that begins with these bytes; None if what follows the first is no further gzip member."""
        if self._stream is not None and not (self._coding == "gzip" and data.startswith(_GZIP_START)):
            return None
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise _protocol("the answer has too many gzip members")
        if self._coding == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # RFC 1950, 2.2: a zlib stream begins so. Some servers send "deflate" without that wrapper.
        wrapped = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:_HEAD]) % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max_body:
            raise RequestFailed(
                FetchErrorKind.TOO_LARGE, f"the answer inflates to more than {self._max_body} bytes", sent=True
            )
        self._parts.append(data)

    def so_far(self) -> bytes:
        """What was read until now, complete or not."""
        return b"".join(self._parts)

    def finish(self) -> bytes:
        """The whole body; raises RequestFailed when the compressed bytes ended too early."""
        if self._coding and self._wire and (self._stream is None or not self._stream.eof):
            raise _protocol("the answer's compressed body is cut short")
        return self.so_far()


def _protocol(detail: str) -> RequestFailed:
    return RequestFailed(FetchErrorKind.PROTOCOL, detail, sent=True)
