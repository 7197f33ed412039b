"""What one address leads to: a feed, or the addresses of feeds that a page, an index of sitemaps or a robots.txt names.

One GET through the guarded client. Nothing is asked for that nobody named, and nothing is followed here: whoever asks
(`engine/discovery.py`) decides which of the leads are looked at, and how fast. Failures are values.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from monitor.errors import RequestFailed
from monitor.feeds import hints, sitemap, websub
from monitor.feeds.announced import Lead, Where, leads_of_page, leads_of_robots
from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document
from monitor.feeds.fetch import refused, unzipped
from monitor.model import Feed, FetchErrorKind, FetchFailed, Hub, ParsedFeed
from monitor.net import Answer, GuardedClient
from monitor.settings import FetchSettings

_ACCEPT: Final = "text/html, application/xhtml+xml, application/atom+xml;q=0.9, application/rss+xml;q=0.9, */*;q=0.5"
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_CHILDREN: Final = 5
"""So many sitemaps of an index are worth a look: those with news in their names, then the newest."""

Parse = Callable[[Feed, bytes, str | None], Awaitable[ParsedFeed | FetchFailed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What an address leads to."""

    url: str
    """Where it should be asked for: as it was given, or where a permanent redirect led."""
    came_from: str
    """Where the answer came from at last."""
    feed: ParsedFeed | None = None
    leads: tuple[Lead, ...] = ()
    hub: Hub | None = None
    """The WebSub hub that it names."""
    left_out: int = 0
    """Sitemaps of an index that are not among the leads."""


async def look(client: GuardedClient, parse: Parse, url: str, settings: FetchSettings) -> Looked | FetchFailed:
    """Get an address and see what it leads to."""
    try:
        answer = unzipped(
            await client.request(
                "GET",
                url,
                headers={"accept": _ACCEPT},
                deadline=settings.timeout.total_seconds(),
                max_wire_bytes=settings.max_wire_bytes,
                max_body_bytes=settings.max_body_bytes,
                redirects=settings.max_redirects,
            ),
            settings,
        )
    except RequestFailed as error:
        return FetchFailed(kind=FetchErrorKind(error.kind), detail=error.detail)
    if answer.status != HTTPStatus.OK:
        return refused(answer)
    obstacle = hints.obstacle(answer)
    if obstacle not in {None, "a web page"}:
        return FetchFailed(kind=FetchErrorKind.PARSE, detail=f"{obstacle} came instead", obstacle=obstacle)
    return await _read(parse, url, answer, page=obstacle is not None)


async def _read(parse: Parse, asked: str, answer: Answer, *, page: bool) -> Looked | FetchFailed:
    content_type = answer.headers.get("content-type")
    link = answer.headers.get("link")
    url = answer.permanent_url or asked
    hub = websub.discover(answer.body, content_type=content_type, link=link, url=answer.url)
    kind = (content_type or "").partition(";")[0].strip().lower()
    if not page:
        document = Document(data=answer.body, content_type=content_type, base=answer.url)
        children = sitemap.children(document)
        if children is not None:
            named = tuple(Lead(url=one, where=Where.INDEX) for one in children[:_CHILDREN])
            return Looked(url=url, came_from=answer.url, leads=named, left_out=max(0, len(children) - _CHILDREN))
        text, _ = decode(answer.body, content_type)
        if kind == "text/plain" and (sitemaps := leads_of_robots(text, url=answer.url)):
            return Looked(url=url, came_from=answer.url, leads=sitemaps)
        parsed = await parse(Feed(id="discover", url=answer.url), answer.body, content_type)
        if isinstance(parsed, ParsedFeed):
            return Looked(url=url, came_from=answer.url, feed=parsed, hub=hub)
        if kind not in _PAGES:
            what = f"neither a feed nor a web page ({kind or 'of no known type'}): {parsed.detail}"
            return FetchFailed(kind=FetchErrorKind.PARSE, detail=what)
    text, _ = decode(answer.body, content_type)
    leads = leads_of_page(text, link=link, url=answer.url)
    return Looked(url=url, came_from=answer.url, leads=leads, hub=hub)
