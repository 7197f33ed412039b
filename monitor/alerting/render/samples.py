"""Alerts as they might be, one of each shape: what templates are tried with before they are taken."""

from datetime import UTC, datetime, timedelta

from monitor.model import (
    Alert,
    AlertKind,
    ArticleCard,
    Change,
    Copy,
    DigestLine,
    DigestReason,
    Edit,
    Excerpt,
    Period,
    Reading,
    Reason,
    RuleKind,
    Severity,
    Spread,
    Tier,
)

_AT = datetime(2026, 3, 3, 9, 41, tzinfo=UTC)


def samples() -> tuple[Alert, ...]:
    """An alert, a changed article that is part of a story, an Arabic one without dates, digests with and without lines, a notice."""
    card = ArticleCard(
        key="k", title="Planes <at> Khmeimim & Tartus", url="https://news.example/1", outlet="Example News",
        feed_title="World", author="A. Writer", lang="en", published=_AT, first_seen=_AT + timedelta(minutes=4), feed_id="f",
    )  # fmt: skip
    arabic = ArticleCard(
        key="a", title="قاعدة حميميم", url=None, outlet=None, feed_title=None, author=None, lang="ar", published=None,
        first_seen=_AT, rtl=True,
    )  # fmt: skip
    excerpt = Excerpt(field="body", text="Twelve planes landed at Khmeimim.", marks=((24, 32),), cut_right=True)
    reason = Reason(
        rule_id="khmeimim", rule_title="Khmeimim air base", rule_version="v1", kind=RuleKind.BASE,
        severity=Severity.URGENT, clauses=("names",), excerpts=(excerpt,), words=(("Khmeimim", Tier.EXACT),), score=3,
        labels={"country": "sy"}, seen_in="Another article",
    )  # fmt: skip
    copy = Copy(
        article_key="k2", title="A copy", url="https://other.example/2", outlet="Other", lang="ar", first_seen=_AT
    )
    spread = Spread(outlets=2, copies=(copy,), more=1, wire="Reuters", news="now 2 outlets, first Example News 09:41")
    change = Change(field="title", pieces=(("Two", Edit.SAME), ("planes", Edit.REMOVED), ("jets", Edit.ADDED)))
    line = DigestLine(
        alert_key="a", title=card.title, url=card.url, outlet="Example News", severity=Severity.URGENT,
        rules=("Khmeimim air base",), at=_AT, note="3 outlets",
    )  # fmt: skip
    period = Period(
        reason=DigestReason.CADENCE, since=_AT - timedelta(days=1), until=_AT, bars=(0, 2, 1),
        reading=Reading(articles=412, feeds=37, silent=2),
    )  # fmt: skip

    def made(kind: AlertKind, **given: object) -> Alert:
        fields = {"key": "key", "kind": kind, "subscriber_id": "desk", "severity": Severity.URGENT, "created_at": _AT}
        return Alert(**fields | given)  # type: ignore[arg-type]

    return (
        made(AlertKind.ARTICLE, article=card, reasons=(reason,), story="s", thread="key"),
        made(
            AlertKind.REVISION, article=card, reasons=(reason,), spread=spread, changes=(change,), dropped=("Tartus",)
        ),
        made(AlertKind.UPDATE, article=arabic, reasons=(reason,)),
        made(AlertKind.DIGEST, lines=(line, line), period=period),
        made(AlertKind.DIGEST, period=period),
        made(AlertKind.NOTICE, subject="Something is wrong", text="Look\nhere"),
    )
