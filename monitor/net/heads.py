"""The head of an HTTP/1 answer, read strictly: a status, header fields, and how the body is framed (RFC 9112).

What is in doubt is refused, since two readers of one answer must never disagree where it ends. It sees bytes only: no
connection, no bound on their number.
"""

import re
from dataclasses import dataclass
from typing import Final

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\x00\r\n]*)?\Z")
_FIELDS: Final = re.compile(rb"\n([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00\r\n]*)(?=\r?\n|\Z)")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*?)[ \t]*\Z")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}\Z")
_END: Final = re.compile(rb"\r?\n\r?\n")
_LINE: Final = re.compile(rb"\r?\n")
_NO_BODY: Final = frozenset({204, 304})
_INFORMATION: Final = range(100, 200)
_SWITCHING: Final = 101

UNTIL_CLOSED: Final = -1
CHUNKED: Final = -2


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in front of a body."""

    status: int
    fields: list[tuple[bytes, bytes]]
    """As they came, in their order; values without the blanks around them."""
    length: int
    """Bytes of the body, or UNTIL_CLOSED, or CHUNKED."""


def end_of_head(data: bytes | bytearray, begin: int) -> int | None:
    """Where the body begins, if the blank line is there; `begin` is where it has not been looked for."""
    found = _END.search(data, max(0, begin - 3))
    return found.end() if found else None


def read_head(data: bytes, *, bodiless: bool) -> Head | None:
    """A head, its blank line included; None for one that only announces another (1xx). `bodiless`: it answers HEAD.

    Raises:
        RequestFailed: it is not HTTP.
    """
    data = data.rstrip(b"\r\n")
    first = data.partition(b"\n")[0].removesuffix(b"\r")
    status_line = _STATUS.match(first)
    if status_line is None:
        raise broken("the answer is not HTTP")
    status = int(status_line[1])
    if status in _INFORMATION:
        if status == _SWITCHING:
            raise broken("the answer is in another protocol")
        return None
    fields = [(name, value.strip(b" \t")) for name, value in _FIELDS.findall(data)]
    if len(fields) != data.count(b"\n"):  # some line is no field by itself
        fields = _line_by_line(data)
    bodiless = bodiless or status in _NO_BODY
    return Head(status, fields, 0 if bodiless else _framing(fields))


def _line_by_line(data: bytes) -> list[tuple[bytes, bytes]]:
    """The fields of a head in which lines are folded, or which is broken."""
    fields: list[tuple[bytes, bytes]] = []
    for line in _LINE.split(data)[1:]:
        found = _FIELD.match(line)
        if found is not None:
            fields.append((found[1], found[2]))
        elif line[:1] in {b" ", b"\t"} and fields and b"\0" not in line and b"\r" not in line:
            # A folded line (RFC 9112, 5.2): a client makes one blank of the fold.
            fields[-1] = fields[-1][0], fields[-1][1] + b" " + line.strip(b" \t")
        else:
            raise broken("the answer has a header that is not HTTP")
    return fields


def _framing(fields: list[tuple[bytes, bytes]]) -> int:
    """RFC 9112, 6.3."""
    codings = [value.lower() for name, value in fields if name.lower() == b"transfer-encoding"]
    lengths = {one.strip() for name, value in fields if name.lower() == b"content-length" for one in value.split(b",")}
    if codings:
        if codings != [b"chunked"]:
            raise broken("the answer has a transfer coding that was not offered")
        return CHUNKED
    if not lengths:
        return UNTIL_CLOSED
    length = lengths.pop()
    if lengths or not _LENGTH.match(length):
        raise broken("the answer has no clear length")
    return int(length)


class Chunks:
    """Takes the frames off a chunked body (RFC 9112, 7.1). Trailers are read over."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._left = 0
        self._state = self._size
        self.done = False

    def add(self, data: bytes) -> list[bytes]:
        """The pieces of the body in the next bytes of the wire; raises RequestFailed when they are no chunks."""
        self._held += data
        found: list[bytes] = []
        while not self.done and self._state(found):
            pass
        return found

    def _size(self, found: list[bytes]) -> bool:
        """The line in front of a chunk."""
        del found
        line = self._line()
        if line is None:
            return False
        size = line.split(b";")[0].strip(b" \t")
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
            raise broken("the answer has a broken chunk")
        self._left = int(size, 16)
        self._state = self._piece if self._left else self._trailer
        return True

    def _piece(self, found: list[bytes]) -> bool:
        piece = bytes(self._held[: self._left])
        if not piece:
            return False
        del self._held[: len(piece)]
        found.append(piece)
        self._left -= len(piece)
        if self._left == 0:
            self._state = self._after
        return True

    def _after(self, found: list[bytes]) -> bool:
        """The line end behind a chunk."""
        del found
        line = self._line()
        if line is None:
            return False
        if line:
            raise broken("the answer has a broken chunk")
        self._state = self._size
        return True

    def _trailer(self, found: list[bytes]) -> bool:
        del found
        line = self._line()
        self.done = line == b""
        return line is not None

    def _line(self) -> bytes | None:
        """The next line, without its end; None while it is not complete."""
        at = self._held.find(b"\n")
        if at < 0:
            if len(self._held) > _LONGEST_LINE:
                raise broken("the answer has a broken chunk")
            return None
        line = bytes(self._held[:at]).removesuffix(b"\r")
        del self._held[: at + 1]
        return line


_LONGEST_LINE: Final = 4096


def broken(detail: str) -> RequestFailed:
    """What is not HTTP."""
    return RequestFailed(FetchErrorKind.PROTOCOL, detail, sent=True)
