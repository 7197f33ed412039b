"""What goes into the parser's process and what comes out: values that are plain JSON on the way.

An `Entry` is clean by construction: `clean_entry` is the only way to one, and there every text passes the cleaner and
every link the http(s) check. Known to both processes; imports no parser and no network.
"""

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from monitor.text.clean import clean_line, clean_text

_MAX_TITLE = 500
_MAX_GUID = 1_000
_MAX_URL = 4_000
_MAX_CATEGORIES = 50
_MAX_WARNINGS = 50
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)
_SHORT_TITLE = 100
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*\s*\Z")


class Unreadable(Exception):
    """The document cannot be read; the message is one line for people."""

    def __init__(self, detail: str, *, passing: bool = False) -> None:
        super().__init__(detail)
        self.passing = passing
        """Whether the same document may well be read at the next try: the parser was stopped or died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes to be parsed, and what is known about them."""

    data: bytes
    name: str = ""
    """A file name, whose ending says what the document is; empty for what came from a feed's address."""
    content_type: str | None = None
    base: str = ""
    """The URL that relative links are relative to."""
    max_entries: int = 2_000

    def header(self) -> dict[str, Any]:
        """All but the bytes, for the way to the other process."""
        return {
            "name": self.name,
            "content_type": self.content_type,
            "base": self.base,
            "max_entries": self.max_entries,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One item as a reader found it: texts without markup, but not yet clean."""

    title: str
    body: str
    guid: str | None = None
    url: str | None = None
    author: str | None = None
    categories: Sequence[str] = ()
    lang: str | None = None
    outlet: str | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a document, cleaned but not yet an article: it does not know its feed."""

    guid: str | None
    url: str | None
    title: str
    body: str
    author: str | None
    categories: tuple[str, ...]
    lang: str | None
    outlet: str | None
    published: datetime | None
    detected: str | None = None
    """The language that the text looks like, where nobody said one, or one that cannot be."""

    def to_json(self) -> dict[str, Any]:
        """For the way back."""
        value = dataclasses.asdict(self)
        value["published"] = self.published.isoformat() if self.published else None
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Entry":
        """From the way back; raises TypeError or ValueError for what `to_json` cannot have made."""
        published = value["published"]
        return cls(
            **{
                **value,
                "categories": tuple(value["categories"]),
                "published": datetime.fromisoformat(published) if published else None,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a document came to."""

    format: str
    entries: tuple[Entry, ...]
    title: str | None = None
    lang: str | None = None
    warnings: tuple[str, ...] = ()
    found: int = 0
    """How many items were found, those that came to no entry included."""


class Warnings:
    """Collects what was odd: each sentence once, and not without end."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, sentence: str) -> None:
        """Note one sentence."""
        if sentence in self._counts or len(self._counts) < _MAX_WARNINGS:
            self._counts[sentence] = self._counts.get(sentence, 0) + 1

    def all(self) -> tuple[str, ...]:
        """The sentences, with how often each was noted."""
        return tuple(text if count == 1 else f"{text} ({count} times)" for text, count in self._counts.items())


def clean_entry(raw: Raw, *, warnings: Warnings, base: str = "") -> Entry | None:
    """A clean entry, or None when nothing is left to show. Relative links are resolved against `base`."""
    body = clean_text(raw.body)
    title = clean_line(raw.title, limit=_MAX_TITLE) or first_words(body)
    if not title:
        warnings.add("an item without title and text was left out")
        return None
    labels = dict.fromkeys(label for text in raw.categories if (label := clean_line(text, limit=200)))
    return Entry(
        guid=_clean_guid(raw.guid),
        url=web_link(raw.url, base=base, warnings=warnings),
        title=title,
        body=body,
        author=clean_line(raw.author or "", limit=200) or None,
        categories=tuple(labels)[:_MAX_CATEGORIES],
        lang=language(raw.lang),
        outlet=clean_line(raw.outlet or "", limit=200) or None,
        published=_plausible(raw.published, warnings),
    )


def web_link(url: str | None, *, base: str = "", warnings: Warnings | None = None) -> str | None:
    """The link if it is an absolute http(s) one, or becomes one by `base`; None otherwise."""
    text = _UNPRINTABLE.sub("", url or "")
    if not text:
        return None
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        link = parts.geturl()
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(link) <= _MAX_URL
    except ValueError:
        good = False
    if not good:
        if warnings is not None:
            warnings.add("a link that is not an http or https URL was dropped")
        return None
    return link


def language(tag: str | None) -> str | None:
    """The primary language of a BCP 47 tag in lower case; None if it is not one."""
    found = _LANGUAGE.match(tag or "")
    return found.group(1).lower() if found else None


def first_words(text: str, limit: int = _SHORT_TITLE) -> str:
    """A title from a text that has none: its first sentence, cut at a word if it is long."""
    line = clean_line(text.lstrip()[:2_000].partition("\n")[0], limit=2_000)
    end = re.search(r"[.!?…]['\"”’)]*\s|[。！？]", line)
    sentence = line[: end.end()].strip() if end else line
    if len(sentence) <= limit:
        return sentence
    cut = sentence[:limit]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:–—-") + "…"


def _clean_guid(guid: str | None) -> str | None:
    """A guid identifies, so it is never cut: a long one becomes its hash."""
    text = _UNPRINTABLE.sub(" ", guid or "").strip()
    if len(text) > _MAX_GUID:
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return text or None


def _plausible(published: datetime | None, warnings: Warnings) -> datetime | None:
    """The date unless it cannot be one of publication."""
    if published is None:
        return None
    if published > datetime.now(UTC) + _AHEAD:
        warnings.add("a date more than a day ahead was dropped")
        return None
    if published < _EARLIEST:
        warnings.add("a date before 1971 was dropped")
        return None
    return published
