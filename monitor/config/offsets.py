"""From an offset in a value to the place in the file where that character was written.

A value may be plain, quoted, or a block; folded over lines, indented, with escapes in it. Errors in a query know only
the value; a person wants the line.
"""

import re

from monitor.config.document import Scalar

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_CONTINUED = re.compile(r"(?:\\(?:\r\n|\n|\r)[ \t]*)+")
_BLANK = " \t\r\n\x85\u2028\u2029"


def index_of(text: str, scalar: Scalar, offset: int) -> int:
    """The index in `text` of the character at `offset` of the scalar's value; past its end, the end of the value.

    Characters that are no blanks are found exactly. A blank that stands for a folded line end is found at that end.
    """
    here = _content_start(text, scalar)
    for number, character in enumerate(scalar.text):
        here, width = _step(text, here, character, scalar.style)
        if number == offset:
            return min(here, scalar.end)
        here += width
    return min(here, scalar.end)


def _content_start(text: str, scalar: Scalar) -> int:
    """Behind the quote, or behind the header line of a block."""
    if scalar.style in {"|", ">"}:
        header = re.compile(r"[^\r\n]*(\r\n|\n|\r|$)").match(text, scalar.start)
        return header.end() if header else scalar.start
    return scalar.start + (1 if scalar.style else 0)


def _step(text: str, here: int, character: str, style: str) -> tuple[int, int]:
    """Where the next character of the value stands, and how wide it is written."""
    if style == '"':
        continued = _CONTINUED.match(text, here)
        here = continued.end() if continued else here
    escape = _ESCAPE.match(text, here) if style == '"' else None
    if escape is None and character in _BLANK:
        return here, int(text[here : here + 1] == character)
    while escape is None and here < len(text) and text[here] in _BLANK and character not in _BLANK:
        here += 1
        escape = _ESCAPE.match(text, here) if style == '"' else None
    if escape:
        return here, escape.end() - here
    return here, 2 if style == "'" and text[here : here + 2] == "''" else 1
