"""Which URL is asked: judged once, and what was judged is what is dialled and written.

`httpx.URL` has the say. An address in which it could change nothing (lower-case ASCII, no escapes, no dots to fold, as
most addresses of feeds are) is taken apart by one expression instead, which costs a tenth; a property test holds the two
together. It must not open connections, nor know what may be dialled.
"""

import base64
import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

import httpx

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind

_MAX_PORT: Final = 65_535
_LONGEST: Final = 2_000
_USUAL: Final = {"http": 80, "https": 443}
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PLAIN: Final = re.compile(
    r"(https?)://"
    # The last label is no number, or the whole is an IPv4 address: there is one way to read it.
    rf"((?!xn--)(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*|{_OCTET}(?:\.{_OCTET}){{3}})"
    r"(?::([1-9][0-9]{0,4}))?"
    r"((?:/(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)?)+(?:\?[A-Za-z0-9._~!$&()*+,;=:@/?-]*)?)\Z"
)


class Target(NamedTuple):
    """What is asked of whom."""

    scheme: str
    host: str
    """As it is dialled and shown."""
    port: int
    name: str
    """The host in ASCII, by which TLS is verified."""
    authority: bytes
    """For the header Host."""
    path: bytes
    """With the query; never empty."""
    text: str
    """The whole, without credentials."""


def split(url: str) -> tuple[Target, dict[str, str]]:
    """The target of an absolute http(s) URL, and the header that its credentials make (RFC 7617).

    Raises:
        RequestFailed: it is no such URL; nothing of it is shown, since it may hold a secret.
    """
    plain = _plain(url)
    if plain is not None:
        return plain, {}
    parsed = _checked(url)
    userinfo = parsed.userinfo
    if not userinfo:
        return _target(parsed), {}
    name, _, password = userinfo.partition(b":")
    pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
    header = {"authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}
    return _target(parsed.copy_with(username=None, password=None)), header


def redirected(before: Target, location: str) -> Target:
    """The target that a redirect names, whose text is as the bytes came (Latin-1).

    Raises:
        RequestFailed: it is no http(s) URL, or leads from https to http.
    """
    raw = location.encode("latin-1")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = location
    try:
        parsed = _checked(httpx.URL(before.text).join(text.strip()))
    except (httpx.InvalidURL, ValueError) as error:
        raise RequestFailed(FetchErrorKind.REDIRECTS, "redirected to what is not a URL", sent=True) from error
    if before.scheme == "https" and parsed.scheme != "https":
        raise RequestFailed(FetchErrorKind.REDIRECTS, f"{before.host} redirects from https to http", sent=True)
    return _target(parsed.copy_with(username=None, password=None, fragment=None))


def same_host(before: Target, after: Target) -> bool:
    """The same host and port, or the same host's default ports from http to https."""
    return before.host == after.host and (before.port == after.port or (before.port, after.port) == (80, 443))


def _plain(url: str) -> Target | None:
    """The target of an address that httpx would leave as it is; None if that is not certain."""
    found = _PLAIN.match(url) if len(url) <= _LONGEST else None
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    usual = _USUAL[scheme]
    number = int(port) if port else usual
    if number > _MAX_PORT or (port and number == usual):
        return None
    authority = f"{host}:{port}" if port else host
    return Target(scheme, host, number, host, authority.encode("ascii"), path.encode("ascii"), url)


def _target(url: httpx.URL) -> Target:
    port = url.port or _USUAL[url.scheme]
    return Target(url.scheme, url.host, port, url.raw_host.decode("ascii"), url.netloc, url.raw_path, str(url))


def _checked(url: str | httpx.URL) -> httpx.URL:
    """An absolute http(s) URL with a host and a possible port, as httpx reads it."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise RequestFailed(FetchErrorKind.ADDRESS, "the address is not a URL", sent=False) from None
    if parsed.scheme not in _USUAL or not parsed.host:
        raise RequestFailed(FetchErrorKind.ADDRESS, "the address is not an http or https URL", sent=False)
    if parsed.port is not None and not 0 < parsed.port <= _MAX_PORT:
        raise RequestFailed(FetchErrorKind.ADDRESS, "the address has an impossible port", sent=False)
    return parsed
