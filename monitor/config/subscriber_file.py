"""The shape of `subscribers` and `spikes` in `monitor.yaml`: every key, its type, its default and its meaning (for editors too).

A route has the keys of a subscriber; what it does not say, it takes from its subscriber. Which channels and outlets there
are is judged in `subscriber_build`. Defaults are those of `monitor.model`, so that they stand in one place.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field

from monitor.config.shape import (
    AS_MAPPING,
    AS_TEXT,
    CadenceText,
    Duration,
    Kind,
    Labels,
    Lang,
    Line,
    Mail,
    OneOrMore,
    Pause,
    QuietText,
    SeverityText,
    Slug,
    Slugs,
    Strict,
    Timezone,
    text_or_mapping,
)
from monitor.model import Route
from monitor.settings import SpikeSettings

_ROUTE = Route()
_SPIKE = SpikeSettings()

Bypass = Literal["flash", "urgent", "routine", "never"]
Kinds = Annotated[tuple[Kind, ...], OneOrMore]
QuietHours = Annotated[tuple[QuietText, ...], OneOrMore]
PerHour = Annotated[int, Field(ge=0, le=100_000)]


class RecipientEntry(Strict):
    """A channel and the addresses on it."""

    channel: Slug
    """A channel from `channels`."""
    to: Annotated[tuple[Mail, ...], OneOrMore] = ()
    """Mail addresses, each of which gets its own message; only for channels of kind `email`."""


Ways = Annotated[
    tuple[
        Annotated[Annotated[Slug, AS_TEXT] | Annotated[RecipientEntry, AS_MAPPING], Discriminator(text_or_mapping)],
        ...,
    ],
    Field(min_length=1),
]


class LanguagesEntry(Strict):
    """Which languages of articles are wanted. Articles whose language nobody knows are wanted always."""

    only: Annotated[tuple[Lang, ...], OneOrMore] = ()
    """No languages but these."""
    never: Annotated[tuple[Lang, ...], OneOrMore] = ()
    """All languages but these."""


class OutletsEntry(Strict):
    """Which publications are wanted, from `outlets`."""

    only: Slugs = ()
    """No publications but these."""
    never: Slugs = ()
    """All publications but these."""


class UpdatesEntry(Strict):
    """When more of a story that was told is told again, beside new rules and higher severities, which always are."""

    outlets: tuple[Annotated[int, Field(ge=2, le=100_000)], ...] = _ROUTE.update_outlets
    """At these numbers of outlets, and after the last at each doubling; `[]` for never."""
    languages: bool = _ROUTE.update_languages
    """When it appears in another language."""
    after: Pause = _ROUTE.update_after or timedelta(0)
    """When new outlets have it and nothing was told of it for so long; `0s` for never."""


class RouteEntry(Strict):
    """Which of a subscriber's hits go where, and when. What is left out is as the subscriber has it."""

    id: Slug | None = None
    """A stable name: what was told is remembered by it. The place in the list when left out."""
    channels: Ways = ()
    """The ways of this route."""
    rules: Slugs = ()
    """Rules by id. If `rules`, `kinds` or `labels` is given, those of the subscriber do not count here."""
    kinds: Kinds = ()
    """Rules by kind, here."""
    labels: Labels = Field(default_factory=dict)
    """Rules by label, here."""
    severity: SeverityText | None = None
    """The severities that go this route: the least one, or an expression such as `<flash`."""
    languages: LanguagesEntry | None = None
    """Which languages of articles go this route."""
    outlets: OutletsEntry | None = None
    """Which publications go this route."""
    cadence: CadenceText | None = None
    """When alerts of this route go out."""
    quiet_hours: QuietHours | None = None
    """When alerts of this route are held; `[]` for never."""
    quiet_bypass: Bypass | None = None
    """The least severity that quiet hours do not hold on this route."""
    group_wait: Pause | None = None
    """How long the first alert of a story waits here."""
    group_interval: Pause | None = None
    """The least time between two alerts of a story here."""
    max_per_hour: PerHour | None = None
    """At most so many single alerts in an hour here."""
    updates: UpdatesEntry | None = None
    """When more of a story is told again here."""
    inhibit: bool | None = None
    """Whether routine hits are muted here on a story that was told as flash."""
    empty_digests: bool | None = None
    """Whether a digest of this route with nothing to say says so."""
    also: bool = Field(default=_ROUTE.also, alias="continue")
    """Whether hits that this route takes go on to the next routes as well."""


class SubscriberEntry(Strict):
    """Who is told of what, when, and how. Without `rules`, `kinds` and `labels`: of everything."""

    id: Slug
    """A stable name."""
    title: Line | None = None
    """The name for people; the id when left out."""
    channels: Ways = ()
    """The ways to this subscriber: names of channels, or `{channel: mail, to: [desk@example.org]}`. Needed unless every route has its own."""
    rules: Slugs = ()
    """Rules by id. A rule is taken if `rules`, `kinds` or `labels` names it."""
    kinds: Kinds = ()
    """Rules by kind."""
    labels: Labels = Field(default_factory=dict)
    """Rules by label."""
    severity: SeverityText = "routine"
    """The least severity that is told: `flash`, `urgent` or `routine`; or an expression such as `<flash`."""
    timezone: Timezone = "UTC"
    """Times in messages are shown in it, and cadences and quiet hours mean it: an IANA name."""
    languages: LanguagesEntry = LanguagesEntry()
    """Which languages of articles are wanted."""
    outlets: OutletsEntry = OutletsEntry()
    """Which publications are wanted."""
    cadence: CadenceText = "now"
    """When alerts go out: `now`, `hourly`, `daily at 08:00`, `weekly on monday at 08:00`, or cron: `0 8 * * 1-5`."""
    quiet_hours: QuietHours = ()
    """When alerts are held, to go out afterwards: `22:00-07:00`, `sat,sun 20:00-09:00`."""
    quiet_bypass: Bypass = _ROUTE.quiet_bypass.value if _ROUTE.quiet_bypass else "never"
    """The least severity that quiet hours do not hold; `never` if they hold all."""
    group_wait: Pause = _ROUTE.group_wait
    """How long the first alert of a story waits for more of it, unless it is a flash."""
    group_interval: Pause = _ROUTE.group_interval
    """The least time between two alerts of a story, unless the second is more severe."""
    max_per_hour: PerHour = _ROUTE.max_per_hour
    """At most so many single alerts in an hour; the rest follows in a digest. 0 for no bound."""
    updates: UpdatesEntry = UpdatesEntry()
    """When more of a story is told again."""
    inhibit: bool = _ROUTE.inhibit
    """Whether routine hits are muted on a story that was told as flash."""
    empty_digests: bool = _ROUTE.empty_digests
    """Whether a digest with nothing to say says so."""
    routes: Annotated[tuple[RouteEntry, ...], Field(min_length=1)] = ()
    """Different ways for different hits: of these the first that takes a hit has it. None means one route, as above."""


class SpikeEntry(Strict):
    """When the number of a rule's hits is news by itself. Without `rules`, `kinds` and `labels`: for every rule."""

    rules: Slugs = ()
    """Rules by id. A rule is watched if `rules`, `kinds` or `labels` names it."""
    kinds: Kinds = ()
    """Rules by kind."""
    labels: Labels = Field(default_factory=dict)
    """Rules by label."""
    window: Duration = _SPIKE.window
    """Hits are counted over so long: a span that divides a day."""
    at_least: Annotated[int, Field(ge=2, le=1_000_000)] = _SPIKE.at_least
    """Fewer hits are never a spike."""
    odds: Annotated[int, Field(ge=10, le=1_000_000_000)] = _SPIKE.odds
    """So many windows would pass until as many hits came by chance: more is calmer."""
    rest: Duration = _SPIKE.rest
    """A spike that was told is not told again for so long, unless it doubles."""
