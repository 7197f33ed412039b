"""What `decide_alerts` comes to: alerts to make now, and what becomes of all that waits. Values only.

What the store keeps of it (`Held`, `Suppressed`, `Told`) stands in `monitor.model`.
"""

from dataclasses import dataclass
from datetime import datetime

from monitor.alerting.news import Row, UpdateCause
from monitor.model import AlertKind, DigestReason, Held, Route, Severity, Suppressed, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryTell:
    """What of a story is told by an alert."""

    story: str
    rows: tuple[Row, ...]
    """Those with news first, most severe first, then in the order in which they came."""
    before: Told | None
    """What was told of it on this route so far."""
    after: Told
    """What is told of it from now on."""
    causes: tuple[UpdateCause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """An alert to be made and recorded now."""

    key: str
    """From `keys.alert_key`."""
    kind: AlertKind
    """`ARTICLE`, `REVISION`, `UPDATE` or `DIGEST`."""
    route: Route
    severity: Severity
    stories: tuple[StoryTell, ...]
    """One; of a digest any number, most severe first, then the widest spread, then in the order in which they came."""
    digest: DigestReason | None = None
    since: datetime | None = None
    """The period of a digest: from here …"""
    until: datetime | None = None
    """… to here, itself not included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What becomes of all that waits for a subscriber."""

    tells: tuple[Tell, ...] = ()
    held: tuple[Held, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    digested: tuple[tuple[str, datetime], ...] = ()
    """The ends of the digest periods of routes, where they are new."""
    due: datetime | None = None
    """When to decide again, if nothing comes up before; None when there is nothing to wait for."""
