"""Which hits a subscriber takes, on which route: the first half of "who is told", at the poll.

Of the routes of a subscriber the first that takes a hit has it; only one marked `continue` lets it go on. A hit that
nothing but a preference (a language, an outlet) keeps out becomes a row all the same, so that it can be told why nobody
heard of it. It must not decide when anything is told; `decide` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.alerting.cadence import next_due
from monitor.model import Article, Match, Preference, Recipient, Route, Rule, Severity, Subscriber, TakenHit, Waiting


def routes_of(subscriber: Subscriber) -> tuple[Route, ...]:
    """The subscriber's routes; of one without any, that which the subscriber's own fields mean."""
    if subscriber.routes:
        return subscriber.routes
    return (
        Route(
            recipients=subscriber.recipients,
            rules=subscriber.rules,
            kinds=subscriber.kinds,
            labels=subscriber.labels,
            severities=tuple(one for one in Severity if one.rank >= subscriber.severity.rank),
        ),
    )


def recipients_of(routes: Iterable[Route]) -> tuple[Recipient, ...]:
    """Everybody on any of the routes, once."""
    return tuple(dict.fromkeys(recipient for route in routes for recipient in route.recipients))


def takes_rule(route: Route, rule: Rule, severity: Severity) -> bool:
    """Whether the route wants hits of this rule: named by id, kind or label (all when none is), of a severity it takes."""
    named = (
        not (route.rules or route.kinds or route.labels)
        or rule.id in route.rules
        or rule.kind in route.kinds
        or any(rule.labels.get(name) == value for name, value in route.labels)
    )
    return named and severity in route.severities


def takes(subscriber: Subscriber, rule: Rule) -> bool:
    """Whether any route wants hits of this rule, of any severity and whatever the article is."""
    return rule.id not in subscriber.without and any(
        takes_rule(route, rule, severity) for route in routes_of(subscriber) for severity in Severity
    )


def unwanted(route: Route, outlet: str | None, lang: str | None) -> str | None:
    """Why the route does not want an article of this outlet and language; None when it does.

    An article whose language nobody knows is wanted: better one too many than one that is missed.
    """
    if lang is not None and not _fits(route.languages, lang):
        return f"language {lang}"
    if not _fits(route.outlets, outlet or ""):
        return f"outlet {outlet}" if outlet else "no outlet"
    return None


def waiting(  # noqa: PLR0913 - all circumstances of an article
    article: Article,
    matches: Sequence[Match],
    *,
    before: Mapping[str, Severity],
    revision: int,
    changed: bool,
    story: str,
    rules: Mapping[str, Rule],
    subscribers: Iterable[Subscriber],
    now: datetime,
) -> tuple[Waiting, ...]:
    """What waits to be decided because of an article, or a revision of it: a row for each route that takes a hit.

    `before` has the rules that the revision before hit, with their severities: only what differs from it is news. Of an
    article that is new it is empty. `changed` says whether its publisher changed the text.
    """
    hits, lost = _news(matches, before)
    rows: list[Waiting] = []
    for subscriber in subscribers:
        taken = routed(subscriber, hits, rules, article.outlet, article.lang)
        dropped = routed(subscriber, lost, rules, article.outlet, article.lang)
        for route in routes_of(subscriber):
            if route.id in taken or route.id in dropped:
                row = Waiting(
                    subscriber_id=subscriber.id,
                    route=route.id,
                    article_key=article.key,
                    revision=revision,
                    changed=changed,
                    story=story,
                    hits=taken.get(route.id, ()),
                    dropped=tuple(hit.rule_id for hit in dropped.get(route.id, ())),
                    feed_id=article.feed_id,
                    outlet=article.outlet,
                    lang=article.lang,
                    since=now,
                    due=next_due(route.cadence, now, subscriber.timezone),
                )
                rows.append(row)
    return tuple(rows)


def _news(
    matches: Sequence[Match], before: Mapping[str, Severity]
) -> tuple[tuple[TakenHit, ...], tuple[TakenHit, ...]]:
    """What hits now and did not before, or not as severely; and what does not any more."""
    hits = tuple(
        TakenHit(rule_id=match.rule_id, severity=match.severity)
        for match in sorted(matches, key=lambda match: match.rule_id)
        if before.get(match.rule_id) is not match.severity
    )
    gone = before.keys() - {match.rule_id for match in matches}
    return hits, tuple(TakenHit(rule_id=rule_id, severity=before[rule_id]) for rule_id in sorted(gone))


def routed(
    subscriber: Subscriber, hits: Iterable[TakenHit], rules: Mapping[str, Rule], outlet: str | None, lang: str | None
) -> dict[str, tuple[TakenHit, ...]]:
    """Which hits go which route, by its id. Hits of rules that are gone, or that no route takes, go none."""
    found: dict[str, tuple[TakenHit, ...]] = {}
    for hit in hits:
        for route in _ways(subscriber, hit, rules.get(hit.rule_id), outlet, lang):
            found[route.id] = (*found.get(route.id, ()), hit)
    return found


def _ways(
    subscriber: Subscriber, hit: TakenHit, rule: Rule | None, outlet: str | None, lang: str | None
) -> tuple[Route, ...]:
    """The routes of a hit: up to the first that does not let it go on, else the one that only a preference closes."""
    ways: list[Route] = []
    closed: list[Route] = []
    for route in routes_of(subscriber):
        if rule is None or rule.id in subscriber.without or not takes_rule(route, rule, hit.severity):
            continue
        if unwanted(route, outlet, lang):
            closed.append(route)
            continue
        ways.append(route)
        if not route.also:
            break
    return tuple(ways or closed[:1])


def _fits(preference: Preference, value: str) -> bool:
    folded = value.casefold()
    if any(folded == name.casefold() for name in preference.never):
        return False
    return not preference.only or any(folded == name.casefold() for name in preference.only)
