"""`monitor subscribers`: who is told, and how delivery to them goes."""

import asyncio
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor import config
from monitor.model import DeliveryState
from monitor.settings import StoreSettings
from monitor.store import open_store
from monitor.store.protocol import SubscriberState


@click.command()
@click.pass_obj
def subscribers(file: Path) -> None:
    """Show every subscriber: since when, the last alert, and how many deliveries are sent, pending and dead."""
    found = asyncio.run(_states(config.load_settings(file, dict(os.environ)).store))
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(_table(found))


async def _states(settings: StoreSettings) -> tuple[SubscriberState, ...]:
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return await store.subscriber_states()
    finally:
        await store.close()


def _table(found: Iterable[SubscriberState]) -> Table:
    table = Table(header_style="bold")
    for name in ("subscriber", "title", "since", "last alert", "last sent", "sent", "carried", "pending", "dead"):
        table.add_column(name)
    for one in found:
        counts = one.deliveries
        pending = sum(counts.get(state, 0) for state in (DeliveryState.PENDING, DeliveryState.LEASED))
        table.add_row(
            one.id if one.active else f"{one.id} (no longer in the settings)",
            Text(one.title),
            _at(one.since),
            _at(one.last_alert),
            _at(one.last_sent),
            str(counts.get(DeliveryState.SENT, 0)),
            str(counts.get(DeliveryState.CARRIED, 0)),
            str(pending),
            str(counts.get(DeliveryState.DEAD, 0)),
        )
    return table


def _at(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else "never"
