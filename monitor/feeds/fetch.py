"""One conditional GET of a feed, and what its answer means. The only module of feeds that knows HTTP.

Validators go back byte for byte as they came (RFC 9110, 13.1), always those of the latest answer; nothing is asked
twice in one poll; what a poll may cost is bounded by the client. With validators goes the wish to be sent new items only
(RFC 3229, `A-IM: feed`), unless the document that they are of could not be read: what is new since then is not all that
was never seen. See docs/feeds.md.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from monitor.errors import RequestFailed
from monitor.feeds import hints
from monitor.feeds.credentials import credentials_for
from monitor.keys import body_hash
from monitor.model import Feed, FeedState, FetchErrorKind, FetchFailed, NotModified, PublisherHints, Validators
from monitor.net import Answer, GuardedClient
from monitor.net.bodies import Inflater
from monitor.settings import FetchSettings

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.8, "
    "application/json;q=0.7, */*;q=0.5"
)
_SECONDS = re.compile(r"\s*(\d{1,9})\s*\Z")
_LONGEST = timedelta(days=365)
_GZIP = b"\x1f\x8b\x08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document that came, and is not the one of the last poll."""

    body: bytes
    body_hash: str
    content_type: str | None
    url: str
    """Where it came from at last."""
    validators: Validators
    wire_hash: str | None
    """Of the body as it came, before it was inflated."""
    hints: PublisherHints
    """What the answer and the head of the document say of the next poll."""
    obstacle: str | None = None
    """What this document is, if it looks like no feed."""
    link: str | None = None
    """The Link headers of the answer."""
    partial: bool = False
    """It has only the items that are new since the last answer."""


async def fetch(
    client: GuardedClient, feed: Feed, state: FeedState, settings: FetchSettings
) -> Fetched | NotModified | FetchFailed:
    """Ask for the feed, if it has changed since the last poll."""
    wishes = _wishes(state)
    try:
        answer = unzipped(
            await client.request(
                "GET",
                feed.url,
                headers={"accept": _ACCEPT} | wishes,
                deadline=settings.timeout.total_seconds(),
                max_wire_bytes=settings.max_wire_bytes,
                max_body_bytes=settings.max_body_bytes,
                redirects=settings.max_redirects,
                known_wire_hash=state.wire_hash,
                credentials=credentials_for(feed, settings),
            ),
            settings,
        )
    except RequestFailed as error:
        return FetchFailed(kind=FetchErrorKind(error.kind), detail=error.detail)
    return _judged(answer, state, wishes)


def _judged(answer: Answer, state: FeedState, wishes: Mapping[str, str]) -> Fetched | NotModified | FetchFailed:
    """What an answer means for a feed of which this was known."""
    said = hints.of_answer(answer, datetime.now(UTC))
    if answer.status == HTTPStatus.NOT_MODIFIED and state.validators != Validators():
        return NotModified(validators=_updated(state.validators, answer), hints=said)
    partial = _is_partial(answer)
    if answer.status == HTTPStatus.IM_USED and not (partial and "a-im" in wishes):
        # A difference that nobody can read, or to nothing: the whole is asked for next time.
        return dataclasses.replace(refused(answer), validators=Validators())
    if answer.status not in {HTTPStatus.OK, HTTPStatus.IM_USED}:
        return refused(answer)
    validators = _validators(answer)
    digest = body_hash(answer.body)
    if answer.same_wire or digest == state.body_hash:
        # Unchanged, but the new validators count: the old ones may never match again.
        if validators.etag and validators.etag == state.validators.etag and validators.last_modified:
            # It does not know its own tag again (Apache, when it compresses), and where there is a tag the date does not
            # count (RFC 9110, 13.1.3): so the date alone.
            validators = Validators(last_modified=validators.last_modified)
        return NotModified(validators=validators, status=answer.status, hints=said, wire_hash=answer.wire_hash)
    return Fetched(
        body=answer.body,
        body_hash=digest,
        content_type=answer.headers.get("content-type"),
        url=answer.url,
        validators=validators,
        wire_hash=answer.wire_hash,
        hints=hints.of_document(said, answer.body),
        obstacle=hints.obstacle(answer),
        link=answer.headers.get("link"),
        partial=partial,
    )


def unzipped(answer: Answer, settings: FetchSettings) -> Answer:
    """The answer, with the file in it inflated if it is one of gzip, as sitemaps may be. Raises RequestFailed."""
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES or not answer.body.startswith(_GZIP):
        return answer
    inflater = Inflater("gzip", max_wire=len(answer.body), max_body=settings.max_body_bytes)
    inflater.add(answer.body)
    return dataclasses.replace(answer, body=inflater.finish())


def _wishes(state: FeedState) -> dict[str, str]:
    """Both validators, where there are both: If-None-Match counts for those who know it."""
    conditions = {"if-none-match": state.validators.etag, "if-modified-since": state.validators.last_modified}
    sent = {name: value for name, value in conditions.items() if value}
    return sent | {"a-im": "feed"} if sent and not state.pace.unread else sent


def _is_partial(answer: Answer) -> bool:
    """Whether an answer brings new items only. A 226 must say what was done to it; where it does not, this is the reading
    that can do no harm. Some servers say so with a 200.
    """
    done = {word.partition(";")[0].strip().lower() for word in answer.headers.get("im", "").split(",")} - {""}
    return done == {"feed"} or (not done and answer.status == HTTPStatus.IM_USED)


def _validators(answer: Answer) -> Validators:
    return Validators(
        etag=answer.headers.get("etag") or None, last_modified=answer.headers.get("last-modified") or None
    )


def _updated(old: Validators, answer: Answer) -> Validators:
    """A 304 may bring new validators; those that it leaves out stay (RFC 9111, 3.2). A tag that was not asked with is not
    taken: see above.
    """
    new = _validators(answer)
    return Validators(etag=old.etag and (new.etag or old.etag), last_modified=new.last_modified or old.last_modified)


def refused(answer: Answer) -> FetchFailed:
    """An answer that brings no document, as a failure."""
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    return FetchFailed(
        kind=FetchErrorKind.STATUS,
        detail=f"HTTP {answer.status}{phrase}",
        status=answer.status,
        retry_after=retry_after(answer.headers.get("retry-after"), datetime.now(UTC)),
        obstacle=hints.obstacle(answer),
    )


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a server asks to wait: seconds or a date (RFC 9110, 10.2.3). None if it does not say so readably."""
    seconds = _SECONDS.match(value or "")
    if seconds:
        return min(timedelta(seconds=int(seconds.group(1))), _LONGEST)
    date = hints.http_date(value)
    return None if date is None else min(max(date - now, timedelta()), _LONGEST)
