"""The flow. Start reading here.

    feed ──poll──► article ──match──► hit ──group──► story ──alert──► delivery ──send──► subscriber

    poll      claim due feeds ► fetch and parse ► keep what is new ► match ► assign story ► record
              (ONE transaction: articles, revisions, hits, stories, what waits for subscribers, the feed's next poll)
    alert     claim subscribers for whom something is due ► decide: silence, story, quiet hours, cadence, cap ► record
              (ONE transaction: alerts, deliveries now due, what is held until when, what is suppressed and why)
    deliver   claim due deliveries of a channel ► write down that an attempt starts ► send ► decide (sent, retry when,
              dead) ► record the attempt

    read      claim pages of articles that are due ► fetch and extract ► match ► record, with what waits because of it
    catch up  look for deliveries that have waited too long ► fold them into one digest each ► record

Verbs of one shape (`alert` is in `alerts.py`, `read` in `pages.py`): claim, at most one act on the outside world, a pure decision, one record. A
crash between any two steps loses nothing: the claim runs out and the work is claimed again, and unique keys make the repetition
harmless.

Where a step is decided: `schedule/` (when a feed is polled next), `feed_health.py` (how it is), `matching/` (what hits), `stories/` (what is the
same news), `alerting/` (who is told when, how it looks, when to try again). Where it is kept: `store/`. Who calls the verbs, and when: `local.py`.

Longer than other files by a few lines, because it is read as a whole. The verbs claim nothing themselves but take a claim, so that each can be run, tested and killed alone.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from monitor import alerting, feed_health, schedule
from monitor.channels.protocol import Channel
from monitor.config import Loaded
from monitor.engine import canary
from monitor.engine.alerts import waiting_for
from monitor.engine.hosts import host_of
from monitor.engine.notices import tell_operator
from monitor.engine.pages import wanted
from monitor.engine.parts import Parts
from monitor.engine.stories import NOTHING_ASSIGNED, Assigned
from monitor.errors import LeaseLost, StoreBusy
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    ChannelState,
    Content,
    DeliveryClaim,
    DeliveryState,
    FailureReason,
    FeedClaim,
    FeedKind,
    FeedState,
    FetchFailed,
    FullText,
    Hub,
    Outcome,
    Outgoing,
    ParsedFeed,
    PollOutcome,
    SendResult,
    Waiting,
)
from monitor.store.protocol import AttemptRecord, KnownArticle, NewArticle, NewRevision, PollRecord, RecordedPoll

RECORD_AGAIN = timedelta(seconds=1)
_KNOWN_BAD = 5
"""A feed that failed more often than this in a row says nothing of our own network."""
NOTHING_RECORDED = RecordedPoll(articles=0, revisions=0, hits=0, waiting=0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the articles of a poll came to: a pure result."""

    articles: tuple[NewArticle, ...] = ()
    revisions: tuple[NewRevision, ...] = ()


# ── poll ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def poll(parts: Parts, claim: FeedClaim, *, answered: Callable[[], None] = lambda: None) -> RecordedPoll:
    """Poll one claimed feed and record what came of it. Raises StoreBusy; a lost lease is recorded in the log only.
    `answered` is called when the host has answered, or failed to.
    """
    began = time.monotonic()
    outcome = await parts.reader.poll(schedule.at_its_address(claim.feed, claim.state), claim.state, answered=answered)
    return await _take(parts, claim, outcome, began)


async def pushed(parts: Parts, claim: FeedClaim, body: bytes, content_type: str | None) -> RecordedPoll:
    """Take what a hub sent of a claimed feed, as if a poll had brought it. What is known of the feed's own document stays,
    since this was not it; when what was sent cannot be read, the feed is polled at once.
    """
    began = time.monotonic()
    outcome = await parts.reader.parse(claim.feed, body, content_type=content_type)
    if isinstance(outcome, FetchFailed):
        parts.journal.warn("websub", status="unreadable", feed=claim.feed.id, detail=outcome.detail)
        await parts.store.give_back([claim])
        await parts.store.make_due([claim.feed.id], parts.clock())
        return NOTHING_RECORDED
    parts.journal.note("websub", status="pushed", feed=claim.feed.id, bytes=len(body))
    return await _take(parts, claim, outcome, began, by_hub=True)


async def _take(
    parts: Parts, claim: FeedClaim, outcome: PollOutcome, began: float, *, by_hub: bool = False
) -> RecordedPoll:
    """Judge what came and record it with the feed's new state."""
    loaded = parts.live.loaded
    now = parts.clock()
    judged = Judged()
    waiting: tuple[Waiting, ...] = ()
    grouped = NOTHING_ASSIGNED
    pages: tuple[str, ...] = ()
    hubs: tuple[Hub, ...] | None = None
    if isinstance(outcome, ParsedFeed):
        articles = tuple({article.key: article for article in reversed(outcome.articles)}.values())[::-1]
        known = await parts.store.known(claim.feed.id, [article.key for article in articles])
        if not known and claim.state.last_ok is not None and len(articles) >= (outcome.listed or 0):
            # Nothing of the last list is seen again: perhaps the feed gives its items other ids at each poll.
            known = await parts.store.known(claim.feed.id, (), articles)
        # Matching is computation: it runs beside the loop, so that deliveries and health go on.
        judged = await asyncio.to_thread(judge, loaded, claim, articles, known, now=now)
        judged, grouped = await _grouped(parts, judged)
        stored: tuple[NewArticle | NewRevision, ...] = (*judged.articles, *judged.revisions)
        waiting = waiting_for(loaded, parts.live.people, claim.feed, stored, known, now=now)
        pages = await asyncio.to_thread(wanted, loaded, parts.openings, claim.feed.full_text, stored, now=now)
        if not by_hub and loaded.settings.http.public_url is not None and (outcome.hub or not outcome.partial):
            hubs = (outcome.hub,) if outcome.hub is not None else ()
    if by_hub:
        state, tell = dataclasses.replace(claim.state, last_ok=now), False
        state = dataclasses.replace(state, last_new=now) if judged.articles else state
    else:
        if claim.feed.kind is FeedKind.HTTP:
            parts.outage.note(host_of(claim), outcome, known_bad=claim.state.failures > _KNOWN_BAD)
        state, tell = _afterwards(parts, claim, outcome, judged, now)
        state = await _relaxed(parts, claim, outcome, state, now)
    record = PollRecord(
        feed_id=claim.feed.id,
        lease=claim.lease,
        now=now,
        state=state,
        articles=judged.articles,
        revisions=judged.revisions,
        waiting=waiting,
        merges=grouped.merges,
        tell=tell,
        pages=pages,
        hubs=hubs,
    )
    try:
        recorded = await parts.store.record_poll(record)
        parts.stories.recorded(grouped)
    except LeaseLost:
        parts.journal.lease_lost(feed=claim.feed.id)
        return NOTHING_RECORDED
    parts.journal.polled(claim, outcome, record, recorded, seconds=time.monotonic() - began)
    return recorded


async def _grouped(parts: Parts, judged: Judged) -> tuple[Judged, Assigned]:
    """The articles with the stories that they tell."""
    assigned = await parts.stories.assign([one.article for one in judged.articles])
    articles = tuple(dataclasses.replace(one, story=assigned.stories[one.article.key]) for one in judged.articles)
    return dataclasses.replace(judged, articles=articles), assigned


async def respread(parts: Parts, *, overdue: bool = False) -> int:
    """Give new times to feeds whose own cannot be, since the clock was set back; with `overdue`, also to those that fell
    due while nothing ran, so that they are not polled all at once. Returns to how many.
    """
    polling = parts.live.loaded.settings.polling
    now = parts.clock()
    return await parts.store.respread(
        lambda ids: schedule.overdue_spread(ids, now, polling),
        before=now if overdue else None,
        between=(schedule.horizon(now, polling), schedule.NEVER),
    )


def _afterwards(
    parts: Parts, claim: FeedClaim, outcome: PollOutcome, judged: Judged, now: datetime
) -> tuple[FeedState, bool]:
    """What is known of the feed after the poll, and whether the operator is to be told of how it is."""
    articles = [new.article for new in judged.articles]
    state = schedule.next_poll(
        claim.feed,
        claim.state,
        outcome,
        now=now,
        settings=parts.live.loaded.settings.polling,
        jitter=parts.jitter(),
        new=[article.published for article in articles],
    )
    if articles:
        state = dataclasses.replace(state, last_new=now)
    title = articles[0].title if articles else None
    health, tell = feed_health.judge(claim.feed, claim.state, state, outcome, now, title=title)
    return state if health is state.health else dataclasses.replace(state, health=health), tell


async def _relaxed(parts: Parts, claim: FeedClaim, outcome: PollOutcome, state: FeedState, now: datetime) -> FeedState:
    """The state of a feed whose hub pushes to us."""
    settings = parts.live.loaded.settings
    if settings.http.public_url is None or isinstance(outcome, FetchFailed):
        return state
    until = await parts.store.pushed_until(claim.feed.id)
    return dataclasses.replace(
        state, next_due=schedule.relaxed(state.next_due, until, now, settings.polling.pushed_every)
    )


def judge(
    loaded: Loaded, claim: FeedClaim, articles: Sequence[Article], known: Mapping[str, KnownArticle], *, now: datetime
) -> Judged:
    """Match what is new or changed. Pure: the same values in, the same values out."""
    new: list[NewArticle] = []
    revisions: list[NewRevision] = []
    for article in articles:
        before = known.get(article.key)
        if before is not None and before.text_hash == article.text_hash:
            continue
        matches = canary.matches_of(claim.feed, loaded.index.match(article, now=before.first_seen if before else now))
        if before is None:
            new.append(NewArticle(article=article, matches=matches, story=article.key))
            continue
        dropped: tuple[str, ...] = ()
        # What stands by the article's own page is judged when the page was read anew: see `pages.py`.
        if not (before.full_text and claim.feed.full_text is not FullText.NEVER):
            dropped = tuple(sorted(before.hits.keys() - {match.rule_id for match in matches}))
        fresh = tuple(match for match in matches if before.hits.get(match.rule_id) is not match.severity)
        revisions.append(NewRevision(article=article, matches=fresh, dropped=dropped))
    return Judged(articles=tuple(new), revisions=tuple(revisions))


# ── catch up ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def catch_up(parts: Parts) -> int:
    """Fold deliveries that piled up while a channel or this program was down into one digest for each recipient.

    Only once the channel sends again, so that an interruption ends in one digest and not in many. Returns how many
    deliveries are now carried by digests. Nothing is omitted: each digest has a line for every one.
    """
    settings = parts.live.loaded.settings.delivery
    now = parts.clock()
    carried = 0
    for pending in await parts.store.late(now, settings.late_after, settings.max_singles):
        state = parts.state_of(pending[0].channel)
        if state.failures or not alerting.may_send(state, now):
            continue
        alerts = await parts.store.alerts([delivery.alert_key for delivery in pending])
        folded = alerting.catch_up(pending, alerts, now=now, settings=settings)
        if folded is not None:
            digest, delivery, ids = folded
            count = await parts.store.fold(digest, delivery, ids, now)
            parts.journal.folded(digest.alert.subscriber_id, delivery.channel, count)
            carried += count
    return carried


# ── deliver ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def deliver(parts: Parts, channel: Channel, claim: DeliveryClaim) -> SendResult | None:
    """Attempt one claimed delivery and record what came of it; None if its lease went to somebody else."""
    try:
        number = await parts.store.begin_attempt(claim.delivery.id, claim.lease, parts.clock())
        result = await _send(parts, channel, claim)
        await _record(parts, channel, claim, result, number=number)
    except LeaseLost:
        parts.journal.lease_lost(delivery=claim.delivery.id)
        return None
    return result


async def _send(parts: Parts, channel: Channel, claim: DeliveryClaim) -> SendResult:
    """The one act on the outside world. An alert that cannot be rendered is poison: it is given up at once, because it
    would fail in the same way for ever.
    """
    delivery, alert_ = claim.delivery, claim.alert
    links = _links(parts, alert_)
    try:
        content = _rendered(parts, claim, channel, links)
    except Exception as error:  # noqa: BLE001 - the top of a unit of work: whatever it is, it is recorded
        parts.journal.fault("render", error, delivery=delivery.id)
        return SendResult(
            outcome=Outcome.REFUSED, reason=FailureReason.RENDER_ERROR, detail=f"cannot be rendered: {error!r}"[:500]
        )
    message = Outgoing(
        key=delivery.key,
        address=delivery.address,
        content=content,
        severity=alert_.severity,
        rules=tuple(reason.rule_id for reason in alert_.reasons),
        created_at=alert_.created_at,
        subscriber=alert_.subscriber_id,
        thread=alert_.thread,
        follows=claim.follows,
        again=delivery.unknowns > 0,
        links=links,
    )
    return await channel.send(message)


def _rendered(parts: Parts, claim: DeliveryClaim, channel: Channel, links: Mapping[str, str]) -> Content:
    """The alert as its channel sends it; where the operator's own template fails, as it is shipped."""
    render = partial(
        alerting.render, claim.alert, channel.format, plain=claim.delivery.plain, now=parts.clock(), links=links
    )
    templates = parts.live.templates()
    if templates is not None:
        try:
            return render(templates=templates)
        except Exception as error:  # noqa: BLE001 - an alert is worth more than its looks
            parts.journal.template(error)
    return render()


def _links(parts: Parts, alert: Alert) -> Mapping[str, str]:
    """What the receiver may do by a link, if the world can reach our pages."""
    base, key = parts.live.loaded.settings.http.public_url, parts.live.link_key
    return alerting.links_for(alert, key=key, base=base, now=parts.clock()) if base and key else {}


async def _record(parts: Parts, channel: Channel, claim: DeliveryClaim, result: SendResult, *, number: int) -> None:
    """Decide what follows from the attempt, record it with the channel's state, tell the operator if need be."""
    now = parts.clock()
    before = parts.state_of(channel.id)
    after = alerting.after_attempt(before, result, now, parts.jitter())
    text = alerting.notice_due(before, after, now)
    if text is not None:
        after = dataclasses.replace(after, noticed_at=now)
    decision = alerting.decide(
        claim.delivery,
        result,
        number=number,
        now=now,
        settings=parts.live.loaded.settings.delivery,
        jitter=parts.jitter(),
    )
    record = AttemptRecord(
        delivery_id=claim.delivery.id,
        lease=claim.lease,
        now=now,
        result=result,
        state=decision.state,
        next_attempt=decision.next_attempt,
        plain=decision.plain,
        unknown=decision.unknown,
        channel=after,
    )
    await _record_at_last(parts, record)
    parts.states[channel.id] = after
    parts.journal.attempted(claim, result, decision.state, decision.why, number=number, now=now)
    if before.failures and not after.failures:
        # It sends again: what piled up is folded before it drains one by one.
        await catch_up(parts)
        if before.open_until is not None:
            await parts.store.hasten(channel.id, now)
    if text is not None:
        await tell_operator(
            parts,
            f"Channel {channel.id} does not deliver",
            text,
            window=f"channel {channel.id} {now.isoformat()}",
            avoid=channel.id,
        )
    if decision.state is DeliveryState.DEAD and claim.alert.kind is not AlertKind.NOTICE:
        await _tell_dead(parts, channel, claim, decision.why, now)


async def _record_at_last(parts: Parts, record: AttemptRecord) -> None:
    """Record what is known, again and again while the store is busy: to forget it would be to send twice."""
    while True:
        try:
            await parts.store.record_attempt(record)
        except StoreBusy:
            if parts.clock() + RECORD_AGAIN >= record.lease.until:
                raise
            await asyncio.sleep(RECORD_AGAIN.total_seconds())
        else:
            return


async def _tell_dead(parts: Parts, channel: Channel, claim: DeliveryClaim, why: str, now: datetime) -> None:
    """An alert that was given up is told on another channel: never dropped silently. At most once an hour a channel."""
    alert_ = claim.alert
    title = alert_.article.title if alert_.article else alert_.subject
    await tell_operator(
        parts,
        f"An alert could not be delivered through {channel.id}",
        f"{title}\nwas for {claim.delivery.address or channel.id} ({alert_.subscriber_id}) and was given up: {why}.\n"
        "See: monitor deliveries --dead. Once mended: monitor deliveries --requeue ID.",
        window=f"dead {channel.id} {now:%Y-%m-%dT%H}",
        avoid=channel.id,
    )


def claimable(parts: Parts, channel: Channel, state: ChannelState, room: int) -> int:
    """How many deliveries of a channel may be claimed now: none while it is broken or its breaker is open, one to probe
    it, else what the rate limit and the free places allow. Takes the tokens that it grants.
    """
    now = parts.clock()
    if room <= 0 or not alerting.may_send(state, now):
        return 0
    wanted = 1 if alerting.probing(state, now) else room
    return parts.bucket_of(channel).take(wanted)
