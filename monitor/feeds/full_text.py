"""The page of one article: one GET through the guarded client, then the parse pool. Failures are values.

Apart from `fetch`, which knows feeds: a page has no validators, is asked for once, and must be a web page. The extraction
itself is in `article_page`, which only the parser's process loads.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from monitor.errors import RequestFailed
from monitor.feeds.endings import PAGE
from monitor.feeds.entries import Document, Unreadable
from monitor.feeds.fetch import refused
from monitor.feeds.pool import ParsePool
from monitor.model import ArticlePage, FetchErrorKind, FetchFailed, PageOutcome
from monitor.net import GuardedClient
from monitor.settings import FetchSettings

_ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9"
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_MAX_WIRE, _MAX_BODY = 3_000_000, 8_000_000
_NAME: Final = f"page{PAGE}"


async def read_page(
    client: GuardedClient, pool: ParsePool, url: str, settings: FetchSettings, answered: Callable[[], None]
) -> PageOutcome:
    """Fetch the page and take the article's text from it; `answered` is called between the two."""
    try:
        answer = await client.request(
            "GET",
            url,
            headers={"accept": _ACCEPT},
            deadline=settings.timeout.total_seconds(),
            max_wire_bytes=min(_MAX_WIRE, settings.max_wire_bytes),
            max_body_bytes=min(_MAX_BODY, settings.max_body_bytes),
            redirects=settings.max_redirects,
        )
    except RequestFailed as error:
        return FetchFailed(kind=FetchErrorKind(error.kind), detail=error.detail)
    answered()
    if answer.status != HTTPStatus.OK:
        return refused(answer)
    kind = answer.headers.get("content-type", "")
    media = kind.partition(";")[0].strip().lower()
    if media not in _PAGES:
        detail = f"the address has {media or 'something that does not say what it is'}, not a web page"
        return FetchFailed(kind=FetchErrorKind.PARSE, detail=detail[:200], status=answer.status)
    document = Document(data=answer.body, name=_NAME, content_type=kind, base=answer.url)
    try:
        reading = await pool.read(document)
    except Unreadable as error:
        # Without a status it was the parser's trouble, which may pass; with one the page is as it is.
        status = None if error.passing else answer.status
        return FetchFailed(kind=FetchErrorKind.PARSE, detail=str(error), status=status)
    (entry,) = reading.entries
    return ArticlePage(text=entry.body, url=answer.url, lang=entry.lang or entry.detected)
