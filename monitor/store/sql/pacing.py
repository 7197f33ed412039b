"""Pace and health of a feed to JSON and back, by hand: it is done at every poll, and a million feeds have one each.

What is as at the beginning is left out; times are integer microseconds, as in the columns. See `values.py`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from monitor.model import Bound, BoundKind, FeedCondition, Health, Move, Pace, PublisherHints
from monitor.model.pace import NEVER_UNWELL, NO_HINTS, NOTHING_LEARNT

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SPANS = ("fresh_for", "ttl", "update_every")


def dump_pace(pace: Pace) -> str:
    """As JSON; strings are such as can be written."""
    if pace == NOTHING_LEARNT:
        return "{}"
    hints = pace.hints
    move = pace.move
    return _dumped(
        {
            "gap": _micros(pace.gap),
            "longest": _micros(pace.longest),
            "seen": pace.gaps_seen,
            "first": _stamp(pace.first),
            "latest": _stamp(pace.latest),
            "listed": pace.listed,
            "format": pace.format,
            "hints": None if hints == NO_HINTS else _hints(hints),
            "bounds": [[bound.kind.value, bound.span // _MICROSECOND] for bound in pace.bounds],
            "move": None if move is None else [_plain(move.to), _stamp(move.since), move.polls],
            "address": None if pace.address is None else _plain(pace.address),
            "unread": pace.unread,
        }
    )


def load_pace(raw: str) -> Pace:
    """The pace of that JSON."""
    if raw == "{}":
        return NOTHING_LEARNT
    value = orjson.loads(raw)
    hints, move = value.get("hints"), value.get("move")
    return Pace(
        gap=_span(value.get("gap")),
        longest=_span(value.get("longest")),
        gaps_seen=value.get("seen", 0),
        first=_time(value.get("first")),
        latest=_time(value.get("latest")),
        listed=value.get("listed", 0),
        format=value.get("format", ""),
        hints=NO_HINTS if hints is None else _said(hints),
        bounds=tuple(Bound(kind=BoundKind(kind), span=span * _MICROSECOND) for kind, span in value.get("bounds", ())),
        move=None if move is None else Move(to=move[0], since=_EPOCH + move[1] * _MICROSECOND, polls=move[2]),
        address=value.get("address"),
        unread=value.get("unread", False),
    )


def dump_health(health: Health) -> str:
    """As JSON, but for condition and since, which are columns."""
    if health == NEVER_UNWELL:
        return "{}"
    return _dumped(
        {
            "before": _unless_ok(health.before),
            "before_since": _stamp(health.before_since),
            "sign": _unless_ok(health.sign),
            "sign_since": _stamp(health.sign_since),
            "sign_polls": health.sign_polls,
            "failing_since": _stamp(health.failing_since),
            "told": [one.value for one in health.told],
            "format": health.format,
            "seen": _plain(health.seen),
        }
    )


def load_health(raw: str, condition: str, since: datetime | None) -> Health:
    """The health of that JSON and the columns."""
    if raw == "{}" and condition == "ok" and since is None:
        return NEVER_UNWELL
    value = orjson.loads(raw)
    return Health(
        condition=FeedCondition(condition),
        since=since,
        before=FeedCondition(value.get("before", "ok")),
        before_since=_time(value.get("before_since")),
        sign=FeedCondition(value.get("sign", "ok")),
        sign_since=_time(value.get("sign_since")),
        sign_polls=value.get("sign_polls", 0),
        failing_since=_time(value.get("failing_since")),
        told=tuple(FeedCondition(one) for one in value.get("told", ())),
        format=value.get("format", ""),
        seen=value.get("seen", ""),
    )


def _hints(hints: PublisherHints) -> dict[str, Any]:
    spans: dict[str, Any] = {name: _micros(getattr(hints, name)) for name in _SPANS}
    moved = None if hints.moved_to is None else _plain(hints.moved_to)
    return _kept(spans | {"skip_hours": hints.skip_hours, "skip_days": hints.skip_days, "moved_to": moved})


def _said(value: Mapping[str, Any]) -> PublisherHints:
    return PublisherHints(
        fresh_for=_span(value.get("fresh_for")),
        ttl=_span(value.get("ttl")),
        update_every=_span(value.get("update_every")),
        skip_hours=tuple(value.get("skip_hours", ())),
        skip_days=tuple(value.get("skip_days", ())),
        moved_to=value.get("moved_to"),
    )


def _kept(value: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as at the beginning. A span of nothing is something that was said."""
    return {name: one for name, one in value.items() if one or (one == 0 and name in _SPANS)}


def _dumped(value: Mapping[str, Any]) -> str:
    return orjson.dumps({name: one for name, one in value.items() if one}).decode()


def _unless_ok(condition: FeedCondition) -> str | None:
    return None if condition is FeedCondition.OK else condition.value


def _micros(span: timedelta | None) -> int | None:
    return None if span is None else span // _MICROSECOND


def _span(value: int | None) -> timedelta | None:
    return None if value is None else value * _MICROSECOND


def _stamp(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def _time(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + value * _MICROSECOND


def _plain(value: str) -> str:
    """A lone surrogate becomes U+FFFD, as in the columns."""
    return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
