"""Where the benchmarks of names read from: development data in a folder `shared/data` beside the project, when it is there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.matching import RuleIndex, compile_rules
from monitor.model import Article, Rule, RuleKind

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def lines(name: str) -> Iterator[dict[str, Any]]:
    """The records of a file of the development data."""
    with (DATA / name).open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def article(record: dict[str, Any]) -> Article:
    """A record as an article without a language: rules must do without."""
    return Article(
        key=record["id"],
        feed_id="",
        guid=None,
        url=None,
        title=record.get("title") or "",
        body=record.get("body") or "",
    )


def named(rule_id: str, names: tuple[str, ...], **values: Any) -> Rule:
    """A rule of names alone."""
    return Rule(id=rule_id, kind=RuleKind.PERSON, title=rule_id, names=names, **values)


def index_of(rules: list[Rule]) -> RuleIndex:
    """The rules, which must hold."""
    compiled = compile_rules(rules)
    if compiled.errors:
        raise SystemExit(f"{compiled.errors[0].rule}: {compiled.errors[0].message}")
    return compiled.index


class Score:
    """Counts of what was found, missed and found wrongly."""

    def __init__(self) -> None:
        self.right = self.missed = self.wrong = self.negatives = 0

    def add(self, *, wanted: bool, found: bool) -> None:
        """One rule on one document."""
        self.right += wanted and found
        self.missed += wanted and not found
        self.wrong += found and not wanted
        self.negatives += not wanted

    @property
    def recall(self) -> float:
        """Of what is there, the share that was found."""
        return self.right / max(1, self.right + self.missed)

    @property
    def precision(self) -> float:
        """Of what was found, the share that is there."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def false_documents(self) -> float:
        """Wrong documents for each thousand that do not name the entity."""
        return 1000 * self.wrong / max(1, self.negatives)

    def row(self, label: str) -> str:
        """A row of a table."""
        return (
            f"| {label} | {self.right + self.missed:,} | {self.recall:.3f} | {self.precision:.3f} "
            f"| {self.false_documents:.2f} |"
        )


HEAD = "| | wanted | recall | precision | false a 1,000 |\n| --- | --: | --: | --: | --: |"
