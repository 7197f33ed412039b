"""The Channel protocol: one way out.

Every implementation passes `tests/contract/test_channel.py`. A channel sends one message to one address and says what
came of it as a `SendResult`; it does not retry, wait, log or know the store. It raises nothing but `CancelledError`:
whatever the outside world does is a result. `SendResult.detail` never holds a secret.
"""

from typing import Protocol

from monitor.model import Format, Outgoing, SendResult


class Channel(Protocol):
    """One way out, as configured under `channels:`."""

    @property
    def id(self) -> str:
        """The id under `channels:`."""

    @property
    def format(self) -> Format:
        """What `Outgoing.content` must be."""

    @property
    def timeout(self) -> float:
        """The longest that one `send` may take, in seconds; leases are made from it."""

    @property
    def rate(self) -> tuple[float, int]:
        """Messages a second, and how many may go at once after a pause."""

    @property
    def at_once(self) -> int:
        """How many sends may run side by side. One where an answer such as 429 must hold back the next message."""

    async def send(self, message: Outgoing) -> SendResult:
        """Try once to send; say what came of it."""

    async def close(self) -> None:
        """Let go of connections. Safe to call twice."""
