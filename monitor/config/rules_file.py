"""The shape of a rule file: every key, its type, its default and its meaning (the docstrings reach editors).

Whether a query is well formed, and whom `entity:` names, is judged by `matching`; here stands only what a file may say.
"""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from monitor.config.shape import Duration, Kind, Labels, Lang, Line, OneOrMore, Script, SeverityName, Slug, Strict, Text

_WITHIN_WORDS = ("article", "paragraph", "sentence")


def _within(value: object) -> str:
    """`article`, `paragraph`, `sentence`, or a number of words."""
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(written, str) and (written in _WITHIN_WORDS or re.fullmatch("[1-9][0-9]{0,3}", written)):
        return written
    raise ValueError("expected article, paragraph, sentence, or a number of words from 1 to 9999")


def _weight(value: object) -> object:
    """A weight that weighs something."""
    if value == 0 and isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("a weight of 0 does nothing; give another, or leave the word out")
    return value


Within = Annotated[
    str,
    BeforeValidator(_within),
    WithJsonSchema({"anyOf": [{"enum": list(_WITHIN_WORDS)}, {"type": "integer", "minimum": 1, "maximum": 9999}]}),
]
Weight = Annotated[int, BeforeValidator(_weight), Field(ge=-1_000_000, le=1_000_000)]
TierName = Literal["exact", "alias", "inflected", "transliterated"]
Lines = Annotated[tuple[Line, ...], OneOrMore]


class ScoreEntry(Strict):
    """Weighted words."""

    threshold: Annotated[int, Field(ge=1, le=1_000_000)]
    """The rule hits when the sum reaches it."""
    words: Annotated[dict[Text, Weight], Field(min_length=1)]
    """Words, phrases, wildcards or `entity:` with their weights; each counts up to three times."""


class ExamplesEntry(Strict):
    """Texts that prove the rule; `monitor check` runs them."""

    match: Annotated[tuple[Text, ...], OneOrMore] = ()
    """Texts that must hit."""
    ignore: Annotated[tuple[Text, ...], OneOrMore] = ()
    """Texts that must not."""


class RuleEntry(Strict):
    """A watch rule: it has `names`, a `query` or a `score`."""

    id: Slug
    """A stable name; hits keep it."""
    kind: Kind
    """What it watches: person, base, place, organisation, vessel or topic."""
    title: Line | None = None
    """The name for people; the first of `names`, else the id, when left out."""
    names: Lines = ()
    """Names in any script; inflections and other spellings come by themselves."""
    aliases: Lines = ()
    """Other names of the same."""
    not_: Lines = Field(default=(), alias="not")
    """Phrases that do not count as this name."""
    query: Text | None = None
    """A boolean query."""
    score: ScoreEntry | None = None
    """Weighted words."""
    needs: Text | None = None
    """What must stand near a name: a query."""
    within: Within = "article"
    """How near: article, paragraph, sentence, or a number of words."""
    severity: SeverityName = "routine"
    """flash, urgent or routine."""
    labels: Labels = Field(default_factory=dict)
    """Free labels, by which subscribers choose rules."""
    lang: Annotated[tuple[Lang, ...], OneOrMore] = ()
    """Only articles in these languages."""
    script: Annotated[tuple[Script, ...], OneOrMore] = ()
    """Only articles in these scripts."""
    feeds: Annotated[tuple[Slug, ...], OneOrMore] = ()
    """Only articles of these feeds, by id."""
    outlets: Lines = ()
    """Only articles of these outlets, by id."""
    exact: bool = False
    """Only what is written here: no inflections, no other spellings."""
    variants: dict[TierName, bool] = Field(default_factory=dict)
    """Tiers to switch off: `{transliterated: false}`."""
    enabled: bool = True
    """`false` keeps the rule without running it."""
    max_age: Duration | None = None
    """Articles published longer ago raise no hit."""
    examples: ExamplesEntry = ExamplesEntry()
    """Texts that prove the rule."""


class RulesFile(Strict):
    """A file of watch rules."""

    rules: tuple[RuleEntry, ...] = ()
    """The rules."""
