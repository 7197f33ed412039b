"""`monitor deliveries` and `monitor send-test`: did it arrive, and would it."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor import alerting, config
from monitor.channels import make_channel
from monitor.engine.parts import utc_now
from monitor.keys import delivery_key
from monitor.model import ChannelState, Delivery, DeliveryState, Outcome, Outgoing, SendResult
from monitor.settings import Settings
from monitor.store import open_store
from monitor.store.protocol import Attempt, Store


@click.command()
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@click.option("--pending", is_flag=True, help="Only those that are still to be sent.")
@click.option("--channel", metavar="ID", help="Only those of this channel.")
@click.option("--attempts", "of", type=int, metavar="ID", help="Show every attempt of one delivery.")
@click.option("--requeue", multiple=True, type=int, metavar="ID", help="Try a dead delivery again, with the same key.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.pass_obj
def deliveries(
    file: Path, *, dead: bool, pending: bool, channel: str | None, of: int | None, requeue: tuple[int, ...], limit: int
) -> None:
    """Show deliveries, newest first, with their state; or try dead ones again."""
    settings = config.load_settings(file, dict(os.environ))
    if requeue:
        count = asyncio.run(_requeue(settings, requeue))
        click.echo(f"{count} of {len(requeue)} pending again")
        if count != len(requeue):
            raise click.ClickException("the others are not dead; only dead deliveries can be tried again")
        return
    if of is not None:
        Console().print(_attempts_table(asyncio.run(_attempts(settings, of))))
        return
    states = [DeliveryState.DEAD] if dead else []
    if pending:
        states += [DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.UNKNOWN]
    found = asyncio.run(_deliveries(settings, states, channel, limit))
    if not found:
        click.echo("no deliveries" if not dead else "no dead deliveries")
        return
    console = Console()
    (console if console.is_terminal else Console(width=180)).print(_table(found))


async def _opened(settings: Settings, *, readonly: bool) -> Store:
    store = open_store(settings.store, readonly=readonly)
    await store.open()
    return store


async def _requeue(settings: Settings, ids: tuple[int, ...]) -> int:
    store = await _opened(settings, readonly=False)
    try:
        return await store.requeue(ids, utc_now())
    finally:
        await store.close()


async def _attempts(settings: Settings, delivery: int) -> tuple[Attempt, ...]:
    store = await _opened(settings, readonly=True)
    try:
        return await store.attempts(delivery)
    finally:
        await store.close()


async def _deliveries(
    settings: Settings, states: list[DeliveryState], channel: str | None, limit: int
) -> tuple[Delivery, ...]:
    store = await _opened(settings, readonly=True)
    try:
        return await store.deliveries(states=states, channel=channel, limit=limit)
    finally:
        await store.close()


def _table(found: Iterable[Delivery]) -> Table:
    table = Table(header_style="bold")
    for name in ("id", "created", "subscriber", "channel", "to", "state", "attempts", "next or sent", "last error"):
        table.add_column(name)
    for one in found:
        at = one.sent_at or one.next_attempt
        state = one.state.value if one.carried_by is None else f"carried by {one.carried_by}"
        table.add_row(
            str(one.id),
            f"{one.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
            one.subscriber_id,
            one.channel,
            one.address,
            Text(state, style="bold red" if one.state is DeliveryState.DEAD else "default"),
            f"{one.attempts}" + (f" ({one.unknowns} unknown)" if one.unknowns else ""),
            f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else "",
            Text(one.last_error or ""),
        )
    return table


def _attempts_table(found: Iterable[Attempt]) -> Table:
    table = Table(header_style="bold")
    for name in ("attempt", "started", "ended", "outcome", "reason", "status", "detail"):
        table.add_column(name)
    for one in found:
        table.add_row(
            str(one.number),
            f"{one.started_at.astimezone():%Y-%m-%d %H:%M:%S}",
            f"{one.finished_at.astimezone():%H:%M:%S}" if one.finished_at else "",
            one.outcome or "under way",
            one.reason or "",
            str(one.status or ""),
            Text(one.detail),
        )
    return table


@click.command("send-test")
@click.argument("channel")
@click.option("--to", "address", default="", help="The mail address to send to; for e-mail channels.")
@click.pass_obj
def send_test(file: Path, *, channel: str, address: str) -> None:
    """Send a test alert through CHANNEL now and say what came of it. Exits 1 if it was not accepted."""
    settings = config.load_settings(file, dict(os.environ))
    chosen = next((one for one in settings.channels if one.id == channel), None)
    if chosen is None:
        names = ", ".join(one.id for one in settings.channels)
        raise click.UsageError(f"no channel is called {channel}; there are: {names or 'none'}")
    addresses = [address] if address else _addresses(settings, channel)
    for to in addresses:
        result = asyncio.run(_send(settings, channel, to))
        click.echo(f"{channel}{' to ' + to if to else ''}: {result.outcome.value}{_detail(result)}")
        if result.outcome is not Outcome.SENT:
            raise SystemExit(1)


def _addresses(settings: Settings, channel: str) -> list[str]:
    """Where the subscribers of the settings get their alerts on this channel."""
    found = {one.address for some in settings.subscribers for one in some.recipients if one.channel == channel}
    if not found:
        kind = next(one.kind for one in settings.channels if one.id == channel)
        if kind == "email":
            raise click.UsageError("no subscriber uses this channel; say whom to send to with --to ADDRESS")
        return [""]
    return sorted(found)


def _detail(result: SendResult) -> str:
    return f" ({result.detail})" if result.detail else ""


async def _send(settings: Settings, name: str, address: str) -> SendResult:
    chosen = next(one for one in settings.channels if one.id == name)
    channel = make_channel(chosen, settings.delivery)
    now = utc_now()
    alert = alerting.test_alert(subscriber_id="send-test", now=now, window=now.isoformat())
    message = Outgoing(
        key=delivery_key(alert=alert.key, channel=name, address=address),
        address=address,
        content=alerting.render(alert, channel.format, plain=False, now=now),
        severity=alert.severity,
        created_at=now,
    )
    try:
        result = await channel.send(message)
    finally:
        await channel.close()
    if result.outcome is Outcome.SENT and settings.store.expected:
        await _mended(settings, name)
    return result


async def _mended(settings: Settings, name: str) -> None:
    """A channel that was out of order works again: the running daemon takes this over at its next sweep."""
    store = await _opened(settings, readonly=False)
    try:
        state = (await store.channel_states()).get(name)
        if state is not None and state.broken:
            await store.record_channel(ChannelState(channel=name))
            click.echo(f"{name} was marked as broken; it is mended now, and its deliveries go on")
    finally:
        await store.close()
