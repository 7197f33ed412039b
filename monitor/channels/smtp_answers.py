"""What the answer of a mail server comes to: SMTP reply codes (RFC 5321, 4.2; RFC 3463) as a `SendResult`.

One rule behind the table: an answer that every message would get (greeting, EHLO, STARTTLS, AUTH, MAIL FROM) is about
the channel, an answer to RCPT is about the address, an answer to the text is about the message. Pure; the table of
`tests/unit/test_smtp_classes.py` is its specification.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from monitor.channels.words import detail
from monitor.model import FailureReason, Outcome, SendResult


class Stage(StrEnum):
    """Where in the conversation an answer came."""

    CONNECT = "connect"
    """The greeting."""
    HELLO = "EHLO"
    STARTTLS = "STARTTLS"
    LOGIN = "AUTH"
    RESET = "RSET"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    """The answer to the command, before any text is sent."""
    CONTENT = "message"
    """The answer after the final dot."""


_ENHANCED = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})(?!\d)")
_AUTH_CODES = frozenset({530, 534, 535, 538})
"""Authentication required, too weak, invalid, or only over TLS (RFC 4954, 6)."""
_CONTENT_CODES = frozenset({552, 554})
_CONGESTED = "4.5"
"""RFC 3463 X.4.5, mail system congestion: a provider's daily limit comes as a 5xx with this."""
_NO_UTF8 = "6.7"
"""RFC 6531: an address that is not ASCII is not permitted."""
_TOO_BIG = "3.4"
_TOO_BIG_CODE = 552
_CHANNEL_STAGES = frozenset({Stage.CONNECT, Stage.HELLO, Stage.STARTTLS, Stage.LOGIN, Stage.RESET, Stage.MAIL})
_STAGE_REASON = {Stage.LOGIN: FailureReason.AUTH_ERROR, Stage.STARTTLS: FailureReason.TLS_ERROR}


def refusal(stage: Stage, code: int, text: str, secrets: Iterable[str] = ()) -> SendResult | None:
    """What a reply that is not the hoped-for one comes to; None for the hoped-for one: the conversation goes on."""
    if code // 100 == (3 if stage is Stage.DATA else 2):
        return None
    found = _ENHANCED.match(text)
    enhanced = found[1] if found else ""
    if code // 100 == 4:  # noqa: PLR2004
        outcome, reason = _passing(stage, enhanced)
    elif code // 100 == 5:  # noqa: PLR2004
        outcome, reason = _lasting(stage, code, enhanced)
    else:
        # No SMTP. After the dot the message may have been taken all the same.
        outcome = Outcome.UNKNOWN if stage is Stage.CONTENT else Outcome.TRANSIENT
        reason = FailureReason.PROTOCOL_ERROR
    return SendResult(outcome=outcome, reason=reason, status=code, detail=detail(f"{stage}: {code} {text}", secrets))


def _passing(stage: Stage, enhanced: str) -> tuple[Outcome, FailureReason]:
    """4xx: not now. 421 is one of them, also after the dot: the server says that it did not take the message."""
    if enhanced == _CONGESTED:
        return Outcome.TRANSIENT, FailureReason.RATE_LIMITED
    return Outcome.TRANSIENT, _STAGE_REASON.get(stage, FailureReason.SERVER_ERROR)


def _lasting(stage: Stage, code: int, enhanced: str) -> tuple[Outcome, FailureReason]:
    """5xx: not this way."""
    if enhanced == _CONGESTED:
        return Outcome.TRANSIENT, FailureReason.RATE_LIMITED
    if code in _AUTH_CODES:
        return Outcome.BROKEN, FailureReason.AUTH_ERROR
    reason = _STAGE_REASON.get(stage, FailureReason.CLIENT_ERROR)
    if stage is Stage.MAIL and enhanced == _NO_UTF8:
        return Outcome.REFUSED, reason
    if _is_about_content(stage, code, enhanced):
        return Outcome.CONTENT, reason
    return (Outcome.BROKEN if stage in _CHANNEL_STAGES else Outcome.REFUSED), reason


def _is_about_content(stage: Stage, code: int, enhanced: str) -> bool:
    """Whether the message itself is refused, by its announced size or by what it says."""
    if stage is Stage.MAIL:
        return code == _TOO_BIG_CODE or enhanced == _TOO_BIG
    return stage is Stage.CONTENT and (code in _CONTENT_CODES or enhanced.startswith("6."))
