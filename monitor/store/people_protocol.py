"""The part of the Store protocol for people: silences, what subscribers chose, who was added at run time, and the keys that
links in messages are signed with.

Apart from `store.protocol`, whose rules hold here as well. Each change of choices, people or stopped addresses raises
`people_version`, so that a daemon sees what another process changed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from monitor.model import Choices, Person, Silence, Stop, Verdict


class PeopleStore(Protocol):
    """Keeps silences and what is known of people beside the settings."""

    async def add_silence(self, silence: Silence) -> None:
        """Keep a silence; one of the same id is replaced."""

    async def end_silence(self, id: str, now: datetime) -> bool:  # noqa: A002 - what it is
        """End a silence now; False if none of this id is in force."""

    async def silences(self, now: datetime | None = None) -> tuple[Silence, ...]:
        """Silences in force, or with None all that ever were, the newest first."""

    async def link_keys(self, new: bytes) -> tuple[bytes, ...]:
        """The keys of links, the one to sign with first. If there is none, `new` is kept and becomes it."""

    async def people(self) -> tuple[Person, ...]:
        """Everybody who was ever added at run time, by id."""

    async def put_person(self, person: Person) -> None:
        """Keep somebody, in place of one with the same id."""

    async def choices(self) -> Mapping[str, Choices]:
        """What subscribers chose, by id."""

    async def put_choices(self, choices: Choices) -> None:
        """Keep what a subscriber chose, in place of what they chose before."""

    async def stopped(self) -> Mapping[str, Stop]:
        """Addresses that take nothing any more, in small letters."""

    async def stop_address(self, address: str, reason: str, detail: str, now: datetime) -> bool:
        """Send nothing more to an address. False if it was stopped already."""

    async def resume_address(self, address: str) -> bool:
        """Send to an address again. False if it was not stopped."""

    async def people_version(self) -> int:
        """Grows with each change of people, choices or stopped addresses."""

    async def put_verdict(self, verdict: Verdict) -> None:
        """Keep that somebody calls an alert a false alarm; once for each alert, rule and person."""

    async def verdicts(self, limit: int = 100) -> tuple[Verdict, ...]:
        """False alarms, the newest first."""
