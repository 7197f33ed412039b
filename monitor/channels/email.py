"""The mail channel: alerts by SMTP, one message for one recipient.

It keeps up to two connections and uses each for up to twenty letters, because opening one costs several round trips
and a login. What a failure means is said by `smtp_answers`, where it happened by `smtp_session`. It never tries a
letter twice, except when a connection that had been idle turned out to be gone before the letter was begun.
"""

import asyncio
import dataclasses
import re
from collections.abc import Callable

from monitor.channels.mailbox import parse_mailbox
from monitor.channels.mime import mail_bytes, message_id
from monitor.channels.smtp_session import Letter, SmtpSession
from monitor.channels.words import detail
from monitor.errors import ChannelError
from monitor.model import FailureReason, Format, MailContent, Outcome, Outgoing, SendResult
from monitor.settings import EmailSettings

_CONNECTIONS = 2
_LETTERS_PER_CONNECTION = 20
_COMMANDS_IN_ALL = 3
"""All that comes before the text may take so many times the timeout of one command."""
_QUIT_PATIENCE = 5.0
_HELLO = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Za-z:.]+\]")
_FINAL_TIMEOUT = 600.0
"""Seconds to wait for the answer after the final dot: less makes duplicates (RFC 5321, 4.5.3.2.6)."""


class EmailChannel:
    """Sends by SMTP. `final_timeout` and `idle` are in seconds; tests shorten them."""

    def __init__(self, settings: EmailSettings, *, final_timeout: float = _FINAL_TIMEOUT, idle: float = 30.0) -> None:
        """Check what can be checked without the server.

        Raises:
            ChannelError: when the sender, the reply address, the EHLO name or the kind of security is not one.
        """
        sender = parse_mailbox(settings.sender)
        if sender is None:
            raise ChannelError(f"channel {settings.id}: the sender {settings.sender!r} is not a mail address")
        self._reply_to = parse_mailbox(settings.reply_to) if settings.reply_to else None
        if settings.reply_to and self._reply_to is None:
            raise ChannelError(f"channel {settings.id}: reply_to {settings.reply_to!r} is not a mail address")
        if settings.hello and not _HELLO.fullmatch(settings.hello):
            raise ChannelError(f"channel {settings.id}: hello {settings.hello!r} is not a host name")
        if settings.security not in {"starttls", "tls", "none"}:
            raise ChannelError(f"channel {settings.id}: security is starttls, tls or none, not {settings.security!r}")
        self._settings = settings
        self._sender = sender
        envelope = parse_mailbox(settings.bounce_address) if settings.bounce_address else sender
        if envelope is None:
            raise ChannelError(
                f"channel {settings.id}: bounce_address {settings.bounce_address!r} is not a mail address"
            )
        self._envelope = envelope
        self._sign = _signer(settings)
        self._final_timeout = final_timeout
        self._idle = idle
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._free: list[tuple[SmtpSession, asyncio.TimerHandle]] = []
        self._closed = False

    @property
    def id(self) -> str:
        """The id under `channels:`."""
        return self._settings.id

    @property
    def format(self) -> Format:
        """Mail."""
        return Format.MAIL

    @property
    def timeout(self) -> float:
        """Waiting for a free connection, all commands, and the answer to the final dot; with a little air."""
        return self._patience + self._settings.timeout.total_seconds() + self._final_timeout + 10

    @property
    def at_once(self) -> int:
        """One a connection."""
        return _CONNECTIONS

    @property
    def rate(self) -> tuple[float, int]:
        """As configured."""
        return self._settings.rate, self._settings.burst

    @property
    def _patience(self) -> float:
        return _COMMANDS_IN_ALL * self._settings.timeout.total_seconds()

    async def send(self, message: Outgoing) -> SendResult:
        """Try once to hand the message to the mail server."""
        letter = await asyncio.to_thread(self._letter, message) if self._sign else self._letter(message)
        if isinstance(letter, SendResult):
            return letter
        until = asyncio.get_running_loop().time() + self._patience
        try:
            async with asyncio.timeout_at(until):
                await self._slots.acquire()
        except TimeoutError:
            return SendResult(
                outcome=Outcome.TRANSIENT, reason=FailureReason.TIMEOUT, detail="all connections are busy"
            )
        try:
            result = await self._deliver(letter, until)
        except Exception as error:  # noqa: BLE001 - the unit of work ends here: a fault of ours is recorded too
            why = detail(f"a fault of the mail channel: {type(error).__name__}")
            return SendResult(outcome=Outcome.UNKNOWN, reason=FailureReason.OTHER, detail=why)
        finally:
            self._slots.release()
        sent = result.outcome is Outcome.SENT
        return dataclasses.replace(result, reference=message_id(message.key, self._sender)) if sent else result

    async def close(self) -> None:
        """Say QUIT on every idle connection; those in use hang up when their letter is done."""
        self._closed = True
        free, self._free = self._free, []
        for _, timer in free:
            timer.cancel()
        await asyncio.gather(*(session.quit(_QUIT_PATIENCE) for session, _ in free))

    def _letter(self, message: Outgoing) -> Letter | SendResult:
        """The message for the wire, or why it can never be sent."""
        recipient = parse_mailbox(message.address)
        if recipient is None:
            why = detail(f"not a mail address: {message.address}")
            return SendResult(outcome=Outcome.REFUSED, reason=FailureReason.CLIENT_ERROR, detail=why)
        if not isinstance(message.content, MailContent):
            return SendResult(
                outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail="the content is not mail"
            )
        try:
            payload = mail_bytes(message, message.content, sender=self._sender, reply_to=self._reply_to)
            payload = self._sign(payload) if self._sign else payload
        except (TypeError, ValueError, AttributeError) as error:  # a value that the model does not allow
            why = f"the message cannot be written: {type(error).__name__}"
            return SendResult(outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail=why)
        return Letter(
            sender=self._envelope.address,
            recipient=recipient.address,
            payload=payload,
            sender_utf8=self._envelope.needs_utf8,
            recipient_utf8=recipient.needs_utf8,
        )

    async def _deliver(self, letter: Letter, until: float) -> SendResult:
        """Through an idle connection, or a new one if there is none or it turns out to be gone."""
        while (session := self._take()) is not None:
            result = await self._use(session, letter, until)
            if not self._was_gone(session, result):
                return result
        return await self._use(SmtpSession(self._settings, final_timeout=self._final_timeout), letter, until)

    def _take(self) -> SmtpSession | None:
        """An idle connection that is still up, as far as can be seen."""
        while self._free:
            session, timer = self._free.pop()
            timer.cancel()
            if session.alive:
                return session
            session.abort()
        return None

    @staticmethod
    def _was_gone(session: SmtpSession, result: SendResult) -> bool:
        """Whether a connection that had been idle failed before the text was sent: another one may be tried at once."""
        if session.dot_sent or session.alive or result.outcome is not Outcome.TRANSIENT:
            return False
        return result.reason is not FailureReason.TIMEOUT

    async def _use(self, session: SmtpSession, letter: Letter, until: float) -> SendResult:
        """One letter through one connection, which is kept, left or, on any trouble and on cancellation, cut."""
        finished = False
        try:
            result = await session.send(letter, until=until)
            finished = True
        finally:
            if not finished or not session.alive:
                session.abort()
            elif self._closed or session.used >= _LETTERS_PER_CONNECTION:
                session.leave()
            else:
                self._keep(session)
        return result

    def _keep(self, session: SmtpSession) -> None:
        """Hold a connection for the next letter, but not for long: servers cut idle ones."""
        timer = asyncio.get_running_loop().call_later(self._idle, self._expire, session)
        self._free.append((session, timer))

    def _expire(self, session: SmtpSession) -> None:
        """Nobody needed it."""
        self._free = [held for held in self._free if held[0] is not session]
        session.leave()


def _signer(settings: EmailSettings) -> Callable[[bytes], bytes] | None:
    """What signs a message, if the channel signs."""
    if settings.dkim is None:
        return None
    from monitor.channels.dkim_signing import Signer  # noqa: PLC0415 - the library is slow to import, and seldom needed

    return Signer(settings.dkim).sign
