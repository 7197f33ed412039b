"""The settings file on its way to settings: what was read of it, what of it holds, and what is wrong so far.

One mistake must not hide another: an entry that is spoilt is set aside and the rest is judged on, and whoever refers to
a spoilt entry is not blamed for it.
"""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.config.document import Document, Mapping, Node, Scalar, Sequence, plain, quoted
from monitor.config.explain import faults_of
from monitor.config.settings_file import SettingsFile
from monitor.config.values import did_you_mean
from monitor.errors import Fault

_COLLECTIONS = frozenset({"feeds", "outlets", "channels", "subscribers", "spikes"})
_LARGEST_SECRET = 65_536
_MOUNTED = Path("/run/secrets")
"""Where container engines mount secrets, readable by all inside the container on purpose."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """Collects while the parts of the settings are built."""

    document: Document
    base: Path
    """Relative paths begin here."""
    model: SettingsFile = field(default_factory=SettingsFile)
    """The entries that hold."""
    nodes: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    """The places of the entries of a list section, beside those of the model."""
    spoilt: set[tuple[str, str]] = field(default_factory=set)
    """Section and id of entries that were set aside; the id is empty when it is a whole section."""
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    watched: dict[Path, None] = field(default_factory=dict)
    private: set[Path] = field(default_factory=set)
    """Files among the watched ones that are this machine's own: secrets, certificates."""
    published: Path | None = None
    """Where files that another worker published were unpacked; they count instead of those beside the settings."""

    def fault(self, node: Node | None, message: str) -> None:
        """Note a mistake at a place of the settings file."""
        self.faults.append(self.document.fault(node, message))

    def warn(self, node: Node | None, message: str) -> None:
        """Note something that works but is not wise."""
        place = self.document.fault(node, message)
        where = f"{place.file}:{place.line}: " if place.line else ""
        self.warnings.append(f"{where}{place.message}")

    def path(self, text: str) -> Path:
        """A path of the file, absolute and without `..`."""
        return Path(os.path.normpath(self.base / text))

    def content_path(self, text: str) -> Path:
        """The path of rules, lists of feeds and templates, which may have been published."""
        if self.published is not None:
            found = Path(os.path.normpath(self.published / text))
            if found.is_relative_to(self.published) and found.exists():
                return found
        return self.path(text)

    def watch(self, *paths: Path) -> None:
        """Remember what was read, in order, once."""
        self.watched.update(dict.fromkeys(paths))

    def node(self, *keys: str) -> Node | None:
        """The value at a path of keys, or the nearest thing above it."""
        node = self.document.root
        for key in keys:
            below = node.get(key) if isinstance(node, Mapping) else None
            node = below or node
        return node

    def refer(self, node: Node | None, section: str, name: str, known: Collection[str]) -> bool:
        """Whether a name stands for an entry of a section; a fault if it does not."""
        if name in known:
            return True
        if (section, name) not in self.spoilt and (section, "") not in self.spoilt:
            near = get_close_matches(name, known, 1, 0.6)
            self.fault(node, f"{quoted(name)} is not among {section}{did_you_mean(near[0] if near else None)}")
        return False

    def existing_file(self, node: Node | None, text: str | None) -> Path | None:
        """A file that must be there, such as certificate authorities."""
        if text is None:
            return None
        path = self.path(text)
        self.watch(path)
        self.private.add(path)
        if not path.is_file():
            self.fault(node, f"the file {quoted(text)} does not exist")
        return path

    def secret_file(self, node: Node | None, text: str) -> str | None:
        """The content of a secret's file, without the line end at its end. Neither path nor content is told."""
        path = self.path(text)
        self.watch(path)
        self.private.add(path)
        try:
            with path.open("rb") as stream:
                raw = stream.read(_LARGEST_SECRET + 1)
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            content = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            self.fault(node, f"the file of this secret cannot be read: {error.strerror or 'unknown cause'}")
            return None
        except UnicodeDecodeError:
            self.fault(node, "the file of this secret is not UTF-8 text")
            return None
        if not content.strip() or len(raw) > _LARGEST_SECRET:
            self.fault(
                node, "the file of this secret is empty" if not content.strip() else "the file is no secret: too long"
            )
            return None
        if mode & stat.S_IROTH and not path.is_relative_to(_MOUNTED):
            self.warn(node, "the file of this secret can be read by everybody on this machine; chmod 600 mends it")
        return content


def begin(document: Document, base: Path | None = None) -> Draft:
    """Judge the file by its models, and keep what holds. `base`: the file was published, and relative paths of what was
    not begin there.
    """
    folder = document.file.parent
    draft = Draft(
        document=document, base=base or folder, published=folder if base else None, faults=list(document.faults)
    )
    root = document.root or Mapping(entries={})
    if not isinstance(root, Mapping):
        if not (isinstance(root, Scalar) and root.value is None):
            draft.fault(root, "expected the keys of the settings, such as feeds: and channels:")
        root = Mapping(entries={})
    empty = {key for key, (_, value) in root.entries.items() if isinstance(value, Scalar) and value.value is None}
    silent = {key for key in empty if key in SettingsFile.model_fields}
    root = Mapping(entries={key: entry for key, entry in root.entries.items() if key not in silent})
    kept = _Kept(root)
    try:
        draft.model = SettingsFile.model_validate(plain(root))
    except ValidationError as error:
        draft.faults.extend(faults_of(error, document, SettingsFile, root))
        draft.model = kept.without(error)
    draft.spoilt = kept.spoilt
    draft.nodes = {name: node.items for name, (_, node) in kept.root.entries.items() if isinstance(node, Sequence)}
    return draft


class _Kept:
    """The tree without what is spoilt."""

    def __init__(self, root: Mapping) -> None:
        self.root = root
        self.spoilt: set[tuple[str, str]] = set()

    def without(self, error: ValidationError) -> SettingsFile:
        """The model of what is left after the spoilt entries are set aside."""
        bad: dict[str, set[Any]] = {}
        for details in error.errors(include_url=False, include_input=False):
            section, *rest = details["loc"]
            bad.setdefault(str(section), set()).add(rest[0] if section in _COLLECTIONS and rest else None)
        entries = dict(self.root.entries)
        for section, places in bad.items():
            key, node = entries.pop(section)
            if None in places:
                self.spoilt.add((section, ""))
            elif isinstance(node, Mapping):
                self.spoilt.update((section, place) for place in places)
                left = {name: entry for name, entry in node.entries.items() if name not in places}
                entries[section] = (key, Mapping(entries=left, start=node.start, end=node.end))
            elif isinstance(node, Sequence):
                self.spoilt.update((section, _id_of(node.items[place])) for place in places)
                items = tuple(item for place, item in enumerate(node.items) if place not in places)
                entries[section] = (key, Sequence(items=items, start=node.start, end=node.end))
        self.root = Mapping(entries=entries)
        return SettingsFile.model_validate(plain(self.root))


def _id_of(node: Node) -> str:
    """The id that an entry gives itself."""
    name = node.get("id") if isinstance(node, Mapping) else None
    return name.text if isinstance(name, Scalar) else "?"
