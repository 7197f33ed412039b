"""What a request to a webhook comes to when there is no usable answer; shared by the channels that post over HTTP."""

import ssl
from collections.abc import Iterable

from monitor.channels.words import detail
from monitor.errors import RequestFailed
from monitor.model import FailureReason, FetchErrorKind, Outcome, SendResult

MAX_ANSWER = 65_536
_REASONS = {
    FetchErrorKind.DNS: FailureReason.CONNECT_ERROR,
    FetchErrorKind.CONNECT: FailureReason.CONNECT_ERROR,
    FetchErrorKind.TLS: FailureReason.TLS_ERROR,
    FetchErrorKind.TIMEOUT: FailureReason.TIMEOUT,
}


def failed(error: RequestFailed, secrets: Iterable[str]) -> SendResult:
    """What a request without a usable answer comes to."""
    kind = FetchErrorKind(error.kind)
    reason = _REASONS.get(kind, FailureReason.PROTOCOL_ERROR)
    outcome, hint = Outcome.TRANSIENT, ""
    if error.sent:
        outcome, hint = Outcome.UNKNOWN, "; the message may have been taken"
    elif kind is FetchErrorKind.ADDRESS:
        outcome, reason = Outcome.BROKEN, FailureReason.CONNECT_ERROR
        hint = "; a private address must be allowed by delivery.allow_private"
    elif kind is FetchErrorKind.TLS and _is_bad_certificate(error):
        outcome = Outcome.BROKEN
    return SendResult(outcome=outcome, reason=reason, detail=detail(f"{error.detail}{hint}", secrets))


def _is_bad_certificate(error: BaseException) -> bool:
    """Whether the other side's certificate, or our list of authorities, is the reason: waiting mends neither."""
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError | FileNotFoundError | PermissionError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
