"""One attempt to send: what goes out, and what a channel says came of it. Values only; see the note of `monitor.model`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.rules import Severity


class Format(StrEnum):
    """What kind of content a channel sends; `alerting.render` makes it."""

    MAIL = "mail"
    SLACK = "slack"
    WEBHOOK = "webhook"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContent:
    """An alert rendered for mail."""

    subject: str
    """One clean line."""
    text: str
    html: str | None
    """None when the message must go without formatting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackContent:
    """An alert rendered for Slack: the JSON members of the message."""

    text: str
    """The fallback, for notifications and for clients without blocks."""
    blocks: tuple[Mapping[str, object], ...] = ()


class LinkAction(StrEnum):
    """What a signed link in a message does."""

    MUTE_STORY = "mute_story"
    MUTE_FEED = "mute_feed"
    MUTE_RULE = "mute_rule"
    FALSE_POSITIVE = "false_positive"
    UNSUBSCRIBE = "unsubscribe"
    UNSUBSCRIBE_RULE = "unsubscribe_rule"
    SETTINGS = "settings"
    CONFIRM = "confirm"
    """Of the mail that asks somebody who wants to subscribe; in no alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookContent:
    """An alert as data, for programs."""

    type: str
    """What happened, such as `alert.created`."""
    data: Mapping[str, object]
    """JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContent:
    """An alert as a title and a text without any formatting."""

    title: str
    text: str


Content = MailContent | SlackContent | WebhookContent | TextContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message on its way out."""

    key: str
    """The delivery's key."""
    address: str
    content: Content
    severity: Severity
    rules: tuple[str, ...] = ()
    """Rule ids, for headers and metadata that receivers may filter by."""
    created_at: datetime | None = None
    subscriber: str = ""
    """The id of whom it is for."""
    thread: str = ""
    """The key of the first alert of the story; the alert's own, if it is the first. Empty if it belongs to no story."""
    follows: str | None = None
    """What the channel called the first message of the story to this address (`SendResult.reference`), if there is one."""
    again: bool = False
    """Whether the outcome of an earlier attempt was lost: the message may be there already."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Signed addresses by what they do; see `LinkAction`. Empty when no address of ours is known to the world."""


class Outcome(StrEnum):
    """What an attempt came to, as the channel sees it. Whether to try again follows from it."""

    SENT = "sent"
    TRANSIENT = "transient"
    """Try again later."""
    REFUSED = "refused"
    """This message or this address is refused for good."""
    CONTENT = "content"
    """The message's form is refused: try once without formatting, then give up."""
    BROKEN = "broken"
    """The channel itself is refused (credentials, address gone): nothing gets through until someone mends it."""
    UNKNOWN = "unknown"
    """The outcome was lost after the message may have been accepted."""


class FailureReason(StrEnum):
    """Why an attempt failed; a closed list, used in metrics."""

    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    AUTH_ERROR = "auth_error"
    CONNECT_ERROR = "connect_error"
    TLS_ERROR = "tls_error"
    TIMEOUT = "timeout"
    PROTOCOL_ERROR = "protocol_error"
    RENDER_ERROR = "render_error"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What a channel says of one attempt."""

    outcome: Outcome
    reason: FailureReason | None = None
    """None only when sent."""
    detail: str = ""
    """One line for people, without secrets: the server's own words, cut."""
    status: int | None = None
    """The SMTP or HTTP status."""
    retry_after: timedelta | None = None
    reference: str = ""
    """What the channel calls the message that it took (a Message-ID, a Slack `ts`): later ones of the story refer to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """What is known of a channel between two attempts; the store keeps it."""

    channel: str
    failures: int = 0
    """Transient failures in a row."""
    open_until: datetime | None = None
    """While in the future, no delivery is leased (circuit breaker, Retry-After)."""
    probes: int = 0
    """Openings in a row; sets the length of the next one."""
    broken: str | None = None
    """Why the channel is out of order until someone mends it; None when it is not."""
    noticed_at: datetime | None = None
    """When the operator was last told."""
    since: datetime | None = None
    """Since when it is open or broken."""
