"""RSS, RDF and Atom: feedparser behind our own door.

feedparser gets a stream of clean UTF-8 that begins at the root element, never bytes or text of the outside: given those
it opens files and URLs. What stands before the root (declaration, DOCTYPE, comments, white space) is dropped, which ends
the entity attacks and the quadratic head. Its sanitiser is off: it is quadratic, and `markup` makes text. Runs in
the parser's process only, under its limits of time and memory.
"""

import calendar
import html.entities
import io
import re
import sys
import xml.sax
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import feedparser
import feedparser.api

from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Entry, Raw, Reading, Unreadable, Warnings, clean_entry, language, web_link
from monitor.feeds.markup import looks_like_html, text_of
from monitor.text.clean import clean_line

# The binding of libxml2 of some systems opens DTD files, so only the parser of the standard library is used.
feedparser.api.PREFERRED_XML_PARSERS = []
# It is loaded now: an import that fails for want of memory would look like a system without a parser.
xml.sax.make_parser()  # noqa: S317 - nothing is parsed with it

WEB_PAGE: Final = "this is a web page, not a feed"

_ROOT_SEARCH = 65_536
_KNOWN_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_PAGE_ROOTS = frozenset({"html", "head", "body"})
_NAME = re.compile(r"<((?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60}))")
_FEED_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]{0,60}:)?(rss|feed|RDF))[\s>]", re.IGNORECASE)
_ITEM = re.compile(r"<(?:[A-Za-z_][\w.-]{0,60}:)?(?:item|entry)[\s>]")
_SUBSET_END = re.compile(r"\]\s*+>")
_REFERENCE = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
_AMPERSAND = re.compile(r"&(?:#([0-9]++);?|#[xX]([0-9a-fA-F]++);?|([A-Za-z][A-Za-z0-9]{0,40}+);)?")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF))
_SURROGATES = range(0xD800, 0xE000)
_FOREIGN = re.compile(
    rb"(</?)(?!(?:content|dc|dcterms|atom|a10|rdf|rss|xhtml|html|source):)[A-Za-z_][A-Za-z0-9_.-]{0,60}:"
)
_MAX_DIGITS = 8


def read_xml(document: Document) -> Reading:
    """The entries of an RSS, RDF or Atom document. Raises Unreadable."""
    warnings = Warnings()
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    prepared = _prepare(text, document.max_entries, warnings)
    parsed = _parsed(prepared, warnings)
    entries = parsed.get("entries") or ()
    feed = parsed.get("feed") or {}
    version = str(parsed.get("version") or "")
    if parsed.get("bozo"):
        warnings.add(f"not well-formed, read leniently: {clean_line(str(parsed.get('bozo_exception')), limit=200)}")
        if not entries:
            raise Unreadable("the document is broken and no item of it can be read")
    if not entries:
        warnings.add("the feed has no items")
    own_language = language(_get(feed, "language")) or language(_get(feed, "title_detail", "language"))
    # A file has no address; the feed's own link is the next best base of relative links.
    base = document.base or web_link(_string(_get(feed, "link"))) or ""
    made = [_entry(raw, version, base, own_language, warnings) for raw in entries[: document.max_entries]]
    return Reading(
        format=version or "xml",
        entries=tuple(entry for entry in made if entry is not None),
        title=clean_line(_text(_get(feed, "title_detail"), version), limit=300) or None,
        lang=own_language,
        warnings=warnings.all(),
    )


def _parsed(prepared: bytes, warnings: Warnings) -> Mapping[str, Any]:
    """What feedparser makes of it; if it raises, what it makes of it without the elements of namespaces that we do not
    read: a stray coordinate would cost the whole feed.
    """
    try:
        return _feedparser(prepared)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - it raises all kinds; the next try reports it
        warnings.add(f"the parser failed ({type(error).__name__}); read without foreign elements")
    try:
        return _feedparser(_FOREIGN.sub(rb"\1unread_", prepared))
    except MemoryError:
        raise
    except Exception as error:
        raise Unreadable(f"the parser failed: {type(error).__name__}") from error


def _feedparser(prepared: bytes) -> Mapping[str, Any]:
    # No base URL: it would become part of ids that are no URLs, and they would change when the feed moves.
    parsed: Mapping[str, Any] = feedparser.parse(
        io.BytesIO(prepared),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return parsed


# ── Before the parser ─────────────────────────────────────────────────────────────────────────────────────────────────


def _prepare(text: str, max_entries: int, warnings: Warnings) -> bytes:
    """UTF-8 that begins at the root element, with only such characters and references as XML may have."""
    start, tag = _find_root(text, warnings)
    closing = f"</{tag}>"
    end = text.rfind(closing)
    body = text[start : end + len(closing)] if end > start else text[start:]
    body = _cut(body, tag, max_entries, warnings)
    body = "".join(_repaired(body)).translate(_NOT_XML)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body.encode("utf-8", "replace")


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
    start = _first_element(text)
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


def _first_element(text: str) -> int:
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


# ── After the parser ──────────────────────────────────────────────────────────────────────────────────────────────────


def _entry(raw: Mapping[str, Any], version: str, base: str, inherited: str | None, warnings: Warnings) -> Entry | None:
    contents: Sequence[Any] = _get(raw, "content") or ()
    bodies = [_text(one, version) for one in (*contents, _get(raw, "summary_detail"))]
    tags: Sequence[Any] = _get(raw, "tags") or ()
    # The parser hands the feed's language down to each entry; only one of the entry's own says more than the operator.
    lang = _string(_get(raw, "language")) or _string(_get(raw, "title_detail", "language"))
    raw_entry = Raw(
        guid=_string(_get(raw, "id")),
        url=_link(raw),
        title=_text(_get(raw, "title_detail"), version),
        body=max(bodies, key=len),
        author=_author(raw),
        categories=[_string(_get(tag, "label")) or _string(_get(tag, "term")) for tag in tags],
        lang=lang if language(lang) != inherited else None,
        outlet=_text(_get(raw, "source", "title_detail"), version) or _string(_get(raw, "source", "title")),
        published=_date(raw),
    )
    return clean_entry(raw_entry, base=base, warnings=warnings)


def _get(mapping: Any, *path: str) -> Any:
    """A plain look-up: FeedParserDict's own guesses at other keys, and warns."""
    value = mapping
    for key in path:
        if not isinstance(value, dict):
            return None
        value = dict.get(value, key)
    return value


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _text(detail: Any, version: str) -> str:
    """The text of a construct by its type. Only Atom says reliably that a text is plain; others hold HTML undeclared."""
    value = _string(_get(detail, "value"))
    kind = _string(_get(detail, "type"))
    plain = kind == "text/plain" and (version.startswith("atom") or not looks_like_html(value))
    return value if plain else text_of(value)


def _link(raw: Mapping[str, Any]) -> str:
    """The link; the parser takes a guid for one where there is none, even a guid that is no address."""
    link = _string(_get(raw, "link"))
    return link if link != _get(raw, "id") or link.lower().startswith(("http://", "https://")) else ""


def _author(raw: Mapping[str, Any]) -> str:
    """The names of all authors, or what stands in their place."""
    authors: Sequence[Any] = _get(raw, "authors") or ()
    names = dict.fromkeys(name for one in authors if (name := _string(_get(one, "name"))))
    return text_of(", ".join(names) or _string(_get(raw, "author")))


def _date(raw: Mapping[str, Any]) -> datetime | None:
    """When it was published, else updated or created; feedparser has made UTC of it."""
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        value = _get(raw, key)
        if value:
            try:
                return datetime.fromtimestamp(calendar.timegm(value), UTC)
            except (ValueError, OverflowError, OSError, TypeError):
                continue
    return None
