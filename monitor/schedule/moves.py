"""Permanent redirects (301, 308): the address where a feed is polled changes once one has held. Pure.

A redirect that somebody set up by mistake, or a hotel's network, must not carry a feed away. So the same target has to
come at several polls, over days (`polling.moved_after`), without one answer between them that says otherwise. The
settings keep the old address: where the new one fails, the feed is asked there again.
"""

import dataclasses
from datetime import datetime
from urllib.parse import urlsplit

from monitor.model import Feed, FetchFailed, Move, Pace
from monitor.settings import PollingSettings

POLLS = 5
"""A redirect has held when so many polls in a row met it."""
_GONE = 410
_PATIENCE = 3
"""So many failures at a new address, and the one of the settings is asked again."""


def after(feed: Feed, pace: Pace, target: str | None, now: datetime, settings: PollingSettings) -> Pace:
    """What is known of the address after an answer that could be read; `target` is where it led for good."""
    if target is None or target == (pace.address or feed.url):
        return dataclasses.replace(pace, move=None) if pace.move else pace
    move = pace.move
    if move is None or move.to != target or move.since > now:
        return dataclasses.replace(pace, move=Move(to=target, since=now))
    move = dataclasses.replace(move, polls=move.polls + 1)
    held = move.polls >= POLLS and now - move.since >= settings.moved_after
    if not held or _has_credentials(feed.url):
        return dataclasses.replace(pace, move=move)
    return dataclasses.replace(pace, move=None, address=None if target == feed.url else target)


def after_failure(pace: Pace, outcome: FetchFailed, failures: int) -> tuple[Pace, bool]:
    """The same after a failure, and whether the feed is now asked at the address of the settings again."""
    if pace.address is None or (failures < _PATIENCE and outcome.status != _GONE):
        return pace, False
    return dataclasses.replace(pace, address=None, move=None), True


def _has_credentials(url: str) -> bool:
    """A name and password belong to the address of the settings; they would be lost with it."""
    return "@" in urlsplit(url).netloc
