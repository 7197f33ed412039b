"""`monitor silences`: mute a rule, story, feed, outlet or label for a while; see and end what is muted."""

import asyncio
import getpass
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from monitor.cli.opening import store_of
from monitor.config.values import duration
from monitor.model import Silence


@click.group()
def silences() -> None:
    """Mute something until a time, with an author and a reason. What is muted is recorded, not lost: see `monitor why`."""


@silences.command()
@click.option("--rule", metavar="ID", help="Hits of this rule.")
@click.option("--story", metavar="ID", help="Articles of this story, as `monitor why` shows it.")
@click.option("--feed", metavar="ID", help="Articles of this feed.")
@click.option("--outlet", metavar="NAME", help="Articles of this outlet.")
@click.option("--label", metavar="NAME=VALUE", help="Hits of rules with this label.")
@click.option("--subscriber", metavar="ID", help="For this subscriber only; for everybody if left out.")
@click.option("--for", "span", metavar="DURATION", default="24h", show_default=True, help="So long, from now.")
@click.option("--reason", default="", help="Why, for those who wonder.")
@click.option("--author", default=None, help="Who; your user name if left out.")
@click.pass_obj
def add(file: Path, /, **given: str | None) -> None:
    """Mute what is named; if several things are named, what all of them say."""
    silence = _silence(given, datetime.now(UTC))
    asyncio.run(_add(file, silence))
    click.echo(f"{silence.id}: {_scope(silence)} until {_at(silence.until)}")


def _silence(given: dict[str, str | None], now: datetime) -> Silence:
    scope = {name: given[name] for name in ("rule", "story", "feed", "outlet") if given[name]}
    label = given["label"]
    if label is not None and "=" not in label:
        raise click.BadParameter("write NAME=VALUE", param_hint="--label")
    if not scope and label is None:
        raise click.UsageError("name what is to be muted: --rule, --story, --feed, --outlet or --label")
    name, _, value = (label or "").partition("=")
    return Silence(
        id=secrets.token_hex(4),
        rule=scope.get("rule"),
        story=scope.get("story"),
        feed=scope.get("feed"),
        outlet=scope.get("outlet"),
        label=(name, value) if label is not None else None,
        subscriber=given["subscriber"],
        author=given["author"] or getpass.getuser(),
        reason=given["reason"] or "",
        since=now,
        until=now + _span(given["span"] or ""),
    )


def _span(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--for") from error


async def _add(file: Path, silence: Silence) -> None:
    async with store_of(file) as store:
        await store.add_silence(silence)


@silences.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over as well.")
@click.pass_obj
def list_(file: Path, *, everything: bool) -> None:
    """Show what is muted: what, for whom, until when, by whom and why."""
    found = asyncio.run(_list(file, everything=everything))
    if not found:
        click.echo("nothing is muted")
        return
    table = Table(header_style="bold")
    for name in ("id", "what", "for", "until", "author", "reason"):
        table.add_column(name)
    for one in found:
        row = (one.id, _scope(one), one.subscriber or "everybody", _at(one.until), one.author, one.reason)
        table.add_row(*row)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)


async def _list(file: Path, *, everything: bool) -> tuple[Silence, ...]:
    async with store_of(file, readonly=True) as store:
        return await store.silences(None if everything else datetime.now(UTC))


@silences.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def end(file: Path, id_: str) -> None:
    """End a silence now."""
    if not asyncio.run(_end(file, id_)):
        raise click.ClickException(f"no silence in force is called {id_}; `monitor silences list` shows all")
    click.echo(f"{id_} has ended")


async def _end(file: Path, id_: str) -> bool:
    async with store_of(file) as store:
        return await store.end_silence(id_, datetime.now(UTC))


def _scope(one: Silence) -> str:
    named = {"rule": one.rule, "story": one.story, "feed": one.feed, "outlet": one.outlet}
    said = [f"{name} {value}" for name, value in named.items() if value]
    if one.label:
        said.append(f"label {one.label[0]}={one.label[1]}")
    return ", ".join(said)


def _at(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
