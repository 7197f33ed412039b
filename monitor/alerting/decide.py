"""The one place that decides what a subscriber is told now, what waits, and what is never told, with the reason.

A total function: every hit of every row that waits ends in exactly one of told, held and suppressed, so that the ledger of
a subscriber comes out even. It works through four questions:

    sift       is the hit muted, unwanted, or its rule gone?           → suppressed      (`sift`)
    judge      is it news of its story?                                → suppressed      (`news`)
    when       quiet hours, more of the story to wait for, the cap     → held            (here, `quiet`)
    what       one alert a story; or a digest of all that is due       → told            (here)

It asks no clock and may be asked again at any time: what is held is decided anew, with the same answer until its time has
come. It must not know how an alert looks; `compose` makes one of each `Tell`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from monitor import keys
from monitor.alerting import news
from monitor.alerting.cadence import last_due, next_due
from monitor.alerting.candidates import Candidate, lead_first
from monitor.alerting.decisions import Decisions, StoryTell, Tell
from monitor.alerting.news import Row
from monitor.alerting.quiet import held_until
from monitor.alerting.sift import sift
from monitor.alerting.taking import routes_of
from monitor.model import (
    AlertKind,
    DigestReason,
    Held,
    HoldReason,
    Route,
    Rule,
    Sent,
    Severity,
    Silence,
    StoryFacts,
    Subscriber,
    Suppressed,
    Told,
    Waiting,
    most_severe,
)

CAP_WINDOW = timedelta(hours=1)


def decide_alerts(  # noqa: PLR0913 - one decision over all of a subscriber's circumstances
    waiting: Iterable[Waiting],
    *,
    subscriber: Subscriber,
    rules: Mapping[str, Rule],
    silences: Sequence[Silence],
    told: Mapping[tuple[str, str], Told],
    stories: Mapping[str, StoryFacts],
    sent: Iterable[Sent],
    digested: Mapping[str, datetime],
    now: datetime,
) -> Decisions:
    """Decide for one subscriber, over all rows that wait for them, due or not.

    `told` is by route and story; `stories` may lack some, which then count as far as their rows show; `sent` are the
    single alerts of the last hour; `digested` has the end of the last digest of each route that has had one.
    """
    desk = _Desk(
        subscriber=subscriber,
        told=dict(told),
        stories=stories,
        sent=[one for one in sent if timedelta(0) <= now - one.at < CAP_WINDOW],
        digested=digested,
        now=now,
    )
    in_order = sorted(waiting, key=lambda row: (row.since, row.id, row.article_key, row.revision))
    by_route, desk.suppressed = sift(in_order, subscriber, rules, silences, now)
    for route in routes_of(subscriber):
        rows = by_route.get(route.id, [])
        if route.cadence.is_now:
            desk.tell_at_once(route, rows)
        else:
            desk.tell_in_digests(route, rows)
    return desk.decisions()


@dataclass(slots=True, kw_only=True)
class _Desk:
    """The decision in the making: what came in, and what has come of it so far."""

    subscriber: Subscriber
    told: dict[tuple[str, str], Told]
    stories: Mapping[str, StoryFacts]
    sent: list[Sent]
    digested: Mapping[str, datetime]
    now: datetime
    tells: list[Tell] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    suppressed: list[Suppressed] = field(default_factory=list)
    ends: list[tuple[str, datetime]] = field(default_factory=list)
    later: list[datetime] = field(default_factory=list)
    """When something is due that no row waits for."""

    def decisions(self) -> Decisions:
        """All of it."""
        due = min((*self.later, *(one.until for one in self.held)), default=None)
        return Decisions(
            tells=tuple(self.tells),
            held=tuple(self.held),
            suppressed=tuple(self.suppressed),
            digested=tuple(self.ends),
            due=due,
        )

    # ── at once ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def tell_at_once(self, route: Route, rows: Sequence[Row]) -> None:
        """A route without a cadence: one alert for each story that has news, as soon as nothing holds it."""
        ready: list[Candidate] = []
        for candidate in self._candidates(route, rows, inhibit=route.inhibit):
            until, reason = self._wait(route, candidate)
            if until > self.now:
                self._hold(candidate.rows, until, reason)
            else:
                ready.append(candidate)
        ready.sort(key=Candidate.order)
        pooled = [one for one in ready if self._released(one)]
        if len(pooled) > 1:
            capped = any(one.held_for(HoldReason.CAP) for one in pooled)
            self._tell_digest(route, pooled, DigestReason.CAP if capped else DigestReason.QUIET_HOURS)
        elif pooled:
            self._tell_story(route, pooled[0])
        rest = [one for one in ready if not self._released(one)]
        over = [one for one in rest if not self._tell_unless_over(route, one)]
        # All that is over the bound goes together, an hour after the first of it at the latest.
        waits = [until for one in over for until in one.held_for(HoldReason.CAP)]
        together = min((*waits, self.now + CAP_WINDOW))
        for candidate in over:
            self._hold(candidate.rows, together, HoldReason.CAP)

    def _candidates(self, route: Route, rows: Sequence[Row], *, inhibit: bool) -> list[Candidate]:
        """The stories that have news, and their rows with news; what is no news is suppressed."""
        found: list[Candidate] = []
        by_story = sorted(rows, key=lambda one: one.row.story)
        for story, group in groupby(by_story, key=lambda one: one.row.story):
            members = list(group)
            facts = self.stories.get(story) or news.counted(members)
            before = self.told.get((route.id, story))
            mute = news.muting(self.told, story) if inhibit else None
            verdict = news.judge_story(members, route=route, told=before, mute=mute, facts=facts, now=self.now)
            self.suppressed += verdict.suppressed
            if verdict.rows:
                ordered = tuple(sorted(verdict.rows, key=lead_first(before)))
                found.append(Candidate(story=story, rows=ordered, before=before, facts=facts, causes=verdict.causes))
        return found

    def _wait(self, route: Route, candidate: Candidate) -> tuple[datetime, HoldReason]:
        """Until when the story is held, and why; not later than now when it is not."""
        severity, before = candidate.severity, candidate.before
        if before is None:
            reason = HoldReason.GROUP_WAIT
            until = self.now if severity is Severity.FLASH else candidate.since + route.group_wait
        else:
            reason = HoldReason.GROUP_INTERVAL
            until = self.now if severity.rank > before.severity.rank else before.last_at + route.group_interval
        # A clock that was set back must not hold anything for longer than the settings say.
        until = min(until, self.now + max(route.group_wait, route.group_interval))
        quiet = held_until(route, severity, max(until, self.now), self.subscriber.timezone)
        return (quiet, HoldReason.QUIET_HOURS) if quiet else (until, reason)

    def _released(self, candidate: Candidate) -> bool:
        """Whether it was held by quiet hours or by the cap, and is not any more: then it goes in a digest."""
        capped = candidate.held_for(HoldReason.CAP)
        return bool(candidate.held_for(HoldReason.QUIET_HOURS) or (capped and min(capped) <= self.now))

    def _tell_unless_over(self, route: Route, candidate: Candidate) -> bool:
        """Tell the story, unless there were too many alerts this hour. Less severe ones do not count: they must not keep
        one back that is more severe.
        """
        if route.max_per_hour:
            rank = candidate.severity.rank
            count = sum(one.route == route.id and one.severity.rank >= rank for one in self.sent)
            if count >= route.max_per_hour or candidate.held_for(HoldReason.CAP):
                return False
        self._tell_story(route, candidate)
        return True

    # ── in digests ────────────────────────────────────────────────────────────────────────────────────────────────────

    def tell_in_digests(self, route: Route, rows: Sequence[Row]) -> None:
        """A route with a cadence: all that came before its last due time, in one digest."""
        zone, now = self.subscriber.timezone, self.now
        end, next_end = last_due(route.cadence, now, zone), next_due(route.cadence, now, zone)
        last = self.digested.get(route.id)
        if last is not None and last > now:  # the clock was set back
            last = end
            self.ends.append((route.id, end))
        told_already = last is not None and end <= last
        early = [one for one in rows if told_already or one.row.since >= end]
        due = [] if told_already else [one for one in rows if one.row.since < end]
        self._hold_for_digest(route, early, next_end)
        severity = most_severe(hit.severity for one in due for hit in one.hits)
        quiet = None if told_already else held_until(route, severity, now, zone)
        if quiet is not None:
            self._hold(due, quiet, HoldReason.QUIET_HOURS)
            self.later.append(quiet)
            return
        if not told_already:
            self._tell_period(route, due, last, end)
            self.ends.append((route.id, end))
        if route.empty_digests:
            self.later.append(held_until(route, Severity.ROUTINE, next_end, zone) or next_end)

    def _hold_for_digest(self, route: Route, rows: Sequence[Row], end: datetime) -> None:
        zone = self.subscriber.timezone
        until = {severity: held_until(route, severity, end, zone) or end for severity in Severity}
        for one in rows:
            self._hold([one], until[most_severe(hit.severity for hit in one.hits)], HoldReason.CADENCE)

    def _tell_period(self, route: Route, rows: Sequence[Row], last: datetime | None, end: datetime) -> None:
        """The digest of a period, also if there is nothing in it; but none for the time before there was a route."""
        candidates = sorted(self._candidates(route, rows, inhibit=False), key=Candidate.order)
        if candidates or (last is not None and route.empty_digests):
            since = last if last is not None else min((one.since for one in candidates), default=end)
            self._tell_digest(route, candidates, DigestReason.CADENCE, since=since, until=end)

    # ── what is told ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _hold(self, rows: Iterable[Row], until: datetime, reason: HoldReason) -> None:
        self.held += (Held(waiting=one.row.id, rules=one.rules, until=until, reason=reason) for one in rows)

    def _tell_story(self, route: Route, candidate: Candidate) -> None:
        """A single alert."""
        kind = candidate.kind()
        number = candidate.before.alerts if candidate.before else 0
        key = keys.alert_key(
            subscriber=self.subscriber.id,
            rules={rule for one in candidate.rows for rule in one.rules},
            article=f"story {candidate.story}",
            kind=kind,
            window=f"{route.id} {number}",
        )
        story = self._story(route, candidate, key)
        severity = candidate.severity
        self.tells.append(Tell(key=key, kind=kind, route=route, severity=severity, stories=(story,)))
        self.sent.append(Sent(route=route.id, severity=severity, at=self.now))

    def _tell_digest(
        self,
        route: Route,
        candidates: Sequence[Candidate],
        reason: DigestReason,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Many stories in one; a period is told of one on a cadence, otherwise it is that of what is in it."""
        since = since or min(one.since for one in candidates)
        until = until or self.now
        window = f"{route.id} {reason.value} {until.isoformat()}"
        key = keys.alert_key(subscriber=self.subscriber.id, rules=(), article="", kind=AlertKind.DIGEST, window=window)
        tell = Tell(
            key=key,
            kind=AlertKind.DIGEST,
            route=route,
            severity=most_severe(one.severity for one in candidates),
            stories=tuple(self._story(route, one, key) for one in candidates),
            digest=reason,
            since=min(since, until),
            until=until,
        )
        self.tells.append(tell)

    def _story(self, route: Route, candidate: Candidate, key: str) -> StoryTell:
        """The story as it is told; from now on it counts as told."""
        after = news.after(
            candidate.before, candidate.rows, key=key, route=route.id, facts=candidate.facts, now=self.now
        )
        self.told[route.id, candidate.story] = after
        return StoryTell(
            story=candidate.story, rows=candidate.rows, before=candidate.before, after=after, causes=candidate.causes
        )
