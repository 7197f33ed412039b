"""The protocol of the parser's process, spoken in this one."""

import io
import json

import pytest

from monitor.feeds import worker
from monitor.feeds.entries import Document, Entry
from monitor.feeds.worker import LENGTH, serve

GOOD = b"<rss version='2.0'><channel><title>F</title><item><title>T</title></item></channel></rss>"


def frame(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data


def request(data: bytes, **fields) -> bytes:
    document = Document(data=data, **fields)
    return frame(json.dumps(document.header()).encode()) + frame(data)


def answers(raw: bytes) -> tuple[list, int]:
    """All frames that are sent for this input, and for how many documents the limit was renewed."""
    sink, limits = io.BytesIO(), []
    serve(io.BytesIO(raw), sink, before_each=lambda: limits.append(1))
    sink.seek(0)
    frames = []
    while size := sink.read(LENGTH.size):
        (length,) = LENGTH.unpack(size)
        frames.append(json.loads(sink.read(length)) if length else None)
    return frames, len(limits)


def test_one_document():
    (ready, head, entry, end), limits = answers(request(GOOD))
    assert (ready, end, limits) == ({"ready": True}, None, 1)
    assert head == {"ok": True, "found": 1, "format": "rss20", "title": "F", "lang": None, "warnings": []}
    assert Entry.from_json(entry).title == "T"


def test_what_cannot_be_read_is_said_and_the_next_is_served():
    frames, limits = answers(request(b"no feed") + request(GOOD))
    assert frames[1] == {"ok": False, "detail": "the document is no feed: it has no elements", "passing": False}
    assert (frames[2]["ok"], limits) == (True, 2)


@pytest.mark.parametrize("raw", [b"", b"\x00", frame(b"{}"), frame(b"{}") + b"\x00\x00\x00\x05ab"])
def test_input_that_ends_ends_the_process(raw):
    assert answers(raw) == ([{"ready": True}], 0)


def test_fault_of_a_reader_is_reported():
    # A name that is no text makes the choice of a reader fail: a fault of ours, not of the document.
    raw = frame(json.dumps({"name": 5, "content_type": None, "base": "", "max_entries": 1}).encode()) + frame(GOOD)
    frames, _ = answers(raw)
    assert frames[1] == {"ok": False, "detail": "the parser failed: TypeError", "passing": False}


def test_no_memory_is_the_end_of_the_process():
    class Hungry(bytes):
        def __getitem__(self, key):
            raise MemoryError

    sink = io.BytesIO()
    assert worker._serve(sink, Document(data=Hungry(GOOD))) is False
    assert b'"passing": true' in sink.getvalue()
