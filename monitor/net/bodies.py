"""Reading a body within bounds: the bytes on the wire are counted, and what they inflate to is counted too.

httpx's own decoding has no bound (a 33 kB answer became 2 GB), so it is never used: only gzip and deflate are offered,
and this module inflates them. It must not import httpx; it sees bytes.
"""

import zlib
from typing import Final

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind

ACCEPTED: Final = "gzip, deflate"
"""What we offer in Accept-Encoding."""

_MAX_MEMBERS = 64
"""A gzip file may be several one after another; a flood of empty ones is an attack on the processor."""
_GZIP_START = b"\x1f\x8b"


class Inflater:
    """Turns the bytes of one answer into its body. Feed it with `add`, then take `finish`.

    Raises RequestFailed of kind `protocol` for a coding that was not offered, is broken or cut short, and of kind
    `too_large` when a bound is passed, at once and with no more memory than the bound.
    """

    def __init__(self, content_encoding: str, *, max_wire: int, max_body: int) -> None:
        codings = [part for raw in content_encoding.lower().split(",") if (part := raw.strip()) not in {"", "identity"}]
        if len(codings) > 1 or (codings and codings[0] not in {"gzip", "x-gzip", "deflate"}):
            raise _protocol("the answer has a content coding that was not offered")
        self._gzip = bool(codings) and codings[0] != "deflate"
        self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS if self._gzip else zlib.MAX_WBITS) if codings else None
        self._members = 1
        self._max_wire, self._max_body = max_wire, max_body
        self._wire = 0
        self._size = 0
        self._parts: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Take the next bytes from the wire."""
        first = self._wire == 0
        self._wire += len(data)
        if self._wire > self._max_wire:
            raise RequestFailed(
                FetchErrorKind.TOO_LARGE, f"the answer is longer than {self._max_wire} bytes", sent=True
            )
        if self._stream is None:
            self._keep(data)
        elif data:
            self._inflate(data, first=first)

    def _inflate(self, data: bytes, *, first: bool) -> None:
        """Inflate within what is left of the bound, over as many gzip members as begin in these bytes."""
        while data and self._stream is not None:
            if self._stream.eof:
                if not (self._gzip and data.startswith(_GZIP_START)):
                    return  # bytes after the end mean nothing; browsers ignore them too
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise _protocol("the answer has too many gzip members")
                self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                self._keep(self._stream.decompress(data, self._max_body - self._size + 1))
            except zlib.error:
                if self._gzip or not first:
                    raise _protocol("the answer's compression is broken") from None
                self._stream = zlib.decompressobj(
                    -zlib.MAX_WBITS
                )  # "deflate" without its zlib wrapper, as some send it
                first = False
                continue
            data = self._stream.unused_data

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
        if self._stream is not None and self._wire and not self._stream.eof:
            raise _protocol("the answer's compressed body is cut short")
        return self.so_far()


def _protocol(detail: str) -> RequestFailed:
    return RequestFailed(FetchErrorKind.PROTOCOL, detail, sent=True)
