"""One conversation with a mail server: open it, prove who we are, hand over letters one at a time.

It drives the commands of aiosmtplib one by one and never calls its `send` or `data`, because those cannot say whether
a failure came before or after the final dot, nor wait longer for that one answer (docs/decisions/0008-mail.md). Before
the dot a failure means "not sent"; after it, "perhaps sent". It decides nothing about trying again.
"""

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib

from monitor.channels.smtp_answers import Stage, refusal
from monitor.channels.words import detail, forms_of
from monitor.model import FailureReason, Outcome, SendResult
from monitor.settings import EmailSettings

_DRAIN_PAUSE = 0.02
_LINE_START_DOT = re.compile(rb"(?m)^\.")
_MECHANISM_REFUSED = 504
"""Unrecognised authentication type (RFC 4954, 4): the next mechanism may do."""
_CLOSING = 421
"""The server hangs up (RFC 5321, 3.8)."""
_Failure = aiosmtplib.SMTPException | OSError | ValueError
_FAILURES = (aiosmtplib.SMTPException, OSError, ValueError)
"""Whatever the library lets out: its own errors, TLS errors after STARTTLS, and refused command arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message for one recipient, ready for the wire."""

    sender: str
    recipient: str
    payload: bytes
    """With CR LF line ends, the last line ended, not yet dot-stuffed."""
    sender_utf8: bool = False
    recipient_utf8: bool = False


class _Client(aiosmtplib.SMTP):
    """The library's client, hanging up at once: its own `close` first sends the rest of a cancelled message, and then
    waits for the TLS farewell of a server that may be gone.
    """

    def close(self) -> None:
        """Drop the connection, whatever it is doing."""
        transport = self.transport
        super().close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


class SmtpSession:
    """One connection. Not for two sends at once; after a failure ask `alive` whether it may be used again."""

    def __init__(self, settings: EmailSettings, *, final_timeout: float) -> None:
        self._settings = settings
        self._timeout = settings.timeout.total_seconds()
        self._final_timeout = final_timeout
        password = settings.password.reveal() if settings.password else ""
        self._secrets = forms_of(password, f"\0{settings.username}\0{password}") if password else ()
        self._client = _Client(local_hostname="localhost")
        self._opened = False
        self._clean = True
        self._stage = Stage.CONNECT
        self.used = 0
        """Letters that were begun."""
        self.dot_sent = False
        """Whether the last letter was handed over whole, so that its outcome may be unknown."""

    @property
    def alive(self) -> bool:
        """Whether the connection is up and can carry another letter."""
        return self._opened and self._client.is_connected

    async def send(self, letter: Letter, *, until: float) -> SendResult:
        """Hand over one letter. `until` (loop time) bounds all but the answer to the final dot."""
        self.dot_sent = False
        self.used += 1
        try:
            async with asyncio.timeout_at(until):
                failed = await (self._renew() if self._opened else self._open()) or await self._begin(letter)
        except TimeoutError:
            self.abort()
            return self._result(Outcome.TRANSIENT, FailureReason.TIMEOUT, "took too long in all")
        return failed or await self._hand_over(letter.payload)

    def leave(self) -> None:
        """Say QUIT without waiting for the answer, and hang up."""
        protocol = self._client.protocol
        if protocol is not None and protocol.is_connected:
            protocol.write(b"QUIT\r\n")
        self.abort()

    async def quit(self, patience: float) -> None:
        """Say QUIT, wait `patience` seconds at most for the answer, and hang up."""
        with contextlib.suppress(*_FAILURES):  # it is over either way
            await self._client.quit(timeout=patience)
        self.abort()

    def abort(self) -> None:
        """Hang up at once: what is not on its way yet is dropped."""
        self._client.close()

    # ── Opening ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> SendResult | None:
        """Connect, greet, secure, log in. None when the way is open."""
        for step in (self._connect, self._hello, self._secure, self._login):
            if failed := await step():
                return failed
        self._opened = True
        return None

    async def _connect(self) -> SendResult | None:
        settings = self._settings
        context: ssl.SSLContext | None = None
        if settings.security != "none":
            try:
                context = await asyncio.to_thread(tls_context, settings.ca_file)
            except (OSError, ValueError) as error:
                return self._result(
                    Outcome.BROKEN, FailureReason.TLS_ERROR, f"ca_file {settings.ca_file}: {_words(error)}"
                )
        self._client = _Client(
            hostname=settings.host,
            port=settings.port,
            timeout=self._timeout,
            use_tls=settings.security == "tls",
            start_tls=False,  # done in `_secure`, where its failure has a name
            tls_context=context,
            local_hostname=settings.hello or "localhost",  # else the library asks the DNS, without a deadline
        )
        self._stage = Stage.CONNECT
        try:
            await self._client.connect()
        except _FAILURES as error:
            return self._failed(error)
        return None

    async def _hello(self) -> SendResult | None:
        self._stage = Stage.HELLO
        try:
            await self._client.ehlo(hostname=self._settings.hello or self._own_name())
        except _FAILURES as error:
            return self._failed(error)
        return None

    def _own_name(self) -> str:
        """This machine's name if it is a full one, else the address that it calls from (RFC 5321, 4.1.4)."""
        name = socket.gethostname()
        if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
            return name
        address = ipaddress.ip_address(str(self._client.get_transport_info("sockname")[0]).partition("%")[0])
        return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"  # noqa: PLR2004

    async def _secure(self) -> SendResult | None:
        if self._settings.security != "starttls":
            return None
        self._stage = Stage.STARTTLS
        if not self._client.supports_extension("starttls"):
            return self._result(
                Outcome.BROKEN,
                FailureReason.TLS_ERROR,
                "the server does not offer STARTTLS and mail is never sent in the clear instead; "
                "if the port speaks TLS from the start, set security: tls",
            )
        try:
            await self._client.starttls()
        except _FAILURES as error:
            return self._failed(error)
        return await self._hello()

    async def _login(self) -> SendResult | None:
        user, password = self._settings.username, self._settings.password
        if user is None or password is None:
            return None
        self._stage = Stage.LOGIN
        if self._settings.security == "none" and not self._is_loopback():
            return self._login_refused("the password is not sent over a connection that is not encrypted")
        offered = self._client.server_auth_methods
        mechanisms = {
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
            "cram-md5": self._client.auth_crammd5,
        }
        failed = self._login_refused(f"no way to log in that both sides know; offered: {' '.join(offered) or 'none'}")
        for mechanism in filter(offered.__contains__, mechanisms):
            try:
                await mechanisms[mechanism](user, password.reveal())
            except aiosmtplib.SMTPAuthenticationError as error:
                failed = self._failed(error)
                if error.code != _MECHANISM_REFUSED:  # a wrong password is not tried thrice: that locks accounts
                    return failed
            except _FAILURES as error:
                return self._failed(error)
            else:
                return None
        return failed

    def _login_refused(self, why: str) -> SendResult:
        return self._result(Outcome.BROKEN, FailureReason.AUTH_ERROR, why)

    def _is_loopback(self) -> bool:
        return ipaddress.ip_address(str(self._client.get_transport_info("peername")[0]).partition("%")[0]).is_loopback

    # ── One letter ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _renew(self) -> SendResult | None:
        """Clear what an earlier, failed letter left in the server's mind."""
        return None if self._clean else await self._ask(Stage.RESET, b"RSET")

    async def _begin(self, letter: Letter) -> SendResult | None:
        """Name sender and recipient and announce the text. None when the server waits for it."""
        self._clean = False
        size = len(letter.payload)
        allowed = self._client.esmtp_extensions.get("size", "")
        if allowed.isdecimal() and 0 < int(allowed) < size:
            self._stage = Stage.MAIL
            return self._result(
                Outcome.CONTENT, FailureReason.CLIENT_ERROR, f"{size} bytes, the server takes {allowed}"
            )
        options = [b"SIZE=%d" % size] if self._client.supports_extension("size") else []
        if letter.sender_utf8 or letter.recipient_utf8:
            if not self._client.supports_extension("smtputf8"):
                return self._no_utf8(letter)
            options += [b"BODY=8BITMIME", b"SMTPUTF8"]
        return (
            await self._ask(Stage.MAIL, b"MAIL", f"FROM:<{letter.sender}>".encode(), *options)
            or await self._ask(Stage.RCPT, b"RCPT", f"TO:<{letter.recipient}>".encode())
            or await self._ask(Stage.DATA, b"DATA")
        )

    def _no_utf8(self, letter: Letter) -> SendResult:
        """An address that this server cannot carry: the sender's breaks the channel, the recipient's only itself."""
        self._stage = Stage.MAIL if letter.sender_utf8 else Stage.RCPT
        outcome = Outcome.BROKEN if letter.sender_utf8 else Outcome.REFUSED
        return self._result(
            outcome, FailureReason.CLIENT_ERROR, "the address is not ASCII and the server does not offer SMTPUTF8"
        )

    async def _ask(self, stage: Stage, *words: bytes) -> SendResult | None:
        """Send one command; None when the server said what was hoped for."""
        self._stage = stage
        try:
            answer = await self._client.execute_command(*words)
        except _FAILURES as error:
            return self._failed(error)
        return refusal(stage, answer.code, answer.message, self._secrets)

    async def _hand_over(self, payload: bytes) -> SendResult:
        """Send the text and the final dot, and wait for the answer as long as RFC 5321, 4.5.3.2.6 asks."""
        self._stage = Stage.DATA
        protocol = self._client.protocol
        try:
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("Connection lost")
            protocol.write(_LINE_START_DOT.sub(b"..", payload))
            await asyncio.wait_for(self._drained(), self._timeout)
            protocol.write(b".\r\n")
        except _FAILURES as error:
            self.abort()
            return self._failed(error)
        self._stage = Stage.CONTENT
        self.dot_sent = True
        try:
            answer = await protocol.read_response(timeout=self._final_timeout)
        except _FAILURES as error:
            self.abort()
            late = isinstance(error, TimeoutError)
            return self._result(
                Outcome.UNKNOWN,
                FailureReason.TIMEOUT if late else FailureReason.PROTOCOL_ERROR,
                f"the whole message was handed over, but its answer was lost: {_words(error)}",
            )
        failed = refusal(Stage.CONTENT, answer.code, answer.message, self._secrets)
        if failed is not None:
            if answer.code == _CLOSING:
                self.abort()
            return failed
        self._clean = True
        return SendResult(
            outcome=Outcome.SENT, status=answer.code, detail=detail(f"{answer.code} {answer.message}", self._secrets)
        )

    async def _drained(self) -> None:
        """Until the text has left our buffer: a connection that breaks before that never saw the final dot."""
        transport = self._client.transport
        while isinstance(transport, asyncio.WriteTransport) and transport.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_PAUSE)  # the library has no event for it

    # ── Failures ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _result(self, outcome: Outcome, reason: FailureReason, why: str) -> SendResult:
        return SendResult(outcome=outcome, reason=reason, detail=detail(f"{self._stage}: {why}", self._secrets))

    def _failed(self, error: _Failure) -> SendResult:
        """What an error before the final dot comes to: never worse than "not sent"."""
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = f"the certificate of {self._settings.host} is not trusted: {cause.verify_message}"
                return self._result(Outcome.BROKEN, FailureReason.TLS_ERROR, why)
            if isinstance(cause, ssl.SSLError):
                return self._result(Outcome.TRANSIENT, FailureReason.TLS_ERROR, cause.reason or "TLS failed")
        if isinstance(error, aiosmtplib.SMTPResponseException):
            answered = refusal(self._stage, error.code, error.message, self._secrets) if error.code > 0 else None
            return answered or self._result(Outcome.TRANSIENT, FailureReason.PROTOCOL_ERROR, error.message)
        reason = FailureReason.PROTOCOL_ERROR
        if isinstance(error, OSError):
            reason = FailureReason.TIMEOUT if isinstance(error, TimeoutError) else FailureReason.CONNECT_ERROR
        return self._result(Outcome.TRANSIENT, reason, _words(error))


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates checked by chain and name; `ca_file` is trusted beside the system's own. Reads files: blocking.

    Raises:
        OSError, ValueError: when `ca_file` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it: the library wraps some TLS errors and lets others through."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _words(error: BaseException) -> str:
    """What an error says, or else its kind."""
    return str(error) or type(error).__name__
