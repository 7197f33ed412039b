"""Values of the model with everything set that a test does not care about."""

from datetime import UTC, datetime, timedelta

from monitor.model import (
    Alert,
    AlertKind,
    Article,
    ArticleCard,
    Delivery,
    DeliveryState,
    DigestLine,
    Excerpt,
    Match,
    Reason,
    Recipient,
    Rule,
    RuleKind,
    SendResult,
    Severity,
    Span,
    Subscriber,
    Tier,
)

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
MAIL = Recipient(channel="mail", address="desk@example.org")


def made(kind, defaults, given):
    return kind(**{**defaults, **given})


def article(title="Report", body="Planes at the Khmeimim air base.", **given):
    defaults = {
        "key": "k1",
        "feed_id": "f",
        "guid": "g",
        "url": "https://news.example/1",
        "title": title,
        "body": body,
        "outlet": "Example News",
        "published": NOW - timedelta(minutes=7),
    }
    return made(Article, defaults, given)


def spans(text, *words, field="body", term=None, tier=Tier.EXACT):
    """Spans of all places of the words in the text, in order."""
    found = []
    for word in words:
        at = text.find(word)
        while at >= 0:
            found.append(Span(field=field, start=at, end=at + len(word), text=word, term=term or word, tier=tier))
            at = text.find(word, at + 1)
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def rule(rule_id="khmeimim", **given):
    return made(Rule, {"id": rule_id, "kind": RuleKind.BASE, "title": rule_id.title()}, given)


def match(rule_id="khmeimim", **given):
    defaults = {
        "rule_id": rule_id,
        "rule_version": "v" * 16,
        "severity": Severity.ROUTINE,
        "score": None,
        "clauses": ("names",),
        "spans": spans("Planes at the Khmeimim air base.", "Khmeimim"),
    }
    return made(Match, defaults, given)


def subscriber(subscriber_id="desk", **given):
    return made(Subscriber, {"id": subscriber_id, "title": "Desk", "recipients": (MAIL,)}, given)


def delivery(number=1, **given):
    defaults = {
        "id": number,
        "key": f"d{number}",
        "alert_key": f"a{number}",
        "subscriber_id": "desk",
        "channel": "mail",
        "address": "desk@example.org",
        "state": DeliveryState.LEASED,
        "attempts": 1,
        "unknowns": 0,
        "plain": False,
        "created_at": NOW,
        "next_attempt": None,
        "sent_at": None,
        "last_error": None,
    }
    return made(Delivery, defaults, given)


def result(outcome, reason=None, **given):
    return SendResult(outcome=outcome, reason=reason, **given)


def excerpt(text="Planes at the Khmeimim air base.", marks=((14, 22),), **given):
    return made(Excerpt, {"field": "body", "text": text, "marks": marks}, given)


def reason(rule_id="khmeimim", **given):
    defaults = {
        "rule_id": rule_id,
        "rule_title": "Khmeimim air base",
        "rule_version": "0123456789abcdef",
        "kind": RuleKind.BASE,
        "severity": Severity.FLASH,
        "clauses": ("names",),
        "excerpts": (excerpt(),),
        "words": (("Khmeimim", Tier.EXACT),),
    }
    return made(Reason, defaults, given)


def card(title="Planes land at Khmeimim", **given):
    defaults = {
        "key": "k1",
        "title": title,
        "url": "https://news.example/1",
        "outlet": "Example News",
        "feed_title": "World",
        "author": "A. Writer",
        "lang": "en",
        "published": NOW - timedelta(minutes=7),
        "first_seen": NOW,
    }
    return made(ArticleCard, defaults, given)


def alert(kind=AlertKind.ARTICLE, **given):
    defaults = {
        "key": "f" * 64,
        "kind": kind,
        "subscriber_id": "desk",
        "severity": Severity.FLASH,
        "created_at": NOW,
    }
    if kind in {AlertKind.ARTICLE, AlertKind.REVISION}:
        defaults |= {"article": card(), "reasons": (reason(),)}
    return made(Alert, defaults, given)


def digest_line(number=1, **given):
    defaults = {
        "alert_key": f"a{number}",
        "title": f"Report {number}",
        "url": f"https://news.example/{number}",
        "outlet": "Example News",
        "severity": Severity.ROUTINE,
        "rules": ("Khmeimim air base",),
        "at": NOW - timedelta(minutes=number),
    }
    return made(DigestLine, defaults, given)
