"""The polling half of the engine with a clock that the test moves: real store, real reader, a real host on loopback.

async with WebHost({"/feed": reply(body=RSS)}) as host, Beat(folder, host.url("/feed")) as beat:
    await beat.poll(); assert beat.wait() == timedelta(minutes=15)
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from monitor import config
from monitor.channels import make_channel
from monitor.engine.daemon import close, sync
from monitor.engine.health import Pulse
from monitor.engine.journal import Journal
from monitor.engine.local import LocalEngine
from monitor.engine.parts import Live, Parts
from monitor.feeds import FeedReader
from monitor.model import Alert, Feed, FeedCondition, FeedState
from monitor.net import Resolver
from monitor.store import open_store

RULES = "rules:\n  - {id: khmeimim, kind: base, title: Khmeimim, names: [Khmeimim]}\n"


def rss(*titles: str, head: str = "") -> bytes:
    """A document with an item for each title; the title is its guid."""
    items = "".join(f"<item><guid isPermaLink='false'>{title}</guid><title>{title}</title></item>" for title in titles)
    return f"<rss version='2.0'><channel><title>T</title>{head}{items}</channel></rss>".encode()


class Beat:
    """Feeds named f0, f1, … at these addresses; an operator with a Maildir."""

    def __init__(
        self,
        folder: Path,
        *urls: str,
        polling: str = "host_gap: 0s",
        fetch: str = "",
        more: str = "",
        extra: str = "",
        people: str = "",
        desk: str = "max_per_hour: 0, group_interval: 0s",
        stories: str = "enabled: false",
        http: str = "{enabled: false}",
        resolver: Resolver | None = None,
    ) -> None:
        self.folder, self.resolver = folder, resolver
        self.now = datetime.now(UTC)
        (folder / "rules.yaml").write_text(RULES)
        feeds = "\n".join(f"  - {{id: f{number}, url: '{url}'{more}}}" for number, url in enumerate(urls))
        self.file = folder / "monitor.yaml"
        self.file.write_text(
            "store: sqlite:///monitor.db\nrules: [rules.yaml]\n"
            + (f"feeds:\n{feeds}\n" if feeds else "")
            + f"channels: {{box: {{kind: maildir, path: box}}}}\nsubscribers: [{{id: desk, channels: [box], {desk}}}{people}]\n"
            f"stories: {{{stories}}}\noperator: [desk]\npolling: {{{polling}}}\nhttp: {http}\n"
            f"fetch: {{allow_private: ['127.0.0.0/8'], {fetch}}}\n{extra}"
        )

    async def __aenter__(self) -> Self:
        loaded = config.load(self.file, dict(os.environ))
        settings = loaded.settings
        store = open_store(settings.store, owner=True)
        await store.open()
        self.parts = Parts(
            worker="beat",
            live=Live(loaded=loaded),
            store=store,
            reader=FeedReader(settings.fetch, {}, resolver=self.resolver),
            channels={one.id: make_channel(one, settings.delivery) for one in settings.channels},
            journal=Journal(lambda: self.now.timestamp()),  # noqa: PLW0108 - `now` is another object each time
            clock=lambda: self.now,
            jitter=lambda: 0.5,
        )
        await sync(self.parts)
        self.engine = LocalEngine(self.parts, Pulse())
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self.parts)

    async def feed(self, number: int = 0) -> tuple[Feed, FeedState]:
        """A feed and what is known of it."""
        return (await self.parts.store.feed_states([f"f{number}"]))[0]

    async def poll(self, *, times: int = 1) -> FeedState:
        """Wait until the first feed is due, and poll it; so many times."""
        for _ in range(times):
            _, state = await self.feed()
            self.now = max(self.now, state.next_due)
            assert await self.engine.poll_due(only=("f0",)) == 1
            await self.engine.settle()
        return (await self.feed())[1]

    async def wait(self) -> timedelta:
        """How long until the next poll."""
        return (await self.feed())[1].next_due - self.now

    async def condition(self) -> FeedCondition:
        """How the first feed is."""
        return (await self.feed())[1].health.condition

    async def told(self) -> list[Alert]:
        """The notices so far, oldest first, after a sweep."""
        await self.engine.sweep()
        keys = [one.alert_key for one in await self.parts.store.deliveries(limit=1000)]
        alerts = await self.parts.store.alerts(keys)
        return sorted((one for one in alerts.values() if one.kind.value == "notice"), key=lambda one: one.created_at)

    def metric(self, name: str, **labels: str) -> float:
        """A counter of the journal."""
        return self.parts.journal.registry.get_sample_value(name, labels) or 0.0
