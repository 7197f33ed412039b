"""What a message says that came back: which of our messages could not be delivered, to whom, and whether that will last.

Three kinds are read: reports of delivery (RFC 3464), complaints that a mailbox provider passes on (RFC 5965), and the letters
of older mail servers (Exim's `X-Failed-Recipients`, qmail). Everything in such a message may be forged: what it says counts
only with the key of one of our messages, which nobody else knows. It must not decide what follows. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from enum import StrEnum
from itertools import islice

from monitor.channels.mailbox import parse_mailbox
from monitor.channels.words import detail

_MAX_PARTS = 60
_KEY = re.compile(r"(?im)^X-Alert-Key:\s*([A-Za-z0-9_.\-]{1,257})\s*$")
_ID = re.compile(r"(?im)^Message-ID:\s*<([A-Za-z0-9_.\-]{1,257})@")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
_QMAIL = re.compile(r"(?ms)^Hi\. This is the .{0,200}?^<([^<>\s]{3,320})>:\s*$(.{0,2000}?)(?:^---|\Z)")
_HEAD = 20_000
"""Characters of a text in which the words of a server are looked for."""
_LASTING = ("5.",)
_NOT_THE_ADDRESS = ("5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.", "5.5.", "5.6.", "5.7.")
"""RFC 3463: our own address, a full mailbox, size, the other system, the dialogue, the content, a policy. They say no more
than that this one message was not taken.
"""


class BounceKind(StrEnum):
    """What a message that came back means."""

    ADDRESS = "address"
    """The address does not exist (any more): nothing will reach it."""
    MESSAGE = "message"
    """This message was given up; the next one may get through."""
    DELAYED = "delayed"
    """It is still being tried."""
    COMPLAINT = "complaint"
    """The reader called it spam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One of our messages that came back."""

    kind: BounceKind
    key: str
    """Of the delivery; empty when the report does not say which message it is about."""
    address: str
    """As the report says; empty when it does not."""
    status: str
    """RFC 3463: `5.1.1`; empty when there is none."""
    detail: str
    """One line of the other server's words."""


def bounce_of(raw: bytes) -> Bounce | None:
    """What a message says of one of ours; None if it is something else. Any bytes will do."""
    try:
        message = message_from_bytes(raw)
        parts = tuple(islice(message.walk(), _MAX_PARTS))
        return _reported(parts) or _complained(parts) or _written(message, parts)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # the parser is lenient, but raises on some messages that nobody means well with


def _reported(parts: tuple[Message, ...]) -> Bounce | None:
    """By RFC 3464: the first recipient that failed, else the first that is still tried."""
    found = None
    for group in _groups(parts, "message/delivery-status"):
        action = str(group.get("Action", "")).strip().lower()
        if action == "failed" or (action == "delayed" and found is None):
            address = _typed(group.get("Original-Recipient")) or _typed(group.get("Final-Recipient"))
            said = str(group.get("Diagnostic-Code", ""))
            status = _status(str(group.get("Status", ""))) or _status(said)
            kind = _failed(status) if action == "failed" else BounceKind.DELAYED
            words = detail(said.partition(";")[2].strip() or said or f"{action} {status}")
            found = Bounce(kind=kind, key=_key(parts), address=address, status=status, detail=words)
            if action == "failed":
                return found
    return found


def _complained(parts: tuple[Message, ...]) -> Bounce | None:
    """By RFC 5965, all but "not spam"."""
    for group in _groups(parts, "message/feedback-report"):
        kind = str(group.get("Feedback-Type", "")).strip().lower()
        if kind and kind != "not-spam":
            address = _typed(group.get("Original-Rcpt-To") or group.get("Removal-Recipient"))
            words = detail(f"{kind}, told by {group.get('User-Agent', 'a mailbox provider')}")
            return Bounce(kind=BounceKind.COMPLAINT, key=_key(parts), address=address, status="", detail=words)
    return None


def _written(message: Message, parts: tuple[Message, ...]) -> Bounce | None:
    """By letters of servers that write no report: a header names the recipient, or the text begins as qmail's does."""
    text = _text(parts)
    failed = str(message.get("X-Failed-Recipients", ""))
    if failed:
        address, said = failed.partition(",")[0], text.partition("\n--")[0]
    elif found := _QMAIL.search(text):
        address, said = found[1], found[2]
    else:
        return None
    status = _status(said)
    words = next((line.strip() for line in said.splitlines() if _CODE.search(line) or _STATUS.search(line)), said)
    return Bounce(kind=_failed(status), key=_key(parts), address=_typed(address), status=status, detail=detail(words))


def _failed(status: str) -> BounceKind:
    """What a message that was given up says of its address. Without a status the servers that write letters mean it."""
    lasting = not status or status.startswith(_LASTING)
    return BounceKind.ADDRESS if lasting and not status.startswith(_NOT_THE_ADDRESS) else BounceKind.MESSAGE


def _groups(parts: tuple[Message, ...], kind: str) -> Iterator[Message]:
    """The groups of fields in parts of this type."""
    for part in parts:
        if part.get_content_type() == kind:
            payload = part.get_payload()
            yield from (one for one in (payload if isinstance(payload, list) else ()) if isinstance(one, Message))


def _typed(value: object) -> str:
    """The address of a field such as `rfc822; you@example.org`; empty when it is none."""
    text = str(value or "")
    found = parse_mailbox(text.rpartition(";")[2])
    return found.address if found is not None else ""


def _status(text: str) -> str:
    """The status in a text, else what a reply code such as 550 comes to."""
    if found := _STATUS.search(text[:_HEAD]):
        return found[1]
    code = _CODE.search(text[:_HEAD])
    return f"{code[1]}.0.0" if code else ""


def _key(parts: tuple[Message, ...]) -> str:
    """Of which delivery the returned message was: by our own header, which no relay writes anew, else by its Message-ID."""
    for part in parts[1:]:
        lines = "\n".join(f"{name}: {part[name]}" for name in ("X-Alert-Key", "Message-ID") if part[name])
        if found := _KEY.search(lines) or _ID.search(lines):
            return found[1]
    text = _text(parts)
    found = _KEY.search(text) or _ID.search(text)
    return found[1] if found else ""


def _text(parts: tuple[Message, ...]) -> str:
    """What stands in the parts that are text, headers of a returned message among them."""
    return "\n".join(_decoded(part) for part in parts if part.get_content_maintype() == "text").replace("\r\n", "\n")


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload[: 5 * _HEAD].decode("utf-8", "replace") if isinstance(payload, bytes) else ""
