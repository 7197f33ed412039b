"""The subject of a mail and the header of a Slack message: one line that says how urgent, which rules, which article."""

from collections import Counter

from monitor.alerting.render.view import MAX_TITLE, NO_TITLE, rule_titles
from monitor.alerting.render.words import cut, line, listed
from monitor.model import Alert, AlertKind, DigestLine, Severity

MAX_SUBJECT = 180
MAX_RULES = 70
_SPECIAL = {AlertKind.REVISION: ", changed", AlertKind.UPDATE: ", update"}


def subject(alert: Alert) -> str:
    """One clean line of at most `MAX_SUBJECT` characters, in which nothing can be read as an encoded word (RFC 2047)."""
    return cut(f"{headline(alert)}{_about(alert)}".replace("=?", "= ?"), MAX_SUBJECT)


def headline(alert: Alert) -> str:
    """The subject without the article's title: `[flash] Khmeimim air base, Vladimir Putin (+6)`."""
    if alert.kind is AlertKind.DIGEST:
        return digest_headline(alert)
    if alert.kind is AlertKind.TEST:
        return f"[test] {line(alert.subject, 140)}"
    if alert.kind is AlertKind.NOTICE:
        return f"[monitor] {line(alert.subject, 140)}"
    special = _SPECIAL.get(alert.kind, "")
    titles = rule_titles(alert) or tuple(line(title, MAX_TITLE, "?") for title in alert.dropped)
    return f"[{alert.severity.value}{special}] {listed(titles, MAX_RULES) if titles else 'article'}"


def digest_headline(alert: Alert) -> str:
    """`[flash] 12 stories (2 flash, 10 routine)`; `[digest] nothing to report`; of a spike what is unusual."""
    if alert.period is None:
        return f"[{alert.severity.value}] {counted(alert.lines)}"
    if alert.period.note:
        return f"[{alert.severity.value}] {line(alert.subject, MAX_RULES)}: {line(alert.period.note, MAX_RULES)}"
    if not alert.lines:
        return "[digest] nothing to report"
    return f"[{alert.severity.value}] {_number(alert.lines, 'story', 'stories')} {_by_severity(alert.lines)}"


def counted(lines: tuple[DigestLine, ...]) -> str:
    """`37 alerts that waited (2 flash, 35 routine)`."""
    return f"{_number(lines, 'alert', 'alerts')} that waited {_by_severity(lines)}"


def _number(lines: tuple[DigestLine, ...], one: str, many: str) -> str:
    return f"{len(lines)} {one if len(lines) == 1 else many}"


def _by_severity(lines: tuple[DigestLine, ...]) -> str:
    counts = Counter(one.severity for one in lines)
    return f"({', '.join(f'{counts[severity]} {severity.value}' for severity in Severity if counts[severity])})"


def _about(alert: Alert) -> str:
    if alert.article is None or alert.kind is AlertKind.TEST:
        return ""
    return f": {line(alert.article.title, MAX_TITLE, NO_TITLE)}"
