"""`monitor why`: the whole way of a hit, to `sent`, or to where and why it stopped."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from monitor import config
from monitor.model import Delivery, DeliveryState
from monitor.settings import StoreSettings
from monitor.store import open_store
from monitor.store.alert_protocol import Ending, Taking
from monitor.store.protocol import Attempt, HitFilter, StoredHit

_MOST = 200
_SUPPRESSED = {
    "story": "a copy or follow-up of a story that was told, with nothing new enough for an update",
    "duplicate": "this article was told with this rule already",
    "silence": "a silence is in force",
    "inhibited": "routine, on a story that was told as flash",
    "preference": "a language or outlet that is not wanted",
    "not_taken": "no route takes the rule any more",
    "rule_gone": "the rule was removed before",
    "paused": "nobody takes it now",
}
_HELD = {
    "cadence": "for the next digest",
    "quiet_hours": "for the end of quiet hours",
    "group_wait": "for more articles of the story",
    "group_interval": "because the story was told a short while ago",
    "cap": "because of the bound on alerts in an hour",
}
_Way = tuple[StoredHit, tuple[Taking, ...]]


@click.command()
@click.argument("what", metavar="HIT|ARTICLE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a hit.")
@click.pass_obj
def why(file: Path, what: str, *, as_json: bool) -> None:
    """Follow a hit (its number, as `monitor hits` shows it), or all hits of an article (its key or address), to every
    subscriber: told by which alert and delivered how, held until when, or suppressed for which reason.
    """
    ways, attempts = asyncio.run(_ways(config.load_settings(file, dict(os.environ)).store, what))
    if not ways:
        kind = f"hit {what}" if what.isdigit() else f"hit on an article with the key or address {what}"
        raise click.ClickException(f"there is no {kind}; `monitor hits` shows all")
    for hit, takings in ways:
        if as_json:
            click.echo(json.dumps(_as_json(hit, takings), ensure_ascii=False))
        else:
            click.echo("\n".join(_lines(hit, takings, attempts)))


async def _ways(settings: StoreSettings, what: str) -> tuple[tuple[_Way, ...], dict[int, tuple[Attempt, ...]]]:
    store = open_store(settings, readonly=True)
    await store.open()
    try:
        if what.isdigit():
            where = HitFilter(hit_id=int(what))
        else:
            where = HitFilter(url=what) if "://" in what else HitFilter(article_key=what)
        hits = await store.hits(where)
        takings = await store.takings([hit.id for hit in hits][:_MOST])
        deliveries = {one.id for taking in takings for one in taking.deliveries}
        attempts = {number: await store.attempts(number) for number in sorted(deliveries)}
    finally:
        await store.close()
    ways = tuple((hit, tuple(one for one in takings if one.hit_id == hit.id)) for hit in hits[:_MOST])
    return ways, attempts


def _lines(hit: StoredHit, takings: Sequence[Taking], attempts: dict[int, tuple[Attempt, ...]]) -> Iterator[str]:
    article, match = hit.article, hit.match
    words = ", ".join(dict.fromkeys(f"{span.text} ({span.tier.value})" for span in match.spans))
    yield f"Hit {hit.id}: {match.rule_id} ({match.severity.value}, version {match.rule_version})"
    yield f"  article     {article.title} [{article.outlet or hit.feed_title or article.feed_id}]"
    if article.url:
        yield f"              {article.url}"
    yield f"  matched by  {', '.join(match.clauses)}: {words}"
    published = f", published {_at(article.published)}" if article.published else ""
    yield f"  seen        {_at(hit.first_seen)} on feed {article.feed_id}{published}; stored {_at(hit.created_at)}"
    if hit.withdrawn_at:
        yield f"  withdrawn   {_at(hit.withdrawn_at)}: the article was changed, and hits otherwise or no more"
    if not takings:
        yield "  nobody      no subscriber took this rule when the hit was stored"
    for taking in takings:
        yield from _taking_lines(taking, attempts)


def _taking_lines(taking: Taking, attempts: dict[int, tuple[Attempt, ...]]) -> Iterator[str]:
    yield f"  {taking.subscriber_id} (route {taking.route}), story {taking.story[:12]}"
    if taking.ending is Ending.WAITING:
        held = f" {_HELD[taking.held.value]}" if taking.held else ""
        yield f"    waits{held}, until {_at(taking.due)}"
        return
    if taking.ending is Ending.SUPPRESSED:
        reason = taking.reason or ""
        yield f"    suppressed {_at(taking.at)}: {reason}, {_SUPPRESSED.get(reason, 'no reason is known')}"
        if taking.by:
            yield f"    by {taking.by}"
        return
    if taking.alert is not None:
        yield f"    told {_at(taking.at)} by alert {taking.alert.key[:12]} ({taking.alert.kind.value})"
    for delivery in taking.deliveries:
        yield from _delivery_lines(delivery, attempts.get(delivery.id, ()))


def _delivery_lines(delivery: Delivery, attempts: Sequence[Attempt]) -> Iterator[str]:
    to = f"{delivery.channel} {delivery.address}".strip()
    if delivery.state is DeliveryState.SENT:
        state = f"sent {_at(delivery.sent_at)}"
    elif delivery.state is DeliveryState.CARRIED:
        state = f"carried by the digest of delivery {delivery.carried_by}"
    elif delivery.state is DeliveryState.DEAD:
        state = f"given up: {delivery.last_error or 'no reason is known'}"
    else:
        again = f", next attempt {_at(delivery.next_attempt)}" if delivery.next_attempt else ""
        state = f"{delivery.state.value}{again}{f': {delivery.last_error}' if delivery.last_error else ''}"
    yield f"      {to}: {state}"
    for one in attempts:
        if one.outcome not in (None, "sent"):
            yield f"        attempt {one.number}, {_at(one.started_at)}: {one.outcome}: {one.detail}"


def _at(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else "never"


def _as_json(hit: StoredHit, takings: Sequence[Taking]) -> dict[str, Any]:
    return {
        "hit": hit.id,
        "rule": hit.match.rule_id,
        "article": hit.article.key,
        "title": hit.article.title,
        "subscribers": [
            {
                "subscriber": one.subscriber_id,
                "route": one.route,
                "story": one.story,
                "ending": one.ending.value,
                "held": one.held.value if one.held else None,
                "due": one.due.isoformat() if one.due else None,
                "reason": one.reason,
                "by": one.by,
                "at": one.at.isoformat() if one.at else None,
                "alert": one.alert.key if one.alert else None,
                "deliveries": [
                    {"channel": each.channel, "address": each.address, "state": each.state.value}
                    | {"sent_at": each.sent_at.isoformat() if each.sent_at else None, "error": each.last_error}
                    for each in one.deliveries
                ],
            }
            for one in takings
        ],
    }
