"""What an alert is put together from: the reason of a hit, the card of an article, one delivery for each recipient.

Keys come from `keys`, so that the same decision made again makes the same alerts. It must not know how an alert looks or
whether it can be sent.
"""

from collections.abc import Iterable
from datetime import datetime

from monitor import keys
from monitor.alerting.excerpts import excerpts
from monitor.model import (
    Article,
    ArticleCard,
    Match,
    NewDelivery,
    Reason,
    Recipient,
    Rule,
    Tier,
)
from monitor.text.scripts import is_rtl

EXCERPTS_PER_RULE = 3


def deliveries_to(alert_key: str, recipients: Iterable[Recipient]) -> tuple[NewDelivery, ...]:
    """One delivery for each recipient; one who is named twice is told once."""
    return tuple(
        NewDelivery(
            key=keys.delivery_key(alert=alert_key, channel=one.channel, address=one.address),
            channel=one.channel,
            address=one.address,
        )
        for one in dict.fromkeys(recipients)
    )


def reason_of(article: Article, match: Match, rule: Rule) -> Reason:
    """Why a rule hits the article, with the words and the sentences that show it."""
    words: dict[tuple[str, Tier], str] = {}
    for span in match.spans:
        word = " ".join(span.text.split())
        words.setdefault((word.casefold(), span.tier), word)  # Base at the start of a sentence is base again
    return Reason(
        rule_id=match.rule_id,
        rule_title=rule.title,
        rule_version=match.rule_version,
        kind=rule.kind,
        severity=match.severity,
        clauses=match.clauses,
        excerpts=excerpts(article, match.spans, EXCERPTS_PER_RULE),
        words=tuple((word, tier) for (_, tier), word in words.items()),
        score=match.score,
        labels=rule.labels,
    )


def card_of(article: Article, feed_title: str | None, first_seen: datetime) -> ArticleCard:
    """The snapshot of the article that the alert keeps."""
    return ArticleCard(
        key=article.key,
        title=article.title,
        url=article.url,
        outlet=article.outlet,
        feed_title=feed_title,
        author=article.author,
        lang=article.lang,
        published=article.published,
        first_seen=first_seen,
        rtl=is_rtl(article.title or article.body[:200]),
        feed_id=article.feed_id,
    )
