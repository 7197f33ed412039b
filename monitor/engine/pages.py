"""The verb `read`: the page of an article is read, matched and recorded after the poll that found the article.

    read      claim pages that are due ► fetch and extract ► match ► record (ONE transaction), with what waits for subscribers because of it

A poll never waits for a page: what the feed itself says is matched, stored and alerted at once, with the wish to read the
page in the same transaction. So a slow or broken page delays no alert, a crash forgets no page, and no article is dropped
before its page was read. The text of the page joins what the feed said, which stays in front of it, so that nothing that
hit by its words is lost.
"""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from monitor import alerting
from monitor.config import Loaded
from monitor.engine.parts import Parts
from monitor.errors import LeaseLost
from monitor.feeds.languages import contradicts
from monitor.matching.undecided import Openings
from monitor.model import Article, ArticlePage, FetchErrorKind, FetchFailed, FullText, Match, Subscriber
from monitor.store.page_protocol import PageClaim, PageRecord, RecordedPage
from monitor.store.protocol import NewArticle, NewRevision

PAUSE: Final = timedelta(seconds=1)
"""Between two pages of one host."""
WAITS: Final = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""After the first failure, the second, the third; the fourth is the last."""
_LONGEST_WAIT: Final = timedelta(hours=6)
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LASTING: Final = frozenset({FetchErrorKind.ADDRESS, FetchErrorKind.TOO_LARGE, FetchErrorKind.REDIRECTS})
_CUT: Final = re.compile(r"\s*(?:\[?(?:…|\.\.\.)\]?|\[&hellip;\])\s*\Z")


def wanted(
    loaded: Loaded,
    openings: Openings,
    full_text: FullText,
    stored: Sequence[NewArticle | NewRevision],
    *,
    now: datetime,
) -> tuple[str, ...]:
    """Keys of the articles of a poll whose pages are to be read. Pure but for the cache."""
    if full_text is FullText.NEVER:
        return ()
    found = [one for one in stored if one.article.url]
    if full_text is FullText.AUTO and found:
        undecided = openings.over(loaded.index)
        found = [
            one
            for one in found
            # Of a revision `matches` has only what is new, so what hits is asked again.
            if undecided.rules(one.article, loaded.index.hits(one.article, now), now)
        ]
    return tuple(one.article.key for one in found)


async def read(parts: Parts, claim: PageClaim, *, answered: Callable[[], None] = lambda: None) -> RecordedPage:
    """Read one claimed page and record what came of it. Raises StoreBusy; a lost lease is in the log only. `answered` is
    called when the host has answered, or failed to.
    """
    loaded = parts.live.loaded
    outcome = await parts.reader.page(claim.article.url or "", answered=answered)
    now = parts.clock()
    if isinstance(outcome, ArticlePage):
        record = await asyncio.to_thread(judge, loaded, parts.live.people, claim, outcome, now=now)
    else:
        record = _failed(claim, outcome, now, parts.jitter())
    try:
        recorded = await parts.store.record_page(record)
    except LeaseLost:
        parts.journal.lease_lost(article=claim.article_id)
        return RecordedPage()
    parts.journal.page(claim, record, recorded)
    return recorded


def judge(
    loaded: Loaded, people: Sequence[Subscriber], claim: PageClaim, page: ArticlePage, *, now: datetime
) -> PageRecord:
    """Match an article with the text of its page. Pure."""
    article = joined(claim.article, page)
    matches: tuple[Match, ...] = loaded.index.match(article, now=claim.first_seen)
    dropped = tuple(sorted(claim.hits.keys() - {match.rule_id for match in matches}))
    fresh = tuple(match for match in matches if claim.hits.get(match.rule_id) is not match.severity)
    return PageRecord(
        article_id=claim.article_id,
        lease=claim.lease,
        now=now,
        article=article,
        source=page.url,
        matches=fresh,
        dropped=dropped,
        waiting=alerting.waiting(
            article,
            fresh,
            before={
                rule_id: severity
                for rule_id, severity in claim.hits.items()
                if rule_id in dropped or any(match.rule_id == rule_id for match in fresh)
            },
            revision=claim.revision + 1,
            # Its publisher changed nothing: an article that nobody was told of is news, not a change of something.
            changed=False,
            story=claim.story,
            rules=loaded.index.rules,
            subscribers=people,
            now=now,
        ),
        host_pause=PAUSE,
    )


def joined(article: Article, page: ArticlePage) -> Article:
    """The article with the text of its page. What the feed said stays in front of it, unless the page says it too."""
    teaser = _CUT.sub("", article.body)
    same = " ".join(teaser.split()) in " ".join(page.text.split())
    body = page.text if same else f"{article.body}\n\n{page.text}"
    text = f"{article.title} {body[:1000]}"
    lang = article.lang if article.lang and not contradicts(article.lang, text) else page.lang
    return dataclasses.replace(article, body=body, lang=lang)


def _failed(claim: PageClaim, failure: FetchFailed, now: datetime, jitter: float) -> PageRecord:
    """When the page is tried again, if it is. What a publisher refuses or does not have is not asked for again."""
    lasting = failure.kind in _LASTING if failure.status is None else failure.status not in _PASSING
    asked = min(failure.retry_after or timedelta(), _LONGEST_WAIT)
    again: datetime | None = None
    if not lasting and claim.attempts < len(WAITS):
        again = now + max(WAITS[claim.attempts] * (1 + jitter / 2), asked)
    return PageRecord(
        article_id=claim.article_id,
        lease=claim.lease,
        now=now,
        next_attempt=again,
        error=f"{failure.kind}: {failure.detail}",
        host_pause=max(PAUSE, asked),
    )
