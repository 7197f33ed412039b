"""What each answer of a Slack webhook comes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.channels.slack_answers import classify, retry_after
from monitor.model import FailureReason, Outcome

O, R = Outcome, FailureReason  # noqa: E741
PAGE = "<html><body>Welcome to the hotel's network</body></html>"

ANSWERS = [
    # taken
    (200, "ok", O.SENT, None),
    (200, "ok\n", O.SENT, None),
    (200, '{"ok": true}', O.SENT, None),
    (200, '{"success": true}', O.SENT, None),  # servers that speak Slack's webhooks
    # 200 that is no yes
    (200, "", O.TRANSIENT, R.PROTOCOL_ERROR),
    (200, PAGE, O.TRANSIENT, R.PROTOCOL_ERROR),
    (200, '{"ok": false, "error": "ratelimited"}', O.TRANSIENT, R.RATE_LIMITED),
    (200, '{"ok": false, "error": "invalid_auth"}', O.BROKEN, R.AUTH_ERROR),
    (200, '{"ok": false, "error": "msg_too_long"}', O.CONTENT, R.CLIENT_ERROR),
    (200, '{"ok": false}', O.TRANSIENT, R.PROTOCOL_ERROR),
    (200, '{"ok": 1}', O.TRANSIENT, R.PROTOCOL_ERROR),
    (200, '["ok"]', O.TRANSIENT, R.PROTOCOL_ERROR),
    (200, "[" * 60_000, O.TRANSIENT, R.PROTOCOL_ERROR),
    (200, "no_service", O.BROKEN, R.CLIENT_ERROR),
    (204, "", O.TRANSIENT, R.PROTOCOL_ERROR),
    (202, "accepted", O.TRANSIENT, R.PROTOCOL_ERROR),
    # the message's form
    (400, "invalid_payload", O.CONTENT, R.CLIENT_ERROR),
    (400, "invalid_blocks", O.CONTENT, R.CLIENT_ERROR),
    (400, "invalid_blocks_format", O.CONTENT, R.CLIENT_ERROR),
    (400, "no_text", O.CONTENT, R.CLIENT_ERROR),
    (400, "too_many_attachments", O.CONTENT, R.CLIENT_ERROR),
    (400, "msg_blocks_too_long", O.CONTENT, R.CLIENT_ERROR),
    (500, "invalid_payload", O.CONTENT, R.CLIENT_ERROR),  # the word counts for more than the status
    (400, "", O.CONTENT, R.CLIENT_ERROR),
    (400, PAGE, O.CONTENT, R.CLIENT_ERROR),
    (413, "", O.CONTENT, R.CLIENT_ERROR),
    (422, "", O.CONTENT, R.CLIENT_ERROR),
    # the channel
    (400, "user_not_found", O.BROKEN, R.CLIENT_ERROR),
    (400, "invalid_token", O.BROKEN, R.AUTH_ERROR),
    (401, "", O.BROKEN, R.AUTH_ERROR),
    (403, "action_prohibited", O.BROKEN, R.CLIENT_ERROR),
    (403, "invalid_token", O.BROKEN, R.AUTH_ERROR),
    (403, "posting_to_general_channel_denied", O.BROKEN, R.CLIENT_ERROR),
    (403, PAGE, O.BROKEN, R.AUTH_ERROR),
    (404, "channel_not_found", O.BROKEN, R.CLIENT_ERROR),
    (404, "no_service", O.BROKEN, R.CLIENT_ERROR),
    (404, "no_team", O.BROKEN, R.CLIENT_ERROR),
    (404, PAGE, O.BROKEN, R.CLIENT_ERROR),
    (405, "", O.BROKEN, R.CLIENT_ERROR),
    (407, PAGE, O.BROKEN, R.AUTH_ERROR),
    (410, "channel_is_archived", O.BROKEN, R.CLIENT_ERROR),
    (410, "", O.BROKEN, R.CLIENT_ERROR),
    (301, "", O.BROKEN, R.CLIENT_ERROR),  # redirects are never followed
    (302, PAGE, O.BROKEN, R.CLIENT_ERROR),
    (307, "ok", O.BROKEN, R.CLIENT_ERROR),
    # passing
    (408, "", O.TRANSIENT, R.TIMEOUT),
    (425, "", O.TRANSIENT, R.SERVER_ERROR),
    (429, "", O.TRANSIENT, R.RATE_LIMITED),
    (429, "rate_limited", O.TRANSIENT, R.RATE_LIMITED),
    (500, "", O.TRANSIENT, R.SERVER_ERROR),
    (500, "rollup_error", O.TRANSIENT, R.SERVER_ERROR),
    (502, PAGE, O.TRANSIENT, R.SERVER_ERROR),
    (503, "service_unavailable", O.TRANSIENT, R.SERVER_ERROR),
    (504, "", O.TRANSIENT, R.SERVER_ERROR),
    # odd
    (418, "", O.REFUSED, R.CLIENT_ERROR),
    (101, "", O.TRANSIENT, R.PROTOCOL_ERROR),
    (999, "", O.TRANSIENT, R.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("status", "body", "outcome", "reason"), ANSWERS)
def test_answers(status, body, outcome, reason):
    result = classify(status, {}, body.encode())
    assert (result.outcome, result.reason) == (outcome, reason)
    assert result.status == status
    assert result.retry_after is None


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "30"}, timedelta(seconds=30)),
        ({"retry-after": " 0 "}, timedelta(0)),
        ({"retry-after": "Mon, 23 Nov 2026 12:05:00 GMT"}, timedelta(minutes=5)),
        # the host's own clock is an hour slow: what counts is the distance that it means
        (
            {"retry-after": "Mon, 23 Nov 2026 11:05:00 GMT", "date": "Mon, 23 Nov 2026 11:00:00 GMT"},
            timedelta(minutes=5),
        ),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, timedelta(0)),  # past
        ({"retry-after": "Mon, 23 Nov 2026 12:05:00 -0000"}, timedelta(minutes=5)),  # a date without a zone
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1" * 400}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers, wait):
    assert classify(429, headers, b"", now=NOW).retry_after == wait


def test_a_date_without_a_clock_says_nothing():
    assert retry_after({"retry-after": "Mon, 23 Nov 2026 12:05:00 GMT"}) is None


def test_only_a_passing_failure_says_when():
    assert classify(403, {"retry-after": "30"}, b"invalid_token").retry_after is None
    assert classify(503, {"retry-after": "30"}, b"").retry_after == timedelta(seconds=30)


def test_a_page_is_never_shown():
    page = b"<html>https://hooks.slack.com/services/T0/B0/canary</html>"
    assert "canary" not in classify(200, {}, page).detail
    assert "canary" not in classify(500, {}, page).detail


@given(st.integers(0, 999), st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()), st.binary())
def test_any_answer_has_a_class(status, headers, body):
    result = classify(status, headers, body, now=NOW)
    assert (result.reason is None) == (result.outcome is Outcome.SENT)
    assert result.outcome is not Outcome.UNKNOWN
