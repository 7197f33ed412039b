"""What the contracts of edges share."""

import asyncio

import pytest
from support import pghost
from support.storing import FEED, NOW, STORES


@pytest.fixture(params=sorted(STORES))
def contract(request, tmp_path):
    """Runs a coroutine function on an opened store with one feed that is due."""

    def run(test, **more):
        async def inner():
            store = STORES[request.param](tmp_path)
            await store.open()
            try:
                await store.sync_feeds([FEED], NOW, {"f": NOW})
                return await test(store, **more)
            finally:
                await store.close()
                if request.param == "postgres":
                    pghost.drop(store.url)

        return asyncio.run(inner())

    return run
