"""Feeds, articles, and what a poll of a feed comes to. Values only; see the note of `monitor.model`."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from monitor.model.pace import NEVER_UNWELL, NO_HINTS, NOTHING_LEARNT, Health, Pace, PublisherHints


class FeedKind(StrEnum):
    """How a feed is read."""

    HTTP = "http"
    DIRECTORY = "directory"
    CANARY = "canary"
    """Made by the monitor itself, to see whether its articles arrive."""


CANARY: Final = "canary"
"""The id of the feed of that kind, and of the one rule for it."""


class FullText(StrEnum):
    """Whether the pages of a feed's articles are read, beside what the feed itself says of them."""

    NEVER = "never"
    AUTO = "auto"
    """Where a rule is undecided on what the feed says."""
    ALWAYS = "always"


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
    full_text: FullText = FullText.NEVER


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
    wire_hash: str | None = None
    """Hash of that body as it came over the wire, which spares inflating an equal one."""
    fingerprints: bytes = b""
    """Of the items of the last document that was recorded, eight bytes each; these need no parsing."""
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
    pace: Pace = NOTHING_LEARNT
    """What decides when it is polled."""
    health: Health = NEVER_UNWELL
    """How it is, as the operator is told."""
    gaps: int = 0
    """How often articles may have been lost between two polls."""


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


UNREACHED = frozenset({FetchErrorKind.DNS, FetchErrorKind.CONNECT, FetchErrorKind.TLS, FetchErrorKind.TIMEOUT})
"""The host did not answer, so that it may have been hosts, or the way to them."""


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
    obstacle: str | None = None
    """What came in the feed's place, if that can be told: `a web page`, `a challenge page of Cloudflare`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The feed has not changed since the last poll (304, or an equal body)."""

    validators: Validators
    status: int = 304
    hints: PublisherHints = NO_HINTS
    """What this answer says; what the document said still holds."""
    wire_hash: str | None = None
    """Of an equal body at 200, as it came over the wire."""


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
    lang_detected: bool = False
    """Whether the language was told from the text, since nobody said it. Not stored."""
    outlet: str | None = None
    """The name of the publication, for people."""
    published: datetime | None = None
    """As the feed says; None when it does not say or cannot be read."""
    text_hash: str = ""
    """From `keys.text_hash`: changes when title or body changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Where a feed can be subscribed to (WebSub)."""

    url: str
    topic: str
    """The address that the hub knows the feed by."""


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
    wire_hash: str | None = None
    fingerprints: bytes = b""
    """Of all items of the document; known from the moment at which this poll is recorded."""
    status: int = 200
    hints: PublisherHints = NO_HINTS
    listed: int | None = None
    """How many items the document has, when not all of them are among `articles`; else None."""
    partial: bool = False
    """It has only what is new since the last answer (RFC 3229), so it says nothing of what else the feed has."""
    hub: Hub | None = None
    """The hub that the document or its answer names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """The text of an article as its own page has it."""

    text: str
    """Clean, as the body of an article."""
    url: str
    """Where it came from at last."""
    lang: str | None = None
    """What the page says, else what the text looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A publication."""

    id: str
    title: str
    country: str | None = None
    lang: str | None = None
    labels: Mapping[str, str] = _field(default_factory=dict)


PageOutcome = ArticlePage | FetchFailed
PollOutcome = ParsedFeed | NotModified | FetchFailed
