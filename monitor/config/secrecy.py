"""Which lines of a file must not be shown, because a secret may stand on them.

A fault shows the line it stands on; a line with a password would then reach terminals, logs and issue trackers. When
in doubt a line is left out: the place alone still leads there. Misspelt keys (`pasword`) are doubt enough.
"""

import re
from difflib import get_close_matches
from functools import lru_cache

from monitor.shown import MASK, shown_url

_SECRET_KEY = re.compile(r"(?i)pas+w|pass|pwd|secret|token|credential|auth$|api[-_]?key|hook|headers?(_file)?$|cookie")
_ADDRESS = re.compile(r"[A-Za-z0-9+.-]{1,40}://[^\s'\"\\]+")
_KEY_LINE = re.compile(r"""[\s-]*["']?[^\s"':#{\[-][^:]{0,200}:(\s|$)""")
_KEY_ANYWHERE = re.compile(r"""(?<![\w.-])([\w.-]{1,200})["']?\s{0,20}:""")
_LONGEST_LINE = 500
"""Nobody reads a longer one under a caret, and looking for secrets in it costs time."""
_OPEN_KEYS = frozenset(
    {"kind", "path", "from", "host", "port", "security", "username", "ca_file", "hello", "reply_to", "timeout"}
    | {"rate", "burst", "dkim", "selector", "domain", "bounces", "bounce_address", "maildir", "imap", "folder"}
)
"""Keys of a channel whose values anybody may see."""
_CHANNEL_DEPTH = 3


def secretive(path: tuple[str, ...]) -> bool:
    """Whether the value at this path of keys may be a secret."""
    top, key = path[0], path[-1]
    if len(path) >= _CHANNEL_DEPTH and _alike(top, "channels"):
        return key not in _OPEN_KEYS
    return _like_a_secret(key) or (key.lower() in {"url", "url_file"} and top not in {"feeds", "store"})


def _like_a_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(key)) or _alike(key, "password") or _alike(key, "secret") or _alike(key, "headers")


@lru_cache(maxsize=4096)
def _alike(key: str, word: str) -> bool:
    """Whether a key is the word, or a slip of the fingers away from it."""
    if not len(word) / 2 < len(key) < len(word) * 2 or len(set(key.lower()) & set(word)) < len(set(word)) / 2:
        return False  # said here only because the comparison is slow
    return bool(get_close_matches(key.lower(), (word,), 1, 0.75))


def hides_itself(line: str) -> bool:
    """Whether a line is not to be shown for what stands on it: an address with a secret in it, or too much."""
    if len(line) > _LONGEST_LINE:
        return True
    for match in _ADDRESS.finditer(line):
        rest = match.group().partition("://")[2]
        if "@" in re.split(r"[/?#]", rest, maxsplit=1)[0] or MASK in shown_url(match.group()):
            return True
    return False


def secret_lines_of_text(text: str) -> frozenset[int]:
    """The same for a file that is no YAML, by its looks: secretive keys, and all that is indented below them."""
    hidden: set[int] = set()
    under: int | None = None
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if len(line) > _LONGEST_LINE:  # not shown, and not searched: what follows may belong to it
            under = 0
            continue
        key = _KEY_LINE.match(line)
        indent = len(line) - len(line.lstrip())
        if under is not None and line.strip() and key and indent <= under:
            under = None
        names = _KEY_ANYWHERE.findall(line)
        if any(_like_a_secret(name) or "url" in name.lower() or _alike(name, "channels") for name in names):
            under = indent if under is None else min(indent, under)
        if under is not None:
            hidden.add(number)
    return frozenset(hidden)
