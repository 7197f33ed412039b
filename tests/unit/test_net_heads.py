"""Heads and chunks of answers: what is read, what is refused, and the same as h11 reads."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import RequestFailed
from monitor.net.heads import CHUNKED, UNTIL_CLOSED, Chunks, end_of_head, read_head


def head(*lines, status=b"HTTP/1.1 200 OK", bodiless=False):
    return read_head(b"\r\n".join([status, *lines, b"", b""]), bodiless=bodiless)


def test_a_head():
    found = head(b'ETag:  "a" ', b"X-Empty:", b"x: caf\xe9")
    assert (found.status, found.length) == (200, UNTIL_CLOSED)
    assert found.fields == [(b"ETag", b'"a"'), (b"X-Empty", b""), (b"x", b"caf\xe9")]


@pytest.mark.parametrize("status", [b"HTTP/1.1 404 Not Found", b"HTTP/1.0 404 ", b"HTTP/1.1 404"])
def test_status_lines(status):
    assert head(status=status).status == 404


def test_folded_lines_and_bare_line_ends_are_read():
    assert read_head(b"HTTP/1.1 200 OK\nA: one\n\t two\nB: x\n\n", bodiless=False).fields == [
        (b"A", b"one two"),
        (b"B", b"x"),
    ]


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ([b"Content-Length: 12"], 12),
        ([b"Content-Length: 12", b"content-length: 12, 12"], 12),  # the same thing said three times
        ([b"Transfer-Encoding: Chunked"], CHUNKED),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 5"], CHUNKED),  # RFC 9112, 6.3: the coding counts
        ([], UNTIL_CLOSED),
    ],
)
def test_framing(lines, length):
    assert head(*lines).length == length


def test_what_has_no_body():
    assert head(b"Content-Length: 12", bodiless=True).length == 0
    assert head(b"Content-Length: 12", status=b"HTTP/1.1 304 Not Modified").length == 0
    assert head(b"Transfer-Encoding: chunked", status=b"HTTP/1.1 204 No Content").length == 0


def test_what_announces_another():
    assert head(status=b"HTTP/1.1 103 Early Hints") is None


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (b"SSH-2.0-OpenSSH", []),
        (b"HTTP/2 200", []),
        (b"HTTP/1.1 99 Odd", []),
        (b"HTTP/1.1 2000 Odd", []),
        (b"HTTP/1.1 101 Switching Protocols", []),
        (b"HTTP/1.1 200 OK", [b"no colon"]),
        (b"HTTP/1.1 200 OK", [b"blank : x"]),
        (b"HTTP/1.1 200 OK", [b": x"]),
        (b"HTTP/1.1 200 OK", [b"A: x\0y"]),
        (b"HTTP/1.1 200 OK", [b" folded from nothing"]),
        (b"HTTP/1.1 200 OK", [b"A: x", b" y\0"]),
        (b"HTTP/1.1 200 OK", [b"Content-Length: 1", b"Content-Length: 2"]),
        (b"HTTP/1.1 200 OK", [b"Content-Length: +1"]),
        (b"HTTP/1.1 200 OK", [b"Content-Length: -1"]),
        (b"HTTP/1.1 200 OK", [b"Content-Length: "]),
        (b"HTTP/1.1 200 OK", [b"Content-Length: 1234567890123456789"]),
        (b"HTTP/1.1 200 OK", [b"Transfer-Encoding: gzip, chunked"]),
        (b"HTTP/1.1 200 OK", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"]),
    ],
)
def test_what_is_refused(status, lines):
    with pytest.raises(RequestFailed) as refused:
        head(*lines, status=status)
    assert refused.value.kind == "protocol"
    assert refused.value.sent


@pytest.mark.parametrize(
    ("data", "end"), [(b"a\r\n\r\nbody", 5), (b"a\n\nbody", 3), (b"a\r\n\nbody", 4), (b"a\r\nb", None)]
)
def test_end_of_head(data, end):
    assert end_of_head(data, 0) == end
    # The same when it comes in two pieces.
    for cut in range(len(data)):
        if end is not None and end_of_head(data[:cut], 0) is None:
            assert end_of_head(data, cut) == end


NAMES = (
    st.text("abcXYZ-_", min_size=1, max_size=8)
    .map(str.encode)
    .filter(lambda name: name.lower() not in {b"content-length", b"transfer-encoding"})
)
VALUES = st.binary(max_size=12).map(lambda raw: bytes(one for one in raw if one >= 0x21 and one != 0x7F))
FRAMES = st.sampled_from([[], [(b"Content-Length", b"7")], [(b"Transfer-Encoding", b"chunked")]])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), FRAMES, st.sampled_from([200, 204, 301, 304, 404, 503]))
def test_heads_are_read_as_h11_reads_them(fields, frame, status):
    fields = [*fields, *frame]
    raw = b"HTTP/1.1 %d x\r\n" % status + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n"
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(raw)
    theirs = peer.next_event()
    ours = read_head(raw, bodiless=False)
    assert ours.status == theirs.status_code
    assert [(name.lower(), value) for name, value in ours.fields] == list(theirs.headers)


PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


@given(PIECES, st.lists(st.integers(1, 60), max_size=40), st.sampled_from([b"", b"X: y\r\n"]))
def test_chunks_give_the_body_however_they_are_cut(pieces, cuts, trailer):
    wire = b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"
    chunks, found, at = Chunks(), b"", 0
    for cut in [*cuts, len(wire)]:
        found += b"".join(chunks.add(wire[at : at + cut]))
        at += cut
    assert found == b"".join(pieces)
    assert chunks.done


@pytest.mark.parametrize("wire", [b"x\r\n", b"-1\r\n", b"\r\n", b"1\r\nab\r\n", b"1" * 5000, b"ffffffffffffffff\r\n"])
def test_broken_chunks_are_refused(wire):
    with pytest.raises(RequestFailed, match="broken chunk"):
        Chunks().add(wire)


def test_what_stands_behind_the_last_chunk_is_left_alone():
    chunks = Chunks()
    assert chunks.add(b"1\r\na\r\n0\r\n\r\nmore") == [b"a"]
    assert chunks.done
