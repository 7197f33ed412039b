"""The shape of channels that post to programs and other services, and of the ping that says that all is well.

Part of `settings_file`, whose rules hold here as well.
"""

from typing import Literal

from pydantic import Field

from monitor.config.shape import Count, Duration, Line, Rate, SecretText, Strict
from monitor.settings import AppriseSettings, HeartbeatSettings, Secret, WebhookSettings

_WEBHOOK = WebhookSettings(id="", url=Secret(""))
_APPRISE = AppriseSettings(id="", url=Secret(""))
_HEARTBEAT = HeartbeatSettings(url=Secret(""))


class WebhookEntry(Strict):
    """Posts alerts as JSON to a program of yours, signed (Standard Webhooks)."""

    kind: Literal["webhook"]
    """`webhook`."""
    url: SecretText | None = None
    """Where to post; better given as `url_file` if it holds a secret."""
    url_file: Line | None = None
    """A file whose content is the address."""
    secret: SecretText | None = None
    """What is signed with: `whsec_` and 24 to 64 bytes in base64."""
    secret_file: Line | None = None
    """A file whose content is the secret."""
    old_secret: SecretText | None = None
    """The one before, while receivers change over: messages carry a signature of both."""
    old_secret_file: Line | None = None
    """A file whose content is the old secret."""
    preset: Literal["standard", "miniflux", "alertmanager"] = "standard"
    """The shape of the message: our own, or that of another program."""
    headers: dict[Line, SecretText] = Field(default_factory=dict)
    """More headers, such as `Authorization`."""
    timeout: Duration = _WEBHOOK.timeout
    """For one request."""
    rate: Rate = _WEBHOOK.rate
    """Messages a second."""
    burst: Count = _WEBHOOK.burst
    """So many at once before `rate` counts."""


class AppriseEntry(Strict):
    """Sends text through any service that Apprise knows."""

    kind: Literal["apprise"]
    """`apprise`."""
    url: SecretText | None = None
    """An address of Apprise's, a secret, such as `ntfy://TOPIC`; better given as `url_file`."""
    url_file: Line | None = None
    """A file whose content is the address."""
    timeout: Duration = _APPRISE.timeout
    """For one message."""
    rate: Rate = _APPRISE.rate
    """Messages a second."""
    burst: Count = _APPRISE.burst
    """So many at once before `rate` counts."""


class HeartbeatEntry(Strict):
    """An address that is asked for again and again while all is well, so that somebody else notices when it is not."""

    url: SecretText | None = None
    """The address; better given as `url_file`."""
    url_file: Line | None = None
    """A file whose content is the address."""
    every: Duration = _HEARTBEAT.every
    """Between two pings."""
