"""Each channel with a real sink behind it, under one interface, for the contract suite and its neighbours."""

import asyncio
import base64
import contextlib
import email
import ipaddress
import json
import mailbox
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

from monitor.channels import make_channel
from monitor.channels.email import EmailChannel
from monitor.channels.protocol import Channel
from monitor.model import MailContent, Outgoing, SendResult, Severity, SlackContent, WebhookContent
from monitor.settings import DeliverySettings, EmailSettings, MaildirSettings, Secret, SlackSettings, WebhookSettings
from support.mailhost import Certificates, Late, MailHost, Withhold
from support.slackhost import Answer, SlackHost

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
KEY = "ab" * 32
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PASSWORD = "canary-password-of-the-mailbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as the sink got it."""

    key: str
    title: str
    text: str
    html: str = ""


def mail(
    title: str = "Title", *, text: str = "Text.", key: str = KEY, address: str = "you@example.org", **others: Any
) -> Outgoing:
    """A message for a mail channel."""
    content = MailContent(subject=title, text=text, html=f"<p>{text}</p>")
    fields = {"severity": Severity.URGENT, "rules": ("khmeimim",), "created_at": AT} | others
    return Outgoing(key=key, address=address, content=content, **fields)


def post(title: str = "Title", *, text: str = "Text.", key: str = KEY) -> Outgoing:
    """A message for a Slack channel, with its key in the footer as the renderer writes it."""
    blocks = (
        {"type": "section", "text": {"type": "plain_text", "text": text}},
        {"type": "context", "elements": [{"type": "plain_text", "text": key}]},
    )
    return Outgoing(key=key, address="", content=SlackContent(text=title, blocks=blocks), severity=Severity.URGENT)


def read(raw: bytes) -> Received:
    """What a mail reader makes of the bytes."""
    parsed = email.message_from_bytes(raw, policy=policy.default)
    plain, rich = (part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in parsed.iter_parts())
    return Received(key=parsed["X-Alert-Key"], title=parsed["Subject"], text=plain.removesuffix("\n"), html=rich)


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def email_settings(server: MailHost, **others: Any) -> EmailSettings:
    """A channel to that host, with short patience."""
    fields: dict[str, Any] = {
        "id": "mail", "host": "localhost", "port": server.port, "sender": "Monitor <monitor@example.org>",
        "security": server.security, "timeout": timedelta(seconds=5),
    }  # fmt: skip
    return EmailSettings(**(fields | others))


def mail_channel(server: MailHost, *, final_timeout: float = 5.0, idle: float = 30.0, **others: Any) -> EmailChannel:
    """A channel to that host, with short patience."""
    return EmailChannel(email_settings(server, **others), final_timeout=final_timeout, idle=idle)


def send(channel: Channel, *messages: Outgoing) -> list[SendResult]:
    """Send one after the other on one loop, and close."""

    async def run() -> list[SendResult]:
        try:
            return [await channel.send(message) for message in messages]
        finally:
            await channel.close()

    return asyncio.run(run())


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Until it holds; fails the test when it does not in time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


def words(host: MailHost) -> list[str]:
    """The commands that the server got."""
    return [word for _, word in host.commands]


class MaildirRig:
    """A folder."""

    secure = False
    network = False
    secrets: tuple[str, ...] = ()
    message = staticmethod(mail)
    copies = 1
    """Messages that a reader sees when the same key is sent twice."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.path = folder / "box"

    def running(self) -> contextlib.AbstractContextManager[object]:
        return contextlib.nullcontext()

    def channel(self) -> Channel:
        return make_channel(MaildirSettings(id="way-out", path=self.path), DeliverySettings())

    def unreachable(self) -> Channel:
        blocker = self.path.parent / "file"
        blocker.touch()
        return make_channel(MaildirSettings(id="way-out", path=blocker / "box"), DeliverySettings())

    def received(self) -> list[Received]:
        box = mailbox.Maildir(self.path, create=False)
        return [read(box.get_bytes(name)) for name in box.keys()]  # noqa: SIM118 - a Maildir iterates over messages


class MailRig:
    """A mail server."""

    network = True
    security = "none"
    copies = 2
    message = staticmethod(mail)
    secrets = (PASSWORD,)

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.secure = self.security != "none"
        self.ca_file = folder / "ca.pem"
        certificates.write_ca(self.ca_file)
        self.host = MailHost(
            security=self.security, certificates=certificates if self.secure else None, accounts={"monitor": PASSWORD}
        )

    def running(self) -> contextlib.AbstractContextManager[object]:
        return self.host

    def channel(self, **others: Any) -> Channel:
        final = others.pop("final_timeout", 5.0)
        login = {"username": "monitor", "password": Secret(PASSWORD), "ca_file": self.ca_file, "id": "way-out"}
        return EmailChannel(email_settings(self.host, **(login | others)), final_timeout=final)

    def unreachable(self) -> Channel:
        return self.channel(port=free_port())

    def distrusting(self) -> Channel:
        return self.channel(ca_file=None)

    def impatient(self) -> Channel:
        return self.channel(final_timeout=0.3)

    def withhold(self) -> None:
        self.host.script("content", Withhold())

    def delay(self, seconds: float) -> None:
        self.host.script("content", Late(seconds))

    def refuse(self, kind: str) -> None:
        stage, reply = {
            "transient": ("rcpt", f"451 4.3.0 later {PASSWORD}"),
            "refused": ("rcpt", f"550 5.1.1 nobody {PASSWORD}"),
            "content": ("content", f"554 5.6.0 no {PASSWORD}"),
            "broken": ("mail", f"550 5.7.1 not you {PASSWORD}"),
        }[kind]
        self.host.script(stage, reply)

    def heal(self) -> None:
        self.host.unscript()

    def received(self) -> list[Received]:
        return [read(letter.raw) for letter in self.host.letters]


class StarttlsRig(MailRig):
    security = "starttls"


class TlsRig(MailRig):
    security = "tls"


class SlackRig:
    """A webhook."""

    network = True
    secure = False
    copies = 2
    message = staticmethod(post)
    secrets = ("T00000000", "B00000000", "CanarySecretOfTheWebhook")

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        self.ca_file = folder / "ca.pem"
        certificates.write_ca(self.ca_file)
        self.host = SlackHost(certificates=certificates if self.secure else None)

    def running(self) -> contextlib.AbstractContextManager[object]:
        return self.host

    def channel(self, *, timeout: float = 5.0, url: str = "", ca: bool = True, allowed: Any = LOOPBACK) -> Channel:
        return make_channel(
            SlackSettings(id="way-out", url=Secret(url or self.host.url), timeout=timedelta(seconds=timeout)),
            DeliverySettings(allow_private=allowed, ca_file=self.ca_file if ca else None),
        )

    def unreachable(self) -> Channel:
        return self.channel(url=self.host.url.replace(str(self.host.port), str(free_port())))

    def distrusting(self) -> Channel:
        return self.channel(ca=False)

    def impatient(self) -> Channel:
        return self.channel(timeout=0.3)

    def withhold(self) -> None:
        self.delay(60)

    def delay(self, seconds: float) -> None:
        self.host.script(Answer(after=seconds))

    def refuse(self, kind: str) -> None:
        status, body = {
            "transient": (500, "rollup_error"),
            "refused": (418, self.host.path),
            "content": (400, "invalid_blocks"),
            "broken": (404, f"no such address: {self.host.url}"),
        }[kind]
        self.host.script(Answer(status, body))

    def heal(self) -> None:
        self.host.unscript()

    def received(self) -> list[Received]:
        return [
            Received(
                key=request.json["blocks"][1]["elements"][0]["text"],
                title=request.json["text"],
                text=request.json["blocks"][0]["text"]["text"],
            )
            for request in self.host.requests
        ]


class SlackTlsRig(SlackRig):
    secure = True


WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"canary-secret-of-the-webhook").decode()


def event(title: str = "Title", *, text: str = "Text.", key: str = KEY) -> Outgoing:
    """A message for a webhook."""
    data = {"key": key, "title": title, "text": text, "severity": "urgent", "subscriber": "desk", "kind": "notice"}
    content = WebhookContent(type="alert.created", data=data | {"created_at": AT.isoformat()})
    return Outgoing(key=key, address="", content=content, severity=Severity.URGENT)


class WebhookRig(SlackRig):
    """A program that takes Standard Webhooks."""

    message = staticmethod(event)
    secrets = (*SlackRig.secrets, WEBHOOK_SECRET)

    def channel(self, *, timeout: float = 5.0, url: str = "", ca: bool = True, allowed: Any = LOOPBACK) -> Channel:
        address, patience = Secret(url or self.host.url), timedelta(seconds=timeout)
        settings = WebhookSettings(id="way-out", url=address, secrets=(Secret(WEBHOOK_SECRET),), timeout=patience)
        return make_channel(settings, DeliverySettings(allow_private=allowed, ca_file=self.ca_file if ca else None))

    def refuse(self, kind: str) -> None:
        status = {"transient": 503, "refused": 400, "content": 422, "broken": 410}[kind]
        self.host.script(Answer(status, self.host.url))

    def received(self) -> list[Received]:
        return [
            Received(
                key=request.headers["webhook-id"],
                title=request.json["data"]["title"],
                text=request.json["data"]["text"],
            )
            for request in self.host.requests
        ]


class WebhookTlsRig(WebhookRig):
    secure = True


BOT_TOKEN = "xoxb-canary-token-of-the-bot"
POSTED = Answer(200, '{"ok": true, "channel": "C1", "ts": "1700000000.000100"}')


class SlackBotRig(SlackRig):
    """Slack's Web API."""

    secrets = (BOT_TOKEN,)

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        super().__init__(folder, certificates)
        self.host = SlackHost(path="/api/", usual=POSTED)

    def channel(self, *, timeout: float = 5.0, url: str = "", ca: bool = True, allowed: Any = LOOPBACK) -> Channel:
        settings = SlackSettings(
            id="way-out",
            token=Secret(BOT_TOKEN),
            room="C1",
            api=url or self.host.url,
            timeout=timedelta(seconds=timeout),
        )
        return make_channel(settings, DeliverySettings(allow_private=allowed))

    def refuse(self, kind: str) -> None:
        word = {"transient": "ratelimited", "content": "invalid_blocks", "broken": "not_in_channel"}.get(kind)
        said = json.dumps({"ok": False, "error": word}) if word else BOT_TOKEN
        self.host.script(Answer(200 if word else 418, said))


RIGS = {
    "maildir": MaildirRig,
    "smtp": MailRig,
    "smtp-starttls": StarttlsRig,
    "smtp-tls": TlsRig,
    "slack": SlackRig,
    "slack-tls": SlackTlsRig,
    "slack-bot": SlackBotRig,
    "webhook": WebhookRig,
    "webhook-tls": WebhookTlsRig,
}
NETWORKED = [name for name, rig in RIGS.items() if rig.network]
SECURE = ["smtp-starttls", "smtp-tls", "slack-tls", "webhook-tls"]


@contextlib.contextmanager
def running(name: str, folder: Path, certificates: Certificates) -> Iterator[Any]:
    """The rig of that name, with its sink up."""
    rig = RIGS[name](folder, certificates)
    with rig.running():
        yield rig
