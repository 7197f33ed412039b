"""`monitor db copy`: a running installation from one database to another, checked row by row."""

import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from monitor.config.values import store_url
from monitor.settings import StoreSettings
from monitor.store import copy_store, running
from monitor.store.copying import Sum


@click.group()
def db() -> None:
    """The database itself: move it."""


@db.command()
@click.option("--from", "source", required=True, metavar="URL", help="sqlite:///PATH or postgresql://…")
@click.option("--to", "target", required=True, metavar="URL", help="A new, empty store.")
def copy(source: str, target: str) -> None:
    """Copy everything to a new store, with leases and times as they are, so that nothing is told twice.

    Stop the daemon, or all workers, first. Each table is read again afterwards: the rows and checksums of both sides
    must be the same, or nothing is kept. Relative paths are relative to the folder this is called in.
    """
    came, goes = _settings("--from", source), _settings("--to", target)
    if came.url == goes.url or (not came.shared and not goes.shared and came.path == goes.path):
        raise click.UsageError("--from and --to name the same store")
    if not came.expected:
        raise click.ClickException(f"there is no store at {came.shown}")
    for one in (came, goes):
        who = running(one) if one.expected else None
        if who is not None:
            raise click.ClickException(f"{one.shown} is in use ({who}); stop the daemon first")
    console = Console(stderr=True)
    with _bar(console) as bar:
        tasks: dict[str, int] = {}

        def progress(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = int(bar.add_task(table, total=max(1, total)))
            bar.update(tasks[table], completed=done if total else 1)  # type: ignore[arg-type]

        began = time.monotonic()
        sums = copy_store(came, goes, progress)
    out = Console()
    (out if out.is_terminal else Console(width=120)).print(_table(sums))
    rows = sum(one.rows for one in sums.values())
    click.echo(f"{rows:,} rows copied to {goes.shown} and found the same there, in {time.monotonic() - began:.1f} s")


def _settings(option: str, url: str) -> StoreSettings:
    try:
        checked = store_url(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error
    path = Path("monitor") if not checked.startswith("sqlite:") else Path(checked.removeprefix("sqlite:///"))
    return StoreSettings(url=checked, path=path.absolute())


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _table(sums: dict[str, Sum]) -> Table:
    table = Table(header_style="bold")
    table.add_column("table")
    table.add_column("rows", justify="right")
    table.add_column("checksum", justify="right")
    for name, one in sums.items():
        table.add_row(name, f"{one.rows:,}", f"{one.checksum:016x}")
    return table
