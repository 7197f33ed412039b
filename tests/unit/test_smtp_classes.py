"""What each answer of a mail server comes to."""

import pytest

from monitor.channels.smtp_answers import Stage, refusal
from monitor.model import FailureReason, Outcome

S, O, R = Stage, Outcome, FailureReason  # noqa: E741

GO_ON = [
    (S.CONNECT, 220),
    (S.HELLO, 250),
    (S.STARTTLS, 220),
    (S.LOGIN, 235),
    (S.RESET, 250),
    (S.MAIL, 250),
    (S.RCPT, 250),
    (S.RCPT, 251),  # will forward
    (S.RCPT, 252),  # cannot verify, but takes it
    (S.DATA, 354),
    (S.CONTENT, 250),
]

ANSWERS = [
    # the channel: what every message would be told
    (S.CONNECT, 421, "4.3.2 shutting down", O.TRANSIENT, R.SERVER_ERROR),
    (S.CONNECT, 450, "busy", O.TRANSIENT, R.SERVER_ERROR),
    (S.CONNECT, 554, "no SMTP service here", O.BROKEN, R.CLIENT_ERROR),
    (S.CONNECT, 521, "does not accept mail", O.BROKEN, R.CLIENT_ERROR),
    (S.HELLO, 504, "need a full name", O.BROKEN, R.CLIENT_ERROR),
    (S.HELLO, 550, "bad EHLO", O.BROKEN, R.CLIENT_ERROR),
    (S.HELLO, 421, "too busy", O.TRANSIENT, R.SERVER_ERROR),
    (S.STARTTLS, 454, "TLS not available", O.TRANSIENT, R.TLS_ERROR),
    (S.STARTTLS, 501, "syntax", O.BROKEN, R.TLS_ERROR),
    (S.LOGIN, 535, "5.7.8 wrong password", O.BROKEN, R.AUTH_ERROR),
    (S.LOGIN, 534, "5.7.9 application password required", O.BROKEN, R.AUTH_ERROR),
    (S.LOGIN, 504, "mechanism unknown", O.BROKEN, R.AUTH_ERROR),
    (S.LOGIN, 454, "4.7.0 temporary failure", O.TRANSIENT, R.AUTH_ERROR),
    (S.LOGIN, 421, "too many logins", O.TRANSIENT, R.AUTH_ERROR),
    (S.RESET, 500, "what?", O.BROKEN, R.CLIENT_ERROR),
    (S.MAIL, 530, "5.7.0 authentication required", O.BROKEN, R.AUTH_ERROR),
    (S.MAIL, 538, "encryption required", O.BROKEN, R.AUTH_ERROR),
    (S.MAIL, 550, "5.7.1 sender refused", O.BROKEN, R.CLIENT_ERROR),
    (S.MAIL, 553, "5.7.1 sender is not yours", O.BROKEN, R.CLIENT_ERROR),
    (S.MAIL, 501, "5.1.7 bad sender", O.BROKEN, R.CLIENT_ERROR),
    (S.MAIL, 451, "4.7.1 try later", O.TRANSIENT, R.SERVER_ERROR),
    (S.MAIL, 421, "4.4.2 idle too long", O.TRANSIENT, R.SERVER_ERROR),
    # the message, by its announced size; the address, by its letters
    (S.MAIL, 552, "5.3.4 too big", O.CONTENT, R.CLIENT_ERROR),
    (S.MAIL, 554, "5.3.4 too big for the system", O.CONTENT, R.CLIENT_ERROR),
    (S.MAIL, 452, "4.3.1 no space", O.TRANSIENT, R.SERVER_ERROR),
    (S.MAIL, 550, "5.6.7 address not permitted", O.REFUSED, R.CLIENT_ERROR),
    # the recipient
    (S.RCPT, 550, "5.1.1 no such user", O.REFUSED, R.CLIENT_ERROR),
    (S.RCPT, 551, "user not local", O.REFUSED, R.CLIENT_ERROR),
    (S.RCPT, 552, "5.2.2 mailbox full", O.REFUSED, R.CLIENT_ERROR),
    (S.RCPT, 553, "name not allowed", O.REFUSED, R.CLIENT_ERROR),
    (S.RCPT, 554, "5.7.1 relay denied", O.REFUSED, R.CLIENT_ERROR),
    (S.RCPT, 501, "syntax", O.REFUSED, R.CLIENT_ERROR),
    (S.RCPT, 530, "5.7.0 authentication required", O.BROKEN, R.AUTH_ERROR),
    (S.RCPT, 550, "5.4.5 daily limit", O.TRANSIENT, R.RATE_LIMITED),  # X.4.5: a limit that passes, said as 5xx
    (S.RCPT, 450, "4.2.0 greylisted", O.TRANSIENT, R.SERVER_ERROR),
    (S.RCPT, 451, "4.3.0 local error", O.TRANSIENT, R.SERVER_ERROR),
    (S.RCPT, 452, "4.4.5 too much mail", O.TRANSIENT, R.RATE_LIMITED),
    (S.RCPT, 421, "closing", O.TRANSIENT, R.SERVER_ERROR),
    # the command before the text
    (S.DATA, 554, "no valid recipients", O.REFUSED, R.CLIENT_ERROR),
    (S.DATA, 503, "bad sequence", O.REFUSED, R.CLIENT_ERROR),
    (S.DATA, 451, "aborted", O.TRANSIENT, R.SERVER_ERROR),
    (S.DATA, 250, "what data?", O.TRANSIENT, R.PROTOCOL_ERROR),
    # the text
    (S.CONTENT, 552, "5.3.4 too much data", O.CONTENT, R.CLIENT_ERROR),
    (S.CONTENT, 554, "5.7.1 looks like spam", O.CONTENT, R.CLIENT_ERROR),
    (S.CONTENT, 550, "5.6.0 bad MIME", O.CONTENT, R.CLIENT_ERROR),
    (S.CONTENT, 550, "5.7.1 refused by policy", O.REFUSED, R.CLIENT_ERROR),
    (S.CONTENT, 500, "line too long", O.REFUSED, R.CLIENT_ERROR),
    (S.CONTENT, 550, "5.4.5 daily limit", O.TRANSIENT, R.RATE_LIMITED),
    (S.CONTENT, 451, "4.3.0 try later", O.TRANSIENT, R.SERVER_ERROR),
    (S.CONTENT, 421, "closing", O.TRANSIENT, R.SERVER_ERROR),  # it says that it did not take it
    # no SMTP at all
    (S.MAIL, 334, "", O.TRANSIENT, R.PROTOCOL_ERROR),
    (S.RCPT, 999, "", O.TRANSIENT, R.PROTOCOL_ERROR),
    (S.CONNECT, 0, "", O.TRANSIENT, R.PROTOCOL_ERROR),
    (S.CONTENT, 354, "go on", O.UNKNOWN, R.PROTOCOL_ERROR),  # it may have been taken
    (S.CONTENT, 700, "", O.UNKNOWN, R.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("stage", "code"), GO_ON)
def test_hoped_for_answers_go_on(stage, code):
    assert refusal(stage, code, "fine") is None


@pytest.mark.parametrize(("stage", "code", "text", "outcome", "reason"), ANSWERS)
def test_answers(stage, code, text, outcome, reason):
    result = refusal(stage, code, text)
    assert result is not None
    assert (result.outcome, result.reason, result.status) == (outcome, reason, code)
    assert str(code) in result.detail
    assert result.detail.startswith(stage.value)


def test_a_password_that_the_server_repeats_is_masked():
    result = refusal(Stage.LOGIN, 535, "no: canary-password", ["canary-password"])
    assert result is not None
    assert result.detail == "AUTH: 535 no: ***"


def test_an_essay_is_cut_to_one_line():
    result = refusal(Stage.RCPT, 550, "5.1.1 no\n" + "because " * 500)
    assert result is not None
    assert len(result.detail) <= 300
    assert "\n" not in result.detail
