"""What an alert about an article shows, in words, before any format's markup: one value for mail and for Slack.

Everything in it is clean (one line, bounded, no controls), so that a renderer has only its own escaping to do. It
decides what is shown and in which order; it must not know HTML, MIME or Slack's blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerting.render.story import ShownChange, ShownCopy, changes_of, copies_of, story_facts
from monitor.alerting.render.words import LATE_AFTER, Link, cut, lang_tag, lasting, line, listed, moment, safe_link
from monitor.model import Alert, AlertKind, ArticleCard, Excerpt, Reason
from monitor.text.clean import clean_line

MAX_TITLE = 300
MAX_NAME = 120
MAX_WORDS = 12
MAX_REASONS = 40
"""Rules that are shown with their sentences; an article that hits more is hit by something too wide."""
MAX_MARKS = 12
MAX_EXCERPT = 400
NO_TITLE = "(no title)"
_CLAUSES = {"names": "its names", "query": "its query", "score": "its score"}
_PLACES = {"title": "title", "author": "author", "url": "address", "category": "category"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExcerpt:
    """A sentence as runs of text, matched or not."""

    pieces: tuple[tuple[str, bool], ...]
    """Never empty, no piece is empty. An ellipsis stands where the sentence was cut."""
    place: str
    """Where it stands, if not in the text itself."""
    rtl: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReason:
    """One rule that hit, and why."""

    title: str
    about: str
    """`base, flash`: kind and severity."""
    severity: str
    fired: str
    """`its names`; `its score (7)`."""
    words: tuple[tuple[str, str], ...]
    """Matched words, each with its tier."""
    more_words: int
    excerpts: tuple[ShownExcerpt, ...]
    seen_in: str
    """Another article of the story, if it is that which hits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that is shown of an alert about an article."""

    severity: str
    rules: str
    """The rules in one line: `Khmeimim air base, Vladimir Putin (+6)`."""
    news: str
    """What makes this message special (a test, a revision, late); empty for an ordinary alert."""
    title: str
    rtl: bool
    lang: str
    """A BCP 47 tag, or empty."""
    link: Link | None
    facts: tuple[tuple[str, str], ...]
    reasons: tuple[ShownReason, ...]
    more_rules: tuple[str, ...]
    """Titles of rules beyond `MAX_REASONS`."""
    dropped: tuple[str, ...]
    changes: tuple[ShownChange, ...]
    copies: tuple[ShownCopy, ...]
    more_copies: int
    footer: tuple[str, ...]


def view_of(alert: Alert, card: ArticleCard, now: datetime) -> View:
    """What to show of an alert about the article of `card`, sent now."""
    titles = rule_titles(alert)
    copies, more_copies = copies_of(alert)
    return View(
        severity=alert.severity.value,
        rules=listed(titles, 70) if titles else "",
        news=_news(alert, now),
        title=line(card.title, MAX_TITLE, NO_TITLE),
        rtl=card.rtl,
        lang=lang_tag(card.lang),
        link=safe_link(card.url),
        facts=tuple(_facts(alert, card, now)),
        reasons=tuple(_reason(reason) for reason in alert.reasons[:MAX_REASONS]),
        more_rules=titles[MAX_REASONS:],
        dropped=tuple(line(title, MAX_NAME, "?") for title in alert.dropped),
        changes=changes_of(alert),
        copies=copies,
        more_copies=more_copies,
        footer=footer_of(alert),
    )


def rule_titles(alert: Alert) -> tuple[str, ...]:
    """The titles of the rules that hit, most severe first."""
    return tuple(line(reason.rule_title, MAX_NAME, reason.rule_id) for reason in alert.reasons)


def footer_of(alert: Alert) -> tuple[str, ...]:
    """Why this person gets this, and the key by which two copies of one alert are known."""
    rules = [f"{reason.rule_id} (version {reason.rule_version})" for reason in alert.reasons]
    why = f"You get this as subscriber {alert.subscriber_id}"
    why += f", by {'rules' if len(rules) > 1 else 'rule'} {listed(rules, 600)}." if rules else "."
    return line(why, 900), f"Alert {alert.key}"


def late(alert: Alert, now: datetime) -> str:
    """That the message comes late, if it does."""
    span = now - alert.created_at
    return f"Delayed: this was raised {lasting(span)} ago and could not be sent earlier." if span > LATE_AFTER else ""


def _news(alert: Alert, now: datetime) -> str:
    said = []
    if alert.kind is AlertKind.TEST:
        said.append(f"Test: {line(alert.text, 300)}")
    if alert.kind is AlertKind.REVISION:
        what = "now hits what is below for the first time" if alert.reasons else "does not hit any more what it hit"
        said.append(f"Changed: the text of this article was changed, and {what}.")
    if alert.kind is AlertKind.UPDATE:
        said.append("More of a story that you were told of.")
    said.append(late(alert, now))
    return " ".join(one for one in said if one)


def _facts(alert: Alert, card: ArticleCard, now: datetime) -> Iterator[tuple[str, str]]:
    """Where the article comes from, and when: publication, first sight, this message, each with its delay."""
    outlet, feed, author = (line(text or "", MAX_NAME) for text in (card.outlet, card.feed_title, card.author))
    if outlet:
        yield "Outlet", outlet
    if feed and feed != outlet:
        yield "Feed", feed
    if author:
        yield "Author", author
    yield "Published", moment(card.published, alert.timezone) if card.published else "the feed does not say"
    seen = moment(card.first_seen, alert.timezone)
    if card.published and card.published > card.first_seen:
        seen += " (before the date it bears)"
    elif card.published:
        seen += f" ({lasting(card.first_seen - card.published)} after publication)"
    yield "First seen", seen
    if alert.kind is AlertKind.REVISION:
        yield "Change seen", moment(alert.created_at, alert.timezone)
    changed = alert.kind is AlertKind.REVISION
    since = alert.created_at if changed else card.first_seen
    yield "Sent", f"{lasting(max(now - since, timedelta(0)))} after {'the change' if changed else 'it'} was first seen"
    yield from story_facts(alert)


def _reason(reason: Reason) -> ShownReason:
    fired = ", ".join(_CLAUSES.get(clause, line(clause, MAX_NAME)) for clause in reason.clauses[:5])
    return ShownReason(
        title=line(reason.rule_title, MAX_NAME, reason.rule_id),
        about=f"{reason.kind.value}, {reason.severity.value}",
        severity=reason.severity.value,
        fired=fired if reason.score is None else f"{fired} ({reason.score})",
        words=tuple((line(word, 60, "?"), tier.value) for word, tier in reason.words[:MAX_WORDS]),
        more_words=max(0, len(reason.words) - MAX_WORDS),
        excerpts=tuple(_excerpt(excerpt) for excerpt in reason.excerpts if clean_line(excerpt.text)),
        seen_in=line(reason.seen_in, MAX_TITLE),
    )


def _excerpt(excerpt: Excerpt) -> ShownExcerpt:
    return ShownExcerpt(pieces=tuple(_pieces(excerpt)), place=_PLACES.get(excerpt.field, ""), rtl=excerpt.rtl)


def _pieces(excerpt: Excerpt) -> Iterator[tuple[str, bool]]:
    """The text as runs, matched or not. Marks that lie outside or overlap are brought to order."""
    if excerpt.cut_left:
        yield "… ", False
    at = 0
    text = excerpt.text[:MAX_EXCERPT]
    for start, end in excerpt.marks[:MAX_MARKS]:
        low, high = max(start, at), min(end, len(text))
        if low < high:
            yield from _piece(text[at:low], matched=False)
            yield from _piece(text[low:high], matched=True)
            at = high
    yield from _piece(text[at:], matched=False)
    if excerpt.cut_right or len(excerpt.text) > MAX_EXCERPT:
        yield " …", False


def _piece(text: str, *, matched: bool) -> Iterator[tuple[str, bool]]:
    """A run, cleaned without losing the blanks that part it from its neighbours."""
    clean = clean_line(text, MAX_EXCERPT)
    if text:
        before, after = " " * text[0].isspace(), " " * text[-1].isspace()
        shown = f"{before}{clean}{after}" if clean else " "
        yield cut(shown, MAX_EXCERPT), matched
