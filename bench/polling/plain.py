"""The rival that anyone would write: httpx, feedparser and SQLite. `python plain.py URLS DATABASE` polls every feed once.

Conditional requests, 32 at once, articles by id; nothing is matched.
"""

import asyncio
import io
import sqlite3
import sys
from pathlib import Path

import feedparser
import httpx

_AT_ONCE = 32


async def poll(client: httpx.AsyncClient, db: sqlite3.Connection, url: str, turn: asyncio.Semaphore) -> None:
    """One conditional request, and what is new of its answer."""
    etag, modified = db.execute("SELECT etag, modified FROM feeds WHERE url = ?", (url,)).fetchone() or (None, None)
    asked = {"If-None-Match": etag, "If-Modified-Since": modified}
    async with turn:
        answer = await client.get(url, headers={key: value for key, value in asked.items() if value})
    if answer.status_code != httpx.codes.OK:
        return
    parsed = feedparser.parse(io.BytesIO(answer.content), response_headers=dict(answer.headers))
    rows = [
        (url, one.get("id") or one.get("link"), one.get("title"), one.get("link"), one.get("summary"))
        for one in parsed.entries
    ]
    with db:
        db.executemany("INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?, ?)", rows)
        db.execute(
            "INSERT OR REPLACE INTO feeds VALUES (?, ?, ?)",
            (url, answer.headers.get("etag"), answer.headers.get("last-modified")),
        )


async def main(urls: list[str], file: str) -> None:
    """All feeds, once."""
    db = sqlite3.connect(file)
    db.executescript(
        "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, etag TEXT, modified TEXT);"
        "CREATE TABLE IF NOT EXISTS articles (url TEXT, id TEXT, title TEXT, link TEXT, summary TEXT, PRIMARY KEY (url, id))"
    )
    turn = asyncio.Semaphore(_AT_ONCE)
    # New connections, as an hourly poller has them.
    async with httpx.AsyncClient(headers={"Connection": "close"}, timeout=30) as client:
        await asyncio.gather(*(poll(client, db, url, turn) for url in urls))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_text("utf-8").split(), sys.argv[2]))
