"""The Slack channel against a web server that misbehaves."""

from datetime import timedelta
from types import MappingProxyType

import pytest
from support.channels import SlackRig, SlackTlsRig, post, send
from support.mailhost import Certificates
from support.slackhost import Answer, Cut, SlackHost

from monitor.channels import make_channel
from monitor.errors import ChannelError
from monitor.model import FailureReason, Outcome, Outgoing, Severity, SlackContent
from monitor.settings import DeliverySettings, Secret, SlackSettings

O, R = Outcome, FailureReason  # noqa: E741


@pytest.fixture(scope="module")
def certificates():
    return Certificates()


@pytest.fixture
def rig(tmp_path, certificates):
    made = SlackRig(tmp_path, certificates)
    with made.running():
        yield made


def blocks(*made):
    return Outgoing(key="k", address="", content=SlackContent(text="t", blocks=made), severity=Severity.ROUTINE)


def test_what_is_posted(rig):
    send(rig.channel(), post("Title", text="<!channel> & <b>"))
    (request,) = rig.host.requests
    assert request.path == rig.host.path
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.json["text"] == "Title"
    assert request.json["blocks"][0]["text"]["text"] == "<!channel> & <b>"  # escaping is the renderer's part
    assert request.json["unfurl_links"] is False
    assert request.json["unfurl_media"] is False
    assert "metadata" not in request.json


def test_without_blocks_only_the_text_is_posted(rig):
    send(rig.channel(), blocks())
    assert set(rig.host.requests[0].json) == {"text", "unfurl_links", "unfurl_media"}


def test_blocks_may_be_any_mapping(rig):
    (result,) = send(rig.channel(), blocks(MappingProxyType({"type": "divider"})))
    assert result.outcome is O.SENT
    assert rig.host.requests[0].json["blocks"] == [{"type": "divider"}]


@pytest.mark.parametrize("poison", [{"type": object()}, {"type": float("nan")}])
def test_blocks_that_are_not_json_are_refused_for_good(rig, poison):
    (result,) = send(rig.channel(), blocks(poison))
    assert (result.outcome, result.reason) == (O.REFUSED, R.RENDER_ERROR)
    assert rig.host.requests == []


def test_too_many_requests_says_when_to_come_back(rig):
    rig.host.script(Answer(429, "ratelimited", {"Retry-After": "30"}), times=1)
    first, second = send(rig.channel(), post(), post())
    assert (first.outcome, first.reason, first.retry_after) == (O.TRANSIENT, R.RATE_LIMITED, timedelta(seconds=30))
    assert second.outcome is O.SENT


def test_a_redirect_is_never_followed_and_breaks_the_channel(rig):
    with SlackHost() as elsewhere:
        rig.host.script(Answer(307, "", {"Location": elsewhere.url}))
        (result,) = send(rig.channel(), post())
        assert (result.outcome, result.status) == (O.BROKEN, 307)
        assert "redirect" in result.detail
        assert elsewhere.requests == []


def test_a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown(rig):
    rig.host.script(Cut())
    (result,) = send(rig.channel(), post())
    assert result.outcome is O.UNKNOWN
    assert len(rig.host.requests) == 1


def test_a_page_without_end_leaves_the_outcome_unknown(rig):
    rig.host.script(Answer(200, "x" * 200_000))
    (result,) = send(rig.channel(), post())
    assert result.outcome is O.UNKNOWN


def test_a_proxy_page_is_tried_again_and_not_shown(rig):
    rig.host.script(Answer(200, f"<html>You asked for {rig.host.url}</html>"))
    (result,) = send(rig.channel(), post())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.PROTOCOL_ERROR)
    assert rig.host.path not in repr(result)


def test_a_private_address_breaks_the_channel_and_says_what_to_set(rig):
    (result,) = send(rig.channel(allowed=()), post())
    assert result.outcome is O.BROKEN
    assert "delivery.allow_private" in result.detail
    assert rig.host.requests == []


def test_a_list_of_authorities_that_is_not_there_breaks_the_channel(tmp_path, certificates):
    rig = SlackTlsRig(tmp_path, certificates)
    with rig.running():
        rig.ca_file = tmp_path / "missing.pem"
        (result,) = send(rig.channel(), post())
    assert (result.outcome, result.reason) == (O.BROKEN, R.TLS_ERROR)


def test_tls_to_a_port_that_speaks_plain_http_is_tried_again(rig):
    (result,) = send(rig.channel(url=rig.host.url.replace("http:", "https:")), post())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.TLS_ERROR)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/canary-secret", "nonsense-canary-secret", "http://127.0.0.1:0/canary-secret"]
)
def test_an_address_that_is_no_webhook_breaks_the_channel(rig, url):
    (result,) = send(rig.channel(url=url), post())
    assert result.outcome is O.BROKEN
    assert "canary-secret" not in repr(result)


def test_what_is_no_url_at_all_is_told_at_once_and_not_repeated():
    settings = SlackSettings(id="desk", url=Secret("http://[canary-secret"))
    with pytest.raises(ChannelError, match="channel desk:") as caught:
        make_channel(settings, DeliverySettings())
    assert "canary-secret" not in str(caught.value)


def test_a_fault_of_ours_is_a_result_too(rig):
    channel = rig.channel()
    send(channel)  # closes it
    (result,) = send(channel, post())
    assert (result.outcome, result.reason) == (O.UNKNOWN, R.OTHER)


SCRIPTS = [
    Answer(),
    Answer(404, "no_service"),
    Answer(302, "", {"Location": "/services/T00000000/B00000000/CanarySecretOfTheWebhook"}),
    Answer(500, "CanarySecretOfTheWebhook"),
    Answer(200, '{"ok": false, "error": "canarysecretofthewebhook"}'),
    Answer(200, "x", {"Content-Encoding": "gzip"}),
    Answer(200, "x" * 200_000),
    Cut(),
    Cut(early=True),
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_webhook_stays_secret_whatever_happens(rig, script, caplog):
    caplog.set_level("DEBUG")
    rig.host.script(script)
    channel = rig.channel()
    (result,) = send(channel, post())
    shown = f"{result!r} {channel!r} {vars(channel)['_settings']!r} {caplog.text}"
    assert "CanarySecretOfTheWebhook" not in shown
    assert "B00000000" not in shown
