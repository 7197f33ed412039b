"""How addresses and spans of time are shown to people: addresses without the secrets that they may carry.

It stands on the ground floor because the settings, the feeds, the log and the commands all show them. It decides
nothing about whether an address may be dialled.
"""

import re
from datetime import timedelta
from urllib.parse import unquote, urlsplit, urlunsplit

MASK = "***"
"""Stands for what is not shown."""
_DAY = 86_400
_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw|pwd|signature|credential|session|api[-_.]?key|auth)"
    r"|^(key|pass|sig|code|hash|sid|user|login|[a-z]{1,8}[-_]?key)$"
)
_RANDOM_VALUE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_.~+/=-]{24,}")
_SECRET_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com", "discord.com", "discordapp.com"})
"""Hosts whose paths are credentials."""


def shown_url(url: str) -> str:
    """The address without user information and with token-like values masked; a path of this machine as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"{url.partition('://')[0]}://{MASK}"
    place = f"[{host}]" if host and ":" in host else host or ""
    netloc = f"{place}:{port}" if port is not None else place
    path = f"/{MASK}" if host in _SECRET_HOSTS else parts.path
    return urlunsplit((parts.scheme, netloc, path, _masked(parts.query), _masked(parts.fragment)))


def _masked(query: str) -> str:
    """The query with the values of token-like parameters replaced."""
    return "".join(piece if piece in "&;" else _masked_pair(piece) for piece in re.split("([&;])", query))


def _masked_pair(pair: str) -> str:
    """One `name=value` of a query; a bare word that looks like a token is masked whole."""
    name, equals, value = pair.partition("=")
    if not equals:
        return MASK if _RANDOM_VALUE.fullmatch(unquote(name)) else pair
    if value and (_SECRET_NAME.search(unquote(name)) or _RANDOM_VALUE.fullmatch(unquote(value))):
        return f"{name}={MASK}"
    return pair


def shown_span(span: timedelta) -> str:
    """A span to its two largest units: `3m10s`, `2h5m`, `1d`."""
    seconds = max(0, round(span.total_seconds()))
    for least, step in ((_DAY, 3_600), (3_600, 60)):
        if seconds >= least:
            seconds -= seconds % step
    parts: list[str] = []
    for unit, name in ((_DAY, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        number, seconds = divmod(seconds, unit)
        if number:
            parts.append(f"{number}{name}")
    return "".join(parts) or "0s"
