"""The verb `alert`: what waits for a subscriber is decided, and what they are told is recorded.

    alert     claim subscribers for whom something is due ► decide (one place, pure) ► compose ► record (ONE transaction:
              alerts, deliveries now due, what is held until when, what is suppressed and why)

It acts on nothing outside: what it records, `deliver` sends. A crash before the record loses nothing, since the rows still
wait; keys of alerts follow from what is told, so that the same decision made again makes the same alerts.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from monitor import alerting
from monitor.alerting import Decisions, Seen, Tell
from monitor.config import Loaded
from monitor.engine import canary
from monitor.engine.parts import Parts
from monitor.errors import LeaseLost
from monitor.model import (
    AlertKind,
    Copy,
    Feed,
    NewAlert,
    Reading,
    Rule,
    Subscriber,
    Suppressed,
    SuppressionReason,
    Waiting,
)
from monitor.store.alert_protocol import (
    Agenda,
    AlertRecord,
    RecordedAlerts,
    SeenArticle,
    SubscriberClaim,
    TellingRecord,
)
from monitor.store.protocol import KnownArticle, NewArticle, NewRevision

_MOST_COPIES: Final = 1_000
"""Articles of a story that are looked at for who had it first and where it stands."""


def waiting_for(
    loaded: Loaded,
    people: Sequence[Subscriber],
    feed: Feed,
    stored: Iterable[NewArticle | NewRevision],
    known: Mapping[str, KnownArticle],
    *,
    now: datetime,
) -> tuple[Waiting, ...]:
    """What waits for subscribers because of the articles of a poll. Pure."""
    audience = canary.audience(feed, people, loaded.settings)
    rows: list[Waiting] = []
    for one in stored:
        before = known.get(one.article.key)
        standing = before.hits if before else {}
        dropped = one.dropped if isinstance(one, NewRevision) else ()
        news = {*dropped, *(match.rule_id for match in one.matches)}
        rows += alerting.waiting(
            one.article,
            one.matches,
            before={rule_id: severity for rule_id, severity in standing.items() if rule_id in news},
            revision=before.revision + 1 if before else 0,
            changed=before is not None,
            story=before.story if before else one.story if isinstance(one, NewArticle) else one.article.key,
            rules=loaded.index.rules,
            subscribers=audience,
            now=now,
        )
    return tuple(rows)


async def alert(parts: Parts, claim: SubscriberClaim) -> RecordedAlerts | None:
    """Decide for one claimed subscriber and record what came of it; None if the lease went to somebody else."""
    now = parts.clock()
    agenda = await parts.store.agenda(claim.subscriber_id, now)
    subscriber = parts.live.subscriber(claim.subscriber_id)
    rules = parts.live.loaded.index.rules
    if subscriber is None or subscriber.paused:
        decisions = _nothing(agenda, subscriber.paused if subscriber else "the subscriber was removed")
    else:
        decisions = await asyncio.to_thread(
            alerting.decide_alerts,
            agenda.waiting,
            subscriber=subscriber,
            rules=rules,
            silences=await parts.store.silences(now),
            told=agenda.told,
            stories=agenda.stories,
            sent=agenda.sent,
            digested=agenda.digested,
            now=now,
        )
    tells = await _composed(parts, subscriber, decisions.tells, now) if subscriber else ()
    record = _record(claim, agenda, decisions, tells, now)
    try:
        recorded = await parts.store.record_alerts(record)
    except LeaseLost:
        parts.journal.lease_lost(subscriber=claim.subscriber_id)
        return None
    parts.journal.alerted(claim, record, recorded)
    return recorded


def _nothing(agenda: Agenda, why: str) -> Decisions:
    """Nothing is told to somebody who is gone or paused."""
    suppressed = tuple(
        Suppressed(
            waiting=row.id,
            rules=tuple(hit.rule_id for hit in row.hits),
            reason=SuppressionReason.PAUSED,
            by=why,
        )
        for row in agenda.waiting
    )
    return Decisions(suppressed=suppressed)


async def _composed(
    parts: Parts, subscriber: Subscriber, tells: Sequence[Tell], now: datetime
) -> tuple[tuple[Tell, NewAlert], ...]:
    """The alerts of what is to be told, with the articles in hand. Made one after the other: a digest may be long."""
    rules = parts.live.loaded.index.rules
    made: list[tuple[Tell, NewAlert]] = []
    for tell in tells:
        rows = [one.row.id for story in tell.stories for one in story.rows]
        seen = {number: _seen(one) for number, one in (await parts.store.seen(rows)).items()}
        stories = await parts.store.copies([story.story for story in tell.stories], _MOST_COPIES)
        reading = await _reading(parts, tell)
        made.append((tell, await asyncio.to_thread(_compose, tell, subscriber, rules, seen, stories, reading, now)))
    return tuple(made)


def _seen(one: SeenArticle) -> Seen:
    return Seen(
        article=one.article,
        matches=one.matches,
        feed_title=one.feed_title,
        first_seen=one.first_seen,
        previous=one.previous,
    )


async def _reading(parts: Parts, tell: Tell) -> Reading | None:
    """What was read in the period of a digest on a cadence."""
    if tell.kind is not AlertKind.DIGEST or tell.since is None or tell.until is None:
        return None
    return await parts.store.reading(tell.since, tell.until)


def _compose(
    tell: Tell,
    subscriber: Subscriber,
    rules: Mapping[str, Rule],
    seen: Mapping[int, Seen],
    stories: Mapping[str, Sequence[Copy]],
    reading: Reading | None,
    now: datetime,
) -> NewAlert:
    return alerting.compose(
        tell, subscriber=subscriber, rules=rules, seen=seen, stories=stories, reading=reading, now=now
    )


def _record(
    claim: SubscriberClaim,
    agenda: Agenda,
    decisions: Decisions,
    made: Sequence[tuple[Tell, NewAlert]],
    now: datetime,
) -> AlertRecord:
    """What is written down. An alert that would reach nobody is none: its hits are suppressed, with the reason."""
    suppressed = [*decisions.suppressed]
    tells: list[TellingRecord] = []
    for tell, alert_ in made:
        hits = tuple((one.row.id, one.rules) for story in tell.stories for one in story.rows)
        if alert_.deliveries:
            told = tuple(story.after for story in tell.stories)
            tells.append(TellingRecord(alert=alert_, hits=hits, told=told))
        else:
            suppressed += (
                Suppressed(
                    waiting=number,
                    rules=rules,
                    reason=SuppressionReason.PAUSED,
                    by=f"no address of route {tell.route.id} takes anything",
                )
                for number, rules in hits
            )
    times = [at for at in (decisions.due, agenda.later) if at is not None]
    return AlertRecord(
        claim=claim,
        now=now,
        decided=tuple(row.id for row in agenda.waiting),
        tells=tuple(tells),
        held=decisions.held,
        suppressed=tuple(suppressed),
        digested=decisions.digested,
        due=min(times, default=None),
    )
