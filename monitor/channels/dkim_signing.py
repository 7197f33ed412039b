"""DKIM signatures (RFC 6376): our domain vouches for what a message says, so that receivers can know it from a forged one.

dkimpy does the signing; which headers are signed is decided here, because RFC 8058 asks that those of one-click
unsubscribing are, and because a header that is signed once more than it stands cannot be added on the way. It must not
change a message: the signature is put before it. Why so: docs/decisions/0017-dkim.md.
"""

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from monitor.errors import ChannelError
from monitor.settings import DkimSettings

_LEAST_BITS = 1024
"""RFC 8301, 3.2: verifiers take no shorter key for valid."""
_SIGNED = (
    *("from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
    *("list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
    "content-transfer-encoding",
)
"""Each is named once more than it stands in the message: none of them can be added or doubled unseen."""


class Signer:
    """Signs with one key, as one domain."""

    def __init__(self, settings: DkimSettings, channel: str) -> None:
        """Take the key.

        Raises:
            ChannelError: when it is no RSA key that receivers take for valid; says nothing of what the key is.
        """
        self._selector = settings.selector.encode("ascii")
        self._domain = settings.domain.encode("ascii")
        self._key = _unix(settings.key.reveal())
        try:
            bits = int(parse_pem_private_key(self._key)["modulus"]).bit_length()
        except (UnparsableKeyError, ValueError, LookupError, TypeError):
            expected = "an RSA key in PEM (-----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----)"
            raise ChannelError(
                f"channel {channel}: dkim.key_file holds no key that can sign: expected {expected}"
            ) from None
        if bits < _LEAST_BITS:
            raise ChannelError(
                f"channel {channel}: dkim.key_file holds an RSA key of {bits} bits; receivers take none below 1024, "
                "and 2048 is usual"
            )

    def sign(self, message: bytes) -> bytes:
        """The message with its signature before it. Takes some milliseconds of computation."""
        names = [line.partition(b":")[0].lower() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")]
        signed = [name for name in _SIGNED for _ in range(names.count(name.encode()) + 1)]
        header = dkim.sign(
            message,
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode() for name in signed],
        )
        return bytes(header) + message


def _unix(text: str) -> bytes:
    """The key with the line ends that the library looks for."""
    return "\n".join(line.strip() for line in text.strip().splitlines()).encode()
