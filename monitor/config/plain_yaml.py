"""A YAML text as plain values, without places: line by line where it is very plain (`plain_lines`), else by libyaml. Ten
times as fast as `document`.

It says what a file means when nothing about the file is unusual, and else nothing at all: `document` then reads the
text anew, precisely, and says what is wrong and where. So nothing here makes a message, and whatever is not plainly
right is given up: what `document` refuses, and the characters and marks that libyaml reads otherwise than PyYAML does.
A property test holds the readers to the same values.
"""

import re
from typing import Any

import yaml

from monitor.config.document import MAX_DEPTH
from monitor.config.plain_lines import PlainFile, UnusualError, read_lines, typed

AVAILABLE = yaml.__with_libyaml__
"""Whether PyYAML was built with libyaml. Where it was not, every file is read by the precise reader."""

_UNUSUAL = re.compile(
    "[^\\x20-\\x7e\\n\\r\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
"""Tabs, controls and line ends that only YAML knows."""
_MARKS = re.compile(r"(?:\A|[\r\n])(?:%|(?:---|\.\.\.)[^\r\n])")
"""Directives, and what stands on the line of a document's mark."""
_TIGHT_COMMENT = re.compile(r"[|>][-+0-9]{0,2}#")
"""A comment that touches the header of a block: libyaml does not mind."""
_MARK_SIGNS = ("\n%", "\n---", "\n...", "\r")
"""Without one of these there are no marks, but at the beginning: quicker to look for."""


def read_plain(text: str) -> PlainFile | None:
    """What the text says, or None when the precise reader has to look at it."""
    if _UNUSUAL.search(text):
        return None
    if (found := read_lines(text)) is not None:
        return found
    return _read_all_yaml(text) if AVAILABLE and not _marked(text) else None


def _read_all_yaml(text: str) -> PlainFile | None:
    lines: list[int] = []
    try:
        value = _value(yaml.CSafeLoader(text), lines)
    except (yaml.YAMLError, UnusualError):
        return None
    return PlainFile(value, tuple(lines)) if isinstance(value, dict) else None


def _marked(text: str) -> bool:
    if _TIGHT_COMMENT.search(text):
        return True
    near = text.startswith(("%", "---", "...")) or any(sign in text for sign in _MARK_SIGNS)
    return near and _MARKS.search(text) is not None


def _value(parser: Any, lines: list[int]) -> object:
    """The one document that the events of a text tell. Raises UnusualError, YAMLError.

    `top` is the open list or mapping and `key` its waiting key; those around it are stacked.
    """
    take = parser.get_event
    documents: list[object] = []
    top: Any = documents
    key: str | None = None
    flow = 0
    """How many of the open ones are in brackets; all that is within one is, too."""
    stack: list[tuple[Any, str | None]] = []
    while (event := take()) is not None:  # None comes after the last
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = _scalar(event, flow)
            if key is not None:
                top[key] = value
                key = None
            elif type(top) is list:
                top.append(value)
            else:
                key = _key(value, top)
        elif kind in _OPENS:
            stack.append((top, key))
            top, key = _opened(event, stack, lines), None
            flow += bool(event.flow_style)
        elif kind in _CLOSES:
            value = top if kind is yaml.MappingEndEvent else tuple(top)
            top, key = stack.pop()
            _put(top, key, value)
            key = None
            flow -= flow > 0
        elif kind is yaml.AliasEvent:
            raise UnusualError
    if len(documents) != 1:
        raise UnusualError
    return documents[0]


_OPENS = frozenset({yaml.MappingStartEvent, yaml.SequenceStartEvent})
_CLOSES = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})


def _scalar(event: Any, flow: int) -> object:
    value = event.value
    if not event.style:
        if flow and "?" in value:  # PyYAML ends a value there that stands in brackets; libyaml reads on
            raise UnusualError
        value = typed(value)
    if event.anchor is not None or event.tag is not None:
        raise UnusualError
    return value


def _key(value: object, top: dict[str, object]) -> str:
    if type(value) is not str or value in top or value == "<<":
        raise UnusualError
    return value


def _opened(event: Any, stack: list[tuple[Any, str | None]], lines: list[int]) -> Any:
    """An empty list or mapping for one that opens."""
    around, key = stack[-1]
    as_key = key is None and type(around) is dict
    if as_key or event.anchor is not None or event.tag is not None or len(stack) > MAX_DEPTH:
        raise UnusualError
    if type(event) is yaml.SequenceStartEvent:
        return []
    if type(around) is list and len(stack) == 3:  # noqa: PLR2004 - in the documents, in the file's mapping, in a list
        lines.append(event.start_mark.line + 1)
    return {}


def _put(top: Any, key: str | None, value: object) -> None:
    if key is None:
        top.append(value)
    else:
        top[key] = value
