"""News sitemaps: a `urlset` whose addresses are marked with `news:news`, read with expat.

feedparser knows none. The text begins at the root like that of a feed, so that there is no DOCTYPE and no entity; what is
kept is bounded by the number of entries. An index of sitemaps is no feed: it says so, with the addresses that are most
likely one. Sitemaps are read in the parser's process only, under its limits of time and memory; the addresses of an index
also where feeds are discovered.
"""

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.parsers import expat

from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Entry, Raw, Reading, Unreadable, Warnings, clean_entry, web_link
from monitor.feeds.mending import first_element, mended

_ROOT = re.compile(r"<(?:[\w.-]{1,60}:)?(urlset|sitemapindex)[\s/>]")
_HEAD = 4_096
_MARK = re.compile(rb"urlset|sitemapindex")
_LONGEST = 20_000
_FIELDS = frozenset({"loc", "title", "publication_date", "language", "name", "keywords", "lastmod"})
_ENTRIES_DEPTH = 2
_MAX_CHILDREN = 50_000
"""The sitemaps that an index may name, by the protocol."""
_NAMED, _SHOWN = 3, 300
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def is_sitemap(document: Document) -> bool:
    """Whether the root element is one of sitemaps."""
    head = document.data[:_HEAD].replace(b"\0", b"")
    if not _MARK.search(head):
        return False
    text, _ = decode(document.data, document.content_type)
    return _ROOT.match(text, max(0, first_element(text))) is not None


class _Reader:
    """Expat's events to the fields of each address."""

    def __init__(self, limit: int, *, index: bool) -> None:
        self._limit, self._depth, self._field, self.index = limit, 0, "", index
        self._fields: dict[str, str] = {}
        self._is_news = False
        self.addresses = 0
        self.children: list[tuple[str, str]] = []
        """Address and time of the last change of each sitemap of an index."""
        self.news: list[dict[str, str]] = []
        self.found = 0

    def start(self, tag: str, _: object) -> None:
        self._depth += 1
        name = tag.rpartition(":")[2]
        if self._depth == _ENTRIES_DEPTH:
            self._fields, self._is_news = {}, False
        self._is_news = self._is_news or name == "news"
        # Images and videos have titles and addresses too, which are not those of the article.
        foreign = tag.startswith(("image:", "video:"))
        self._field = name if name in _FIELDS and not foreign else ""

    def text(self, data: str) -> None:
        held = self._fields.get(self._field, "") if self._field else ""
        if self._field and len(held) < _LONGEST:
            self._fields[self._field] = held + data[:_LONGEST]

    def end(self, _: str) -> None:
        self._field = ""
        if self._depth == _ENTRIES_DEPTH:
            self.addresses += 1
            if self.index and len(self.children) < _MAX_CHILDREN:
                self.children.append((self._fields.get("loc", ""), self._fields.get("lastmod", "")))
            if self._is_news:
                self.found += 1
                if len(self.news) < self._limit:
                    self.news.append(self._fields)
        self._depth -= 1


def read_sitemap(document: Document) -> Reading:
    """The articles of a news sitemap. Raises Unreadable."""
    warnings = Warnings()
    reader = _read(document, warnings)
    if reader.index:
        raise Unreadable(_index_sentence(_sorted(reader.children, document.base)))
    if reader.addresses and not reader.found:
        raise Unreadable("this sitemap marks none of its addresses as news")
    if reader.found > len(reader.news):
        warnings.add(f"the sitemap has {reader.found} articles; only the first {len(reader.news)} are read")
    made = [_entry(fields, document.base, warnings) for fields in reader.news]
    entries = tuple(entry for entry in made if entry is not None)
    return Reading(format="sitemap", entries=entries, warnings=warnings.all(), found=reader.found)


def children(document: Document) -> tuple[str, ...] | None:
    """The sitemaps that an index names: those with news in their addresses first, then the last changed. None if the
    document is no index, or cannot be read.
    """
    if not is_sitemap(document):
        return None
    try:
        reader = _read(document, Warnings())
    except Unreadable:
        return None
    return _sorted(reader.children, document.base) if reader.index else None


def _read(document: Document, warnings: Warnings) -> _Reader:
    """Raises Unreadable."""
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    body = text[max(0, first_element(text)) :]
    root = _ROOT.match(body)
    reader = _Reader(document.max_entries, index=root is None or root.group(1) == "sitemapindex")
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(mended(body), True)
    except expat.ExpatError as error:
        if not reader.addresses:
            raise Unreadable("the sitemap is broken and no address of it can be read") from error
        warnings.add(f"not well-formed, read as far as that goes: {expat.errors.messages[error.code]}")
    return reader


def _index_sentence(named: tuple[str, ...]) -> str:
    """What is said of an index where a feed was expected."""
    if not named:
        return "this is an index of sitemaps that names none"
    shown = ", ".join(url[:_SHOWN] for url in named[:_NAMED])
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"this is an index of sitemaps; poll those of them that have news: {shown}{more}"


def _sorted(found: list[tuple[str, str]], base: str) -> tuple[str, ...]:
    """The addresses of an index, the likeliest to have news first; each once."""
    dated = [(link, _date(changed) or _NEVER) for url, changed in found if (link := web_link(url, base=base))]
    dated.sort(key=lambda one: ("news" in urlsplit(one[0]).path.lower(), one[1]), reverse=True)
    return tuple(dict.fromkeys(link for link, _ in dated))


def _entry(fields: dict[str, str], base: str, warnings: Warnings) -> Entry | None:
    raw = Raw(
        title=fields.get("title", ""),
        body="",
        url=fields.get("loc", "").strip(),
        categories=[word.strip() for word in fields.get("keywords", "").split(",")],
        lang=fields.get("language"),
        outlet=fields.get("name"),
        published=_date(fields.get("publication_date") or fields.get("lastmod")),
    )
    return clean_entry(raw, base=base, warnings=warnings)


def _date(text: str | None) -> datetime | None:
    """A date of the W3C's profile of ISO 8601; in UTC where it says no zone."""
    try:
        date = datetime.fromisoformat((text or "").strip())
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
