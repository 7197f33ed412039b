"""The canary: who gets its articles, and whether they arrive.

The monitor's own feed brings an article now and then, which takes the way of every other: parser, rules, store, channel.
If none arrives in time, something on that way is broken, whatever all other figures say.
"""

from collections.abc import Sequence
from datetime import datetime

from monitor.model import CANARY, Feed, FeedKind, Match, Subscriber
from monitor.settings import CanarySettings, Settings
from monitor.shown import shown_span


def audience(feed: Feed, people: Sequence[Subscriber], settings: Settings) -> tuple[Subscriber, ...]:
    """Who may be told of a feed's articles: of the canary's one subscriber, of all others everybody. The settings give that
    subscriber a route for it.
    """
    if feed.kind is not FeedKind.CANARY or settings.canary is None:
        return tuple(people)
    return tuple(one for one in people if one.id == settings.canary.subscriber)


def matches_of(feed: Feed, matches: Sequence[Match]) -> tuple[Match, ...]:
    """The matches that count: of the canary only that of its own rule, so that it is no hit of anybody else's."""
    if feed.kind is not FeedKind.CANARY:
        return tuple(matches)
    return tuple(match for match in matches if match.rule_id == CANARY)


def is_late(settings: CanarySettings, last: datetime, now: datetime) -> bool:
    """Whether an article should have arrived by now; `last` is when the last one that did was made, or when this
    program started.
    """
    return now - last > settings.every + settings.within


def notice(settings: CanarySettings, last: datetime, now: datetime, *, late: bool) -> tuple[str, str]:
    """What to tell the operator when it begins to be late, and when it arrives again."""
    if not late:
        return "The canary arrives again", "An article of the canary was delivered: alerts get through."
    text = (
        f"No article of the canary was delivered for {shown_span(now - last)}, though one is made every "
        f"{shown_span(settings.every)} for {settings.subscriber}.\nSomething between polling and delivery does not work. "
        "See: monitor feeds why canary; monitor deliveries; the log."
    )
    return "The canary does not arrive", text
