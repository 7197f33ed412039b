"""The part of the Store protocol for feeds in bulk: imported lists, which stand in no file, pages, due times.

The table of feeds is the schedule and the list at once: nothing of an imported feed is held in memory. A feed that the
settings name is theirs: an import leaves it alone, and `sync_feeds` leaves imported feeds alone. The rules of
`protocol.py` hold here too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.model import Feed, FeedCondition, FeedState

Spread = Callable[[list[str]], Mapping[str, datetime]]
Between = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter:
    """Which feeds to read; an absent field means any. In the order of their ids."""

    imported: bool | None = None
    """Only feeds that were imported, or only those of the settings."""
    ids: Sequence[str] = ()
    """Only feeds of these ids."""
    search: str = ""
    """A part of the id, the address or the title, small letters for large ones."""
    conditions: Sequence[FeedCondition] = ()
    polled: bool | None = None
    """Whether it was ever polled."""
    failing: bool = False
    """Only feeds whose last poll failed."""
    skip: int = 0
    limit: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """A part of the feeds that a filter chooses."""

    feeds: tuple[tuple[Feed, FeedState], ...]
    total: int
    """How many it chooses in all."""


class FeedLists(Protocol):
    """What a store does with many feeds at once."""

    async def import_feeds(self, feeds: Sequence[Feed], now: datetime, first_due: Mapping[str, datetime]) -> int:
        """Add feeds beside those of the settings, first due at `first_due[id]`; one whose id or address is polled
        already is left as it is. One that was forgotten is polled again, with its state. Returns how many were added.
        """

    async def forget_feeds(self, feed_ids: Sequence[str]) -> int:
        """Switch imported feeds off, with their articles kept. Returns how many were switched off."""

    async def feed_page(self, where: FeedFilter) -> FeedPage:
        """Feeds that are switched on, a page at a time."""

    async def make_due(self, feed_ids: Sequence[str] | None, now: datetime) -> int:
        """Set these feeds (None: all) due now. Returns how many there were."""

    async def hasten_feeds(self, by: timedelta, before: datetime) -> int:
        """Make feeds that are due before a time due so much sooner: the clock was set back. Returns how many."""

    async def respread(
        self,
        choose: Spread,
        between: Between,
        before: datetime | None = None,
        unreached_since: datetime | None = None,
    ) -> int:
        """Set the due times that `choose` has for feeds that are not leased and due `between`, or `before`, or whose
        hosts could not be reached at their last poll, since then; how many. It may be asked several times, for a part
        of them each.
        """
