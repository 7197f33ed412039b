"""A mail server and a receiver of webhooks, as a process of its own, with their own log of what they accepted.

    python -m support.sinks ADDRESS MAIL_PORT WEB_PORT LOG

Lines of the log are JSON: `[channel, key, [guids of items], at]`; the key is the Message-ID or `webhook-id`.
"""

import asyncio
import email
import email.policy
import json
import re
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP

_ITEM = re.compile(r"item-\d+-\d+")


class Sinks:
    """Accepts everything and writes it down."""

    def __init__(self, log):
        self.log = log.open("a", buffering=1)

    def note(self, channel, key, text):
        self.log.write(json.dumps([channel, key, sorted(set(_ITEM.findall(text))), time.time()]) + "\n")

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain",))
        self.note("mail", str(message["Message-ID"]), body.get_content() if body else "")
        return "250 OK"

    async def hook(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.note("hook", headers.get("webhook-id", ""), body.decode())
                writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def _serve(address, mail, web, log):
    sinks = Sinks(log)
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(
            lambda: SMTP(sinks, hostname="sink", enable_SMTPUTF8=True), address, mail, backlog=256
        ),
        await asyncio.start_server(sinks.hook, address, web, backlog=256),
    ]
    sinks.note("ready", "", "")
    await asyncio.gather(*(one.serve_forever() for one in servers))


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
