"""Single values of the files, from text to what they mean: durations, sizes, addresses, names.

Each parser takes what YAML gave and returns the meaning, or raises ValueError with one sentence that says what was
expected. They know no file and no key; `explain` adds the place. No sentence here may quote a secret.
"""

import re
from datetime import timedelta
from difflib import get_close_matches
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from monitor.alerting import parse_cadence, parse_quiet, parse_severities
from monitor.config.document import quoted
from monitor.settings import Network, Secret

_DURATION = re.compile(r"(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_LONGEST = timedelta(days=3_660)
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?) ?([KMG]i?)?B?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1_000, "m": 10**6, "g": 10**9, "ki": 1_024, "mi": 1_024**2, "gi": 1_024**3}
_LARGEST = 64 * 1_024**3
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_LANG = re.compile(r"[a-z]{2,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SCRIPT = re.compile(r"[A-Z][a-z]{3}")
_MAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_LONGEST_MAIL = 254  # RFC 5321 4.5.3.1.3, without the angle brackets
_HOST = re.compile(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST_URL = 4_000
_PORTS = 65_535


class NotTextError(ValueError):
    """Something else stands where text is meant; whoever knows the spelling in the file says "quote it"."""


def text(value: object) -> str:
    """Text with something in it."""
    if not isinstance(value, str):
        raise NotTextError("expected text")
    if not value.strip():
        raise ValueError("is empty; write a value, or leave the key out")
    return value


def one_line(value: object) -> str:
    """Text on one line, without control characters, trimmed."""
    line = text(value).strip()
    if _UNPRINTABLE.search(line):
        raise ValueError("must be one line without control characters")
    return line


def secret(value: object) -> Secret:
    """A secret. Its sentences never show it."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise NotTextError("expected text in quotes")
    if not value:
        raise ValueError("is empty; write the secret, or leave the key out")
    return Secret(value)


def duration(value: object) -> timedelta:
    """`30s`, `5m`, `1h30m`, `7d`, `2w`: whole numbers, larger units first."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"expected a duration with a unit, such as {value}s or {value}m")  # noqa: TRY004 - as all here
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        raise ValueError(f"expected a duration such as 30s, 5m, 1h30m or 7d{_instead(value)}")
    numbers = found.groups(default="0")
    seconds = sum(int(number[:12]) * unit for number, (_, unit) in zip(numbers, _UNITS, strict=True))
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise ValueError("expected a duration of more than nothing and at most ten years")
    return timedelta(seconds=seconds)


def pause(value: object) -> timedelta:
    """A duration, or `0s` for none."""
    return timedelta() if value == "0s" else duration(value)


def shown_duration(value: timedelta) -> str:
    """A duration as it is written in the files."""
    rest, parts = int(value.total_seconds()), []
    for name, unit in _UNITS[1:]:
        number, rest = divmod(rest, unit)
        if number:
            parts.append(f"{number}{name}")
    return "".join(parts) or "0s"


def size(value: object) -> int:
    """Bytes: a whole number, or one with a unit: `10MB` (a million), `512MiB` (1,048,576)."""
    if isinstance(value, int) and not isinstance(value, bool):
        amount = float(value)
    else:
        found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found:
            raise ValueError(f"expected a size such as 500kB, 10MB or 512MiB{_instead(value)}")
        amount = float(found.group(1)) * _FACTORS[(found.group(2) or "").lower()]
    if not 1 <= amount <= _LARGEST:
        raise ValueError("expected a size of at least one byte and at most 64 GiB")
    return int(amount)


def slug(value: object) -> str:
    """An id: lower-case ASCII letters, digits, dots, hyphens and underscores."""
    word = text(value)
    if not _SLUG.fullmatch(word):
        raise ValueError(f"expected an id of small letters, digits, '-', '_' and '.', at most 100{_instead(word)}")
    return word


def lang(value: object) -> str:
    """A language code of two or three letters."""
    code = text(value)
    if not _LANG.fullmatch(code):
        raise ValueError(f"expected a language code of two or three small letters, such as en or ar{_instead(code)}")
    return code


def script(value: object) -> str:
    """A script code of four letters (ISO 15924)."""
    code = text(value)
    if not _SCRIPT.fullmatch(code):
        raise ValueError(f"expected a script code of four letters, such as Latn, Cyrl or Arab{_instead(code)}")
    return code


def country(value: object) -> str:
    """A country code of two capital letters (ISO 3166-1)."""
    code = text(value)
    if not _COUNTRY.fullmatch(code):
        raise ValueError(f"expected a country code of two capital letters, such as GB{_instead(code)}")
    return code


def timezone(value: object) -> str:
    """An IANA time zone name that this machine knows."""
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, sorted(available_timezones()), 1)
        hint = did_you_mean(near[0] if near else None)
        raise ValueError(f"expected a time zone such as Europe/Berlin or UTC{_instead(name)}{hint}") from None
    return name


def cadence(value: object) -> str:
    """When alerts go out, as `alerting.parse_cadence` reads it."""
    words = one_line(value)
    parse_cadence(words)
    return words


def quiet_hours(value: object) -> str:
    """When alerts are held, as `alerting.parse_quiet` reads it."""
    words = one_line(value)
    parse_quiet(words)
    return words


def severity(value: object) -> str:
    """A least severity or an expression, as `alerting.parse_severities` reads it."""
    words = one_line(value)
    parse_severities(words)
    return words


def web_url(value: object) -> str:
    """An http or https URL with a host. The sentences do not quote it: it may carry a token."""
    address = text(value).strip()
    if _UNPRINTABLE.search(address) or " " in address or len(address) > _LONGEST_URL:
        raise ValueError("expected a URL on one line, without blanks, of at most 4,000 characters")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("expected a URL such as https://example.org/feed; its host or port cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("expected a URL that begins with http:// or https://")
    if not host:
        raise ValueError("expected a URL with a host, such as https://example.org/feed")
    return address


def mail_address(value: object) -> str:
    """A mail address: `user@host`, in ASCII (RFC 5321)."""
    address = text(value).strip()
    if not _MAIL.fullmatch(address) or len(address) > _LONGEST_MAIL:
        ascii_hint = "" if address.isascii() else " (ASCII only; write the host in its xn-- form)"
        raise ValueError(f"expected a mail address such as desk@example.org{ascii_hint}{_instead(address)}")
    return address


def sender(value: object) -> str:
    """A mail address with or without a display name: `Monitor <monitor@example.org>`."""
    line = one_line(value)
    name, address = parseaddr(line)
    if not name:
        return mail_address(line.removeprefix("<").removesuffix(">"))
    mail_address(address)
    return line


def host(value: object) -> str:
    """A host name or IP address."""
    name = text(value).strip()
    try:
        return str(ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    if not _HOST.fullmatch(name):
        raise ValueError(f"expected a host name or IP address, without port{_instead(name)}")
    return name


def network(value: object) -> Network:
    """A network as a CIDR: `10.0.0.0/8`, `fd00::/8`, or one address."""
    cidr = text(value).strip()
    try:
        return ip_network(cidr)
    except ValueError:
        pass
    try:
        hint = did_you_mean(str(ip_network(cidr, strict=False)))
    except ValueError:
        hint = ""
    raise ValueError(f"expected a network such as 10.0.0.0/8 or fd00::/8{_instead(cidr)}{hint}")


def listen(value: object) -> tuple[str, int]:
    """An address to listen on: `127.0.0.1:9464`, `[::1]:9464`, `localhost:0`."""
    address = value if isinstance(value, str) else ""
    place, colon, port = address.strip().rpartition(":")
    bracketed = place.startswith("[") and place.endswith("]")
    good_port = re.fullmatch("[0-9]{1,5}", port) is not None and int(port) <= _PORTS
    if not colon or not place or not good_port or (":" in place and not bracketed):
        raise ValueError(f"expected an address and a port such as 127.0.0.1:9464{_instead(value)}")
    return host(place), int(port)


_SERVER: Final = re.compile("postgres(ql)?://")
_DATABASE: Final = re.compile(r"postgres(ql)?://[!-~]*/[!-.0-~]+$")


def store_url(value: object) -> str:
    """`sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…`. Not quoted: it may carry a password."""
    url = text(value).strip()
    if _SERVER.match(url):
        if not _DATABASE.match(url):
            raise ValueError("expected postgresql://user@host/database, with options after a ? if need be")
        return url
    if not url.startswith("sqlite:///") or _UNPRINTABLE.search(url):
        raise ValueError(
            "expected sqlite:///relative/path, sqlite:////absolute/path or postgresql://user@host/database"
        )
    path = url.removeprefix("sqlite:///")
    if not path or path.endswith("/") or path == ":memory:":
        raise ValueError("expected the path of a file after sqlite:///")
    return url


def category(value: object) -> str:
    """A category path: `/News/Middle East`; the first slash may be left out."""
    path = category_path(one_line(value))
    if not path:
        raise ValueError("expected a category such as /News/Middle East")
    return path


def category_path(raw: str) -> str:
    """A category in one form: blanks tidied, empty steps dropped, a slash in front. Empty when nothing is left."""
    steps = (" ".join(step.split()) for step in raw.split("/"))
    return "".join(f"/{step}" for step in steps if step)


def did_you_mean(near: str | None) -> str:
    """The end of a sentence that makes a suggestion."""
    return f'; did you mean "{near}"?' if near else ""


def _instead(value: object) -> str:
    return f", not {quoted(value)}" if isinstance(value, str) else ""
