"""Hits that wait for a subscriber, and a bookkeeper who does with decisions what the engine does with them."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor import alerting
from monitor.model import (
    AlertKind,
    Cadence,
    HoldReason,
    Route,
    Sent,
    Severity,
    StoryFacts,
    SuppressionReason,
    TakenHit,
    Told,
    Waiting,
)
from support.made import MAIL, NOW, rule, subscriber

HOUR = timedelta(hours=1)
RULES = {
    one.id: one
    for one in (
        rule("base", severity=Severity.FLASH, labels={"country": "sy"}),
        rule("port", severity=Severity.URGENT),
        rule("trade", severity=Severity.ROUTINE, labels={"desk": "economy"}),
        rule("grain", severity=Severity.ROUTINE),
    )
}


def hits(*rules):
    return tuple(TakenHit(rule_id=one, severity=RULES[one].severity) for one in sorted(rules))


def row(number=1, *rules, **given):
    defaults = {
        "id": number,
        "subscriber_id": "desk",
        "route": "main",
        "article_key": f"k{number}",
        "story": f"s{number}",
        "hits": hits(*(rules or ("trade",))),
        "feed_id": "f",
        "outlet": f"Outlet {number}",
        "lang": "en",
        "since": NOW,
        "due": NOW,
    }
    return Waiting(**{**defaults, "changed": bool(given.get("revision")), **given})


def told(story="s1", **given):
    defaults = {
        "route": "main",
        "story": story,
        "alert_key": "a1",
        "alerts": 1,
        "rules": frozenset({"trade"}),
        "articles": frozenset({"k0"}),
        "severity": Severity.ROUTINE,
        "outlets": 1,
        "languages": frozenset({"en"}),
        "first_at": NOW - HOUR,
        "last_at": NOW - HOUR,
    }
    return Told(**{**defaults, **given})


def desk(*routes, **given):
    made = tuple(replace(one, recipients=one.recipients or (MAIL,)) for one in routes)
    return subscriber(routes=made, **given)


def decide(rows, *, who=None, stories=None, before=(), now=NOW, **given):
    defaults = {"rules": RULES, "silences": (), "sent": (), "digested": {}}
    return alerting.decide_alerts(
        rows,
        subscriber=who or desk(Route()),
        told={(one.route, one.story): one for one in before},
        stories=stories or {},
        now=now,
        **{**defaults, **given},
    )


def buckets(decisions):
    """How often each hit of each row ended somewhere; a row without hits counts as one."""
    count = Counter()
    for tell in decisions.tells:
        for story in tell.stories:
            count.update((one.row.id, name) for one in story.rows for name in one.rules or ("",))
    count.update((one.waiting, name) for one in decisions.held for name in one.rules or ("",))
    count.update((one.waiting, name) for one in decisions.suppressed for name in one.rules or ("",))
    return count


def wanted(rows):
    return Counter((one.id, name) for one in rows for name in [hit.rule_id for hit in one.hits] or [""])


def reasons(decisions):
    return {(one.waiting, name): one.reason for one in decisions.suppressed for name in one.rules or ("",)}


@dataclass
class Bookkeeper:
    """Keeps what the store keeps, and calls for decisions when the engine does; checks each as it goes."""

    who: object
    waiting: dict = field(default_factory=dict)
    told: dict = field(default_factory=dict)
    stories: dict = field(default_factory=dict)
    sent: list = field(default_factory=list)
    digested: dict = field(default_factory=dict)
    silences: list = field(default_factory=list)
    tells: list = field(default_factory=list)
    ends: dict = field(default_factory=dict)
    """Of each hit of each row: `told`, or the reason why not."""
    due: object = None
    keys: set = field(default_factory=set)

    def add(self, new):
        self.waiting[new.id] = new
        facts = self.stories.get(new.story, StoryFacts(outlets=0))
        spread = StoryFacts(outlets=facts.outlets + 1, languages=facts.languages | {new.lang})
        self.stories[new.story] = spread

    def decide(self, now):
        rows = list(self.waiting.values())
        made = self._ask(rows, now)
        assert buckets(made) == wanted(rows)
        assert self._ask(rows[::-1], now) == made
        for tell in made.tells:
            self._record(tell, now)
        for one in made.suppressed:
            self._end(one.waiting, one.rules, one.reason)
        held = {one.waiting: one for one in made.held}
        for number in list(self.waiting):
            if number not in held:
                del self.waiting[number]
                continue
            one = held[number]
            assert one.until > now
            kept = tuple(hit for hit in self.waiting[number].hits if hit.rule_id in one.rules)
            self.waiting[number] = replace(self.waiting[number], hits=kept, due=one.until, held=one.reason)
        self.digested.update(made.digested)
        self.due = made.due
        assert made.due is None or made.due > now
        again = self._ask(list(self.waiting.values()), now)
        assert again.tells == ()
        # What a later route told as flash may mute what an earlier one holds; nothing else may be new.
        assert {one.reason for one in again.suppressed} <= {SuppressionReason.INHIBITED}
        muted = {one.waiting for one in again.suppressed}
        same = ({one.waiting: one.until for one in found.held if one.waiting not in muted} for found in (again, made))
        assert next(same) == next(same)
        return made

    def _ask(self, rows, now):
        return alerting.decide_alerts(
            rows,
            subscriber=self.who,
            rules=RULES,
            silences=self.silences,
            told=self.told,
            stories=self.stories,
            sent=self.sent,
            digested=self.digested,
            now=now,
        )

    def _record(self, tell, now):
        assert tell.key not in self.keys
        self.keys.add(tell.key)
        self.tells.append((now, tell))
        if tell.kind is not AlertKind.DIGEST:
            self.sent.append(Sent(route=tell.route.id, severity=tell.severity, at=now))
        for story in tell.stories:
            assert story.before == self.told.get((tell.route.id, story.story))
            self.told[tell.route.id, story.story] = story.after
            for one in story.rows:
                self._end(one.row.id, one.rules, "told")

    def _end(self, number, rules, how):
        for name in rules or ("",):
            assert (number, name) not in self.ends
            self.ends[number, name] = how


__all__ = [
    "HOUR", "RULES", "Bookkeeper", "Cadence", "HoldReason", "SuppressionReason", "buckets", "decide", "desk", "hits",
    "reasons", "row", "told", "wanted",
]  # fmt: skip
