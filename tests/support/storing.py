"""What tests of the store write and read: one feed, its articles, alerts and deliveries, at one moment."""

import dataclasses
from datetime import UTC, datetime, timedelta

from monitor.model import (
    Alert,
    AlertKind,
    Article,
    ChannelState,
    DeliveryState,
    FailureReason,
    Feed,
    Match,
    NewAlert,
    NewDelivery,
    Outcome,
    SendResult,
    Severity,
    Span,
    TakenHit,
    Tier,
    Waiting,
)
from monitor.store.alert_protocol import AlertRecord, TellingRecord
from monitor.store.postgres import PostgresStore
from monitor.store.protocol import AttemptRecord, NewArticle, PollRecord
from monitor.store.sqlite import SqliteStore
from support import pghost

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG = timedelta(hours=1)
FEED = Feed(id="f", url="https://example.org/feed", title="The Feed", labels={"a": "b"}, every=5 * MINUTE)
STORES = {
    "sqlite": lambda folder: SqliteStore(folder / "m.db", owner=True),
    "postgres": lambda _: PostgresStore(pghost.database()),
}


def article(number=1, body="Planes at the Khmeimim air base.", **more):
    return Article(
        **{
            "key": f"key{number}",
            "feed_id": "f",
            "guid": f"g{number}",
            "url": f"https://example.org/{number}",
            "title": f"Report {number}",
            "body": body,
            "author": "A. Writer",
            "categories": ("World", "Мир"),
            "lang": "en",
            "outlet": "The Outlet",
            "published": NOW - LONG,
            "text_hash": f"hash of {body}",
        }
        | more
    )


def match(rule="khmeimim", severity=Severity.URGENT, text="Khmeimim", start=14):
    span = Span(field="body", start=start, end=start + len(text), text=text, term=text, tier=Tier.EXACT)
    return Match(rule_id=rule, rule_version="v1", severity=severity, score=None, clauses=("names",), spans=(span,))


def alert(
    key="alert1", severity=Severity.URGENT, kind=AlertKind.ARTICLE, channels=("mail",), article_key="key1", at=NOW
):
    made = Alert(key=key, kind=kind, subscriber_id="desk", severity=severity, created_at=at, subject="s", text="т")
    deliveries = tuple(NewDelivery(key=f"{key}-{one}", channel=one, address="a@example.org") for one in channels)
    return NewAlert(alert=made, deliveries=deliveries, article_key=article_key, rule_ids=("khmeimim",))


async def claimed(store, at=NOW, worker="w1"):
    (claim,) = await store.claim_feeds(worker, at, 10, MINUTE)
    return claim


async def polled(store, claim, at=NOW, alerts=(), feed_id="f", waiting=(), **what):
    """Record a poll with a row that waits for each of the alerts, and then that they are told."""
    state = dataclasses.replace(claim.state, next_due=at + LONG, last_polled=at)
    rows = (*waiting, *(row(one.article_key, one.rule_ids, route=one.alert.key, at=at) for one in alerts))
    record = PollRecord(feed_id=feed_id, lease=claim.lease, now=at, state=state, waiting=rows, **what)
    recorded = await store.record_poll(record)
    if alerts:
        await decided(store, alerts, at)
    return recorded


def row(article_key, rules=("khmeimim",), *, route="main", at=NOW, subscriber="desk", **more):
    """What waits for a subscriber because of an article."""
    hits = tuple(TakenHit(rule_id=one, severity=Severity.URGENT) for one in rules)
    return Waiting(
        **{"subscriber_id": subscriber, "route": route, "article_key": article_key, "story": article_key, "hits": hits}
        | {"feed_id": "f", "outlet": "The Outlet", "lang": "en", "since": at, "due": at}
        | more
    )


async def decided(store, alerts, at=NOW, **more):
    """Tell all that waits: each row by the alert of its route."""
    for claim in await store.claim_subscribers("w1", at, 10, MINUTE):
        waiting = (await store.agenda(claim.subscriber_id, at)).waiting
        by_route = {one.alert.key: one for one in alerts}
        tells = tuple(
            TellingRecord(alert=by_route[one.route], hits=((one.id, tuple(hit.rule_id for hit in one.hits)),), told=())
            for one in waiting
        )
        ids = tuple(one.id for one in waiting)
        await store.record_alerts(AlertRecord(claim=claim, now=at, decided=ids, tells=tells, **more))


async def with_alert(store, **more):
    claim = await claimed(store)
    new = NewArticle(article=article(), matches=(match(),))
    await polled(store, claim, articles=(new,), alerts=(alert(**more),))


def record(claim, state=DeliveryState.SENT, outcome=Outcome.SENT, **more):
    failed = outcome is not Outcome.SENT
    return AttemptRecord(
        **{
            "delivery_id": claim.delivery.id,
            "lease": claim.lease,
            "now": NOW,
            "result": SendResult(
                outcome=outcome, reason=FailureReason.TIMEOUT if failed else None, detail="why" if failed else ""
            ),
            "state": state,
            "next_attempt": NOW + MINUTE if state is DeliveryState.PENDING else None,
            "plain": False,
            "unknown": outcome is Outcome.UNKNOWN,
            "channel": ChannelState(channel="mail", failures=1 if failed else 0),
        }
        | more
    )


async def deliveries_of(store, worker="w1", at=NOW, limit=10, lease=MINUTE):
    return await store.claim_deliveries(worker, at, limit, lease, channel="mail")
