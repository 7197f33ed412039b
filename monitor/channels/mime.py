"""A rendered alert as the bytes of a mail message (RFC 5322, 2045 to 2047), for SMTP and Maildir.

The headers are written here by hand, because the library's own assembly has turned a hostile title into a `Bcc:`
header and raises on others (docs/decisions/0008-mail.md). Whatever the title, these hold: exactly our header names,
CR LF at the end of every line and nowhere else, lines of at most 998 octets, the same bytes at every attempt. It does
not dot-stuff (that belongs to the conversation, `smtp_session`), does not sign (`dkim_signing`) and touches nothing
outside.
"""

import binascii
import hashlib
import re
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from monitor.channels.mailbox import Mailbox, parse_mailbox
from monitor.channels.words import encodable, one_line
from monitor.model import LinkAction, MailContent, Outgoing, Severity

_WIDTH = 76
"""Octets of a folded line; RFC 5322 asks for 78 at most."""
_LONGEST_WORD = 200
"""A word that cannot be folded and is longer than this is encoded instead, so that no line reaches 998 octets."""
_MAX_SUBJECT = 500
_MAX_NAME = 100
_MAX_RULES = 50
"""Rules that are named in the header; filters need no more, and some servers refuse headers of many kilobytes."""
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{1,128}(?:\.[A-Za-z0-9_\-]{1,128})?")
_LINE_END = re.compile(r"\r\n|\r|\n")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,128}@[A-Za-z0-9.-]{1,255}>")
_HTTPS = re.compile(r"https://[!-;=?-~]{1,900}")
"""What may stand between angle brackets in a header: ASCII, no blanks, no brackets, and short enough for one line."""


def key_token(key: str) -> str:
    """The delivery key as it stands in a Message-ID or a file name: itself, or a hash of it if it has odd letters."""
    return key if _TOKEN.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def message_id(key: str, sender: Mailbox) -> str:
    """What the message of a delivery is called, with its angle brackets: the same at every attempt."""
    return f"<{key_token(key)}@{sender.host}>"


def mail_bytes(message: Outgoing, content: MailContent, *, sender: Mailbox, reply_to: Mailbox | None = None) -> bytes:
    """The whole message, with CR LF line ends. Not ASCII only when an address is not (RFC 6532)."""
    headers = b"".join(_headers(message, content, sender=sender, reply_to=reply_to))
    text = _part("plain", content.text)
    if content.html is None:
        return headers + text
    boundary = b"=_" + key_token(message.key).encode()[:60]  # "=_" can stand in no quoted-printable or base64 line
    inner = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in (text, _part("html", content.html)))
    kind = b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % boundary
    return headers + kind + inner + b"--%b--\r\n" % boundary


def _headers(
    message: Outgoing, content: MailContent, *, sender: Mailbox, reply_to: Mailbox | None
) -> tuple[bytes, ...]:
    """All headers but the content's own."""
    key = key_token(message.key)
    to = parse_mailbox(message.address) or sender
    rules = one_line(", ".join(one_line(rule) for rule in message.rules[:_MAX_RULES]))
    urgent = message.severity is Severity.FLASH
    return (
        _mailbox_field("From", sender),
        _mailbox_field("To", to),
        _mailbox_field("Reply-To", reply_to) if reply_to else b"",
        _field("Subject", one_line(content.subject, _MAX_SUBJECT)),
        _field("Date", format_datetime((message.created_at or datetime.now(UTC)).astimezone(UTC))),
        f"Message-ID: {message_id(message.key, sender)}\r\n".encode(),
        _thread_fields(message, sender),
        b"X-Alert-Key: %b\r\n" % key.encode(),
        f"X-Entity-Ref-ID: {key_token(message.thread or message.key)}\r\n".encode(),
        _field("X-Monitor-Rules", rules) if rules else b"",
        _field("X-Monitor-Severity", message.severity.value),
        b"Auto-Submitted: auto-generated\r\n",
        b"Precedence: bulk\r\n",
        b"List-Id: monitor alerts\r\n <alerts.%b>\r\n" % sender.host.encode(),
        b"List-Post: NO\r\n",
        _unsubscribe_fields(message, reply_to),
        b"X-Priority: 1\r\nImportance: high\r\n" if urgent else b"",
        b"MIME-Version: 1.0\r\n",
    )


def _thread_fields(message: Outgoing, sender: Mailbox) -> bytes:
    """Which messages belong together (RFC 5322, 3.6.4).

    Every message of a story names one that was never sent, made of the story's key: mail programs then group them also
    where the first is not known or was deleted. A later one answers the first by name.
    """
    if not message.thread:
        return b""
    follows = message.follows if message.follows and _MESSAGE_ID.fullmatch(message.follows) else ""
    named = "\r\n ".join(part for part in (message_id(message.thread, sender), follows) if part)
    answer = f"In-Reply-To: {follows}\r\n" if follows else ""
    return f"{answer}References: {named}\r\n".encode()


def _unsubscribe_fields(message: Outgoing, reply_to: Mailbox | None) -> bytes:
    """How to leave with one click (RFC 2369, 8058), if there is an address for that; https alone, as RFC 8058 asks."""
    link = message.links.get(LinkAction.UNSUBSCRIBE, "")
    if not _HTTPS.fullmatch(link):
        return b""
    ways = [f"<{link}>"]
    if reply_to is not None and reply_to.address.isascii():
        about = quote(f"unsubscribe {message.subscriber}".strip(), safe="", errors="replace")[:200]
        ways.append(f"<mailto:{quote(reply_to.address, safe='@')}?subject={about}>")
    said = ",\r\n ".join(ways)
    return f"List-Unsubscribe: {said}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()


def _field(name: str, value: str) -> bytes:
    """One unstructured header: folded when it is plain ASCII, else as encoded words."""
    return f"{name}: {_folded(name, value) or _encoded(name, value)}\r\n".encode("ascii")


def _folded(name: str, value: str) -> str | None:
    """Plain ASCII, folded at spaces; None when it must be encoded: `=?` would be decoded by the reader."""
    words = value.split(" ")
    if not _PRINTABLE.fullmatch(value) or "=?" in value or max(map(len, words)) > _LONGEST_WORD:
        return None
    lines, used = [words[0]], len(name) + 2 + len(words[0])
    for word in words[1:]:
        if used + 1 + len(word) > _WIDTH:
            lines.append(word)
            used = len(word) + 1
        else:
            lines[-1] += " " + word
            used += len(word) + 1
    return "\r\n ".join(lines)


def _encoded(name: str, value: str) -> str:
    """RFC 2047 encoded words in UTF-8, each of at most 75 octets, folded."""
    return Header(value, "utf-8", header_name=name, maxlinelen=_WIDTH).encode(linesep="\r\n")


def _mailbox_field(name: str, mailbox: Mailbox) -> bytes:
    """An address header; the address itself is never encoded, as RFC 2047 forbids it."""
    phrase = one_line(mailbox.name, _MAX_NAME)
    if not phrase:
        return f"{name}: {mailbox.address}\r\n".encode()
    if _PRINTABLE.fullmatch(phrase) and "=?" not in phrase:
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
    else:
        phrase = _encoded(name, phrase)
    return f"{name}: {phrase}\r\n <{mailbox.address}>\r\n".encode()


def _part(subtype: str, text: str) -> bytes:
    """A text part with its headers, in the shorter of quoted-printable and base64."""
    raw = _LINE_END.sub("\r\n", encodable(text)).encode()
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"  # also tells the encoder which line ends to make
    readable = re.sub(rb"\r?\n", b"\r\n", binascii.b2a_qp(raw, quotetabs=False, istext=True))
    rows = (raw[start : start + 57] for start in range(0, len(raw), 57))
    compact = b"".join(binascii.b2a_base64(row, newline=False) + b"\r\n" for row in rows)
    body, coding = (readable, b"quoted-printable") if len(readable) <= len(compact) else (compact, b"base64")
    head = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: %b\r\n\r\n' % (
        subtype.encode(),
        coding,
    )
    return head + body
