"""Clean texts once, at intake: what is stored, matched, logged and sent has passed here.

Removed: control characters, bidirectional marks, invisible characters (zero width, soft hyphen, tags, variation
selectors), lone surrogates. They serve to forge lines, headers and terminals, to spoof what is read, and to evade
matching. Kept: the zero-width non-joiner between Arabic letters, where Persian orthography needs it. Runs of combining
marks are cut, so that no text climbs over its neighbours. Escaping for a medium is that medium's own business.

Must not: fold (case and marks stay), know HTML, or depend on a clock or locale.
"""

import re
import unicodedata

MAX_MARKS = 4
"""Combining marks in a row; Vietnamese needs two, vocalised Arabic and pointed Hebrew three."""

_ZWNJ = "\u200c"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200d-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_DROP = re.compile(f"[\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f{_INVISIBLE}]")
_LONE_ZWNJ = re.compile(r"(?<![\u0620-\u06ff])\u200c+|\u200c+(?![\u0620-\u06ff])|(?<=\u200c)\u200c+")
_SURROGATE = re.compile(r"[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BREAKS = re.compile(r"\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANKS = re.compile(r"[^\S\n]+")
_PARAGRAPHS = re.compile(r"\n{2,}")
_AROUND_BREAK = re.compile(r" *\n *")
_BLANK_LINE = re.compile(r"\n[^\S\n]*(?=\n)")


def clean_line(text: str, limit: int = 500) -> str:
    """One line: line breaks and runs of white space become a blank; at most `limit` characters, an ellipsis included."""
    return _cut(" ".join(_clean(text).split()), limit)


def clean_text(text: str, limit: int = 1_000_000) -> str:
    """Paragraphs: a blank line parts them, a single line break stays one; at most `limit` characters."""
    text = _BLANK_LINE.sub("\n", _BREAKS.sub("\n", _SURROGATE.sub("\ufffd", text)))
    text = _AROUND_BREAK.sub("\n", _BLANKS.sub(" ", _clean(text)))
    return _cut(_PARAGRAPHS.sub("\n\n", text).strip(), limit)


def _clean(text: str) -> str:
    """Without what does not belong into any text; line breaks become newlines."""
    text = _SURROGATE.sub("\ufffd", text)
    text = _DROP.sub("", _BREAKS.sub("\n", text).replace("\x1f", " "))
    text = unicodedata.normalize("NFC", text)
    # A joiner may stand alone only now that what stood beside it is gone.
    text = _LONE_ZWNJ.sub("", text) if _ZWNJ in text else text
    return _fewer_marks(text)


def _fewer_marks(text: str) -> str:
    """Cut runs of combining marks to `MAX_MARKS`."""
    if text.isascii():
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if run <= MAX_MARKS:
            kept.append(char)
    return text if len(kept) == len(text) else "".join(kept)


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, not ending inside a combining sequence, with an ellipsis where something was cut."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and unicodedata.category(text[end]) in {"Mn", "Me", "Cf"}:
        end -= 1
    return text[:end].rstrip() + "…"
