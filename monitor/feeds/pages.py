"""Documents that are one article each: text, Markdown, saved web pages and mails. Runs in the parser's process only.

Their identity is the file's name, which the directory knows; so none of them sets a guid.
"""

import email.errors
import email.header
import email.message
import email.policy
import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from selectolax.lexbor import LexborHTMLParser

from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Raw, Reading, Unreadable, Warnings, clean_entry, first_words
from monitor.feeds.markup import text_of
from monitor.text.clean import clean_line

_MAX_TITLE = 150
_FRONT = re.compile(r"\A---[ \t]*\n(.{0,8000}?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_LINE = re.compile(r"([A-Za-z][\w-]{0,30})[ \t]*:[ \t]*(.*)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+([^\n]*)$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]{0,500})\]\([^)\n]{0,2000}\)")
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,500})(?<=\S)\1")
_NOISE = ["script", "style", "noscript", "template", "nav", "aside", "form", "svg", "iframe", "button"]


def read_text(document: Document) -> Reading:
    """A plain text: the title is the first line if it is short and more follows, else the first sentence."""
    text, front, warnings = _opened(document)
    first, _, rest = text.strip().partition("\n")
    line = clean_line(first, limit=2 * _MAX_TITLE)
    title = line if len(line) <= _MAX_TITLE and rest.strip() else first_words(text, _MAX_TITLE)
    return _one(document, "text", Raw(title=title, body=text), front, warnings)


def read_markdown(document: Document) -> Reading:
    """A Markdown text: the title is its first heading, the body is the text without the marks."""
    text, front, warnings = _opened(document)
    heading = _HEADING.search(text)
    body = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", _HEADING.sub(_heading, text)))
    title = _LINK.sub(r"\1", _heading(heading)) if heading else first_words(body, _MAX_TITLE)
    return _one(document, "markdown", Raw(title=title, body=body), front, warnings)


def read_page(document: Document) -> Reading:
    """A saved web page: what its head says of it, and the text of its article, its main part or all of it."""
    warnings = Warnings()
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    tree = LexborHTMLParser(text.encode("utf-8", "replace").decode())
    said = _meta(tree)
    root, heading, canonical = tree.css_first("html"), tree.css_first("title"), tree.css_first("link[rel=canonical]")
    tree.strip_tags(_NOISE)
    part = tree.css_first("article") or tree.css_first("main") or tree.body
    raw = Raw(
        url=(canonical.attributes.get("href") if canonical else None) or said.get("og:url"),
        title=said.get("og:title") or (heading.text() if heading else ""),
        body=text_of(part.html or "") if part else "",
        author=said.get("author") or said.get("article:author"),
        lang=root.attributes.get("lang") if root else None,
        outlet=said.get("og:site_name"),
        published=_date(said.get("article:published_time") or said.get("date")),
    )
    return _one(document, "html", raw, {}, warnings)


def read_mail(document: Document) -> Reading:
    """A mail: subject, sender, date, and its text, or else the text of its HTML."""
    warnings = Warnings()
    # compat32 keeps what it cannot read as it is; the newer policies raise on hostile headers.
    message = email.message_from_bytes(document.data, policy=email.policy.compat32)
    if not message.keys():
        raise Unreadable("the document is no mail: it has no headers")
    sender = email.utils.parseaddr(_header(message, "From"))
    raw = Raw(
        title=_header(message, "Subject"),
        body=_mail_text(message, warnings),
        author=sender[0] or sender[1],
        lang=_header(message, "Content-Language"),
        published=_mail_date(message),
    )
    return _one(document, "mail", raw, {}, warnings)


# ── Text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _opened(document: Document) -> tuple[str, Mapping[str, str], Warnings]:
    """The text without its front matter, and what stands in that."""
    warnings = Warnings()
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _FRONT.match(text)
    lines = [line for line in found.group(1).split("\n") if line.strip()] if found else []
    pairs = [_FRONT_LINE.fullmatch(line.strip()) for line in lines]
    if found is None or not all(pairs):
        return text, {}, warnings
    front = {pair.group(1).lower(): pair.group(2).strip().strip("\"'") for pair in pairs if pair}
    return text[found.end() :], front, warnings


def _heading(found: re.Match[str]) -> str:
    """The text of a heading without the marks around it."""
    return found.group(1).rstrip(" \t#")


def _one(document: Document, kind: str, raw: Raw, front: Mapping[str, str], warnings: Warnings) -> Reading:
    """A reading of one entry; the front matter stands above what the document shows."""
    published = raw.published
    if "date" in front:
        published = _date(front["date"])
        if published is None:
            warnings.add("the date in the front matter cannot be read")
    entry = clean_entry(
        Raw(
            url=front.get("url") or raw.url,
            title=front.get("title") or raw.title,
            body=raw.body,
            author=front.get("author") or raw.author,
            lang=front.get("lang") or raw.lang,
            outlet=front.get("outlet") or raw.outlet,
            published=published,
        ),
        base=document.base,
        warnings=warnings,
    )
    if entry is None:
        raise Unreadable("the document is empty")
    return Reading(format=kind, entries=(entry,), warnings=warnings.all())


def _date(text: str | None) -> datetime | None:
    """An ISO or a mail date; one without a zone is taken as UTC."""
    if not text:
        return None
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    try:
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# ── Web pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _meta(tree: LexborHTMLParser) -> dict[str, str]:
    """The `<meta>` of the head by name or property; the first counts."""
    said: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        name = node.attributes.get("property") or node.attributes.get("name")
        content = node.attributes.get("content")
        if name and content:
            said.setdefault(name.lower(), content)
    return said


# ── Mails ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(message: email.message.Message, name: str) -> str:
    """A header with its encoded words decoded; as it stands where they are broken."""
    value = str(message.get(name, ""))
    try:
        parts = email.header.decode_header(value)
    except (email.errors.HeaderParseError, ValueError):
        return value
    return "".join(part if isinstance(part, str) else _decoded(part, charset) for part, charset in parts)


def _decoded(data: bytes, charset: str | None) -> str:
    return decode(data, f"charset={charset}" if charset else None)[0]


def _mail_text(message: email.message.Message, warnings: Warnings) -> str:
    """The first plain text that is no attachment, else the first HTML."""
    found: dict[str, str] = {}
    for part in message.walk():
        kind = part.get_content_type()
        if kind not in {"text/plain", "text/html"} or kind in found or part.get_content_disposition() == "attachment":
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            text, wrong = decode(payload, f"charset={part.get_content_charset('')}")
            if wrong:
                warnings.add(wrong)
            found[kind] = text if kind == "text/plain" else text_of(text)
    return found.get("text/plain", "").strip() or found.get("text/html", "")


def _mail_date(message: email.message.Message) -> datetime | None:
    return _date(str(message.get("Date", "")))
