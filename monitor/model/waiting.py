"""Hits on their way to a subscriber: what waits, what holds or mutes it, what was told before. Values only.

Every hit that a subscriber takes becomes part of one `Waiting`, and ends in an alert or in a `Suppressed`. See
`alerting.decide_alerts`, which decides, and the note of `monitor.model`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.rules import Severity


class HoldReason(StrEnum):
    """Why something waits."""

    CADENCE = "cadence"
    """For the next digest."""
    QUIET_HOURS = "quiet_hours"
    GROUP_WAIT = "group_wait"
    """For more articles of a story that is new."""
    GROUP_INTERVAL = "group_interval"
    """Because the story was told a short while ago."""
    CAP = "cap"
    """Because of the bound on alerts in an hour."""


class SuppressionReason(StrEnum):
    """Why a hit raised no alert; a closed list, used in metrics."""

    STORY = "story"
    """A copy or follow-up of a story that was told, with nothing new enough for an update."""
    DUPLICATE = "duplicate"
    """This article was told with this rule already."""
    SILENCE = "silence"
    INHIBITED = "inhibited"
    """Routine, on a story that was told as flash."""
    PREFERENCE = "preference"
    """A language or outlet that is not wanted."""
    NOT_TAKEN = "not_taken"
    """No route takes the rule any more."""
    RULE_GONE = "rule_gone"
    """The rule was removed before the hit was told."""
    PAUSED = "paused"
    """The subscriber is paused, was removed, or no address of the route takes anything any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenHit:
    """A rule that an article hits, as a subscriber takes it."""

    rule_id: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The hits of one revision of an article that go one route of one subscriber, until they are told or suppressed.

    Unique by subscriber, route, article and revision.
    """

    id: int = 0
    """The store's own number; 0 before it has one."""
    subscriber_id: str
    route: str
    article_key: str
    revision: int = 0
    changed: bool = False
    """Whether its publisher changed the text; not when it is the text of its own page that was read."""
    story: str
    """The story of the article; an article that nobody else tells is a story of its own."""
    hits: tuple[TakenHit, ...]
    """By rule id. Empty only for a revision that does no more than lose rules."""
    dropped: tuple[str, ...] = ()
    """Ids of rules that the revision before hit, and this one does not."""
    feed_id: str
    outlet: str | None = None
    """By name."""
    lang: str | None = None
    since: datetime
    """When the poll recorded it."""
    due: datetime
    """When it is to be decided (again)."""
    held: HoldReason | None = None
    """Why it waits, since it was last decided."""

    @property
    def severity(self) -> Severity:
        """Of its most severe hit."""
        return most_severe(hit.severity for hit in self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Hits that raise no alert, and why."""

    waiting: int
    """The `id` of the `Waiting`."""
    rules: tuple[str, ...]
    """Empty for a revision that does no more than lose rules."""
    reason: SuppressionReason
    by: str = ""
    """What did it, for people: the silence, the alert that told the story, the preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Hits that go on waiting. What else the `Waiting` had is suppressed."""

    waiting: int
    rules: tuple[str, ...]
    until: datetime
    """Later than now, and not later than they can next be told."""
    reason: HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Something muted until a time. What it names must all hold of a hit; it names at least one thing."""

    id: str
    rule: str | None = None
    story: str | None = None
    feed: str | None = None
    outlet: str | None = None
    """By name."""
    label: tuple[str, str] | None = None
    """Of the rule."""
    subscriber: str | None = None
    """Whom it concerns; None for everybody."""
    author: str
    reason: str = ""
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of a story on one route of a subscriber. The store keeps it as it is."""

    route: str
    story: str
    alert_key: str
    """Of the first alert: the head of the thread."""
    alerts: int
    """How many."""
    rules: frozenset[str]
    articles: frozenset[str]
    """Keys of the articles whose hits were told."""
    dropped: frozenset[tuple[str, str]] = frozenset()
    """Article and rule of each loss that was told."""
    severity: Severity
    """Of the most severe hit."""
    outlets: int
    """How many the story had when it was last told."""
    languages: frozenset[str]
    """Those that the story had then."""
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFacts:
    """How far a story has spread, now."""

    outlets: int = 1
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A single alert that was raised: what the bound on alerts in an hour counts. Digests do not count."""

    route: str
    severity: Severity
    at: datetime


def most_severe(severities: Iterable[Severity]) -> Severity:
    """The highest; routine when there is none."""
    return max(severities, key=lambda one: one.rank, default=Severity.ROUTINE)
