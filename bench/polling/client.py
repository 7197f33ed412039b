"""What one conditional request costs: `python -m bench.polling.client`.

A server in a process of its own answers 304 and closes, over plain HTTP and over TLS that is verified. Three clients ask it in
turns, each request on a new connection: streams of asyncio written by hand (what Python can do at best), plain httpx, and
the product's own client. CPU of the client's process, medians of the rounds.
"""

import asyncio
import contextlib
import multiprocessing
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import trustme

from monitor.net import GuardedClient

ROUNDS = 3
REQUESTS = 1500
AT_ONCE = 32
_ANSWER = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nCache-Control: max-age=300\r\nConnection: close\r\n\r\n'
_HEADERS = {"user-agent": "bench", "accept": "*/*", "accept-encoding": "gzip, deflate", "if-none-match": '"a"'}
Ask = Callable[[str, int], Awaitable[None]]


def _serve(certificate: str | None, pipe: Connection) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ANSWER)
            await writer.drain()
        finally:
            writer.close()

    async def run() -> None:
        context = None
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def _by_hand(authority: ssl.SSLContext) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    lines = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
    message = f"GET /feed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n".encode()

    async def ask(scheme: str, port: int) -> None:
        secure = {"ssl": authority, "server_hostname": "localhost"} if scheme == "https" else {}
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **secure)
        writer.write(message)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 304")
        writer.transport.abort()

    return ask, _nothing


def _plain(authority: ssl.SSLContext) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    client = httpx.AsyncClient(verify=authority, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def ask(scheme: str, port: int) -> None:
        answer = await client.get(f"{scheme}://localhost:{port}/feed", headers={**_HEADERS, "connection": "close"})
        assert answer.status_code == httpx.codes.NOT_MODIFIED

    return ask, client.aclose


def _ours(file: Path) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    async def resolver(host: str, port: int) -> list[str]:
        del host, port
        return ["127.0.0.1"]

    client = GuardedClient(
        user_agent="bench", allow_private=[ip_network("127.0.0.0/8")], ca_file=file, resolver=resolver
    )

    async def ask(scheme: str, port: int) -> None:
        answer = await client.request(
            "GET",
            f"{scheme}://localhost:{port}/feed",
            headers=_HEADERS,
            deadline=30,
            max_wire_bytes=1_000_000,
            max_body_bytes=1_000_000,
        )
        assert answer.status == httpx.codes.NOT_MODIFIED

    return ask, client.close


async def _nothing() -> None:
    """There is nothing to close."""


async def _cost(ask: Ask, scheme: str, port: int) -> float:
    """CPU milliseconds a request."""
    left = REQUESTS

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await ask(scheme, port)

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return 1000 * (time.process_time() - began) / REQUESTS


async def _measure(ports: dict[str, int], file: Path) -> dict[tuple[str, str], float]:
    authority = ssl.create_default_context(cafile=file)
    clients = {"streams by hand": _by_hand(authority), "httpx": _plain(authority), "monitor": _ours(file)}
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for name, (ask, _) in clients.items():
            for scheme, port in ports.items():
                times.setdefault((name, scheme), []).append(await _cost(ask, scheme, port))
    for _, close in clients.values():
        await close()
    return {key: statistics.median(found) for key, found in times.items()}


def measure(runner: Callable[..., dict[tuple[str, str], float]]) -> dict[tuple[str, str], float]:
    """CPU milliseconds of a 304 on a new connection, by client and scheme; `runner` runs a coroutine to its end."""
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        file, certificate = Path(folder) / "ca.pem", Path(folder) / "server.pem"
        authority.cert_pem.write_to_path(str(file))
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        servers, ports = [], {}
        for scheme, path in (("http", None), ("https", str(certificate))):
            mine, theirs = multiprocessing.Pipe()
            server = multiprocessing.Process(target=_serve, args=(path, theirs), daemon=True)
            server.start()
            servers.append(server)
            ports[scheme] = mine.recv()
        try:
            return runner(_measure(ports, file))
        finally:
            for server in servers:
                server.terminate()


def rows() -> list[str]:
    """The section of the report."""
    loops = {"asyncio": asyncio.run}
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - only here, and only where it is installed

        loops["uvloop"] = uvloop.run
    told = [
        "### One request: a 304 on a new connection, CPU ms",
        "",
        "| loop | client | http | of by hand | https, verified | of by hand |",
        "| --- | --- | --: | --: | --: | --: |",
    ]
    for loop, runner in loops.items():
        found = measure(runner)
        floor = {scheme: found["streams by hand", scheme] for scheme in ("http", "https")}
        for name in ("streams by hand", "monitor", "httpx"):
            cells = [
                f"{found[name, scheme]:.3f} | {found[name, scheme] / floor[scheme]:.1f}" for scheme in ("http", "https")
            ]
            told.append(f"| {loop} | {name} | {' | '.join(cells)} |")
    return told


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
