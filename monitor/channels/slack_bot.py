"""The Slack channel with a bot's token: alerts in threads of their story, and no copy where an outcome was lost.

It calls two methods of Slack's Web API through the guarded client (docs/decisions/0018-slack.md says why not through
Slack's own library). The token is masked in whatever leaves this module. Each message carries the delivery's key in its
metadata; after a lost answer the newest messages are looked through for it before it is sent again.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from monitor.channels.posting import MAX_ANSWER, failed
from monitor.channels.slack_answers import classify
from monitor.channels.words import detail, forms_of
from monitor.errors import ChannelError, RequestFailed
from monitor.model import FailureReason, Format, Outcome, Outgoing, SendResult, Severity, SlackContent
from monitor.net import GuardedClient
from monitor.settings import SlackSettings

EVENT: Final = "monitor_alert"
_NO_THREAD: Final = frozenset({"thread_not_found", "invalid_thread_ts", "message_not_found", "cannot_reply_to_message"})
_LOOKED_THROUGH: Final = 50
_MAX_HISTORY: Final = 4_000_000


class SlackBotChannel:
    """Posts to one room as a bot."""

    def __init__(self, settings: SlackSettings, *, client: GuardedClient) -> None:
        """Raises ChannelError without a token."""
        if settings.token is None:
            raise ChannelError(f"channel {settings.id}: there is no token")
        self._settings, self._client, self._token = settings, client, settings.token.reveal()
        self._secrets = forms_of(self._token)

    @property
    def id(self) -> str:
        """The id under `channels:`."""
        return self._settings.id

    @property
    def format(self) -> Format:
        """Slack."""
        return Format.SLACK

    @property
    def timeout(self) -> float:
        """The deadlines of a look back and of a post, with a little air."""
        return 2 * self._settings.timeout.total_seconds() + 5

    @property
    def at_once(self) -> int:
        """One: when Slack says 429, nothing else may be on its way."""
        return 1

    @property
    def rate(self) -> tuple[float, int]:
        """As configured; Slack allows one message a second and channel."""
        return self._settings.rate, self._settings.burst

    async def send(self, message: Outgoing) -> SendResult:
        """Try once to post the message, in its thread if it has one."""
        if not isinstance(message.content, SlackContent):
            return SendResult(
                outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail="the content is not Slack's"
            )
        try:
            found = await self._there(message) if message.again else None
            if found is not None:
                return SendResult(outcome=Outcome.SENT, detail="it was there already", reference=found)
            result, said = await self._call("chat.postMessage", _members(message, message.content, self._settings.room))
            if message.follows and said.get("error") in _NO_THREAD:
                alone = _members(replace(message, follows=None), message.content, self._settings.room)
                result, said = await self._call("chat.postMessage", alone)
        except (TypeError, ValueError, RecursionError) as error:
            why = f"the message cannot be written as JSON: {type(error).__name__}"
            return SendResult(outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail=why)
        except Exception as error:  # noqa: BLE001 - the unit of work ends here: a fault of ours is recorded too
            why = f"a fault of the Slack channel: {type(error).__name__}"
            return SendResult(outcome=Outcome.UNKNOWN, reason=FailureReason.OTHER, detail=why)
        if result.outcome is Outcome.SENT and isinstance(said.get("ts"), str):
            return replace(result, reference=said["ts"])
        return result

    async def close(self) -> None:
        """Close what the client holds open."""
        await self._client.close()

    async def _there(self, message: Outgoing) -> str | None:
        """The `ts` of the message if an earlier attempt brought it; None also where the token may not look back."""
        method, asked = "conversations.history", {"channel": self._settings.room, "limit": _LOOKED_THROUGH}
        if message.follows:
            method, asked = "conversations.replies", asked | {"ts": message.follows}
        _, said = await self._call(method, asked | {"include_all_metadata": True})
        messages = said.get("messages")
        for one in messages if isinstance(messages, list) else ():
            payload = ((one.get("metadata") or {}).get("event_payload") or {}) if isinstance(one, dict) else {}
            if payload.get("key") == message.key and isinstance(one.get("ts"), str):
                return str(one["ts"])
        return None

    async def _call(self, method: str, members: dict[str, Any]) -> tuple[SendResult, dict[str, Any]]:
        """One method of the API: what came of it, and what Slack said."""
        body = json.dumps(members, ensure_ascii=False, default=dict, allow_nan=False).encode("utf-8", "replace")
        try:
            answer = await self._client.request(
                "POST",
                self._settings.api + method,
                headers={"content-type": "application/json; charset=utf-8", "authorization": f"Bearer {self._token}"},
                content=body,
                deadline=self._settings.timeout.total_seconds(),
                max_wire_bytes=MAX_ANSWER if method == "chat.postMessage" else _MAX_HISTORY,
                max_body_bytes=MAX_ANSWER if method == "chat.postMessage" else _MAX_HISTORY,
                redirects=0,
            )
        except RequestFailed as error:
            return failed(error, self._secrets), {}
        result = classify(answer.status, answer.headers, answer.body, now=datetime.now(UTC))
        try:
            said = json.loads(answer.body)
        except (ValueError, RecursionError):
            said = {}
        return replace(result, detail=detail(result.detail, self._secrets)), said if isinstance(said, dict) else {}


def _members(message: Outgoing, content: SlackContent, room: str) -> dict[str, Any]:
    """The message as the API wants it; a flash in a thread is shown in the room as well."""
    members: dict[str, Any] = {
        "channel": room,
        "text": content.text,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": EVENT, "event_payload": {"key": message.key}},
    }
    if content.blocks:
        members["blocks"] = content.blocks
    if message.follows:
        members["thread_ts"] = message.follows
        members["reply_broadcast"] = message.severity is Severity.FLASH
    return members
