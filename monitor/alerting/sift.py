"""What can be told at all: hits that are muted, unwanted, or whose rule or route is gone are suppressed, with the reason.

The first question of `decide`. What is asked here does not depend on the story or on the time of day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.alerting.news import Row
from monitor.alerting.silences import silenced_by, told_as
from monitor.alerting.taking import routed, routes_of, takes_rule, unwanted
from monitor.model import (
    Route,
    Rule,
    Severity,
    Silence,
    Subscriber,
    Suppressed,
    SuppressionReason,
    TakenHit,
    Waiting,
)

_Why = tuple[SuppressionReason, str]


def sift(
    waiting: Iterable[Waiting],
    subscriber: Subscriber,
    rules: Mapping[str, Rule],
    silences: Sequence[Silence],
    now: datetime,
) -> tuple[dict[str, list[Row]], list[Suppressed]]:
    """What is left of the rows, by the id of the route that they go, and what is suppressed."""
    routes = {route.id: route for route in routes_of(subscriber)}
    left: dict[str, list[Row]] = {}
    suppressed: list[Suppressed] = []
    for row in waiting:
        # A revision that only loses rules is judged by these, as its hits would be.
        lost = tuple(TakenHit(rule_id=rule_id, severity=_severity(rules, rule_id)) for rule_id in row.dropped)
        asked = row.hits or lost
        route = routes.get(row.route) or _instead(row, asked, subscriber, rules)
        why = {
            hit: (SuppressionReason.NOT_TAKEN, "unsubscribed from this rule")
            if hit.rule_id in subscriber.without
            else _muted(row, hit, route, rules, silences, now)
            for hit in asked
        }
        kept = tuple(hit for hit in asked if why[hit] is None)
        if kept and route is not None:
            left.setdefault(route.id, []).append(Row(row=row, hits=kept if row.hits else ()))
        suppressed += _suppressed(row, why, kept=bool(kept))
    return left, suppressed


def _suppressed(row: Waiting, why: Mapping[TakenHit, _Why | None], *, kept: bool) -> Iterable[Suppressed]:
    """The hits that are not told, by reason; of a row without hits, the row itself when nothing of it is kept."""
    by_reason: dict[_Why, list[str]] = {}
    for hit, muted in why.items():
        if muted is not None:
            by_reason.setdefault(muted, []).append(hit.rule_id)
    if not row.hits and not kept:
        first = next(iter(by_reason), (SuppressionReason.DUPLICATE, "nothing of it was told"))
        by_reason = {first: []}
    for (reason, by), ids in by_reason.items() if row.hits or not kept else ():
        yield Suppressed(waiting=row.id, rules=tuple(ids), reason=reason, by=by)


def _severity(rules: Mapping[str, Rule], rule_id: str) -> Severity:
    rule = rules.get(rule_id)
    return rule.severity if rule else Severity.ROUTINE


def _instead(row: Waiting, hits: Iterable[TakenHit], subscriber: Subscriber, rules: Mapping[str, Rule]) -> Route | None:
    """The route of a row whose own is gone from the settings: the first that takes any of it."""
    ways = routed(subscriber, hits, rules, row.outlet, row.lang)
    return next((route for route in routes_of(subscriber) if route.id in ways), None)


def _muted(
    row: Waiting,
    hit: TakenHit,
    route: Route | None,
    rules: Mapping[str, Rule],
    silences: Sequence[Silence],
    now: datetime,
) -> _Why | None:
    """Why the hit is not told, whatever its story is; None when it may be."""
    rule = rules.get(hit.rule_id)
    if rule is None:
        return SuppressionReason.RULE_GONE, hit.rule_id
    if route is None or not takes_rule(route, rule, hit.severity):
        return SuppressionReason.NOT_TAKEN, f"route {row.route}"
    preference = unwanted(route, row.outlet, row.lang)
    if preference is not None:
        return SuppressionReason.PREFERENCE, preference
    silence = silenced_by(silences, row, hit, rule, now)
    return (SuppressionReason.SILENCE, told_as(silence)) if silence else None
