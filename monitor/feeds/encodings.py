"""Bytes to text: what the document says about its encoding, and what its bytes say.

    a byte order mark  >  valid UTF-8  >  the declared encoding  >  the one of the HTTP header  >  windows-1252

Valid UTF-8 stands before what is declared, because a wrong declaration is common and text in another encoding that
happens to be valid UTF-8 is not. Only codecs that browsers know as encodings of text are used: Python has others that
raise or run for long. Never raises.
"""

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
"""What documents that declare the one are read as, by the practice of browsers."""
_REFUSED = frozenset({"undefined", "punycode", "idna", "unicode-escape", "raw-unicode-escape", "utf-7", "mbcs", "oem"})
_XML_DECLARATION = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_HEAD = 2_048
_FEW = 0.01


def decode(data: bytes, content_type: str | None = None) -> tuple[str, str | None]:
    """The text, and a warning when something was wrong with its encoding."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace"), None
    said = _said(data, content_type)
    certain = _without_bom(data)
    if certain is None and said is not None and said.startswith(("iso2022", "hz")):
        certain = said  # these look like ASCII
    if certain is not None:
        return data.decode(certain, "replace"), None
    try:
        return data.decode(), None
    except UnicodeDecodeError:
        return _guessed(data) if said is None or said == "utf-8" else _declared(data, said)


def _declared(data: bytes, said: str) -> tuple[str, str | None]:
    """As the document says, with what does not fit replaced."""
    try:
        return data.decode(said), None
    except UnicodeDecodeError:
        return data.decode(said, "replace"), f"some bytes are not valid {said}"


def _guessed(data: bytes) -> tuple[str, str]:
    """UTF-8 with a few broken bytes, or else the old encoding of Western systems."""
    text = data.decode(errors="replace")
    if text.count("\N{REPLACEMENT CHARACTER}") <= max(3, len(text) * _FEW):
        return text, "some bytes are not valid utf-8"
    return data.decode("cp1252", "replace"), "the encoding is not declared and not utf-8; read as windows-1252"


def _without_bom(data: bytes) -> str | None:
    """UTF-16 and UTF-32 show themselves by the zeros around the first `<` or `{`."""
    start = data[:_HEAD].lstrip(b"\x00\x20\x09\x0a\x0d")[:4]
    head = data[:_HEAD]
    if b"\x00" not in head or start[:1] not in {b"<", b"{"}:
        return None
    at = head.index(start[:1])
    nulls = b"\x00\x00\x00"
    if at % 4 == 0 and head[at + 1 : at + 4] == nulls:
        return "utf-32-le"
    if at % 4 == len(nulls) and head[at - 3 : at] == nulls:
        return "utf-32-be"
    if at % 2 == 0:
        return "utf-16-le" if head[at + 1 : at + 2] == b"\x00" else None
    return "utf-16-be" if head[at - 1 : at] == b"\x00" else None


def _said(data: bytes, content_type: str | None) -> str | None:
    """The encoding that the document declares, else the one of the header, as a codec that may be used."""
    head = data[:_HEAD]
    found = _XML_DECLARATION.search(head) or _META.search(head)
    names = [found.group(1).decode("ascii")] if found else []
    header = _CHARSET.search(content_type or "")
    if header:
        names.append(header.group(1))
    for name in names:
        codec = _codec(name)
        if codec is not None:
            return codec
    return None


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    canonical = found.name
    if canonical.replace("_", "-") in _REFUSED or not getattr(found, "_is_text_encoding", True):
        return None
    return _WIDER.get(canonical, canonical)
