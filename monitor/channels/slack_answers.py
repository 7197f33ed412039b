"""What the answer of a Slack incoming webhook comes to: status, headers and body as a `SendResult`.

Slack says most things in a word (`invalid_token`) or in JSON (`{"ok": false, "error": "ratelimited"}`); what is neither
comes from something between us and Slack, or from a server that is not Slack. Bodies that are not such a word are
never shown, since they may repeat the webhook's URL. Pure; the table of `tests/unit/test_slack_answers.py` is its
specification.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.model import FailureReason, Outcome, SendResult

_CONTENT = frozenset({
    "block_mismatch", "invalid_attachments", "invalid_blocks", "invalid_blocks_format", "invalid_json", "invalid_payload",
    "missing_text_or_fallback_or_attachments", "msg_blocks_too_long", "msg_too_long", "no_text", "too_many_attachments",
})  # fmt: skip
"""The message's form is refused."""
_CHANNEL_GONE = frozenset({
    "action_prohibited", "channel_is_archived", "channel_is_limited_access", "channel_not_found", "is_archived",
    "no_active_hooks", "no_permission", "not_in_channel", "no_service", "no_service_id", "no_team", "posting_to_channel_denied",
    "posting_to_general_channel_denied", "restricted_action", "team_disabled", "user_not_found",
})  # fmt: skip
"""Nothing gets through until someone mends the webhook."""
_NO_ENTRY = frozenset({
    "account_inactive", "invalid_auth", "invalid_token", "missing_scope", "not_allowed_token_type", "not_authed", "org_login_required", "token_expired",
    "token_revoked",
})  # fmt: skip
"""The webhook's secret is refused."""
_PASSING = frozenset({"fatal_error", "internal_error", "request_timeout", "rollup_error", "service_unavailable"})
_RATED = frozenset({"rate_limited", "ratelimited", "message_limit_exceeded"})
_WORD = re.compile(r"[a-z][a-z_]{1,39}")
_SECONDS = re.compile(r"[0-9]{1,9}")
_BY_STATUS = {
    400: (Outcome.CONTENT, FailureReason.CLIENT_ERROR),
    401: (Outcome.BROKEN, FailureReason.AUTH_ERROR),
    403: (Outcome.BROKEN, FailureReason.AUTH_ERROR),
    404: (Outcome.BROKEN, FailureReason.CLIENT_ERROR),
    405: (Outcome.BROKEN, FailureReason.CLIENT_ERROR),
    407: (Outcome.BROKEN, FailureReason.AUTH_ERROR),
    408: (Outcome.TRANSIENT, FailureReason.TIMEOUT),
    410: (Outcome.BROKEN, FailureReason.CLIENT_ERROR),
    413: (Outcome.CONTENT, FailureReason.CLIENT_ERROR),
    415: (Outcome.BROKEN, FailureReason.CLIENT_ERROR),
    422: (Outcome.CONTENT, FailureReason.CLIENT_ERROR),
    425: (Outcome.TRANSIENT, FailureReason.SERVER_ERROR),
    429: (Outcome.TRANSIENT, FailureReason.RATE_LIMITED),
}
_BY_CLASS = {
    2: (Outcome.TRANSIENT, FailureReason.PROTOCOL_ERROR),
    3: (Outcome.BROKEN, FailureReason.CLIENT_ERROR),
    4: (Outcome.REFUSED, FailureReason.CLIENT_ERROR),
    5: (Outcome.TRANSIENT, FailureReason.SERVER_ERROR),
}
_ODD = (Outcome.TRANSIENT, FailureReason.PROTOCOL_ERROR)
_EXPLAINED = {
    2: "the answer is not Slack's ok; a proxy page?",
    3: "the webhook's URL redirects; redirects are never followed, configure the final URL",
}


def classify(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None) -> SendResult:
    """What an answer comes to. `headers` have lower-case names; `now` serves a Retry-After that is a date.

    A word that Slack is known to say decides before the status does; otherwise the status decides.
    """
    accepted, word = _read(body)
    if accepted and 200 <= status < 300:  # noqa: PLR2004
        return SendResult(outcome=Outcome.SENT, status=status, detail="ok")
    outcome, reason = _by_word(word) or _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, _ODD)
    said = word or _EXPLAINED.get(status // 100, "")
    return SendResult(
        outcome=outcome,
        reason=reason,
        status=status,
        detail=f"HTTP {status}: {said}" if said else f"HTTP {status}",
        retry_after=retry_after(headers, now=now) if outcome is Outcome.TRANSIENT else None,
    )


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> timedelta | None:
    """Retry-After as a wait (RFC 9110, 10.2.3): seconds, or a date set against the answer's own Date, else `now`."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=int(value))
    until, at = _date(value), _date(headers.get("date", "")) or now
    if until is None or at is None:
        return None
    return max(until - at, timedelta(0))


def _read(body: bytes) -> tuple[bool, str]:
    """Whether the body says that the message was taken, and the word in it."""
    text = body.decode("utf-8", "replace").strip()
    if _WORD.fullmatch(text):
        return text == "ok", "" if text == "ok" else text
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False, ""
    if not isinstance(said, dict):
        return False, ""
    error = said.get("error")
    word = error if isinstance(error, str) and _WORD.fullmatch(error) else ""
    return said.get("ok") is True or said.get("success") is True, word


def _by_word(word: str) -> tuple[Outcome, FailureReason] | None:
    """What a word of Slack's means, whatever status it came with."""
    for words, outcome, reason in (
        (_CONTENT, Outcome.CONTENT, FailureReason.CLIENT_ERROR),
        (_CHANNEL_GONE, Outcome.BROKEN, FailureReason.CLIENT_ERROR),
        (_NO_ENTRY, Outcome.BROKEN, FailureReason.AUTH_ERROR),
        (_PASSING, Outcome.TRANSIENT, FailureReason.SERVER_ERROR),
        (_RATED, Outcome.TRANSIENT, FailureReason.RATE_LIMITED),
    ):
        if word in words:
            return outcome, reason
    return None


def _date(value: str) -> datetime | None:
    """An HTTP date, aware."""
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
