"""The webhook channel: alerts as JSON, signed, to a program (Standard Webhooks 1.0, or the shape of another program).

The id of a message is the delivery's key: the same at every attempt, so that a receiver knows a copy as one. Addresses may
hold secrets and are masked in whatever leaves this module.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from monitor.alerting.signing import secret_bytes
from monitor.channels.posting import MAX_ANSWER, failed
from monitor.channels.presets import request
from monitor.channels.slack_answers import retry_after
from monitor.channels.words import detail, forms_of
from monitor.errors import ChannelError, RequestFailed
from monitor.model import FailureReason, Format, Outcome, Outgoing, SendResult, WebhookContent
from monitor.net import GuardedClient
from monitor.settings import WebhookSettings

_MIN_SECRET: Final = 6
_TRANSIENT: Final = {
    408: FailureReason.TIMEOUT,
    425: FailureReason.SERVER_ERROR,
    429: FailureReason.RATE_LIMITED,
}
_CONTENT: Final = frozenset({413, 422})
_BROKEN: Final = {
    401: FailureReason.AUTH_ERROR,
    403: FailureReason.AUTH_ERROR,
    404: FailureReason.CLIENT_ERROR,
    407: FailureReason.AUTH_ERROR,
    410: FailureReason.CLIENT_ERROR,
}


class WebhookChannel:
    """Posts to one address."""

    def __init__(self, settings: WebhookSettings, *, client: GuardedClient) -> None:
        """Raises ChannelError when the address is no URL or a secret is none."""
        self._settings, self._client = settings, client
        url = settings.url.reveal()
        try:
            parts = urlsplit(url)
            self._keys = (
                [secret_bytes(one.reveal()) for one in settings.secrets]
                if settings.preset != "miniflux"
                else [one.reveal().encode() for one in settings.secrets]
            )
        except ValueError as error:
            raise ChannelError(f"channel {settings.id}: {error}") from None
        pieces = (piece for piece in parts.path.split("/") if len(piece) >= _MIN_SECRET)
        given = (one.reveal() for _, one in settings.headers)
        self._secrets = forms_of(url, parts.query, parts.password or "", *pieces, *given)

    @property
    def id(self) -> str:
        """The id under `channels:`."""
        return self._settings.id

    @property
    def format(self) -> Format:
        """Data."""
        return Format.WEBHOOK

    @property
    def timeout(self) -> float:
        """The deadline of the request, with a little air."""
        return self._settings.timeout.total_seconds() + 5

    @property
    def at_once(self) -> int:
        """One: when the receiver says 429, nothing else may be on its way."""
        return 1

    @property
    def rate(self) -> tuple[float, int]:
        """As configured."""
        return self._settings.rate, self._settings.burst

    async def send(self, message: Outgoing) -> SendResult:
        """Try once to post the message."""
        if not isinstance(message.content, WebhookContent):
            return SendResult(
                outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail="the content is not a webhook's"
            )
        try:
            body, headers = request(
                self._settings.preset,
                message=message.key,
                event=message.content.type,
                data=message.content.data,
                timestamp=int(datetime.now(UTC).timestamp()),
                secrets=self._keys,
            )
        except (TypeError, ValueError, KeyError, RecursionError) as error:
            why = f"the message cannot be written as JSON: {type(error).__name__}"
            return SendResult(outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail=why)
        try:
            return await self._post(body, headers)
        except Exception as error:  # noqa: BLE001 - the unit of work ends here: a fault of ours is recorded too
            why = f"a fault of the webhook channel: {type(error).__name__}"
            return SendResult(outcome=Outcome.UNKNOWN, reason=FailureReason.OTHER, detail=why)

    async def close(self) -> None:
        """Close what the client holds open."""
        await self._client.close()

    async def _post(self, body: bytes, headers: dict[str, str]) -> SendResult:
        own = {name: value.reveal() for name, value in self._settings.headers}
        try:
            answer = await self._client.request(
                "POST",
                self._settings.url.reveal(),
                headers={**own, **headers},
                content=body,
                deadline=self._settings.timeout.total_seconds(),
                max_wire_bytes=MAX_ANSWER,
                max_body_bytes=MAX_ANSWER,
                redirects=0,
            )
        except RequestFailed as error:
            return failed(error, self._secrets)
        result = classify(answer.status)
        if result.outcome is Outcome.TRANSIENT:
            result = replace(result, retry_after=retry_after(answer.headers, now=datetime.now(UTC)))
        return replace(result, detail=detail(result.detail, self._secrets))


def classify(status: int) -> SendResult:
    """What a status comes to; the body of an answer is never looked at or shown."""
    if 200 <= status < 300:  # noqa: PLR2004
        return SendResult(outcome=Outcome.SENT, status=status, detail=f"HTTP {status}")
    said, reason = "", FailureReason.CLIENT_ERROR
    if status in _TRANSIENT or status >= 500:  # noqa: PLR2004
        outcome, reason = Outcome.TRANSIENT, _TRANSIENT.get(status, FailureReason.SERVER_ERROR)
    elif status in _BROKEN:
        outcome, reason = Outcome.BROKEN, _BROKEN[status]
        said = ": it wants no more" if status == 410 else ""  # noqa: PLR2004
    elif 300 <= status < 400:  # noqa: PLR2004
        outcome, said = Outcome.BROKEN, ": redirects are never followed, configure the final URL"
    elif status in _CONTENT:
        outcome = Outcome.CONTENT
    elif status >= 400:  # noqa: PLR2004
        outcome = Outcome.REFUSED
    else:
        outcome, reason = Outcome.TRANSIENT, FailureReason.PROTOCOL_ERROR
    return SendResult(outcome=outcome, reason=reason, status=status, detail=f"HTTP {status}{said}")
