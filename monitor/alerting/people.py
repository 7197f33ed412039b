"""Who is told, in the end: subscribers of the settings and those added at run time, with what they chose themselves.

What the settings say is the beginning: a choice may take a rule away, change when alerts come, or pause them; it never
widens what somebody gets. An address that bounced or complained gets nothing, whoever names it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.alerting.cron import always_quiet, parse_cadence, parse_quiet, parse_severities
from monitor.alerting.taking import recipients_of, routes_of
from monitor.model import CANARY, Choices, Person, PersonState, Recipient, Route, RuleKind, Subscriber


def subscriber_of(person: Person) -> Subscriber:
    """Somebody who was added at run time, with one route. Raises ValueError with one sentence that says what is wrong."""
    severities = parse_severities(person.severity)
    quiet = tuple(parse_quiet(text) for text in person.quiet)
    if always_quiet(quiet):
        raise ValueError("the quiet hours leave no time of the week in which anything goes out")
    check_timezone(person.timezone)
    known = {kind.value for kind in RuleKind}
    for kind in person.kinds:
        if kind not in known:
            raise ValueError(f"there is no kind {kind!r}; there are {', '.join(sorted(known))}")
    recipients = tuple(Recipient(channel=person.channel, address=one) for one in person.addresses or ("",))
    route = Route(
        recipients=recipients,
        rules=person.rules,
        kinds=tuple(RuleKind(kind) for kind in person.kinds),
        severities=severities,
        cadence=parse_cadence(person.cadence),
        quiet=quiet,
    )
    return Subscriber(
        id=person.id,
        title=person.title,
        recipients=recipients,
        rules=route.rules,
        kinds=route.kinds,
        severity=min(severities, key=lambda one: one.rank),
        timezone=person.timezone,
        routes=(route,),
    )


def check_timezone(name: str) -> None:
    """Raises ValueError for what is no IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write an IANA name such as Europe/Berlin") from None


def effective(
    settled: Iterable[Subscriber],
    people: Iterable[Person],
    choices: Mapping[str, Choices],
    stopped: Collection[str],
) -> tuple[Subscriber, ...]:
    """Everybody who may be told of hits. Of two with one id, the one of the settings counts. `stopped` has addresses in
    small letters.
    """
    everybody = {one.id: one for one in settled}
    for person in people:
        if person.state is PersonState.ACTIVE and person.id not in everybody:
            everybody[person.id] = subscriber_of(person)
    return tuple(_as_chosen(_reachable(one, stopped), choices.get(one.id)) for one in everybody.values())


def _reachable(subscriber: Subscriber, stopped: Collection[str]) -> Subscriber:
    """Without addresses that take nothing any more."""
    if not any(one.address.lower() in stopped for one in subscriber.recipients):
        return subscriber
    routes = tuple(
        replace(route, recipients=tuple(one for one in route.recipients if one.address.lower() not in stopped))
        for route in routes_of(subscriber)
    )
    return replace(subscriber, routes=routes, recipients=recipients_of(routes))


def _as_chosen(subscriber: Subscriber, choices: Choices | None) -> Subscriber:
    if choices is None:
        return subscriber
    routes = tuple(route if route.id == CANARY else _route_as_chosen(route, choices) for route in routes_of(subscriber))
    return replace(
        subscriber,
        routes=routes,
        timezone=choices.timezone or subscriber.timezone,
        without=choices.without,
        paused=choices.paused,
    )


def _route_as_chosen(route: Route, choices: Choices) -> Route:
    if choices.cadence is not None:
        route = replace(route, cadence=parse_cadence(choices.cadence))
    if choices.quiet is not None:
        route = replace(route, quiet=tuple(parse_quiet(text) for text in choices.quiet))
    return route
