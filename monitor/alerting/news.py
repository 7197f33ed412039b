"""What of a story is news to somebody who was told of it before: "one alert a story" is decided here.

The first time, everything is. Later: a rule that was not told, a higher severity, a text that was changed so that it hits
other rules; and copies, but not every copy: at certain numbers of outlets, in a language that is new, or after hours of
quiet. What is no news is suppressed, with the reason. When it is told is not decided here; see `decide`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.model import (
    Route,
    Severity,
    StoryFacts,
    Suppressed,
    SuppressionReason,
    TakenHit,
    Told,
    Waiting,
    most_severe,
)


class UpdateCause(StrEnum):
    """Why a story is told, or told again."""

    NEW = "new"
    """Nothing of it was told yet."""
    RULE = "rule"
    """It hits a rule that was not told."""
    SEVERITY = "severity"
    """It is more severe than before."""
    CHANGED = "changed"
    """An article that was told lost a rule when its text was changed."""
    OUTLETS = "outlets"
    """It is told by so many outlets."""
    LANGUAGE = "language"
    """It is told in a language that is new."""
    TIME = "time"
    """It goes on after some hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A waiting row, with the hits of it that are neither silenced nor unwanted."""

    row: Waiting
    hits: tuple[TakenHit, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """Their rules."""
        return tuple(hit.rule_id for hit in self.hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What of a story is to be told, and what not."""

    rows: tuple[Row, ...]
    causes: tuple[UpdateCause, ...]
    """Empty if and only if there are no rows."""
    suppressed: tuple[Suppressed, ...]


def judge_story(
    rows: Sequence[Row], *, route: Route, told: Told | None, mute: Told | None, facts: StoryFacts, now: datetime
) -> Verdict:
    """What of these rows of one story is news on the route.

    `told` is what was told of it there; `mute` what was told of it as flash or urgent to the same subscriber, if that is
    to mute what is routine.
    """
    rows, suppressed = _inhibited(rows, told, mute)
    if told is None:
        if any(one.hits for one in rows):
            return Verdict(rows=tuple(rows), causes=(UpdateCause.NEW,), suppressed=tuple(suppressed))
        # Texts that lost rules which nobody was told of.
        suppressed += (_suppressed(one, SuppressionReason.DUPLICATE, "nothing of it was told") for one in rows)
        return Verdict(rows=(), causes=(), suppressed=tuple(suppressed))
    news: list[Row] = []
    copies: list[Row] = []
    causes_found: set[UpdateCause] = set()
    for one in rows:
        causes_of_row = _causes(one, told)
        if causes_of_row:
            news.append(one)
            causes_found |= causes_of_row
        elif one.row.article_key in told.articles or not one.hits:
            suppressed.append(_suppressed(one, SuppressionReason.DUPLICATE, f"alert {told.alert_key}"))
        else:
            copies.append(one)
    if copies:
        causes_found |= _spread(route, told, facts, now)
    if causes_found:
        news += copies
    else:
        suppressed += (_suppressed(one, SuppressionReason.STORY, f"alert {told.alert_key}") for one in copies)
    ordered = tuple(cause for cause in UpdateCause if cause in causes_found)
    return Verdict(rows=tuple(news), causes=ordered, suppressed=tuple(suppressed))


def muting(told: Mapping[tuple[str, str], Told], story: str) -> Told | None:
    """What was told of the story as flash or urgent, on any route: the first of these, if any."""
    found = [one for (_, key), one in told.items() if key == story and one.severity is Severity.FLASH]
    return min(found, key=lambda one: (one.first_at, one.route), default=None)


def after(told: Told | None, rows: Sequence[Row], *, key: str, route: str, facts: StoryFacts, now: datetime) -> Told:
    """What is told of the story once these rows are told by the alert of that key."""
    severity = most_severe(hit.severity for one in rows for hit in one.hits)
    rules = frozenset(rule for one in rows for rule in one.rules)
    articles = frozenset(one.row.article_key for one in rows)
    dropped = frozenset((one.row.article_key, rule) for one in rows for rule in one.row.dropped)
    if told is None:
        return Told(
            route=route,
            story=rows[0].row.story,
            alert_key=key,
            alerts=1,
            rules=rules,
            articles=articles,
            dropped=dropped,
            severity=severity,
            outlets=facts.outlets,
            languages=facts.languages,
            first_at=now,
            last_at=now,
        )
    return Told(
        route=route,
        story=told.story,
        alert_key=told.alert_key,
        alerts=told.alerts + 1,
        rules=told.rules | rules,
        articles=told.articles | articles,
        dropped=told.dropped | dropped,
        severity=most_severe((told.severity, severity)),
        outlets=max(told.outlets, facts.outlets),
        languages=told.languages | facts.languages,
        first_at=told.first_at,
        last_at=now,
    )


def united(gone: Told, kept: Told | None, story: str) -> Told:
    """What was told of two stories that became one: their thread is that which began first."""
    if kept is None:
        return replace(gone, story=story)
    first, second = sorted((gone, kept), key=lambda one: (one.first_at, one.alert_key))
    return Told(
        route=first.route,
        story=story,
        alert_key=first.alert_key,
        alerts=first.alerts + second.alerts,
        rules=first.rules | second.rules,
        articles=first.articles | second.articles,
        dropped=first.dropped | second.dropped,
        severity=most_severe((first.severity, second.severity)),
        outlets=max(first.outlets, second.outlets),
        languages=first.languages | second.languages,
        first_at=first.first_at,
        last_at=max(first.last_at, second.last_at),
    )


def counted(rows: Iterable[Row]) -> StoryFacts:
    """How far a story has spread, as far as the rows themselves show it."""
    rows = tuple(rows)
    outlets = {one.row.outlet or one.row.feed_id for one in rows}
    return StoryFacts(outlets=len(outlets), languages=frozenset(one.row.lang for one in rows if one.row.lang))


def _inhibited(rows: Sequence[Row], told: Told | None, mute: Told | None) -> tuple[list[Row], list[Suppressed]]:
    """The rows without hits that are routine and new on a story that was told as flash."""
    if mute is None:
        return list(rows), []
    known = told.rules if told else frozenset[str]()
    kept: list[Row] = []
    suppressed: list[Suppressed] = []
    for one in rows:
        quiet = tuple(hit for hit in one.hits if hit.severity is Severity.ROUTINE and hit.rule_id not in known)
        if quiet:
            muted = Row(row=one.row, hits=quiet)
            suppressed.append(_suppressed(muted, SuppressionReason.INHIBITED, f"alert {mute.alert_key}"))
        left = tuple(hit for hit in one.hits if hit not in quiet)
        if left or not quiet:
            kept.append(Row(row=one.row, hits=left))
    return kept, suppressed


def _causes(one: Row, told: Told) -> set[UpdateCause]:
    """What makes a row news by itself."""
    causes: set[UpdateCause] = set()
    if any(hit.rule_id not in told.rules for hit in one.hits):
        causes.add(UpdateCause.RULE)
    if most_severe(hit.severity for hit in one.hits).rank > told.severity.rank:
        causes.add(UpdateCause.SEVERITY)
    lost = {(one.row.article_key, rule) for rule in one.row.dropped if rule in told.rules}
    if one.row.article_key in told.articles and lost - told.dropped:
        causes.add(UpdateCause.CHANGED)
    return causes


def _spread(route: Route, told: Told, facts: StoryFacts, now: datetime) -> set[UpdateCause]:
    """What makes copies news: how far the story has spread since it was last told."""
    causes: set[UpdateCause] = set()
    if any(told.outlets < bound <= facts.outlets for bound in _bounds(route.update_outlets, facts.outlets)):
        causes.add(UpdateCause.OUTLETS)
    if route.update_languages and facts.languages - told.languages:
        causes.add(UpdateCause.LANGUAGE)
    late = route.update_after is not None and now - told.last_at >= route.update_after
    if late and facts.outlets > told.outlets:
        causes.add(UpdateCause.TIME)
    return causes


def _bounds(written: Sequence[int], up_to: int) -> Iterable[int]:
    """The numbers of outlets that make an update, and after the last of them each doubling."""
    yield from written
    bound = 2 * written[-1] if written else up_to + 1
    while bound <= up_to:
        yield bound
        bound *= 2


def _suppressed(one: Row, reason: SuppressionReason, by: str) -> Suppressed:
    return Suppressed(waiting=one.row.id, rules=one.rules, reason=reason, by=by)
