"""What parts of the store that have a module of their own need of it: reading and writing transactions."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from monitor.store.sql.values import Row

T = TypeVar("T")


class Transactions(Protocol):
    """What parts of the store need of it."""

    async def _write(self, work: Callable[[Row], T], *, urgent: bool = False) -> T: ...
    async def _read(self, work: Callable[[Row], T]) -> T: ...
