"""Settings and rules that all workers share: a change on one reaches the others through the store.

    at start          files that nobody published yet are new: publish them; files that were published once and are not
                      the newest are old: take the newest from the store instead
    changed here      publish
    heard of others   take the newest over, whole or not at all

What is a worker's own (store, http, log, secrets) stays its own.
"""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

from monitor import config
from monitor.config import Loaded
from monitor.engine.journal import Journal
from monitor.errors import ConfigError
from monitor.store.crew_protocol import CrewStore

LoadPublished = Callable[[bytes], Loaded]


class Publishing:
    """The settings of one worker among many. `own` is the settings file of this worker."""

    def __init__(self, store: CrewStore, worker: str, load: LoadPublished, journal: Journal) -> None:
        self._store, self._worker, self._load, self._journal = store, worker, load, journal
        self.version: int | None = None
        """That is in force here."""
        self._hash = ""

    async def first(self, own: Loaded) -> Loaded:
        """What this worker starts with. Raises StoreError."""
        hash_, files = await self._packed(own)
        newest = await self._store.published()
        if newest is not None and newest.hash != hash_ and await self._store.was_published(hash_):
            taken = await self._taken(newest.version, newest.hash, newest.files, own)
            return taken or own
        if newest is None or newest.hash != hash_:
            self.version = await self._store.publish(hash_, files, self._worker)
            self._journal.note("published", version=self.version)
        else:
            self.version = newest.version
        self._hash = hash_
        return own

    async def changed(self, own: Loaded) -> None:
        """Files of this worker were changed and taken over here. Raises StoreError."""
        hash_, files = await self._packed(own)
        if hash_ != self._hash:
            self._hash = hash_
            self.version = await self._store.publish(hash_, files, self._worker)
            self._journal.note("published", version=self.version)

    async def heard(self, own: Loaded) -> Loaded | None:
        """The newest that others published; None when there is nothing new, or it is refused here. Raises StoreError."""
        if await self._store.newest_settings() == self.version:
            return None
        newest = await self._store.published()
        if newest is None:
            return None
        if newest.hash == self._hash:
            self.version = newest.version
            return None
        return await self._taken(newest.version, newest.hash, newest.files, own)

    async def _taken(self, version: int, hash_: str, files: bytes, own: Loaded) -> Loaded | None:
        # Once is enough to be told of a version that cannot be read here, by an older program perhaps.
        self.version, self._hash = version, hash_
        try:
            loaded = await asyncio.to_thread(self._load, files)
        except ConfigError as error:
            self._journal.refused(error.faults)
            return None
        mine = own.settings
        settings = dataclasses.replace(
            loaded.settings,
            file=mine.file,
            store=mine.store,
            http=mine.http,
            log=mine.log,
            watched=mine.watched,
            content=mine.content,
        )
        self._journal.note("taken_over", version=version)
        return dataclasses.replace(loaded, settings=settings)

    @staticmethod
    async def _packed(own: Loaded) -> tuple[str, bytes]:
        file: Path = own.settings.file
        return await asyncio.to_thread(config.pack, file, own.settings.content)
