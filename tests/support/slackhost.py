"""A web server on loopback in the place of Slack: records requests with their times and answers by script.

    with SlackHost() as host:
        host.script(Answer(429, "ratelimited", {"Retry-After": "30"}), times=1)

By default it answers as Slack does, `200 ok`. Real HTTP in threads of its own, with TLS when it is given certificates.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from support.mailhost import Certificates


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, and after how many seconds."""

    status: int = 200
    body: str | bytes = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection without an answer; `early`: before the request is read."""

    early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that came whole."""

    at: float
    """Seconds of the monotonic clock."""
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class SlackHost:
    """A running web server; use it in a `with` block."""

    def __init__(
        self,
        *,
        path: str = "/services/T00000000/B00000000/CanarySecretOfTheWebhook",
        certificates: Certificates | None = None,
        usual: Answer | None = None,
    ) -> None:
        self.usual = usual or Answer()
        self.path = path
        self.certificates = certificates
        self.requests: list[Request] = []
        self.port = 0
        self._script: list[tuple[Answer | Cut, int | None]] = []
        self._gone = threading.Event()

    def script(self, answer: Answer | Cut, *, times: int | None = None) -> None:
        """Answer so from now on, so many times or always; several orders are used up one after the other."""
        self._script.append((answer, times))

    def unscript(self) -> None:
        """Answer `ok` again."""
        self._script.clear()

    @property
    def url(self) -> str:
        scheme = "https" if self.certificates else "http"
        return f"{scheme}://127.0.0.1:{self.port}{self.path}"

    def __enter__(self) -> Self:
        host = self

        class Talk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                host._talk(self)

            def log_message(self, *_: object) -> None:
                """Tests read `requests` instead."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Talk)
        if self.certificates:
            context = self.certificates.server_context()
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gone.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _next(self) -> Answer | Cut:
        while self._script:
            answer, times = self._script[0]
            if times is None:
                return answer
            if times:
                self._script[0] = (answer, times - 1)
                return answer
            self._script.pop(0)
        return self.usual

    def _talk(self, talk: BaseHTTPRequestHandler) -> None:
        answer = self._next()
        talk.close_connection = True
        if not (isinstance(answer, Cut) and answer.early):
            body = talk.rfile.read(int(talk.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in talk.headers.items()}
            self.requests.append(Request(at=time.monotonic(), path=talk.path, headers=headers, body=body))
        if isinstance(answer, Cut):
            with contextlib.suppress(OSError):
                talk.connection.shutdown(socket.SHUT_RDWR)
            return
        self._gone.wait(answer.after)
        raw = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
        with contextlib.suppress(OSError, ssl.SSLError):
            talk.send_response(answer.status)
            for name, value in answer.headers.items():
                talk.send_header(name, value)
            talk.send_header("content-length", str(len(raw)))
            talk.end_headers()
            talk.wfile.write(raw)
