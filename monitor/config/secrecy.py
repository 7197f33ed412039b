"""Which lines of a file must not be shown, because a secret may stand on them.

A fault shows the line it stands on; a line with a password would then reach terminals, logs and issue trackers. When
in doubt a line is left out: the place alone still leads there. Misspelt keys (`pasword`) are doubt enough.
"""

import re
from difflib import get_close_matches

from monitor.shown import shown_url

_SECRET_KEY = re.compile(r"(?i)pas+w|pass|pwd|secret|token|credential|auth$|api[-_]?key|hook")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"\\,\]}]+")
_KEY_LINE = re.compile(r"""^(\s*(?:-\s+)*)(?:["']?)([^\s"':#{\[][^:]*?)(?:["']?)\s*:(\s|$)""")
_KEY_ANYWHERE = re.compile(r"""([\w.-]+)["']?\s*:""")
_OPEN_KEYS = frozenset(
    {"kind", "path", "from", "host", "port", "security", "username", "ca_file", "hello", "reply_to", "timeout"}
    | {"rate", "burst"}
)
"""Keys of a channel whose values anybody may see."""
_CHANNEL_DEPTH = 3


def secretive(path: tuple[str, ...]) -> bool:
    """Whether the value at this path of keys may be a secret."""
    key = path[-1]
    if path[0] == "channels" and len(path) >= _CHANNEL_DEPTH:
        return key not in _OPEN_KEYS
    return _like_a_secret(key) or (key.lower() in {"url", "url_file"} and path[0] not in {"feeds", "store"})


def _like_a_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(key) or get_close_matches(key.lower(), ("password", "secret", "channels"), 1, 0.75))


def hides_itself(line: str) -> bool:
    """Whether an address with a secret in it stands on this line."""
    return any(shown_url(match.group()) != match.group() for match in _ADDRESS.finditer(line))


def secret_lines_of_text(text: str) -> frozenset[int]:
    """The same for a file that is no YAML, by its looks: secretive keys, and all that is indented below them."""
    hidden: set[int] = set()
    under: int | None = None
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        key = _KEY_LINE.match(line)
        indent = len(line) - len(line.lstrip())
        if under is not None and line.strip() and key and indent <= under:
            under = None
        names = _KEY_ANYWHERE.findall(line)
        if any(_like_a_secret(name) or "url" in name.lower() for name in names):
            under = indent if under is None else min(indent, under)
        if under is not None:
            hidden.add(number)
    return frozenset(hidden)
