"""Who is told what, and the effort to tell them. Values only; see the note of `monitor.model`."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import datetime
from enum import StrEnum

from monitor.model.articles import Feed, FeedState
from monitor.model.details import Change, Period, Spread
from monitor.model.rules import RuleKind, Severity, Tier
from monitor.model.taking import Recipient, Route


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
    """An IANA name; times in this subscriber's messages are shown in it, and cadences and quiet hours mean it."""
    routes: tuple[Route, ...] = ()
    """Which hits go where and when, in order; the settings always make one at least. See `alerting.routes_of`."""
    without: tuple[str, ...] = ()
    """Rules that they chose not to hear of."""
    paused: str = ""
    """Why nothing is told to them now; empty if it is."""


class AlertKind(StrEnum):
    """What an alert tells."""

    ARTICLE = "article"
    """A new article that hits rules."""
    REVISION = "revision"
    """A changed article that now hits rules that it did not hit before."""
    UPDATE = "update"
    """More of a story that was told: a rule that it did not hit before, or how far it has spread."""
    DIGEST = "digest"
    """Many in one: on a cadence, after quiet hours, over the bound of an hour, or after a channel was down."""
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
    seen_in: str = ""
    """Which article of the story hit, if not the alert's own: its title and outlet."""


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
    feed_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One alert, or one story, inside a digest."""

    alert_key: str
    """Of the alert; of a story that no alert told on its own, the digest's."""
    title: str
    url: str | None
    outlet: str | None
    severity: Severity
    rules: tuple[str, ...]
    at: datetime
    rtl: bool = False
    story: str = ""
    note: str = ""
    """How far the story has spread, and what is new of it."""


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
    """Of a digest: newest first after an interruption, else most severe first, then the widest spread."""
    subject: str = ""
    """Of a notice or test: its headline."""
    text: str = ""
    """Of a notice or test: what happened and what to do."""
    timezone: str = "UTC"
    route: str = ""
    """The subscriber's route that it went."""
    story: str = ""
    thread: str = ""
    """The key of the first alert of the story on this route: its own, if it is the first. Empty if it has no story."""
    spread: Spread | None = None
    changes: tuple[Change, ...] = ()
    """Of a revision: what was changed in the title, and in sentences that match."""
    period: Period | None = None
    """Of a digest, but for those after an interruption."""


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
    told: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Every article whose hits it tells, each with its rules."""


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
    follows: str | None = None
    """What the channel called the first message of the alert's thread to this address, if one was taken."""
