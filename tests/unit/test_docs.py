"""Docs that cannot lie: every command, metric and log event is documented."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from monitor.cli import COMMANDS, cli
from monitor.engine.health import Gauges
from monitor.engine.journal import Journal

ROOT = Path(__file__).parents[2]
DOCS = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_and_is_documented(name):
    command = cli.get_command(click.Context(cli), name)
    assert command.help
    assert f"monitor {name}" in DOCS
    done = CliRunner().invoke(cli, [name, "--help"])
    assert done.exit_code == 0
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_an_unknown_command_is_a_usage_error():
    assert CliRunner().invoke(cli, ["nonsense"]).exit_code == 2


def test_every_metric_is_documented():
    journal = Journal()
    Gauges(journal.registry)
    names = {family.name for family in journal.registry.collect()}
    assert len(names) > 20
    assert all(name.startswith("monitor_") for name in names)
    assert not {name for name in names if name not in OPERATIONS}


def test_every_log_event_is_documented():
    source = "".join(
        (ROOT / "monitor" / "engine" / name).read_text() for name in ("journal.py", "daemon.py", "local.py")
    )
    events = set(re.findall(r'(?:_log\.\w+|write|journal\.note|journal\.warn)\(\s*"(\w+)"', source))
    assert {"poll", "hit", "alert", "reload", "start"} <= events
    assert not {event for event in events if f"`{event}" not in OPERATIONS and f"`{event}`" not in OPERATIONS}


def test_every_link_of_the_docs_leads_somewhere():
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
