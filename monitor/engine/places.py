"""Places for work: so many polls get on at once, and those that only wait for a slow host stand aside. In-process.

    starts ──► in its place ──(no whole answer after `patience`)──► aside ──(the answer is there)──► in a place again ──► ends

A place bounds what costs memory and processor: documents that are parsed and recorded. A connection that waits costs some
kilobytes, so it need hold up nobody, also at the very first poll, when nobody knows which hosts are slow. Whose answer
has come is at work again, whether a place is free or not; nothing new starts until there is one. Of those that stand aside
there is a bound of its own; feeds that are known to hang get half of it, so that others find room.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from monitor.model import UNREACHED, FeedState

PATIENCE: Final = 0.5
"""Seconds in a place without a whole answer. Most answers of the world come sooner."""
MOST_ASIDE: Final = 400
"""Connections, each with an open file; most systems let a process have a thousand."""
_HANGS: Final = tuple(f"{kind}:" for kind in UNREACHED)


def hangs(state: FeedState) -> bool:
    """Whether the last poll ended in a way that may have taken long."""
    return (state.last_error or "").startswith(_HANGS)


class Places:
    """Counts who is at work and who stands aside. `freed` is called when somebody leaves a place."""

    def __init__(
        self, freed: Callable[[], None] = lambda: None, *, patience: float = PATIENCE, most_aside: int = MOST_ASIDE
    ) -> None:
        self.freed, self.patience, self.most_aside = freed, patience, most_aside
        self.taken = 0
        self.aside = 0

    def free(self, places: int) -> int:
        """How many may start, of so many places."""
        return max(0, places - self.taken) if self.aside < self.most_aside else 0

    def crowded(self) -> bool:
        """Whether there is no more room for those that are known to hang."""
        return self.aside >= self.most_aside // 2

    def take(self) -> "Place":
        """A place for one; it is taken while the block runs."""
        return Place(self)


class Place:
    """The place of one poll, in a `with` block inside the event loop."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._timer: asyncio.TimerHandle | None = None
        self._aside = False

    def __enter__(self) -> Self:
        self._places.taken += 1
        self._timer = asyncio.get_running_loop().call_later(self._places.patience, self._stand_aside)
        return self

    def answered(self) -> None:
        """The answer is there whole: from now on it is work."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._aside:
            self._aside = False
            self._places.aside -= 1
            self._places.taken += 1

    def _stand_aside(self) -> None:
        self._timer = None
        self._aside = True
        self._places.taken -= 1
        self._places.aside += 1
        self._places.freed()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answered()
        self._places.taken -= 1
        self._places.freed()
