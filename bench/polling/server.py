"""Serves a farm: by nginx where it is installed, else by a process of ours that does as much of HTTP as feeds need.

`python -m bench.polling.server ROOT PORT` is that process: `/v/` with ETag and Last-Modified, `/n/` with neither.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

from bench.polling.farm import HOSTS, Farm

_PATIENCE = 20.0
_NEEDED = 2


def name(farm: Farm) -> str:
    """Who serves this farm."""
    return "nginx" if farm.tool and shutil.which("nginx") else "a server of the benchmark's own, in Python"


@contextlib.contextmanager
def serving(farm: Farm, port: int, *, tls_port: int = 0, log: bool = False) -> Iterator[None]:
    """Serve a farm while the block runs."""
    if farm.tool and shutil.which("nginx"):
        command = [sys.executable, str(farm.tool), "serve", str(farm.root), "--port", str(port)]
        command += ["--tls-port", str(tls_port)] if tls_port else []
        command += ["--log"] if log else []
    else:
        command = [sys.executable, "-m", "bench.polling.server", str(farm.root), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((f"127.1.{HOSTS - 1}.1", port), 1):
            return
        time.sleep(0.1)
    sys.exit(f"the farm is not served on port {port}")


async def _answer(root: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            writer.write(_response(root, head[0].split(" ")[1].partition("?")[0], fields))
            await writer.drain()
            if fields.get("connection") == "close":
                break
    writer.close()


def _response(root: Path, target: str, fields: dict[str, str]) -> bytes:
    parts = target.strip("/").split("/")
    file = root / "www" / parts[-1]
    if len(parts) != _NEEDED or parts[0] not in {"v", "n"} or not file.is_file():
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    stat = file.stat()
    tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    lines = ["Content-Type: application/xml"]
    if parts[0] == "v":
        lines += [f"ETag: {tag}", f"Last-Modified: {formatdate(stat.st_mtime, usegmt=True)}"]
        if fields.get("if-none-match") == tag:
            return "\r\n".join(["HTTP/1.1 304 Not Modified", *lines, "", ""]).encode()
    if "gzip" in fields.get("accept-encoding", ""):
        file = file.with_name(f"{file.name}.gz")
        lines.append("Content-Encoding: gzip")
    body = file.read_bytes()
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def _serve(root: Path, port: int) -> None:
    hosts = [f"127.1.{host}.1" for host in range(HOSTS)]
    server = await asyncio.start_server(lambda reader, writer: _answer(root, reader, writer), hosts, port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
