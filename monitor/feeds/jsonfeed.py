"""JSON Feed 1.0 and 1.1 (jsonfeed.org), by our own reader: feedparser has none.

Lenient where a reader can be: ids may be numbers, titles may be missing, a malformed item is left out with a warning and
the rest goes on. Runs in the parser's process only, under its limits.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Entry, Raw, Reading, Unreadable, Warnings, clean_entry, language
from monitor.feeds.markup import text_of
from monitor.text.clean import clean_line

_VERSIONS = {"https://jsonfeed.org/version/1": "json10", "https://jsonfeed.org/version/1.1": "json11"}
_MAX_DIGITS = 30


def read_json(document: Document) -> Reading:
    """The entries of a JSON Feed. Raises Unreadable."""
    warnings = Warnings()
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    feed = load(text)
    items = feed.get("items")
    if not isinstance(items, list):
        raise Unreadable("the document is JSON, but no JSON Feed: it has no list of items")
    version = _VERSIONS.get(_string(feed.get("version")).strip().rstrip("/").replace("http://", "https://"))
    if version is None:
        warnings.add("the document does not say that it is a JSON Feed; read as one")
    if len(items) > document.max_entries:
        warnings.add(f"the feed has more than {document.max_entries} items; the rest was left out")
    if not items:
        warnings.add("the feed has no items")
    made = [_entry(item, number, document.base, warnings) for number, item in enumerate(items[: document.max_entries])]
    return Reading(
        format=version or "json",
        entries=tuple(entry for entry in made if entry is not None),
        title=clean_line(_string(feed.get("title")), limit=300) or None,
        lang=language(_string(feed.get("language"))),
        warnings=warnings.all(),
        found=len(made),
    )


def load(text: str) -> Mapping[str, Any]:
    """The top object, whatever stands in it: huge numbers stay text, NaN and infinities are nothing,
    and raw control characters in strings, which the cleaner removes, are no mistake.
    """
    try:
        value = json.loads(text, strict=False, parse_int=_integer, parse_constant=lambda _: None)
    except RecursionError:
        raise Unreadable("the document is JSON nested too deep") from None
    except ValueError as error:
        raise Unreadable(f"the document is not valid JSON: {clean_line(str(error), limit=120)}") from error
    if not isinstance(value, dict):
        raise Unreadable("the document is JSON, but no JSON Feed: it is not an object")
    return value


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _entry(item: Any, number: int, base: str, warnings: Warnings) -> Entry | None:
    if not isinstance(item, dict):
        warnings.add(f"item {number + 1} is not an object and was left out")
        return None
    bodies = [
        text_of(_string(item.get("content_html"))),
        _string(item.get("content_text")),
        _string(item.get("summary")),
    ]
    tags = item.get("tags")
    raw_entry = Raw(
        guid=identity_of(item.get("id")),
        url=_string(item.get("url")) or _string(item.get("external_url")),
        title=_string(item.get("title")),
        body=max(bodies, key=len),
        author=_author(item),
        categories=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else (),
        lang=_string(item.get("language")),
        published=_date(item.get("date_published")) or _date(item.get("date_modified")),
    )
    return clean_entry(raw_entry, base=base, warnings=warnings)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def identity_of(value: Any) -> str | None:
    """An id as text: version 1.0 says that a number is to be taken as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _author(item: Mapping[str, Any]) -> str:
    """The names of `authors` (1.1), else of `author` (1.0)."""
    listed = item.get("authors")
    people = listed if isinstance(listed, list) else [item.get("author")]
    return ", ".join(name for one in people if isinstance(one, dict) and (name := _string(one.get("name"))))


def _date(value: Any) -> datetime | None:
    """An RFC 3339 date; one without a zone is taken as UTC."""
    try:
        date = datetime.fromisoformat(_string(value).strip())
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
