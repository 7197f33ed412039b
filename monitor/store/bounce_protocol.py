"""The part of the Store protocol for mail that came back after it had been sent. Apart from `store.protocol`, whose rules
hold here as well.
"""

from typing import Protocol


class BounceStore(Protocol):
    """Keeps what became of a delivery after it was sent."""

    async def record_bounce(self, key: str, detail: str) -> str | None:
        """Note with the delivery of this key that its message came back, and why; the address that it went to, or None if
        there is no such delivery. The delivery stays as it is: it was sent.
        """
