"""Articles one after the other for commands that go through many: those of the archive, or those of a file.

Page by page, so that memory does not grow with the archive; with a bar on standard error where that is a terminal.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from monitor.cli.match import read_article
from monitor.config.values import duration
from monitor.model import Article
from monitor.settings import StoreSettings
from monitor.store import open_store

_PAGE = 200

Seen = tuple[Article, datetime]
"""An article, and when it was first seen."""


def moment(text: str | None) -> datetime | None:
    """The moment that lies so long ago (`90d`). Raises BadParameter."""
    if text is None:
        return None
    try:
        return datetime.now(UTC) - duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error


def archived(settings: StoreSettings, *, begin: datetime | None = None, newest: int | None = None) -> Iterator[Seen]:
    """The stored articles since a moment, or so many of the newest, oldest first. Raises StoreError."""
    store = open_store(settings, readonly=True)
    with asyncio.Runner() as runner, _bar() as shown:
        runner.run(store.open())
        try:
            last = runner.run(store.figures(datetime.now(UTC), timedelta(0))).articles
            after = max(0, last - newest) if newest is not None else 0
            first: int | None = None
            while page := runner.run(store.archive(since=begin, after=after, limit=_PAGE)):
                first = page[0].id if first is None else first
                for one in page:
                    yield one.article, one.first_seen
                after = page[-1].id
                shown(after - first + 1, last - first + 1)
        finally:
            runner.run(store.close())


def listed(file: Path, begin: datetime | None = None) -> Iterator[Seen]:
    """The articles of a file of JSON lines, as `monitor match` reads them, seen when they were published or else now;
    with a moment, those since.

    Raises UsageError that names the line for what is no article.
    """
    now = datetime.now(UTC)
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                article = read_article(json.loads(line.decode("utf-8")))
            except (ValueError, RecursionError) as error:
                raise click.UsageError(f"{file}, line {number}: {error}") from error
            if begin is None or (article.published or now) >= begin:
                yield article, article.published or now


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar of the way that lies behind, on a terminal; elsewhere nothing."""
    columns = (TextColumn("replaying the archive"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        yield lambda done, total: progress.update(task, completed=done, total=total)
