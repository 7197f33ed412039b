"""Signatures of webhooks, as Standard Webhooks 1.0 asks: HMAC-SHA256 over id, time and body, under one secret or two.

With two secrets a receiver can change over: each message carries a signature of both until the old one is taken out. Pure.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
_LEAST, _MOST = 24, 64


def secret_bytes(text: str) -> bytes:
    """The bytes of a secret as it is written: `whsec_` and base64. Raises ValueError with one sentence."""
    if not text.startswith(PREFIX):
        raise ValueError(
            f"a secret begins with {PREFIX}: make one with `openssl rand -base64 32` and put that in front"
        )
    try:
        raw = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"what follows {PREFIX} is no base64") from None
    if not _LEAST <= len(raw) <= _MOST:
        raise ValueError(f"a secret has {_LEAST} to {_MOST} bytes, this one has {len(raw)}")
    return raw


def signature(id: str, timestamp: int, body: bytes, secrets: Iterable[bytes]) -> str:  # noqa: A002 - the word of the standard
    """The value of `webhook-signature`: one for each secret, with a blank between them. `timestamp` is in Unix seconds."""
    signed = b"%b.%d.%b" % (id.encode(), timestamp, body)
    made = (base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets)
    return " ".join(f"v1,{one}" for one in made)
