"""A folder as a feed: which files are in it, and their bytes. Blocking; its caller runs it in a thread.

Whoever may write into the folder must not be able to have another file read, or the poll hang: names are opened relative
to open folders, links are never followed, and only regular files are read. What the bytes mean is not known here.
"""

import hashlib
import os
import stat
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from monitor.feeds.entries import Warnings

MAX_FILE_BYTES = 10_000_000
_MAX_FILES = 20_000
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that is an article, or a feed of some."""

    name: str
    """Relative to the folder, with `/`."""
    size: int
    mtime_ns: int

    @property
    def changed(self) -> datetime:
        """When it was last written."""
        return datetime.fromtimestamp(self.mtime_ns // 1_000_000_000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What stands in a folder now."""

    files: tuple[FoundFile, ...]
    """By name."""
    digest: str
    """Changes when a file comes, goes or is written."""
    warnings: tuple[str, ...]


def list_folder(folder: str, endings: Container[str]) -> Listing:
    """The files with these endings, in subfolders too. Hidden files and READMEs are left out; raises OSError."""
    warnings = Warnings()
    with os.scandir(folder):
        pass  # a folder that is missing, is a file or may not be read is an error; one inside it is a warning
    found: list[FoundFile] = []
    for file in _walk(folder, endings, warnings):
        if len(found) == _MAX_FILES:
            warnings.add(f"more than {_MAX_FILES} files; the rest was left out")
            break
        found.append(file)
    files = tuple(sorted(found, key=lambda file: file.name))
    lines = "\n".join(f"{file.name!r} {file.size} {file.mtime_ns}" for file in files)
    digest = hashlib.blake2b(lines.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
    return Listing(files=files, digest=digest, warnings=warnings.all())


def _walk(folder: str, endings: Container[str], warnings: Warnings) -> Iterator[FoundFile]:
    def unreadable(error: OSError) -> None:
        warnings.add(f"a folder cannot be read: {error.strerror}")

    for path, folders, names, descriptor in os.fwalk(folder, onerror=unreadable, follow_symlinks=False):
        inside = PurePosixPath(path).relative_to(folder)
        deep = len(inside.parts) >= _MAX_DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith("."))
        for name in [*folders, *sorted(names)]:
            shown = str(inside / name)
            try:
                state = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except OSError:
                continue  # gone since
            if stat.S_ISDIR(state.st_mode) or _left_out(name):
                continue
            if not stat.S_ISREG(state.st_mode):
                warnings.add(f"{shown!r} is no regular file; left out")
            elif PurePosixPath(name).suffix.lower() not in endings:
                warnings.add(f"{shown!r} has no ending that says what it is; left out")
            else:
                yield FoundFile(name=shown, size=state.st_size, mtime_ns=state.st_mtime_ns)


def _left_out(name: str) -> bool:
    return name.startswith(".") or name.upper().startswith("README")


def read_file(folder: str, name: str) -> bytes:
    """The bytes of a listed file. Raises OSError, also when it is no longer a regular file or is too large."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        *folders, last = PurePosixPath(name).parts
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        # O_NONBLOCK: the file may have become a FIFO, on which open() would wait for ever.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(last, flags, dir_fd=descriptor), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(0, "no regular file")
            data = file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_FILE_BYTES:
        raise OSError(0, f"longer than {MAX_FILE_BYTES} bytes")
    return data
