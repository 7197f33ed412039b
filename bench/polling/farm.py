"""A farm of feeds: files whose every entry is known, and which can be given one entry more.

The shared generator (`tools/feedfarm.py` in the folder `shared` beside the project) makes life-like feeds in five
languages and formats, some of them broken. Without it, a smaller farm of our own is made: plain RSS and Atom.
"""

import gzip
import html
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

TOOL = Path(__file__).parents[2].parent / "shared" / "tools" / "feedfarm.py"
HOSTS = 250
ENTRIES = 30
_WORDS = [
    "harbour",
    "steel",
    "bridge",
    "council",
    "water",
    "engine",
    "market",
    "winter",
    "signal",
    "garden",
    "doctor",
    "letter",
    "valley",
    "copper",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One feed of a farm."""

    number: int
    path: str
    host: str
    what: str
    """Its format and what is odd about it, for whoever explains a miss."""


@dataclass(slots=True, kw_only=True)
class Farm:
    """Feeds as files below `root/www`."""

    root: Path
    sources: tuple[Source, ...]
    described: str
    _render: Callable[[int, int], bytes]
    _names: Callable[[int, int], tuple[tuple[str, ...], ...]]
    tool: Path | None = None
    head: int = ENTRIES

    def publish(self) -> None:
        """Give every feed one entry more."""
        self.head += 1
        for source in self.sources:
            put(self.root / "www", source.path, self._render(source.number, self.head))

    def truth(self) -> dict[int, frozenset[tuple[str, ...]]]:
        """All entries that any feed has had, by the number of the feed: of each the names that it may be known by."""
        heads = range(ENTRIES, self.head + 1)
        return {
            one.number: frozenset(i for head in heads for i in self._names(one.number, head)) for one in self.sources
        }

    def urls(self, port: int, prefix: str, scheme: str = "http") -> list[str]:
        """The addresses of all feeds under a prefix: `v` has validators, `n` has none."""
        return [f"{scheme}://{one.host}:{port}/{prefix}/{one.path}" for one in self.sources]


def put(www: Path, path: str, data: bytes) -> None:
    """Replace a file and its compressed twin, each whole."""
    for name, blob in ((path, data), (f"{path}.gz", gzip.compress(data, 6, mtime=0))):
        draft = www / f"{name}.new"
        draft.write_bytes(blob)
        draft.replace(www / name)


def make(root: Path, feeds: int, *, own: bool = False) -> Farm:
    """A fresh farm in a folder."""
    return _own(root, feeds) if own or not TOOL.exists() else _shared(root, feeds)


def tool() -> ModuleType:
    """The shared generator as a module."""
    spec = importlib.util.spec_from_file_location("feedfarm", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shared(root: Path, feeds: int) -> Farm:
    subprocess.run(
        [sys.executable, TOOL, "gen", root, "--feeds", str(feeds), "--hosts", str(HOSTS)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    module = tool()
    _, made, manifest = module.load(root)
    sources = tuple(
        Source(
            number=one["n"],
            path=one["path"],
            host=one["host"],
            what=" ".join(filter(None, (one["format"], one["encoding"], one["broken"]))),
        )
        for one in manifest
    )
    size = sum(one["bytes"] for one in manifest) // len(manifest)
    return Farm(
        root=root,
        sources=sources,
        described=f"{feeds:,} feeds of the shared farm on {HOSTS} hosts, {ENTRIES} entries each, {size // 1000} KB in the mean",
        _render=made.render,
        _names=lambda number, head: _shared_names(made, number, head),
        tool=TOOL,
    )


def _shared_names(made: Any, number: int, head: int) -> tuple[tuple[str, ...], ...]:
    # By its address as well: RDF has no ids, and feedparser takes some ids for addresses below xml:base.
    _, entries = made.entries(number, head)
    return tuple((entry["id"] or entry["link"], entry["link"]) for entry in entries)


def _own(root: Path, feeds: int) -> Farm:
    (root / "www").mkdir(parents=True, exist_ok=True)
    sources = tuple(
        Source(number=n, path=f"{n:05d}.xml", host=f"127.1.{n % HOSTS}.1", what="atom" if n % 4 == 0 else "rss2")
        for n in range(feeds)
    )
    size = 0
    for source in sources:
        data = _own_render(source.number, ENTRIES)
        size += len(data)
        put(root / "www", source.path, data)
    return Farm(
        root=root,
        sources=sources,
        described=f"{feeds:,} plain feeds of its own on {HOSTS} hosts, {ENTRIES} entries each, {size // feeds // 1000} KB in the mean",
        _render=_own_render,
        _names=lambda number, head: tuple((_own_id(number, k),) for k in range(head - ENTRIES + 1, head + 1)),
    )


def _own_id(number: int, k: int) -> str:
    return f"https://site{number}.example/{k}.html"


def _own_text(number: int, k: int) -> str:
    words = [_WORDS[(number * 7 + k * 13 + i * (k % 5 + 3)) % len(_WORDS)] for i in range(300)]
    return "".join(f"<p>{' '.join(words[at : at + 60])} <em>{number}</em>.</p>" for at in range(0, 300, 60))


def _own_render(number: int, head: int) -> bytes:
    atom = number % 4 == 0
    parts = []
    for k in range(head, head - ENTRIES, -1):
        link, body = _own_id(number, k), html.escape(_own_text(number, k), quote=False)
        when = f"2026-01-{k % 28 + 1:02d}T{k % 24:02d}:00:00Z"
        if atom:
            parts.append(
                f'<entry><title>Entry {k}</title><link href="{link}"/><id>{link}</id><updated>{when}</updated>'
                f'<content type="html">{body}</content></entry>'
            )
        else:
            parts.append(
                f"<item><title>Entry {k}</title><link>{link}</link><guid>{link}</guid><description>{body}</description></item>"
            )
    if atom:
        text = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Feed {number}</title><id>urn:feed:{number}</id>{"".join(parts)}</feed>'
    else:
        text = (
            f'<rss version="2.0"><channel><title>Feed {number}</title><link>https://site{number}.example/</link>'
            f"<description>d</description>{''.join(parts)}</channel></rss>"
        )
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def published(root: Path) -> list[dict[str, Any]]:
    """What the shared publisher says that it published."""
    file = root / "published.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def opml(file: Path, urls: list[str]) -> None:
    """Write a list of feeds."""
    lines = "".join(f'<outline type="rss" text="f{n}" xmlUrl="{html.escape(url)}"/>\n' for n, url in enumerate(urls))
    draft = file.with_suffix(".new")
    draft.write_text(f'<opml version="2.0"><head><title>farm</title></head><body>\n{lines}</body></opml>\n', "utf-8")
    draft.replace(file)
