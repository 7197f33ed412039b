"""An alert as data, for programs: all that a mail says, in names that stay. Bounded; what is left out is counted.

The schema stands in docs/channels.md. Text is clean (one line, no controls), times are ISO 8601 in UTC.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from monitor.alerting.render.mail import notice_lines
from monitor.alerting.render.story import changes_of, marked_changes
from monitor.alerting.render.subject import subject
from monitor.alerting.render.view import MAX_EXCERPT, MAX_NAME, MAX_TITLE
from monitor.alerting.render.words import line, safe_link
from monitor.model import Alert, AlertKind, ArticleCard, DigestLine, Excerpt, Reason, WebhookContent

MOST: Final = 18_000
"""Bytes of the data as JSON: receivers of Standard Webhooks need not take more than 20 kB."""
_TYPES: Final = {
    AlertKind.ARTICLE: "alert.created",
    AlertKind.REVISION: "alert.updated",
    AlertKind.UPDATE: "alert.updated",
    AlertKind.DIGEST: "digest.created",
    AlertKind.NOTICE: "notice.created",
    AlertKind.TEST: "test.created",
}
_MOST_EXCERPTS = 3


def render_payload(alert: Alert, *, plain: bool, now: datetime, links: Mapping[str, str]) -> WebhookContent:
    """The alert as data; `plain` leaves out sentences, which are the larger part."""
    data: dict[str, object] = {
        "key": alert.key,
        "kind": alert.kind.value,
        "severity": alert.severity.value,
        "subscriber": alert.subscriber_id,
        "title": subject(alert),
        "created_at": alert.created_at.isoformat(),
        "sent_at": now.isoformat(),
        "story": alert.story or None,
        "thread": alert.thread or None,
    }
    if alert.article is not None:
        data["article"] = _article(alert.article)
    if alert.reasons:
        data["reasons"] = [_reason(one, plain=plain) for one in alert.reasons]
    data |= _more(alert)
    if alert.lines:
        data["lines"] = [_line(one) for one in alert.lines]
    if links:
        data["links"] = dict(links)
    return WebhookContent(type=_TYPES[alert.kind], data=_bounded(data))


def _more(alert: Alert) -> dict[str, object]:
    """What only some alerts have."""
    found: dict[str, object] = {}
    if alert.dropped:
        found["no_longer_hit"] = [line(one, MAX_NAME) for one in alert.dropped]
    if alert.changes:
        found["changes"] = [marked_changes(one) for one in changes_of(alert)]
    if alert.spread is not None:
        found["spread"] = {
            "outlets": alert.spread.outlets,
            "news": line(alert.spread.news, MAX_TITLE),
            "agency": alert.spread.wire,
            "copies": [
                {
                    "title": line(one.title, MAX_TITLE),
                    "url": _url(one.url),
                    "outlet": line(one.outlet or "", MAX_NAME) or None,
                }
                | {"lang": one.lang, "at": one.at.isoformat()}
                for one in alert.spread.copies
            ],
            "more": alert.spread.more,
        }
    if alert.period is not None:
        period = alert.period
        found["period"] = {
            "reason": period.reason.value,
            "since": period.since.isoformat(),
            "until": period.until.isoformat(),
            "note": line(period.note, MAX_TITLE) or None,
        }
    if alert.article is None and alert.text:
        found["text"] = "\n".join(notice_lines(alert))[:4_000]
    return found


def _article(card: ArticleCard) -> dict[str, object]:
    return {
        "key": card.key,
        "title": line(card.title, MAX_TITLE),
        "url": _url(card.url),
        "outlet": line(card.outlet or "", MAX_NAME) or None,
        "feed": card.feed_id or None,
        "feed_title": line(card.feed_title or "", MAX_NAME) or None,
        "author": line(card.author or "", MAX_NAME) or None,
        "lang": card.lang,
        "published": card.published.isoformat() if card.published else None,
        "first_seen": card.first_seen.isoformat(),
    }


def _reason(reason: Reason, *, plain: bool) -> dict[str, object]:
    return {
        "rule": reason.rule_id,
        "rule_title": line(reason.rule_title, MAX_NAME),
        "rule_version": reason.rule_version,
        "rule_kind": reason.kind.value,
        "severity": reason.severity.value,
        "labels": dict(reason.labels),
        "clauses": [line(one, MAX_NAME) for one in reason.clauses],
        "score": reason.score,
        "words": [{"word": line(word, 60), "tier": tier.value} for word, tier in reason.words[:12]],
        "excerpts": [] if plain else [_excerpt(one) for one in reason.excerpts[:_MOST_EXCERPTS]],
    }


def _excerpt(excerpt: Excerpt) -> dict[str, object]:
    """The sentence as it stands, so that the offsets of its marks hold."""
    text = excerpt.text[:MAX_EXCERPT]
    marks = [list(mark) for mark in excerpt.marks if mark[1] <= len(text)]
    return {"field": excerpt.field, "text": text, "marks": marks, "rtl": excerpt.rtl}


def _line(one: DigestLine) -> dict[str, object]:
    return {
        "title": line(one.title, MAX_TITLE),
        "url": _url(one.url),
        "outlet": line(one.outlet or "", MAX_NAME) or None,
        "severity": one.severity.value,
        "rules": [line(name, MAX_NAME) for name in one.rules],
        "at": one.at.isoformat(),
        "note": line(one.note, MAX_TITLE) or None,
        "story": one.story or None,
    }


def _url(url: str | None) -> str | None:
    link = safe_link(url)
    return link.url if link else None


def _bounded(data: dict[str, object]) -> dict[str, object]:
    """Within `MOST`: copies, lines and reasons are left out from the end, and counted."""
    spread = data.get("spread")
    parts = [("lines", data), ("reasons", data)]
    if isinstance(spread, dict):
        parts.insert(0, ("copies", spread))
    for name, holder in parts:
        over = _size(data) - MOST
        if over <= 0:
            break
        found = holder.get(name)
        if not isinstance(found, list):
            continue
        kept, least = list(found), 1 if name == "reasons" else 0
        while len(kept) > least and over > 0:
            over -= _size(kept.pop()) + 1
        holder[name] = kept
        holder[f"{name}_left_out"] = len(found) - len(kept)
    return data


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace"))
