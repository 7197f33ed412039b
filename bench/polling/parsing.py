"""CPU a feed for reading its document: whole as before, and without the items that are known. `python -m bench.polling.parsing FOLDER...`

Through the parser's real process, whose time counts; the time of starting one is taken off. The documents are files of the
folders; an earlier version is the document without its first item.
"""

import asyncio
import resource
import sys
from pathlib import Path

from monitor.feeds import sieve
from monitor.feeds.entries import Document
from monitor.feeds.pool import ParsePool
from monitor.feeds.sieve import slice_document
from monitor.feeds.slices import SIZE
from monitor.settings import FetchSettings

LIMIT = 150
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"
TINY = Document(data=b"<rss><channel><item><title>t</title></item></channel></rss>")


def cpu() -> float:
    """Of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def spent(work) -> float:
    """CPU seconds of work with a pool of its own, without those of starting it."""

    async def run(what) -> float:
        began = cpu()
        pool = ParsePool(FetchSettings())
        await pool.read(TINY)
        await what(pool)
        await pool.close()
        return cpu() - began

    async def nothing(_) -> None:
        return

    return max(asyncio.run(run(work)) - asyncio.run(run(nothing)), 0)


def documents(folder: Path) -> list[tuple[Document, bytes]]:
    """The feeds of a folder with their fingerprints."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".xml", ".json", ".rss", ".atom"})[:LIMIT]:
        document = Document(data=path.read_bytes(), base="https://paper.test/")
        sliced = slice_document(document, b"")
        found.append((document, sliced.fingerprints if sliced else b""))
    return found


def measured(feeds: list[tuple[Document, bytes]]) -> dict[str, float]:
    """CPU ms a feed."""

    async def whole(pool) -> None:
        for document, _ in feeds:
            await pool.read(document)

    def known(cut: int):
        async def work(pool) -> None:
            for document, prints in feeds:
                await sieve.read(pool, document, prints[cut:] if cut < len(prints) else b"", kind="rss20")

        return work

    works = {"whole": whole, "cold": known(sys.maxsize), "one": known(SIZE), "none": known(0)}
    return {name: spent(work) / len(feeds) * 1000 for name, work in works.items()}


def rows(folders: list[Path]) -> list[str]:
    """The table, in Markdown."""
    lines = [
        "| feeds | mean kB | can be sliced | each poll, before: ms | first poll: ms | one new item: ms | no new item, another body: ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for folder in folders:
        feeds = documents(folder)
        if feeds:
            size = sum(len(document.data) for document, _ in feeds) / len(feeds) / 1000
            sliceable = sum(1 for _, prints in feeds if prints)
            got = measured(feeds)
            lines.append(
                f"| {folder.name}, {len(feeds)} | {size:.0f} | {sliceable} | {got['whole']:.1f} | {got['cold']:.1f} "
                f"| {got['one']:.2f} ({got['whole'] / got['one']:.1f}x) | {got['none']:.2f} ({got['whole'] / got['none']:.0f}x) |"
            )
    return lines


if __name__ == "__main__":
    print("\n".join(rows([Path(one) for one in sys.argv[1:]] or [SHARED])))
