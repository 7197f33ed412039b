"""Who is told, kept up to date: the settings, those added at run time, what they chose, addresses that bounced.

Another process (the command line) may change it: a number in the store says when, and is looked at every few seconds.
"""

import secrets

from monitor import alerting
from monitor.engine.parts import Parts
from monitor.model import PersonState


async def look(parts: Parts) -> bool:
    """Take over what changed since the last look; whether anything did. Raises StoreError."""
    if await parts.store.people_version() == parts.live.people_version:
        return False
    await refresh(parts)
    parts.journal.note("people", subscribers=len(parts.live.people))
    return True


async def refresh(parts: Parts) -> None:
    """Find out who is told now, write them to the store, and have everybody decided on anew."""
    settings = parts.live.loaded.settings
    # Read first, so that what changes meanwhile is looked at again.
    version = await parts.store.people_version()
    people = await parts.store.people()
    ids = {one.id for one in settings.subscribers}
    for one in people:
        if one.id in ids and one.state is PersonState.ACTIVE:
            parts.journal.warn("people", clash=one.id, counts="the settings")
    parts.live.people = alerting.effective(
        settings.subscribers, people, await parts.store.choices(), frozenset(await parts.store.stopped())
    )
    parts.live.people_version = version
    if settings.http.public_url is not None and parts.live.link_key is None:
        parts.live.link_key = (await parts.store.link_keys(secrets.token_bytes(32)))[0]
    now = parts.clock()
    await parts.store.sync_subscribers(parts.live.people, now)
    # With other people or routes, what waits may be due at another time; and a new route learns when its first digest is.
    await parts.store.wake(None, now)
