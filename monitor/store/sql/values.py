"""Rows to values and back: the one place that knows how each noun is written down.

Records that are never searched by are JSON, through pydantic's adapters for our dataclasses. A lone surrogate, which
cannot be written as UTF-8, becomes U+FFFD in columns and JSON alike (it is one character as well, so that offsets hold);
everything else comes back as it was. So no odd character of a feed can make a write fail.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pydantic import TypeAdapter

from monitor.keys import shard_of
from monitor.model import (
    Alert,
    Article,
    ChannelState,
    Delivery,
    DeliveryState,
    Feed,
    FeedKind,
    FeedState,
    FullText,
    Match,
    NewDelivery,
    Severity,
    Span,
    Validators,
)
from monitor.store.protocol import Attempt
from monitor.store.sql import pacing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SURROGATES = re.compile("[\ud800-\udfff]")
_ALERT: TypeAdapter[Alert] = TypeAdapter(Alert)
_SPANS: TypeAdapter[tuple[Span, ...]] = TypeAdapter(tuple[Span, ...])

Row = Any
"""A row of the driver, by column name."""


def stamp(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def stamp_or_none(at: datetime | None) -> int | None:
    """As `stamp`."""
    return None if at is None else stamp(at)


def time(value: int) -> datetime:
    """The time of a stamp, in UTC."""
    return _EPOCH + value * _MICROSECOND


def time_or_none(value: int | None) -> datetime | None:
    """As `time`."""
    return None if value is None else time(value)


def text(value: str) -> str:
    """Text that can be written: a lone surrogate becomes U+FFFD."""
    return value if value.isascii() else _SURROGATES.sub("\ufffd", value)


def text_or_none(value: str | None) -> str | None:
    """As `text`."""
    return None if value is None else text(value)


def _json(value: object) -> str:
    return text(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain))


def _plain(value: object) -> object:
    """What JSON has no word for: times, and read-only mappings, which labels come as."""
    return value.isoformat() if isinstance(value, datetime) else dict(cast("Mapping[str, object]", value))


def dumped(value: Sequence[str] | Mapping[str, str]) -> str:
    """A list or mapping of strings as JSON."""
    return _json(dict(value) if isinstance(value, Mapping) else list(value))


def dump_alert(alert: Alert) -> str:
    """The snapshot of an alert."""
    return _json(_ALERT.dump_python(alert, warnings="none"))


def load_alert(raw: str) -> Alert:
    """The alert of a snapshot."""
    return _ALERT.validate_python(json.loads(raw))


def feed_columns(feed: Feed) -> dict[str, object]:
    """What the operator says of a feed."""
    return {
        "id": text(feed.id),
        "url": text(feed.url),
        "kind": feed.kind.value,
        "title": text_or_none(feed.title),
        "outlet": text_or_none(feed.outlet),
        "lang": text_or_none(feed.lang),
        "categories": dumped(feed.categories),
        "labels": dumped(feed.labels),
        "every": None if feed.every is None else feed.every // _MICROSECOND,
        "full_text": feed.full_text.value,
        "shard": shard_of(feed.url if feed.kind is FeedKind.HTTP else feed.id),
    }


def feed(row: Row) -> Feed:
    """The feed of a row."""
    return Feed(
        id=row["id"],
        url=row["url"],
        kind=FeedKind(row["kind"]),
        title=row["title"],
        outlet=row["outlet"],
        lang=row["lang"],
        categories=_strings(row["categories"]),
        labels={} if row["labels"] == "{}" else json.loads(row["labels"]),
        every=None if row["every"] is None else row["every"] * _MICROSECOND,
        full_text=FullText(row["full_text"]),
    )


def _strings(raw: str) -> tuple[str, ...]:
    """A list of strings, which is empty for most feeds."""
    return () if raw == "[]" else tuple(json.loads(raw))


def state_columns(state: FeedState) -> dict[str, object]:
    """What is known of a feed between polls; one that moved for good goes to the shard of its new host."""
    moved = {"shard": shard_of(state.pace.address)} if state.pace.address else {}
    return moved | {
        "next_due": stamp(state.next_due),
        "etag": text_or_none(state.validators.etag),
        "last_modified": text_or_none(state.validators.last_modified),
        "body_hash": state.body_hash,
        "wire_hash": state.wire_hash,
        "fingerprints": state.fingerprints or None,
        "own_title": text_or_none(state.title),
        "own_lang": text_or_none(state.lang),
        "last_polled": stamp_or_none(state.last_polled),
        "last_ok": stamp_or_none(state.last_ok),
        "last_new": stamp_or_none(state.last_new),
        "failures": state.failures,
        "last_error": text_or_none(state.last_error),
        "pace": pacing.dump_pace(state.pace),
        "health": pacing.dump_health(state.health),
        "condition": state.health.condition.value,
        "condition_since": stamp_or_none(state.health.since),
        "gaps": state.gaps,
    }


def feed_state(row: Row) -> FeedState:
    """The state of a row of feeds."""
    return FeedState(
        next_due=time(row["next_due"]),
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        body_hash=row["body_hash"],
        wire_hash=row["wire_hash"],
        fingerprints=row["fingerprints"] or b"",
        title=row["own_title"],
        lang=row["own_lang"],
        last_polled=time_or_none(row["last_polled"]),
        last_ok=time_or_none(row["last_ok"]),
        last_new=time_or_none(row["last_new"]),
        failures=row["failures"],
        last_error=row["last_error"],
        pace=pacing.load_pace(row["pace"]),
        health=pacing.load_health(row["health"], row["condition"], time_or_none(row["condition_since"])),
        gaps=row["gaps"],
    )


def article_columns(article: Article) -> dict[str, object]:
    """All of an article but when it was seen."""
    return {
        "feed_id": text(article.feed_id),
        "key": article.key,
        "guid": text_or_none(article.guid),
        "url": text_or_none(article.url),
        "title": text(article.title),
        "body": text(article.body),
        "author": text_or_none(article.author),
        "categories": dumped(article.categories),
        "lang": text_or_none(article.lang),
        "outlet": text_or_none(article.outlet),
        "published": stamp_or_none(article.published),
        "text_hash": article.text_hash,
    }


def article(row: Row) -> Article:
    """The article of a row that has all columns of articles."""
    return Article(
        key=row["key"],
        feed_id=row["feed_id"],
        guid=row["guid"],
        url=row["url"],
        title=row["title"],
        body=row["body"],
        author=row["author"],
        categories=tuple(json.loads(row["categories"])),
        lang=row["lang"],
        outlet=row["outlet"],
        published=time_or_none(row["published"]),
        text_hash=row["text_hash"],
    )


def match_columns(match: Match) -> dict[str, object]:
    """A match as columns of hits."""
    return {
        "rule_id": text(match.rule_id),
        "rule_version": match.rule_version,
        "severity": match.severity.value,
        "rank": match.severity.rank,
        "score": match.score,
        "clauses": dumped(match.clauses),
        "spans": _json(_SPANS.dump_python(match.spans, mode="json")),
    }


def match(row: Row) -> Match:
    """The match of a row of hits."""
    return Match(
        rule_id=row["rule_id"],
        rule_version=row["rule_version"],
        severity=Severity(row["severity"]),
        score=row["score"],
        clauses=tuple(json.loads(row["clauses"])),
        spans=_SPANS.validate_python(json.loads(row["spans"])),
    )


def standing(raw: str) -> Mapping[str, Severity]:
    """Hits that stand, by rule."""
    return {rule_id: Severity(severity) for rule_id, severity in json.loads(raw).items()}


def delivery_columns(new: NewDelivery, alert: Alert, alert_id: int, now: datetime) -> dict[str, object]:
    """A delivery that is due at once."""
    return {
        "key": new.key,
        "alert_id": alert_id,
        "subscriber_id": text(alert.subscriber_id),
        "channel": text(new.channel),
        "address": text(new.address),
        "state": DeliveryState.PENDING.value,
        "rank": alert.severity.rank,
        "created_at": stamp(now),
        "next_attempt": stamp(now),
    }


def delivery(row: Row) -> Delivery:
    """The delivery of a row, which has the alert's key as `alert_key`."""
    return Delivery(
        id=row["id"],
        key=row["key"],
        alert_key=row["alert_key"],
        subscriber_id=row["subscriber_id"],
        channel=row["channel"],
        address=row["address"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        unknowns=row["unknowns"],
        plain=bool(row["plain"]),
        created_at=time(row["created_at"]),
        next_attempt=time_or_none(row["next_attempt"]),
        sent_at=time_or_none(row["sent_at"]),
        last_error=row["last_error"],
        carried_by=row["carried_by"],
    )


def attempt(row: Row) -> Attempt:
    """The attempt of a row."""
    return Attempt(
        delivery_id=row["delivery_id"],
        number=row["number"],
        worker=row["worker"],
        started_at=time(row["started_at"]),
        finished_at=time_or_none(row["finished_at"]),
        outcome=row["outcome"],
        reason=row["reason"],
        detail=row["detail"],
        status=row["status"],
    )


def channel_columns(state: ChannelState) -> dict[str, object]:
    """What is known of a channel."""
    return {
        "channel": text(state.channel),
        "failures": state.failures,
        "open_until": stamp_or_none(state.open_until),
        "probes": state.probes,
        "broken": text_or_none(state.broken),
        "noticed_at": stamp_or_none(state.noticed_at),
        "since": stamp_or_none(state.since),
    }


def channel_state(row: Row) -> ChannelState:
    """The state of a row of channels."""
    return ChannelState(
        channel=row["channel"],
        failures=row["failures"],
        open_until=time_or_none(row["open_until"]),
        probes=row["probes"],
        broken=row["broken"],
        noticed_at=time_or_none(row["noticed_at"]),
        since=time_or_none(row["since"]),
    )
