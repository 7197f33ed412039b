"""`monitor subscribers`: who is told, and how delivery to them goes; adding, pausing and removing some at run time."""

import asyncio
import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor import alerting, config
from monitor.cli.opening import store_of
from monitor.model import Choices, DeliveryState, Person, PersonState, Stop
from monitor.settings import EmailSettings, Settings
from monitor.store.protocol import SubscriberState


@click.group(invoke_without_command=True)
@click.pass_context
def subscribers(context: click.Context) -> None:
    """Show every subscriber: since when, the last alert, and how many deliveries are sent, pending and dead; or add, pause
    and remove some at run time.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@subscribers.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a subscriber.")
@click.pass_obj
def list_(file: Path, *, as_json: bool = False) -> None:
    """Show every subscriber, those of the settings and those added at run time."""
    found = asyncio.run(_known(file))
    if as_json:
        for one in found:
            click.echo(json.dumps(_as_json(one), ensure_ascii=False))
        return
    console = Console()
    (console if console.is_terminal else Console(width=180)).print(_table(found))


@subscribers.command()
@click.argument("id_", metavar="ID")
@click.option("--channel", metavar="ID", help="A channel of the settings; its only one for mail if left out.")
@click.option(
    "--mail", "addresses", multiple=True, metavar="ADDRESS", help="A mail address; may be given several times."
)
@click.option("--title", help="A name for people.")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="A rule; every rule if none is named.")
@click.option("--kind", "kinds", multiple=True, help="Rules of a kind.")
@click.option(
    "--severity", default="routine", show_default=True, help="The least one, or an expression such as <flash."
)
@click.option("--cadence", default="now", show_default=True, help="now, hourly, daily at 08:00, or cron.")
@click.option("--timezone", default="UTC", show_default=True)
@click.option("--quiet-hours", "quiet", multiple=True, metavar="TIMES", help="Such as 22:00-07:00.")
@click.pass_obj
def add(file: Path, /, id_: str, channel: str | None, **given: Any) -> None:
    """Add a subscriber, or change one that was added; a running daemon takes it over within seconds."""
    loaded = config.load(file, dict(os.environ))
    person = Person(
        id=id_,
        title=given.pop("title") or id_,
        channel=_channel(loaded.settings, channel, given["addresses"]),
        since=datetime.now(UTC),
        **given,
    )
    _check(loaded, person)
    asyncio.run(_put(file, person))
    click.echo(f"{id_} is told of {', '.join((*person.rules, *person.kinds)) or 'every rule'}, {person.cadence}")


def _channel(settings: Settings, channel: str | None, addresses: tuple[str, ...]) -> str:
    """The channel that is meant. Raises UsageError."""
    mail = [one.id for one in settings.channels if isinstance(one, EmailSettings)]
    known = [one.id for one in settings.channels]
    if channel is None:
        if len(mail) != 1:
            raise click.UsageError(
                f"name the --channel, one of {', '.join(known) or 'none: the settings have no channel'}"
            )
        channel = mail[0]
    if channel not in known:
        raise click.UsageError(f"there is no channel {channel}; there are {', '.join(known) or 'none'}")
    if (channel in mail) is not bool(addresses):
        hint = "sends mail and needs --mail ADDRESS" if channel in mail else "takes no addresses; leave out --mail"
        raise click.UsageError(f"the channel {channel} {hint}")
    return channel


def _check(loaded: config.Loaded, person: Person) -> None:
    """Raises UsageError with what is wrong."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", person.id):
        raise click.UsageError("an id has small letters, digits, dots and hyphens: newsroom-2")
    if any(one.id == person.id for one in loaded.settings.subscribers):
        raise click.UsageError(f"{person.id} stands in the settings; change it there")
    for rule in person.rules:
        if rule not in loaded.index.rules:
            raise click.UsageError(f"there is no rule {rule}")
    for address in person.addresses:
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address):
            raise click.UsageError(f"{address!r} is no mail address")
    try:
        alerting.subscriber_of(person)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


async def _put(file: Path, person: Person) -> None:
    async with store_of(file) as store:
        await store.put_person(person)


@subscribers.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="Why, for those who wonder.")
@click.pass_obj
def pause(file: Path, id_: str, reason: str) -> None:
    """Tell somebody nothing until they are resumed. What they would have heard of is recorded as suppressed."""
    asyncio.run(_choose(file, id_, f"paused: {reason}" if reason else "paused"))
    click.echo(f"{id_} is paused")


@subscribers.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def resume(file: Path, id_: str) -> None:
    """Tell somebody again who was paused, who unsubscribed, or whose address bounced."""
    asyncio.run(_choose(file, id_, ""))
    click.echo(f"{id_} is told again")


async def _choose(file: Path, id_: str, paused: str) -> None:
    loaded = config.load_settings(file, dict(os.environ))
    async with store_of(file) as store:
        people = {one.id: one for one in await store.people()}
        settled = {one.id: one for one in loaded.subscribers}
        if id_ not in people and id_ not in settled:
            raise click.ClickException(f"there is no subscriber {id_}; `monitor subscribers list` shows all")
        now = datetime.now(UTC)
        chosen = (await store.choices()).get(id_) or Choices(subscriber_id=id_, at=now)
        await store.put_choices(replace(chosen, paused=paused, at=now))
        if not paused:
            own = settled[id_].recipients if id_ in settled else ()
            for address in (*people[id_].addresses,) if id_ in people else [one.address for one in own]:
                await store.resume_address(address)


@subscribers.command()
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="Why, for the record.")
@click.pass_obj
def remove(file: Path, id_: str, reason: str) -> None:
    """Remove somebody who was added at run time; what was sent to them is kept."""
    asyncio.run(_remove(file, id_, reason))
    click.echo(f"{id_} was removed")


async def _remove(file: Path, id_: str, reason: str) -> None:
    settled = {one.id for one in config.load_settings(file, dict(os.environ)).subscribers}
    async with store_of(file) as store:
        found = next((one for one in await store.people() if one.id == id_), None)
        if found is None:
            hint = "stands in the settings; remove it there" if id_ in settled else "was never added"
            raise click.ClickException(f"{id_} {hint}")
        await store.put_person(replace(found, state=PersonState.REMOVED, reason=reason))


class _Known(NamedTuple):
    """All that is known of somebody."""

    state: SubscriberState
    person: Person | None
    choices: Choices | None
    stops: tuple[Stop, ...]

    @property
    def status(self) -> str:
        """How they stand, in a few words."""
        if self.choices is not None and self.choices.paused:
            return self.choices.paused
        if self.person is not None and self.person.state is not PersonState.ACTIVE:
            return f"{self.person.state.value}{f': {self.person.reason}' if self.person.reason else ''}"
        if self.stops:
            return "; ".join(f"{one.address} {one.reason}" for one in self.stops)
        if not self.state.active:
            return "no longer in the settings" if self.person is None else "not seen by a daemon yet"
        return "active"


async def _known(file: Path) -> tuple[_Known, ...]:
    settled = {one.id: one for one in config.load_settings(file, dict(os.environ)).subscribers}
    async with store_of(file, readonly=True) as store:
        states = {one.id: one for one in await store.subscriber_states()}
        people = {one.id: one for one in await store.people()}
        choices, stopped = await store.choices(), await store.stopped()
    for person in people.values():
        states.setdefault(person.id, _unseen(person))
    found: list[_Known] = []
    for name, state in sorted(states.items()):
        addresses = [one.address for one in settled[name].recipients] if name in settled else []
        addresses += people[name].addresses if name in people else ()
        stops = tuple(stopped[one.lower()] for one in addresses if one.lower() in stopped)
        found.append(_Known(state, people.get(name), choices.get(name), stops))
    return tuple(found)


def _unseen(person: Person) -> SubscriberState:
    return SubscriberState(
        id=person.id,
        title=person.title,
        active=False,
        since=person.since,
        last_alert=None,
        last_sent=None,
        deliveries={},
    )


def _table(found: Iterable[_Known]) -> Table:
    table = Table(header_style="bold")
    for name in (
        "subscriber",
        "title",
        "status",
        "since",
        "last alert",
        "last sent",
        "sent",
        "carried",
        "pending",
        "dead",
    ):
        table.add_column(name)
    for known in found:
        one, counts = known.state, known.state.deliveries
        pending = sum(counts.get(state, 0) for state in (DeliveryState.PENDING, DeliveryState.LEASED))
        table.add_row(
            one.id,
            Text(one.title),
            Text(known.status),
            _at(one.since),
            _at(one.last_alert),
            _at(one.last_sent),
            str(counts.get(DeliveryState.SENT, 0)),
            str(counts.get(DeliveryState.CARRIED, 0)),
            str(pending),
            str(counts.get(DeliveryState.DEAD, 0)),
        )
    return table


def _as_json(known: _Known) -> dict[str, Any]:
    one = known.state
    return {
        "id": one.id,
        "title": one.title,
        "status": known.status,
        "added_at_run_time": known.person is not None,
        "since": one.since.isoformat(),
        "last_alert": one.last_alert.isoformat() if one.last_alert else None,
        "last_sent": one.last_sent.isoformat() if one.last_sent else None,
        "deliveries": {state.value: count for state, count in one.deliveries.items()},
        "without": list(known.choices.without) if known.choices else [],
    }


def _at(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else "never"
