"""Letters that a regular expression cannot do without, so that the index need not ask its rule about every article.

Only what is plain: runs of ASCII letters and digits at the top level of the pattern. In doubt there are none, and the
rule is asked always. ASCII alone, since folding leaves those letters what they are whatever marks follow them.
"""

import re
from typing import Final

_SHORTEST: Final = 3
_PIECE: Final = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<count>[?*+]\??|\{[\d,]*\}\??)|(?P<open>\()|(?P<close>\))"
    r"|(?P<letter>[A-Za-z0-9])|(?P<other>.)",
    re.DOTALL,
)
_SPECIAL: Final = re.compile(r"\||\(\?(?!:|P<)|\\[pPQExX0-9C]")
"""Alternatives, flags, and escapes of more than one character."""


def literals_of(pattern: str) -> tuple[str, ...]:
    """Folded runs of three letters or more that are in every text that the pattern finds."""
    if _SPECIAL.search(pattern):
        return ()
    runs = [""]
    depth = 0
    for piece in _PIECE.finditer(pattern):
        kind = piece.lastgroup
        depth += (kind == "open") - (kind == "close")
        if kind == "letter" and depth == 0:
            runs[-1] += piece[0]
        elif kind == "count":
            runs[-1:] = [runs[-1][:-1], ""]  # the letter in front may be missing, or there twice
        else:
            runs.append("")
    return tuple(dict.fromkeys(run.lower() for run in runs if len(run) >= _SHORTEST))
