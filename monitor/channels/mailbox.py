"""Mail addresses: one mailbox, with or without a display name, checked before it reaches a command line or a header.

It exists because the parsers at hand are lenient: they take the first of two addresses, drop comments and let spaces
through, and each of those has carried somebody's extra command or recipient. Quoted local parts (`"a b"@x`) are
refused: nobody is alerted there, and they double what has to be right. Pure.
"""

import re
from dataclasses import dataclass

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
_LABEL = r"[A-Za-z0-9_\-\u0080-\U0010ffff]+"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z:.]+\])")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_MAX_LOCAL = 64
_MAX_PATH = 254
"""RFC 5321, 4.5.3.1: octets of a local part, and of a path without its angle brackets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One address that is safe on an SMTP command line and in a header."""

    local: str
    domain: str
    """In its ASCII form (`xn--…`) wherever that form says the same name."""
    name: str = ""
    """The display name, one line."""

    @property
    def address(self) -> str:
        """`local@domain`."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) can carry it."""
        return not self.address.isascii()

    @property
    def host(self) -> str:
        """The domain in ASCII, for Message-ID and List-Id; `localhost` where there is none."""
        return self.domain if self.domain.isascii() and not self.domain.startswith("[") else "localhost"


def parse_mailbox(text: str) -> Mailbox | None:
    """`local@domain` or `Name <local@domain>`; None when it is neither (RFC 5321, 4.1.2, without quoted local parts)."""
    text = text.strip()
    name = ""
    if named := _NAMED.fullmatch(text):
        name, text = named["name"].strip(), named["address"].strip()
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
    found = _ADDRESS.fullmatch(text)
    if found is None or not text.isprintable() or not name.isprintable():
        return None
    local, domain = found["local"], _ascii_domain(found["domain"])
    if len(local.encode()) > _MAX_LOCAL or len(f"{local}@{domain}".encode()) > _MAX_PATH:
        return None
    return Mailbox(local=local, domain=domain, name=name)


def _ascii_domain(domain: str) -> str:
    """The `xn--` form, where it leads back to the same name; otherwise the domain as it is.

    The standard codec is IDNA 2003: it would turn `straße.example` into another domain, and mail to strangers.
    """
    if domain.isascii():
        return domain
    try:
        coded = domain.encode("idna")
        same = coded.decode("idna") == domain.lower()
    except UnicodeError:
        return domain
    return coded.decode("ascii") if same else domain
