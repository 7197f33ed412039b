"""How a feed is: well, silent, empty, broken, moved, gone, blocked, in another format. Pure: the clock is an argument.

Each poll gives a *sign*. A sign becomes the *condition* when it has lasted, so that one odd answer alarms nobody, and
the condition ends when several polls in a row look well:

    condition   its sign                                                         lasts before it counts
    silent      answers, and no new article for twice the longest pause and      at once: the pause is long
                eight times the usual gap, at least three hours; three days
                while less than two weeks are known, since those have weekends
    empty       no item, where there were some before                            3 polls, 1 hour
    broken      any other failure                                                5 polls, 1 hour
    moved       polled at another address since a permanent redirect held        at once: it has held for days
    gone        410; or 404                                                      410 at once; 404 10 polls, 7 days
    blocked     401, 403, 407, 451; a challenge page; a web page where a feed    3 polls, 15 minutes
                was
    format      another family of formats than before; accepted after a day      2 polls

The operator is told of each condition once until the feed is well again, and then of that. The texts are made here too;
when they are sent is not decided here (`engine/flow.py`).
"""

import dataclasses
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.model import Feed, FeedCondition, FeedKind, FeedState, FetchErrorKind, FetchFailed, Health, PollOutcome
from monitor.shown import shown_span, shown_url

_NOTHING = timedelta()
_LASTS = {
    FeedCondition.SILENT: (1, _NOTHING),
    FeedCondition.EMPTY: (3, timedelta(hours=1)),
    FeedCondition.BROKEN: (5, timedelta(hours=1)),
    FeedCondition.MOVED: (1, _NOTHING),
    FeedCondition.GONE: (10, timedelta(days=7)),
    FeedCondition.BLOCKED: (3, timedelta(minutes=15)),
    FeedCondition.FORMAT: (2, _NOTHING),
}
_WELL_POLLS = 2
_LEARNT = 3
_SILENT_GAPS, _SILENT_PAUSES = 8, 2
_SILENT_LEAST, _SILENT_EARLY, _KNOWN_WELL = timedelta(hours=3), timedelta(days=3), timedelta(weeks=2)
_ACCEPTED_POLLS, _ACCEPTED_AFTER = 10, timedelta(days=1)
_REFUSALS = frozenset({401, 403, 407, 451})
_NOT_FOUND, _GONE = 404, 410
_FAILING = frozenset({FeedCondition.BROKEN, FeedCondition.BLOCKED, FeedCondition.GONE})
_MOST_LINES = 20
_LONGEST_TITLE = 120


def judge(
    feed: Feed, before: FeedState, after: FeedState, outcome: PollOutcome, now: datetime, *, title: str | None
) -> tuple[Health, bool]:
    """How a feed is after a poll, and whether the operator is to be told. `after` is what the schedule made of the poll;
    `title` is that of the newest of the articles that it brought, if it brought any.
    """
    health = before.health
    if title is not None:
        health = dataclasses.replace(health, seen=title[:_LONGEST_TITLE])
    health = _with_format(health, after, now)
    sign = _sign(feed, health, after, outcome, now)
    same = sign is health.sign
    if same and sign is FeedCondition.OK is health.condition and health.sign_polls >= _WELL_POLLS:
        return health, False  # as nearly always: nothing to write down
    health = dataclasses.replace(
        health,
        sign=sign,
        # A clock that was set back does not make a sign wait for the time that it had.
        sign_since=min(health.sign_since, now) if same and health.sign_since else now,
        sign_polls=health.sign_polls + 1 if same else 1,
        failing_since=min(health.failing_since or now, now) if after.failures else None,
    )
    found = _confirmed(health, after, outcome, now)
    if found is health.condition:
        return health, False
    return _changed(health, found, now)


def _with_format(health: Health, after: FeedState, now: datetime) -> Health:
    """The first format is the usual one; another that has stayed for long enough takes its place."""
    stayed = (
        health.sign is FeedCondition.FORMAT
        and health.sign_since is not None
        and health.sign_polls >= _ACCEPTED_POLLS
        and now - health.sign_since >= _ACCEPTED_AFTER
    )
    if after.pace.format and (not health.format or stayed):
        return dataclasses.replace(health, format=after.pace.format)
    return health


def _sign(feed: Feed, health: Health, after: FeedState, outcome: PollOutcome, now: datetime) -> FeedCondition:
    """What this poll looks like."""
    if isinstance(outcome, FetchFailed):
        return _sign_of_failure(after, outcome)
    if after.last_error is not None:
        return FeedCondition.BROKEN  # it has not changed since it could not be read
    if feed.kind is not FeedKind.HTTP:
        return FeedCondition.OK
    if after.pace.listed == 0 and after.last_new is not None:
        return FeedCondition.EMPTY
    if _family(after.pace.format) != _family(health.format):
        return FeedCondition.FORMAT
    since = silent_since(after)
    if since is not None and now >= since:
        return FeedCondition.SILENT
    return FeedCondition.MOVED if after.pace.address else FeedCondition.OK


def _sign_of_failure(after: FeedState, outcome: FetchFailed) -> FeedCondition:
    if outcome.status in {_NOT_FOUND, _GONE}:
        return FeedCondition.GONE
    page = outcome.kind is FetchErrorKind.PARSE and outcome.obstacle == "a web page"
    hidden = outcome.obstacle is not None and (after.last_ok is not None or not page)
    if outcome.status in _REFUSALS or hidden:
        return FeedCondition.BLOCKED
    return FeedCondition.BROKEN


def silent_since(state: FeedState) -> datetime | None:
    """From when on a feed without a new article is silent; None when too little is known of its rhythm."""
    pace = state.pace
    if pace.gap is None or pace.longest is None or pace.gaps_seen < _LEARNT:
        return None
    if pace.first is None or pace.latest is None:
        return None
    last = max(pace.latest, state.last_new or pace.latest)
    least = _SILENT_LEAST if pace.latest - pace.first >= _KNOWN_WELL else _SILENT_EARLY
    return last + max(least, pace.longest * _SILENT_PAUSES, pace.gap * _SILENT_GAPS)


def _family(name: str) -> str:
    """`rss` for `rss20`. RSS 1.0 is RDF: another way to say everything."""
    return "rdf" if name in {"rss10", "rss090"} else re.sub("[^a-z].*", "", name)


def _confirmed(health: Health, after: FeedState, outcome: PollOutcome, now: datetime) -> FeedCondition:
    """The condition that follows from the signs."""
    sign, since = health.sign, health.sign_since or now
    if sign is FeedCondition.OK:
        return sign if health.sign_polls >= _WELL_POLLS else health.condition
    polls, span = _LASTS[sign]
    if isinstance(outcome, FetchFailed) and outcome.status == _GONE:
        # Said outright, and never asked again; unless it was only the address that the feed had moved to.
        polls, span = (1, _NOTHING) if after.pace.bounds[0].kind.value == "gone" else (polls, span)
    if health.sign_polls >= polls and now - since >= span:
        return sign
    # Failures of changing kinds are failures all the same.
    broken_polls, broken_span = _LASTS[FeedCondition.BROKEN]
    failing = now - (health.failing_since or now)
    if sign in _FAILING and after.failures >= broken_polls and failing >= broken_span:
        return health.condition if health.condition in _FAILING else FeedCondition.BROKEN
    return health.condition


def _changed(health: Health, found: FeedCondition, now: datetime) -> tuple[Health, bool]:
    """The health with its new condition, and whether to tell: each condition once, until the feed is well again."""
    well = found is FeedCondition.OK
    tell = bool(health.told) if well else found not in health.told
    return (
        dataclasses.replace(
            health,
            condition=found,
            since=now if well else health.sign_since,
            before=health.condition,
            before_since=health.since,
            told=() if well else (*health.told, found) if tell else health.told,
        ),
        tell,
    )


# ── Texts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_WHAT = {
    FeedCondition.SILENT: "is silent: it answers, and brings nothing new",
    FeedCondition.EMPTY: "is empty: it answers without any item",
    FeedCondition.BROKEN: "is broken",
    FeedCondition.MOVED: "has moved for good",
    FeedCondition.GONE: "is gone",
    FeedCondition.BLOCKED: "is blocked",
    FeedCondition.FORMAT: "comes in another format",
}


def sentence(feed: Feed, state: FeedState, now: datetime) -> str:
    """How a feed is, in a few words: for tables."""
    health = state.health
    since = f" for {shown_span(now - health.since)}" if health.since else ""
    if health.condition is FeedCondition.OK:
        return "well" + since
    return f"{health.condition.value}{since}{_why(feed, state)}"


def _why(feed: Feed, state: FeedState) -> str:
    condition, pace = state.health.condition, state.pace
    if condition in _FAILING:
        return f": {state.last_error or 'unknown cause'}"
    if condition is FeedCondition.MOVED:
        return f": {shown_url(feed.url)} leads to {shown_url(pace.address or '')}"
    if condition is FeedCondition.FORMAT:
        return f": {pace.format}, not {state.health.format}"
    if condition is FeedCondition.SILENT and pace.gap is not None:
        return f": an article came every {shown_span(pace.gap)} or so"
    return ""


def notice(changed: Sequence[tuple[Feed, FeedState]], now: datetime) -> tuple[str, str]:
    """Subject and text that tell of feeds whose conditions changed."""
    if len(changed) == 1:
        feed, state = changed[0]
        return f"Feed {feed.id} {_headline(state)}", _paragraph(feed, state, now)
    counts: dict[str, int] = {}
    for _, state in changed:
        word = "well again" if state.health.condition is FeedCondition.OK else state.health.condition.value
        counts[word] = counts.get(word, 0) + 1
    subject = f"{len(changed)} feeds: {', '.join(f'{count} {word}' for word, count in counts.items())}"
    text = "\n\n".join(_paragraph(feed, state, now) for feed, state in changed[:_MOST_LINES])
    if len(changed) > _MOST_LINES:
        text += f"\n\n… and {len(changed) - _MOST_LINES} more; see: monitor feeds list --state unwell"
    return subject, text


def _headline(state: FeedState) -> str:
    condition = state.health.condition
    return "is well again" if condition is FeedCondition.OK else _WHAT[condition].partition(":")[0]


def _paragraph(feed: Feed, state: FeedState, now: datetime) -> str:
    """What is the matter, since when, what was seen last, and what to do."""
    health = state.health
    name = f"{feed.id} ({title})" if (title := feed.title or state.title) else feed.id
    if health.condition is FeedCondition.OK:
        lasted = f" for {shown_span(now - health.before_since)}" if health.before_since else ""
        return f"Feed {name} is well again; it was {health.before.value}{lasted}."
    since = f" since {health.since:%Y-%m-%d %H:%M} UTC" if health.since else ""
    lines = [f"Feed {name} {_WHAT[health.condition]}{since}{_why(feed, state)}."]
    if state.last_ok:
        lines.append(f"Last good poll: {state.last_ok:%Y-%m-%d %H:%M} UTC.")
    if state.last_new:
        seen = f": “{health.seen}”" if health.seen else ""
        lines.append(f"Last new article: {state.last_new:%Y-%m-%d %H:%M} UTC{seen}.")
    lines.append(f"{_ADVICE.get(health.condition, 'See')}: monitor feeds why {feed.id}")
    return "\n".join(lines)


_ADVICE = {
    FeedCondition.MOVED: "It is polled at the new address; write that into the settings. See",
    FeedCondition.GONE: "Take it out of the settings or give it another address; to try once more: monitor poll. See",
    FeedCondition.BLOCKED: "Ask the publisher for access, or take it out of the settings. See",
}
