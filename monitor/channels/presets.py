"""Shapes of webhooks that other programs know already: Miniflux's and Alertmanager's, made from our own data. Pure."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.alerting.signing import signature

STANDARD: Final = "standard"
MINIFLUX: Final = "miniflux"
ALERTMANAGER: Final = "alertmanager"
PRESETS: Final = (STANDARD, MINIFLUX, ALERTMANAGER)
_NOWHERE = ""


def request(
    preset: str,
    *,
    message: str,
    event: str,
    data: Mapping[str, Any],
    timestamp: int,
    secrets: Sequence[bytes],
) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a message. `message` is its id; `timestamp` is when this
    attempt is made, in Unix seconds.
    """
    headers = {"content-type": "application/json; charset=utf-8"}
    if preset == MINIFLUX:
        body = _json(_miniflux(data))
        headers["x-miniflux-event-type"] = "new_entries"
        if secrets:
            headers["x-miniflux-signature"] = hmac.new(secrets[0], body, hashlib.sha256).hexdigest()
    elif preset == ALERTMANAGER:
        body = _json(_alertmanager(data))
    else:
        moment = data.get("created_at")
        body = _json({"type": event, "timestamp": moment, "data": dict(data)})
    headers["webhook-id"] = message
    headers["webhook-timestamp"] = str(timestamp)
    if secrets and preset != MINIFLUX:
        headers["webhook-signature"] = signature(message, timestamp, body, secrets)
    return body, headers


def _miniflux(data: Mapping[str, Any]) -> dict[str, Any]:
    """The event `new_entries`: a feed and its entries."""
    article = data.get("article") or {}
    entries = [_entry(data, article)] if article else [_entry_of_line(data, one) for one in data.get("lines", ())]
    feed = {"title": article.get("feed_title") or "monitor", "site_url": _NOWHERE, "feed_url": _NOWHERE}
    return {
        "event_type": "new_entries",
        "feed": feed | {"id": 0, "user_id": 0},
        "entries": entries or [_entry(data, data)],
    }


def _entry(data: Mapping[str, Any], article: Mapping[str, Any]) -> dict[str, Any]:
    reasons = data.get("reasons", ())
    said = [f"{one['rule_title']}: {', '.join(each['word'] for each in one['words'])}" for one in reasons]
    return {
        "id": 0,
        "hash": data["key"],
        "title": article.get("title") or data["title"],
        "url": article.get("url") or _NOWHERE,
        "author": article.get("author") or "",
        "published_at": article.get("published") or data["created_at"],
        "created_at": data["created_at"],
        "content": "\n".join(said) or data.get("text") or "",
        "tags": [one["rule"] for one in reasons],
        "starred": False,
        "status": "unread",
    }


def _entry_of_line(data: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    made = {"title": line["title"], "url": line["url"], "published": line["at"], "author": line["outlet"]}
    return _entry({**data, "reasons": (), "text": ", ".join(line["rules"])}, made)


def _alertmanager(data: Mapping[str, Any]) -> dict[str, Any]:
    """Version 4 of its webhook: a group with an alert for each rule that hit."""
    article = data.get("article") or {}
    common = {"severity": data["severity"], "subscriber": data["subscriber"], "kind": data["kind"]}
    reasons = data.get("reasons") or [{"rule": data["kind"], "rule_title": data["title"], "labels": {}, "words": ()}]
    alerts = [
        {
            "status": "firing",
            "labels": {
                **one["labels"],
                "alertname": one["rule"],
                **common,
                "severity": one.get("severity", data["severity"]),
            },
            "annotations": {
                "summary": article.get("title") or data["title"],
                "description": ", ".join(each["word"] for each in one["words"]) or data.get("text") or "",
                "outlet": article.get("outlet") or "",
            },
            "startsAt": article.get("published") or data["created_at"],
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": article.get("url") or _NOWHERE,
            "fingerprint": hashlib.sha256(f"{data['key']} {one['rule']}".encode()).hexdigest()[:16],
        }
        for one in reasons
    ]
    return {
        "version": "4",
        "groupKey": data.get("thread") or data["key"],
        "truncatedAlerts": data.get("reasons_left_out", 0),
        "status": "firing",
        "receiver": data["subscriber"],
        "groupLabels": {"story": data.get("story") or ""},
        "commonLabels": common,
        "commonAnnotations": {},
        "externalURL": _NOWHERE,
        "alerts": alerts,
    }


def _json(value: object) -> bytes:
    """UTF-8, with what it cannot carry replaced."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict, allow_nan=False)
    return text.encode("utf-8", "replace")
