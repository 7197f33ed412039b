"""Why two articles are one story, or are not: the shortest chain of decisions between them, and what they share themselves.

Whoever wants to be told keeps a `Chain` beside `Stories` and gives it every decision. It must not decide anything.
"""

from collections import deque
from dataclasses import dataclass, field

from monitor.stories.decision import Decision, Evidence, Merge

Link = tuple[str, str, Evidence | Merge]
"""Two articles, and what joined them (evidence), or what joined the stories that they began (a merge)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What is known of two articles."""

    same: bool
    direct: Evidence
    """What the two have in common, whatever was decided."""
    links: tuple[Link, ...]
    """From the first article to the second, when they are one story."""


@dataclass(slots=True)
class Chain:
    """The decisions so far, as links between articles."""

    _links: dict[str, list[Link]] = field(default_factory=dict)

    def add(self, decision: Decision) -> None:
        """Keep what a decision joined."""
        if decision.evidence is not None and decision.evidence.like != decision.article:
            self._link(decision.article, decision.evidence.like, decision.evidence)
        for merge in decision.merges:
            self._link(merge.story, merge.into, merge)

    def between(self, one: str, other: str) -> tuple[Link, ...]:
        """The shortest way from one article to another; empty when nothing joins them."""
        came: dict[str, Link | None] = {one: None}
        waiting = deque([one])
        while waiting and other not in came:
            here = waiting.popleft()
            for link in self._links.get(here, ()):
                if link[1] not in came:
                    came[link[1]] = link
                    waiting.append(link[1])
        way: list[Link] = []
        here = other
        while (last := came.get(here)) is not None:
            way.append(last)
            here = last[0]
        return tuple(reversed(way))

    def _link(self, one: str, other: str, reason: Evidence | Merge) -> None:
        self._links.setdefault(one, []).append((one, other, reason))
        self._links.setdefault(other, []).append((other, one, reason))
