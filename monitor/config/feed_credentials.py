"""The headers, basic authentication and cookies of feeds: secrets given as values, files or by the environment.

Made into the headers that are sent, so that a value that cannot be one is a fault here and not a failed poll. No
sentence here quotes a value, nor a name that is none: it may be a secret in the wrong place.
"""

import base64
import re
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import urlsplit

from monitor.config.document import Mapping, Node, Scalar
from monitor.config.draft import Draft
from monitor.config.feed_list import feed_id
from monitor.config.settings_file import BasicAuthEntry, FeedEntry
from monitor.settings import FeedCredentials, Secret

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # a token of RFC 9110, 5.6.2
_VALUE = re.compile(r"[!-~](?:[ -~\t]{0,7998}[!-~])?")
_COOKIE = re.compile(r"[!#-+\--:<-\[\]-~]{0,4000}")  # RFC 6265, 4.1.1
_OURS = re.compile(
    r"(?i)(host|user-agent|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|range|if-.*|accept-encoding|"
    r"a-im|proxy-.*|keep-alive)"
)
_KEYS = ("headers", "headers_file", "basic_auth", "cookies", "cookies_file")


def feed_credentials(draft: Draft) -> MappingProxyType[str, FeedCredentials]:
    """By the id of the feed, for those that have any."""
    made: dict[str, FeedCredentials] = {}
    for entry, node in zip(draft.model.feeds, draft.nodes.get("feeds", ()), strict=True):
        if not isinstance(entry, FeedEntry) or not isinstance(node, Mapping):
            continue
        given = [key for key in _KEYS if getattr(entry, key)]
        if not given:
            continue
        if entry.url is None:
            draft.fault(node.get(given[0]), f"{given[0]}: only a feed with a url is asked for over HTTP")
            continue
        headers = _Reader(draft, node).headers(entry)
        if "authorization" in headers and urlsplit(entry.url).username is not None:
            draft.fault(node.get(given[0]), "the url has a name and password already; give them once")
        if entry.url.startswith("http://"):
            draft.warn(node.get(given[0]), f"{given[0]}: http:// sends these secrets in clear; use https://")
        made[entry.id or feed_id(entry.url)] = FeedCredentials(url=entry.url, headers=tuple(headers.items()))
    return MappingProxyType(made)


class _Reader:
    """What one feed's requests carry."""

    def __init__(self, draft: Draft, node: Mapping) -> None:
        self._draft, self._node = draft, node

    def headers(self, entry: FeedEntry) -> dict[str, Secret]:
        """By name in small letters."""
        headers: dict[str, Secret] = {}
        for name, value, where in self._named("headers", entry.headers, entry.headers_file):
            if _OURS.fullmatch(name):
                self._draft.fault(where, f"headers: {name} is set by the monitor itself")
            elif name.lower() in headers:
                self._draft.fault(where, f"headers: {name} is given twice")
            elif not _VALUE.fullmatch(value.reveal()):
                message = "must be ASCII on one line, without blanks around it, of at most 8,000 characters"
                self._draft.fault(where, f"headers: the value of {name} {message}")
            headers[name.lower()] = value
        made = {
            "basic_auth": ("authorization", self._basic(entry.basic_auth) if entry.basic_auth else None),
            "cookies": ("cookie", self._cookie(entry)),
        }
        for key, (name, made_value) in made.items():
            if made_value and name in headers:
                self._draft.fault(self._node.get(key), f"{key}: headers have {name} already; give it once")
            if made_value:
                headers[name] = made_value
        return headers

    def _cookie(self, entry: FeedEntry) -> Secret | None:
        """The header of RFC 6265, 4.2.1."""
        pairs = []
        for name, value, where in self._named("cookies", entry.cookies, entry.cookies_file):
            if not _COOKIE.fullmatch(value.reveal()):
                message = "must be ASCII without blanks, quotes, commas, semicolons and backslashes"
                self._draft.fault(where, f"cookies: the value of {name} {message}")
            pairs.append(f"{name}={value.reveal()}")
        return Secret("; ".join(pairs)) if pairs else None

    def _basic(self, entry: BasicAuthEntry) -> Secret | None:
        """The header of RFC 7617."""
        where = self._node.get("basic_auth")
        if ":" in entry.username:
            self._draft.fault(where, "basic_auth.username: must not have a colon")
        if (entry.password is None) == (entry.password_file is None):
            self._draft.fault(where, "basic_auth: give either password or password_file")
            return None
        key = "password" if entry.password else "password_file"
        place = where.get(key) if isinstance(where, Mapping) else None
        password = self._value("basic_auth.password", entry.password, entry.password_file, place)
        pair = f"{entry.username}:{password.reveal()}".encode() if password else b""
        return Secret(f"Basic {base64.b64encode(pair).decode('ascii')}") if pair else None

    def _named(
        self, key: str, values: dict[str, Secret], files: dict[str, str]
    ) -> Iterator[tuple[str, Secret, Node | None]]:
        """Names with their values and places, those from files last."""
        for source, places in ((values, self._node.get(key)), (files, self._node.get(f"{key}_file"))):
            for name in source:
                where = places.get(name) if isinstance(places, Mapping) else None
                if not _NAME.fullmatch(name):
                    self._draft.fault(where, f"{key}: a name is of ASCII letters, digits and hyphens")
                    continue
                if source is files and name in values:
                    self._draft.fault(where, f"{key}: {name} stands in {key} and in {key}_file; give it once")
                    continue
                plain = values[name] if source is values else None
                value = self._value(f"{key}.{name}", plain, files.get(name), where)
                if value:
                    yield name, value, where

    def _value(self, what: str, value: Secret | None, file: str | None, where: Node | None) -> Secret | None:
        """A secret from its value, else from its file."""
        if value is not None:
            if not (isinstance(where, Scalar) and where.origin):
                kept = f"{what.partition('.')[0]}_file" if not what.startswith("basic") else "password_file"
                message = f"a secret stands here in clear; {kept} or a variable keeps it out of the file"
                self._draft.warn(where, f"{what}: {message}")
            return value
        content = self._draft.secret_file(where, file or "")
        return Secret(content) if content is not None else None
