"""The shape of what a mail channel may have beside its server: signatures, and where mail that comes back is found.

Part of `settings_file`, whose rules hold here as well.
"""

from typing import Annotated

from pydantic import Field

from monitor.config.shape import Host, Line, Strict
from monitor.settings import ImapSettings, Secret

_IMAP = ImapSettings(host="", username="", password=Secret(""))


class DkimEntry(Strict):
    """Signatures by which receivers know mail of your domain (DKIM, RFC 6376)."""

    selector: Host
    """The name of the key: its public half stands in the DNS under `SELECTOR._domainkey.DOMAIN`."""
    domain: Host | None = None
    """The domain that signs; that of the sender when left out."""
    key_file: Line
    """A file with the private key: RSA, in PEM."""


class ImapEntry(Strict):
    """A mailbox on a server, read by IMAP over TLS."""

    host: Host
    """The server."""
    port: Annotated[int, Field(ge=1, le=65_535)] = _IMAP.port
    """Its port for IMAP over TLS."""
    username: Line
    """The name to log in with."""
    password_file: Line
    """A file whose content is the password; a line end at its end does not count."""
    folder: Line = _IMAP.folder
    """The folder that is read; its messages are marked as read."""


class BouncesEntry(Strict):
    """Where mail that comes back is found: either `maildir` or `imap`."""

    maildir: Line | None = None
    """A Maildir on this machine; what was read is moved to its `cur`."""
    imap: ImapEntry | None = None
    """A mailbox on a server."""
