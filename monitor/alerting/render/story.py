"""What is shown of a story beside its article, in words: where else it stands, and what was changed in a text.

Like `view`, it decides what is shown and in which order, clean and bounded, and knows no format's markup.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.alerting.render.words import Link, cut, lang_tag, line, moment, safe_link
from monitor.model import Alert, Change, Copy, Edit
from monitor.text.clean import clean_line

MAX_COPIES = 12
_MAX_TITLE = 160
_MAX_NAME = 80
_MAX_PIECE = 400
_FIELDS = {"title": "Title", "body": "Text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCopy:
    """One article of the story."""

    title: str
    where: str
    """Outlet, language and time."""
    link: Link | None
    rtl: bool
    lang: str
    """A BCP 47 tag, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """A title or sentence that was changed, as runs of text with what was done to each."""

    place: str
    pieces: tuple[tuple[str, str], ...]
    """The second is `same`, `added` or `removed`."""
    rtl: bool


def copies_of(alert: Alert) -> tuple[tuple[ShownCopy, ...], int]:
    """Where else the story stands, the first first, and how many are not among them."""
    spread, card = alert.spread, alert.article
    if spread is None or card is None:
        return (), 0
    others = [copy for copy in spread.copies if copy.article_key != card.key]
    shown = tuple(_copy(copy, alert.timezone) for copy in others[:MAX_COPIES])
    return shown, len(others) - len(shown) + spread.more


def changes_of(alert: Alert) -> tuple[ShownChange, ...]:
    """What was changed in the article."""
    return tuple(_change(change) for change in alert.changes)


def story_facts(alert: Alert) -> Iterator[tuple[str, str]]:
    """How far the story has spread, and from which agency it comes."""
    if alert.spread is None:
        return
    yield "Story", line(alert.spread.news, 300)
    if alert.spread.wire:
        yield "Agency", line(alert.spread.wire, _MAX_NAME)


def _copy(copy: Copy, timezone: str) -> ShownCopy:
    parts = (line(copy.outlet or "", _MAX_NAME), line(copy.lang or "", 35), moment(copy.at, timezone))
    return ShownCopy(
        title=line(copy.title, _MAX_TITLE, "(no title)"),
        where=", ".join(part for part in parts if part),
        link=safe_link(copy.url),
        rtl=copy.rtl,
        lang=lang_tag(copy.lang),
    )


def _change(change: Change) -> ShownChange:
    pieces = tuple((_piece(text), edit.value) for text, edit in change.pieces)
    return ShownChange(place=_FIELDS.get(change.field, ""), pieces=pieces, rtl=change.rtl)


def _piece(text: str) -> str:
    """A run, cleaned without losing the blanks that part it from its neighbours."""
    clean = clean_line(text, _MAX_PIECE)
    before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
    return cut(f"{before}{clean}{after}", _MAX_PIECE) if clean else " "


def marked_changes(change: ShownChange) -> str:
    """A change as plain text: `Two[-planes-]{+jets+} landed`, as word diffs are written."""
    signs = {Edit.ADDED.value: ("{+", "+}"), Edit.REMOVED.value: ("[-", "-]"), Edit.SAME.value: ("", "")}
    return "".join(f"{signs[edit][0]}{text}{signs[edit][1]}" for text, edit in change.pieces)
