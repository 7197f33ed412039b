"""Which feeds a web page announces: in Link headers, in `link` elements, and, only where there are none, in links that look
like feeds. Pure: text in, addresses out.

The page is scanned once as text, in linear time; no tree is built of it. Only what the page names is ever returned: no
address is guessed. Whether an address is a feed is for `discovery` to find out.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urldefrag, urlsplit

from monitor.feeds import links
from monitor.feeds.entries import web_link

_LONGEST: Final = 4_000_000
"""Characters of a page that are looked through."""
_MOST: Final = 50
"""Addresses that are taken from one page."""
_MARK = re.compile(r"<(?:!--|(base|link|a|script|style|template)(?=[\s/>]))", re.IGNORECASE)
# Possessive, and stopped by the next tag: there is nothing to come back to.
_REST = re.compile(r"((?>[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+'|[\"'])*+)>")
_ATTRIBUTE = re.compile(r"([^\s=>\"'/]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']++)))?")
_OPAQUE = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "template")}
_FEED_TYPES = frozenset(
    f"application/{name}" for name in ("rss+xml", "atom+xml", "feed+json", "rdf+xml", "json", "xml", "x-rss+xml")
) | {"text/xml", "text/rss+xml"}
_LOOKS = re.compile(
    r"/(?:feeds?|rss|atom|rdf)(?:\d(?:\.\d)?)?/?\Z"
    r"|\.(?:rss|atom|rdf)\Z"
    r"|/[\w.-]{0,60}?(?:feed|rss|atom|index|news)[\w.-]{0,60}\.(?:xml|json|rdf|rss|atom)\Z",
    re.IGNORECASE,
)
_LOOKS_QUERY = re.compile(r"(?:^|&)(?:feed|format|type|output)=(?:rss2?|atom|rdf|feed)(?:&|\Z)", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^[ \t]{0,20}sitemap[ \t]{0,20}:[ \t]{0,20}(\S{1,4000})", re.IGNORECASE | re.MULTILINE)


class Where(StrEnum):
    """Where an address was named; in words for people."""

    ITSELF = "the address itself"
    HEADER = "Link header"
    ELEMENT = "link element"
    ANCHOR = "link of the page"
    SITEMAP = "sitemap"
    INDEX = "index of sitemaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """An address that may be a feed."""

    url: str
    where: Where
    title: str = ""
    """What the page calls it."""


def leads_of_page(text: str, *, link: str | None, url: str) -> tuple[Lead, ...]:
    """The addresses that a page which came from `url`, with this Link header, announces as feeds or sitemaps, announced
    feeds first. Links that only look like feeds count when it announces no feed.
    """
    headers = (_announced(said, url, Where.HEADER) for said in links.of_header(link or ""))
    found = [lead for lead in headers if lead is not None]
    looking_so: list[Lead] = []
    base = url
    for tag, said in _tags(text[:_LONGEST]):
        if tag == "base":
            base = (web_link(said.get("href"), base=url) or url) if base is url else base
            continue
        lead = _announced(said, base, Where.ELEMENT if tag == "link" else Where.ANCHOR)
        if lead is not None:
            found.append(lead)
        elif tag == "a" and len(looking_so) < _MOST and (target := web_link(said.get("href"), base=base)):
            looking_so += [Lead(url=target, where=Where.ANCHOR, title=said.get("title", ""))] * _looks_like_feed(target)
    if all(lead.where is Where.SITEMAP for lead in found):
        found += looking_so
    return _each_once(sorted(found, key=lambda lead: lead.where is Where.SITEMAP))


def leads_of_robots(text: str, *, url: str) -> tuple[Lead, ...]:
    """The sitemaps that a robots.txt names."""
    found = (web_link(address, base=url) for address in _SITEMAP_LINE.findall(text[:_LONGEST]))
    return _each_once(Lead(url=target, where=Where.SITEMAP) for target in found if target)


def _announced(said: Mapping[str, str], base: str, where: Where) -> Lead | None:
    """The feed or sitemap that a link names, if it names one."""
    rels = said.get("rel", "").lower().split()
    kind = said.get("type", "").partition(";")[0].strip().lower()
    feed = "feed" in rels or ("alternate" in rels and "stylesheet" not in rels and kind in _FEED_TYPES)
    if not feed and "sitemap" not in rels:
        return None
    target = web_link(said.get("href"), base=base)
    if target is None or (kind == "application/json" and "/wp-json/" in target):
        return None  # the page itself, as the interface of a well-known program has it
    return Lead(url=target, where=where if feed else Where.SITEMAP, title=said.get("title", ""))


def _looks_like_feed(url: str) -> bool:
    parts = urlsplit(url)
    path = parts.path
    # An address inside a path is that of a service which subscribes to it or translates it.
    return "http" not in path and bool(_LOOKS.search(path) or _LOOKS_QUERY.search(parts.query))


def _each_once(found: Iterable[Lead]) -> tuple[Lead, ...]:
    kept: dict[str, Lead] = {}
    for lead in found:
        kept.setdefault(urldefrag(lead.url).url, lead)
    return tuple(kept.values())[:_MOST]


def _tags(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The tags that matter with their attributes; what stands in comments, scripts and templates is no tag."""
    position = 0
    while (mark := _MARK.search(text, position)) is not None:
        position = mark.end()
        name = (mark.group(1) or "").lower()
        if not name:
            end = text.find("-->", position)
        elif name in _OPAQUE:
            closing = _OPAQUE[name].search(text, position)
            end = closing.start() if closing else -1
        else:
            rest = _REST.match(text, position)
            if rest is not None:
                yield name, _attributes(rest.group(1))
                position = rest.end()
            continue
        if end < 0:
            return
        position = end


def _attributes(text: str) -> Mapping[str, str]:
    """Names in lower case; of two attributes of one name the first counts."""
    said: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        said.setdefault(name.lower(), html.unescape(double or single or bare).strip())
    return said
