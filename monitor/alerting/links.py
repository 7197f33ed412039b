"""Signed links in messages: what somebody may do without an account, by having received the message.

A token says what is done, for whom and until when, and carries a signature (HMAC-SHA256, RFC 2104, cut to 128 bits) under a
key of this monitor. Whoever has the link has what it allows: muting and unsubscribing for the one who got it, nothing else.
It must not know what a page looks like or who acts.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.model import Alert, AlertKind, LinkAction

VALID: Final = timedelta(days=90)
PATH: Final = "/a/"
_SIGNATURE: Final = 16
_LONGEST: Final = 2_000
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token allows."""

    action: LinkAction
    subscriber: str
    target: str = ""
    """The id of a story, feed or rule; of a false alarm the alert's key."""
    rule: str = ""
    """Of a false alarm: the rule that hit."""
    until: datetime


def sign(link: Link, key: bytes) -> str:
    """The token of a link: letters that stand in an address as they are."""
    fields = [_VERSION, link.action.value, link.subscriber, link.target, link.rule, int(link.until.timestamp())]
    payload = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(payload + _signature(payload, key)).decode().rstrip("=")


def read(token: str, keys: Sequence[bytes], now: datetime) -> Link | None:
    """The link of a token that one of the keys signed and that is still valid; None for anything else."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    # Every key is tried, so that the time says nothing of which one fits.
    if not max([hmac.compare_digest(signature, _signature(payload, key)) for key in keys], default=False):
        return None
    version, action, subscriber, target, rule, until = json.loads(payload)
    if version != _VERSION or until < now.timestamp():
        return None
    return Link(
        action=LinkAction(action),
        subscriber=subscriber,
        target=target,
        rule=rule,
        until=datetime.fromtimestamp(until, UTC),
    )


def _signature(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, hashlib.sha256).digest()[:_SIGNATURE]


def links_for(alert: Alert, *, key: bytes, base: str, now: datetime) -> Mapping[str, str]:
    """The addresses of all that the receiver of an alert may do, by `LinkAction`. `base` is where our pages are reached."""
    targets = {LinkAction.SETTINGS: ("", ""), LinkAction.UNSUBSCRIBE: ("", "")}
    if alert.kind in {AlertKind.NOTICE, AlertKind.TEST}:
        return {}
    if alert.story:
        targets[LinkAction.MUTE_STORY] = (alert.story, "")
    if alert.article is not None and alert.article.feed_id:
        targets[LinkAction.MUTE_FEED] = (alert.article.feed_id, "")
    if alert.reasons:
        rule = alert.reasons[0].rule_id
        targets[LinkAction.MUTE_RULE] = (rule, "")
        targets[LinkAction.UNSUBSCRIBE_RULE] = (rule, "")
        targets[LinkAction.FALSE_POSITIVE] = (alert.key, rule)
    until = now + VALID
    return {
        action.value: base.rstrip("/")
        + PATH
        + sign(
            Link(action=action, subscriber=alert.subscriber_id, target=target, rule=rule, until=until),
            key,
        )
        for action, (target, rule) in targets.items()
    }
