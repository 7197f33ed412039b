"""Rules, and what they find: matches and their spans. Values only; see the note of `monitor.model`."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import timedelta
from enum import StrEnum


class Severity(StrEnum):
    """How urgent a rule is. Compare with `rank`."""

    FLASH = "flash"
    URGENT = "urgent"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """2 for flash, 1 for urgent, 0 for routine."""
        return {"flash": 2, "urgent": 1, "routine": 0}[self.value]


class RuleKind(StrEnum):
    """What a rule watches."""

    PERSON = "person"
    BASE = "base"
    PLACE = "place"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    TOPIC = "topic"


class Tier(StrEnum):
    """How a written form relates to what the author of the rule wrote."""

    EXACT = "exact"
    ALIAS = "alias"
    INFLECTED = "inflected"
    TRANSLITERATED = "transliterated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Weighted words: the rule hits when the sum reaches the threshold."""

    threshold: int
    words: tuple[tuple[str, int], ...]
    """Query leaves and their weights, in the order of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts that a rule must hit and must not hit; `monitor check` runs them."""

    match: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A watch rule, as its author wrote it and after its file was checked. The language is in `docs/rules.md`."""

    id: str
    kind: RuleKind
    title: str
    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    query: str | None = None
    score: Score | None = None
    needs: str | None = None
    within: str = "article"
    """`article`, `paragraph`, `sentence`, or a number of words in digits."""
    not_: tuple[str, ...] = ()
    """Phrases that do not count as this name (`not:` in the file)."""
    severity: Severity = Severity.ROUTINE
    labels: Mapping[str, str] = _field(default_factory=dict)
    lang: tuple[str, ...] = ()
    script: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    exact: bool = False
    variants: Mapping[str, bool] = _field(default_factory=dict)
    """Tiers set on or off by name; a tier that is not named is on."""
    enabled: bool = True
    max_age: timedelta | None = None
    examples: Examples = Examples()
    version: str = ""
    """From `keys.rule_version`: a hash of all that decides a match. Hits keep it."""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One place in an article that made a rule match."""

    field: str
    """`title`, `body`, `author`, `url`, `category`, …: a text field of the article."""
    start: int
    """Offsets in characters of the field's original text: `text == field[start:end]`."""
    end: int
    text: str
    term: str
    """The name, alias or query leaf that it stands for, as its author wrote it."""
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The pure result of a rule on an article."""

    rule_id: str
    rule_version: str
    severity: Severity
    score: int | None
    """The sum of a `score` rule, else None."""
    clauses: tuple[str, ...]
    """What fired, for people: `names`, `query`, `score`, or the `#name(...)` of each clause that held."""
    spans: tuple[Span, ...]
    """Ordered by field (title first), start, end; never empty unless the rule tests only fields without text."""
