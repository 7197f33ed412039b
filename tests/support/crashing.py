"""The real daemon, killed by itself at a named point: `python -m support.crashing --config FILE`.

The point comes by the environment: `store.record_poll before 3` is the third time that the flow is about to call
`record_poll`; `reader.poll after 1`, `channel.send before 2`; `inside FUNCTION 1` is the first return of a synchronous
function of the store, by its bare name: with it the process dies inside a transaction. The parts are the real ones, each
behind a proxy that counts; the daemon takes them through its factories.
"""

import asyncio
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from monitor import config
from monitor.channels import make_channel
from monitor.engine import log
from monitor.engine.daemon import Daemon, Factories
from monitor.feeds import FeedReader
from monitor.store import open_store

WHERE, WHEN, NUMBER = os.environ["CRASH_POINT"].split()
seen: Counter[tuple[str, str]] = Counter()


def here(where: str, when: str) -> None:
    """Die if this is the point."""
    if (where, when) == (WHERE, WHEN):
        seen[where, when] += 1
        if seen[where, when] == int(NUMBER):
            os.kill(os.getpid(), signal.SIGKILL)


class Proxy:
    """Passes every coroutine method on, and may die before or after it."""

    def __init__(self, name: str, inner: Any) -> None:
        self._name = name
        self._inner = inner

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._inner, attribute)
        if not asyncio.iscoroutinefunction(value):
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            here(f"{self._name}.{attribute}", "before")
            result = await value(*args, **kwargs)
            here(f"{self._name}.{attribute}", "after")
            return result

        return call


def profile(frame: FrameType, event: str, _argument: object) -> None:
    """Die when the named synchronous function of the store returns."""
    if event == "return" and frame.f_code.co_name == WHEN and "/store/" in frame.f_code.co_filename:
        here("inside", WHEN)


def main() -> None:
    file = Path(sys.argv[sys.argv.index("--config") + 1])
    if WHERE == "inside":
        threading.setprofile(profile)
    loaded = config.load(file, dict(os.environ))
    log.set_up(loaded.settings.log)
    factories = Factories(
        store=lambda settings: Proxy("store", open_store(settings, owner=True)),
        channel=lambda one, delivery: Proxy("channel", make_channel(one, delivery)),
        reader=lambda settings: Proxy("reader", FeedReader(settings.fetch, settings.outlet_titles())),
    )
    asyncio.run(Daemon(lambda: config.load(file, dict(os.environ)), factories=factories).run())


if __name__ == "__main__":
    main()
