"""docs/rules.md is true: its rules load, their examples hold, and each row of its tables does what it says."""

import re
from pathlib import Path

import pytest

from monitor.config import load_rules
from monitor.matching import compile_rules, example, run_examples
from monitor.model import Rule, RuleKind

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _rows(head: str) -> list[list[str]]:
    """The cells of the rows below a table's head line."""
    table = PAGE.split(f"{head}\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    cells = [re.split(r"(?<!\\)\|", line.strip("|")) for line in table]
    return [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in cells]


MEANINGS = _rows("| query | hits | does not hit |")
REFUSED = _rows("| query | because |")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rule, ...]:
    folder = tmp_path_factory.mktemp("rules")
    for number, block in enumerate(BLOCKS):
        (folder / f"{number}.yaml").write_text(block, "utf-8")
    return load_rules([folder])


def _with_query(shown: tuple[Rule, ...], query: str) -> tuple[Rule, ...]:
    return (*shown, Rule(id="row", kind=RuleKind.TOPIC, title="row", query=query))


def test_the_rules_of_the_page_hold(shown: tuple[Rule, ...]) -> None:
    assert {rule.id for rule in shown} == {"khmeimim", "tartus", "assad", "syria", "extradition", "bases-future"}
    assert run_examples(compile_rules(shown).index) == ()


@pytest.mark.parametrize(("query", "hits", "ignored"), MEANINGS)
def test_each_row_of_the_query_table(shown: tuple[Rule, ...], query: str, hits: str, ignored: str) -> None:
    compiled = compile_rules(_with_query(shown, query))
    assert compiled.errors == ()
    assert ignored
    assert not compiled.index.explain("row", example(ignored)).hit
    assert not hits or compiled.index.explain("row", example(hits)).hit


@pytest.mark.parametrize(("query", "because"), REFUSED)
def test_each_row_of_what_is_refused(shown: tuple[Rule, ...], query: str, because: str) -> None:
    (error,) = compile_rules(_with_query(shown, query)).errors
    assert because in error.message


def test_the_tables_are_there() -> None:
    assert len(MEANINGS) > 25
    assert len(REFUSED) > 9


@pytest.mark.parametrize(
    ("written", "tier"),
    [
        ("BASHAR AL ASSAD", "exact"),
        ("Bashar Assad", "exact"),
        ("Башар аль-Асад", "exact"),
        ("с Башаром Асадом", "inflected"),
        ("Bashar al-Assad’s", "exact"),
        ("Bachar el-Assad", "transliterated"),
    ],
)
def test_the_table_of_tiers(shown: tuple[Rule, ...], written: str, tier: str) -> None:
    assert f"*{written}*" in PAGE
    names = Rule(id="row", kind=RuleKind.PERSON, title="row", names=("Bashar al-Assad", "Башар Асад"))
    found = compile_rules((*shown, names)).index.explain("row", example(written)).match
    assert found is not None
    assert [span.tier.value for span in found.spans] == [tier]


def test_every_key_of_a_rule_is_on_the_page() -> None:
    told = {name.removesuffix("_") for name in Rule.__dataclass_fields__} - {"version", "file", "line"}
    assert {name for name in told if f"`{name}`" not in PAGE} == {"examples"}  # these have words of their own
