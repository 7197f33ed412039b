"""Cleaning: what happens once to every text from outside before it is stored, matched or shown.

After it a text is NFC, valid UTF-8, free of controls, bidi and other invisible characters, and not longer than was agreed:
such characters forge lines, headers and terminals, spoof what is read, and evade matching. The joiners that Persian and
Indian spelling needs stay where they matter. Cleaning twice changes nothing.

It must not fold (case and marks stay) and knows no HTML; escaping is the business of whoever writes HTML, mail or Slack.
"""

import re
from functools import cache
from typing import Final
from unicodedata import category, is_normalized, normalize

from monitor.text.fold import is_mark, mark_class

_ELLIPSIS: Final = "…"
_MARKS_KEPT: Final = 5  # behind one letter: Hebrew with cantillation and Tibetan stacks need no more
_LINE_BREAKS: Final = frozenset("\n\v\f\x85\u2028")
_BLANKS: Final = frozenset("\t\r\x1c\x1d\x1e\x1f\u2800")  # U+2800 is a braille cell without dots
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
_JOINERS: Final = "\u200c\u200d"
_NONCHARACTERS: Final = range(0xFDD0, 0xFDF0)
_LAST_OF_PLANE: Final = 0xFFFE
_VARIATION_SELECTORS: Final = (range(0xFE00, 0xFE0F), range(0xE0100, 0xE01F0))  # without the emoji one
_INDIC: Final = "\u0900-\u0dff\u1000-\u109f\u1780-\u17ff"
_ARABIC: Final = "\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc"


class _Cleaner(dict[int, str]):
    """Code point to what is left of it, for `str.translate`; fills itself."""

    def __missing__(self, code: int) -> str:
        kept = self[code] = _clean_one(chr(code))
        return kept


def _clean_one(char: str) -> str:
    code, kind = ord(char), category(char)
    if char in _LINE_BREAKS or kind == "Zp":
        return "\n\n" if kind == "Zp" else "\n"
    if kind == "Zs" or char in _BLANKS:
        return " "
    if kind == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if char in _JOINERS:
        return char
    vanishes = (
        kind in {"Cc", "Cf"}
        or char in _INVISIBLE
        or code in _NONCHARACTERS
        or code & _LAST_OF_PLANE == _LAST_OF_PLANE
        or any(code in block for block in _VARIATION_SELECTORS)
    )
    return "" if vanishes else char


_TABLE: Final = _Cleaner()
_CRLF: Final = re.compile(r"\r\n?")
_SPACES: Final = re.compile(" {2,}")
_AROUND_BREAK: Final = re.compile(" ?\n ?")
_BREAKS: Final = re.compile("\n{3,}")
_JOINER_RUN: Final = re.compile(f"([{_JOINERS}])[{_JOINERS}]+")
_STRAY_JOINER: Final = re.compile(
    f"(?<![{_ARABIC}{_INDIC}])[{_JOINERS}]|[{_JOINERS}](?![{_ARABIC}{_INDIC}])|(?<=[{_ARABIC}])\u200d"
)
_STRAY_EMOJI_SELECTOR: Final = re.compile("(?<![#*0-9\u00a9\u00ae\u2000-\u33ff\U0001f000-\U0001faff])\ufe0f")


@cache
def _mark_runs() -> re.Pattern[str]:
    """Runs that may hold too many marks; characters beyond the basic plane are told apart one by one."""
    return re.compile(f"[{mark_class()}\U00010000-\U0010ffff]{{{_MARKS_KEPT + 1},}}")


@cache
def _bare_start() -> re.Pattern[str]:
    return re.compile(f"[\\s{_JOINERS}{mark_class()}]+")


def _capped(match: re.Match[str]) -> str:
    """The characters of a run without the marks that are too many."""
    kept: list[str] = []
    marks = 0
    for char in match[0]:
        marks = marks + 1 if is_mark(char) else 0
        if marks <= _MARKS_KEPT:
            kept.append(char)
    return "".join(kept)


def _visible(text: str) -> str:
    """Composed, without controls and invisible characters, all white space as blanks and line ends."""
    text = _CRLF.sub("\n", text).translate(_TABLE)
    if text.isascii():
        return text
    text = _STRAY_JOINER.sub("", _JOINER_RUN.sub(r"\1", text))
    text = _mark_runs().sub(_capped, _STRAY_EMOJI_SELECTOR.sub("", text))  # first: sorting many marks is quadratic
    if bare := _bare_start().match(text):
        text = text[bare.end() :]
    if not is_normalized("NFC", text):
        text = _mark_runs().sub(_capped, normalize("NFC", text))  # some characters become two marks
    return text


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis when some are missing; no letter loses its marks."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and is_mark(text[end]):
        end -= 1
    return text[:end].rstrip(" \n" + _JOINERS) + _ELLIPSIS


def clean_line(text: str, limit: int = 500) -> str:
    """A title, a name, any text of one line: single blanks, no line ends, at most `limit` (1 or more) characters."""
    return _cut(" ".join(_visible(text).split()), limit)


def clean_text(text: str, limit: int = 1_000_000) -> str:
    r"""A body: as `clean_line`, but a line end stays `\n`, and one or more blank lines become `\n\n`."""
    spaced = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", _visible(text)))
    return _cut(_BREAKS.sub("\n\n", spaced).strip(" \n"), limit)
