"""The commands around rules, on real rules and a real archive, through the command line."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.storing import NOW

from monitor.cli import cli
from monitor.cli.rules import RULES_COMMANDS
from monitor.cli.rules import rules as group

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "commands.md").read_text()
RULES = """
rules:
  - {id: khmeimim, kind: base, names: [Khmeimim, حميميم], severity: urgent}
  - {id: lavrov, kind: person, names: [Lavrov], examples: {match: [Lavrov spoke], ignore: [nobody]}}
  - {id: asked, kind: topic, query: '/flee?t/'}
"""
ARTICLES = {
    "one.txt": "Planes left\n\nPlanes at the Khmeimim air base.",
    "two.txt": "Talks\n\nLavrov arrived in Damascus.",
    "three.txt": "مباحثات\n\nمستقبل قاعدة حميميم الجوية.",
    "four.txt": "Talks again\n\nThe minister Lavrov left Damascus.",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "inbox").mkdir()
    for name, text in ARTICLES.items():
        (tmp_path / "inbox" / name).write_text(text)
    (tmp_path / "monitor.yaml").write_text(
        "store: sqlite:///monitor.db\nrules: [rules.yaml]\nfeeds: [{id: inbox, path: inbox, title: The Inbox}]\n"
        "channels: {box: {kind: maildir, path: box}}\nsubscribers: [{id: desk, channels: [box]}]\n"
        "http: {enabled: false}\n"
    )
    return tmp_path


@pytest.fixture
def archive(folder):
    monitor(folder, "poll", "--once")
    return folder


@pytest.fixture
def articles(tmp_path):
    """Articles of three days as JSON lines; the second is printed twice."""
    file = tmp_path / "articles.jsonl"
    made = [(1, "Lavrov spoke"), (2, "Lavrov left"), (2, "Lavrov left"), (2, "Sergey Lavrov"), (4, "LAVROV is back")]
    file.write_text(
        "".join(
            json.dumps({"id": n, "title": "", "body": body, "outlet": "Paper", "published": f"{NOW:%Y-%m}-{day:02}"})
            + "\n"
            for n, (day, body) in enumerate(made)
        )
        + "\n"
    )
    return file


def monitor(folder, *arguments, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *map(str, arguments)])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done.output


# ── the group ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(RULES_COMMANDS))
def test_every_command_has_help_and_is_documented(name):
    command = group.get_command(click.Context(group), name)
    assert command.help
    assert f"monitor rules {name}" in DOCS
    for option in (one for one in command.params if isinstance(one, click.Option)):
        assert option.help
        assert all(flag in DOCS for flag in option.opts), option.opts


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hist"], "Did you mean hits?"),
        (["RULES"], "Did you mean rules?"),
        (["rules", "explian"], "Did you mean explain?"),
        (["rules", "xyzzy"], "There are: explain, test"),
    ],
)
def test_a_mistyped_command_is_told_the_nearest(tmp_path, arguments, words):
    assert words in monitor(tmp_path, *arguments, code=2)


def test_a_group_without_a_command_shows_its_help(tmp_path):
    assert "backtest" in monitor(tmp_path, "rules", code=2)


@pytest.mark.parametrize("text", ["x" * 5000, "Lavrov\0"])
def test_a_text_that_can_be_no_path_is_a_text(folder, text):
    monitor(folder, "rules", "explain", "lavrov", text, code=1 if text[0] == "x" else 0)


def test_an_unknown_rule_is_told_which_there_are(folder):
    for command in (["explain", "nobody", "x"], ["backtest", "nobody"], ["lint", "nobody"]):
        assert "there are: asked, khmeimim, lavrov" in monitor(folder, "rules", *command, code=2)


def test_of_many_rules_the_nearest_are_told(folder):
    file = folder / "many.yaml"
    file.write_text("rules:\n" + "".join(f"  - {{id: rule-{n}, kind: topic, query: x}}\n" for n in range(200)))
    output = monitor(folder, "rules", "--rules", file, "explain", "rule-7x", "text", code=2)
    assert "near are: rule-7" in output
    assert "rule-150" not in output
    assert "near are: none" in monitor(folder, "rules", "--rules", file, "explain", "xyzzy", "text", code=2)


# ── lint ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lint_tells_places_levels_and_the_sample(archive):
    output = monitor(archive, "rules", "lint")
    assert f"{archive}/rules.yaml:5: asked: query: warning: the wildcard *fle* has few letters" in output
    assert "khmeimim: examples: advice" in output
    assert "3 rules: 0 errors, 1 warning, 2 advice; words counted in 4 articles of the archive, too few" in output
    assert "advice:" not in monitor(archive, "rules", "lint", "--level", "warning")


def test_lint_knows_frequent_words(folder):
    file = folder / "lion.yaml"
    file.write_text("rules: [{id: lion, kind: person, names: [Lion], aliases: [الأسد]}]")
    output = monitor(folder, "rules", "--rules", file, "lint")
    assert "lion: names: advice: frequent as words" in output
    assert "Lion (en" in output
    assert "الأسد (ar" in output


def test_lint_ends_with_1_when_it_shall(folder):
    monitor(folder, "rules", "lint", "--strict", code=1)
    monitor(folder, "rules", "lint", "--strict", "lavrov")
    file = folder / "never.yaml"
    file.write_text("rules: [{id: a, kind: topic, score: {threshold: 9, words: {port: 1}}}]")
    assert "a: score: error" in monitor(folder, "rules", "--rules", file, "lint", code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lint"], "there is no archive"),
        (["lint", "--sample", "0"], "no words were counted"),
    ],
)
def test_lint_without_an_archive(folder, arguments, words):
    assert words in monitor(folder, "rules", *arguments)


def test_lint_without_settings(folder):
    (folder / "monitor.yaml").unlink()
    assert "monitor.yaml is not in order" in monitor(folder, "rules", "--rules", folder / "rules.yaml", "lint")


def test_lint_with_a_file_of_articles(folder):
    file = folder / "a.jsonl"
    file.write_text("".join(json.dumps({"id": n, "body": "a lavrov and Lavrov fleet"}) + "\n" for n in range(120)))
    output = monitor(folder, "rules", "lint", "--input", file, "--costs")
    assert "lavrov is written without a capital in 120 of 240 places" in output
    assert "it hits 100% of the articles" in output
    assert "All rules by cost" in output
    assert re.search(r"lavrov +│ +100.0%", output)
    (record,) = [
        json.loads(line) for line in monitor(folder, "rules", "lint", "lavrov", "--json", "--input", file).splitlines()
    ]
    assert (record["rule"], record["asked"], record["share"]) == ("lavrov", "words", 1.0)
    assert {one["check"] for one in record["findings"]} == {"common-word", "hits-often"}


# ── backtest ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_backtest_counts_days_texts_words_and_outlets(folder, articles):
    output = monitor(folder, "rules", "backtest", "lavrov", "--input", articles, "--samples", "2")
    assert "lavrov: 5 hits in 5 articles, 4 texts" in output
    lines = [line for line in output.splitlines() if "2026-03-0" in line and "█" in line]
    assert [line.split()[-1] for line in lines] == ["1", "(2)", "1"]
    assert "2026-03-03 Tue" in output  # a day without a hit
    assert "Lavrov (exact) 4, LAVROV (exact) 1" in output
    assert "outlets: Paper 5" in output
    assert output.count("«") == 2
    assert "\x1b" not in output


def test_backtest_of_the_archive(archive):
    output = monitor(archive, "rules", "backtest", "khmeimim", "--since", "1d")
    assert "khmeimim: 2 hits in 4 articles, 2 texts" in output
    assert "«حميميم»" in output
    assert "such as" in monitor(archive, "rules", "backtest", "khmeimim", "--since", "soon", code=2)
    assert "time zone" in monitor(archive, "rules", "backtest", "khmeimim", "--timezone", "Mars", code=2)
    nothing = monitor(archive, "rules", "backtest", "asked", "--samples", "0")
    assert nothing == "asked: 0 hits in 4 articles\n"


def test_backtest_against_another_version(folder, articles):
    other = folder / "other.yaml"
    other.write_text("rules: [{id: lavrov, kind: person, names: [Sergey Lavrov], aliases: [spoke]}]")
    output = monitor(folder, "rules", "backtest", "lavrov", "--against", other, "--input", articles)
    assert f"{other}: 2 hits instead of 5: 0 gained, 3 lost" in output
    assert "lost:" in output
    record = json.loads(
        monitor(folder, "rules", "backtest", "lavrov", "--against", other, "--input", articles, "--json")
    )
    assert (record["hits"], record["texts"], record["articles"]) == (5, 4, 5)
    assert record["days"]["2026-03-02"] == {"hits": 3, "texts": 2}
    assert (record["against"]["gained"], record["against"]["lost"]) == (0, 3)
    assert [one["article"] for one in record["against"]["losses"]] == ["1", "2", "4"]
    alone = monitor(
        folder, "rules", "--rules", folder / "rules.yaml", "backtest", "lavrov", "--input", articles, "--json"
    )
    assert "against" not in json.loads(alone)


def test_the_other_version_may_refer_to_rules_of_the_first(folder, articles):
    other = folder / "other.yaml"
    other.write_text("rules: [{id: lavrov, kind: topic, query: 'entity:khmeimim OR back'}]")
    output = monitor(folder, "rules", "backtest", "lavrov", "--against", other, "--input", articles)
    assert "1 hit instead of 5" in output
    other.write_text("rules: [{id: lavrov, kind: topic, query: 'entity:nobody'}]")
    done = CliRunner().invoke(
        cli, ["--config", str(folder / "monitor.yaml"), "rules", "backtest", "lavrov", "--against", str(other)]
    )
    assert "entity:nobody refers to no rule" in str(done.exception)


def test_a_long_time_is_shown_by_weeks(folder):
    file = folder / "long.jsonl"
    file.write_text(
        "".join(
            json.dumps({"id": n, "body": "Lavrov", "published": f"2025-{n:02}-01T00:00:00+00:00"}) + "\n"
            for n in range(1, 13)
        )
    )
    output = monitor(folder, "rules", "backtest", "lavrov", "--input", file)
    assert "a week from" in output
    assert len(output.splitlines()) < 90
    since = monitor(folder, "rules", "backtest", "lavrov", "--input", file, "--since", "1d")
    assert "0 hits in 0 articles" in since


def test_a_bad_line_of_articles_is_named(folder):
    file = folder / "bad.jsonl"
    file.write_text('{"id": 1, "body": "x"}\n{"title": "x"}\n')
    assert f"{file}, line 2: `id` is missing" in monitor(folder, "rules", "backtest", "lavrov", "--input", file, code=2)


# ── diff ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

CHANGED = """
rules:
  - {id: khmeimim, kind: base, names: [Khmeimim], not: [Khmeimim street], severity: urgent}
  - {id: lavrov, kind: person, names: [Lavrov], examples: {match: [Lavrov spoke], ignore: [nobody]}}
  - {id: talks, kind: topic, query: talks}
"""


def test_diff_tells_rules_added_removed_and_changed(folder):
    (folder / "new.yaml").write_text(CHANGED)
    output = monitor(folder, "rules", "diff", folder / "rules.yaml", folder / "new.yaml")
    assert output.splitlines() == [
        "+ talks",
        "- asked",
        "~ khmeimim: names, not",
        "1 added, 1 removed, 1 changed, 1 as they were",
    ]
    record = json.loads(monitor(folder, "rules", "diff", folder / "rules.yaml", folder / "new.yaml", "--json"))
    assert record == {"added": ["talks"], "removed": ["asked"], "changed": {"khmeimim": ["names", "not"]}, "same": 1}


def test_diff_tells_hits_gained_and_lost(archive):
    (archive / "new.yaml").write_text(CHANGED)
    paths = (archive / "rules.yaml", archive / "new.yaml")
    output = monitor(archive, "rules", "diff", *paths, "--since", "1d")
    assert "4 articles: 2 of 3 rules with hits find something else" in output
    assert re.search(r"khmeimim +│ +2 │ +1 │ +\+0 │ +-1", output)
    assert re.search(r"talks +│ +0 │ +2 │ +\+2 │ +-0", output)
    assert "«حميميم»" in output
    assert "«" not in monitor(archive, "rules", "diff", *paths, "--since", "1d", "--samples", "0")
    record = json.loads(monitor(archive, "rules", "diff", *paths, "--since", "1d", "--json"))
    assert record["articles"] == 4
    assert {name: (one["gained"], one["lost"]) for name, one in record["hits"].items()} == {
        "khmeimim": (0, 1),
        "talks": (2, 0),
    }


def test_diff_of_equal_rules_finds_the_same(folder, articles):
    output = monitor(folder, "rules", "diff", folder / "rules.yaml", folder / "rules.yaml", "--input", articles)
    assert "5 articles: 0 of 1 rules with hits find something else" in output


@pytest.fixture
def repository(folder):
    """The rules under git, and changed since."""
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "rules.yaml"), ("commit", "-q", "-m", "Rules")):
        subprocess.run([*git, *arguments], cwd=folder, check=True, capture_output=True)
    (folder / "rules.yaml").write_text(CHANGED)
    return folder


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_diff_with_what_git_has(repository):
    here = Path.cwd()
    os.chdir(repository)
    try:
        output = monitor(repository, "rules", "diff", "git:HEAD:rules.yaml", "rules.yaml")
        assert "1 added, 1 removed, 1 changed, 1 as they were" in output
        assert "git: " in monitor(repository, "rules", "diff", "git:nowhere:rules.yaml", "rules.yaml", code=2)
        assert "git: " in monitor(repository, "rules", "diff", "git:HEAD:nothing.yaml", "rules.yaml", code=2)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    "place",
    ["git:HEAD", "git::rules", "git:--output=x:rules", "git:HEAD:", "git:HEAD:../x", "git:HEAD:/x", "nowhere.yaml"],
)
def test_a_place_that_is_none_is_refused(folder, place):
    output = monitor(folder, "rules", "diff", place, folder / "rules.yaml", code=2)
    assert "expected git:REVISION:PATH" in output or "there is no rule file" in output
