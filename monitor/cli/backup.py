"""`monitor backup`: a consistent copy of the store, while the daemon runs."""

import asyncio
import os
from pathlib import Path

import click

from monitor import config
from monitor.settings import StoreSettings
from monitor.store import open_store


@click.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(file: Path, *, target: Path) -> None:
    """Write a consistent, checked copy of the store to TARGET, a new file. The daemon may run meanwhile."""
    asyncio.run(_backup(config.load_settings(file, dict(os.environ)).store, target.absolute()))
    click.echo(f"{target}: {target.stat().st_size:,} bytes, checked")


async def _backup(settings: StoreSettings, target: Path) -> None:
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        await store.backup(target)
    finally:
        await store.close()
