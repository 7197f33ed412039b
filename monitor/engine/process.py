"""How a process that runs for long stands: on which event loop, and how often it looks for garbage.

Nothing here changes what the program does. It must not be used by commands that end at once, nor by tests of parts: it
changes the whole process.
"""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LOOP: str
"""Which event loop `run` uses."""
_new_loop: Callable[[], asyncio.AbstractEventLoop]
try:
    import uvloop
except ImportError:  # an extra that is not asked for by default: docs/decisions/0012-transport.md
    _new_loop, LOOP = asyncio.new_event_loop, "asyncio"
else:
    _new_loop, LOOP = uvloop.new_event_loop, "uvloop"

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, like `asyncio.run`."""
    # Nearly nothing here is freed by the collector: what there is by now (modules, rules) lives as long as the process
    # and need not be looked through, and each poll makes a thousand small objects that go by themselves.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(main)
