"""`monitor preview`: what a channel would be sent of a hit. Sends nothing."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from monitor import alerting, config
from monitor.channels import make_channel
from monitor.cli.opening import store_of
from monitor.model import (
    AT_ONCE,
    Alert,
    Content,
    Copy,
    LinkAction,
    MailContent,
    SlackContent,
    Subscriber,
    TextContent,
)
from monitor.store.protocol import HitFilter, StoredHit

_COPIES = 1_000


@click.command()
@click.argument("hit", type=int, required=False)
@click.option("--channel", required=True, metavar="ID", help="A channel of the settings.")
@click.option("--subscriber", metavar="ID", help="For whom; the first of the settings who takes the hit if left out.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML of a mail, or the JSON, here."
)
@click.pass_obj
def preview(file: Path, *, hit: int | None, channel: str, subscriber: str | None, output: Path | None) -> None:
    """Show what a channel would be sent of a stored HIT (its number, as `monitor hits` shows it), or without one of a test
    alert. Nothing is sent or recorded.
    """
    loaded = config.load(file, dict(os.environ))
    settings = next((one for one in loaded.settings.channels if one.id == channel), None)
    if settings is None:
        names = ", ".join(one.id for one in loaded.settings.channels)
        raise click.UsageError(f"no channel is called {channel}; there are: {names or 'none'}")
    now = datetime.now(UTC)
    if hit is None:
        alert = alerting.test_alert(subscriber_id=subscriber or "preview", now=now, window=now.isoformat())
    else:
        alert = asyncio.run(_alert(file, loaded, hit, subscriber, now))
    base = loaded.settings.http.public_url
    links = {action.value: f"{base.rstrip('/')}/a/PREVIEW" for action in LinkAction} if base else {}
    shown = make_channel(settings, loaded.settings.delivery).format
    sources = loaded.settings.templates
    templates = alerting.Templates(sources) if sources is not None else None
    content = alerting.render(alert, shown, plain=False, now=now, links=links, templates=templates)
    text, saved = _shown(content)
    if output is None:
        click.echo(text)
    else:
        output.write_text(saved, encoding="utf-8")
        click.echo(f"written to {output}")


async def _alert(file: Path, loaded: config.Loaded, number: int, name: str | None, now: datetime) -> Alert:
    """The alert that would tell a subscriber of the hit's article for the first time."""
    async with store_of(file, readonly=True) as store:
        found = await store.hits(HitFilter(hit_id=number))
        if not found:
            raise click.ClickException(f"there is no hit {number}; `monitor hits` shows all")
        article = found[0].article
        hits = [
            one for one in await store.hits(HitFilter(article_key=article.key)) if one.revision == found[0].revision
        ]
        story = next((one.story for one in await store.takings([one.id for one in hits])), article.key)
        copies = (await store.copies([story], _COPIES)).get(story, ())
    for subscriber in loaded.settings.subscribers:
        if name in (None, subscriber.id):
            alert = _told(loaded, subscriber, hits, story, copies, now)
            if alert is not None:
                return alert
    who = f"the subscriber {name}" if name else "no subscriber of the settings"
    raise click.ClickException(f"{who} takes {'nothing' if name else 'anything'} of hit {number}")


def _told(
    loaded: config.Loaded,
    subscriber: Subscriber,
    hits: list[StoredHit],
    story: str,
    copies: tuple[Copy, ...],
    now: datetime,
) -> Alert | None:
    """The alert by the same decision and composition as the daemon's, but at once, whatever the cadence and the hour."""
    routes = tuple(
        replace(route, cadence=AT_ONCE, quiet=(), group_wait=timedelta(0)) for route in alerting.routes_of(subscriber)
    )
    one, matches = hits[0], tuple(hit.match for hit in hits)
    rules = loaded.index.rules
    asked = replace(subscriber, routes=routes)
    waiting = alerting.waiting(
        one.article,
        matches,
        before={},
        revision=0,
        changed=False,
        story=story,
        rules=rules,
        subscribers=[asked],
        now=now,
    )
    rows = [replace(row, id=number) for number, row in enumerate(waiting, 1)]
    made = alerting.decide_alerts(
        rows, subscriber=asked, rules=rules, silences=(), told={}, stories={}, sent=(), digested={}, now=now
    )
    if not made.tells:
        return None
    seen = alerting.Seen(article=one.article, matches=matches, feed_title=one.feed_title, first_seen=one.first_seen)
    everything = {row.id: seen for row in rows}
    return alerting.compose(
        made.tells[0], subscriber=asked, rules=rules, seen=everything, stories={story: copies}, now=now
    ).alert


def _shown(content: Content) -> tuple[str, str]:
    """For the terminal, and for a file."""
    if isinstance(content, MailContent):
        return f"Subject: {content.subject}\n\n{content.text}", content.html or content.text
    if isinstance(content, TextContent):
        said = f"{content.title}\n\n{content.text}"
        return said, said
    if isinstance(content, SlackContent):
        value: object = {"text": content.text, "blocks": list(content.blocks)}
    else:
        value = {"type": content.type, "data": dict(content.data)}
    said = json.dumps(value, ensure_ascii=False, indent=2, default=dict)
    return said, said
