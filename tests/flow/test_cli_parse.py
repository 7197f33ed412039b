"""`monitor parse` as a command."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.webhost import WebHost, reply

from monitor.cli import cli

SEEDS = Path(__file__).parents[2] / "seeds"
RSS = "<rss version='2.0'><channel><title>F</title><item><guid>1</guid><title>Тартус</title><link>javascript:x</link></item></channel></rss>"


def parse(*arguments: str, text: str | None = None):
    return CliRunner().invoke(cli, ["parse", *arguments], input=text)


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a feed on a server in a thread of its own."""
    ready, stop, found = threading.Event(), threading.Event(), []

    async def run():
        async with WebHost({"/": reply(body=RSS.encode())}) as host:
            found.append(host.url())
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    yield found[0]
    stop.set()
    thread.join()


def test_file(tmp_path):
    file = tmp_path / "feed.xml"
    file.write_text(RSS)
    result = parse(str(file))
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    assert (shown["id"], shown["guid"], shown["title"], shown["url"], shown["outlet"]) == (
        "1",
        "1",
        "Тартус",
        None,
        "F",
    )
    assert "Тартус" in result.stdout  # readable, not escaped
    assert result.stderr == "warning: a link that is not an http or https URL was dropped\n"


def test_standard_input():
    assert json.loads(parse("-", text=RSS).stdout)["title"] == "Тартус"


def test_document_by_its_ending(tmp_path):
    file = tmp_path / "a.md"
    file.write_text("---\ndate: 2025-10-15\n---\n# Title\n\nbody")
    shown = json.loads(parse(str(file)).stdout)
    assert (shown["id"], shown["title"], shown["published"]) == ("a.md", "Title", "2025-10-15T00:00:00+00:00")


def test_folder():
    result = parse(str(SEEDS))
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert "Khmeimim air base" in json.loads(line)["body"]


def test_url_on_a_private_network_only_when_allowed(web):
    result = parse(web)
    assert result.exit_code == 1
    assert "address: 127.0.0.1 may not be dialled" in result.stderr
    result = parse(web, "--allow-private", "127.0.0.0/8")
    assert json.loads(result.stdout)["title"] == "Тартус"
    assert parse(web, "--allow-private", "nonsense").exit_code == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<!DOCTYPE html><p>x", "parse: this is a web page, not a feed"),
        ("", "parse: the document is empty"),
        ("/etc/passwd", "parse: the document is no feed: it has no elements"),
    ],
)
def test_what_cannot_be_read_says_why(text, reason):
    result = parse("-", text=text)
    assert (result.exit_code, result.stdout) == (1, "")
    assert reason in result.stderr


def test_missing_file():
    result = parse("no-such-file.xml")
    assert result.exit_code == 1
    assert "read: No such file or directory" in result.stderr
