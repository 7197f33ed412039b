"""Who is told of an article: one alert a subscriber, with every rule of theirs that the article hits in it.

It stands apart because "I got it twenty times" and "it missed something" are both decided here. Keys come from `keys`,
so that the same poll done again makes the same alerts. It must not know how an alert looks or whether it can be sent.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from monitor import keys
from monitor.alerting.excerpts import excerpts
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    ArticleCard,
    Match,
    NewAlert,
    NewDelivery,
    Reason,
    Recipient,
    Rule,
    Severity,
    Subscriber,
    Tier,
)
from monitor.text.scripts import is_rtl

EXCERPTS_PER_RULE = 3


def route(  # noqa: PLR0913 - one decision over all of an article's circumstances
    *,
    article: Article,
    matches: Sequence[Match],
    told: Collection[str],
    dropped: Sequence[str],
    rules: Mapping[str, Rule],
    subscribers: Sequence[Subscriber],
    feed_title: str | None,
    first_seen: datetime,
    revision: int,
    now: datetime,
) -> tuple[NewAlert, ...]:
    """One alert for each subscriber who takes a rule that hit, with one delivery for each of their recipients.

    Of a revision (`revision` > 0) only rules that never hit the article before (`told` has those that did) raise an
    alert, so that a text that flaps between two forms alerts once; rules that it no longer hits are named in it.
    """
    kind = AlertKind.REVISION if revision else AlertKind.ARTICLE
    fresh = tuple(match for match in matches if not revision or match.rule_id not in told)
    if not fresh:
        return ()
    reasons = _ordered(reason_of(article, match, rules[match.rule_id]) for match in fresh)
    gone = tuple(rules[rule_id] for rule_id in dropped if rule_id in rules)
    card = card_of(article, feed_title, first_seen)
    alerts: list[NewAlert] = []
    for subscriber in subscribers:
        taken = tuple(one for one in reasons if takes(subscriber, rules[one.rule_id], one.severity))
        if not taken:
            continue
        ids = tuple(reason.rule_id for reason in taken)
        alert = Alert(
            key=keys.alert_key(subscriber=subscriber.id, rules=ids, article=article.key, kind=kind),
            kind=kind,
            subscriber_id=subscriber.id,
            severity=taken[0].severity,
            created_at=now,
            article=card,
            reasons=taken,
            dropped=tuple(rule.title for rule in gone if takes(subscriber, rule, rule.severity)),
            timezone=subscriber.timezone,
        )
        deliveries = deliveries_to(alert.key, subscriber.recipients)
        alerts.append(NewAlert(alert=alert, deliveries=deliveries, article_key=article.key, rule_ids=ids))
    return tuple(alerts)


def takes(subscriber: Subscriber, rule: Rule, severity: Severity) -> bool:
    """Whether the subscriber wants hits of this rule: named by id, kind or label (all when none is), severe enough."""
    named = (
        not (subscriber.rules or subscriber.kinds or subscriber.labels)
        or rule.id in subscriber.rules
        or rule.kind in subscriber.kinds
        or any(rule.labels.get(name) == value for name, value in subscriber.labels)
    )
    return named and severity.rank >= subscriber.severity.rank


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


def _ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Most severe first, then by rule id."""
    return tuple(sorted(reasons, key=lambda reason: (-reason.severity.rank, reason.rule_id)))


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
    )
