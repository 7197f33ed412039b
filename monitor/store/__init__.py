"""Where the truth is kept: the Store protocol, and what stands behind it. One function chooses, by the settings."""

from monitor.settings import StoreSettings
from monitor.store.protocol import Store
from monitor.store.sqlite import SqliteStore
from monitor.store.sqlite.connection import guard_version, version
from monitor.store.sqlite.connection import owner as _owner

__all__ = ["driver", "is_owned", "open_store"]


def open_store(settings: StoreSettings, *, owner: bool = False, readonly: bool = False) -> Store:
    """The store of these settings, not opened yet. `owner`: for the one daemon of a store, which may start it anew."""
    return SqliteStore(
        settings.path, owner=owner, readonly=readonly, expect_existing=settings.expect_existing or not owner
    )


def is_owned(settings: StoreSettings) -> int | None:
    """The process of the daemon that runs on this store, or None."""
    return _owner(settings.path)


def driver() -> str:
    """What the store runs on, with its version. Raises StoreError when that is too old to be safe."""
    guard_version()
    return f"SQLite {version()} (pysqlite3)"
