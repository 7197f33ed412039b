"""Where the truth is kept: the Store protocol, and what stands behind it. One function chooses, by the settings."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.errors import StoreError
from monitor.settings import StoreSettings
from monitor.store.copying import Sum, copy
from monitor.store.crew_protocol import CrewStore
from monitor.store.protocol import Store
from monitor.store.sqlite import SqliteStore
from monitor.store.sqlite.connection import guard_version, version
from monitor.store.sqlite.connection import owner as _owner
from monitor.store.sqlite.dump import SqliteSource, SqliteTarget

if TYPE_CHECKING:
    from monitor.store.postgres.dump import PostgresSource, PostgresTarget

__all__ = ["SILENT", "copy_store", "driver", "is_owned", "open_shared", "open_store", "running"]

Progress = Callable[[str, int, int], None]
SILENT: Final = timedelta(seconds=20)
"""A worker that said nothing for so long is gone."""


def open_store(settings: StoreSettings, *, owner: bool = False, readonly: bool = False) -> Store:
    """The store of these settings, not opened yet. `owner`: for the one daemon of a store, which may start it anew; of
    one on a server there may be many.
    """
    if settings.shared:
        return open_shared(settings, owner=owner, readonly=readonly)
    return SqliteStore(
        settings.path, owner=owner, readonly=readonly, expect_existing=settings.expect_existing or not owner
    )


def open_shared(settings: StoreSettings, *, owner: bool = False, readonly: bool = False) -> CrewStore:
    """The store of these settings, which is on a server. Raises StoreError when its driver is not installed."""
    try:
        from monitor.store.postgres import PostgresStore  # noqa: PLC0415 - an extra that a single daemon need not have
    except ImportError as error:
        raise StoreError(
            f"{settings.shown} needs the driver of PostgreSQL: install monitor[cluster] ({error})"
        ) from error
    return PostgresStore(
        settings.url, readonly=readonly, migrate=owner, expect_existing=settings.expect_existing or not owner
    )


def is_owned(settings: StoreSettings) -> int | None:
    """The process of the daemon that runs on this file, or None."""
    return _owner(settings.path)


def running(settings: StoreSettings) -> str | None:
    """Who runs on this store, for people, or None. On a server that asks it. Raises StoreError."""
    if settings.shared:
        return asyncio.run(_crew(settings))
    pid = is_owned(settings)
    return None if pid is None else f"process {pid}"


async def _crew(settings: StoreSettings) -> str | None:
    store = open_shared(settings, owner=True)  # before anything reads it, somebody must have made it
    await store.open()
    try:
        workers = await store.workers(SILENT)
    finally:
        await store.close()
    return ", ".join(one.name for one in workers) or None


def copy_store(source: StoreSettings, target: StoreSettings, progress: Progress) -> dict[str, Sum]:
    """Copy a store that nobody works on to a new one; what was copied, by table. Raises StoreError, and keeps nothing
    then.
    """
    made = not target.shared and not target.path.exists()
    try:
        with contextlib.closing(_source(source)) as came, contextlib.closing(_target(target)) as goes:
            return copy(came, goes, progress)
    except BaseException:
        if made:
            for ending in ("", "-wal", "-shm"):
                target.path.with_name(target.path.name + ending).unlink(missing_ok=True)
        raise


def _source(settings: StoreSettings) -> "SqliteSource | PostgresSource":
    if not settings.shared:
        return SqliteSource(settings.path)
    from monitor.store.postgres import dump  # noqa: PLC0415 - as above

    return dump.source(settings.url)


def _target(settings: StoreSettings) -> "SqliteTarget | PostgresTarget":
    if not settings.shared:
        return SqliteTarget(settings.path)
    from monitor.store.postgres import dump  # noqa: PLC0415 - as above

    return dump.target(settings.url)


def driver() -> str:
    """What the store runs on, with its version. Raises StoreError when that is too old to be safe."""
    guard_version()
    return f"SQLite {version()} (pysqlite3)"
