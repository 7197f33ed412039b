"""Alerts as mail: a subject, a text part that says everything, an HTML part that says the same and looks better.

The HTML comes from the templates next door with autoescape on, so that no text of an article can become markup; it uses
tables and inline styles, because mail programs know little else, and fetches nothing. It must not make headers or bytes
(`channels/mime.py` does).
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from monitor.alerting.bars import bar_drawing, bar_line
from monitor.alerting.render.links import shown_links
from monitor.alerting.render.listing import Listing, listing_of
from monitor.alerting.render.story import ShownCopy, marked_changes
from monitor.alerting.render.subject import headline, subject
from monitor.alerting.render.templates import SHIPPED, Templates
from monitor.alerting.render.view import ShownExcerpt, ShownReason, View, footer_of, view_of
from monitor.alerting.render.words import Link, line
from monitor.model import Alert, AlertKind, MailContent

_WIDTH = 76
_MAX_SUBJECT = 500
_MAX_TEXT = 20_000
"""Characters of a notice: it is ours, but quotes other people's servers."""


def render_mail(
    alert: Alert, *, plain: bool, now: datetime, links: Mapping[str, str], templates: Templates | None = None
) -> MailContent:
    """The alert as a mail that goes out now, with `links` at its end; `plain` leaves out the HTML part. Raises whatever
    an operator's `templates` do wrong.
    """
    about, shown = subject(alert), shown_links(links)
    page: dict[str, object]
    if alert.kind is AlertKind.DIGEST:
        listing = listing_of(alert, now)
        lines, footer = _digest_lines(listing), listing.footer
        # The drawing is made of our own numbers alone.
        name, page = "digest", {"listing": listing, "drawing": Markup(bar_drawing(listing.chart))}  # noqa: S704
    elif alert.article is None:
        paragraphs, footer = notice_lines(alert), footer_of(alert)
        lines, name, page = iter(paragraphs), "notice", {"lines": paragraphs}
    else:
        view = view_of(alert, alert.article, now)
        lines, footer = _article_lines(view, headline(alert)), view.footer
        name, page = "alert", {"view": view}
    text = "\n".join((*lines, *_footer_lines(footer, shown))) + "\n"
    page = {**page, "subject": about, "footer": footer, "links": shown}
    if templates is None:
        html = None if plain else SHIPPED.get_template(f"{name}.html.j2").render(page)
        return MailContent(subject=about, text=text, html=html)
    page["kind"] = alert.kind.value
    about = line(templates.text("subject.txt.j2", page) or "", _MAX_SUBJECT) or about
    return MailContent(
        subject=about,
        text=templates.text(f"{name}.txt.j2", page) or text,
        html=None if plain else templates.html(f"{name}.html.j2", {**page, "subject": about}),
    )


def notice_lines(alert: Alert) -> tuple[str, ...]:
    """The lines of a notice, each clean."""
    return tuple(line(one, 2000) for one in alert.text[:_MAX_TEXT].splitlines()) or ("",)


def _article_lines(view: View, head: str) -> Iterator[str]:
    yield from _wrapped(head)
    if view.news:
        yield from _wrapped(view.news)
    yield ""
    yield from _wrapped(view.title)
    if view.link:
        yield view.link.url
    yield ""
    for name, value in view.facts:
        yield from _wrapped(f"{name + ':':<13}{value}", later=13)
    for reason in view.reasons:
        yield ""
        yield from _reason_lines(reason)
    if view.more_rules:
        yield ""
        yield from _wrapped(f"Also hit: {', '.join(view.more_rules)}")
    if view.dropped:
        yield ""
        yield from _wrapped(f"No longer hit: {', '.join(view.dropped)}")
    if view.changes:
        yield ""
        yield "Changed, with [-what was removed-] and {+what was added+}:"
    for change in view.changes:
        yield from _wrapped(f"{marked_changes(change)} [{change.place}]", first=4, later=4)
    yield from _copy_lines(view.copies, view.more_copies)


def _copy_lines(copies: Iterable[ShownCopy], more: int) -> Iterator[str]:
    """Where else the story stands."""
    for number, copy in enumerate(copies):
        yield from () if number else ("", "Also told by:")
        yield from _wrapped(f"{copy.title} [{copy.where}]", first=2, later=4)
        if copy.link:
            yield f"    {copy.link.url}"
    if more:
        yield f"  and {more} more"


def _reason_lines(reason: ShownReason) -> Iterator[str]:
    yield from _wrapped(f"{reason.title} ({reason.about})")
    if reason.seen_in:
        yield from _wrapped(f"In: {reason.seen_in}", first=2, later=4)
    if reason.fired:
        yield from _wrapped(f"Matched by: {reason.fired}", first=2, later=4)
    if reason.words:
        more = f", and {reason.more_words} more" if reason.more_words else ""
        words = ", ".join(f"{word} ({tier})" for word, tier in reason.words)
        yield from _wrapped(f"Words: {words}{more}", first=2, later=4)
    for excerpt in reason.excerpts:
        yield from _wrapped(_marked(excerpt), first=4, later=4)


def _marked(excerpt: ShownExcerpt) -> str:
    """The sentence with its matched words in «these». Where it stands comes last: mail programs take the direction of a
    line from its first letter.
    """
    text = "".join(f"«{piece}»" if matched else piece for piece, matched in excerpt.pieces)
    return f"{text} [{excerpt.place}]" if excerpt.place else text


def _digest_lines(listing: Listing) -> Iterator[str]:
    yield from _wrapped(listing.intro)
    if listing.by_rule:
        yield ""
    for rule, count in listing.by_rule:
        yield from _wrapped(f"{count:>5}  {rule}", later=7)
    if listing.when:
        yield ""
        yield bar_line(listing.chart)
        yield from _wrapped(listing.when)
    for number, one in enumerate(listing.lines, start=1):
        yield ""
        yield from _wrapped(f"{number}. [{one.severity}] {one.title}", later=4)
        yield from _wrapped(f"{one.rules} - {one.where}" if one.rules else one.where, first=4, later=4)
        if one.note:
            yield from _wrapped(one.note, first=4, later=4)
        if one.link:
            yield f"    {one.link.url}"


def _footer_lines(footer: Iterable[str], links: Sequence[tuple[str, Link]]) -> Iterator[str]:
    yield ""
    yield "-- "
    for words, link in links:
        yield f"{words}:"  # the address has a line of its own: mail programs end it where the line ends
        yield f"  {link.url}"
    for one in footer:
        yield from _wrapped(one)


def _wrapped(text: str, *, first: int = 0, later: int = 0) -> list[str]:
    """Lines of a readable width; words are never broken, so that addresses and keys stay whole."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * later,
        break_long_words=False,
        break_on_hyphens=False,
    )
