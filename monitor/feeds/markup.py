"""HTML to text, in one pass and linear time, for the bodies and titles that feeds carry.

A tree builder is no use here: deep nesting makes every one of them quadratic (20,000 open `div`s took 0.8 s). This scanner
looks at each character once; what it drops is script, style and the like, what it keeps is text, and block elements
become paragraphs. It makes text for matching and for showing escaped; it is no sanitiser.
"""

import html
import re
from typing import Final

PARAGRAPH: Final = "\x1e"
LINE: Final = "\x1d"

_TAG = re.compile(
    r"<(/?)([A-Za-z][^\s/>]*+)(?>[^>=]++|=\s*+(?>\"[^\"]*+\"|'[^']*+'|))*+>"  # possessive: nothing to come back to
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_DROPPED = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE)
    for name in (
        "script",
        "style",
        "iframe",
        "noscript",
        "template",
        "svg",
        "object",
        "noembed",
        "noframes",
        "textarea",
    )
}
_HUGE_REFERENCE = re.compile(r"&#(?:[xX][0-9a-fA-F]{8,}+|[0-9]{8,}+);?")
_LOOKS = re.compile(
    r"</?(?:p|br|a|b|i|u|em|strong|div|span|img|ul|ol|li|h[1-6]|table|tr|td|blockquote|figure|iframe|script|font|hr|pre|code"
    r"|sup|sub|small|section|article|video|center|style)(?:\s[^<>]*)?/?>"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
    re.IGNORECASE,
)


def looks_like_html(text: str) -> bool:
    """Whether a text of unknown type was meant as HTML: it has a tag of HTML, or a character reference."""
    return _LOOKS.search(text) is not None


def text_of(markup: str) -> str:
    """The text of a piece of HTML; paragraphs are separated by blank lines, `<br>` becomes a line end."""
    if "<" not in markup and "&" not in markup:
        return "\n\n".join(part for raw in markup.split("\n\n") if (part := " ".join(raw.split())))
    pieces: list[str] = []
    position, length = 0, len(markup)
    while position < length:
        start = markup.find("<", position)
        if start < 0:
            pieces.append(markup[position:])
            break
        pieces.append(markup[position:start])
        position = _after_markup(markup, start, pieces)
    text = html.unescape(_HUGE_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", "".join(pieces)))
    return _paragraphs(text)


def _after_markup(markup: str, start: int, pieces: list[str]) -> int:
    """Deal with what begins with `<` at `start`; where to go on. An unclosed one ends the text, as in a browser."""
    following = markup[start + 1 : start + 2]
    tag = _TAG.match(markup, start)
    if tag is not None:
        return _after_tag(markup, tag, pieces)
    if markup.startswith("<![CDATA[", start):
        return start + 9
    if markup.startswith("<!--", start):
        return _past(markup, "-->", start + 4)
    if following.isalpha() or following in {"!", "?", "/"}:
        return _past(markup, ">", start)
    pieces.append("<")
    return start + 1


def _after_tag(markup: str, tag: re.Match[str], pieces: list[str]) -> int:
    name = tag.group(2).lower()
    if name not in _DROPPED or tag.group(1) or tag.group(0).endswith("/>"):
        pieces.append(_break(name))
        return tag.end()
    end = _DROPPED[name].search(markup, tag.end())
    return end.start() if end else len(markup)


def _past(markup: str, mark: str, position: int) -> int:
    """The offset after the next `mark`, or the end."""
    found = markup.find(mark, position)
    return found + len(mark) if found >= 0 else len(markup)


def _break(name: str) -> str:
    if name == "br":
        return LINE
    if name in _BLOCKS:
        return PARAGRAPH
    return " " if name in _CELLS else ""


def _paragraphs(text: str) -> str:
    """White space as HTML has it: none of its own matters, breaks do."""
    paragraphs: list[str] = []
    for block in text.split(PARAGRAPH):
        lines = [" ".join(line.split()) for line in block.split(LINE)]
        paragraph = "\n".join(lines).strip("\n")
        if paragraph:
            paragraphs.append(re.sub(r"\n{2,}", "\n\n", paragraph))
    return "\n\n".join(paragraphs)
