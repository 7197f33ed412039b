"""Subscribing by oneself: a form, a mail with a link, and nothing before that link is followed and its button pressed.

Whoever types somebody else's address reaches that somebody with one short mail, at most three an hour, and learns nothing of
whether the address is known: the answer is the same page always.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from monitor import alerting
from monitor.alerting.links import PATH, Link, sign
from monitor.console import pages
from monitor.console.pages import Page
from monitor.model import LinkAction, Person, PersonState, Recipient, Subscriber
from monitor.store.protocol import Store

SUBSCRIBE: Final = "/subscribe"
CONFIRMED_WITHIN: Final = timedelta(hours=48)
_AGAIN: Final = timedelta(minutes=20)
_MOST_AN_HOUR: Final = 20
_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,190}\.[^@\s<>,;:\"()\[\]\\.]{2,63}")
_SEVERITIES: Final = ("routine", "urgent", "flash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """That people may subscribe: through which channel of mail, and where our pages are."""

    channel: str
    base: str


class Subscribing:
    """Answers the form and the link. `offer` is None while nobody may subscribe."""

    def __init__(self, store: Store, *, offer: Callable[[], Offer | None]) -> None:
        self._store, self._offer = store, offer

    async def form(self, form: Mapping[str, str] | None, key: bytes, now: datetime) -> Page:
        """The form, or what comes of it. Raises StoreError."""
        offer = self._offer()
        if offer is None:
            return pages.message(404, "Nothing here", "Nobody can subscribe here.")
        if form is None:
            return pages.subscribing()
        person = Person(
            id=f"mail-{hashlib.sha256(form.get('address', '').lower().encode()).hexdigest()[:10]}",
            title=form.get("address", ""),
            channel=offer.channel,
            addresses=(form.get("address", ""),),
            severity=form.get("severity") or "routine",
            cadence=form.get("cadence") or "now",
            timezone=form.get("timezone") or "UTC",
            state=PersonState.PENDING,
            since=now,
        )
        fault = _fault(person)
        if fault is not None:
            return pages.subscribing(form, fault)
        await self._ask(person, offer, key, now)
        text = f"If {person.title} is an address of yours, there is a mail in it now. Its link is good for two days."
        return pages.message(200, "Look into your mailbox", text)

    async def _ask(self, person: Person, offer: Offer, key: bytes, now: datetime) -> None:
        """Send the mail that asks, unless there were too many, or the address is told already."""
        people = {one.id: one for one in await self._store.people()}
        known = people.get(person.id)
        recent = [
            one for one in people.values() if one.state is PersonState.PENDING and now - one.since < timedelta(hours=1)
        ]
        if known is not None and (known.state is PersonState.ACTIVE or now - known.since < _AGAIN):
            return
        if len(recent) >= _MOST_AN_HOUR or person.title.lower() in await self._store.stopped():
            return
        await self._store.put_person(person)
        until = now + CONFIRMED_WITHIN
        token = sign(Link(action=LinkAction.CONFIRM, subscriber=person.id, until=until), key)
        text = (
            "Somebody, perhaps you, asked for alerts to this address.\n"
            f"To get them, open this page and press its button: {offer.base.rstrip('/')}{PATH}{token}\n"
            "If it was not you, do nothing: without it, no alert is sent."
        )
        to = Subscriber(
            id=person.id, title=person.title, recipients=(Recipient(channel=offer.channel, address=person.title),)
        )
        notice = alerting.notice(
            subscriber=to,
            subject="Please confirm that you want alerts",
            text=text,
            now=now,
            window=f"confirm {now.isoformat()}",
        )
        await self._store.record_alert(notice, now)

    async def confirm(self, link: Link, now: datetime, *, post: bool) -> tuple[Page, bool]:
        """What following the link comes to, and whether somebody was added."""
        person = next((one for one in await self._store.people() if one.id == link.subscriber), None)
        if person is None or person.state is PersonState.REMOVED:
            return pages.message(403, "This link does nothing any more", "Please subscribe again."), False
        if person.state is PersonState.ACTIVE:
            return pages.message(200, "You are subscribed", "There is nothing left to do."), False
        if not post:
            said = f"Alerts go to {person.title}: {person.cadence}, {person.severity} and what is more severe."
            return pages.question("Do you want these alerts?", said, "Yes, send me alerts"), False
        await self._store.put_person(replace(person, state=PersonState.ACTIVE, since=now))
        return pages.message(200, "You are subscribed", "Every alert has links to change or end it."), True


def _fault(person: Person) -> str | None:
    """What is wrong with what was written, in a sentence."""
    if not _ADDRESS.fullmatch(person.title):
        return "This is no mail address."
    if person.severity not in _SEVERITIES:
        return "There is no such severity."
    try:
        alerting.subscriber_of(person)
    except ValueError as error:
        return str(error)
    return None


async def forget(store: Store, now: datetime) -> int:
    """Remove those who did not confirm in time; how many."""
    late = [
        one for one in await store.people() if one.state is PersonState.PENDING and now - one.since > CONFIRMED_WITHIN
    ]
    for one in late:
        await store.put_person(replace(one, state=PersonState.REMOVED, reason="did not confirm"))
    return len(late)
