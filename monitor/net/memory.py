"""How much of answers may be in memory at once, all requests together.

One answer has its own bound; a few hundred long ones under way at the same time would still fill the memory. Nobody waits
for room, since who waits for those that never end waits for ever: when there is no more, the longest answer under way is
given up. It is asked for again some other time, like any that failed.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from monitor.errors import RequestFailed
from monitor.model import FetchErrorKind

MOST: Final = 32_000_000
"""Bytes of bodies as they came; several of the longest that one may be."""


class Memory:
    """Knows what is held."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.held = 0
        self.shares: set[Share] = set()

    def share(self, give_up: Callable[[RequestFailed], None]) -> "Share":
        """What one answer holds while a block runs. `give_up` ends it, if another needs the room."""
        return Share(self, give_up)


class Share:
    """What one answer holds."""

    def __init__(self, memory: Memory, give_up: Callable[[RequestFailed], None]) -> None:
        self._memory, self.give_up = memory, give_up
        self.size = 0

    def __enter__(self) -> Self:
        self._memory.shares.add(self)
        return self

    def grow(self, size: int) -> None:
        """So many bytes more are held."""
        self.size += size
        self._memory.held += size
        if self._memory.held > self._memory.most:
            longest = max(self._memory.shares, key=lambda share: share.size)
            detail = f"given up at {longest.size} bytes, since too many long answers came at once"
            longest.give_up(RequestFailed(FetchErrorKind.TOO_LARGE, detail, sent=True))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.shares.discard(self)
        self._memory.held -= self.size
