"""RSS, RDF and Atom: feedparser behind our own door.

feedparser gets a stream of clean UTF-8 that begins at the root element, never bytes or text of the outside: given those
it opens files and URLs. What stands before the root (declaration, DOCTYPE, comments, white space) is dropped, which ends
the entity attacks and the quadratic head. Its sanitiser is off: it is quadratic, and `markup` makes text. Runs in
the parser's process only, under its limits of time and memory.
"""

import calendar
import io
import re
import xml.sax
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import feedparser
import feedparser.api

from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Entry, Raw, Reading, Unreadable, Warnings, clean_entry, language, web_link
from monitor.feeds.markup import looks_like_html, text_of
from monitor.feeds.mending import prepare
from monitor.text.clean import clean_line

# The binding of libxml2 of some systems opens DTD files, so only the parser of the standard library is used.
feedparser.api.PREFERRED_XML_PARSERS = []
# It is loaded now: an import that fails for want of memory would look like a system without a parser.
xml.sax.make_parser()  # noqa: S317 - nothing is parsed with it

_FOREIGN = re.compile(
    rb"(</?)(?!(?:content|dc|dcterms|atom|a10|rdf|rss|xhtml|html|source):)[A-Za-z_][A-Za-z0-9_.-]{0,60}:"
)


def read_xml(document: Document) -> Reading:
    """The entries of an RSS, RDF or Atom document. Raises Unreadable."""
    warnings = Warnings()
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    prepared = prepare(text, document.max_entries, warnings)
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
        found=len(entries),
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
