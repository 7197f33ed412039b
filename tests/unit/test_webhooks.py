"""Webhooks: the signatures of the standard, the shapes of other programs, what statuses come to, payloads within bounds."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import TITLES
from support.made import NOW, article, match, rule

from monitor import alerting
from monitor.alerting.render.payload import MOST
from monitor.alerting.signing import secret_bytes, signature
from monitor.channels.presets import request
from monitor.channels.webhook import classify
from monitor.model import (
    Alert,
    AlertKind,
    Change,
    Copy,
    DigestLine,
    DigestReason,
    Edit,
    FailureReason,
    Format,
    Outcome,
    Period,
    Severity,
    Spread,
)  # fmt: skip

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_standard_has_the_signature_of_the_standard():
    body = b'{"test": 2432232314}'
    found = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [secret_bytes(SECRET)])
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_make_two_signatures():
    keys = [secret_bytes(SECRET), b"another secret of ours" * 2]
    both = signature("id", 1, b"body", keys).split(" ")
    assert both == [signature("id", 1, b"body", [key]) for key in keys]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secret", "begins with whsec_"),
        ("whsec_???", "no base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "this one has 23"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "this one has 65"),
    ],
)
def test_what_is_no_secret_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        secret_bytes(text)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), Outcome.SENT),
        ((408, 425, 429, 500, 502, 503, 504, 599), Outcome.TRANSIENT),
        ((401, 403, 404, 407, 410, 301, 302, 307, 308), Outcome.BROKEN),
        ((413, 422), Outcome.CONTENT),
        ((400, 402, 405, 409, 418, 451), Outcome.REFUSED),
        ((100, 199), Outcome.TRANSIENT),
    ],
)
def test_what_a_status_comes_to(statuses, outcome):
    assert {classify(status).outcome for status in statuses} == {outcome}
    assert all((classify(status).reason is None) is (outcome is Outcome.SENT) for status in statuses)


def test_too_many_requests_are_a_matter_of_rate():
    assert classify(429).reason is FailureReason.RATE_LIMITED
    assert "redirects are never followed" in classify(302).detail


def alert(**given_):
    made = article()
    defaults = {
        "key": "a1",
        "kind": AlertKind.ARTICLE,
        "subscriber_id": "desk",
        "severity": Severity.URGENT,
        "created_at": NOW,
        "article": alerting.card_of(made, "World", NOW),
        "reasons": (alerting.reason_of(made, match(score=3), rule("khmeimim", labels={"country": "sy"})),),
        "story": "s1",
        "thread": "a1",
    }
    return Alert(**defaults | given_)


def rendered(one, *, plain=False, links=None):
    return alerting.render(one, Format.WEBHOOK, plain=plain, now=NOW + timedelta(minutes=1), links=links or {})


def test_the_payload_says_all_that_a_mail_says():
    copies = (
        Copy(article_key="k2", title="Copy", url="https://o.example/2", outlet="Other", lang="ar", first_seen=NOW),
    )
    spread = Spread(outlets=2, copies=copies, news="now 2 outlets", wire="Reuters")
    content = rendered(alert(spread=spread, dropped=("Trade",)), links={"settings": "https://m.example/a/x"})
    assert content.type == "alert.created"
    data = content.data
    assert (data["key"], data["story"], data["severity"], data["subscriber"]) == ("a1", "s1", "urgent", "desk")
    (reason,) = data["reasons"]
    assert (reason["rule"], reason["score"], reason["labels"]) == ("khmeimim", 3, {"country": "sy"})
    (word,) = reason["words"]
    assert word == {"word": "Khmeimim", "tier": "exact"}
    (excerpt,) = reason["excerpts"]
    assert [excerpt["text"][a:b] for a, b in excerpt["marks"]] == ["Khmeimim"]
    assert data["spread"]["copies"][0]["outlet"] == "Other"
    assert data["links"] == {"settings": "https://m.example/a/x"}
    assert data["no_longer_hit"] == ["Trade"]
    change = Change(field="title", pieces=(("Two ", Edit.SAME), ("planes", Edit.REMOVED), ("jets", Edit.ADDED)))
    assert rendered(alert(kind=AlertKind.REVISION, changes=(change,))).data["changes"] == ["Two [-planes-]{+jets+}"]
    assert rendered(alert(), plain=True).data["reasons"][0]["excerpts"] == []
    json.dumps(data)


def test_every_kind_of_alert_has_its_type():
    lines = (
        DigestLine(
            alert_key="a", title="T", url="javascript:x", outlet=None, severity=Severity.ROUTINE, rules=("R",), at=NOW
        ),
    )
    period = Period(reason=DigestReason.CADENCE, since=NOW, until=NOW)
    digest = rendered(alert(kind=AlertKind.DIGEST, article=None, reasons=(), lines=lines, period=period))
    assert (digest.type, digest.data["lines"][0]["url"]) == ("digest.created", None)
    notice = rendered(alert(kind=AlertKind.NOTICE, article=None, reasons=(), subject="S", text="Look\nhere"))
    assert (notice.type, notice.data["text"]) == ("notice.created", "Look\nhere")
    kinds = {kind: rendered(alert(kind=kind)).type for kind in (AlertKind.UPDATE, AlertKind.REVISION)}
    assert set(kinds.values()) == {"alert.updated"}


def test_what_is_too_long_is_cut_from_the_end_and_counted():
    line = DigestLine(
        alert_key="a", title="Заголовок " * 20, url=None, outlet="O", severity=Severity.ROUTINE, rules=("R",), at=NOW
    )
    data = rendered(alert(kind=AlertKind.DIGEST, article=None, reasons=(), lines=(line,) * 900)).data
    assert len(data["lines"]) + data["lines_left_out"] == 900
    assert len(json.dumps(data, ensure_ascii=False).encode()) < 20_000
    many = tuple(alerting.reason_of(article(), match(), rule(f"r{n}", title="Rule " * 20)) for n in range(200))
    data = rendered(alert(reasons=many)).data
    assert len(data["reasons"]) + data["reasons_left_out"] == 200
    assert len(json.dumps(data, ensure_ascii=False).encode()) < 20_000


@given(st.text(max_size=400) | st.sampled_from(list(TITLES.values())))
def test_any_title_is_json_within_bounds(title):
    one = alert(article=alerting.card_of(article(title=title), title, NOW))
    body, headers = request(
        "standard", message="k", event="alert.created", data=rendered(one).data, timestamp=1, secrets=[b"k" * 24]
    )
    assert len(body) <= MOST + 2_000
    assert json.loads(body)["data"]["key"] == "a1"
    assert all("\n" not in value and "\r" not in value for value in headers.values())


def test_the_shape_of_miniflux():
    body, headers = request(
        "miniflux", message="k", event="alert.created", data=rendered(alert()).data, timestamp=1, secrets=[b"any"]
    )
    said = json.loads(body)
    assert (said["event_type"], headers["x-miniflux-event-type"]) == ("new_entries", "new_entries")
    assert headers["x-miniflux-signature"] == hmac.new(b"any", body, hashlib.sha256).hexdigest()
    (entry,) = said["entries"]
    assert (entry["title"], entry["tags"]) == (article().title, ["khmeimim"])
    assert "Khmeimim" in entry["content"]
    line = DigestLine(
        alert_key="a", title="T", url="https://x.example/", outlet="O", severity=Severity.ROUTINE, rules=("R",), at=NOW
    )
    digest = rendered(alert(kind=AlertKind.DIGEST, article=None, reasons=(), lines=(line, line)))
    body, headers = request("miniflux", message="k", event="digest.created", data=digest.data, timestamp=1, secrets=())
    assert [one["url"] for one in json.loads(body)["entries"]] == ["https://x.example/"] * 2
    assert "x-miniflux-signature" not in headers
    notice = rendered(alert(kind=AlertKind.NOTICE, article=None, reasons=(), subject="S", text="Look"))
    body, _ = request("miniflux", message="k", event="notice.created", data=notice.data, timestamp=1, secrets=())
    assert json.loads(body)["entries"][0]["content"] == "Look"


def test_the_shape_of_alertmanager():
    body, headers = request(
        "alertmanager", message="k", event="x", data=rendered(alert()).data, timestamp=7, secrets=[b"k" * 24]
    )
    said = json.loads(body)
    assert (said["version"], said["status"], said["groupKey"], said["receiver"]) == ("4", "firing", "a1", "desk")
    (one,) = said["alerts"]
    assert one["labels"] == {
        "country": "sy",
        "alertname": "khmeimim",
        "severity": "routine",
        "subscriber": "desk",
        "kind": "article",
    }
    assert (len(one["fingerprint"]), one["annotations"]["description"]) == (16, "Khmeimim")
    assert headers["webhook-signature"] == signature("k", 7, body, [b"k" * 24])
    notice = rendered(alert(kind=AlertKind.NOTICE, article=None, reasons=(), subject="S", text="Look"))
    body, _ = request("alertmanager", message="k", event="x", data=notice.data, timestamp=7, secrets=())
    assert json.loads(body)["alerts"][0]["labels"]["alertname"] == "notice"


def test_plain_text_says_what_a_mail_says():
    content = alerting.render(alert(), Format.TEXT, plain=False, now=NOW, links={"settings": "https://m.example/a/x"})
    assert content.title.startswith("[urgent]") or content.title.startswith("[routine]")
    assert "«Khmeimim»" in content.text
    assert "https://m.example/a/x" in content.text
