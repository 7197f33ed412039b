"""The Slack channel: alerts through an incoming webhook.

The webhook's URL is itself the credential, so it is masked in whatever leaves this module. Webhooks know no
idempotency key and document no metadata; the alert's key stands in the message's footer, which the renderer makes. What
an answer means is said by `slack_answers`.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from monitor.channels.posting import MAX_ANSWER, failed
from monitor.channels.slack_answers import classify
from monitor.channels.words import detail, forms_of
from monitor.errors import ChannelError, RequestFailed
from monitor.model import FailureReason, Format, Outcome, Outgoing, SendResult, SlackContent
from monitor.net import GuardedClient
from monitor.settings import SlackSettings

_MIN_SECRET = 6
"""Shorter parts of the URL's path (`T1`, `v2`) are no secrets; masking them would blot out words."""


class SlackChannel:
    """Posts to one incoming webhook."""

    def __init__(self, settings: SlackSettings, *, client: GuardedClient) -> None:
        """Learn what must never be shown.

        Raises:
            ChannelError: when the webhook's address is not a URL.
        """
        self._settings = settings
        self._client = client
        url = settings.url.reveal()
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ChannelError(f"channel {settings.id}: the webhook's address is not a URL") from None
        pieces = (piece for piece in parts.path.split("/") if len(piece) >= _MIN_SECRET)
        self._secrets = forms_of(url, parts.path.strip("/"), parts.query, parts.password or "", *pieces)

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
        """The deadline of the request, with a little air."""
        return self._settings.timeout.total_seconds() + 5

    @property
    def at_once(self) -> int:
        """One: when Slack says 429, nothing else may be on its way."""
        return 1

    @property
    def rate(self) -> tuple[float, int]:
        """As configured; Slack allows one message a second and channel."""
        return self._settings.rate, self._settings.burst

    async def send(self, message: Outgoing) -> SendResult:
        """Try once to post the message."""
        if not isinstance(message.content, SlackContent):
            return SendResult(
                outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail="the content is not Slack's"
            )
        try:
            body = payload(message.content)
        except (TypeError, ValueError, RecursionError) as error:
            why = f"the message cannot be written as JSON: {type(error).__name__}"
            return SendResult(outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail=why)
        try:
            return await self._post(body)
        except Exception as error:  # noqa: BLE001 - the unit of work ends here: a fault of ours is recorded too
            why = f"a fault of the Slack channel: {type(error).__name__}"
            return SendResult(outcome=Outcome.UNKNOWN, reason=FailureReason.OTHER, detail=why)

    async def close(self) -> None:
        """Close what the client holds open."""
        await self._client.close()

    async def _post(self, body: bytes) -> SendResult:
        """One request, and what its answer comes to."""
        try:
            answer = await self._client.request(
                "POST",
                self._settings.url.reveal(),
                headers={"content-type": "application/json; charset=utf-8"},
                content=body,
                deadline=self._settings.timeout.total_seconds(),
                max_wire_bytes=MAX_ANSWER,
                max_body_bytes=MAX_ANSWER,
                redirects=0,
            )
        except RequestFailed as error:
            return failed(error, self._secrets)
        result = classify(answer.status, answer.headers, answer.body, now=datetime.now(UTC))
        return replace(result, detail=detail(result.detail, self._secrets))


def payload(content: SlackContent) -> bytes:
    """The message as JSON, without previews of links: nobody here vouches for what an article links to.

    Raises:
        TypeError, ValueError, RecursionError: when the blocks are not JSON.
    """
    blocks = {"blocks": content.blocks} if content.blocks else {}
    members = {"text": content.text, **blocks, "unfurl_links": False, "unfurl_media": False}
    return json.dumps(members, ensure_ascii=False, default=dict, allow_nan=False).encode("utf-8", "replace")
