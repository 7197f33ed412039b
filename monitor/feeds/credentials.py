"""Which credentials go with a request for a feed.

Here and not in the client, since it takes the feed's own address of the settings: a feed that moved for good is asked
for at another address, and what was agreed with one publisher must not reach another. Nothing here is shown or logged.
"""

from urllib.parse import urlsplit

from monitor.model import Feed
from monitor.settings import FetchSettings

_PORTS = {"http": 80, "https": 443}


def credentials_for(feed: Feed, settings: FetchSettings) -> dict[str, str]:
    """Headers for the feed's own host; none where the feed is asked for at another, or in clear instead of TLS."""
    found = settings.credentials.get(feed.id)
    if found is None or not _may_know(found.url, feed.url):
        return {}
    return {name: value.reveal() for name, value in found.headers}


def _may_know(own: str, asked: str) -> bool:
    """The same scheme, host and port; or the same host's from http to https, both at their usual ports."""
    before, after = _origin(own), _origin(asked)
    return before == after or (before == ("http", after[1], 80) and after == ("https", after[1], 443))


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
