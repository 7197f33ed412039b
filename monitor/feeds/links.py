"""Links that stand beside the articles: in Link headers (RFC 8288), and in the head of a feed, up to its first item.

Scanned as text, in a bounded and linear way: nothing is parsed for this, and nothing is resolved or followed here. Which
link means what is for the callers: hubs in `websub`, older pages in `paging`, feeds of a web page in `announced`.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Final

from monitor.feeds.encodings import decode

HEAD: Final = 65_536
"""Bytes of a document, or characters of a header, that are looked at."""
_LINK = re.compile(r"<([^<>]{0,4000})>((?:[^\",<>]|\"[^\"]{0,2000}\"){0,2000})")
_PARAMETER = re.compile(r";\s*([\w-]{1,60})\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_ELEMENT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,60}:)?link\s([^<>]{0,4000})>")
_ITEM = re.compile(r"<(?:[A-Za-z_][\w.-]{0,60}:)?(?:item|entry)[\s>]")
_ATTRIBUTE = re.compile(r"([\w:-]{1,60})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def of_header(value: str) -> Iterator[Mapping[str, str]]:
    """The links of a Link header: their parameters by name in lower case (of two the first counts), the address as `href`."""
    for match in _LINK.finditer(value[:HEAD]):
        said: dict[str, str] = {}
        for name, quoted, plain in _PARAMETER.findall(match[2]):
            said.setdefault(name.lower(), quoted or plain)
        yield {**said, "href": match[1]}


def of_head(body: bytes, content_type: str | None) -> Iterator[Mapping[str, str]]:
    """The `link` elements of an XML feed before its first item: their attributes by name in lower case."""
    text, _ = decode(body[:HEAD], content_type)
    item = _ITEM.search(text)
    for element in _ELEMENT.finditer(text, 0, item.start() if item else len(text)):
        found = _ATTRIBUTE.findall(element[1])
        yield {name.lower(): html.unescape(first or second) for name, first, second in found}


def is_json(body: bytes) -> bool:
    """Whether the document begins as a JSON object."""
    return body[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
