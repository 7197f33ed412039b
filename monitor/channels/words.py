"""Words for people: text made fit for one line, without controls and without secrets.

Two things go through here: whatever stands in a mail header, and the `detail` of every `SendResult`, which ends in the
log, the store and the operator's mail. It stands apart so that no channel has its own idea of either. Pure.
"""

import base64
import re
from collections.abc import Iterable

DETAIL_LIMIT = 300
"""Longest detail, in characters: a server's own words, without its essay."""

_BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
"""Controls, line breaks of every kind (CR, LF, VT, FF, NEL, LS, PS) and ASCII spaces."""
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def encodable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 cannot carry, replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def one_line(text: str, limit: int | None = None) -> str:
    """One clean line: runs of controls, breaks and spaces become one space; cut to `limit` characters with `…`."""
    clean = encodable(_BREAKS.sub(" ", text)).strip(" ")
    if limit is None or len(clean) <= limit:
        return clean
    return clean[: limit - 1] + "…"


def forms_of(*secrets: str) -> tuple[str, ...]:
    """The secrets and the base64 that SMTP AUTH makes of each, longest first: all that must never be shown."""
    plain = {secret for secret in secrets if secret}
    coded = {base64.b64encode(secret.encode("utf-8", "replace")).decode() for secret in plain}
    return tuple(sorted(plain | coded, key=len, reverse=True))


def detail(text: str, secrets: Iterable[str] = ()) -> str:
    """A line for `SendResult.detail`: secrets masked first, then cleaned and cut."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return one_line(text, DETAIL_LIMIT)
