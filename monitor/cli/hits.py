"""`monitor hits` and `monitor search`: what was found, as tables for people or JSON lines for programs."""

import asyncio
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor import alerting, config
from monitor.config.values import duration
from monitor.model import Excerpt, Severity, Tier
from monitor.settings import StoreSettings
from monitor.store import open_store
from monitor.store.protocol import FoundArticle, HitFilter, StoredHit

_COLOURS = {Severity.FLASH: "bold white on red", Severity.URGENT: "bold red", Severity.ROUTINE: "default"}


@click.command()
@click.option("--rule", metavar="ID", help="Only hits of this rule.")
@click.option("--feed", metavar="ID", help="Only hits on articles of this feed.")
@click.option("--severity", type=click.Choice([one.value for one in Severity]), help="Only this severity or worse.")
@click.option("--since", metavar="DURATION", help="Only hits of the last while, such as 2h or 7d.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with every span.")
@click.pass_obj
def hits(
    file: Path,
    *,
    rule: str | None,
    feed: str | None,
    severity: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show stored hits, newest first: when, rule, severity, title, outlet, and the matched words in their sentence."""
    where = HitFilter(
        rule_id=rule,
        feed_id=feed,
        severity=Severity(severity) if severity else None,
        since=datetime.now(UTC) - _duration(since) if since else None,
        limit=limit,
    )
    found = asyncio.run(_hits(config.load_settings(file, dict(os.environ)).store, where))
    if as_json:
        for hit in found:
            click.echo(json.dumps(_as_json(hit), ensure_ascii=False))
        return
    if not found:
        click.echo("no hits")
        return
    _console().print(_table(found))


def _duration(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error


async def _hits(settings: StoreSettings, where: HitFilter) -> tuple[StoredHit, ...]:
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return await store.hits(where)
    finally:
        await store.close()


def _console() -> Console:
    """Off a terminal a table is as wide as it needs, so that pipes and files get whole lines."""
    console = Console()
    return console if console.is_terminal else Console(width=180)


def _table(found: Iterable[StoredHit]) -> Table:
    table = Table(show_lines=True, header_style="bold")
    table.add_column("hit", no_wrap=True)
    table.add_column(f"when ({_zone()})", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("title", ratio=2)
    table.add_column("outlet")
    table.add_column("matched words", ratio=4)
    for hit in found:
        severity = hit.match.severity
        words = Text("\n").join(_marked(one) for one in alerting.excerpts(hit.article, hit.match.spans, 2))
        if hit.withdrawn_at is not None:
            words.append("\n(a later revision does not hit this rule)", style="dim")
        table.add_row(
            str(hit.id),
            f"{hit.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
            hit.match.rule_id,
            Text(severity.value, style=_COLOURS[severity]),
            Text(hit.article.title),
            hit.article.outlet or hit.feed_title or hit.article.feed_id,
            words,
        )
    return table


def _zone() -> str:
    """The time zone of this machine, in which times are shown: as a name, or as its distance from UTC."""
    return f"{datetime.now().astimezone():%Z}"


def _marked(excerpt: Excerpt) -> Text:
    """The sentence with its matched words highlighted; off a terminal «so»."""
    text = Text("… " if excerpt.cut_left else "")
    at = 0
    for start, end in excerpt.marks:
        text.append(excerpt.text[at:start])
        text.append(f"«{excerpt.text[start:end]}»", style="bold black on yellow")
        at = end
    text.append(excerpt.text[at:])
    if excerpt.cut_right:
        text.append(" …")
    return text


def _as_json(hit: StoredHit) -> dict[str, Any]:
    article, match = hit.article, hit.match
    return {
        "id": hit.id,
        "at": hit.created_at.isoformat(),
        "rule": match.rule_id,
        "rule_version": match.rule_version,
        "severity": match.severity.value,
        "score": match.score,
        "clauses": match.clauses,
        "spans": [asdict(span) | {"tier": Tier(span.tier).value} for span in match.spans],
        "article": article.key,
        "title": article.title,
        "url": article.url,
        "outlet": article.outlet,
        "feed": article.feed_id,
        "published": article.published.isoformat() if article.published else None,
        "first_seen": hit.first_seen.isoformat(),
        "revision": hit.revision,
        "withdrawn_at": hit.withdrawn_at.isoformat() if hit.withdrawn_at else None,
    }


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@click.pass_obj
def search(file: Path, *, words: tuple[str, ...], limit: int) -> None:
    """Search the stored articles for all of these words, folded as rules are: case and marks do not matter."""
    found = asyncio.run(_search(config.load_settings(file, dict(os.environ)).store, " ".join(words), limit))
    if not found:
        click.echo("nothing found")
        return
    table = Table(header_style="bold")
    for name in (f"first seen ({_zone()})", "outlet", "title", "text"):
        table.add_column(name)
    for one in found:
        table.add_row(
            f"{one.first_seen.astimezone():%Y-%m-%d %H:%M}",
            one.article.outlet or one.article.feed_id,
            Text(one.article.title),
            Text(one.snippet),
        )
    _console().print(table)


async def _search(settings: StoreSettings, words: str, limit: int) -> tuple[FoundArticle, ...]:
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        return await store.search(words, limit)
    finally:
        await store.close()
