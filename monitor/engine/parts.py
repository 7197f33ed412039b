"""What the flow works with: the parts of a running monitor, put together once and handed to each verb.

`Live` is the current settings and rules. A verb takes `live.loaded` once and works with that to its end, so that a
reload in the middle never shows it half a set.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitor.alerting import Templates
from monitor.channels.protocol import Channel
from monitor.config import Loaded
from monitor.engine.journal import Journal
from monitor.engine.outage import Outage
from monitor.engine.rates import TokenBucket
from monitor.engine.stories import StoryWindow
from monitor.feeds import FeedReader
from monitor.matching.undecided import Openings
from monitor.model import ChannelState, Subscriber
from monitor.store.protocol import Store


def utc_now() -> datetime:
    """The wall clock, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Live:
    """The settings and rules in force; replaced whole."""

    loaded: Loaded
    people: tuple[Subscriber, ...] = ()
    """Everybody who may be told of hits, as `people.refresh` found them."""
    people_version: int = -1
    """What of the store they were made from."""
    _templates: Templates | None = None
    link_key: bytes | None = None
    """What links in messages are signed with; None where no address of ours is known."""

    def templates(self) -> Templates | None:
        """The operator's templates for mail, compiled once."""
        sources = self.loaded.settings.templates
        if sources is None:
            return None
        if self._templates is None or self._templates.sources is not sources:
            self._templates = Templates(sources)
        return self._templates

    def subscriber(self, id: str) -> Subscriber | None:  # noqa: A002 - what it is
        """Somebody of them; None who is not there any more."""
        return next((one for one in self.people if one.id == id), None)

    def operators(self) -> tuple[Subscriber, ...]:
        """Those who are told when something is wrong with the monitor itself."""
        settings = self.loaded.settings
        return tuple(one for one in settings.subscribers if one.id in settings.operator)


@dataclass(slots=True, kw_only=True)
class Parts:
    """Everything a verb of the flow needs."""

    worker: str
    live: Live
    store: Store
    reader: FeedReader
    channels: Mapping[str, Channel]
    journal: Journal
    clock: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    """Seconds for rates; never set back."""
    jitter: Callable[[], float] = random.random
    """Uniform in [0, 1)."""
    stories: StoryWindow = field(init=False)
    openings: Openings = field(default_factory=Openings)
    """What a teaser may leave undecided."""
    states: dict[str, ChannelState] = field(default_factory=dict)
    """What is known of each channel; the store has the same."""
    buckets: dict[str, TokenBucket] = field(default_factory=dict)
    outage: Outage = field(default_factory=Outage)
    """Whether our own network is down."""
    feeds_told_at: datetime | None = None
    """When the operator was last told of feeds."""

    def __post_init__(self) -> None:
        self.stories = StoryWindow(self.store, self.clock, lambda: self.live.loaded.settings.stories)

    def state_of(self, channel: str) -> ChannelState:
        """What is known of a channel."""
        return self.states.get(channel) or ChannelState(channel=channel)

    def bucket_of(self, channel: Channel) -> TokenBucket:
        """The rate limit of a channel."""
        rate, burst = channel.rate
        bucket = self.buckets.get(channel.id)
        if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
            bucket = self.buckets[channel.id] = TokenBucket(rate, burst, clock=self.monotonic)
        return bucket


def feed_lease(parts: Parts) -> timedelta:
    """How long a feed is claimed: a whole fetch and parse, after a wait for its host; long enough never to run out
    over honest work, short enough that a killed worker's feeds are polled again soon.
    """
    settings = parts.live.loaded.settings
    return settings.fetch.timeout + settings.fetch.parse_timeout + timedelta(minutes=2)


def delivery_lease(channel: Channel) -> timedelta:
    """How long a delivery is claimed: twice what the channel may take, and half a minute."""
    return timedelta(seconds=2 * channel.timeout + 30)


def longest_lease(parts: Parts) -> timedelta:
    """A lease that reaches further ahead than this was given before the clock was set back."""
    longest = max((delivery_lease(channel) for channel in parts.channels.values()), default=timedelta())
    return 2 * max(longest, feed_lease(parts))
