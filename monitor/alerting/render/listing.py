"""What a digest shows, in words, before any format's markup; the counterpart of `view` for many alerts in one."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from monitor.alerting.bars import busiest
from monitor.alerting.render.subject import counted
from monitor.alerting.render.view import MAX_NAME, NO_TITLE, footer_of, late
from monitor.alerting.render.words import Link, line, listed, moment, safe_link
from monitor.model import Alert, DigestLine, DigestReason, Reading

MAX_LINE_TITLE = 200
_WHY = {
    DigestReason.QUIET_HOURS: " that came in your quiet hours",
    DigestReason.CAP: " over the bound of alerts in an hour",
}


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
    note: str
    """How far the story has spread; empty for a single article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All that is shown of a digest."""

    severity: str
    intro: str
    by_rule: tuple[tuple[str, int], ...]
    """How many alerts or stories each rule has, most first."""
    chart: tuple[int, ...]
    """How many articles hit in each equal part of the period."""
    when: str
    """The chart in words: when most came."""
    lines: tuple[ShownLine, ...]
    footer: tuple[str, ...]


def listing_of(alert: Alert, now: datetime) -> Listing:
    """What to show of a digest, sent now."""
    intro = _intro(alert)
    counts = Counter(line(rule, MAX_NAME, "?") for one in alert.lines for rule in one.rules)
    return Listing(
        severity=alert.severity.value,
        intro=" ".join(part for part in (intro, late(alert, now)) if part),
        by_rule=tuple(counts.most_common(20)),
        chart=alert.period.bars if alert.period else (),
        when=_when(alert),
        lines=tuple(_line(one, alert.timezone) for one in alert.lines),
        footer=footer_of(alert),
    )


def _intro(alert: Alert) -> str:
    """What this digest is, in a sentence or two."""
    period = alert.period
    if period is None:
        return f"{counted(alert.lines)} while messages could not be sent. They are listed here, newest first; none is left out."
    span = f"{moment(period.since, alert.timezone)} to {moment(period.until, alert.timezone)}"
    if period.note:
        return f"{line(alert.subject, MAX_NAME)}: {line(period.note, MAX_NAME)}. These are the articles of {span}."
    read = _read(period.reading) if period.reading else ""
    if not alert.lines:
        return f"Nothing to report{', ' if read else ''}{read}. This covers {span}."
    count = f"{len(alert.lines)} {'story' if len(alert.lines) == 1 else 'stories'}"
    why = _WHY.get(period.reason, "")
    read = f" {read[0].upper()}{read[1:]}." if read else ""
    return f"{count}{why}, {span}. The most severe come first; none is left out.{read}"


def _read(reading: Reading) -> str:
    """`412 articles from 37 feeds read, 2 feeds silent`."""
    articles = f"{reading.articles} {'article' if reading.articles == 1 else 'articles'}"
    feeds = f"{reading.feeds} {'feed' if reading.feeds == 1 else 'feeds'}"
    silent = f", {reading.silent} {'feed' if reading.silent == 1 else 'feeds'} silent" if reading.silent else ""
    return f"{articles} from {feeds} read{silent}"


def _when(alert: Alert) -> str:
    """`Busiest from 2026-03-01 14:00 UTC: 12 of 40 articles`."""
    period = alert.period
    most = busiest(period.bars, period.since, period.until) if period else None
    if period is None or most is None or sum(period.bars) == 1:
        return ""
    return f"Busiest from {moment(most[0], alert.timezone)}: {most[1]} of {sum(period.bars)} articles"


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
        note=line(one.note, 300),
    )
