"""What an answer says beside its articles: how often to ask, where the feed lives, and what came in its place.

Runs in the daemon's own process, so it parses nothing: headers are split by hand, and the head of a document, up to its
first item, is looked through once with expressions that cannot go back. feedparser knows only the last `hour` and `day`
of a document, so those are read here too. What cannot be read is no hint.
"""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from monitor.model import PublisherHints
from monitor.net import Answer

_HEAD: Final = 65_536
_LONGEST: Final = timedelta(days=365)
_ITEM = re.compile(rb"<(?:[\w.-]{1,60}:)?(?:item|entry)[\s/>]")
_TTL = re.compile(rb"<ttl>\s{0,20}(\d{1,9})\s{0,20}</")
_PERIOD = re.compile(rb"<[\w.-]{1,60}:updatePeriod>\s{0,20}([a-z]{1,10})\s{0,20}</")
_FREQUENCY = re.compile(rb"<[\w.-]{1,60}:updateFrequency>\s{0,20}(\d{1,6})\s{0,20}</")
_SKIP_HOURS = re.compile(rb"<skipHours>([^\0]{0,4000}?)</skipHours>", re.IGNORECASE)
_SKIP_DAYS = re.compile(rb"<skipDays>([^\0]{0,4000}?)</skipDays>", re.IGNORECASE)
_HOUR = re.compile(rb"<hour>\s{0,20}(\d{1,2})\s{0,20}</", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s{0,20}([A-Za-z]{6,9})\s{0,20}</", re.IGNORECASE)
_PERIODS: Final[Mapping[bytes, timedelta]] = {
    b"hourly": timedelta(hours=1),
    b"daily": timedelta(days=1),
    b"weekly": timedelta(weeks=1),
    b"monthly": timedelta(days=30),
    b"yearly": _LONGEST,
}
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")
_HOURS_A_DAY = 24

_PAGE = re.compile(
    rb"(?:<\?xml[^>]{0,200}>|<!--[^>]{0,1000}-->|[\s\xef\xbb\xbf])*+<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE
)
_CHALLENGES: Final = (
    ("Cloudflare", re.compile(rb"<title>Just a moment|cf[-_]chl[-_]|/cdn-cgi/challenge-platform/|Attention Required! \| Cloudflare")),
    ("Imperva", re.compile(rb"_Incapsula_Resource|Incapsula incident ID")),
    ("Akamai", re.compile(rb"errors\.edgesuite\.net|/_sec/cp_challenge/")),
    ("DataDome", re.compile(rb"captcha-delivery\.com")),
    ("Sucuri", re.compile(rb"Sucuri WebSite Firewall")),
    ("DDoS-Guard", re.compile(rb"ddos-guard", re.IGNORECASE)),
    ("Anubis", re.compile(rb"\.within\.website/x/cmd/anubis")),
    ("a captcha", re.compile(rb"g-recaptcha|h-captcha|hcaptcha\.com")),
)  # fmt: skip


def of_answer(answer: Answer, now: datetime) -> PublisherHints:
    """What the head of an answer says."""
    return PublisherHints(fresh_for=fresh_for(answer.headers, now), moved_to=answer.permanent_url)


def of_document(hints: PublisherHints, data: bytes) -> PublisherHints:
    """The same with what the head of the document says, up to its first item."""
    head = data[:_HEAD]
    if b"\0" in head[:100]:
        head = head.replace(b"\0", b"")  # UTF-16: what is looked for is ASCII
    first = _ITEM.search(head)
    head = head[: first.start()] if first else head
    ttl = _TTL.search(head)
    return dataclasses.replace(
        hints,
        ttl=_bounded(timedelta(minutes=int(ttl.group(1)))) if ttl else None,
        update_every=_update_every(head),
        skip_hours=_skip_hours(head),
        skip_days=_skip_days(head),
    )


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """For how long an answer is fresh (RFC 9111, 4.2): max-age less Age, else Expires less Date; None if it does not say.

    This program is no shared cache, so `s-maxage` is not for it.
    """
    wishes = [wish.strip().lower() for wish in headers.get("cache-control", "").split(",")]
    if "no-cache" in wishes or "no-store" in wishes:
        return timedelta()
    ages = [wish.partition("=")[2].strip('" ') for wish in wishes if wish.startswith("max-age=")]
    if ages:
        age = headers.get("age", "").strip()
        seconds = _number(ages[0]) - _number(age)
        return _bounded(timedelta(seconds=seconds))
    expires = http_date(headers.get("expires"))
    if expires is None:
        return None
    return _bounded(expires - (http_date(headers.get("date")) or now))


def http_date(value: str | None) -> datetime | None:
    """A date of HTTP; None if it cannot be read."""
    try:
        date = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def obstacle(answer: Answer) -> str | None:
    """What came where a feed should be, if that can be told: a challenge page, or at 200 any web page."""
    if answer.headers.get("cf-mitigated", "").strip().lower() == "challenge":
        return "a challenge page of Cloudflare"
    head = answer.body[:_HEAD]
    if not _PAGE.match(head):
        return None
    for name, marks in _CHALLENGES:
        if marks.search(head):
            return f"a page with {name}" if name.startswith("a ") else f"a challenge page of {name}"
    return "a web page" if answer.status == 200 else None  # noqa: PLR2004 - errors may well be web pages


def _number(text: str) -> int:
    return int(text[:12]) if text.isascii() and text.isdigit() else 0


def _bounded(span: timedelta) -> timedelta:
    return max(timedelta(), min(span, _LONGEST))


def _update_every(head: bytes) -> timedelta | None:
    """`updatePeriod` by `updateFrequency`, which is 1 if it is missing; without a period nothing is said."""
    period, frequency = _PERIOD.search(head), _FREQUENCY.search(head)
    base = _PERIODS.get(period.group(1)) if period else None
    if base is None:
        return None
    return base / max(1, int(frequency.group(1)) if frequency else 1)


def _skip_hours(head: bytes) -> tuple[int, ...]:
    """Hours 0 to 23; some write 24 for midnight."""
    found = _SKIP_HOURS.search(head)
    numbers = {int(number) for number in _HOUR.findall(found.group(1))} if found else set()
    return tuple(sorted({number % _HOURS_A_DAY for number in numbers if number <= _HOURS_A_DAY}))


def _skip_days(head: bytes) -> tuple[int, ...]:
    """Days by their English names, Monday first."""
    found = _SKIP_DAYS.search(head)
    names = {name.lower() for name in _DAY.findall(found.group(1))} if found else set()
    return tuple(number for number, name in enumerate(_DAYS) if name in names)
