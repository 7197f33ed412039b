"""What a subscriber takes, when, and through which channels. Values only; see the note of `monitor.model`.

What follows from them is decided in `alerting/`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from monitor.model.rules import RuleKind, Severity

MAIN: Final = "main"
"""The id of the only route of a subscriber who has no `routes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One address on one channel."""

    channel: str
    """The id of a channel in the settings."""
    address: str = ""
    """A mail address for e-mail; empty where the channel itself is the address (Slack webhook, Maildir)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When alerts go out: at once, or at times of the wall clock in the subscriber's time zone, as cron has them."""

    text: str = "now"
    """As its author wrote it, for people."""
    minutes: tuple[int, ...] = ()
    """Of the hour, ascending, as all of these; empty means at once, and then the others are empty too."""
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    """Of the month, from 1."""
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    """Monday is 0."""
    either: bool = False
    """A date counts if it is among `days` or `weekdays`, as in cron when both are restricted; else it must be in both."""

    @property
    def is_now(self) -> bool:
        """Whether alerts go out at once."""
        return not self.minutes


AT_ONCE: Final = Cadence()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWindow:
    """A span of local time in which alerts are held."""

    days: tuple[int, ...]
    """Days of the week on which it begins; Monday is 0."""
    start: int
    """Minutes after midnight, 0 to 1439."""
    end: int
    """Minutes after midnight, 1 to 1440; if it is not after `start`, of the next day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What is wanted of a property of articles. Names are compared without regard to case."""

    only: tuple[str, ...] = ()
    """If there are any, nothing else is wanted."""
    never: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which hits go to whom, when. Of a subscriber's routes the first that takes a hit has it."""

    id: str = MAIN
    """Stable: what was told of a story is remembered by it."""
    recipients: tuple[Recipient, ...] = ()
    rules: tuple[str, ...] = ()
    """Rule ids. Empty `rules`, `kinds` and `labels` mean every rule; otherwise a rule is taken if any of them names it."""
    kinds: tuple[RuleKind, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    severities: tuple[Severity, ...] = tuple(Severity)
    """The severities that are taken."""
    languages: Preference = Preference()
    """Of articles, by code; an article whose language nobody knows is wanted."""
    outlets: Preference = Preference()
    """By name."""
    cadence: Cadence = AT_ONCE
    quiet: tuple[QuietWindow, ...] = ()
    """When alerts are held. Together they leave some time of the week free."""
    quiet_bypass: Severity | None = Severity.FLASH
    """The least severity that quiet hours do not hold; None when they hold all."""
    group_wait: timedelta = timedelta(0)
    """How long the first alert of a story waits for more of it. A flash alert does not wait."""
    group_interval: timedelta = timedelta(minutes=5)
    """The least time between two alerts of a story, unless the second is more severe than all before."""
    max_per_hour: int = 20
    """Single alerts in an hour; what is over goes in a digest. 0 for no bound."""
    update_outlets: tuple[int, ...] = (3, 7, 15, 30)
    """How many outlets a story must have for an update, ascending; after the last each doubling. Empty: never for their
    number.
    """
    update_languages: bool = True
    """Whether a story's first article in another language makes an update."""
    update_after: timedelta | None = timedelta(hours=6)
    """New outlets make an update when nothing was told of the story for so long; None for never."""
    inhibit: bool = True
    """Whether routine hits are muted on a story that was told as flash."""
    empty_digests: bool = True
    """Whether a digest with nothing to say says so."""
    also: bool = False
    """Whether hits that this route takes go on to the next routes as well (`continue:` in the file)."""
