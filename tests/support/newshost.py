"""A host of thousands of feeds, as a process of its own, with its own log of who asked for what and when.

    python -m support.newshost ADDRESS PORT FEEDS LOG RATE

Feed N is at `/N` of whatever address it is asked at, so that each of many loopback addresses is a host of its own. New
items appear at RATE a second, in one feed after the other in a fixed odd order, until SIGUSR1 comes. Each answer takes
some time, so that there are requests under way whenever something is killed. Lines of the log are JSON:
`["poll", host, feed, began, ended, status]` and `["item", feed, guid, at]`, with times as seconds since 1970.
"""

import asyncio
import json
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

_SHOWN = 8
_TAKES = (0.02, 0.2)


class NewsHost:
    """Answers and publishes."""

    def __init__(self, feeds, log, rate):
        self.feeds, self.rate = feeds, rate
        self.log = log.open("a", buffering=1)
        self.items = defaultdict(list)
        self.publishing = True

    def note(self, *what):
        self.log.write(json.dumps(what) + "\n")

    async def publish(self):
        """An item in the next feed, and so on; 7919 is prime, so that all have their turn."""
        number = 0
        began = time.monotonic()
        while self.publishing:
            feed = number * 7919 % self.feeds
            guid = f"item-{feed}-{number}"
            self.items[feed].append(guid)
            self.note("item", feed, guid, time.time())
            number += 1
            await asyncio.sleep(max(0.0, began + number / self.rate - time.monotonic()))

    async def answer(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
                await self._one(lines[0].split()[1], headers, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _one(self, target, headers, writer):
        began, feed = time.time(), int(target.strip("/"))
        await asyncio.sleep(_TAKES[feed * 31 % 10 == 0])
        items = self.items[feed]
        tag = f'"{len(items)}"'
        if headers.get("if-none-match") == tag:
            raw, status = f"HTTP/1.1 304 X\r\nETag: {tag}\r\nContent-Length: 0\r\n\r\n".encode(), 304
        else:
            entries = "".join(
                f"<item><guid isPermaLink='false'>{one}</guid><title>News {one}</title><link>http://news.example/{one}</link>"
                f"<description>Planes at the Khmeimim air base, report {one}.</description></item>"
                for one in items[-_SHOWN:]
            )
            body = (
                f'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed {feed}</title>{entries}</channel></rss>'
            )
            head = f"HTTP/1.1 200 X\r\nETag: {tag}\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n\r\n"
            raw, status = (head + body).encode(), 200
        writer.write(raw)
        await writer.drain()
        self.note("poll", headers.get("host", "").partition(":")[0], feed, began, time.time(), status)


async def _serve(address, port, feeds, log, rate):
    host = NewsHost(feeds, log, rate)
    server = await asyncio.start_server(host.answer, address, port, backlog=1024)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: setattr(host, "publishing", False))
    host.note("ready", port)
    async with server:
        await asyncio.gather(host.publish(), server.serve_forever())


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), float(sys.argv[5])))
