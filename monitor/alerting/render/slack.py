"""Alerts as Slack messages: blocks, and a text for notifications and for clients without blocks.

Foreign text goes into `plain_text` and `rich_text` elements, which Slack shows letter for letter: there is nothing to
escape and nothing that mentions, formats or links. Only the fallback text is Slack's markup; it passes `marked_down`.
Slack refuses a message that is over any of its limits, so every part here is bounded and the sum is counted; what does
not fit is named as missing. Unfurling is switched off by the channel.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from monitor.alerting.bars import bar_line
from monitor.alerting.render.links import shown_links
from monitor.alerting.render.listing import Listing, ShownLine, listing_of
from monitor.alerting.render.mail import notice_lines
from monitor.alerting.render.story import ShownChange, marked_changes
from monitor.alerting.render.subject import headline
from monitor.alerting.render.view import ShownExcerpt, ShownReason, View, footer_of, view_of
from monitor.alerting.render.words import Link, cut, units
from monitor.model import Alert, AlertKind, SlackContent

Block = Mapping[str, object]

MAX_HEADER = 150
MAX_SECTION = 3000
MAX_BLOCKS = 50
MAX_BUTTON = 75
MAX_CHANGES = 2
MAX_COPIES = 5
MAX_TOTAL = 13_200
"""Slack documents no limit for the whole message, but refuses longer ones (`msg_blocks_too_long`)."""
_BLOCKS_BUDGET = 10_300
_EXTRAS_BUDGET = 3_000
_FALLBACK_BUDGET = 2_400
_PLAIN_BUDGET = 3_800
"""Of a message without blocks; Slack splits longer ones."""
_COMMA = 2
_CLOSING = 200
"""Kept for the line that says how much is missing."""
_MAX_LINK = 1500
_JOINER = "\u2060"
"""WORD JOINER: invisible, no width, no line break; it keeps a sign from being read as markup."""
_FORMATTING = re.compile(r"(?<!\w)[*_~`]|[*_~`](?!\w)")
_MENTION = re.compile(r"@(?=here|channel|everyone)", re.IGNORECASE)
_EMOJI = re.compile(r":(?=[a-z0-9_+'-]{1,60}:)", re.IGNORECASE)


def render_slack(alert: Alert, *, plain: bool, now: datetime, links: Mapping[str, str]) -> SlackContent:
    """The alert as a Slack message that goes out now; `plain` leaves out the blocks. `links` become buttons that open them."""
    head = headline(alert)
    limit = _PLAIN_BUDGET if plain else _FALLBACK_BUDGET
    if alert.kind is AlertKind.DIGEST:
        listing = listing_of(alert, now)
        text = _fallback(head, _digest_texts(listing), limit)
        blocks = () if plain else _digest_blocks(head, listing)
    elif alert.article is None:
        said = notice_lines(alert)
        text = _fallback(head, ((marked_down(one),) for one in said), limit)
        shown = cut("\n".join(said), MAX_SECTION).strip()
        body = [_rich(_section([_text(shown)]))] if shown else []
        blocks = () if plain else (_header(head), *body, _context(footer_of(alert)))
    else:
        view = view_of(alert, alert.article, now)
        text = _fallback(head, _article_texts(view), limit)
        blocks = () if plain else _article_blocks(head, view)
    return SlackContent(text=text, blocks=(*blocks, *_buttons(links, blocks, text)) if blocks else ())


def _buttons(links: Mapping[str, str], blocks: Sequence[Block], text: str) -> Iterator[Block]:
    """Buttons that open links, as many as there is room for."""
    room = MAX_TOTAL - size(list(blocks)) - size(text) - _CLOSING
    elements: list[Block] = []
    for words, link in shown_links(links):
        label = {"type": "plain_text", "text": cut(words, MAX_BUTTON)}
        button = {"type": "button", "text": label, "url": link.url}
        room -= size(button) + 2
        if room > 0 and units(link.url) <= MAX_SECTION and len(blocks) < MAX_BLOCKS:
            elements.append(button)
    if elements:
        yield {"type": "actions", "elements": elements}


def marked_down(text: str) -> str:
    """Text for Slack's markup: escaped, and with nothing in it that formats, mentions, quotes or turns into a picture."""
    text = _FORMATTING.sub(lambda match: f"{_JOINER}{match[0]}{_JOINER}", text)
    text = _EMOJI.sub(f":{_JOINER}", _MENTION.sub(f"@{_JOINER}", text))
    if text.lstrip().startswith(">"):
        text = _JOINER + text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(value: object) -> int:
    """How much of Slack's limit a part of a message uses: its JSON as it is sent, in UTF-16 units."""
    return units(json.dumps(value, ensure_ascii=False))


# ── the text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fallback(head: str, parts: Iterable[Sequence[str]], limit: int) -> str:
    """The headline and as many whole parts as fit; how many are missing is said."""
    lines = [marked_down(head)]
    used, missing = size(lines[0]), 0
    for part in parts:
        length = sum(size(one) for one in part)
        if missing or used + length > limit:
            missing += 1
        else:
            lines += part
            used += length
    if missing:
        lines.append(f"… and {missing} more")
    return "\n".join(lines)


def _article_texts(view: View) -> Iterator[tuple[str, ...]]:
    if view.news:
        yield (marked_down(view.news),)
    yield (marked_down(view.title),)
    if view.link and units(view.link.url) <= _MAX_LINK:
        yield (marked_link(view.link),)
    yield (marked_down(" · ".join(f"{name}: {value}" for name, value in view.facts)),)
    for reason in view.reasons:
        words = ", ".join(f"{word} ({tier})" for word, tier in reason.words)
        yield (
            marked_down(f"{reason.title} ({reason.about}): {words}" if words else f"{reason.title} ({reason.about})"),
            *(marked_down("".join(piece for piece, _ in excerpt.pieces)) for excerpt in reason.excerpts[:1]),
        )
    for title in view.more_rules:
        yield (marked_down(title),)
    if view.dropped:
        yield (marked_down(f"No longer hit: {', '.join(view.dropped)}"),)
    for change in view.changes[:MAX_CHANGES]:
        yield (marked_down(f"Changed: {marked_changes(change)}"),)
    yield (marked_down(view.footer[-1]),)


def _digest_texts(listing: Listing) -> Iterator[tuple[str, ...]]:
    if not listing.lines:
        yield (marked_down(listing.intro),)
    for one in listing.lines:
        yield (
            marked_down(f"[{one.severity}] {one.title} - {one.where}"),
            *((marked_link(one.link),) if one.link and units(one.link.url) <= _MAX_LINK else ()),
        )


def marked_link(link: Link) -> str:
    """An address as Slack's markup: it is ASCII without `<`, `>` or `|`, so that only `&` is left to escape."""
    return link.url.replace("&", "&amp;")


# ── the blocks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _article_blocks(head: str, view: View) -> tuple[Block, ...]:
    opening = [_section(_linked(view.title, view.link))]
    blocks = [_header(head), _rich(*opening)]
    if view.news:
        blocks.append(_context((view.news,)))
    blocks.append(_context((" · ".join(f"{name}: {value}" for name, value in view.facts),)))
    closing = [_context((f"No longer hit: {', '.join(view.dropped)}",))] if view.dropped else []
    closing += _extras(view)
    closing.append(_context(view.footer))
    room = _BLOCKS_BUDGET - size(blocks) - size(closing) - _CLOSING
    shown, missing = _fitted(
        (_reason_blocks(reason) for reason in view.reasons), room, MAX_BLOCKS - len(blocks) - len(closing) - 1
    )
    missing += len(view.more_rules)
    more = [_context((f"and {missing} more {'rule' if missing == 1 else 'rules'}",))] if missing else []
    return (*blocks, *shown, *more, *closing)


def _extras(view: View) -> list[Block]:
    """What was changed, and where else the story stands, as far as a part of the room holds it."""
    forms: list[Iterator[Block]] = [_change(change) for change in view.changes[:MAX_CHANGES]]
    if view.copies:
        forms.append(_copies(view))
    return _fitted(forms, _EXTRAS_BUDGET, MAX_CHANGES + 1)[0]


def _change(change: ShownChange) -> Iterator[Block]:
    """A change: what was removed is struck, what was added is bold; or, if that is too long, the beginning of it."""
    place = _text(f" [{change.place}]")
    yield _rich({"type": "rich_text_quote", "elements": [*(_run(text, edit) for text, edit in change.pieces), place]})
    yield _rich({"type": "rich_text_quote", "elements": [_text(cut(marked_changes(change), 400)), place]})


def _run(text: str, edit: str) -> Block:
    style = {"removed": {"strike": True}, "added": {"bold": True}}.get(edit)
    return {"type": "text", "text": text, "style": style} if style else _text(text)


def _copies(view: View) -> Iterator[Block]:
    """Where else the story stands, and shorter lists to fall back on."""
    total = len(view.copies) + view.more_copies
    for count in range(min(MAX_COPIES, len(view.copies)), 0, -1):
        shown = [_section([*_linked(one.title, one.link), _text(f"  {one.where}")]) for one in view.copies[:count]]
        rest = [_section([_text(f"and {total - count} more")])] if total > count else []
        listed: Block = {"type": "rich_text_list", "style": "bullet", "elements": [*shown, *rest]}
        yield _rich(_section([_text("Also told by", bold=True)]), listed)


def _reason_blocks(reason: ShownReason) -> Iterator[Block]:
    """The rule's block in full, and shorter ones to fall back on."""
    for count in range(len(reason.excerpts), -1, -1):
        quotes = [_quote(excerpt) for excerpt in reason.excerpts[:count]]
        yield _rich(_section(_reason_words(reason)), *quotes)


def _reason_words(reason: ShownReason) -> list[Block]:
    elements = [_text(reason.title, bold=True), _text(f"  {reason.about}")]
    if reason.seen_in:
        elements.append(_text(f" · in {reason.seen_in}"))
    if reason.fired:
        elements.append(_text(f" · matched by {reason.fired}"))
    if reason.words:
        more = f", and {reason.more_words} more" if reason.more_words else ""
        words = ", ".join(f"{word} ({tier})" for word, tier in reason.words)
        elements.append(_text(f"\n{words}{more}"))
    return elements


def _quote(excerpt: ShownExcerpt) -> Block:
    # Where it stands comes last: Slack takes the direction of a line from its first letter.
    place = [_text(f" [{excerpt.place}]")] if excerpt.place else []
    return {
        "type": "rich_text_quote",
        "elements": [*(_text(piece, bold=matched) for piece, matched in excerpt.pieces), *place],
    }


def _digest_blocks(head: str, listing: Listing) -> tuple[Block, ...]:
    by_rule = ", ".join(f"{rule} ({count})" for rule, count in listing.by_rule)
    chart = f"{bar_line(listing.chart)}  {listing.when}" if listing.when else ""
    blocks = [_header(head), _context(text for text in (listing.intro, by_rule, chart) if text)]
    closing = [_context(listing.footer)]
    room = _BLOCKS_BUDGET - size(blocks) - size(closing) - _CLOSING
    shown: list[Block] = []
    for one in listing.lines:
        element = _digest_line(one)
        room -= size(element) + _COMMA
        if room < 0:
            break
        shown.append(element)
    missing = len(listing.lines) - len(shown)
    listed: Block = {"type": "rich_text_list", "style": "ordered", "elements": shown}
    body = [_rich(listed)] if shown else []
    more = [_context((f"and {missing} more; see them all with: monitor hits",))] if missing else []
    return (*blocks, *body, *more, *closing)


def _digest_line(one: ShownLine) -> Block:
    rules = f"\n{one.rules} · {one.where}" if one.rules else f"\n{one.where}"
    rules += f"\n{one.note}" if one.note else ""
    return _section([_text(f"[{one.severity}] "), *_linked(one.title, one.link), _text(rules)])


def _fitted(choices: Iterable[Iterator[Block]], room: int, places: int) -> tuple[list[Block], int]:
    """Of each part its fullest form that fits; once a part fits in no form, the rest is counted as missing."""
    shown: list[Block] = []
    missing = 0
    for forms in choices:
        fits = (
            None
            if missing or len(shown) >= places
            else next((one for one in forms if size(one) + _COMMA <= room), None)
        )
        if fits is None:
            missing += 1
        else:
            shown.append(fits)
            room -= size(fits) + _COMMA
    return shown, missing


def _linked(title: str, link: Link | None) -> list[Block]:
    if link is None or units(link.url) > _MAX_LINK:
        return [_text(title, bold=True)]
    named: Block = {"type": "link", "url": link.url, "text": title, "style": {"bold": True}}
    return [named, _text(f"  ({link.host})")]


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, MAX_HEADER), "emoji": False}}


def _context(texts: Iterable[str]) -> Block:
    elements = [{"type": "plain_text", "text": cut(text, 900), "emoji": False} for text in texts]
    return {"type": "context", "elements": elements}


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _section(elements: Sequence[Block]) -> Block:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str, *, bold: bool = False) -> Block:
    return {"type": "text", "text": text, "style": {"bold": True}} if bold else {"type": "text", "text": text}
