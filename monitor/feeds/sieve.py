"""What is new of a document: the known items are cut out, and only the rest goes to the parser.

The cheap part, telling the items apart, is done here, beside the loop when the document is long; all parsing is done by the
parser's process. Whenever the items of the rest are not those that were expected, the whole document is parsed.
"""

import asyncio
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from monitor.feeds import slices
from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Reading, Unreadable, Warnings
from monitor.feeds.jsonfeed import identity_of, load
from monitor.feeds.mending import DECLARATION, from_root, mended
from monitor.feeds.pool import ParsePool

_IN_LOOP: Final = 128_000
_LONGEST: Final = 2_000_000
"""Longer documents are rare and not worth the time that they would take from others."""
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_UTF8: Final = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieved:
    """What came of a document."""

    reading: Reading
    """Of the new items, or of all."""
    fingerprints: bytes = b""
    """Of all items."""
    listed: int | None = None
    """How many items the document has, when not all were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """A document whose items were told apart."""

    listed: int
    new: int
    rest: Document
    """With the new items and those that are read in any case; the whole document when all are new."""
    items: int
    """How many items the rest has."""
    fingerprints: bytes


async def read(pool: ParsePool, document: Document, known: bytes, *, kind: str = "") -> Sieved:
    """Read what is new, given the stored fingerprints. `kind` is the format of the last document. Raises Unreadable."""
    sliced = await _sliced(document, known)
    if sliced is None:
        return Sieved(reading=await pool.read(document))
    if not sliced.new and sliced.listed and kind:
        nothing = Reading(format=kind, entries=())
        return Sieved(reading=nothing, fingerprints=sliced.fingerprints, listed=sliced.listed)
    if sliced.rest is not document:
        try:
            reading = await pool.read(sliced.rest)
        except Unreadable:
            reading = None
        if reading is not None and reading.found == sliced.items:
            return Sieved(reading=reading, fingerprints=sliced.fingerprints, listed=sliced.listed)
    reading = await pool.read(document)
    # An item that the parser sees otherwise than the slicer is one that must be parsed again next time.
    return Sieved(reading=reading, fingerprints=sliced.fingerprints if reading.found == sliced.listed else b"")


async def _sliced(document: Document, known: bytes) -> Sliced | None:
    if len(document.data) > _LONGEST:
        return None
    if len(document.data) > _IN_LOOP:
        return await asyncio.to_thread(slice_document, document, known)
    return slice_document(document, known)


def slice_document(document: Document, known: bytes) -> Sliced | None:
    """Tell the items of a document apart; None where the whole must be parsed."""
    seed = slices.salt(document.base)
    prints = slices.known_prints(known)
    try:
        text, _ = decode(document.data, document.content_type)
        if document.data[:4_096].lstrip(_BLANK)[:1] in {b"{", b"["}:
            return _json(document, text, seed, prints)
        return _xml(document, text, seed, prints)
    except (Unreadable, ValueError, RecursionError):
        return None  # the parser says what is wrong with it


def _xml(document: Document, text: str, seed: bytes, known: frozenset[bytes]) -> Sliced:
    body = from_root(text, document.max_entries, Warnings())
    data = DECLARATION + body.encode("utf-8", "replace")
    found = slices.spans(data, seed)
    if found is None:
        data = mended(body)
        found = slices.spans(data, seed) or slices.recovered(data, slices.salt(document.base, "broken"))
    new = slices.new_items(found, known)
    rest, items = document, len(found.places)
    if len(new) < items:
        left = slices.cut(data, found, new)
        if left is not None:
            items = left[1]
            rest = dataclasses.replace(document, data=left[0], content_type=_UTF8)
    return Sliced(
        listed=len(found.places),
        new=len(new),
        rest=rest,
        items=items,
        fingerprints=slices.fingerprints(found.prints, document.max_entries),
    )


def _json(document: Document, text: str, seed: bytes, known: frozenset[bytes]) -> Sliced | None:
    """Items of a JSON Feed are known by their canonical JSON."""
    feed = load(text)
    items = feed.get("items")
    if not isinstance(items, list) or len(items) > document.max_entries:
        return None
    if not all(isinstance(item, dict) for item in items) or not slices.distinct(map(_identity, items)):
        return None
    raw = [json.dumps(item, sort_keys=True, allow_nan=False).encode() for item in items]
    prints = [slices.fingerprint(one, seed) for one in raw]
    new = [item for item, one in zip(items, prints, strict=True) if one not in known]
    rest = document
    if len(new) < len(items):
        rest = dataclasses.replace(document, data=json.dumps({**feed, "items": new}).encode(), content_type=None)
    return Sliced(
        listed=len(items),
        new=len(new),
        rest=rest,
        items=len(new),
        fingerprints=slices.fingerprints(prints, document.max_entries),
    )


def _identity(item: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    links = [value for name in ("url", "external_url") if isinstance(value := item.get(name), str)]
    title = item.get("title")
    return slices.identity([identity_of(item.get("id")) or ""], links, [title if isinstance(title, str) else ""])
