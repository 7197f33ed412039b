"""Look into a store from a test: open it read-only, ask one thing, close it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from monitor import config
from monitor.store import open_store
from monitor.store.protocol import Store

T = TypeVar("T")


def opened(settings: Path, ask: Callable[[Store], Awaitable[T]]) -> T:
    """What the store of these settings answers."""

    async def run() -> T:
        store = open_store(config.load_settings(settings, dict(os.environ)).store, readonly=True)
        await store.open()
        try:
            return await ask(store)
        finally:
            await store.close()

    return asyncio.run(run())
