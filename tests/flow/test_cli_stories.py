"""`monitor stories`: a file is grouped, and the reason of two articles is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import cli

CASES = Path(__file__).parents[1] / "data" / "stories.jsonl"


def stories(*arguments: str, text: str | None = None):
    return CliRunner().invoke(cli, ["stories", *arguments], input=text)


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_is_grouped_in_its_order(tmp_path):
    target = tmp_path / "out.jsonl"
    assert stories("--input", str(CASES), "--output", str(target)).exit_code == 0
    found = {row["article"]: row["story"] for row in rows(target.read_text())}
    cases = rows(CASES.read_text())
    assert list(found) == [case["id"] for case in cases]
    for one in cases:
        for other in cases:
            assert (found[one["id"]] == found[other["id"]]) == (one["story"] == other["story"]), (
                one["id"],
                other["id"],
            )


def test_ids_may_be_numbers_and_stand_twice():
    lines = [json.dumps({"id": one, "title": "Ferry runs aground off Rovinj in dense fog"}) for one in (7, 8, 7)]
    done = stories(text="\n".join(lines))
    assert rows(done.stdout) == [{"article": one, "story": 7} for one in (7, 8, 7)]


def test_a_language_that_is_not_given_is_told_from_the_text():
    cases = [{**case, "lang": None} for case in rows(CASES.read_text())]
    done = stories(text="\n".join(map(json.dumps, cases)))
    assert {row["article"] for row in rows(done.stdout) if row["story"] == "mine-1"} == {"mine-1", "mine-2", "mine-3"}


def test_bad_lines_are_told_with_their_number():
    done = stories(text='{"id": "a", "title": "One"}\nnonsense\n\n{"title": "no id"}\n')
    assert done.exit_code == 1
    assert rows(done.stdout) == [{"article": "a", "story": "a"}]
    assert "line 2:" in done.stderr
    assert "line 4: `id`" in done.stderr


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("ferry-1", "ferry-2", ["are one story", "the same text"]),
        ("ferry-1", "ferry-4", ["nearly the same wording", "2.1 hours apart"]),
        ("mine-1", "mine-2", ["the same words, names and figures", "is needed", "Wujek", "12.5"]),
        ("mine-3", "mine-1", ["the same names and figures in another language", "Катовице"]),
        ("ferry-1", "ferry-3", ["How they came together", "the same address", "the same text"]),
        ("ferry-1", "bank-1", ["are two stories", "too little in common"]),
    ],
)
def test_why_tells_the_reason(one, other, told):
    done = stories("why", one, other, "--input", str(CASES))
    assert done.exit_code == 0
    for part in told:
        assert part in done.stdout


def test_why_for_machines():
    done = stories("why", "ferry-1", "ferry-3", "--input", str(CASES), "--json")
    found = json.loads(done.stdout)
    assert found["same"] is True
    assert [link["step"] for link in found["links"]] == ["same-text", "same-url"]
    assert found["direct"]["hours_apart"] == 1.33


def test_why_tells_of_merged_stories():
    titles = {
        "a": "Belgrave paint factory burns",
        "b": "Northam warehouses evacuated, forty workers safe",
        "c": "Belgrave paint factory fire: Northam warehouses evacuated, forty workers safe",
    }
    text = "\n".join(json.dumps({"id": key, "title": title, "lang": "en"}) for key, title in titles.items())
    done = stories("why", "a", "b", text=text)
    assert "a and b are one story: a" in done.stdout
    assert "the story of" in done.stdout
    assert [link["step"] for link in json.loads(stories("why", "a", "b", "--json", text=text).stdout)["links"]] == [
        "same-event"
    ]


def test_why_needs_both_articles():
    done = stories("why", "ferry-1", "nobody", "--input", str(CASES))
    assert done.exit_code == 2
    assert "no article of the input has the id 'nobody'" in done.stderr
    assert stories("why", "a", "a", text='{"id": "a"}\nnonsense').exit_code == 1


def test_the_seed_of_hashes_does_not_matter():
    command = [sys.executable, "-m", "monitor", "stories", "--input", str(CASES)]
    runs = [
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
