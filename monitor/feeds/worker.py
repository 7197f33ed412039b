"""The parser's process: `python -m monitor.feeds.worker MEMORY SECONDS`.

It reads documents from standard input and writes what they came to on standard output, until the input ends. Parsers
have inputs that make them run for ever or eat all memory, and a thread cannot be stopped; this process can. It knows no
network, no store, no settings and no secret, and what it sends is JSON, so that a parser that was taken over can do no
more than lie about its document.

    request   header (JSON), document (bytes)
    answer    head (JSON), one JSON object for each entry, an empty frame      each frame: 4 bytes of length, then itself
"""

import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from monitor.feeds.documents import read_document
from monitor.feeds.entries import Document, Reading, Unreadable
from monitor.feeds.languages import with_languages

LENGTH = struct.Struct(">I")


def main() -> None:
    """Serve until the input ends."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "wb") as sink:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):  # nothing that a library prints may get between the frames
            os.dup2(nothing, standard)
        serve(source, sink, before_each=lambda: _limit_processor(seconds))


def serve(source: BinaryIO, sink: BinaryIO, *, before_each: Callable[[], None]) -> None:
    """Answer for documents until the input ends, or until this process is no longer fit for another one."""
    _send(sink, {"ready": True})
    while (header := _receive(source)) is not None and (data := _receive(source)) is not None:
        before_each()
        if not _serve(sink, Document(data=data, **json.loads(header))):
            return


def _limit_processor(seconds: int) -> None:
    """The kernel ends this process if its parent cannot: so many more seconds of processor time from now."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _serve(sink: BinaryIO, document: Document) -> bool:
    """Answer for one document; whether this process is fit for another."""
    try:
        reading = with_languages(read_document(document))
    except Unreadable as error:
        _send(sink, {"ok": False, "detail": str(error), "passing": error.passing})
    except MemoryError:
        _send(sink, {"ok": False, "detail": "the parser needs more memory than it may have", "passing": True})
        return False
    except Exception as error:  # noqa: BLE001 - the top of a unit of work: a fault of a reader is reported
        _send(sink, {"ok": False, "detail": f"the parser failed: {type(error).__name__}", "passing": False})
    else:
        _send_reading(sink, reading)
    return True


def _send_reading(sink: BinaryIO, reading: Reading) -> None:
    head = {"format": reading.format, "title": reading.title, "lang": reading.lang, "warnings": reading.warnings}
    _send(sink, {"ok": True, "found": reading.found, **head}, flush=False)
    for entry in reading.entries:
        _send(sink, entry.to_json(), flush=False)
    sink.write(LENGTH.pack(0))
    sink.flush()


def _send(sink: BinaryIO, value: dict[str, Any], *, flush: bool = True) -> None:
    raw = json.dumps(value).encode()
    sink.write(LENGTH.pack(len(raw)))
    sink.write(raw)
    if flush:
        sink.flush()


def _receive(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end of the input."""
    size = source.read(LENGTH.size)
    if len(size) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(size)
    data = source.read(length)
    return data if len(data) == length else None


if __name__ == "__main__":
    main()
