"""`monitor cluster`: the workers of one store, what each does, and how far behind the whole is."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from monitor import config
from monitor.config.values import shown_duration
from monitor.keys import SHARDS
from monitor.settings import StoreSettings
from monitor.store import SILENT, open_shared
from monitor.store.crew_protocol import Lag, Post, Worker

_SHARD: Final = "shard:"
_GONE: Final = timedelta(hours=1)
"""Workers that were lost within this time are shown."""
_LATE: Final = timedelta(minutes=5)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def cluster(file: Path, *, as_json: bool) -> None:
    """Show workers, the posts they hold, and how far behind the whole is.

    A post is what one worker does at a time: the hosts of a shard, a channel, the upkeep. Exits 1 when no worker is
    there, or when something has waited for more than five minutes.
    """
    settings = config.load_settings(file, dict(os.environ)).store
    if not settings.shared:
        raise click.ClickException(
            f"{settings.shown} is a file, which one daemon owns; many workers need store: postgresql://… (docs/cluster.md)"
        )
    now = datetime.now(UTC)
    workers, posts, lag = asyncio.run(_looked(settings, now))
    if as_json:
        click.echo(json.dumps(_plain(workers, posts, lag, now), ensure_ascii=False))
    else:
        console = Console()
        _show(console if console.is_terminal else Console(width=160), workers, posts, lag, now)
    late = [age for age in _ages(lag, now).values() if age is not None and age > _LATE.total_seconds()]
    if late or not any(one.silent < SILENT for one in workers):
        raise SystemExit(1)


async def _looked(settings: StoreSettings, now: datetime) -> tuple[Sequence[Worker], Sequence[Post], Lag]:
    store = open_shared(settings, readonly=True)
    await store.open()
    try:
        return await store.workers(_GONE), await store.posts(), await store.lag(now)
    finally:
        await store.close()


def _held(posts: Iterable[Post]) -> dict[str, list[str]]:
    """Names of posts by the worker that holds them now."""
    held: dict[str, list[str]] = {}
    for one in posts:
        if one.worker is not None and one.left is not None and one.left > timedelta():
            held.setdefault(one.worker, []).append(one.name)
    return held


def _ages(lag: Lag, now: datetime) -> dict[str, float | None]:
    """Seconds that the oldest has waited."""
    oldest = {"feed": lag.oldest_due, "subscriber": lag.oldest_waiting, "delivery": lag.oldest_pending}
    return {what: None if at is None else max(0.0, (now - at).total_seconds()) for what, at in oldest.items()}


def _plain(workers: Sequence[Worker], posts: Sequence[Post], lag: Lag, now: datetime) -> dict[str, Any]:
    held = _held(posts)
    return {
        "workers": [
            {
                "name": one.name,
                "version": one.version,
                "address": one.address,
                "started": one.started.isoformat(),
                "silent_seconds": one.silent.total_seconds(),
                "alive": one.silent < SILENT,
                "settings": one.settings,
                "shards": sum(name.startswith(_SHARD) for name in held.get(one.name, ())),
                "posts": sorted(name for name in held.get(one.name, ()) if not name.startswith(_SHARD)),
                **one.figures,
            }
            for one in workers
        ],
        "shards": {"all": SHARDS, "used": sum(one.name.startswith(_SHARD) for one in posts)}
        | dict(Counter("held" if one.name in _names(held) else "free" for one in posts if one.name.startswith(_SHARD))),
        "feeds_due": lag.feeds_due,
        "oldest_seconds": _ages(lag, now),
    }


def _names(held: dict[str, list[str]]) -> set[str]:
    return {name for names in held.values() for name in names}


def _show(console: Console, workers: Sequence[Worker], posts: Sequence[Post], lag: Lag, now: datetime) -> None:
    held = _held(posts)
    table = Table(box=None, pad_edge=False)
    for name in ("worker", "version", "settings", "heard of", "shards", "other posts", "polls", "address"):
        table.add_column(name, overflow="fold")
    for one in workers:
        mine = held.get(one.name, [])
        table.add_row(
            one.name,
            one.version,
            "own" if one.settings is None else str(one.settings),
            f"{one.silent.total_seconds():.0f} s ago" + ("" if one.silent < SILENT else ", lost"),
            str(sum(name.startswith(_SHARD) for name in mine)),
            ", ".join(sorted(name for name in mine if not name.startswith(_SHARD))) or "–",
            f"{one.figures.get('polls', 0):.0f}",
            one.address or "–",
        )
    console.print(table if workers else "no worker is there")
    used = [one for one in posts if one.name.startswith(_SHARD)]
    free = sum(one.name not in _names(held) for one in used)
    console.print(f"shards: {len(used)} of {SHARDS} have feeds; {free} of them are nobody's now")
    for what, age in _ages(lag, now).items():
        waits = (
            "none waits"
            if age is None
            else f"the oldest has waited for {shown_duration(timedelta(seconds=round(age)))}"
        )
        more = f" ({lag.feeds_due} are due)" if what == "feed" else ""
        console.print(f"{_WHAT[what]}: {waits}{more}")


_WHAT: Final = {
    "feed": "feeds that are due",
    "subscriber": "subscribers to decide for",
    "delivery": "deliveries that may be sent",
}
