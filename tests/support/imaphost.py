"""An IMAP server on loopback with one folder, for what a reader of bounces asks of it: a thread, TLS, a dozen commands.

with ImapHost(certificates, {"monitor": "password"}) as host:
    host.messages.append(Stored(b"Subject: x\r\n\r\n"))
"""

import re
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from typing import Self

from support.mailhost import Certificates


@dataclass(slots=True)
class Stored:
    """A message in the folder; its UID is its place, counted from 101."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


class ImapHost:
    """A running server. `refuse` maps a command word to the line that answers it instead."""

    def __init__(self, certificates: Certificates, accounts: dict[str, str], folder: str = "INBOX") -> None:
        self.accounts = accounts
        self.folder = folder
        self.messages: list[Stored] = []
        self.refuse: dict[str, str] = {}
        self.commands: list[str] = []
        self._context = certificates.server_context()
        host = self

        class Dialogue(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    with host._context.wrap_socket(self.request, server_side=True) as secure:
                        host._talk(secure.makefile("rwb", buffering=0))
                except (ssl.SSLError, OSError):
                    """The client hung up, or did not trust us."""

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dialogue)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, stream) -> None:
        stream.write(b"* OK ready\r\n")
        while line := stream.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            words = rest.split()
            name = (words[1] if words[0].upper() == "UID" else words[0]).upper()
            self.commands.append(name)
            if name in self.refuse:
                stream.write(f"{tag} {self.refuse[name]}\r\n".encode())
                continue
            answers, said = getattr(self, f"_{name.lower()}")(rest)
            stream.write(b"".join(answers) + f"{tag} {said}\r\n".encode())
            if name == "LOGOUT":
                return

    def _capability(self, _rest):
        return [b"* CAPABILITY IMAP4rev1\r\n"], "OK done"

    def _login(self, rest):
        name, password = (re.sub(r"\\(.)", r"\1", one) for one in re.findall(r'"((?:[^"\\]|\\.)*)"', rest))
        known = self.accounts.get(name) == password
        return [], "OK in" if known else f"NO [AUTHENTICATIONFAILED] not with {password}"

    def _select(self, rest):
        known = rest.partition(" ")[2].strip('"') == self.folder
        return ([f"* {len(self.messages)} EXISTS\r\n".encode()], "OK done") if known else ([], "NO no such folder")

    def _search(self, _rest):
        unseen = [str(101 + place) for place, one in enumerate(self.messages) if r"\Seen" not in one.flags]
        return [f"* SEARCH {' '.join(unseen)}\r\n".encode()], "OK done"

    def _fetch(self, rest):
        uid = int(rest.split()[2])
        most = int(re.search(r"<0\.(\d+)>", rest)[1])
        raw = self.messages[uid - 101].raw[:most]
        return [b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n" % (uid - 100, uid, len(raw)), raw, b")\r\n"], "OK done"

    def _store(self, rest):
        for uid in rest.split()[2].split(","):
            self.messages[int(uid) - 101].flags.add(r"\Seen")
        return [], "OK done"

    def _logout(self, _rest):
        return [b"* BYE\r\n"], "OK done"
