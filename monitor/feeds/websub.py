"""WebSub (W3C, January 2018), the outgoing half: which hub a feed names, and what is asked of a hub.

A hub stands in Link headers (RFC 8288), which come first, in `link` elements of the document, or in `hubs` of a JSON Feed. The
head of the document is scanned as text, in a bounded and linear way; it is not parsed for this.
"""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from monitor.errors import RequestFailed
from monitor.feeds import links
from monitor.feeds.entries import web_link
from monitor.feeds.fetch import refused
from monitor.model import FetchErrorKind, FetchFailed, Hub
from monitor.net import GuardedClient
from monitor.settings import FetchSettings

_JSON: Final = 2_000_000
_MAX_ANSWER: Final = 65_536


def discover(body: bytes, *, content_type: str | None, link: str | None, url: str) -> Hub | None:
    """The hub of a document that came from `url` with this Link header, and the topic to ask it for; None if it names none."""
    found: dict[str, list[str]] = {"hub": [], "self": []}
    for source in (_of_header(link or ""), _of_document(body, content_type)):
        for rel, address in source:
            target = web_link(address, base=url)
            if target is not None:
                found[rel].append(target)
    if not found["hub"]:
        return None
    return Hub(url=found["hub"][0], topic=(*found["self"], url)[0])


def _of_header(value: str) -> Iterator[tuple[str, str]]:
    for said in links.of_header(value):
        yield from _wanted(said.get("rel", ""), said["href"])


def _of_document(body: bytes, content_type: str | None) -> Iterator[tuple[str, str]]:
    if links.is_json(body):
        yield from _of_json(body)
    elif b"hub" in body[: links.HEAD].lower().replace(b"\x00", b""):  # most feeds need not be looked at
        for said in links.of_head(body, content_type):
            yield from _wanted(said.get("rel", ""), said.get("href", ""))


def _of_json(body: bytes) -> Iterator[tuple[str, str]]:
    """JSON Feed 1.1: `hubs` with type and url; `feed_url` is the feed's own address."""
    if len(body) > _JSON or b'"hubs"' not in body:
        return
    try:
        feed: Any = json.loads(body)
    except (ValueError, RecursionError):
        return
    hubs = feed.get("hubs") if isinstance(feed, dict) else None
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and str(hub.get("type")).lower() == "websub":
            yield "hub", str(hub.get("url") or "")
            yield "self", str(feed.get("feed_url") or "")


def _wanted(rels: str, address: str) -> Iterator[tuple[str, str]]:
    for rel in rels.lower().split():
        if rel in {"hub", "self"}:
            yield rel, address


async def tell_hub(
    client: GuardedClient, hub: str, form: Mapping[str, str], settings: FetchSettings
) -> FetchFailed | None:
    """Ask a hub to subscribe or unsubscribe us; None when it took the request, which it confirms at our callback."""
    try:
        answer = await client.request(
            "POST",
            hub,
            headers={"content-type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
            deadline=settings.timeout.total_seconds(),
            max_wire_bytes=_MAX_ANSWER,
            max_body_bytes=_MAX_ANSWER,
        )
    except RequestFailed as error:
        return FetchFailed(kind=FetchErrorKind(error.kind), detail=error.detail)
    return None if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES else refused(answer)
