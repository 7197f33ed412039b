"""What a digest shows, in words, before any format's markup; the counterpart of `view` for many alerts in one."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from monitor.alerting.render.subject import counted
from monitor.alerting.render.view import MAX_NAME, NO_TITLE, footer_of, late
from monitor.alerting.render.words import Link, line, listed, moment, safe_link
from monitor.model import Alert, DigestLine

MAX_LINE_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One alert of a digest."""

    severity: str
    title: str
    rtl: bool
    link: Link | None
    rules: str
    where: str
    """Outlet and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All that is shown of a digest."""

    severity: str
    intro: str
    by_rule: tuple[tuple[str, int], ...]
    """How many alerts each rule has, most first."""
    lines: tuple[ShownLine, ...]
    footer: tuple[str, ...]


def listing_of(alert: Alert, now: datetime) -> Listing:
    """What to show of a digest, sent now."""
    intro = f"{counted(alert.lines)} while messages could not be sent. They are listed here, newest first; none is left out."
    counts = Counter(line(rule, MAX_NAME, "?") for one in alert.lines for rule in one.rules)
    return Listing(
        severity=alert.severity.value,
        intro=" ".join(part for part in (intro, late(alert, now)) if part),
        by_rule=tuple(counts.most_common(20)),
        lines=tuple(_line(one, alert.timezone) for one in alert.lines),
        footer=footer_of(alert),
    )


def _line(one: DigestLine, timezone: str) -> ShownLine:
    outlet = line(one.outlet or "", MAX_NAME)
    at = moment(one.at, timezone)
    rules = tuple(line(rule, MAX_NAME, "?") for rule in one.rules)
    return ShownLine(
        severity=one.severity.value,
        title=line(one.title, MAX_LINE_TITLE, NO_TITLE),
        rtl=one.rtl,
        link=safe_link(one.url),
        rules=listed(rules, 120) if rules else "",
        where=f"{outlet}, {at}" if outlet else at,
    )
