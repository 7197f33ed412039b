"""`monitor rules suggest` as a person runs it."""

import json

import yaml
from click.testing import CliRunner

from monitor.cli import cli


def _run(*arguments: str):
    return CliRunner().invoke(cli, ["rules", "suggest", *arguments])


def test_aliases_are_ready_to_paste():
    result = _run("Vladimir Putin", "--kind", "person")
    assert result.exit_code == 0, result.output
    assert "Hebr\n    ולדימיר פוטין    (" in result.output
    line = next(line for line in result.output.splitlines() if line.startswith("aliases: "))
    assert "ולדימיר פוטין" in yaml.safe_load(line)["aliases"]


def test_json_says_the_same_and_the_warnings():
    result = _run("Tartus", "--kind", "place", "--json")
    found = json.loads(result.output)
    assert result.exit_code == 0
    assert "طرطوس" in {one["text"] for one in found["aliases"]}
    assert any("Tartu " in one["message"] for one in found["warnings"] if one["kind"] == "confusable")
    assert yaml.safe_load(found["yaml"])["aliases"] == [one["text"] for one in found["aliases"]]


def test_a_rule_is_told_to_do_without_sound():
    result = _run("Biden", "--kind", "person")
    assert "\nvariants: {transliterated: false}\n" in result.output
    assert "beiden" in result.output


def test_nothing_found_says_so():
    result = _run("Жжжщщх")
    assert result.exit_code == 1
    assert "No alias to add" in result.output
    empty = _run("Жжжщщх", "--json")
    assert (empty.exit_code, json.loads(empty.output)["yaml"]) == (1, "")


def test_a_name_has_letters():
    result = _run("123")
    assert result.exit_code == 2
    assert "a name has letters" in result.output
