"""What is decided about an article, with the reason. Values only."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Step(StrEnum):
    """On which ground an article is in its story, the strongest first."""

    PLACED = "placed"
    """The caller said so: it was decided before."""
    SAME_URL = "same-url"
    SAME_TEXT = "same-text"
    """The same words in the same order."""
    NEAR_COPY = "near-copy"
    """Most runs of three words are the same: syndicated, or lightly rewritten."""
    SAME_EVENT = "same-event"
    """The same rare words, names and figures at the same time."""
    OTHER_LANGUAGE = "other-language"
    """The same names and figures in another language at the same time."""
    NOTHING = "nothing"
    """No ground: two articles that have too little in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How much an article has in common with another or with a story."""

    step: Step
    like: str
    """The key of the article that is most like it, of those looked at."""
    similarity: float
    """From 0 to 1; what it measures depends on the step."""
    needed: float
    """The least similarity of that step."""
    apart: timedelta | None = None
    """Between the two times of publication, when both are known."""
    words: tuple[str, ...] = ()
    """Shared words, as the article writes them; those that weigh most first."""
    names: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Two stories that became one."""

    story: str
    """The story that is no more: its articles now belong to `into`."""
    into: str
    step: Step
    similarity: float
    needed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The story of an article."""

    article: str
    story: str
    """The key of the oldest article that the story ever had; it does not change but by merging."""
    evidence: Evidence | None
    """None when the article begins a story."""
    merges: tuple[Merge, ...] = ()
    """In the order in which they were made."""
