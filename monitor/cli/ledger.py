"""`monitor ledger`: how every hit that a subscriber takes ended, and whether it comes out even."""

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from monitor import config
from monitor.settings import StoreSettings
from monitor.store import open_store
from monitor.store.alert_protocol import LedgerLine


@click.command()
@click.option("--subscriber", metavar="ID", help="Only this subscriber.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a subscriber.")
@click.pass_obj
def ledger(file: Path, *, subscriber: str | None, as_json: bool) -> None:
    """Count the hits of every subscriber from the rows themselves: taken = delivered + waiting + pending + dead +
    suppressed. The exit code is 1 if it does not come out even, which would be a fault of this program.
    """
    found = asyncio.run(_lines(config.load_settings(file, dict(os.environ)).store, subscriber))
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one) | {"even": one.even}))
    elif not found:
        click.echo("nobody has taken a hit yet")
    else:
        console = Console()
        (console if console.is_terminal else Console(width=160)).print(_table(found))
    odd = [one.subscriber_id for one in found if not one.even]
    if odd:
        raise click.ClickException(f"the ledger of {', '.join(odd)} does not come out even; please report this")


async def _lines(settings: StoreSettings, subscriber: str | None) -> tuple[LedgerLine, ...]:
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return await store.ledger(subscriber)
    finally:
        await store.close()


def _table(found: tuple[LedgerLine, ...]) -> Table:
    table = Table(header_style="bold")
    table.add_column("subscriber")
    for name in ("hits", "delivered", "waiting", "pending", "dead"):
        table.add_column(name, justify="right")
    table.add_column("suppressed")
    table.add_column("even")
    for one in found:
        numbers = (one.taken, one.delivered, one.waiting, one.pending, one.dead)
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(one.suppressed.items()))
        table.add_row(one.subscriber_id, *map(str, numbers), reasons or "0", "yes" if one.even else "NO")
    return table
