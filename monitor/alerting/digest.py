"""Alerts that are not about one article: the digest after an interruption, notices to the operator, the test.

A digest has a line for every alert that it carries, and nothing is left out; single alerts are kept for what is most
severe and newest. It must not decide when to look for late deliveries; `engine/flow.py` does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor import keys
from monitor.alerting.parts import deliveries_to
from monitor.model import (
    Alert,
    AlertKind,
    ArticleCard,
    Delivery,
    DigestLine,
    Excerpt,
    NewAlert,
    NewDelivery,
    Reason,
    Recipient,
    RuleKind,
    Severity,
    Subscriber,
    Tier,
)
from monitor.settings import DeliverySettings


def catch_up(
    pending: Sequence[Delivery], alerts: Mapping[str, Alert], *, now: datetime, settings: DeliverySettings
) -> tuple[NewAlert, NewDelivery, tuple[int, ...]] | None:
    """Fold late deliveries of one subscriber, channel and address (newest first) into a digest.

    The `max_singles` most severe, and among equals the newest, stay single alerts. Returns the digest, its delivery and
    the ids of the deliveries that it carries; None when there is nothing to fold. A delivery whose alert is not among
    `alerts` is left alone.
    """
    known = [delivery for delivery in pending if delivery.alert_key in alerts]
    by_weight = sorted(known, key=lambda delivery: -alerts[delivery.alert_key].severity.rank)
    singles = {delivery.id for delivery in by_weight[: settings.max_singles]}
    carried = [delivery for delivery in known if delivery.id not in singles]
    if not carried:
        return None
    newest, oldest = carried[0], carried[-1]
    told = [alerts[delivery.alert_key] for delivery in carried]
    window = f"{newest.channel} {newest.address} {oldest.key} {newest.key} {len(carried)}"
    digest = Alert(
        key=keys.alert_key(subscriber=newest.subscriber_id, rules=(), article="", kind=AlertKind.DIGEST, window=window),
        kind=AlertKind.DIGEST,
        subscriber_id=newest.subscriber_id,
        severity=max((alert.severity for alert in told), key=lambda severity: severity.rank),
        created_at=now,
        lines=tuple(_line(alert) for alert in told),
        timezone=told[0].timezone,
    )
    (delivery,) = deliveries_to(digest.key, [Recipient(channel=newest.channel, address=newest.address)])
    ids = tuple(one.id for one in carried)
    return NewAlert(alert=digest, deliveries=(delivery,)), delivery, ids


def notice(*, subscriber: Subscriber, subject: str, text: str, now: datetime, window: str) -> NewAlert:
    """Something about the monitor itself, for its operator. Notices of one window are one."""
    alert = Alert(
        key=keys.alert_key(subscriber=subscriber.id, rules=(), article="", kind=AlertKind.NOTICE, window=window),
        kind=AlertKind.NOTICE,
        subscriber_id=subscriber.id,
        severity=Severity.URGENT,
        created_at=now,
        subject=subject,
        text=text,
        timezone=subscriber.timezone,
    )
    return NewAlert(alert=alert, deliveries=deliveries_to(alert.key, subscriber.recipients))


def test_alert(*, subscriber_id: str, now: datetime, window: str) -> Alert:
    """An alert that shows what alerts look like, with an invented article in two scripts."""
    english = "Two transport planes landed at the Khmeimim air base on Tuesday, residents said."
    arabic = "هبطت طائرتا شحن في قاعدة حميميم الجوية يوم الثلاثاء."
    return Alert(
        key=keys.alert_key(subscriber=subscriber_id, rules=(), article="", kind=AlertKind.TEST, window=window),
        kind=AlertKind.TEST,
        subscriber_id=subscriber_id,
        severity=Severity.ROUTINE,
        created_at=now,
        article=ArticleCard(
            key="test",
            title="Planes land at Khmeimim",
            url="https://news.example/planes-land-at-khmeimim",
            outlet="Example News",
            feed_title="Example News: world",
            author="A. Writer",
            lang="en",
            published=now - timedelta(minutes=7),
            first_seen=now,
        ),
        reasons=(
            Reason(
                rule_id="test",
                rule_title="Khmeimim air base",
                rule_version="0000000000000000",
                kind=RuleKind.BASE,
                severity=Severity.ROUTINE,
                clauses=("names",),
                excerpts=(_marked(english, "Khmeimim air base"), _marked(arabic, "حميميم", rtl=True)),
                words=(("Khmeimim air base", Tier.EXACT), ("حميميم", Tier.TRANSLITERATED)),
            ),
        ),
        subject="the monitor can reach you here",
        text="This is a test that somebody asked for. The article below is invented; it shows what alerts look like.",
    )


def _line(alert: Alert) -> DigestLine:
    card = alert.article
    return DigestLine(
        alert_key=alert.key,
        title=card.title if card else alert.subject,
        url=card.url if card else None,
        outlet=(card.outlet or card.feed_title) if card else None,
        severity=alert.severity,
        rules=tuple(reason.rule_title for reason in alert.reasons),
        at=alert.created_at,
        rtl=card.rtl if card else False,
        story=alert.story,
        note=alert.spread.news if alert.spread else "",
    )


def _marked(text: str, word: str, *, rtl: bool = False) -> Excerpt:
    start = text.index(word)
    return Excerpt(field="body", text=text, marks=((start, start + len(word)),), rtl=rtl)
