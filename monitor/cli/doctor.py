"""`monitor doctor`: is everything there that a daemon needs, and in order? Each line says what to do when it is not."""

import asyncio
import importlib.metadata
import json
import locale
import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from monitor import config, store
from monitor.config.plain_yaml import AVAILABLE as HAS_LIBYAML
from monitor.errors import ConfigError, SchemaTooNew, StoreError
from monitor.feeds.languages import detect
from monitor.matching import native_available
from monitor.model import FeedKind
from monitor.settings import MaildirSettings, Settings, StoreSettings
from monitor.store.protocol import StoreCondition

_OLDEST_PYTHON = (3, 11)
_LOW_SPACE = 1_000_000_000
_NO_SPACE = 100_000_000
_LARGE = 1_000_000_000
_FEW_FILES = 1024
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""


_ENGLISH = "The minister arrived in Damascus on Monday for talks about the future of the port and the air base."


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILURE: "red"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    what: str
    state: State
    found: str
    cure: str = ""
    """What to do; empty when nothing needs to be done."""


@click.command()
@click.option("--deep", is_flag=True, help="Read the whole store for damage even when it is larger than 1 GB.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def doctor(file: Path, *, deep: bool, as_json: bool) -> None:
    """Look at all that a daemon needs: what runs, settings, rules, store, folders, clock. Exits 1 on a failure.

    Nothing is changed, and no other machine is asked.
    """
    failed = False
    for line in _lines(file, deep=deep):
        failed = failed or line.state is State.FAILURE
        if as_json:
            click.echo(json.dumps(asdict(line), ensure_ascii=False))
            continue
        click.echo(f"{click.style(f'{line.state:<8}', fg=_COLOURS[line.state])}{line.what}: {line.found}")
        if line.cure:
            click.echo(f"        → {line.cure}")
    if failed:
        sys.exit(1)


def _lines(file: Path, *, deep: bool) -> Iterator[Line]:
    yield from _programs()
    yield from _machine()
    try:
        settings = config.load_settings(file, dict(os.environ))
    except ConfigError as error:
        yield Line("settings", State.FAILURE, _first(error), "monitor check lists every mistake with its place")
        return
    yield Line("settings", State.OK, str(settings.file))
    yield _rules(file)
    yield from _store(settings.store, deep=deep)
    yield from _folders(settings)


def _first(error: ConfigError) -> str:
    more = len(error.faults) - 1
    fault = error.faults[0]
    place = ":".join(str(part) for part in (fault.file, fault.line) if part is not None)
    return f"{place}: {fault.message}{f' (and {more} more)' if more else ''}"


# what runs


def _programs() -> Iterator[Line]:
    version = f"{platform.python_implementation()} {platform.python_version()}, monitor {importlib.metadata.version('monitor')}"
    old = sys.version_info < _OLDEST_PYTHON
    yield Line("python", State.FAILURE if old else State.OK, version, "install Python 3.11 or newer" if old else "")
    try:
        yield Line("database", State.OK, store.driver())
    except StoreError as error:
        yield Line("database", State.FAILURE, str(error), "make install takes the version of the lock file")
    native = native_available()
    yield Line(
        "rule index",
        State.OK if native else State.WARNING,
        "native" if native else "Python: right, and many times slower",
        "" if native else "install with a C compiler at hand, or take the container image",
    )
    yield Line(
        "rule files",
        State.OK if HAS_LIBYAML else State.WARNING,
        "read by libyaml" if HAS_LIBYAML else "read by Python alone: ten times slower",
        "" if HAS_LIBYAML else "install a PyYAML that has libyaml, such as its wheel",
    )
    told = detect(_ENGLISH) == "en"
    yield Line(
        "languages",
        State.OK if told else State.FAILURE,
        "told by the shipped model" if told else "the shipped model takes English for something else",
        "" if told else "install anew: the package is damaged",
    )


def _machine() -> Iterator[Line]:
    encoding = locale.getpreferredencoding(do_setlocale=False).lower().replace("-", "")
    good = encoding == "utf8"
    yield Line(
        "text", State.OK if good else State.WARNING, encoding, "" if good else "set PYTHONUTF8=1 or a UTF-8 locale"
    )
    now = datetime.now(UTC)
    if now < _EPOCH:
        yield Line("clock", State.FAILURE, f"{now:%Y-%m-%d %H:%M} UTC", "set the clock: leases and days depend on it")
    else:
        yield Line("clock", State.OK, f"{now:%Y-%m-%d %H:%M} UTC, shown in {now.astimezone():%Z}")
    try:
        ZoneInfo("Europe/Berlin")
        yield Line("time zones", State.OK, "known")
    except ZoneInfoNotFoundError:
        yield Line("time zones", State.FAILURE, "not known", "install the Python package tzdata")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    few = 0 <= files < _FEW_FILES
    yield Line("open files", State.WARNING if few else State.OK, f"at most {files}", "ulimit -n 4096" if few else "")


# what people wrote


def _rules(file: Path) -> Line:
    try:
        loaded = config.load(file, dict(os.environ))
    except ConfigError as error:
        return Line("rules", State.FAILURE, _first(error), "monitor check lists every mistake with its place")
    counts = (
        f"{len(loaded.rules)} rules, {len(loaded.settings.feeds)} feeds, {len(loaded.settings.subscribers)} subscribers"
    )
    if loaded.warnings:
        return Line("rules", State.WARNING, f"{counts}; {loaded.warnings[0]}", "monitor check shows all warnings")
    return Line("rules", State.OK, counts)


# where the truth is kept


def _store(settings: StoreSettings, *, deep: bool) -> Iterator[Line]:
    try:
        who = store.running(settings)
    except StoreError as error:
        yield Line("store", State.FAILURE, str(error), "see docs/cluster.md")
        return
    yield Line("daemon", State.OK, f"runs as {who}" if who is not None else "none runs on this store")
    if not settings.expected:
        cure = "restore a backup, see docs/backup.md" if settings.expect_existing else ""
        state = State.FAILURE if settings.expect_existing else State.OK
        yield Line("store", state, f"{settings.path} is not there yet; the daemon makes it", cure)
        return
    deep = deep or (not settings.shared and settings.path.stat().st_size < _LARGE)
    try:
        condition = asyncio.run(_inspect(settings, deep=deep))
    except SchemaTooNew as error:
        yield Line("store", State.FAILURE, str(error), "run the newer version of the program")
    except StoreError as error:
        yield Line("store", State.FAILURE, str(error), "see docs/backup.md on damaged and lost stores")
    else:
        yield _whole(settings.shown, condition, looked=deep)


async def _inspect(settings: StoreSettings, *, deep: bool) -> StoreCondition:
    opened = store.open_store(settings, readonly=True)
    await opened.open()
    try:
        return await opened.inspect(deep=deep)
    finally:
        await opened.close()


def _whole(path: str, condition: StoreCondition, *, looked: bool) -> Line:
    if condition.damage:
        cure = "stop the daemon and restore a backup, see docs/backup.md"
        return Line("store", State.FAILURE, f"{path} is damaged: {condition.damage[0]}", cure)
    how = "whole" if looked else "not read for damage (--deep does)"
    return Line("store", State.OK, f"{path}, {condition.size / 1e6:,.1f} MB, {how}")


# folders


def _folders(settings: Settings) -> Iterator[Line]:
    yield _writable("store folder", settings.store.path.parent)
    yield _space(settings.store.path.parent)
    for channel in settings.channels:
        if isinstance(channel, MaildirSettings):
            yield _writable(f"channel {channel.id}", channel.path)
    for feed in settings.feeds:
        if feed.kind is FeedKind.DIRECTORY and not os.access(feed.url, os.R_OK | os.X_OK):
            cure = "make the folder, or let the user of the daemon read it"
            yield Line(f"feed {feed.id}", State.FAILURE, f"{feed.url} cannot be read", cure)


def _standing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there: in it the rest would be made."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _writable(what: str, folder: Path) -> Line:
    there = _standing(folder)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Line(what, State.OK, f"{folder} can be written" if there == folder else f"{folder} can be made")
    return Line(
        what, State.FAILURE, f"{there} cannot be written", f"give the user of the daemon ({os.getuid()}) the right to"
    )


def _space(folder: Path) -> Line:
    free = shutil.disk_usage(_standing(folder)).free
    found = f"{free / 1e9:,.1f} GB free"
    if free >= _LOW_SPACE:
        return Line("disk", State.OK, found)
    return Line("disk", State.FAILURE if free < _NO_SPACE else State.WARNING, found, "make room, or move the store")
