"""What is measured: something that is given rules once and articles after, and says which rules hit."""

import gc
import time
from collections.abc import Collection, Sequence
from typing import Protocol

from bench.matching.made import Made, as_rule
from monitor.matching import compile_rules
from monitor.model import Article


class Engine(Protocol):
    """One way to match."""

    name: str
    superset: bool
    """Whether NEAR is only AND here, so that it may hit more than it should."""

    def hits(self, article: Article) -> Collection[str]:
        """The ids of the rules that hit."""

    def cpu(self) -> float:
        """CPU seconds used up to now, by this process and by what works for the engine."""

    def close(self) -> None:
        """End what works for the engine."""


class InProcess:
    """An engine that works in this process alone."""

    name = ""
    superset = False

    def cpu(self) -> float:
        return time.process_time()

    def close(self) -> None:
        """Nothing runs beside."""


class Ours(InProcess):
    """The product's index: ids of the rules that hit, without spans where the index can do that."""

    name = "monitor, hits"

    def __init__(self, rules: Sequence[Made]) -> None:
        made = [as_rule(one) for one in rules]
        began = time.process_time()
        compiled = compile_rules(made)
        self.compiled_in = time.process_time() - began
        if compiled.errors:
            raise ValueError(f"{len(compiled.errors)} made rules are refused, the first: {compiled.errors[0]}")
        self.index = compiled.index
        ids = getattr(self.index, "hits", None)
        self.ids_alone = ids is not None
        """Whether the index answers without making spans."""
        self.hits = ids or self.spans

    def spans(self, article: Article) -> Collection[str]:
        """The same with the places of every hit."""
        return [match.rule_id for match in self.index.match(article)]


class WithSpans(InProcess):
    """The same index, asked for spans."""

    name = "monitor, hits with spans"

    def __init__(self, ours: Ours) -> None:
        self.hits = ours.spans


def settle() -> None:
    """Keep the collector from walking what was just built during the rounds."""
    gc.collect()
    gc.freeze()
