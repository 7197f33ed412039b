"""Which reader a document goes to: by its file's name, or else by its first character. Runs in the parser's process."""

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

from monitor.feeds.endings import PAGE
from monitor.feeds.entries import Document, Reading, Unreadable
from monitor.feeds.jsonfeed import read_json
from monitor.feeds.pages import read_mail, read_markdown, read_page, read_text
from monitor.feeds.sitemap import is_sitemap, read_sitemap
from monitor.feeds.xmlfeed import read_xml

_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"


def read_feed(document: Document) -> Reading:
    """A feed of any format: JSON begins with a bracket, all others with an element. Raises Unreadable."""
    head = document.data[:4_096].lstrip(_BLANK)
    if not head and not document.data.lstrip(_BLANK):
        raise Unreadable("the document is empty")
    if head[:1] in {b"{", b"["}:
        return read_json(document)
    return read_sitemap(document) if is_sitemap(document) else read_xml(document)


READERS: Final[Mapping[str, Callable[[Document], Reading]]] = MappingProxyType(
    {
        ".txt": read_text,
        ".md": read_markdown,
        ".html": read_page,
        ".htm": read_page,
        ".eml": read_mail,
        ".xml": read_feed,
        ".rss": read_feed,
        ".atom": read_feed,
        ".json": read_feed,
    }
)


def read_document(document: Document) -> Reading:
    """The entries of a document. Raises Unreadable."""
    ending = PurePosixPath(document.name).suffix.lower()
    if ending == PAGE:
        from monitor.feeds.article_page import read_article  # noqa: PLC0415 - slow to load, and most never need it

        return read_article(document)
    return READERS.get(ending, read_feed)(document)
