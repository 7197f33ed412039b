"""Text of an XML feed to what parsers are given: UTF-8 from the root element on, with references and characters mended.

What stands before the root (declaration, DOCTYPE, comments, white space) is dropped, which ends the entity attacks and
the quadratic head. Linear, and known to both processes; it imports no parser.
"""

import html.entities
import re
import sys
from collections.abc import Iterator
from typing import Final

from monitor.feeds.entries import Unreadable, Warnings
from monitor.text.clean import clean_line

DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8"?>\n'
WEB_PAGE: Final = "this is a web page, not a feed"

_ROOT_SEARCH = 65_536
_KNOWN_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_PAGE_ROOTS = frozenset({"html", "head", "body"})
_NAME = re.compile(r"<((?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60}))")
_FEED_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]{0,60}:)?(rss|feed|RDF))[\s>]", re.IGNORECASE)
_ITEM = re.compile(r"<(?:[A-Za-z_][\w.-]{0,60}:)?(?:item|entry)[\s>]")
_SUBSET_END = re.compile(r"\]\s*+>")
_REFERENCE = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
_AMPERSAND = re.compile(
    # What stands first is right as it is, and common: it is passed by without a call.
    r"&(?!(?:amp|lt|gt|quot|apos);|#(?:3[2-9]|[4-9][0-9]|[1-9][0-9]{2,3});)(?:#([0-9]++);?|#[xX]([0-9a-fA-F]++);?|([A-Za-z][A-Za-z0-9]{0,40}+);)?"
)
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NOT_XML = frozenset((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF))
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SURROGATES = range(0xD800, 0xE000)
_MAX_DIGITS = 8


def prepare(text: str, max_entries: int, warnings: Warnings) -> bytes:
    """UTF-8 that begins at the root element, with only such characters and references as XML may have. Raises Unreadable."""
    return mended(from_root(text, max_entries, warnings))


def from_root(text: str, max_entries: int, warnings: Warnings) -> str:
    """The root element, without the items that are too many. Raises Unreadable."""
    start, tag = _find_root(text, warnings)
    closing = f"</{tag}>"
    end = text.rfind(closing)
    body = text[start : end + len(closing)] if end > start else text[start:]
    return _cut(body, tag, max_entries, warnings)


def mended(body: str) -> bytes:
    """The body with its references and characters mended, below an XML declaration."""
    return DECLARATION + _BAD.sub("", "".join(_repaired(body))).encode("utf-8", "replace")


def _repaired(body: str) -> Iterator[str]:
    """The document with its references mended; CDATA holds text, so there only those that make parsers raise are."""
    position = 0
    while (start := body.find("<![CDATA[", position)) >= 0:
        yield _AMPERSAND.sub(_mended, body[position:start])
        end = body.find("]]>", start)
        position = end if end >= 0 else len(body)
        yield _REFERENCE.sub(_mended, body[start:position])
    yield _AMPERSAND.sub(_mended, body[position:])


def _find_root(text: str, warnings: Warnings) -> tuple[int, str]:
    """Where the root element begins, and its name as written."""
    start = first_element(text)
    found = _NAME.match(text, start) if start >= 0 else None
    if found is None:
        raise Unreadable("the document is no feed: it has no elements")
    if found.group(2).lower() in _KNOWN_ROOTS:
        return start, found.group(1)
    if found.group(2).lower() in _PAGE_ROOTS or "<!doctype html" in text[:start].lower():
        raise Unreadable(WEB_PAGE)
    later = _FEED_ROOT.search(text, start, start + _ROOT_SEARCH)
    if later is None:
        raise Unreadable(f"the document is no feed: its root element is <{clean_line(found.group(1), limit=60)}>")
    warnings.add("something stands before the feed; it was left out")
    return later.start(), later.group(1)


def first_element(text: str) -> int:
    """The offset of the first start tag, past declarations, comments and a DOCTYPE with all that is in it; -1 if none."""
    position = 0
    while (start := text.find("<", position)) >= 0:
        if text.startswith("<!--", start):
            end = text.find("-->", start + 4)
            position = end + 3
        elif text.startswith("<?", start):
            end = text.find("?>", start)
            position = end + 2
        elif text.startswith("<!", start):
            end = _declaration_end(text, start)
            position = end
        elif text[start + 1 : start + 2].isalpha() or text[start + 1 : start + 2] == "_":
            return start
        else:
            end = start
            position = start + 1
        if end < 0:
            return -1
    return -1


def _declaration_end(text: str, start: int) -> int:
    """Past a `<!…>`, with the internal subset that a DOCTYPE may have; -1 if it does not end."""
    close = text.find(">", start)
    bracket = text.find("[", start, close if close >= 0 else len(text))
    if bracket < 0:
        return close + 1 if close >= 0 else -1
    found = _SUBSET_END.search(text, bracket)
    return found.end() if found else -1


def _cut(body: str, tag: str, max_entries: int, warnings: Warnings) -> str:
    """Cut the document before the first item that is too many, so that the parser never sees a flood."""
    if body.count("item") + body.count("entry") <= max_entries:
        return body  # the quick way of nearly every feed
    for number, found in enumerate(_ITEM.finditer(body)):
        if number == max_entries:
            warnings.add(f"the feed has more than {max_entries} items; the rest was left out")
            closing = "</channel>" if tag.lower() == "rss" else ""
            return f"{body[: found.start()]}{closing}</{tag}>"
    return body


def _mended(found: re.Match[str]) -> str:
    """A reference that XML allows. Entities of HTML become numbers, since the DOCTYPE that might define them is gone;
    an ampersand that begins nothing, or an entity that nobody knows, is text.
    """
    decimal, hexadecimal, *names = found.groups()
    if decimal or hexadecimal:
        return _character(decimal or hexadecimal, 10 if decimal else 16)
    name = names[0]
    if name in _XML_NAMES:
        return found.group(0)
    known = html.entities.html5.get(f"{name};")
    if known is not None:
        return "".join(f"&#{ord(one)};" for one in known)
    return f"&amp;{name};" if name else "&amp;"


def _character(number: str, base: int) -> str:
    """A character reference; surrogates and numbers beyond Unicode, which make the parser raise, are replaced."""
    digits = number.lstrip("0") or "0"
    code = int(digits, base) if len(digits) <= _MAX_DIGITS else sys.maxunicode + 1
    if code in _NOT_XML:
        return ""
    if code in _SURROGATES or code > sys.maxunicode:
        return "\N{REPLACEMENT CHARACTER}"
    return f"&#{code};"
