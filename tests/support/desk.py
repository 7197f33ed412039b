"""The delivering half of the engine with a clock that the test moves: real store, real channels, real servers.

desk = Desk(folder, "channels: …", channel="mail", address="desk@example.org")
async with desk: await desk.alerts(500); await desk.run(timedelta(hours=6), step=5)
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from monitor import alerting, config, keys
from monitor.channels import make_channel
from monitor.engine.daemon import close
from monitor.engine.health import Pulse
from monitor.engine.journal import Journal
from monitor.engine.local import LocalEngine
from monitor.engine.parts import Live, Parts
from monitor.feeds import FeedReader
from monitor.keys import article_key
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    DeliveryState,
    Match,
    NewAlert,
    Severity,
    Span,
    Subscriber,
    Tier,
)
from monitor.store import open_store

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
RULES = "rules:\n  - {id: khmeimim, kind: base, title: Khmeimim air base, names: [Khmeimim], severity: urgent}\n"


def made_article(number: int, title: str | None = None) -> Article:
    """An article that names the base."""
    body = f"Report {number}: planes at the Khmeimim air base."
    guid = f"a{number}"
    return Article(
        key=article_key("f", guid=guid, url=None, title="", published=None),
        feed_id="f",
        guid=guid,
        url=f"https://news.example/{guid}",
        title=title or f"Report {number}",
        body=body,
        published=START,
    )


def made_match(article: Article, version: str) -> Match:
    """The match that the rule makes of it."""
    start = article.body.index("Khmeimim")
    span = Span(field="body", start=start, end=start + 8, text="Khmeimim", term="Khmeimim", tier=Tier.EXACT)
    return Match(
        rule_id="khmeimim",
        rule_version=version,
        severity=Severity.URGENT,
        score=None,
        clauses=("names",),
        spans=(span,),
    )


class Desk:
    """One subscriber, any channels, a virtual clock."""

    def __init__(
        self,
        folder: Path,
        channels: str,
        recipients: str,
        *,
        extra: str = "",
        more: str = "",
        rules: str = RULES,
        http: str = "{enabled: false}",
    ) -> None:
        self.now = START
        self.log: list[tuple[datetime, str]] = []
        (folder / "rules.yaml").write_text(rules)
        self.file = folder / "monitor.yaml"
        self.file.write_text(
            f"store: sqlite:///monitor.db\nstories: {{enabled: false}}\nrules: [rules.yaml]\nchannels:\n{channels}\n"
            f"subscribers:\n  - {{id: desk, channels: {recipients}, max_per_hour: 0, group_interval: 0s}}\n"
            + (f"  - {more}\n" if more else "")
            + f"delivery: {{allow_private: ['127.0.0.0/8']}}\nhttp: {http}\n{extra}"
        )
        self.loaded = config.load(self.file, dict(os.environ))
        self.made = 0

    async def __aenter__(self) -> Self:
        settings = self.loaded.settings
        store = open_store(settings.store, owner=True)
        await store.open()
        self.parts = Parts(
            worker="desk",
            live=Live(loaded=self.loaded),
            store=store,
            reader=FeedReader(settings.fetch, {}),
            channels={one.id: make_channel(one, settings.delivery) for one in settings.channels},
            journal=Journal(),
            clock=lambda: self.now,
            monotonic=lambda: self.now.timestamp(),  # noqa: PLW0108 - `now` is another object each time
            jitter=lambda: 0.5,
        )
        self.parts.live.people = self.loaded.settings.subscribers
        self.engine = LocalEngine(self.parts, Pulse())
        return self

    async def __aexit__(self, *_: object) -> None:
        await close(self.parts)

    async def alerts(self, count: int, title: str | None = None) -> None:
        """Raise so many alerts now."""
        for _ in range(count):
            article = made_article(self.made, title)
            self.made += 1
            for subscriber in self.loaded.settings.subscribers:
                assert await self.parts.store.record_alert(self.alert(article, subscriber), self.now)

    def alert(self, article: Article, subscriber: Subscriber) -> NewAlert:
        """The alert that tells a subscriber of an article which hits the rule."""
        rule = self.loaded.rules[0]
        key = keys.alert_key(subscriber=subscriber.id, rules=[rule.id], article=article.key, kind="article")
        match = made_match(article, rule.version)
        made = Alert(
            key=key,
            kind=AlertKind.ARTICLE,
            subscriber_id=subscriber.id,
            severity=match.severity,
            created_at=self.now,
            article=alerting.card_of(article, "F", self.now),
            reasons=(alerting.reason_of(article, match, rule),),
        )
        return NewAlert(alert=made, deliveries=alerting.deliveries_to(key, subscriber.recipients))

    async def run(
        self, span: timedelta, *, step: float = 1.0, each: Callable[[], object] | None = None, done: bool = True
    ) -> None:
        """Let time pass; with `done`, until nothing is left to send or the span is over."""
        end = self.now + span
        ticks = 0
        while self.now < end:
            if each is not None:
                each()
            if ticks % 10 == 0:
                await self.engine.sweep()
            while await self.engine.deliver_due():
                await self.engine.settle()
            await self.engine.settle()
            ticks += 1
            self.now += timedelta(seconds=step)
            if done and ticks % 10 == 0 and not await self.left():
                return

    async def left(self) -> int:
        """Deliveries that are not through."""
        states = (DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.UNKNOWN)
        return len(await self.parts.store.deliveries(states=states, limit=1))

    async def states(self) -> dict[str, int]:
        figures = await self.parts.store.figures(self.now, timedelta(minutes=5))
        return {state.value: count for state, count in figures.deliveries.items() if count}
