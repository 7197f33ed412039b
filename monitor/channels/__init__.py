"""Ways out: e-mail, Slack, Maildir. One module for each, one protocol, one row in the table below.

Channels say what came of one attempt and nothing more: when to try again is decided by `alerting`, who runs them by
`engine`, and what a message says by the renderer. What each answer of a server means is written in docs/channels.md.
"""

from monitor.channels.email import EmailChannel
from monitor.channels.maildir import MaildirChannel
from monitor.channels.protocol import Channel
from monitor.channels.slack import SlackChannel
from monitor.net import GuardedClient
from monitor.settings import ChannelSettings, DeliverySettings, EmailSettings, MaildirSettings

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
    client = GuardedClient(user_agent=_USER_AGENT, allow_private=delivery.allow_private, ca_file=delivery.ca_file)
    return SlackChannel(settings, client=client)
