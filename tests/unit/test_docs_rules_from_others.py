"""docs/rules-from-others.md is true: each row's query of ours holds and hits the text beside it."""

import re
from pathlib import Path

import pytest

from monitor.matching import compile_rules, example
from monitor.model import Rule, RuleKind

PAGE = (Path(__file__).parents[2] / "docs" / "rules-from-others.md").read_text("utf-8")
TABLES = re.findall(
    r"^## (.+?)\n\n\| theirs \| ours \| hits \|\n\|---\|---\|---\|\n((?:\|.*\|\n)+)", PAGE, re.MULTILINE
)
ROWS = [
    (system, *(cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip("|"))))
    for system, table in TABLES
    for line in table.splitlines()
]


@pytest.mark.parametrize(("system", "theirs", "ours", "text"), ROWS)
def test_each_row(system: str, theirs: str, ours: str, text: str) -> None:
    assert system
    assert theirs
    compiled = compile_rules([Rule(id="row", kind=RuleKind.TOPIC, title="row", query=ours)])
    assert compiled.errors == ()
    assert compiled.index.hits(example(text)) == ["row"]


def test_every_system_has_a_table() -> None:
    systems = " ".join(system for system, _ in TABLES)
    for name in ("Factiva", "Meltwater", "Lucene", "EMM", "Inoreader", "Miniflux"):
        assert name in systems
    assert len(ROWS) > 35
