"""Ways out: e-mail, Slack, webhooks, Apprise, Maildir. One module for each, one protocol, one row in the table below.

Channels say what came of one attempt and nothing more: when to try again is decided by `alerting`, who runs them by
`engine`, and what a message says by the renderer. What each answer of a server means is written in docs/channels.md.
"""

from monitor.channels.email import EmailChannel
from monitor.channels.maildir import MaildirChannel
from monitor.channels.protocol import Channel
from monitor.channels.slack import SlackChannel
from monitor.channels.slack_bot import SlackBotChannel
from monitor.channels.webhook import WebhookChannel
from monitor.net import GuardedClient
from monitor.settings import (
    AppriseSettings,
    ChannelSettings,
    DeliverySettings,
    EmailSettings,
    MaildirSettings,
    WebhookSettings,
)

__all__ = ["make_channel"]

_USER_AGENT = "monitor/0.1"


def make_channel(settings: ChannelSettings, delivery: DeliverySettings) -> Channel:
    """The channel that the settings describe; nothing is connected yet.

    Raises:
        ChannelError: when it cannot be set up, as with a sender that is no mail address.
    """
    if isinstance(settings, MaildirSettings):
        return MaildirChannel(settings)
    if isinstance(settings, EmailSettings):
        return EmailChannel(settings)
    if isinstance(settings, AppriseSettings):
        # Imported here: it takes a tenth of a second and 20 MB, and few need it.
        from monitor.channels.apprise_channel import AppriseChannel  # noqa: PLC0415

        return AppriseChannel(settings, delivery)
    client = GuardedClient(user_agent=_USER_AGENT, allow_private=delivery.allow_private, ca_file=delivery.ca_file)
    if isinstance(settings, WebhookSettings):
        return WebhookChannel(settings, client=client)
    if settings.token is not None:
        return SlackBotChannel(settings, client=client)
    return SlackChannel(settings, client=client)
