"""Settings and rules as one value, which a worker publishes and the others take over.

Names are relative to the folder of the settings file, whose own name comes first; the same files are the same bytes.
Nothing private is in it: see `Settings.content`.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from monitor.errors import ConfigError, Fault

_LARGEST: Final = 512 * 1024 * 1024


def pack(settings: Path, files: Sequence[Path]) -> tuple[str, bytes]:
    """The hash of these files (hex), and their bundle. A file that is gone meanwhile is left out."""
    folder = settings.parent
    texts: dict[str, str] = {}
    for file in (settings, *files):
        try:
            texts[file.relative_to(folder).as_posix()] = file.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            continue
    raw = json.dumps([settings.name, texts], sort_keys=True).encode()
    return hashlib.sha256(raw).hexdigest(), zlib.compress(raw, 6)


def unpack(bundle: bytes, folder: Path) -> Path:
    """Write the files of a bundle below a folder; the settings file. Raises ConfigError when it is no bundle."""
    try:
        opened = zlib.decompressobj()
        name, texts = json.loads(opened.decompress(bundle, _LARGEST))
        places = {folder / _inside(str(one)): str(text) for one, text in texts.items()}
        settings = folder / _inside(str(name))
    except (zlib.error, ValueError, TypeError, AttributeError) as error:
        raise ConfigError((Fault(message=f"what was published cannot be read: {error}"),)) from error
    for place, text in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
    return settings


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"a file would lie outside: {name!r}")
    return path
