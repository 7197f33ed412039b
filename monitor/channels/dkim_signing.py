"""DKIM signatures (RFC 6376): our domain vouches for what a message says, so that receivers can know it from a forged one.

dkimpy does the signing; which headers are signed is decided here, because RFC 8058 asks that those of one-click
unsubscribing are, and because a header that is signed once more than it stands cannot be added on the way. It must not
change a message: the signature is put before it. Why so: docs/decisions/0017-dkim.md.
"""

import dkim

from monitor.settings import DkimSettings

_SIGNED = (
    *("from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
    *("list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
    "content-transfer-encoding",
)
"""Each is named once more than it stands in the message: none of them can be added or doubled unseen."""


class Signer:
    """Signs with one key, as one domain."""

    def __init__(self, settings: DkimSettings) -> None:
        """Take the key, which the settings have found fit to sign."""
        self._selector = settings.selector.encode("ascii")
        self._domain = settings.domain.encode("ascii")
        self._key = settings.key.reveal().encode("ascii")

    def sign(self, message: bytes) -> bytes:
        """The message with its signature before it. Takes some milliseconds of computation.

        Raises:
            ValueError: when it cannot be signed, as with a key that is none.
        """
        names = [line.partition(b":")[0].lower() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")]
        signed = [name for name in _SIGNED for _ in range(names.count(name.encode()) + 1)]
        try:
            header = dkim.sign(
                message,
                self._selector,
                self._domain,
                self._key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[name.encode() for name in signed],
            )
        except dkim.DKIMException as error:
            raise ValueError(f"the message cannot be signed: {type(error).__name__}") from None
        return bytes(header) + message
