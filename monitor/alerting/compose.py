"""From what is to be told to the alert that tells it: the second half of `decide`, with the articles in hand.

An alert is a snapshot: all that a message shows is in it. Nothing is decided here, and nothing is left out: a digest has a
line for every story, and `NewAlert.told` names every hit. How it looks is the matter of `render`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.alerting.bars import counted
from monitor.alerting.decisions import StoryTell, Tell
from monitor.alerting.difference import changes
from monitor.alerting.news import Row, UpdateCause
from monitor.alerting.parts import card_of, deliveries_to, reason_of
from monitor.alerting.spread import spread_of
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    Change,
    Copy,
    DigestLine,
    DigestReason,
    Match,
    NewAlert,
    Period,
    Reading,
    Reason,
    Rule,
    Spread,
    Subscriber,
    Waiting,
    most_severe,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The article of a waiting row, as it was in that revision, and what it hits."""

    article: Article
    matches: tuple[Match, ...]
    feed_title: str | None = None
    first_seen: datetime
    previous: Article | None = None
    """The revision before, of a revision."""


def compose(
    tell: Tell,
    *,
    subscriber: Subscriber,
    rules: Mapping[str, Rule],
    seen: Mapping[int, Seen],
    stories: Mapping[str, Sequence[Copy]],
    reading: Reading | None = None,
    now: datetime,
) -> NewAlert:
    """The alert and its deliveries, one for each recipient of the route.

    `seen` is by the `id` of the waiting rows, and has all rows of the tell; `stories` are the articles of each story, as far
    as they are known; `reading` is what was read in the period of a digest.
    """
    desk = _Desk(tell=tell, subscriber=subscriber, rules=rules, seen=seen, stories=stories, now=now)
    alert = desk.digest(reading) if tell.kind is AlertKind.DIGEST else desk.single(tell.stories[0])
    told = _told(one for story in tell.stories for one in story.rows)
    first = alert.article.key if alert.article else None
    return NewAlert(
        alert=alert,
        deliveries=deliveries_to(alert.key, tell.route.recipients),
        article_key=first,
        rule_ids=dict(told).get(first, ()) if first else (),
        told=told,
    )


def _told(rows: Iterable[Row]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every article with the rules that are told of it, in order."""
    found: dict[str, dict[str, None]] = {}
    for one in rows:
        found.setdefault(one.row.article_key, {}).update(dict.fromkeys(one.rules))
    return tuple((article, tuple(ids)) for article, ids in found.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What an alert is made from."""

    tell: Tell
    subscriber: Subscriber
    rules: Mapping[str, Rule]
    seen: Mapping[int, Seen]
    stories: Mapping[str, Sequence[Copy]]
    now: datetime

    def single(self, story: StoryTell) -> Alert:
        """An alert about one story: the article that leads it, the rules that it hits, and how far it has spread."""
        lead = self.seen[story.rows[0].row.id]
        return Alert(
            key=self.tell.key,
            kind=self.tell.kind,
            subscriber_id=self.subscriber.id,
            severity=self.tell.severity,
            created_at=self.now,
            article=card_of(lead.article, lead.feed_title, lead.first_seen),
            reasons=self._reasons(story),
            dropped=self._dropped(story),
            timezone=self.subscriber.timezone,
            route=self.tell.route.id,
            story=story.story,
            thread=story.after.alert_key,
            spread=self._spread(story),
            changes=self._changes(story),
        )

    def digest(self, reading: Reading | None) -> Alert:
        """A digest with a line for every story; without any it says what was read."""
        tell = self.tell
        since, until = tell.since or self.now, tell.until or self.now
        times = [one.row.since for story in tell.stories for one in story.rows]
        period = Period(
            reason=tell.digest or DigestReason.CADENCE,
            since=since,
            until=until,
            bars=counted(times, since, until) if times else (),
            reading=reading,
        )
        return Alert(
            key=tell.key,
            kind=AlertKind.DIGEST,
            subscriber_id=self.subscriber.id,
            severity=tell.severity,
            created_at=self.now,
            lines=tuple(self._line(story) for story in tell.stories),
            timezone=self.subscriber.timezone,
            route=tell.route.id,
            period=period,
        )

    def _reasons(self, story: StoryTell) -> tuple[Reason, ...]:
        """Each rule once, as it hits the article that leads, else the first that it hits; most severe first."""
        found: dict[str, Reason] = {}
        for one in story.rows:
            for reason in self._hits(one):
                other = one.row.article_key != story.rows[0].row.article_key
                shown = replace(reason, seen_in=_place(self.seen[one.row.id])) if other else reason
                found.setdefault(reason.rule_id, shown)
        return tuple(sorted(found.values(), key=lambda reason: (-reason.severity.rank, reason.rule_id)))

    def _hits(self, one: Row) -> Iterator[Reason]:
        seen = self.seen[one.row.id]
        for match in seen.matches:
            rule = self.rules.get(match.rule_id)
            if rule is not None and match.rule_id in one.rules:
                yield reason_of(seen.article, match, rule)

    def _dropped(self, story: StoryTell) -> tuple[str, ...]:
        """The titles of rules that were told of the story and that a changed article of it does not hit any more."""
        lost = dict.fromkeys(rule for one in story.rows for rule in one.row.dropped)
        known = story.before.rules if story.before else frozenset(rule for one in story.rows for rule in one.rules)
        return tuple(self.rules[rule].title for rule in lost if rule in known and rule in self.rules)

    def _changes(self, story: StoryTell) -> tuple[Change, ...]:
        """What was changed in the article that leads, if it is news because it was changed."""
        lead = self.seen[story.rows[0].row.id]
        if self.tell.kind is not AlertKind.REVISION or lead.previous is None:
            return ()
        spans = [span for match in lead.matches for span in match.spans]
        return changes(lead.previous, lead.article, spans)

    def _spread(self, story: StoryTell) -> Spread | None:
        before = story.before
        return spread_of(
            self.stories.get(story.story, ()),
            known=before.languages if before else (),
            again=before is not None,
            timezone=self.subscriber.timezone,
            now=self.now,
        )

    def _line(self, story: StoryTell) -> DigestLine:
        lead = story.rows[0].row
        seen = self.seen[lead.id]
        card = card_of(seen.article, seen.feed_title, seen.first_seen)
        spread = self._spread(story)
        ids = dict.fromkeys(rule for one in story.rows for rule in one.rules)
        dropped = self._dropped(story)
        notes = (
            spread.news if spread else "",
            f"no longer hits {', '.join(dropped)}" if dropped and UpdateCause.CHANGED in story.causes else "",
        )
        return DigestLine(
            alert_key=self.tell.key,
            title=card.title,
            url=card.url,
            outlet=card.outlet or card.feed_title,
            severity=most_severe(hit.severity for one in story.rows for hit in one.hits),
            rules=tuple(self.rules[rule].title for rule in ids if rule in self.rules),
            at=_first(one.row for one in story.rows),
            rtl=card.rtl,
            story=story.story,
            note="; ".join(note for note in notes if note),
        )


def _first(rows: Iterable[Waiting]) -> datetime:
    return min(row.since for row in rows)


def _place(seen: Seen) -> str:
    """An article in a few words: its title and where it stands."""
    where = seen.article.outlet or seen.feed_title
    return f"{seen.article.title} ({where})" if where else seen.article.title
