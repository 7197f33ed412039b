"""Lists of feeds in OPML 2.0, read and written.

Read with the standard library's expat, fed by us and told to stop at any DOCTYPE or entity declaration, so that nothing
is expanded and nothing is fetched. A broken outline is a warning and the rest is taken; a file that is no XML is a fault.
This module knows nothing of settings.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers import expat

from monitor.config.opml_mend import mend
from monitor.config.values import category_path, web_url
from monitor.errors import ConfigError, Fault

MAX_BYTES = 50_000_000
MAX_DEPTH = 64
MAX_CATEGORY_STEPS = 20
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")
_FEED_TYPES = frozenset({"rss", "atom", "feed", "rdf", "json", "jsonfeed"})
_LANG = re.compile("([a-z]{2,3})(?:-.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list."""

    url: str
    title: str | None = None
    categories: tuple[str, ...] = ()
    """Category paths: `/News/Middle East`."""
    lang: str | None = None
    line: int = 0


@dataclass(slots=True)
class Opml:
    """What a file came to."""

    file: Path
    outlines: tuple[Outline, ...] = ()
    """One for each address, in the order of the file."""
    doubles: int = 0
    """Outlines whose address the file had already; their categories were added to the first."""
    warnings: list[str] = field(default_factory=list)
    fault: Fault | None = None
    """The file cannot be used; there are no outlines then."""
    malformed: bool = False
    """The fault is one of form, which may be mended."""


def read_opml(file: Path) -> Opml:
    """Read a file. Never raises for what stands in it or for a file that cannot be read."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Opml(file, fault=Fault(message=f"cannot be read: {error.strerror or error}", file=file))
    return parse_opml(raw, file)


def parse_opml(raw: bytes, file: Path) -> Opml:
    """The same for bytes that are in hand; `file` is only the name in faults and warnings."""
    if len(raw) > MAX_BYTES:
        return Opml(file, fault=Fault(message="is larger than 50 MB", file=file))
    opml = _parse(raw, file)
    if opml.fault is None or not opml.malformed:
        return opml
    try:
        mended = _parse(mend(raw.decode("utf-8")).encode(), file)
    except UnicodeDecodeError:
        return opml
    if mended.fault is None:
        mended.warnings.insert(0, f"{file}:{opml.fault.line}: {opml.fault.message}; mended, here and below")
        return mended
    return opml


def _parse(raw: bytes, file: Path) -> Opml:
    opml = Opml(file)
    reading = _Reading(opml)
    try:
        reading.parser.Parse(raw, True)
    except expat.ExpatError as error:
        message = f"this is no valid XML: {expat.ErrorString(error.code)}"
        opml.fault = Fault(message=message, file=file, line=error.lineno, column=error.offset + 1)
        opml.malformed = True
    except _RefusedError as error:
        opml.fault = Fault(message=str(error), file=file, line=reading.parser.CurrentLineNumber)
    except (ValueError, LookupError):  # an encoding that Python does not know, or not as single bytes
        opml.fault = Fault(message="its encoding is not known; save it as UTF-8", file=file, line=1)
    if opml.fault is None:
        opml.outlines = tuple(reading.found.values())
    return opml


class _RefusedError(Exception):
    """The document is refused; the text is the reason."""


class _Reading:
    """One run of the parser over one file."""

    def __init__(self, opml: Opml) -> None:
        self._opml = opml
        self._folders: list[str | None] = []
        """For each open element the name of its folder; None where it is none."""
        self._muted_at: int | None = None
        """The depth of the outline that is commented out, with all below it."""
        self.found: dict[str, Outline] = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = _refuse_declarations
        self.parser.EntityDeclHandler = _refuse_declarations

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = len(self._folders)
        if depth == 0 and name.lower() != "opml":
            raise _RefusedError(f"this is no OPML: the first element is <{name[:40]}>")
        if depth >= MAX_DEPTH:
            raise _RefusedError(f"is nested deeper than {MAX_DEPTH} levels")
        folder = None
        if name.lower() == "outline":
            given = {key.lower(): _tidy(value) for key, value in attributes.items()}
            if given.get("iscomment") == "true" and self._muted_at is None:
                self._muted_at = depth
            if self._muted_at is None:
                folder = self._outline(given)
        self._folders.append(folder)

    def _end(self, _name: str) -> None:
        self._folders.pop()
        if self._muted_at is not None and len(self._folders) <= self._muted_at:
            self._muted_at = None

    def _outline(self, given: dict[str, str]) -> str | None:
        """Take an outline: a feed, or the name of a folder."""
        title = given.get("title") or given.get("text") or None
        url = given.get("xmlurl", "")
        if not url:
            if given.get("type", "").lower() in _FEED_TYPES:
                self._warn(f"{title or 'an outline'}: has no xmlUrl; left out")
                return None
            return title
        try:
            url = web_url(url)
        except ValueError as error:
            self._warn(f"{title if title and '://' not in title else 'an outline'}: xmlUrl: {error}; left out")
            return None
        self._add(url, title if title != url else None, given)
        return None

    def _add(self, url: str, title: str | None, given: dict[str, str]) -> None:
        folder = category_path("/".join(name for name in self._folders if name))
        paths = (folder, *(category_path(path) for path in given.get("category", "").split(",")))
        categories = tuple(dict.fromkeys(self._cut(path) for path in paths if path))
        lang = _LANG.fullmatch((given.get("language") or "").lower())
        line = self.parser.CurrentLineNumber
        first = self.found.get(url)
        if first is None:
            code = lang.group(1) if lang else None
            self.found[url] = Outline(url=url, title=title, categories=categories, lang=code, line=line)
            return
        self._opml.doubles += 1
        self.found[url] = replace(first, categories=tuple(dict.fromkeys((*first.categories, *categories))))

    def _cut(self, path: str) -> str:
        """A category path of bounded depth."""
        steps = path.split("/")
        if len(steps) <= MAX_CATEGORY_STEPS + 1:
            return path
        self._warn(f"a category of more than {MAX_CATEGORY_STEPS} steps was cut")
        return "/".join(steps[: MAX_CATEGORY_STEPS + 1])

    def _warn(self, message: str) -> None:
        self._opml.warnings.append(f"{self._opml.file}:{self.parser.CurrentLineNumber}: {message}")


def _refuse_declarations(*_: object) -> None:
    raise _RefusedError("a DOCTYPE or entity declaration is not taken; remove it")


def _tidy(value: str) -> str:
    """An attribute on one line, without control characters."""
    return " ".join(_UNFIT.sub("", value).split())


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Folder:
    """A folder on its way to the file."""

    folders: dict[str, "_Folder"] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def write_opml(outlines: Iterable[Outline], title: str) -> str:
    """OPML 2.0: each feed in the folders of its first category; the others in its `category` attribute.

    A category with a comma cannot stand in that attribute: the feed is then listed in that folder once more, which
    readers take for the same feed.
    """
    root = _Folder()
    for outline in outlines:
        first, others = outline.categories[:1], outline.categories[1:]
        listed = [path for path in others if "," not in path]
        _folder(root, first[0] if first else "").lines.append(_outline_line(outline, listed))
        for path in others:
            if "," in path:
                _folder(root, path).lines.append(_outline_line(outline, []))
    body = "\n".join(_lines(root, "    "))
    head = f"  <head>\n    <title>{html.escape(_tidy(title))}</title>\n  </head>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n{head}\n  <body>\n{body}\n  </body>\n</opml>\n'
    )


def _folder(root: _Folder, path: str) -> _Folder:
    for step in filter(None, path.split("/")):
        root = root.folders.setdefault(step, _Folder())
    return root


def _outline_line(outline: Outline, categories: Sequence[str]) -> str:
    name = outline.title or outline.url
    pairs = [("text", name), ("title", outline.title or ""), ("type", "rss"), ("xmlUrl", outline.url)]
    pairs += [("language", outline.lang or ""), ("category", ",".join(categories))]
    shown = " ".join(f'{key}="{html.escape(_tidy(value))}"' for key, value in pairs if value)
    return f"<outline {shown}/>"


def _lines(folder: _Folder, indent: str) -> list[str]:
    lines = [f"{indent}{line}" for line in folder.lines]
    for name, inner in folder.folders.items():
        shown = html.escape(_tidy(name))
        lines.append(f'{indent}<outline text="{shown}" title="{shown}">')
        lines += _lines(inner, f"{indent}  ")
        lines.append(f"{indent}</outline>")
    return lines


# ── A folder of lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def opml_files(place: Path) -> tuple[Path, ...]:
    """The file itself, or every `*.opml` below a folder, in order; hidden ones are passed over."""
    if not place.is_dir():
        return (place,)
    return tuple(
        file
        for file in sorted(place.rglob("*.opml"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(place).parts)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to."""

    target: Path
    added: int
    known: int
    """Feeds that were listed already, here or elsewhere."""
    doubles: int
    """Outlines that named a feed of the same file again."""
    warnings: tuple[str, ...]


def merge_into_folder(source: Opml, folder: Path, listed: Iterable[str]) -> Imported:
    """Add the feeds of a list to the file of the same name in a folder, in normal form, and count what was new.

    Args:
        source: a list without a fault.
        folder: made when it is missing.
        listed: addresses that are polled already by other entries of the settings.

    Raises OSError when the folder cannot be written, ConfigError when the file is there and cannot be read.
    """
    target = folder / f"{source.file.stem}.opml"
    there = read_opml(target) if target.exists() else Opml(target)
    if there.fault:  # it would be written over
        raise ConfigError((there.fault,))
    standing = there.outlines
    elsewhere = {one.url for file in opml_files(folder) if file != target for one in read_opml(file).outlines}
    known = {one.url for one in standing} | elsewhere | set(listed)
    new = tuple(one for one in source.outlines if one.url not in known)
    if new:
        folder.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.new")
        draft.write_text(write_opml((*standing, *new), source.file.stem), encoding="utf-8")
        draft.replace(target)
    return Imported(
        target=target,
        added=len(new),
        known=len(source.outlines) - len(new),
        doubles=source.doubles,
        warnings=tuple(source.warnings),
    )
