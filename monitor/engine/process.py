"""How a process that runs for long is set up: how often it looks for garbage.

Nothing here changes what the program does. It must not be used by commands that end at once, nor by tests of parts: it
changes the whole process.
"""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, like `asyncio.run`."""
    # Nearly nothing here is freed by the collector: what there is by now (modules, rules) lives as long as the process
    # and need not be looked through, and each poll makes a thousand small objects that go by themselves.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    return asyncio.run(main)
