"""The log: one line a record, whatever a feed puts into it."""

import io
import json
from pathlib import Path

import pytest
import structlog

from monitor.engine import log
from monitor.engine.journal import Journal
from monitor.errors import Fault
from monitor.settings import LogSettings

HOSTILE = 'a\r\nfault where=forged\x1b[31m\u2028\x00\u202eb "quoted"\x85\ud800'


@pytest.fixture(params=["text", "json"])
def lines(request):
    stream = io.StringIO()
    log.set_up(LogSettings(format=request.param, level="info"), stream)
    yield lambda: stream.getvalue().splitlines()
    structlog.reset_defaults()


def test_a_hostile_title_stays_on_one_line_and_colours_nothing(lines):
    structlog.get_logger().info("hit", title=HOSTILE)
    (line,) = lines()
    assert line.isprintable()
    assert "forged" in line


def test_the_level_holds(lines):
    structlog.get_logger().debug("poll")
    structlog.get_logger().warning("feed", warning="odd")
    (line,) = lines()
    assert "odd" in line


def test_json_lines_are_json():
    stream = io.StringIO()
    log.set_up(LogSettings(format="auto", level="debug"), stream)
    structlog.get_logger().debug("poll", title="Асад", ms=3)
    structlog.reset_defaults()
    record = json.loads(stream.getvalue())
    assert record["title"] == "Асад"
    assert record["level"] == "debug"
    assert record["event"] == "poll"


def test_a_refused_reload_names_the_rule_where_there_is_one(lines):
    faults = [
        Fault(message="no YAML", file=Path("a.yaml"), line=3),
        Fault(message="unknown", file=Path("b.yaml"), rule="r"),
    ]
    Journal().refused(faults)
    first, second = lines()
    assert "a.yaml:3" in first
    assert "rule" not in first.replace("a.yaml", "")
    assert "rule" in second
