"""Webhooks, Slack's bot and Apprise against real servers: signatures, threads, no copies, no way inside."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from support.channels import BOT_TOKEN, KEY, LOOPBACK, POSTED, WEBHOOK_SECRET, event, post, running, send
from support.mailhost import Certificates
from support.slackhost import Answer, SlackHost

from monitor.alerting.signing import secret_bytes, signature
from monitor.channels import make_channel
from monitor.channels.apprise_channel import AppriseChannel
from monitor.channels.slack_bot import SlackBotChannel
from monitor.errors import ChannelError
from monitor.model import Format, Outcome, Outgoing, Severity, TextContent
from monitor.settings import AppriseSettings, DeliverySettings, Secret, SlackSettings, WebhookSettings


@pytest.fixture(scope="module")
def certificates():
    return Certificates()


@pytest.fixture
def hook(tmp_path, certificates):
    with running("webhook", tmp_path, certificates) as rig:
        yield rig


@pytest.fixture
def bot(tmp_path, certificates):
    with running("slack-bot", tmp_path, certificates) as rig:
        yield rig


def test_a_receiver_can_verify_what_it_got_and_knows_a_copy(hook):
    send(hook.channel(), hook.message(), hook.message())
    for request in hook.host.requests:
        headers = request.headers
        made = signature(
            headers["webhook-id"], int(headers["webhook-timestamp"]), request.body, [secret_bytes(WEBHOOK_SECRET)]
        )
        assert headers["webhook-signature"] == made
    assert {request.headers["webhook-id"] for request in hook.host.requests} == {KEY}


def test_it_waits_as_long_as_it_is_asked_to_and_follows_no_redirect(hook):
    hook.host.script(Answer(429, "", {"Retry-After": "30"}), times=1)
    hook.host.script(Answer(302, "", {"Location": hook.host.url}), times=1)
    rated, moved = send(hook.channel(), hook.message(), hook.message())
    assert (rated.outcome, rated.retry_after.total_seconds()) == (Outcome.TRANSIENT, 30)
    assert (moved.outcome, len(hook.host.requests)) == (Outcome.BROKEN, 2)


def test_own_headers_are_sent_and_never_shown(hook):
    settings = WebhookSettings(
        id="h",
        url=Secret(hook.host.url),
        secrets=(Secret(WEBHOOK_SECRET),),
        headers=(("authorization", Secret("Bearer canary")),),
    )
    (result,) = send(make_channel(settings, DeliverySettings(allow_private=LOOPBACK)), hook.message())
    assert hook.host.requests[0].headers["authorization"] == "Bearer canary"
    assert "canary" not in repr(result) + repr(settings)


def test_a_private_address_is_not_called_unless_it_is_allowed(hook):
    (result,) = send(hook.channel(allowed=()), hook.message())
    assert result.outcome is Outcome.BROKEN
    assert hook.host.requests == []


def test_a_secret_that_is_none_is_refused_at_the_start():
    with pytest.raises(ChannelError, match="whsec_"):
        make_channel(
            WebhookSettings(id="h", url=Secret("https://x.example"), secrets=(Secret("x"),)), DeliverySettings()
        )


# ── Slack's bot ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bot_posts_to_its_room_with_the_key_and_gives_the_reference(bot):
    (result,) = send(bot.channel(), bot.message())
    assert (result.outcome, result.reference) == (Outcome.SENT, "1700000000.000100")
    (request,) = bot.host.requests
    assert request.path == "/api/chat.postMessage"
    assert request.headers["authorization"] == f"Bearer {BOT_TOKEN}"
    said = request.json
    assert (said["channel"], said["metadata"]["event_payload"], said["unfurl_links"]) == ("C1", {"key": KEY}, False)
    assert "thread_ts" not in said


def test_an_update_goes_into_the_thread_and_a_flash_into_the_room_as_well(bot):
    quiet = replace(bot.message(), follows="1.5", severity=Severity.URGENT)
    send(bot.channel(), quiet, replace(quiet, severity=Severity.FLASH))
    assert [(one.json["thread_ts"], one.json["reply_broadcast"]) for one in bot.host.requests] == [
        ("1.5", False),
        ("1.5", True),
    ]


def test_a_thread_that_is_gone_does_not_hold_the_alert_up(bot):
    bot.host.script(Answer(200, '{"ok": false, "error": "thread_not_found"}'), times=1)
    (result,) = send(bot.channel(), replace(bot.message(), follows="1.5"))
    assert result.outcome is Outcome.SENT
    assert ["thread_ts" in one.json for one in bot.host.requests] == [True, False]


@pytest.mark.parametrize("follows", [None, "1.5"])
def test_after_a_lost_answer_it_looks_first_and_sends_no_copy(bot, follows):
    there = {"ok": True, "messages": [{"ts": "9.9", "metadata": {"event_payload": {"key": KEY}}}]}
    bot.host.script(Answer(200, json.dumps(there)), times=1)
    (result,) = send(bot.channel(), replace(bot.message(), again=True, follows=follows))
    assert (result.outcome, result.reference) == (Outcome.SENT, "9.9")
    method = "conversations.replies" if follows else "conversations.history"
    assert [one.path for one in bot.host.requests] == [f"/api/{method}"]


@pytest.mark.parametrize(
    "said",
    [
        '{"ok": false, "error": "missing_scope"}',
        '{"ok": true, "messages": [{"ts": "1.1", "metadata": null}, "odd", {"metadata": {"event_payload": {"key": "other"}}}]}',
        "nonsense",
        '["a list"]',
    ],
)
def test_where_nothing_is_found_or_it_may_not_look_it_is_sent(bot, said):
    bot.host.script(Answer(200, said), times=1)
    bot.host.script(POSTED)
    (result,) = send(bot.channel(), replace(bot.message(), again=True))
    assert result.outcome is Outcome.SENT
    assert [one.path.rpartition("/")[2] for one in bot.host.requests] == ["conversations.history", "chat.postMessage"]


def test_a_bot_needs_a_token():
    with pytest.raises(ChannelError, match="token"):
        SlackBotChannel(SlackSettings(id="s", room="C1"), client=None)


# ── Apprise ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(title="Title", body="Text."):
    return Outgoing(key=KEY, address="", content=TextContent(title=title, text=body), severity=Severity.URGENT)


def apprise(url, allowed=LOOPBACK, **given):
    return AppriseChannel(AppriseSettings(id="a", url=Secret(url), **given), DeliverySettings(allow_private=allowed))


@pytest.fixture
def sink():
    with SlackHost(path="/canary-path") as host:
        yield host


def test_apprise_sends_title_and_text_to_a_service(sink):
    channel = apprise(f"json://user:canary-password@127.0.0.1:{sink.port}/canary-path")
    assert channel.format is Format.TEXT
    (result,) = send(channel, text("طرطوس", "Planes <b>at</b> Khmeimim\n«two»"))
    assert result.outcome is Outcome.SENT
    (request,) = sink.requests
    assert (request.json["title"], request.json["message"]) == ("طرطوس", "Planes <b>at</b> Khmeimim\n«two»")


def test_a_service_that_says_no_is_tried_again_and_no_secret_is_shown(sink):
    sink.script(Answer(500, "canary-password"))
    channel = apprise(f"json://user:canary-password@127.0.0.1:{sink.port}/canary-path")
    (result,) = send(channel, text())
    assert result.outcome is Outcome.TRANSIENT
    assert result.detail
    assert "canary" not in repr(result)
    (other,) = send(channel, post())
    assert other.outcome is Outcome.REFUSED


def test_an_answer_that_does_not_come_is_unknown(sink):
    sink.script(Answer(after=5))
    (result,) = send(apprise(f"json://127.0.0.1:{sink.port}/", timeout=timedelta(seconds=0.3)), text())
    assert result.outcome is Outcome.UNKNOWN


def test_a_private_host_is_not_called_unless_it_is_allowed(sink):
    (result,) = send(apprise(f"json://127.0.0.1:{sink.port}/", allowed=()), text())
    assert (result.outcome, sink.requests) == (Outcome.BROKEN, [])
    (result,) = send(apprise("json://no-such-host.invalid/"), text())
    assert result.outcome is Outcome.TRANSIENT


@pytest.mark.parametrize("url", ["syslog://", "dbus://", "nonsense", "nothing://x", "json://"])
def test_what_acts_on_this_machine_or_is_no_service_is_refused_at_the_start(url):
    with pytest.raises(ChannelError, match="channel a"):
        apprise(url)


def test_an_event_is_what_a_webhook_sends():
    assert event().content.type == "alert.created"
