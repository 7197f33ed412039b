"""A mail server on loopback that records what it accepts and misbehaves on order.

Real SMTP by aiosmtpd in a thread of its own, so that tests may await, block or run a daemon process beside it. By
default it accepts everything. Give it a script to refuse, delay, withhold or cut:

    with MailHost(security="starttls") as host:
        host.script("rcpt", "550 5.1.1 no such user", recipient="b@example.org")
        host.script("content", Withhold(), times=1)

Stages: `greeting`, `ehlo`, `starttls`, `auth`, `mail`, `rcpt`, `data` (the command) and `content` (after the final
dot). An answer is a reply line, `Late`, `Withhold` or `Drop`. After the dot, everything but a 4xx or 5xx line means
that the server has accepted the message.
"""

import asyncio
import contextlib
import re
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True, slots=True)
class Late:
    """Answer after so many seconds: with this line, or as if nothing had been ordered."""

    seconds: float
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Withhold:
    """Never answer; hold the connection."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the connection instead of answering."""


Reply = str | Late | Withhold | Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that the server accepted."""

    sender: str
    recipient: str
    raw: bytes
    """As it came, dots unstuffed, line ends untouched."""
    connection: int
    """Counts from 1."""
    tls: bool
    user: str | None
    options: tuple[str, ...]
    """Of MAIL FROM."""


@dataclass(slots=True, kw_only=True)
class _Order:
    stage: str
    reply: Reply
    recipient: str | None
    times: int | None


@dataclass(slots=True, kw_only=True)
class Certificates:
    """An authority of the test's own and a certificate for some names; make it once for many tests."""

    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    authority: trustme.CA = field(default_factory=trustme.CA)

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*self.names).configure_cert(context)
        return context

    def write_ca(self, path: Any) -> None:
        """The file that a client must trust."""
        self.authority.cert_pem.write_to_path(str(path))


class MailHost:
    """A running mail server; use it in a `with` block. `accounts` maps users to passwords."""

    def __init__(
        self,
        *,
        security: str = "none",
        certificates: Certificates | None = None,
        accounts: dict[str, str] | None = None,
        smtputf8: bool = True,
        size_limit: int = 2_000_000,
        hide: tuple[str, ...] = (),
        auth_in_clear: bool = False,
        address: str = "127.0.0.1",
    ) -> None:
        self.security = security
        self.certificates = certificates or (Certificates() if security != "none" else None)
        self.accounts = accounts or {}
        self.smtputf8 = smtputf8
        self.size_limit = size_limit
        self.hide = hide
        """EHLO keywords that are not offered."""
        self.auth_in_clear = auth_in_clear
        self.address = address
        """An address of this machine."""
        self.letters: list[Letter] = []
        self.commands: list[tuple[int, str]] = []
        """Connection and command word, in order."""
        self.hellos: list[str] = []
        self.connections = 0
        self.open = 0
        self.port = 0
        self._orders: list[_Order] = []
        self._sessions: set[_Dialogue] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def script(self, stage: str, reply: Reply, *, recipient: str | None = None, times: int | None = None) -> None:
        """Order an answer at a stage, for one recipient or all, so many times or always. The first order that fits counts."""
        self._orders.append(_Order(stage=stage, reply=reply, recipient=recipient, times=times))

    def unscript(self) -> None:
        """Behave again."""
        self._orders.clear()

    def keys(self) -> list[str]:
        """The X-Alert-Key of each letter."""
        return [re.search(rb"(?mi)^X-Alert-Key: (\S+)", letter.raw)[1].decode() for letter in self.letters]  # type: ignore[index]

    def cut_all(self) -> None:
        """Cut every open connection, as a server does that restarts; the port stays open."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> int:
        context = self.certificates.server_context() if self.certificates else None
        self._context = context if self.security == "starttls" else None
        self._server = await self._loop.create_server(
            lambda: _Dialogue(self, self._context), self.address, 0, ssl=context if self.security == "tls" else None
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def _cut(self) -> None:
        for session in tuple(self._sessions):
            session.cut()
        await asyncio.sleep(0.05)

    async def _stop(self) -> None:
        self._server.close()
        await self._cut()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    def _next(self, stage: str, recipient: str | None) -> Reply | None:
        for order in self._orders:
            if order.stage != stage or order.times == 0 or order.recipient not in {None, recipient}:
                continue
            if order.times is not None:
                order.times -= 1
            return order.reply
        return None


class _Recorder:
    """aiosmtpd's hooks: what follows the dot, and logins."""

    def __init__(self, host: MailHost) -> None:
        self.host = host

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        self.host.hellos.append(name)
        kept = [line for line in replies if line[4:].split(" ")[0] not in self.host.hide]
        return [line[:3] + ("-" if at < len(kept) - 1 else " ") + line[4:] for at, line in enumerate(kept)]

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        reply = self.host._next("content", envelope.rcpt_tos[0])
        line = reply if isinstance(reply, str) else getattr(reply, "reply", None) or "250 2.0.0 queued"
        if isinstance(reply, Late):
            self._accept(server, session, envelope, line)
            await asyncio.sleep(reply.seconds)
            return line
        self._accept(server, session, envelope, line)
        if isinstance(reply, Withhold):
            await asyncio.Event().wait()
        if isinstance(reply, Drop):
            server.cut()
            await asyncio.Event().wait()
        return line

    def _accept(self, server: Any, session: Session, envelope: Envelope, line: str) -> None:
        if line[0] in "45":
            return
        login = session.auth_data
        self.host.letters.extend(
            Letter(
                sender=envelope.mail_from or "",
                recipient=recipient,
                raw=envelope.original_content or b"",
                connection=server.number,
                tls=self.host.security == "tls" or session.ssl is not None,
                user=login.login.decode() if isinstance(login, LoginPassword) else None,
                options=tuple(envelope.mail_options),
            )
            for recipient in envelope.rcpt_tos
        )

    def authenticate(self, server: Any, session: Session, envelope: Envelope, mechanism: str, login: Any) -> AuthResult:
        right = self.host.accounts.get(login.login.decode()) == login.password.decode()
        return AuthResult(success=right, handled=False, auth_data=login)


class _Dialogue(SMTP):
    """One connection."""

    def __init__(self, host: MailHost, context: ssl.SSLContext | None) -> None:
        recorder = _Recorder(host)
        super().__init__(
            recorder,
            hostname="mailhost.test",
            enable_SMTPUTF8=host.smtputf8,
            data_size_limit=host.size_limit,
            tls_context=context,
            authenticator=recorder.authenticate,
            auth_require_tls=host.security == "starttls" and not host.auth_in_clear,
            loop=host._loop,
        )
        self.host = host
        self.number = 0
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.number:
            self.host.connections += 1
            self.host.open += 1
            self.number = self.host.connections
            self.host._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self.host._sessions:
            self.host._sessions.discard(self)
            self.host.open -= 1
        with contextlib.suppress(AttributeError):  # aiosmtpd asserts on a connection that is lost twice
            super().connection_lost(error)

    def cut(self) -> None:
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            if await self._ordered("greeting"):
                return
        await super().push(status)

    async def _ordered(self, stage: str, recipient: str | None = None) -> bool:
        """Do what the script says at this stage; False when the server shall go on as usual."""
        if stage != "greeting":
            self.host.commands.append((self.number, stage))
        reply = self.host._next(stage, recipient)
        if isinstance(reply, Late):
            await asyncio.sleep(reply.seconds)
            reply = reply.reply
        if isinstance(reply, Drop):
            self.cut()
            await asyncio.Event().wait()
        if isinstance(reply, Withhold):
            await asyncio.Event().wait()
        if isinstance(reply, str) and reply[0] in "45":
            await super().push(reply)
            if reply.startswith("421"):
                self.transport.close()
            return True
        return False

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._ordered("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._ordered("starttls"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._ordered("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._ordered("mail"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        found = re.search("<(.*)>", arg or "")
        if not await self._ordered("rcpt", found[1] if found else None):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._ordered("data"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        if not await self._ordered("rset"):
            await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._ordered("quit"):
            await super().smtp_QUIT(arg)
