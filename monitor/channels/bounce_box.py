"""Mailboxes to which mail comes back: a Maildir on this machine, or a folder on a server by IMAP over TLS.

Both hand out what was not read before, and mark it as read when they are told to; nothing is ever deleted. Every method
blocks and belongs in a thread. What a message says is told by `dsn`, what follows is decided by the engine.
"""

import contextlib
import imaplib
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from monitor.channels.smtp_session import tls_context
from monitor.channels.words import detail, forms_of
from monitor.errors import ChannelError
from monitor.settings import EmailSettings, ImapSettings

MOST = 50
"""Messages that are handed out at once."""
LARGEST = 1_000_000
"""Bytes of a message that are looked at; what says why it came back stands before."""
_TIMEOUT = 20.0
"""Seconds for each answer of a server."""
_PATIENCE = 60.0


class BounceBox(Protocol):
    """A mailbox that is read once, and then closed."""

    def unread(self) -> Sequence[tuple[str, bytes]]:
        """Up to `MOST` messages that were not read before, each with its name in this box. Raises ChannelError."""

    def mark(self, names: Sequence[str]) -> None:
        """Mark them as read. Raises ChannelError."""

    def close(self) -> None:
        """Let go of it."""


def bounce_box(settings: EmailSettings) -> BounceBox | None:
    """The mailbox of a channel for what comes back, if it has one; nothing is opened yet."""
    bounces = settings.bounces
    if bounces is None:
        return None
    if bounces.imap is not None:
        return ImapBox(bounces.imap, settings.ca_file)
    return MaildirBox(bounces.maildir) if bounces.maildir is not None else None


class MaildirBox:
    """A Maildir: what is new in it, and what a mail program has only listed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def unread(self) -> Sequence[tuple[str, bytes]]:
        """The oldest first. A folder that is not there yet has none."""
        try:
            files = [
                *_files(self._path / "new"),
                *(file for file in _files(self._path / "cur") if "S" not in _flags(file)),
            ]
            return [(str(file), _head(file)) for file in sorted(files, key=lambda file: file.name)[:MOST]]
        except OSError as error:
            raise ChannelError(f"the Maildir {self._path} cannot be read: {error.strerror or error}") from error

    def mark(self, names: Sequence[str]) -> None:
        """Move them to `cur` with the flag for "seen"."""
        try:
            for file in map(Path, names):
                flags = "".join(sorted({*_flags(file), "S"}))
                with contextlib.suppress(FileNotFoundError):  # a mail program has moved or deleted it meanwhile
                    file.rename(self._path / "cur" / f"{file.name.partition(':')[0]}:2,{flags}")
        except OSError as error:
            raise ChannelError(
                f"nothing can be moved in the Maildir {self._path}: {error.strerror or error}"
            ) from error

    def close(self) -> None:
        """Nothing is held open."""


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []


def _flags(file: Path) -> str:
    return file.name.partition(":2,")[2]


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(LARGEST)


class ImapBox:
    """A folder on a server. The connection is made by `unread` and held until `close`."""

    def __init__(self, settings: ImapSettings, ca_file: Path | None, *, patience: float = _PATIENCE) -> None:
        """After `patience` seconds no further message is fetched; the next reading goes on."""
        self._settings = settings
        self._patience = patience
        self._ca_file = ca_file
        self._secrets = forms_of(settings.password.reveal())
        self._server: imaplib.IMAP4_SSL | None = None

    def unread(self) -> Sequence[tuple[str, bytes]]:
        """Log in and fetch without marking."""
        until = time.monotonic() + self._patience
        try:
            server = self._server = self._opened()
            found = _said(server.uid("SEARCH", "UNSEEN"))
            ids = found[0].split()[:MOST] if found and isinstance(found[0], bytes) else []
            messages = []
            for one in ids:
                if time.monotonic() > until:
                    break
                said = _said(server.uid("FETCH", one.decode(), f"(BODY.PEEK[]<0.{LARGEST}>)"))
                messages += [(one.decode(), part[1]) for part in said if isinstance(part, tuple)]
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise self._failed(error) from None
        return messages

    def mark(self, names: Sequence[str]) -> None:
        r"""Mark them `\Seen`."""
        try:
            if self._server is not None and names:
                _said(self._server.uid("STORE", ",".join(names), "+FLAGS.SILENT", r"(\Seen)"))
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Say LOGOUT, if there is somebody to say it to."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError, ValueError):
                server.logout()

    def _opened(self) -> imaplib.IMAP4_SSL:
        """A connection with the folder selected; hangs up when that fails half way."""
        settings = self._settings
        context = tls_context(self._ca_file)
        server = imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=_TIMEOUT)
        try:
            server.login(_quoted(settings.username), settings.password.reveal())
            _said(server.select(_quoted(settings.folder)))
        except BaseException:
            server.shutdown()
            raise
        return server

    def _failed(self, error: Exception) -> ChannelError:
        """What went wrong, in one line without the password."""
        words = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
        where = f"the mailbox of {self._settings.username} on {self._settings.host}"
        return ChannelError(f"{where} cannot be read: {detail(words or type(error).__name__, self._secrets)}")


def _said(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of an answer that is OK; the library raises at BAD alone. Raises imaplib.IMAP4.error."""
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(" ".join(one.decode("utf-8", "replace") for one in data if isinstance(one, bytes)))
    return data


def _quoted(text: str) -> str:
    """A quoted string of IMAP (RFC 3501, 4.3); the library quotes the password alone."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
