"""The methods of the store that only read; what each does stands in `reading.py`. They need no more than `_read`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.model import Delivery, DeliveryState
from monitor.store.protocol import ArchivedArticle, Attempt, Figures, FoundArticle, HitFilter, StoredHit
from monitor.store.sql import reading
from monitor.store.sql.values import Row

T = TypeVar("T")


class Queries(ABC):
    """Reading, for whoever can run a function in a snapshot."""

    @abstractmethod
    async def _read(self, work: Callable[[Row], T]) -> T:
        """Run a function on a consistent snapshot."""

    async def hits(self, where: HitFilter) -> tuple[StoredHit, ...]:
        """Stored hits, newest first."""
        return await self._read(lambda db: reading.hits(db, where))

    async def search(self, text: str, limit: int = 20) -> tuple[FoundArticle, ...]:
        """Articles with all the words."""
        return await self._read(lambda db: reading.search(db, text, limit))

    async def archive(
        self, *, since: datetime | None = None, after: int = 0, limit: int = 500
    ) -> tuple[ArchivedArticle, ...]:
        """Articles as they were stored, oldest first."""
        return await self._read(lambda db: reading.archive(db, since, after, limit))

    async def deliveries(
        self, *, states: Sequence[DeliveryState] = (), channel: str | None = None, limit: int = 100
    ) -> tuple[Delivery, ...]:
        """Deliveries, newest first."""
        return await self._read(lambda db: reading.deliveries(db, states, channel, limit))

    async def attempts(self, delivery_id: int) -> tuple[Attempt, ...]:
        """All attempts of a delivery."""
        return await self._read(lambda db: reading.attempts(db, delivery_id))

    async def figures(self, now: datetime, grace: timedelta) -> Figures:
        """Numbers for health and metrics."""
        return await self._read(lambda db: reading.figures(db, now, grace))
