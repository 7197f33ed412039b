"""The Maildir channel: each alert becomes a file that any mail reader opens, without a mail server.

The file's name is made from the delivery's key, so that an attempt that is repeated after its outcome was lost keeps
one message. A Maildir is a contract between programs: write into `tmp/`, sync, move to `new/`, sync the folder; names
that are in `cur/` belong to the reader. It never deletes a message.
"""

import asyncio
import contextlib
import os
import secrets
import time
from pathlib import Path

from monitor.channels.mailbox import parse_mailbox
from monitor.channels.mime import key_token, mail_bytes, message_id
from monitor.channels.words import detail
from monitor.errors import ChannelError
from monitor.model import FailureReason, Format, MailContent, Outcome, Outgoing, SendResult
from monitor.settings import MaildirSettings

_TIMEOUT = 30.0
_ABANDONED = 36 * 3600
"""Seconds after which a file in `tmp/` belongs to a writer that died; the age that Maildir readers agree on."""
_SUFFIX = ".monitor"


class MaildirChannel:
    """Writes into one Maildir, which it creates when it is missing."""

    def __init__(self, settings: MaildirSettings) -> None:
        """Check the sender.

        Raises:
            ChannelError: when the sender is not a mail address.
        """
        sender = parse_mailbox(settings.sender)
        if sender is None:
            raise ChannelError(f"channel {settings.id}: the sender {settings.sender!r} is not a mail address")
        self._settings = settings
        self._sender = sender

    @property
    def id(self) -> str:
        """The id under `channels:`."""
        return self._settings.id

    @property
    def format(self) -> Format:
        """Mail."""
        return Format.MAIL

    @property
    def timeout(self) -> float:
        """Seconds for a disk or network folder that hangs."""
        return _TIMEOUT

    @property
    def at_once(self) -> int:
        """One; the disk is quick."""
        return 1

    @property
    def rate(self) -> tuple[float, int]:
        """A disk needs no sparing; the figure only bounds what one moment takes."""
        return 100.0, 100

    async def send(self, message: Outgoing) -> SendResult:
        """Write the message, unless it is there already."""
        if not isinstance(message.content, MailContent):
            return SendResult(
                outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail="the content is not mail"
            )
        try:
            raw = mail_bytes(message, message.content, sender=self._sender)
        except (TypeError, ValueError, AttributeError) as error:  # a value that the model does not allow
            why = f"the message cannot be written: {type(error).__name__}"
            return SendResult(outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail=why)
        written = int(message.created_at.timestamp()) if message.created_at else 0
        name = f"{written}.{key_token(message.key)}{_SUFFIX}"
        try:
            async with asyncio.timeout(_TIMEOUT):
                said = await asyncio.to_thread(_store, self._settings.path, name, raw.replace(b"\r\n", b"\n"))
        except TimeoutError:
            return SendResult(
                outcome=Outcome.TRANSIENT, reason=FailureReason.TIMEOUT, detail="the Maildir does not answer"
            )
        except OSError as error:
            why = f"cannot write to the Maildir {self._settings.path}: {error.strerror or error}"
            return SendResult(outcome=Outcome.TRANSIENT, reason=FailureReason.OTHER, detail=detail(why))
        return SendResult(outcome=Outcome.SENT, detail=said, reference=message_id(message.key, self._sender))

    async def close(self) -> None:
        """Nothing is held open between two messages."""


def _store(maildir: Path, name: str, raw: bytes) -> str:
    """Make the message durable under its name, once; says what was done. Blocking.

    Raises:
        OSError: when the disk refuses; nothing is left behind in `tmp/` then.
    """
    for folder in (maildir, maildir / "tmp", maildir / "new", maildir / "cur"):
        folder.mkdir(mode=0o700, parents=folder is maildir, exist_ok=True)
    final = maildir / "new" / name
    if not (final.exists() or _is_read(maildir, name)):
        _sweep(maildir / "tmp")
        draft = maildir / "tmp" / f"{name}.{secrets.token_hex(4)}"
        try:
            _write(draft, raw)
            draft.rename(final)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                draft.unlink(missing_ok=True)
            raise
        _sync_folder(final.parent)
        return "written"
    _sync_folder(final.parent)  # the attempt that wrote it may have died before this
    return "was already there"


def _is_read(maildir: Path, name: str) -> bool:
    """Whether a reader has moved the message to `cur/`, where it adds flags to the name."""
    with os.scandir(maildir / "cur") as found:
        return any(entry.name.partition(":")[0] == name for entry in found)


def _write(path: Path, raw: bytes) -> None:
    """A new file with these bytes, on the disk."""
    with open(path, "xb", opener=_private) as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    """Open so that only the owner may read: alerts say what somebody is watching."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Remove drafts of this channel whose writer died long ago."""
    oldest = time.time() - _ABANDONED
    with os.scandir(folder) as found:
        for entry in found:
            with contextlib.suppress(FileNotFoundError):  # finished by another attempt meanwhile
                if _SUFFIX in entry.name and entry.stat(follow_symlinks=False).st_mtime < oldest:
                    Path(entry.path).unlink()
