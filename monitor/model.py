"""The nouns: values that cross the borders between the floors.

What they are is said in `docs/architecture.md`; this file says what each field means. All are frozen; sequences are
tuples; every datetime is aware and in UTC; every duration is a timedelta. This module knows no clock, disk, network,
database or library beyond the standard one, and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import datetime, timedelta
from enum import StrEnum

# ── Feeds and articles ────────────────────────────────────────────────────────────────────────────────────────────────


class FeedKind(StrEnum):
    """How a feed is read."""

    HTTP = "http"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Something that is polled."""

    id: str
    """A stable slug: configured, or made from the address."""
    url: str
    """An http(s) URL, or the absolute path of a directory."""
    kind: FeedKind = FeedKind.HTTP
    title: str | None = None
    outlet: str | None = None
    """The id of an outlet in the settings."""
    lang: str | None = None
    """BCP 47 primary language, when the operator says so."""
    categories: tuple[str, ...] = ()
    """Category paths as OPML writes them: `/News/Middle East`."""
    labels: Mapping[str, str] = _field(default_factory=dict)
    every: timedelta | None = None
    """The poll period of this feed, when it differs from the settings' own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """HTTP validators of the last answer, byte for byte as the server sent them (RFC 9110, 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is known of a feed between two polls; the store keeps it, so that a restart resets nothing."""

    next_due: datetime
    validators: Validators = Validators()
    body_hash: str | None = None
    """Hash of the last body that was parsed without failure; an equal body needs no parsing."""
    title: str | None = None
    """The feed's own title, as it last gave it."""
    lang: str | None = None
    """The feed's own language, as it last gave it."""
    last_polled: datetime | None = None
    last_ok: datetime | None = None
    """The last poll that ended in a 200 that was parsed, or a 304."""
    last_new: datetime | None = None
    """The last poll that brought a new article."""
    failures: int = 0
    """Failed polls in a row."""
    last_error: str | None = None
    """Why the last poll failed: `kind: detail`, without secrets."""


class FetchErrorKind(StrEnum):
    """Why a fetch brought no document; a closed list, used in metrics."""

    ADDRESS = "address"
    """The address may not be dialled, or the URL is not one of ours."""
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    """The answer broke HTTP, was cut short or had a broken coding."""
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    STATUS = "status"
    """An answer that is neither 200 nor 304."""
    READ = "read"
    """A directory or file that could not be read."""
    PARSE = "parse"
    """The document is no feed, or the parser failed or was stopped."""
    INTERNAL = "internal"
    """A fault of this program; the log has the trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """A poll that brought nothing, and why."""

    kind: FetchErrorKind
    detail: str
    """One line for people, without secrets, the same for refused, closed and filtered private addresses."""
    status: int | None = None
    retry_after: timedelta | None = None
    validators: Validators | None = None
    """Validators of an answer that came but did not parse: they are kept all the same."""
    body_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The feed has not changed since the last poll (304, or an equal body)."""

    validators: Validators
    status: int = 304


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One normalised item of a feed. Its texts are clean: no markup, controls, bidi marks or invisible characters."""

    key: str
    """Identity, from `keys.article_key`: the feed and the guid, else the canonical URL, else title and date."""
    feed_id: str
    guid: str | None
    url: str | None
    """http(s) only."""
    title: str
    """One line."""
    body: str
    """Paragraphs are separated by blank lines; may be empty."""
    author: str | None = None
    categories: tuple[str, ...] = ()
    lang: str | None = None
    outlet: str | None = None
    """The name of the publication, for people."""
    published: datetime | None = None
    """As the feed says; None when it does not say or cannot be read."""
    text_hash: str = ""
    """From `keys.text_hash`: changes when title or body changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """What a document of a feed came to."""

    articles: tuple[Article, ...]
    title: str | None = None
    lang: str | None = None
    format: str = ""
    """`rss20`, `atom10`, `rdf`, `json11`, `text`, …"""
    warnings: tuple[str, ...] = ()
    """One sentence each: what was odd in the document, and what was done about it."""
    validators: Validators = Validators()
    body_hash: str | None = None
    status: int = 200


PollOutcome = ParsedFeed | NotModified | FetchFailed


# ── Rules and matches ─────────────────────────────────────────────────────────────────────────────────────────────────


class Severity(StrEnum):
    """How urgent a rule is. Compare with `rank`."""

    FLASH = "flash"
    URGENT = "urgent"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """2 for flash, 1 for urgent, 0 for routine."""
        return {"flash": 2, "urgent": 1, "routine": 0}[self.value]


class RuleKind(StrEnum):
    """What a rule watches."""

    PERSON = "person"
    BASE = "base"
    PLACE = "place"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    TOPIC = "topic"


class Tier(StrEnum):
    """How a written form relates to what the author of the rule wrote."""

    EXACT = "exact"
    ALIAS = "alias"
    INFLECTED = "inflected"
    TRANSLITERATED = "transliterated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Weighted words: the rule hits when the sum reaches the threshold."""

    threshold: int
    words: tuple[tuple[str, int], ...]
    """Query leaves and their weights, in the order of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts that a rule must hit and must not hit; `monitor check` runs them."""

    match: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A watch rule, as its author wrote it and after its file was checked. The language is in `docs/rules.md`."""

    id: str
    kind: RuleKind
    title: str
    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    query: str | None = None
    score: Score | None = None
    needs: str | None = None
    within: str = "article"
    """`article`, `paragraph`, `sentence`, or a number of words in digits."""
    not_: tuple[str, ...] = ()
    """Phrases that do not count as this name (`not:` in the file)."""
    severity: Severity = Severity.ROUTINE
    labels: Mapping[str, str] = _field(default_factory=dict)
    lang: tuple[str, ...] = ()
    script: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    exact: bool = False
    variants: Mapping[str, bool] = _field(default_factory=dict)
    """Tiers set on or off by name; a tier that is not named is on."""
    enabled: bool = True
    max_age: timedelta | None = None
    examples: Examples = Examples()
    version: str = ""
    """From `keys.rule_version`: a hash of all that decides a match. Hits keep it."""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One place in an article that made a rule match."""

    field: str
    """`title`, `body`, `author`, `url`, `category`, …: a text field of the article."""
    start: int
    """Offsets in characters of the field's original text: `text == field[start:end]`."""
    end: int
    text: str
    term: str
    """The name, alias or query leaf that it stands for, as its author wrote it."""
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The pure result of a rule on an article."""

    rule_id: str
    rule_version: str
    severity: Severity
    score: int | None
    """The sum of a `score` rule, else None."""
    clauses: tuple[str, ...]
    """What fired, for people: `names`, `query`, `score`, or the `#name(...)` of each clause that held."""
    spans: tuple[Span, ...]
    """Ordered by field (title first), start, end; never empty unless the rule tests only fields without text."""


# ── Subscribers, alerts, deliveries ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One address on one channel."""

    channel: str
    """The id of a channel in the settings."""
    address: str = ""
    """A mail address for e-mail; empty where the channel itself is the address (Slack webhook, Maildir)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who is told of what, and how."""

    id: str
    title: str
    recipients: tuple[Recipient, ...]
    rules: tuple[str, ...] = ()
    """Rule ids. Empty `rules`, `kinds` and `labels` mean every rule; otherwise a rule is taken if any of them names it."""
    kinds: tuple[RuleKind, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    severity: Severity = Severity.ROUTINE
    """The least severity that is told."""
    timezone: str = "UTC"
    """An IANA name; times in this subscriber's messages are shown in it."""


class AlertKind(StrEnum):
    """What an alert tells."""

    ARTICLE = "article"
    """A new article that hits rules."""
    REVISION = "revision"
    """A changed article that now hits rules that it did not hit before."""
    DIGEST = "digest"
    """Many alerts in one, as after a channel was down."""
    NOTICE = "notice"
    """Something about the monitor itself, for its operator."""
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A sentence of an article with the matched words in it."""

    field: str
    text: str
    marks: tuple[tuple[int, int], ...]
    """Half-open offsets into `text`, ordered, not overlapping: what to highlight."""
    rtl: bool = False
    """Whether the text reads from right to left."""
    cut_left: bool = False
    cut_right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an alert was raised: one rule that hit."""

    rule_id: str
    rule_title: str
    rule_version: str
    kind: RuleKind
    severity: Severity
    clauses: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    words: tuple[tuple[str, Tier], ...]
    """The distinct matched words as written in the article, each with its tier, in order of appearance."""
    score: int | None = None
    labels: Mapping[str, str] = _field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleCard:
    """What an alert shows of an article; a snapshot, so that the alert stays what it was."""

    key: str
    title: str
    url: str | None
    outlet: str | None
    feed_title: str | None
    author: str | None
    lang: str | None
    published: datetime | None
    first_seen: datetime
    rtl: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One alert inside a digest."""

    alert_key: str
    title: str
    url: str | None
    outlet: str | None
    severity: Severity
    rules: tuple[str, ...]
    at: datetime
    rtl: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What one subscriber is told. Immutable: the store keeps this value, and every channel renders from it."""

    key: str
    """From `keys.alert_key`; content and attempt never enter it."""
    kind: AlertKind
    subscriber_id: str
    severity: Severity
    created_at: datetime
    article: ArticleCard | None = None
    """Of an article or revision alert."""
    reasons: tuple[Reason, ...] = ()
    """Ordered by severity, most severe first, then by rule id."""
    dropped: tuple[str, ...] = ()
    """Titles of rules that a revision no longer hits."""
    lines: tuple[DigestLine, ...] = ()
    """Of a digest, newest first."""
    subject: str = ""
    """Of a notice or test: its headline."""
    text: str = ""
    """Of a notice or test: what happened and what to do."""
    timezone: str = "UTC"


class DeliveryState(StrEnum):
    """Where a delivery stands; see the state machine in `docs/architecture.md`."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    UNKNOWN = "unknown"
    """Sent perhaps: the outcome was lost. It goes back to pending with the same key."""
    DEAD = "dead"
    CARRIED = "carried"
    """A digest carries it; see `Delivery.carried_by`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to be recorded with its alert."""

    key: str
    """From `keys.delivery_key`: the same over all attempts; Message-ID and idempotency keys are made from it."""
    channel: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """An alert and its deliveries, to be recorded in the transaction that records the hits."""

    alert: Alert
    deliveries: tuple[NewDelivery, ...]
    article_key: str | None = None
    """The article whose hits it tells."""
    rule_ids: tuple[str, ...] = ()
    """The hits that it tells, by rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The effort to bring one alert to one address through one channel."""

    id: int
    key: str
    alert_key: str
    subscriber_id: str
    channel: str
    address: str
    state: DeliveryState
    attempts: int
    """Attempts that were started, whatever came of them."""
    unknowns: int
    """Attempts whose outcome was lost."""
    plain: bool
    """Send without formatting: the formatted message was refused for its content."""
    created_at: datetime
    next_attempt: datetime | None
    sent_at: datetime | None
    last_error: str | None
    carried_by: int | None = None
    """The delivery of the digest that carries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A time-limited claim. Every later write names the token; a worker that overslept can record nothing."""

    worker: str
    token: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedClaim:
    """A feed that this worker may poll now."""

    feed: Feed
    state: FeedState
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryClaim:
    """A delivery that this worker may attempt now, with all that the attempt needs."""

    delivery: Delivery
    alert: Alert
    lease: Lease


# ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Format(StrEnum):
    """What kind of content a channel sends; `alerting.render` makes it."""

    MAIL = "mail"
    SLACK = "slack"


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


Content = MailContent | SlackContent


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A publication."""

    id: str
    title: str
    country: str | None = None
    lang: str | None = None
    labels: Mapping[str, str] = _field(default_factory=dict)
