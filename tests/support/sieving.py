"""Reads documents whole and sliced, in this process, for comparison."""

import asyncio

from monitor.feeds import sieve
from monitor.feeds.articles import make_articles
from monitor.feeds.documents import read_document
from monitor.feeds.entries import Document, Reading
from monitor.feeds.languages import with_languages
from monitor.feeds.sieve import Sieved, slice_document
from monitor.feeds.slices import SIZE
from monitor.model import Article, Feed

FEED = Feed(id="f", url="https://paper.test/feed")


class Direct:
    """Stands for the pool: what it was asked for is kept."""

    def __init__(self) -> None:
        self.asked: list[Document] = []

    async def read(self, document: Document) -> Reading:
        self.asked.append(document)
        return with_languages(read_document(document))


def document(data: bytes, **more) -> Document:
    return Document(data=data, base=FEED.url, **more)


def whole(data: bytes, **more) -> tuple[Article, ...]:
    return make_articles(FEED, with_languages(read_document(document(data, **more))), {})


def sieved(data: bytes, known: bytes, **more) -> tuple[tuple[Article, ...], Sieved, list[Document]]:
    pool = Direct()
    came = asyncio.run(sieve.read(pool, document(data, **more), known, kind="rss20"))
    return make_articles(FEED, came.reading, {}), came, pool.asked


def prints(data: bytes, **more) -> list[bytes]:
    """The fingerprints that a poll of the document leaves behind."""
    _, came, _ = sieved(data, b"", **more)
    return [came.fingerprints[at : at + SIZE] for at in range(0, len(came.fingerprints), SIZE)]


def missed(before: bytes, after: bytes) -> list[Article]:
    """Articles of the later document that are new or changed and that a sliced reading leaves out or reads otherwise."""
    known = b"".join(prints(before))
    stored = {(one.key, one.text_hash) for one in whole(before)}
    full = whole(after)
    read, _, _ = sieved(after, known)
    assert all(one in full for one in read), "read otherwise than in the whole"
    return [one for one in full if (one.key, one.text_hash) not in stored and one not in read]


__all__ = ["Direct", "document", "missed", "prints", "sieved", "slice_document", "whole"]
