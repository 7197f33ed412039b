"""Which items of a feed are known, and the document without them. Pure: bytes in, bytes out; no parser of feeds is needed.

An item is known by the hash of the bytes that it stands in, together with what stands around it and may change its
meaning: namespaces, bases and languages of its ancestors, the address, the version of our reading. What is left when the
known items are cut out goes to the same parser as the whole document would.

    well-formed      expat tells where each item begins and ends
    broken           a scanner tells; only items that are well-formed alone may be cut out, never a broken one nor its
                     neighbour, so that what is broken stays so and is read as it would be in the whole document
    neither          no slices: the whole document is parsed

It must never be wrong, and may give up: items in items, two items of one identity, and all that is odd.
"""

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final
from xml.parsers import expat

from monitor.feeds.articles import canonical

READING_VERSION: Final = 1
"""Raise it when articles are made differently of the same bytes: every item is then read anew, once."""

SIZE: Final = 8
"""Bytes of a fingerprint."""

_PARSER_VERSION = version("feedparser")
_ITEMS = frozenset({"item", "entry"})
_IDENTITIES = frozenset({"guid", "id", "identifier"})
_TOLD = _IDENTITIES | {"link", "title"}
_MAX_DEPTH = 200
_MAX_ATTRIBUTES = 200
_BLANK = re.compile(r"[\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_MARK = re.compile(rb"<!\[CDATA\[|<!--|<(/?)(?:[A-Za-z_][\w.-]{0,60}:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)
_ROUGH_IDENTITY = re.compile(
    rb"<(?:[A-Za-z_][\w.-]{0,60}:)?(?:guid|id|identifier|link)\b[^<>]{0,500}>([^<]{1,2000})", re.IGNORECASE
)
_OPENING, _CLOSING = re.compile(rb"<([^\s/>]+)"), re.compile(rb"</([^\s/>]+)\s*>")
_TAG = re.compile(rb"<[A-Za-z][^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Where the items of a document stand."""

    places: tuple[tuple[int, int], ...]
    prints: tuple[bytes, ...]
    kept: frozenset[int] = frozenset()
    """Items that are never cut out."""
    broken: bool = False
    """Whether the document is not well-formed, and must stay so for its items to be read as in the whole."""


class Odd(ValueError):
    """The document is beyond what can be sliced."""


def salt(*parts: str) -> bytes:
    """What all fingerprints of a document depend on."""
    return _digest(repr((READING_VERSION, _PARSER_VERSION, *parts)).encode(), size=16)


def spans(data: bytes, seed: bytes) -> Spans | None:
    """The items of a well-formed document; None if it is not. Raises Odd."""
    scanner = _Scanner()
    try:
        scanner.run(data)
    except expat.ExpatError:
        return None
    if not distinct(item.tokens() for item in scanner.items):
        raise Odd
    keys = {context: _digest(context.encode("utf-8", "replace") + seed, size=16) for context in scanner.contexts()}
    prints = [_digest(data[item.start : item.end], key=keys[item.context]) for item in scanner.items]
    return Spans(places=tuple((item.start, item.end) for item in scanner.items), prints=tuple(prints))


def recovered(data: bytes, seed: bytes) -> Spans:
    """The items of a broken document. Raises Odd if they cannot be told apart safely."""
    places = _scan(data)
    pieces = [data[start:end] for start, end in places]
    tokens, torn = _judged(pieces)
    outside = _without(data, places)
    if not distinct(tokens) or not _nearly_whole(outside):
        raise Odd
    context = _digest(b"".join(_TAG.findall(data[: places[0][0]])) + seed, size=16) if places else b""
    # What is broken may reach into the item after it: the two are one for their fingerprint, and neither is cut out.
    prints = [
        _digest(pieces[at - 1] + piece if at and at - 1 in torn else piece, key=context)
        for at, piece in enumerate(pieces)
    ]
    kept = torn | {at + 1 for at in torn if at + 1 < len(places)}
    return Spans(places=tuple(places), prints=tuple(prints), kept=frozenset(kept), broken=True)


def new_items(found: Spans, known: Collection[bytes]) -> tuple[int, ...]:
    """The numbers of the items that are not known."""
    return tuple(at for at, one in enumerate(found.prints) if one not in known)


def cut(data: bytes, found: Spans, new: Collection[int]) -> tuple[bytes, int] | None:
    """The document with only the new items and those that are always kept, and how many these are; None if it would be
    read differently.
    """
    left = [at for at in range(len(found.places)) if at in new or at in found.kept]
    gone = [place for at, place in enumerate(found.places) if at not in new and at not in found.kept]
    rest = _without(data, gone)
    if found.broken and _well_formed(rest):
        return None
    return rest, len(left)


def fingerprints(prints: Iterable[bytes], limit: int) -> bytes:
    """As they are stored."""
    return b"".join(itertools.islice(prints, limit))


def known_prints(stored: bytes) -> frozenset[bytes]:
    """As they are looked up."""
    return frozenset(stored[at : at + SIZE] for at in range(0, len(stored), SIZE))


def fingerprint(data: bytes, key: bytes) -> bytes:
    """The fingerprint of one item."""
    return _digest(data, key=key)


def identity(guids: Iterable[str], links: Iterable[str], titles: Iterable[str]) -> frozenset[tuple[str, str]]:
    """What may become the key of an item's article. Coarser than the key itself: giving up is harmless."""
    found = frozenset(("guid", text) for one in guids if (text := _BLANK.sub("", one)))
    if found:
        return found
    addresses = [text for one in links if (text := _BLANK.sub("", one))]
    found = frozenset(("url", canonical(text) or "") for text in addresses if text.lower().startswith("http"))
    return found or frozenset({("title", _BLANK.sub("", "".join(titles)))})


def distinct(tokens: Iterable[Collection[tuple[str, str]]]) -> bool:
    """Whether no two items may be the same article. How two of them share a key is for the reading of the whole to say."""
    return all(count == 1 for count in Counter(itertools.chain.from_iterable(map(frozenset, tokens))).values())


# ── Well-formed ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Item:
    """An item on its way through the scanner."""

    __slots__ = ("context", "end", "start", "texts")

    def __init__(self, start: int, context: str) -> None:
        self.start, self.end, self.context = start, start, context
        self.texts: dict[str, list[str]] = {}

    def say(self, name: str, text: str) -> None:
        self.texts.setdefault("guid" if name in _IDENTITIES else name, []).append(text)

    def tokens(self) -> frozenset[tuple[str, str]]:
        return identity(self.texts.get("guid", ()), self.texts.get("link", ()), self.texts.get("title", ()))


class _Scanner:
    """One pass of expat, with namespaces as the parser of feeds has them: what is an error there is one here."""

    def __init__(self) -> None:
        self.items: list[_Item] = []
        self._data = b""
        self._around: list[object] = []
        self._declared: list[tuple[str | None, str | None]] = []
        self._item: _Item | None = None
        self._depth = self._item_depth = self._source_depth = 0
        self._telling = ""
        self._text: list[str] = []
        self._expat = expat.ParserCreate("utf-8", " ")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.StartNamespaceDeclHandler = self._declare
        self._expat.EndNamespaceDeclHandler = self._forget
        self._expat.CommentHandler = _refuse_cdata
        self._expat.ProcessingInstructionHandler = _refuse_cdata

    def run(self, data: bytes) -> None:
        """Raises ExpatError, Odd."""
        self._data = data
        self._expat.Parse(data, True)

    def contexts(self) -> frozenset[str]:
        """What stands around the items; nearly always the same for all."""
        return frozenset(item.context for item in self.items)

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        if self._item is None:
            self._declared.append((prefix, uri))

    def _forget(self, _: str | None) -> None:
        if self._item is None:
            self._declared.pop()

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH or len(attributes) > _MAX_ATTRIBUTES:
            raise Odd
        local = name[name.rfind(" ") + 1 :].lower()
        if self._item is not None:
            if local in _ITEMS:
                raise Odd
            if local == "source" and not self._source_depth:
                self._source_depth = self._depth
            elif local in _TOLD and not self._source_depth:
                self._tell(local, attributes)
        elif local in _ITEMS:
            self._item = _Item(self._expat.CurrentByteIndex, repr((self._around, self._declared)))
            self._item_depth = self._depth
            for key, value in attributes.items():
                if key.endswith("about"):
                    self._item.say("guid", value)
        else:
            self._around.append((name, attributes))

    def _tell(self, local: str, attributes: Mapping[str, str]) -> None:
        if self._item is None or (local not in _IDENTITIES and self._depth != self._item_depth + 1):
            return
        if local == "link" and "href" in attributes:
            self._item.say(local, attributes["href"])
        self._telling, self._text = local, []
        self._expat.CharacterDataHandler = self._text.append

    def _end(self, _: str) -> None:
        if self._item is None:
            self._around.pop()
        elif self._depth == self._item_depth:
            opened = _OPENING.match(self._data, self._item.start)
            closed = _CLOSING.match(self._data, self._expat.CurrentByteIndex)
            if opened is None or closed is None or opened.group(1) != closed.group(1):
                raise Odd  # an empty element: this is what stands after it
            self._item.end = closed.end()
            self.items.append(self._item)
            self._item = None
        else:
            self._within(self._item)
        self._depth -= 1

    def _within(self, item: _Item) -> None:
        if self._telling:
            item.say(self._telling, "".join(self._text))
            self._telling = ""
            self._expat.CharacterDataHandler = None
        if self._depth == self._source_depth:
            self._source_depth = 0


def _refuse_cdata(*parts: str) -> None:
    """The mending of references looks for CDATA everywhere: where it is only mentioned, pieces are mended otherwise."""
    if any("[CDATA[" in part or "]]" in part for part in parts):
        raise Odd


def _digest(data: bytes, *, key: bytes = b"", size: int = SIZE) -> bytes:
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


# ── Broken ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _scan(data: bytes) -> list[tuple[int, int]]:
    """Where items begin and end; one that is not closed ends where the next begins. One pass. Raises Odd."""
    places: list[tuple[int, int]] = []
    position, start = 0, -1
    while (mark := _MARK.search(data, position)) is not None:
        position = mark.end()
        if mark.group(1) is None:
            position = data.find(b"]]>" if mark.group().startswith(b"<![") else b"-->", position) + 3
            if position < mark.end():
                raise Odd
        elif not mark.group(1):
            if start >= 0:
                places.append((start, mark.start()))
            start = mark.start()
        else:
            position = data.find(b">", position) + 1
            if start < 0 or not position:
                raise Odd
            places.append((start, position))
            start = -1
    return places if start < 0 else [*places, (start, len(data))]


def _judged(pieces: Sequence[bytes]) -> tuple[list[frozenset[tuple[str, str]]], frozenset[int]]:
    """What each item may be known by, and which of them are broken. Raises Odd for items in items."""
    tokens: list[frozenset[tuple[str, str]]] = []
    torn: set[int] = set()
    for at, piece in enumerate(pieces):
        scanner = _Scanner()
        try:
            scanner.run(_with_prefixes(piece))
            tokens.append(scanner.items[0].tokens())
        except expat.ExpatError:
            torn.add(at)
            texts = [found.decode("utf-8", "replace") for found in _ROUGH_IDENTITY.findall(piece)]
            tokens.append(identity(texts, (), ()) if texts else frozenset())
    return tokens, frozenset(torn)


_PREFIX = re.compile(rb"[<\s/]([A-Za-z_][\w.-]{0,60}):[A-Za-z_]")


def _with_prefixes(piece: bytes) -> bytes:
    """The item below an element that declares every prefix in it: those of the head need not be known here."""
    prefixes = {found for found in _PREFIX.findall(piece) if not found.lower().startswith(b"xml")}
    names = b" ".join(b'xmlns:%s="x"' % prefix for prefix in sorted(prefixes))
    return b"<piece %s>%s</piece>" % (names, piece)


def _nearly_whole(outside: bytes) -> bool:
    """Whether all that stands outside items is well-formed, but for an end that is missing."""
    try:
        expat.ParserCreate("utf-8").Parse(outside, True)
    except expat.ExpatError as error:
        return error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]
    return True


def _well_formed(data: bytes) -> bool:
    try:
        expat.ParserCreate("utf-8", " ").Parse(data, True)
    except expat.ExpatError:
        return False
    return True


def _without(data: bytes, gone: Sequence[tuple[int, int]]) -> bytes:
    """The data without these places, which are in order."""
    edges = [0, *itertools.chain.from_iterable(gone), len(data)]
    return b"".join(data[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
