"""What the operator decided: the values that `config/` makes of `monitor.yaml` and the environment.

They stand on the ground floor because every edge takes its own part of them, and edges never import each other. Made
once and passed down; nobody else reads the environment. Secrets print as `***`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from monitor.model import Feed, FullText, Outlet, RuleKind, Subscriber

Network = IPv4Network | IPv6Network

ANYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
"""Every address: for requests whose target the operator alone names."""


class Secret:
    """A string that is never shown: not by repr, str, format, logs or tracebacks of the values that hold it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: only for the call that hands it to the other side."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        """Secrets are not pickled, so that they cannot leave the process by accident."""
        msg = "a secret cannot be pickled"
        raise TypeError(msg)


_PASSWORD = re.compile(r"(?<=[^/:]):[^/@]*(?=@)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where the truth is kept."""

    url: str = field(repr=False)
    """`sqlite:///relative/path`, `sqlite:////absolute/path`; relative to the settings file. Or `postgresql://…`."""
    path: Path
    """The SQLite file, absolute; on PostgreSQL nothing is there, but in its folder is what a worker keeps for itself."""
    expect_existing: bool = False
    """Refuse to start on an empty store: a lost volume is then an error, not a silent new beginning."""

    @property
    def shared(self) -> bool:
        """Whether many workers may work on it: it is on a server."""
        return not self.url.startswith("sqlite:")

    @property
    def expected(self) -> bool:
        """Whether there may be a store: on a server only opening it tells."""
        return self.shared or self.path.exists()

    @property
    def shown(self) -> str:
        """What it is called before people; without a password."""
        return _PASSWORD.sub("", self.url.partition("?")[0]) if self.shared else str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingSettings:
    """How often feeds are polled, and how many at once."""

    every: timedelta = timedelta(minutes=15)
    floor: timedelta = timedelta(minutes=1)
    """No feed is polled more often, whatever it or its own `every` says."""
    ceiling: timedelta = timedelta(days=1)
    """No feed is polled less often, whatever its hints or failures say; only `Retry-After` may ask for more."""
    adapt: int = 4
    """A feed's rhythm makes its period up to so many times shorter or longer; 1 leaves it alone."""
    moved_after: timedelta = timedelta(days=7)
    """A permanent redirect is taken for the feed's address once it has held for so long."""
    concurrency: int = 32
    per_host: int = 1
    host_gap: timedelta = timedelta(seconds=1)
    """Between the end of one request to a host and the beginning of the next."""
    directory_every: timedelta = timedelta(seconds=10)
    """Directories are local and cheap to look at."""
    pushed_every: timedelta = timedelta(hours=6)
    """Feeds whose hub pushes to us, as a net."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCredentials:
    """What the requests for one feed carry, so that its publisher lets them in."""

    url: str
    """The feed's address in the settings: only its host is sent them."""
    headers: tuple[tuple[str, Secret], ...]
    """Names in small letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Bounds of one fetch and one parse, and where they may go."""

    timeout: timedelta = timedelta(seconds=30)
    """One wall-clock deadline over DNS, connect, headers, body and redirects."""
    connect_timeout: timedelta = timedelta(seconds=10)
    max_wire_bytes: int = 10_000_000
    max_body_bytes: int = 20_000_000
    """After inflating."""
    max_header_bytes: int = 65_536
    max_redirects: int = 5
    max_entries: int = 2_000
    parse_timeout: timedelta = timedelta(seconds=5)
    parse_memory: int = 512 * 1024 * 1024
    parse_workers: int = 1
    user_agent: str = "monitor/0.1 (+https://monitor.example/bot)"
    allow_private: tuple[Network, ...] = ()
    """Networks that may be dialled although they are private, for feeds."""
    ca_file: Path | None = None
    """Trust these certificate authorities beside the system's own."""
    full_text: FullText = FullText.NEVER
    """For feeds that do not say it themselves."""
    credentials: Mapping[str, FeedCredentials] = field(default_factory=dict)
    """By the id of the feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How deliveries are tried. The figures are those of docs/reliability.md."""

    max_age: timedelta = timedelta(hours=72)
    max_attempts: int = 20
    max_singles: int = 20
    """After an interruption, at most so many single alerts to one recipient; the rest goes as one digest."""
    late_after: timedelta = timedelta(minutes=10)
    """Alerts older than this are marked as delayed, and count for `max_singles`."""
    allow_private: tuple[Network, ...] = ()
    """Networks that may be dialled although they are private, for webhooks such as Slack's. Mail servers may always be
    private: they are named by the operator alone."""
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaildirSettings:
    """A channel that writes each alert as a message into a Maildir."""

    id: str
    path: Path
    sender: str = "monitor@localhost"
    kind: str = "maildir"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """With what a channel signs its mail."""

    selector: str
    domain: str
    key: Secret
    """An RSA key in PEM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """A mailbox that is read by IMAP over TLS."""

    host: str
    username: str
    password: Secret
    port: int = 993
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceSettings:
    """Where mail that comes back is found: a Maildir, or a mailbox by IMAP."""

    maildir: Path | None = None
    imap: ImapSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """A channel that sends mail by SMTP."""

    id: str
    host: str
    sender: str
    """The From address, with or without a display name."""
    port: int = 587
    security: str = "starttls"
    """`starttls`, `tls` or `none`; `none` together with a password is refused unless the host is loopback."""
    username: str | None = None
    password: Secret | None = None
    ca_file: Path | None = None
    hello: str | None = None
    """The name in EHLO; the machine's own when absent."""
    reply_to: str | None = None
    bounce_address: str | None = None
    """The envelope's sender, to which mail comes back that cannot be delivered; the sender's own when absent."""
    dkim: DkimSettings | None = None
    bounces: BounceSettings | None = None
    timeout: timedelta = timedelta(seconds=60)
    """For each command but the last dot, which waits ten minutes as RFC 5321 4.5.3.2.6 asks."""
    rate: float = 10.0
    """Messages a second."""
    burst: int = 20
    kind: str = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """A channel that posts to a Slack incoming webhook."""

    id: str
    url: Secret = field(default_factory=lambda: Secret(""))
    """The webhook's URL is itself the credential; empty with a token."""
    token: Secret | None = None
    """Of a bot; it posts to `room`, in threads."""
    room: str = ""
    api: str = "https://slack.com/api/"
    timeout: timedelta = timedelta(seconds=20)
    rate: float = 1.0
    burst: int = 3
    kind: str = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """A channel that posts data, signed, to a program."""

    id: str
    url: Secret
    secrets: tuple[Secret, ...] = ()
    """One, or while it is changed two: the new one first. None for a preset without signature."""
    preset: str = "standard"
    """`standard`, `miniflux` or `alertmanager`."""
    headers: tuple[tuple[str, Secret], ...] = ()
    timeout: timedelta = timedelta(seconds=20)
    rate: float = 10.0
    burst: int = 20
    kind: str = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """A channel that sends text through any service that Apprise knows."""

    id: str
    url: Secret
    timeout: timedelta = timedelta(seconds=30)
    rate: float = 1.0
    burst: int = 3
    kind: str = "apprise"


ChannelSettings = MaildirSettings | EmailSettings | SlackSettings | WebhookSettings | AppriseSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSettings:
    """When the number of a rule's hits is news by itself."""

    rules: tuple[str, ...] = ()
    """Rule ids. Empty `rules`, `kinds` and `labels` mean every rule; otherwise those that any of them names."""
    kinds: tuple[RuleKind, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    window: timedelta = timedelta(hours=1)
    """The span whose hits are counted; it divides a day."""
    at_least: int = 5
    """Fewer hits are never a spike."""
    odds: int = 10_000
    """So many windows would pass, on average, until as many hits came by chance."""
    rest: timedelta = timedelta(hours=6)
    """A spike that was told is not told again for so long, unless it doubles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySettings:
    """How articles that tell the same news are grouped."""

    enabled: bool = True
    """Otherwise every article is a story of its own."""
    most: int = 20_000
    """Articles that a new one is compared with, at most; those of the last five days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSettings:
    """The address that is asked for while all is well."""

    url: Secret
    every: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySettings:
    """A feed of our own, whose articles must arrive as alerts."""

    subscriber: str
    """Who gets them."""
    every: timedelta = timedelta(minutes=15)
    within: timedelta = timedelta(minutes=10)
    """An article that is not delivered after so long is an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The port for health and metrics."""

    host: str = "127.0.0.1"
    port: int = 9464
    """0 takes a free port."""
    enabled: bool = True
    public_url: str | None = None
    subscribe: bool = False
    """Whether people may subscribe by themselves, by mail."""
    """Where others reach this port, without a slash at its end; hubs call back there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How the log looks."""

    format: str = "auto"
    """`text`, `json`, or `auto`: text on a terminal, JSON otherwise."""
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the operator decided."""

    file: Path
    """The settings file; relative paths in it are relative to its folder."""
    store: StoreSettings
    rules: tuple[Path, ...]
    """Rule files and folders."""
    feeds: tuple[Feed, ...] = ()
    outlets: tuple[Outlet, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    operator: tuple[str, ...] = ()
    """Ids of subscribers who are told when something is wrong with the monitor itself."""
    polling: PollingSettings = field(default_factory=PollingSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    log: LogSettings = field(default_factory=LogSettings)
    stories: StorySettings = field(default_factory=StorySettings)
    templates: Mapping[str, str] | None = None
    """The sources of the operator's own templates for mail, by name."""
    heartbeat: HeartbeatSettings | None = None
    canary: CanarySettings | None = None
    spikes: tuple[SpikeSettings, ...] = ()
    """The first that names a rule counts for it; a rule that none names has no spikes."""
    watched: tuple[Path, ...] = ()
    content: tuple[Path, ...] = ()
    """Files among them that other workers may have: settings, rules, lists of feeds, templates; no secrets."""
    """Every file and folder that was read for these settings; a change of any is a reason to reload."""

    def outlet_titles(self) -> Mapping[str, str]:
        """The names of outlets for people, by id."""
        return {outlet.id: outlet.title for outlet in self.outlets}
