"""Mends the mistakes that real OPML files are full of: `&` and quotes inside attributes that nobody escaped.

Tried only on a file that is no well-formed XML, and the result goes through the same strict parser. Lines are kept, so
that places stay true. What cannot be mended stays as it is, for the parser to refuse.
"""

import html
import re

_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_AMPERSAND = re.compile(r"&(?:(#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?")
_TAG = re.compile(r"<outline\b([^<]*?)(/?)>(?=\s*<)")
_ATTRIBUTE = re.compile(r"""\s+([A-Za-z_][\w:.-]*)\s*=\s*(?:"[^"]*"|'[^']*')""")
_OPENING = re.compile(r"""(?:^|(?<=\s))([A-Za-z_][\w:.-]*)\s{0,8}=\s{0,8}(["'])""")


def mend(text: str) -> str:
    """The text with every lone `&` escaped and every outline's attributes quoted anew where they do not hold."""
    return _TAG.sub(_mended_tag, _AMPERSAND.sub(_mended_ampersand, text))


def _mended_ampersand(found: re.Match[str]) -> str:
    """XML's own references stay, HTML's become their character, anything else is a lone `&`."""
    name = found.group(1)
    if name is None:
        return "&amp;"
    if name in _XML_ENTITIES or name.startswith("#"):
        return found.group()
    character = html.unescape(found.group())
    return html.escape(found.group() if character == found.group() else character)


def _mended_tag(found: re.Match[str]) -> str:
    inside, slash = found.groups()
    if _holds(inside):
        return found.group()
    openings = list(_OPENING.finditer(inside))
    ends = [*(opening.start() for opening in openings[1:]), len(inside)]
    pairs: dict[str, str] = {}
    for opening, end in zip(openings, ends, strict=True):
        name, quote = opening.groups()
        value = inside[opening.end() : end].rstrip().removesuffix(quote)
        pairs.setdefault(name, " ".join(value.replace('"', "&quot;").split()))
    written = "".join(f' {name}="{value}"' for name, value in pairs.items())
    return f"<outline{written}{chr(10) * inside.count(chr(10))}{slash}>"


def _holds(inside: str) -> bool:
    """Whether the inside of a tag is well-formed: attributes in quotes, each once."""
    names: list[str] = []
    here = 0
    while found := _ATTRIBUTE.match(inside, here):
        names.append(found.group(1))
        here = found.end()
    return not inside[here:].strip() and len(names) == len(set(names))
