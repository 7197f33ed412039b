"""What follows from an attempt: sent, tried again when, or given up.

It stands apart because the promise "never dropped silently" is decided here, and because a mistake in it shows only
after days. It decides about one delivery; whether the whole channel rests is `breaker`'s matter. It asks no clock and
rolls no dice: `now` and `jitter` (0 to 1) come in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import Delivery, DeliveryState, FailureReason, Outcome, SendResult
from monitor.settings import DeliverySettings

DELAYS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
)
"""How long to wait after the first, second, … failed attempt; the last holds for all later ones."""
MAX_RETRY_AFTER = timedelta(hours=1)
"""No server's Retry-After holds us longer."""
_AWAY = frozenset({
    FailureReason.CONNECT_ERROR, FailureReason.TLS_ERROR, FailureReason.TIMEOUT, FailureReason.RATE_LIMITED,
})  # fmt: skip
"""Failures that say nothing of the message: the other side was not there, or had no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a delivery."""

    state: DeliveryState
    """`SENT`, `PENDING` (again at `next_attempt`) or `DEAD`."""
    next_attempt: datetime | None
    plain: bool
    """Send without formatting from now on."""
    unknown: bool
    """The outcome was lost: the message may have been taken, and a second copy may follow under the same key."""
    why: str
    """For people: the log, the list of deliveries, the operator's mail."""


def decide(
    delivery: Delivery, result: SendResult, *, number: int, now: datetime, settings: DeliverySettings, jitter: float
) -> Decision:
    """What follows from attempt `number` (1 for the first) of a delivery.

    A failure that will not pass kills it at once; one that may pass does so when the delivery is older than
    `max_age`, or at attempt `max_attempts`, unless the other side was merely away: an outage uses up time alone, or a
    weekend without the mail server would cost alerts that three days were promised to.
    """
    if result.outcome is Outcome.SENT:
        return Decision(state=DeliveryState.SENT, next_attempt=None, plain=delivery.plain, unknown=False, why="sent")
    detail = result.detail or (result.reason.value if result.reason else "no detail")
    if result.outcome is Outcome.REFUSED:
        return _dead(delivery, f"refused for good: {detail}")
    if result.outcome is Outcome.CONTENT:
        if delivery.plain:
            return _dead(delivery, f"refused for its content, also without formatting: {detail}")
        why = f"refused for its content, next without formatting: {detail}"
        return _again(now + _asked(result), plain=True, why=why)
    if result.outcome is Outcome.BROKEN:
        # No fault of the message: it stays until a person has mended the channel, and then goes at once.
        return _again(now + _asked(result), plain=delivery.plain, why=f"the channel is out of order: {detail}")
    unknown = result.outcome is Outcome.UNKNOWN
    given_up = _too_late(delivery, result, number=number, now=now, settings=settings)
    if given_up:
        return _dead(delivery, f"{given_up}; last: {detail}", unknown=unknown)
    wait = DELAYS[min(number, len(DELAYS)) - 1] * (0.5 + jitter / 2)
    why = f"the outcome was lost: {detail}" if unknown else f"failed for now: {detail}"
    return _again(now + max(wait, _asked(result)), plain=delivery.plain, unknown=unknown, why=why)


def _too_late(
    delivery: Delivery, result: SendResult, *, number: int, now: datetime, settings: DeliverySettings
) -> str | None:
    """Why a failure that may pass is not waited for any longer; None while it is."""
    if now - delivery.created_at >= settings.max_age:
        return f"not delivered within {settings.max_age.total_seconds() / 3600:g} h"
    away = result.outcome is Outcome.TRANSIENT and result.reason in _AWAY
    return f"not delivered in {number} attempts" if number >= settings.max_attempts and not away else None


def _asked(result: SendResult) -> timedelta:
    """How long the server asked us to wait, within reason."""
    return max(timedelta(0), min(result.retry_after or timedelta(0), MAX_RETRY_AFTER))


def _again(at: datetime, *, plain: bool, why: str, unknown: bool = False) -> Decision:
    return Decision(state=DeliveryState.PENDING, next_attempt=at, plain=plain, unknown=unknown, why=why)


def _dead(delivery: Delivery, why: str, *, unknown: bool = False) -> Decision:
    return Decision(state=DeliveryState.DEAD, next_attempt=None, plain=delivery.plain, unknown=unknown, why=why)
