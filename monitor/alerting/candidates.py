"""Stories that have news for somebody, in the order in which they are told. For `decide`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.alerting.news import Row, UpdateCause
from monitor.model import AlertKind, HoldReason, Severity, StoryFacts, Told, most_severe


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A story that has news, and the rows with it, of which the first is what an alert shows first."""

    story: str
    rows: tuple[Row, ...]
    before: Told | None
    """What was told of it on this route."""
    facts: StoryFacts
    causes: tuple[UpdateCause, ...]

    @property
    def severity(self) -> Severity:
        """Of its most severe hit."""
        return most_severe(hit.severity for one in self.rows for hit in one.hits)

    @property
    def since(self) -> datetime:
        """When the first of it came."""
        return min(one.row.since for one in self.rows)

    def held_for(self, reason: HoldReason) -> tuple[datetime, ...]:
        """Until when its rows were held for this reason; none if something more severe has come since, which has a claim
        of its own.
        """
        held = [one for one in self.rows if one.row.held is reason]
        if most_severe(hit.severity for one in held for hit in one.hits).rank < self.severity.rank:
            return ()
        return tuple(one.row.due for one in held)

    def order(self) -> tuple[object, ...]:
        """Most severe first, then the widest spread, then in the order in which they came."""
        return (-self.severity.rank, -self.facts.outlets, self.since, self.story)

    def kind(self) -> AlertKind:
        """What kind of alert tells it alone."""
        if self.before is None:
            return AlertKind.REVISION if self.rows[0].row.changed else AlertKind.ARTICLE
        told = self.before.articles
        changed = all(one.row.changed and one.row.article_key in told for one in self.rows)
        return AlertKind.REVISION if changed else AlertKind.UPDATE


def lead_first(before: Told | None) -> Callable[[Row], tuple[object, ...]]:
    """The row that an alert shows first: one with a rule that was not told, then the most severe, then the first."""
    known = before.rules if before else frozenset[str]()

    def order(one: Row) -> tuple[object, ...]:
        fresh = any(hit.rule_id not in known for hit in one.hits)
        severity = most_severe(hit.severity for hit in one.hits)
        return (not fresh, -severity.rank, one.row.since, one.row.id, one.row.article_key, one.row.revision)

    return order
