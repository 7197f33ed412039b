"""The subject of a mail and the header of a Slack message: one line that says how urgent, which rules, which article."""

from collections import Counter

from monitor.alerting.render.view import MAX_TITLE, NO_TITLE, rule_titles
from monitor.alerting.render.words import cut, line, listed
from monitor.model import Alert, AlertKind, DigestLine, Severity

MAX_SUBJECT = 180
MAX_RULES = 70


def subject(alert: Alert) -> str:
    """One clean line of at most `MAX_SUBJECT` characters, in which nothing can be read as an encoded word (RFC 2047)."""
    return cut(f"{headline(alert)}{_about(alert)}".replace("=?", "= ?"), MAX_SUBJECT)


def headline(alert: Alert) -> str:
    """The subject without the article's title: `[flash] Khmeimim air base, Vladimir Putin (+6)`."""
    if alert.kind is AlertKind.DIGEST:
        return f"[{alert.severity.value}] {counted(alert.lines)}"
    if alert.kind is AlertKind.TEST:
        return f"[test] {line(alert.subject, 140)}"
    if alert.kind is AlertKind.NOTICE:
        return f"[monitor] {line(alert.subject, 140)}"
    changed = ", changed" if alert.kind is AlertKind.REVISION else ""
    titles = rule_titles(alert)
    return f"[{alert.severity.value}{changed}] {listed(titles, MAX_RULES) if titles else 'article'}"


def counted(lines: tuple[DigestLine, ...]) -> str:
    """`37 alerts that waited (2 flash, 35 routine)`."""
    counts = Counter(one.severity for one in lines)
    parts = ", ".join(f"{counts[severity]} {severity.value}" for severity in Severity if counts[severity])
    return f"{len(lines)} {'alert' if len(lines) == 1 else 'alerts'} that waited ({parts})"


def _about(alert: Alert) -> str:
    if alert.article is None or alert.kind is AlertKind.TEST:
        return ""
    return f": {line(alert.article.title, MAX_TITLE, NO_TITLE)}"
