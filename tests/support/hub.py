"""A WebSub hub on loopback: takes subscriptions, verifies them at the callback, and sends what is published, signed.

async with Hub() as hub: ...; await hub.publish(topic, body)

Small but real: what it says follows the W3C recommendation, and a test may have it misbehave.
"""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit


@dataclass(slots=True)
class Subscriber:
    """Somebody whom the hub verified."""

    callback: str
    topic: str
    secret: str


async def send(method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> tuple[int, str]:
    """One request as a hub makes it; the status and the body of the answer."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    said = {"Host": parts.netloc, "Content-Length": str(len(body))} | (headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
    writer.write(f"{method} {target} HTTP/1.0\r\n{head}\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), rest.decode()


class Hub:
    """The hub. `answer` is its status to requests, `verifies` whether it asks back, `lease` what it grants."""

    def __init__(self) -> None:
        self.answer = 202
        self.verifies = True
        self.lease = 3600
        self.asked: list[dict[str, str]] = []
        self.verified: list[tuple[int, str]] = []
        self.live: dict[str, Subscriber] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hub"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        form = {name: values[0] for name, values in parse_qs((await reader.readexactly(length)).decode()).items()}
        self.asked.append(form)
        if self.answer < 300 and self.verifies:
            await self.verify(form)  # some hubs do it before they answer
        writer.write(f"HTTP/1.1 {self.answer} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def verify(self, form: dict[str, str], **changes: str) -> tuple[int, str]:
        """Ask the callback whether it meant it."""
        mode = form["hub.mode"]
        query = {
            "hub.mode": mode,
            "hub.topic": form["hub.topic"],
            "hub.challenge": "a challenge/ä",
            "hub.lease_seconds": str(self.lease),
        } | {name.replace("_", ".", 1): value for name, value in changes.items()}
        target = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        status, text = await send("GET", f"{form['hub.callback']}?{target}")
        self.verified.append((status, text))
        if status == 200 and text == query["hub.challenge"]:
            if mode == "subscribe":
                self.live[form["hub.callback"]] = Subscriber(
                    form["hub.callback"], form["hub.topic"], form["hub.secret"]
                )
            else:
                self.live.pop(form["hub.callback"], None)
        return status, text

    async def publish(
        self, body: bytes, *, method: str = "sha256", secret: str | None = None, kind: str = "application/rss+xml"
    ) -> list[int]:
        """Send content to all who are subscribed; what they answered."""
        answers = []
        for one in list(self.live.values()):
            digest = hmac.new((secret or one.secret).encode(), body, getattr(hashlib, method)).hexdigest()
            headers = {"X-Hub-Signature": f"{method}={digest}", "Content-Type": kind}
            status, _ = await send("POST", one.callback, headers, body)
            answers.append(status)
            if status == 410:
                self.live.pop(one.callback)
        return answers
