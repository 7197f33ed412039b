"""People who were added at run time, what subscribers chose themselves, and addresses that take nothing any more.

Values only; see the note of `monitor.model`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PersonState(StrEnum):
    """How somebody who was added at run time stands."""

    PENDING = "pending"
    """They asked to be added, and have not confirmed it yet."""
    ACTIVE = "active"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber who was added at run time, as it was written."""

    id: str
    title: str
    channel: str
    addresses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """By id; empty `rules` and `kinds` mean every rule."""
    kinds: tuple[str, ...] = ()
    severity: str = "routine"
    """The least one, or an expression such as `<flash`."""
    cadence: str = "now"
    timezone: str = "UTC"
    quiet: tuple[str, ...] = ()
    """Such as `22:00-07:00`."""
    state: PersonState = PersonState.ACTIVE
    since: datetime
    reason: str = ""
    """Why they were removed, if they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a subscriber changed through a link in a message, or somebody for them from the command line."""

    subscriber_id: str
    without: tuple[str, ...] = ()
    """Rules that they do not want to hear of."""
    cadence: str | None = None
    timezone: str | None = None
    quiet: tuple[str, ...] | None = None
    paused: str = ""
    """Why they get nothing now; empty if they do."""
    at: datetime

    def is_empty(self) -> bool:
        """Whether nothing differs from what the settings say."""
        return not (self.without or self.paused) and (self.cadence, self.timezone, self.quiet) == (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An address to which nothing is sent any more."""

    address: str
    reason: str
    """`bounced`, `complained`, `unsubscribed` or `operator`."""
    detail: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Somebody says that an alert was a false alarm."""

    alert_key: str
    rule_id: str
    subscriber_id: str
    at: datetime
