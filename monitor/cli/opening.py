"""A store for a command that changes something while a daemon may be at work on it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from monitor import config
from monitor.store import open_store
from monitor.store.protocol import Store


@asynccontextmanager
async def store_of(file: Path, *, readonly: bool = False) -> AsyncIterator[Store]:
    """The store that the settings name. Raises ConfigError, StoreError."""
    store = open_store(config.load_settings(file, dict(os.environ)).store, readonly=readonly)
    await store.open()
    try:
        yield store
    finally:
        await store.close()
