import gzip
import zlib

import pytest

from monitor.errors import RequestFailed
from monitor.net.bodies import Inflater

TEXT = b"The naval base in Tartus. " * 400


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def read(coding: str, data: bytes, *, piece: int = 100, max_wire: int = 100_000, max_body: int = 100_000) -> bytes:
    body = Inflater(coding, max_wire=max_wire, max_body=max_body)
    for start in range(0, len(data), piece):
        body.add(data[start : start + piece])
    return body.finish()


@pytest.mark.parametrize(
    ("coding", "data", "expected"),
    [
        ("", TEXT, TEXT),
        ("identity", TEXT, TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0), TEXT),
        ("X-GZip", gzip.compress(TEXT, mtime=0), TEXT),
        ("gzip, identity", gzip.compress(TEXT, mtime=0), TEXT),
        ("deflate", zlib.compress(TEXT), TEXT),
        ("deflate", raw_deflate(TEXT), TEXT),  # without the zlib wrapper, as some servers send it
        ("gzip", gzip.compress(TEXT, mtime=0) + gzip.compress(b"more", mtime=0), TEXT + b"more"),  # two members
        ("gzip", gzip.compress(TEXT, mtime=0) + b"padding", TEXT),  # bytes after the end
        ("deflate", zlib.compress(TEXT) + b"padding", TEXT),
        ("gzip", b"", b""),  # a coding of nothing
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_codings(coding, data, expected, piece):
    assert read(coding, data, piece=piece) == expected


@pytest.mark.parametrize(
    ("coding", "data", "kind"),
    [
        ("br", b"\x1b", "protocol"),  # never offered: its decoder has no bound
        ("zstd", b"\x28\xb5\x2f\xfd", "protocol"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "protocol"),  # stacked
        ("gzip", gzip.compress(TEXT, mtime=0)[:-20], "protocol"),  # cut short
        ("gzip", gzip.compress(TEXT, mtime=0)[:-4], "protocol"),  # without its end
        ("deflate", zlib.compress(TEXT)[:-2], "protocol"),
        ("gzip", b"<rss>not compressed</rss>", "protocol"),
        ("deflate", b"\xff\xff\xff\xff", "protocol"),
        ("gzip", gzip.compress(bytes(200_000), mtime=0), "too_large"),  # a bomb
        ("gzip", gzip.compress(bytes(60_000), mtime=0) * 2, "too_large"),  # a bomb in two members
        ("gzip", gzip.compress(b"", mtime=0) * 100, "protocol"),  # a flood of empty members
        ("", bytes(200_000), "too_large"),
    ],
)
def test_refused(coding, data, kind):
    with pytest.raises(RequestFailed) as failure:
        read(coding, data)
    assert failure.value.kind == kind
    assert failure.value.sent


def test_bomb_stops_within_its_bound():
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    body = Inflater("gzip", max_wire=10_000_000, max_body=1_000)
    with pytest.raises(RequestFailed):
        body.add(bomb)
    assert len(body.so_far()) <= 1_000
