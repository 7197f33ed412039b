"""The public test documents of feedparser: each is read or refused, none is lost, and slices read as the whole does.

They are packed as its authors published them, with their licence (BSD-2-Clause) in the archive; see NOTICE. The counts are of
articles: an item that has neither a title nor a text is none.
"""

import io
import re
import tarfile
from functools import cache
from pathlib import Path

import feedparser
import pytest
from support.sieving import missed, prints, sieved, whole

from monitor.feeds.entries import Unreadable

ARCHIVE = Path(__file__).parents[1] / "data" / "feedparser-tests.tar.xz"

# Folder: documents, articles, refused
PINNED = {
    "encoding": (82, 10, 1),
    "entities": (256, 2, 9),
    "illformed": (8, 1, 3),
    "illformed/chardet": (8, 7, 0),
    "illformed/geo": (3, 0, 0),
    "wellformed/amp": (70, 70, 0),
    "wellformed/atom": (158, 32, 0),
    "wellformed/atom10": (243, 36, 0),
    "wellformed/base": (127, 52, 0),
    "wellformed/cdf": (14, 3, 0),
    "wellformed/feedburner": (1, 0, 0),
    "wellformed/geo": (10, 0, 0),
    "wellformed/http": (9, 0, 0),
    "wellformed/itunes": (56, 1, 0),
    "wellformed/lang": (65, 30, 0),
    "wellformed/media-rss": (12, 7, 0),
    "wellformed/namespace": (23, 13, 0),
    "wellformed/node_precedence": (3, 2, 0),
    "wellformed/psc": (6, 6, 0),
    "wellformed/rdf": (12, 4, 0),
    "wellformed/rss": (191, 22, 0),
    "wellformed/sanitize": (745, 203, 0),
    "wellformed/sgml": (1, 1, 0),
    "wellformed/xml": (3, 0, 0),
}

TEXTLESS = {
    "wellformed/namespace/atomsvgdesc.xml": "a drawing",
    "wellformed/namespace/atomsvgtitle.xml": "a drawing",
    "wellformed/namespace/rss2.0svgtitle.xml": "a drawing",
    "wellformed/rss/item_description_not_a_doctype.xml": "an unfinished declaration",
    "wellformed/rss/item_description_not_a_doctype2.xml": "an unfinished declaration",
}
"""Where feedparser shows a text and there is none to read once markup is gone."""


@cache
def documents():
    with tarfile.open(ARCHIVE) as archive:
        return {
            member.name.removeprefix("tests/"): archive.extractfile(member).read()
            for member in archive
            if member.name.endswith(".xml")
        }


def in_folder(folder):
    return {name: data for name, data in documents().items() if name.rpartition("/")[0] == folder}


def worded(data):
    """How many items have a word in title, summary or content, by feedparser alone."""

    def texts(entry):
        return [
            entry.get("title", ""),
            entry.get("summary", ""),
            *(one.get("value", "") for one in entry.get("content", ())),
        ]

    entries = feedparser.parse(io.BytesIO(data)).entries
    return sum(1 for entry in entries if any(re.sub(r"<[^>]*>|\s", "", text) for text in texts(entry)))


def read(data):
    """The articles; none where the document is refused."""
    try:
        return whole(data), 0
    except Unreadable:
        return (), 1


def test_every_folder_is_pinned():
    assert {name.rpartition("/")[0] for name in documents()} == set(PINNED)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:feedparser")
@pytest.mark.parametrize("folder", PINNED)
def test_documents_have_the_articles_that_feedparser_finds(folder):
    articles = refused = 0
    for name, data in in_folder(folder).items():
        found, refusal = read(data)
        assert len(found) == (0 if name in TEXTLESS else worded(data)), name
        articles += len(found)
        refused += refusal
    assert (len(in_folder(folder)), articles, refused) == PINNED[folder]


@pytest.mark.parametrize("folder", PINNED)
def test_slices_read_as_the_whole_does(folder):
    for name, data in in_folder(folder).items():
        full, _ = read(data)
        if not full:
            continue
        stored = prints(data)
        again, _, _ = sieved(data, b"".join(stored[1:]))
        assert all(article in full for article in again), name
        assert len(stored) != len(full) or again == full[:1], name
        assert missed(data, data.replace(b"</title>", b" (corrected)</title>")) == [], name
