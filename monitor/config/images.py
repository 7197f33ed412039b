"""Images of compiled rules on disk: a large set is compiled once, and mapped at the next start.

An image is named by all that it was made from: the rules, the code of this package and the character tables of this
Python. It is written whole or not at all, and a folder that cannot be written only costs time. Sets of a few hundred rules
have none, since compiling them takes no longer.
"""

import mmap
import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

from monitor.matching import RuleIndex, image_blocks, index_from_image

_LEAST_RULES = 500
_KEPT = 4
_SUFFIX = ".rules"
_CODE = (".py", ".pyx", ".pxd")


@dataclass(frozen=True, slots=True)
class Images:
    """A folder of images."""

    folder: Path

    def load(self, parts: Iterable[str]) -> RuleIndex | None:
        """The index that was made from these parts, if there is one."""
        try:
            with self._path(parts).open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except (OSError, ValueError):
            return None
        return index_from_image(memoryview(mapped))

    def save(self, parts: Iterable[str], index: RuleIndex) -> None:
        """Keep an index for the next start, and forget the oldest."""
        if len(index.rules) < _LEAST_RULES:
            return
        image = image_blocks(index)
        if image is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(image, self._path(parts))
            known = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda one: one.stat().st_mtime, reverse=True)
            for old in known[_KEPT:]:
                old.unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, parts: Iterable[str]) -> Path:
        digest = blake2b("\0".join((code_version(), *parts)).encode("utf-8", "surrogatepass"), digest_size=16)
        return self.folder / (digest.hexdigest() + _SUFFIX)


def _write(image: list[bytes], path: Path) -> None:
    """Whole, or not at all: a full disk leaves nothing behind. Only the owner may read or replace it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        made = Path(file.name)
        try:
            file.writelines(image)
            file.flush()
            made.replace(path)
        except OSError:
            made.unlink(missing_ok=True)
            raise


def user_images() -> Images | None:
    """The images of commands that have no settings: in the user's folder for such things, if there is one."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path's raises for a user without a home
    return None if base.startswith("~") else Images(Path(base) / "monitor")


@cache
def code_version() -> str:
    """A hash of the code that decides what rules become, and of what it runs on."""
    digest = blake2b(f"{sys.version} {unicodedata.unidata_version}".encode(), digest_size=16)
    for package in ("monitor.matching", "monitor.text", "monitor.model"):
        for file in sorted(files(package).iterdir(), key=lambda one: one.name):
            if file.name.endswith(_CODE):
                digest.update(file.read_bytes())
    return digest.hexdigest()
