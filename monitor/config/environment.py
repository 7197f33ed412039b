"""Overrides from the environment: `MONITOR_POLLING__EVERY=5m` stands for the key `every` under `polling`.

They are laid over the tree of the settings file before anything is judged, so that they are judged alike. A variable
that names nothing is a fault: it is a typing mistake, or meant for another version. `MONITOR_CONFIG` is the command
line's own. Nothing else reads the environment.
"""

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from monitor.config.document import Document, Mapping, Node, Scalar, Sequence, quoted
from monitor.config.explain import below, keys_of, model_of, options_of
from monitor.config.settings_file import SettingsFile
from monitor.config.values import did_you_mean
from monitor.errors import Fault

PREFIX = "MONITOR_"
_NOT_OURS = frozenset({"MONITOR_CONFIG"})
_SECRET_PAIRS = {"password": "password_file", "password_file": "password", "url": "url_file", "url_file": "url"}


def override(document: Document, environ: Map[str, str]) -> None:
    """Lay the variables over the tree; faults go to the document."""
    names = sorted(name for name in environ if name.startswith(PREFIX) and name not in _NOT_OURS)
    set_by: dict[tuple[int | str, ...], str] = {}
    for name in names:
        root = document.root if isinstance(document.root, Mapping) else Mapping(entries={})
        try:
            steps, wanted = _find(root, name)
            value = _node(wanted, environ[name], name)
        except _UnknownError as error:
            document.faults.append(Fault(message=f"{name}: {error}"))
            continue
        set_by[steps] = name
        other = _SECRET_PAIRS.get(str(steps[-1]))
        replaced = (*steps[:-1], other) if other and (*steps[:-1], other) not in set_by else None
        document.root = _put(root, steps, value, str(replaced[-1]) if replaced else None)


class _UnknownError(Exception):
    """The variable names nothing; the text says what was looked for."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step down: the key or place in the list, and what is wanted and what stands there."""

    key: int | str
    wanted: Any
    node: Node | None


def _find(root: Node, name: str) -> tuple[tuple[int | str, ...], Any]:
    """The path of keys that a variable names."""
    steps: list[int | str] = []
    here = _Step("", SettingsFile, root)
    for word in name.removeprefix(PREFIX).split("__"):
        here = _step(here, word)
        steps.append(here.key)
    return tuple(steps), here.wanted


def _step(here: _Step, word: str) -> _Step:
    choices = _choices(here)
    for key, spelling in choices.items():
        if spelling == word:
            node = here.node
            if isinstance(node, Sequence) and isinstance(key, int):
                child: Node | None = node.items[key]
            else:
                child = node.get(str(key)) if isinstance(node, Mapping) else None
            return _Step(key, below(here.wanted, here.node, key), child)
    near = get_close_matches(word, list(choices.values()), 1, 0.6)
    if not choices:
        raise _UnknownError(f"names nothing in the settings: there is nothing below {quoted(str(here.key))}")
    raise _UnknownError(f"names nothing in the settings: {quoted(word)}{did_you_mean(near[0] if near else None)}")


def _choices(here: _Step) -> dict[int | str, str]:
    """What can be named below: the keys of a model; the entries of a mapping that exist; list entries by their id."""
    model = model_of(here.wanted, here.node)
    if isinstance(here.node, Sequence):
        ids = ((place, item.get("id")) for place, item in enumerate(here.node.items) if isinstance(item, Mapping))
        return {place: _spelt(node.text) for place, node in ids if isinstance(node, Scalar)}
    if model is not None:
        return {key: _spelt(key) for key in keys_of(model)}
    return {key: _spelt(key) for key in here.node.entries} if isinstance(here.node, Mapping) else {}


def _spelt(key: str) -> str:
    """A key as variables spell it."""
    return re.sub("[^A-Za-z0-9]", "_", key).upper()


def _node(wanted: Any, value: str, name: str) -> Node:
    """The value of a variable as the tree would have it."""
    options = options_of(wanted)
    if any(get_origin(option) is tuple and get_args(option)[-1] is Ellipsis for option in options):
        parts = (part.strip() for part in value.split(","))
        return Sequence(items=tuple(_scalar(part, part, name) for part in parts if part))
    if any(get_origin(option) is dict for option in options) or (
        str not in options and any(isinstance(option, type) and issubclass(option, BaseModel) for option in options)
    ):
        raise _UnknownError("names a whole section; name a key in it, with two underscores between")
    if bool in options and value.lower() in {"true", "false", "yes", "no", "on", "off", "1", "0"}:
        return _scalar(value.lower() in {"true", "yes", "on", "1"}, value, name)
    if int in options and re.fullmatch("-?[0-9]{1,18}", value):
        return _scalar(int(value), value, name)
    if float in options and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", value):
        return _scalar(float(value), value, name)
    return _scalar(value, value, name)


def _scalar(value: str | float, text: str, name: str) -> Scalar:
    return Scalar(value=value, text=text, style='"', origin=name)


def _put(node: Node | None, steps: tuple[int | str, ...], value: Node, replaced: str | None) -> Node:
    """The tree with the value at its place, and without the key that the value replaces."""
    if not steps:
        return value
    first, rest = steps[0], steps[1:]
    if isinstance(node, Sequence) and isinstance(first, int):
        items = list(node.items)
        items[first] = _put(items[first], rest, value, replaced)
        return Sequence(items=tuple(items), start=node.start, end=node.end)
    if isinstance(node, Mapping):
        entries, start, end = dict(node.entries), node.start, node.end
    else:  # a section that is not there yet, or the short form of `store`
        short = isinstance(node, Scalar) and node.value is not None
        entries, start, end = ({"url": (node, node)} if short and isinstance(node, Scalar) else {}), 0, 0
    key = str(first)
    old = entries.get(key)
    child = _put(old[1] if old else None, rest, value, replaced)
    origin = value.origin if isinstance(value, Scalar) else None
    entries[key] = (old[0] if old else Scalar(value=key, text=key, origin=origin or "the environment"), child)
    if not rest and replaced:
        entries.pop(replaced, None)
    return Mapping(entries=entries, start=start, end=end)
