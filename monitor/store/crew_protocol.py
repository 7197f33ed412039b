"""What many workers on one store say to each other: who works, who has which post, whose turn it was, which settings
are in force.

A *post* is something that one worker does at a time: the hosts of a shard, the deliveries of a channel, the upkeep. It is
held under a lease with a fencing token, by the *store's* clock: those of workers may differ. A worker that did not renew
a post in time has lost it and learns so at the next call.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from monitor.store.protocol import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that works on the store, as it last said."""

    name: str
    version: str
    """Of the program."""
    address: str
    """Where it serves health, empty if it does not."""
    started: datetime
    silent: timedelta
    """Since when it said nothing."""
    settings: int | None
    """The version of the settings that it works with; None for its own files."""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Something that one worker does at a time."""

    name: str
    worker: str | None
    token: int
    left: timedelta | None
    """Until the lease runs out; negative when it has; None when nobody has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Settings and rules that a worker published."""

    version: int
    hash: str
    files: bytes
    """As `config.bundle` packs them."""
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far behind the whole is."""

    oldest_due: datetime | None
    """When the feed that waits longest for a poll was due; None when none waits."""
    feeds_due: int
    oldest_pending: datetime | None
    """When the oldest delivery that may be sent now was recorded."""
    oldest_waiting: datetime | None
    """When the subscriber who waits longest for a decision was due."""


@runtime_checkable
class CrewStore(Store, Protocol):
    """A store that many workers share."""

    async def beat(self, worker: Worker) -> None:
        """Say that this worker is there. Its `silent` is ignored."""

    async def workers(self, silent: timedelta) -> tuple[Worker, ...]:
        """Those that said something within this time, by name."""

    async def leave(self, worker: str) -> None:
        """Take a worker off the list and give back all of its posts."""

    async def take_posts(self, worker: str, names: Collection[str], lease: timedelta) -> Mapping[str, int]:
        """Take those posts that are free, or this worker's already; their fencing tokens. What another worker left
        under way at the feeds of a shard (`shard:N`) can be recorded no more, and those feeds are free; what it was
        sending by a channel (`channel:ID`) is pending again, with its outcome unknown.
        """

    async def renew_posts(self, worker: str, held: Mapping[str, int], lease: timedelta) -> frozenset[str]:
        """Hold posts for longer; those that are still this worker's."""

    async def leave_posts(self, worker: str, names: Collection[str]) -> None:
        """Give posts back."""

    async def posts(self) -> tuple[Post, ...]:
        """All posts that were ever taken, by name."""

    async def free_shards(self, now: datetime) -> tuple[int, ...]:
        """Shards that nobody has and that have a feed that is due."""

    async def win_slot(self, name: str, slot: int, worker: str) -> bool:
        """Whether this worker is the first to ask for this turn of something that is done once, whoever does it."""

    async def lag(self, now: datetime) -> Lag:
        """How far behind the whole is."""

    async def publish(self, hash: str, files: bytes, worker: str) -> int:  # noqa: A002 - what it is
        """Publish settings; their version. What was published before is the newest again."""

    async def published(self, version: int | None = None) -> Published | None:
        """That version, or the newest."""

    async def newest_settings(self) -> int | None:
        """The newest version, without its files."""

    async def was_published(self, hash: str) -> bool:  # noqa: A002 - what it is
        """Whether settings with this hash were published ever."""

    async def tidy(self, before: datetime) -> int:
        """Forget workers, turns and versions of settings from before, the newest version aside; how many rows."""

    def listen(self, heard: Callable[[str], Any]) -> None:
        """From a thread of its own, call this with what changed: the name of a table, or `reconnected` after the
        connection was lost and is there again. Ends with the store.
        """
