"""The journal: one log line for each unit of work, and the counters for /metrics, made from the same records.

Log and metrics cannot disagree, because both are written here, from the values that were recorded. INFO is a poll with
news, a hit, an alert, a delivery; WARNING is for a person this week; ERROR is for today. Nothing here decides anything.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.engine.rates import TokenBucket
from monitor.errors import Fault
from monitor.model import (
    AlertKind,
    DeliveryClaim,
    DeliveryState,
    FeedClaim,
    FeedCondition,
    FetchFailed,
    NotModified,
    Outcome,
    ParsedFeed,
    PollOutcome,
    SendResult,
    Tier,
)
from monitor.shown import shown_url
from monitor.store.alert_protocol import AlertRecord, RecordedAlerts, SubscriberClaim
from monitor.store.page_protocol import PageClaim, PageRecord, RecordedPage
from monitor.store.protocol import NewArticle, NewRevision, PollRecord, RecordedPoll

_FEED_LINES, _FEED_LINES_AT_ONCE = 50.0, 100
"""Lines a second about how feeds are: what happens to all of them at once must not fill the disk."""
_HOUR = 3600.0
_LATENCY_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600)


class Journal:
    """Writes log lines and counts."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._log = structlog.get_logger()
        self._feed_lines = TokenBucket(_FEED_LINES, _FEED_LINES_AT_ONCE, clock=monotonic)
        self._held_back = 0
        self._monotonic = monotonic
        self._said: dict[str, float] = {}
        """Faults of templates, and when they were last told."""
        self.registry = CollectorRegistry()
        registry = self.registry
        self.polls = Counter("monitor_polls", "Polls, by how they ended", ["status"], registry=registry)
        self.fetch_errors = Counter("monitor_fetch_errors", "Failed polls, by kind", ["kind"], registry=registry)
        self.poll_seconds = Histogram("monitor_poll_seconds", "Duration of a poll, fetch to record", registry=registry)
        self.gaps = Counter("monitor_feed_gaps", "Polls before which articles may have been lost", registry=registry)
        self.articles = Counter("monitor_articles", "New articles stored", registry=registry)
        self.revisions = Counter("monitor_revisions", "Changed texts of stored articles", registry=registry)
        self.pages = Counter(
            "monitor_pages", "Pages of articles, by how reading them ended", ["status"], registry=registry
        )
        self.hits = Counter("monitor_hits", "Hits stored, by severity", ["severity"], registry=registry)
        self.alerts = Counter("monitor_alerts", "Alerts stored", registry=registry)
        self.templates = Counter(
            "monitor_template_failures", "Messages for which a template of the operator's failed", registry=registry
        )
        self.heartbeats = Counter(
            "monitor_heartbeats", "Pings that say that all is well, by how they ended", ["status"], registry=registry
        )
        self.suppressed = Counter(
            "monitor_suppressed", "Hits that were suppressed, by reason", ["reason"], registry=registry
        )
        self.attempts = Counter(
            "monitor_attempts", "Attempts, by channel and outcome", ["channel", "outcome"], registry=registry
        )
        self.failures = Counter(
            "monitor_attempt_failures",
            "Failed attempts, by channel and reason",
            ["channel", "reason"],
            registry=registry,
        )
        self.unknown = Counter(
            "monitor_outcome_unknown", "Attempts whose outcome was lost", ["channel"], registry=registry
        )
        self.dead = Counter(
            "monitor_deliveries_given_up", "Deliveries that became dead letters", ["channel"], registry=registry
        )
        self.latency = Histogram(
            "monitor_latency_seconds", "Time to `sent`", ["since"], buckets=_LATENCY_BUCKETS, registry=registry
        )
        self.faults = Counter(
            "monitor_faults", "Faults of this program that were caught and recorded", ["where"], registry=registry
        )
        self.reloads = Counter(
            "monitor_reloads", "Reloads of settings and rules, by result", ["result"], registry=registry
        )
        self.reload_ok = Gauge("monitor_reload_successful", "1 if the last reload was taken over", registry=registry)
        self.posts = Counter(
            "monitor_posts", "Posts of this worker among many, by what happened to them", ["event"], registry=registry
        )
        self.rules = Gauge("monitor_rules", "Rules in force", registry=registry)

    # polls

    def polled(
        self, claim: FeedClaim, outcome: PollOutcome, record: PollRecord, recorded: RecordedPoll, *, seconds: float
    ) -> None:
        """A poll was recorded."""
        self.poll_seconds.observe(seconds)
        fields: dict[str, object] = {"feed": claim.feed.id}
        self._feed_state(claim, record, fields)
        ms = round(seconds * 1000)
        if isinstance(outcome, FetchFailed):
            self.polls.labels("failed").inc()
            self.fetch_errors.labels(outcome.kind.value).inc()
            # One line for each change of state, not for each failed poll: a dead host must not fill the disk.
            level = "warning" if claim.state.last_error != record.state.last_error else "debug"
            self._of_feed(level, "poll", **fields, status="failed", error=outcome.kind.value, detail=outcome.detail,
                          address=shown_url(claim.feed.url), next=_clock(record.state.next_due), ms=ms)  # fmt: skip
            return
        if claim.state.failures:
            self._of_feed("info", "recovered", **fields, after=claim.state.failures, was=claim.state.last_error)
        if isinstance(outcome, NotModified):
            self.polls.labels("not_modified").inc()
            self._log.debug("poll", **fields, status="not_modified", ms=ms)
            return
        self._parsed(outcome, record, recorded, fields, ms)

    def _feed_state(self, claim: FeedClaim, record: PollRecord, fields: dict[str, object]) -> None:
        """What the poll changed in how the feed is, beside its articles."""
        before, after = claim.state, record.state
        if before.health.condition is not after.health.condition:
            well = after.health.condition is FeedCondition.OK
            self._of_feed("info" if well else "warning", "feed_state", **fields, state=after.health.condition.value,
                          was=before.health.condition.value, seen=after.health.seen)  # fmt: skip
        if before.pace.address != after.pace.address:
            self._of_feed("warning", "moved", **fields, settings=shown_url(claim.feed.url),
                          polled_at=shown_url(after.pace.address or claim.feed.url))  # fmt: skip
        if after.gaps > before.gaps:
            self.gaps.inc()
            self._of_feed("warning", "gap", **fields, items=after.pace.listed, last_poll=_clock(before.last_ok),
                          next=_clock(after.next_due))  # fmt: skip

    def _of_feed(self, level: str, event: str, **fields: object) -> None:
        """A line about how a feed is, unless there are too many; those that are held back are counted in the next one."""
        if level == "debug":
            self._log.debug(event, **fields)
        elif self._feed_lines.take(1) == 0:
            self._held_back += 1
        else:
            held_back, self._held_back = self._held_back, 0
            if held_back:
                self._log.warning("held_back", lines=held_back, see="monitor feeds list --state unwell")
            getattr(self._log, level)(event, **fields)

    def _parsed(
        self, outcome: ParsedFeed, record: PollRecord, recorded: RecordedPoll, fields: dict[str, object], ms: int
    ) -> None:
        news = bool(recorded.articles or recorded.revisions)
        self.polls.labels("new" if news else "unchanged").inc()
        self.articles.inc(recorded.articles)
        self.revisions.inc(recorded.revisions)
        write = self._log.info if news else self._log.debug
        write("poll", **fields, status="new" if news else "unchanged", articles=recorded.articles,
              revisions=recorded.revisions, hits=recorded.hits, ms=ms)  # fmt: skip
        for warning in outcome.warnings:
            self._of_feed("warning", "feed", **fields, warning=warning)
        self._hits(record.articles)
        self._hits(record.revisions)

    def _hits(self, stored: Iterable[NewArticle | NewRevision]) -> None:
        for one in stored:
            for match in one.matches:
                self.hits.labels(match.severity.value).inc()
                words = dict.fromkeys(
                    span.text if span.tier is Tier.EXACT else f"{span.text} ({span.tier.value})" for span in match.spans
                )
                self._log.info(
                    "hit",
                    rule=match.rule_id,
                    severity=match.severity.value,
                    words=", ".join(words),
                    clause=", ".join(match.clauses),
                    title=one.article.title[:100],
                )

    def page(self, claim: PageClaim, record: PageRecord, recorded: RecordedPage) -> None:
        """What came of reading the page of an article was recorded."""
        fields: dict[str, object] = {"feed": claim.article.feed_id, "article": claim.article_id}
        if record.article is None:
            status = "retry" if record.next_attempt else "given_up"
            self.pages.labels(status).inc()
            write = self._log.info if record.next_attempt else self._log.warning
            write("page", **fields, status=status, detail=record.error, address=shown_url(claim.article.url or ""))
            return
        self.pages.labels("read").inc()
        self._log.info("page", **fields, status="read", hits=recorded.hits,
                       title=claim.article.title[:100])  # fmt: skip
        if recorded.hits:
            self._hits([NewRevision(article=record.article, matches=record.matches, dropped=record.dropped)])

    # alerts

    def alerted(self, claim: SubscriberClaim, record: AlertRecord, recorded: RecordedAlerts) -> None:
        """What waited for a subscriber was decided."""
        self.alerts.inc(recorded.alerts)
        for one in record.suppressed:
            self.suppressed.labels(one.reason.value).inc(max(1, len(one.rules)))
        write = self._log.info if recorded.alerts else self._log.debug
        write("decided", subscriber=claim.subscriber_id, alerts=recorded.alerts, told=recorded.told,
              suppressed=recorded.suppressed, held=len(record.held), next=_clock(record.due))  # fmt: skip

    # deliveries

    def attempted(
        self, claim: DeliveryClaim, result: SendResult, state: DeliveryState, why: str, *, number: int, now: datetime
    ) -> None:
        """An attempt was recorded."""
        delivery, alert = claim.delivery, claim.alert
        self.attempts.labels(delivery.channel, result.outcome.value).inc()
        title = alert.article.title if alert.article else alert.subject or f"{len(alert.lines)} alerts"
        fields: dict[str, object] = {
            "channel": delivery.channel, "delivery": delivery.id, "subscriber": delivery.subscriber_id, "title": title,
        }  # fmt: skip
        if result.outcome is Outcome.SENT:
            seen = alert.article.first_seen if alert.article else alert.created_at
            self.latency.labels("first_seen").observe(max(0.0, (now - seen).total_seconds()))
            if alert.article and alert.article.published and alert.kind is AlertKind.ARTICLE:
                self.latency.labels("published").observe(max(0.0, (now - alert.article.published).total_seconds()))
            self._log.info("alert", status="sent", **fields, rules=len(alert.reasons), latency=_span(now - seen))
            return
        reason = result.reason.value if result.reason else "other"
        self.failures.labels(delivery.channel, reason).inc()
        if result.outcome is Outcome.UNKNOWN:
            self.unknown.labels(delivery.channel).inc()
        fields |= {"outcome": result.outcome.value, "reason": reason, "detail": result.detail, "attempt": number}
        if state is DeliveryState.DEAD:
            self.dead.labels(delivery.channel).inc()
            self._log.error("alert", status="dead", **fields, why=why)
        else:
            self._log.warning("alert", status="retry", **fields, why=why)

    def folded(self, subscriber: str, channel: str, count: int) -> None:
        """Late deliveries were folded into a digest."""
        self._log.info("digest", subscriber=subscriber, channel=channel, carried=count)

    # the rest

    def template(self, error: Exception) -> None:
        """A template of the operator's failed; what is shipped took its place. Each fault is said once an hour."""
        self.templates.inc()
        said, now = f"{type(error).__name__}: {error}"[:300], self._monotonic()
        if now - self._said.get(said, -_HOUR) >= _HOUR:
            self._said[said] = now
            self._log.warning("template", detail=said)

    def lease_lost(self, **fields: object) -> None:
        """Work was finished after its lease had gone to somebody else; nothing was recorded."""
        self._log.warning("lease", status="lost", **fields)

    def fault(self, where: str, error: BaseException, **fields: object) -> None:
        """A fault of this program, caught at the top of a unit of work."""
        self.faults.labels(where).inc()
        self._log.error("fault", where=where, error=repr(error)[:500], **fields, exc_info=error)

    def trouble(self, where: str, detail: str) -> None:
        """The store or another part cannot work now and will be tried again."""
        self._log.error("trouble", where=where, detail=detail)

    def reloaded(self, rules: int, feeds: int) -> None:
        """New settings and rules are in force."""
        self.rules.set(rules)
        self.reload_ok.set(1)
        self.reloads.labels("taken").inc()
        self._log.info("reload", status="taken", rules=rules, feeds=feeds)

    def refused(self, faults: Iterable[Fault]) -> None:
        """New settings or rules have faults; the old ones stay in force."""
        self.reload_ok.set(0)
        self.reloads.labels("refused").inc()
        for fault in faults:
            place = ":".join(str(part) for part in (fault.file, fault.line, fault.column) if part is not None)
            about = {"rule": fault.rule} if fault.rule else {}  # what is no YAML is of no rule
            self._log.error("reload", status="refused", place=place, **about, fault=fault.message)

    def note(self, event: str, **fields: object) -> None:
        """Something a person may want to read, such as start and stop."""
        self._log.info(event, **fields)

    def warn(self, event: str, **fields: object) -> None:
        """Something a person should look at this week."""
        self._log.warning(event, **fields)


def _clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else "never"


def _span(span: timedelta) -> str:
    return f"{span.total_seconds():.1f}s"
