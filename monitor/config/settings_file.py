"""The shape of `monitor.yaml`: every key, its type, its default and its meaning (the docstrings reach editors).

Defaults are those of `monitor.settings`, so that they stand in one place. References between parts are judged in `build`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from monitor.config.hook_file import AppriseEntry, HeartbeatEntry, WebhookEntry
from monitor.config.mail_file import BouncesEntry, DkimEntry
from monitor.config.shape import (
    AS_MAPPING,
    AS_TEXT,
    Category,
    Cidr,
    Count,
    Country,
    Duration,
    Host,
    Labels,
    Lang,
    Line,
    Listen,
    Mail,
    OneOrMore,
    Pause,
    Rate,
    SecretText,
    Sender,
    Size,
    Slug,
    Slugs,
    StoreUrl,
    Strict,
    Text,
    WebUrl,
    text_or_mapping,
)
from monitor.config.subscriber_file import SpikeEntry, SubscriberEntry
from monitor.settings import (
    CanarySettings,
    DeliverySettings,
    EmailSettings,
    FetchSettings,
    HttpSettings,
    MaildirSettings,
    PollingSettings,
    Secret,
    SlackSettings,
    StorySettings,
)

_POLLING = PollingSettings()
_FETCH = FetchSettings()
_DELIVERY = DeliverySettings()
_MAIL = EmailSettings(id="", host="", sender="")
_MAILDIR = MaildirSettings(id="", path=Path())
_SLACK = SlackSettings(id="", url=Secret(""))
_CANARY = CanarySettings(subscriber="")
_STORIES = StorySettings()
_HTTP = HttpSettings()

FullTextName = Literal["never", "auto", "always"]


class StoreEntry(Strict):
    """Where the truth is kept."""

    url: StoreUrl = "sqlite:///var/monitor.db"
    """`sqlite:///relative/path` (to this file), `sqlite:////absolute/path`, or `postgresql://user@host/database` for many
    workers; its password comes from the environment (`PGPASSWORD`) or a password file (`PGPASSFILE`)."""
    expect_existing: bool = False
    """Refuse to start on an empty store, so that a lost volume is an error and not a new beginning."""


class BasicAuthEntry(Strict):
    """A name and a password for a feed (RFC 7617)."""

    username: Line
    """The name."""
    password: SecretText | None = None
    """Better given as `password_file` or by the environment."""
    password_file: Line | None = None
    """A file whose content is the password; a line end at its end does not count."""


class FeedEntry(Strict):
    """A feed: either `url` or `path`."""

    id: Slug | None = None
    """A stable name; made from the address when it is left out."""
    url: WebUrl | None = None
    """The address of an RSS, Atom, RDF or JSON feed."""
    path: Line | None = None
    """A folder of articles."""
    title: Line | None = None
    """Shown instead of the feed's own title."""
    outlet: Slug | None = None
    """The publication, from `outlets`."""
    every: Duration | None = None
    """The poll period, when it differs from `polling.every`."""
    lang: Lang | None = None
    """The language of its articles, when the feed does not say it, or says it wrongly."""
    full_text: FullTextName | None = None
    """Whether the pages of its articles are read, when it differs from `fetch.full_text`."""
    category: Annotated[tuple[Category, ...], OneOrMore] = ()
    """One category path, or a list of them: `/News/Middle East`."""
    labels: Labels = Field(default_factory=dict)
    """Free labels."""
    headers: dict[Text, SecretText] = Field(default_factory=dict)
    """Headers of its requests. The feed's own host alone is sent them."""
    headers_file: dict[Text, Line] = Field(default_factory=dict)
    """The same, each value being the content of a file."""
    basic_auth: BasicAuthEntry | None = None
    """A name and a password for its requests, sent as basic authentication."""
    cookies: dict[Text, SecretText] = Field(default_factory=dict)
    """Cookies of its requests. Those that a server sets are never kept."""
    cookies_file: dict[Text, Line] = Field(default_factory=dict)
    """The same, each value being the content of a file."""


class OpmlEntry(Strict):
    """Feeds from an OPML file, or from every `*.opml` of a folder; the other keys are defaults for these feeds."""

    opml: Line
    """The file or folder."""
    outlet: Slug | None = None
    """The publication of all these feeds, from `outlets`."""
    every: Duration | None = None
    """Their poll period."""
    lang: Lang | None = None
    """Their language, where the OPML file does not say it."""
    full_text: FullTextName | None = None
    """Whether the pages of their articles are read."""
    labels: Labels = Field(default_factory=dict)
    """Their labels."""


class OutletEntry(Strict):
    """A publication."""

    title: Line
    """Its name."""
    country: Country | None = None
    """Two capital letters (ISO 3166)."""
    lang: Lang | None = None
    """Its main language."""
    labels: Labels = Field(default_factory=dict)
    """Free labels."""


class MaildirEntry(Strict):
    """Writes each alert as a message into a Maildir."""

    kind: Literal["maildir"]
    """`maildir`."""
    path: Line
    """The folder; it is made when it is missing."""
    sender: Sender = Field(default=_MAILDIR.sender, alias="from")
    """The sender of the messages."""


class EmailEntry(Strict):
    """Sends mail by SMTP."""

    kind: Literal["email"]
    """`email`."""
    host: Host
    """The mail server."""
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """587 with `starttls`, 465 with `tls`, 25 with `none` when left out."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is protected; `none` with a password is refused unless the host is this machine."""
    username: Line | None = None
    """For servers that want a login; goes with a password."""
    password: SecretText | None = None
    """Better given as `password_file` or by the environment."""
    password_file: Line | None = None
    """A file whose content is the password; a line end at its end does not count."""
    sender: Sender = Field(alias="from")
    """The sender, with or without a display name."""
    reply_to: Mail | None = None
    """Where answers go."""
    bounce_address: Mail | None = None
    """Where mail comes back that cannot be delivered (the envelope's sender); `from` when left out."""
    bounces: BouncesEntry | None = None
    """The mailbox of that address, to know of mail that came back, and of complaints."""
    dkim: DkimEntry | None = None
    """Sign the mail; needed only where the server does not."""
    ca_file: Line | None = None
    """Trust these certificate authorities beside the system's own (PEM)."""
    hello: Host | None = None
    """The name in EHLO; this machine's own when left out."""
    timeout: Duration = _MAIL.timeout
    """For each command of the dialogue."""
    rate: Rate = _MAIL.rate
    """Messages a second."""
    burst: Count = _MAIL.burst
    """So many at once before `rate` counts."""


class SlackEntry(Strict):
    """Posts to Slack: through an incoming webhook, or as a bot, which keeps stories in threads."""

    kind: Literal["slack"]
    """`slack`."""
    url: SecretText | None = None
    """The webhook's URL, a secret; better given as `url_file` or by the environment."""
    url_file: Line | None = None
    """A file whose content is the URL."""
    token: SecretText | None = None
    """The token of a bot, instead of `url`; better given as `token_file`."""
    token_file: Line | None = None
    """A file whose content is the token."""
    room: Line | None = None
    """Where the bot posts: the id of a channel, such as `C0123456789`."""
    api: WebUrl = _SLACK.api
    """The address of Slack's Web API."""
    timeout: Duration = _SLACK.timeout
    """For one request."""
    rate: Rate = _SLACK.rate
    """Messages a second."""
    burst: Count = _SLACK.burst
    """So many at once before `rate` counts."""


ChannelEntry = Annotated[
    MaildirEntry | EmailEntry | SlackEntry | WebhookEntry | AppriseEntry, Field(discriminator="kind")
]


class PollingEntry(Strict):
    """How often feeds are polled, and how many at once."""

    every: Duration = _POLLING.every
    """The poll period of feeds that have none of their own."""
    floor: Duration = _POLLING.floor
    """No feed is polled more often, whatever it says."""
    ceiling: Duration = _POLLING.ceiling
    """No feed is polled less often, whatever it says or however often it failed; only `Retry-After` may ask for more."""
    adapt: Annotated[int, Field(ge=1, le=100)] = _POLLING.adapt
    """The rhythm of a feed's articles makes its period up to so many times shorter or longer; 1 leaves it alone."""
    moved_after: Duration = _POLLING.moved_after
    """A permanent redirect is taken for the feed's address once it has held for so long."""
    concurrency: Count = _POLLING.concurrency
    """So many feeds at work at once; those that only wait for a slow host are not counted."""
    per_host: Count = _POLLING.per_host
    """So many requests to one host at once."""
    host_gap: Pause = _POLLING.host_gap
    """Between two requests to one host; `0s` for none."""
    directory_every: Duration = _POLLING.directory_every
    """The poll period of folders."""
    pushed_every: Duration = _POLLING.pushed_every
    """The poll period of feeds whose hub pushes to us, as a net."""


class FetchEntry(Strict):
    """Bounds of one fetch and one parse, and where they may go."""

    timeout: Duration = _FETCH.timeout
    """For a whole fetch: name, connection, headers, body and redirects."""
    connect_timeout: Duration = _FETCH.connect_timeout
    """For the connection alone."""
    max_wire_bytes: Size = _FETCH.max_wire_bytes
    """The largest answer, as transferred."""
    max_body_bytes: Size = _FETCH.max_body_bytes
    """The largest answer, after inflating."""
    max_header_bytes: Size = _FETCH.max_header_bytes
    """The largest set of headers."""
    max_redirects: Annotated[int, Field(ge=0, le=50)] = _FETCH.max_redirects
    """So many redirects are followed."""
    max_entries: Count = _FETCH.max_entries
    """So many articles are taken from one document."""
    parse_timeout: Duration = _FETCH.parse_timeout
    """For parsing one document; then the parser is stopped."""
    parse_memory: Size = _FETCH.parse_memory
    """Memory of a parser process."""
    parse_workers: Count = _FETCH.parse_workers
    """Parser processes."""
    user_agent: Line = _FETCH.user_agent
    """How the fetcher names itself; put an address in it where you can be reached."""
    allow_private: tuple[Cidr, ...] = _FETCH.allow_private
    """Private networks where feeds may be fetched from: `[10.1.0.0/16]`."""
    ca_file: Line | None = None
    """Trust these certificate authorities beside the system's own (PEM)."""
    full_text: FullTextName = _FETCH.full_text.value
    """Whether the pages of articles are read: `never`, `auto` (where a rule is undecided on the teaser) or `always`."""


class DeliveryEntry(Strict):
    """How deliveries are tried."""

    max_age: Duration = _DELIVERY.max_age
    """After that long without success a delivery is given up."""
    max_attempts: Count = _DELIVERY.max_attempts
    """After so many attempts too."""
    max_singles: Annotated[int, Field(ge=0, le=100_000)] = _DELIVERY.max_singles
    """After an interruption, at most so many single alerts to one address; the rest goes as one digest."""
    late_after: Duration = _DELIVERY.late_after
    """Older alerts are marked as delayed, and count for `max_singles`."""
    allow_private: tuple[Cidr, ...] = _DELIVERY.allow_private
    """Private networks where webhooks may be called. Mail servers may always be private."""
    ca_file: Line | None = None
    """Trust these certificate authorities beside the system's own, for webhooks (PEM)."""


class StoriesEntry(Strict):
    """How articles that tell the same news are grouped."""

    enabled: bool = _STORIES.enabled
    """Otherwise every article is a story of its own, and is told as one."""
    most: Annotated[int, Field(ge=100, le=1_000_000)] = _STORIES.most
    """A new article is compared with at most so many, those of the last five days. Each takes some kilobytes of memory."""


class CanaryEntry(Strict):
    """A feed of the monitor's own, whose articles must arrive as alerts."""

    subscriber: Slug
    """Who gets its alerts, from `subscribers`; nobody else does, and its other rules do not count."""
    every: Duration = _CANARY.every
    """So often an article is made."""
    within: Duration = _CANARY.within
    """One that is not delivered after that long is an alarm."""


class HttpEntry(Strict):
    """The port for health and metrics."""

    listen: Listen = (_HTTP.host, _HTTP.port)
    """Address and port; port 0 takes a free one."""
    enabled: bool = _HTTP.enabled
    """Whether to listen at all."""
    public_url: WebUrl | None = None
    """Where others reach this port, for links in messages and hubs that push: `https://monitor.example.org`."""
    subscribe: bool = _HTTP.subscribe
    """Whether people may subscribe by themselves on `/subscribe`, by mail that they confirm."""


class LogEntry(Strict):
    """How the log looks."""

    format: Literal["auto", "text", "json"] = "auto"
    """`text`, `json`, or `auto`: text on a terminal, JSON otherwise."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged."""


def feed_form(value: object) -> str:
    """Which form an entry of `feeds` has."""
    if isinstance(value, str):
        return "<text>"
    return "<opml>" if isinstance(value, dict) and "opml" in value else "<feed>"


class SettingsFile(Strict):
    """The settings of the monitor. Relative paths are relative to this file's folder."""

    store: Annotated[
        Annotated[StoreUrl, AS_TEXT] | Annotated[StoreEntry, AS_MAPPING], Discriminator(text_or_mapping)
    ] = "sqlite:///var/monitor.db"
    """Where articles, hits and deliveries are kept."""
    rules: Annotated[tuple[Line, ...], OneOrMore] = ("rules",)
    """Rule files and folders of rule files."""
    feeds: tuple[
        Annotated[
            Annotated[Line, Tag("<text>")] | Annotated[OpmlEntry, Tag("<opml>")] | Annotated[FeedEntry, Tag("<feed>")],
            Discriminator(feed_form),
        ],
        ...,
    ] = ()
    """What is polled: addresses and folders, feeds with more to say of them, OPML files."""
    outlets: dict[Slug, OutletEntry] = Field(default_factory=dict)
    """Publications by id."""
    channels: dict[Slug, ChannelEntry] = Field(default_factory=dict)
    """Ways out by id."""
    subscribers: tuple[SubscriberEntry, ...] = ()
    """Who is told."""
    operator: Slugs = ()
    """Ids of subscribers who are told when something is wrong with the monitor itself."""
    polling: PollingEntry = PollingEntry()
    """How often feeds are polled."""
    fetch: FetchEntry = FetchEntry()
    """Bounds of fetching and parsing."""
    delivery: DeliveryEntry = DeliveryEntry()
    """How deliveries are tried."""
    stories: StoriesEntry = StoriesEntry()
    """How articles that tell the same news are grouped."""
    templates: Line | None = None
    """A folder with templates of yours for mail, in place of those that are shipped."""
    heartbeat: HeartbeatEntry | None = None
    """An address that is asked for while all is well; none when left out."""
    spikes: tuple[SpikeEntry, ...] = ()
    """When the number of a rule's hits is news by itself; the first entry that names a rule counts for it."""
    canary: CanaryEntry | None = None
    """A feed of the monitor's own, whose articles must arrive as alerts; none when left out."""
    http: HttpEntry = HttpEntry()
    """The port for health and metrics."""
    log: LogEntry = LogEntry()
    """How the log looks."""
