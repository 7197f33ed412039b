"""From the models of `subscribers` and `spikes` to frozen subscribers with their routes: what each route takes from its subscriber,
which channels, outlets and rules there are, and all that takes two keys.

Mistakes are noted in the draft; what is returned of a draft with faults is never used.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from monitor.alerting import always_quiet, parse_cadence, parse_quiet, parse_severities, recipients_of
from monitor.config.document import Mapping, Node, quoted
from monitor.config.document import Sequence as ListNode
from monitor.config.draft import Draft
from monitor.config.settings_file import EmailEntry
from monitor.config.subscriber_file import (
    LanguagesEntry,
    OutletsEntry,
    RecipientEntry,
    RouteEntry,
    SubscriberEntry,
    UpdatesEntry,
    Ways,
)
from monitor.model import CANARY, MAIN, Preference, Recipient, Route, RuleKind, Severity, Subscriber
from monitor.settings import SpikeSettings

_INHERITED = (
    "severity", "languages", "outlets", "cadence", "quiet_hours", "quiet_bypass", "group_wait", "group_interval",
    "max_per_hour", "updates", "inhibit", "empty_digests",
)  # fmt: skip


def build_subscribers(draft: Draft) -> Iterator[Subscriber]:
    """All subscribers, each with at least one route."""
    seen: dict[str, Node] = {}
    nodes = draft.nodes.get("subscribers", ())
    canary = draft.model.canary.subscriber if draft.model.canary else None
    for entry, node in zip(draft.model.subscribers, nodes, strict=True):
        if entry.id in seen:
            line = draft.document.place(seen[entry.id].start)[0]
            draft.fault(at_key(node, "id"), f"the subscriber {quoted(entry.id)} stands in line {line} already")
        seen.setdefault(entry.id, node)
        routes = tuple(_routes(draft, entry, node))
        recipients = recipients_of(routes)
        yield Subscriber(
            id=entry.id,
            title=entry.title or entry.id,
            recipients=recipients,
            rules=entry.rules,
            kinds=tuple(RuleKind(kind) for kind in entry.kinds),
            labels=tuple(entry.labels.items()),
            severity=min(parse_severities(entry.severity), key=lambda severity: severity.rank),
            timezone=entry.timezone,
            routes=(*(_canary_route(recipients) for _ in range(entry.id == canary)), *routes),
        )


def build_spikes(draft: Draft) -> Iterator[SpikeSettings]:
    """When the numbers of hits are news."""
    for entry, node in zip(draft.model.spikes, draft.nodes.get("spikes", ()), strict=True):
        if timedelta(days=1) % entry.window:
            message = "spikes.window: must divide a day, such as 15m, 1h, 6h or 1d"
            draft.fault(at_key(node, "window"), message)
        given = {key: getattr(entry, key) for key in ("rules", "window", "at_least", "odds", "rest")}
        kinds = tuple(RuleKind(kind) for kind in entry.kinds)
        yield SpikeSettings(**given, kinds=kinds, labels=tuple(entry.labels.items()))


def check_rule_names(draft: Draft, rule_ids: Iterable[str]) -> None:
    """Subscribers, their routes and spikes may only name rules that exist."""
    known = dict.fromkeys(rule_ids)
    for spike, node in zip(draft.model.spikes, draft.nodes.get("spikes", ()), strict=True):
        _check_rules(draft, spike.rules, node, known)
    for entry, node in zip(draft.model.subscribers, draft.nodes.get("subscribers", ()), strict=True):
        routes = at_key(node, "routes")
        named = [(entry.rules, node), *((one.rules, item_at(routes, place)) for place, one in enumerate(entry.routes))]
        for names, where in named:
            _check_rules(draft, names, where, known)


def _check_rules(draft: Draft, names: Sequence[str], node: Node | None, known: dict[str, None]) -> None:
    for place, name in enumerate(names):
        draft.refer(item_at(at_key(node, "rules"), place), "rules", name, known)


def at_key(node: Node | None, key: str) -> Node | None:
    """The value of a key, else the node itself, for its place."""
    return (node.get(key) if isinstance(node, Mapping) else None) or node


def item_at(node: Node | None, place: int) -> Node | None:
    """An entry of a list, else the node itself, for its place."""
    return node.items[place] if isinstance(node, ListNode) and place < len(node.items) else node


# ── Routes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _canary_route(recipients: tuple[Recipient, ...]) -> Route:
    """Articles of the canary arrive whatever else their subscriber takes, at once and each on its own."""
    return Route(id=CANARY, recipients=recipients, rules=(CANARY,), max_per_hour=0)


def _routes(draft: Draft, entry: SubscriberEntry, node: Node) -> Iterator[Route]:
    """The routes of a subscriber, or the one that its own keys are."""
    own = tuple(_recipients(draft, entry.channels, node))
    place = draft.model.subscribers.index(entry)
    if not entry.channels and not (entry.routes and all(route.channels for route in entry.routes)):
        missing = next((number for number, route in enumerate(entry.routes) if not route.channels), None)
        where, path = node, f"subscribers[{place}]"
        if missing is not None:
            where, path = item_at(at_key(node, "routes"), missing) or node, f"{path}.routes[{missing}]"
        draft.fault(where, f'{path}: the key "channels" is missing')
    whole = _route(draft, entry, node, RouteEntry(id=MAIN), node)
    if not entry.routes:
        yield replace(whole, recipients=own)
    ids: set[str] = set()
    built: list[Route] = []
    for number, given in enumerate(entry.routes):
        where = item_at(at_key(node, "routes"), number) or node
        route = _route(draft, entry, node, given, where)
        route = replace(route, id=given.id or str(number + 1))
        if route.id in ids or route.id == CANARY:
            draft.fault(at_key(where, "id"), f"another route of this subscriber has the id {quoted(route.id)}")
        ids.add(route.id)
        before = next((one for one in built if _hides(one, route)), None)
        if before is not None:
            draft.warn(
                where, f"the route {quoted(route.id)} gets nothing: {quoted(before.id)} before it takes all of it"
            )
        built.append(route)
        yield replace(route, recipients=tuple(_recipients(draft, given.channels, where)) or own)


def _hides(first: Route, later: Route) -> bool:
    """Whether every hit that the later route would take stays with the first."""
    picks_all = not (first.rules or first.kinds or first.labels)
    same = (first.rules, first.kinds, first.labels) == (later.rules, later.kinds, later.labels)
    wants_all = first.languages in {Preference(), later.languages} and first.outlets in {Preference(), later.outlets}
    return not first.also and (picks_all or same) and set(later.severities) <= set(first.severities) and wants_all


def _route(draft: Draft, entry: SubscriberEntry, node: Node, given: RouteEntry, where: Node) -> Route:
    """A route without its recipients: what it says itself, and the rest from its subscriber."""
    said = {key: getattr(given, key) if getattr(given, key) is not None else getattr(entry, key) for key in _INHERITED}
    places = {key: where if getattr(given, key) is not None else node for key in _INHERITED}
    picks = given if given.rules or given.kinds or given.labels else entry
    windows = tuple(parse_quiet(text) for text in said["quiet_hours"])
    # What was inherited has its fault told once, where it stands.
    if always_quiet(windows) and (places["quiet_hours"] is where):
        draft.fault(at_key(where, "quiet_hours"), "quiet_hours: leave no time of the week in which anything goes out")
    updates: UpdatesEntry = said["updates"]
    if tuple(sorted(set(updates.outlets))) != updates.outlets and places["updates"] is where:
        draft.fault(at_key(at_key(where, "updates"), "outlets"), "updates.outlets: must grow from one to the next")
    bypass = said["quiet_bypass"]
    return Route(
        id=given.id or MAIN,
        rules=picks.rules,
        kinds=tuple(RuleKind(kind) for kind in picks.kinds),
        labels=tuple(picks.labels.items()),
        severities=parse_severities(said["severity"]),
        languages=_languages(draft, said["languages"], places["languages"], own=places["languages"] is where),
        outlets=_outlets(draft, said["outlets"], places["outlets"], own=places["outlets"] is where),
        cadence=parse_cadence(said["cadence"]),
        quiet=windows,
        quiet_bypass=None if bypass == "never" else Severity(bypass),
        group_wait=said["group_wait"],
        group_interval=said["group_interval"],
        max_per_hour=said["max_per_hour"],
        update_outlets=updates.outlets,
        update_languages=updates.languages,
        update_after=updates.after or None,
        inhibit=said["inhibit"],
        empty_digests=said["empty_digests"],
        also=given.also,
    )


def _languages(draft: Draft, entry: LanguagesEntry, node: Node, *, own: bool) -> Preference:
    if own and set(entry.only) & set(entry.never):
        draft.fault(at_key(node, "languages"), "languages: the same language is in both only and never")
    return Preference(only=entry.only, never=entry.never)


def _outlets(draft: Draft, entry: OutletsEntry, node: Node, *, own: bool) -> Preference:
    """By name, since articles have the names of their outlets."""
    known = draft.model.outlets
    named: dict[str, tuple[str, ...]] = {}
    for key, ids in (("only", entry.only), ("never", entry.never)):
        for place, name in enumerate(ids):
            if own:
                draft.refer(item_at(at_key(at_key(node, "outlets"), key), place), "outlets", name, list(known))
        named[key] = tuple(known[name].title for name in ids if name in known)
    if own and set(entry.only) & set(entry.never):
        draft.fault(at_key(node, "outlets"), "outlets: the same outlet is in both only and never")
    return Preference(only=named["only"], never=named["never"])


def _recipients(draft: Draft, ways: Ways, node: Node) -> Iterator[Recipient]:
    """Each address on each channel, once."""
    seen: set[Recipient] = set()
    for place, one in enumerate(ways):
        where = item_at(at_key(node, "channels"), place)
        way = one if isinstance(one, RecipientEntry) else RecipientEntry(channel=one)
        if not draft.refer(at_key(where, "channel"), "channels", way.channel, list(draft.model.channels)):
            continue
        mail = isinstance(draft.model.channels[way.channel], EmailEntry)
        if mail and not way.to:
            hint = f"{{channel: {way.channel}, to: [desk@example.org]}}"
            draft.fault(where, f"the channel {quoted(way.channel)} sends mail and needs addresses: {hint}")
        if not mail and way.to:
            draft.fault(at_key(where, "to"), f"the channel {quoted(way.channel)} takes no addresses; leave out to")
            continue
        yield from _once(draft, way.channel, way.to if mail else ("",), at_key(where, "to"), seen)


def _once(
    draft: Draft, channel: str, addresses: Sequence[str], node: Node | None, seen: set[Recipient]
) -> Iterator[Recipient]:
    for number, address in enumerate(addresses):
        recipient = Recipient(channel=channel, address=address)
        if recipient in seen:
            draft.fault(item_at(node, number), "this way to the subscriber is listed twice")
        seen.add(recipient)
        yield recipient
