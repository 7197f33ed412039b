"""From the entry of a mail channel to its settings for signing and for mail that comes back.

It stands beside `build`, which has the rest of the channel. Keys and passwords are read and judged here, once, so that a wrong one
is told with its place and never reaches a channel.
"""

from monitor.config.draft import Draft
from monitor.config.settings_file import EmailEntry
from monitor.settings import BounceSettings, DkimSettings, ImapSettings, Secret

_LEAST_BITS = 1024
"""RFC 8301, 3.2."""


def build_dkim(draft: Draft, name: str, entry: EmailEntry) -> DkimSettings | None:
    """How the channel signs; None when it does not, or when its file cannot be read."""
    if entry.dkim is None:
        return None
    where = draft.node("channels", name, "dkim", "key_file")
    key = draft.secret_file(where, entry.dkim.key_file)
    if key is None:
        return None
    key = "\n".join(line.strip() for line in key.strip().splitlines())
    if fault := _key_fault(key):
        draft.fault(where, f"channels.{name}.dkim.key_file: {fault}")
    domain = entry.dkim.domain or entry.sender.rpartition("@")[2].rstrip("> ")
    return DkimSettings(selector=entry.dkim.selector, domain=domain, key=Secret(key))


def _key_fault(key: str) -> str | None:
    """Why receivers would not take signatures by this key; None when they would. Says nothing of what the key is."""
    from dkim import crypto  # noqa: PLC0415 - the library is slow to import, and seldom needed

    try:
        bits = int(crypto.parse_pem_private_key(key.encode("ascii"))["modulus"]).bit_length()
    except (crypto.UnparsableKeyError, ValueError, LookupError, TypeError):
        return "expected an RSA key in PEM, as `openssl genrsa 2048` makes it; the file holds none"
    if bits < _LEAST_BITS:
        return f"the RSA key has {bits} bits; receivers take none below {_LEAST_BITS}, and 2048 is usual"
    return None


def build_bounces(draft: Draft, name: str, entry: EmailEntry) -> BounceSettings | None:
    """Where mail that comes back is found; None when nowhere is looked, or when there is a fault."""
    if entry.bounces is None:
        return None
    maildir, imap = entry.bounces.maildir, entry.bounces.imap
    if (maildir is None) == (imap is None):
        where = draft.node("channels", name, "bounces")
        draft.fault(where, f"channels.{name}.bounces: give either `maildir` or `imap`")
        return None
    if imap is None:
        return BounceSettings(maildir=draft.path(maildir or ""))
    password = draft.secret_file(draft.node("channels", name, "bounces", "imap", "password_file"), imap.password_file)
    if not (imap.username.isprintable() and (password or "").isprintable()):
        where = draft.node("channels", name, "bounces", "imap")
        draft.fault(where, f"channels.{name}.bounces.imap: the user name or the password has a line break in it")
    if not imap.folder.isascii():
        where = draft.node("channels", name, "bounces", "imap", "folder")
        draft.fault(where, f"channels.{name}.bounces.imap.folder: must be ASCII; write its name as the server does")
    return BounceSettings(
        imap=ImapSettings(
            host=imap.host,
            port=imap.port,
            username=imap.username,
            password=Secret(password or ""),
            folder=imap.folder,
        )
    )
