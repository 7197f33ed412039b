"""Words that all formats share: clean lines, times, durations, links that are safe to follow.

It stands apart so that mail and Slack cannot disagree about what a time or a link looks like. Foreign text goes through
`line` before it goes anywhere: one line, no controls, no direction overrides. It must not know a format's markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from monitor.text.clean import clean_line
from monitor.text.scripts import scripts_in

LATE_AFTER = timedelta(minutes=10)
"""A message that goes out later than this after its alert was raised says so."""
MAX_LINK = 3000
"""Longest link, in characters; Slack takes no more."""
_JAPANESE = frozenset({"Hani", "Jpan", "Bopo", "Kore"})
"""Scripts that are written side by side in ordinary words."""
_ASCII = 128
_LANG_LENGTH = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that may be followed."""

    url: str
    """ASCII only, http or https, without user information."""
    host: str
    """As shown to people."""


def line(text: str, limit: int, empty: str = "") -> str:
    """One clean line of at most `limit` UTF-16 units (as Slack and JavaScript count); `empty` if nothing is left.

    What stands beyond four times the limit is not looked at, so that a long text costs no more than a short one.
    """
    return cut(clean_line(text[: 4 * limit], limit), limit) or empty


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as `limit` UTF-16 units hold, with an ellipsis."""
    if units(text) <= limit:
        return text
    kept = text[: limit - 1]
    while units(kept) >= limit:
        kept = kept[: -max(1, (units(kept) - limit) // 2)]
    return kept.rstrip() + "…"


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def listed(words: Sequence[str], limit: int) -> str:
    """As many of the words as fit, by commas, and how many more there are: `a, b (+6)`. The first always stands."""
    shown = words[0]
    for count, word in enumerate(words[1:], start=1):
        if len(shown) + 2 + len(word) > limit:
            return f"{shown} (+{len(words) - count})"
        shown += f", {word}"
    return shown


def moment(at: datetime, timezone: str) -> str:
    """A time in the subscriber's zone, with its offset: `2025-10-15 14:05 UTC+03:00`."""
    try:
        local = at.astimezone(ZoneInfo(timezone))
    except (KeyError, ValueError, OSError, OverflowError):
        local = at  # a zone that this machine does not know, or a year that the zone's offset leaves
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M} UTC" + ("" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}")


def lasting(span: timedelta) -> str:
    """A duration for people, coarse: `under a minute`, `12 min`, `2 h 5 min`, `3 days`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes // (24 * 60)} days"


def lang_tag(lang: str | None) -> str:
    """A language tag that may stand in markup (RFC 5646: letters, digits, hyphens); empty when it is none."""
    tag = lang or ""
    fit = tag.replace("-", "").isalnum() and tag.isascii() and len(tag) <= _LANG_LENGTH
    return tag if fit else ""


def safe_link(url: str | None) -> Link | None:
    """The address as it may stand in a message, or None: only http(s), no user information, host and path in ASCII.

    A host that mixes scripts, as look-alikes of other hosts do, is shown in punycode.
    """
    try:
        parts = urlsplit((url or "").strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    coded = ".".join(_coded(label) for label in host.split("."))
    if any(not (char.isalnum() or char in "-._~:") for char in coded):
        return None
    place = f"[{coded}]" if ":" in coded else coded
    netloc = place if port is None else f"{place}:{port}"
    tail = _quoted(parts.path) or "/"
    if parts.query:
        tail += f"?{_quoted(parts.query)}"
    if parts.fragment:
        tail += f"#{_quoted(parts.fragment)}"
    made = f"{parts.scheme}://{netloc}{tail}"
    if len(made) > MAX_LINK:
        return None
    return Link(url=made, host=coded if _mixed(host) else host)


def _quoted(part: str) -> str:
    """Part of an address in ASCII, without signs that could end it where people or programs read it."""
    return quote(part, safe="/%:@!$&'()*+,;=~?", errors="replace")


def _coded(label: str) -> str:
    """A label of a host in ASCII (RFC 3492)."""
    if label.isascii():
        return label
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return "xn--" + label.encode("punycode", "replace").decode()


def _mixed(host: str) -> bool:
    """Whether a host has letters of scripts that do not belong together, or what is no letter of any script we know."""
    if host.isascii():
        return False
    odd = any(ord(char) >= _ASCII and not char.isalnum() for char in host)
    return odd or len({"Hani" if one in _JAPANESE else one for one in scripts_in(host)}) > 1
