"""The product and its rivals: how each is set up, the command that polls all feeds once, and what it has stored since."""

import collections
import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path

from bench.polling import measure
from bench.polling.farm import opml
from bench.polling.measure import Cost

_HERE = Path(__file__).parent

Stored = dict[str, set[str]]
"""Ids and addresses of articles, by the address of their feed."""


class Client(ABC):
    """A poller with a folder and a set of feeds of its own."""

    name: str

    def __init__(self, folder: Path, urls: list[str]) -> None:
        self.folder = folder
        self.urls = urls
        folder.mkdir(parents=True)
        (folder / "urls").write_text("".join(f"{url}\n" for url in urls), "utf-8")
        self.set_up()

    @classmethod
    def absent(cls) -> str | None:
        """Why it cannot run here; None if it can."""
        return None

    @abstractmethod
    def set_up(self) -> None:
        """Make it know its feeds beyond the list of their addresses in `urls`; not measured."""

    @abstractmethod
    def command(self) -> list[str]:
        """What polls every feed once."""

    @abstractmethod
    def stored(self) -> Stored:
        """What it has stored."""

    def sweep(self) -> Cost:
        """Poll every feed once."""
        return measure.run(self.command(), env=self.environment(), log=self.folder / "log")

    def environment(self) -> dict[str, str]:
        """What its command finds in the environment beside ours."""
        return {}


class Ours(Client):
    """The product: `monitor poll --once`, the daemon's own loop on a store of its own, with one rule."""

    name = "monitor"

    def set_up(self) -> None:
        opml(self.folder / "farm.opml", self.urls)
        (self.folder / "rules.yaml").write_text(
            "rules: [{id: pumps, kind: organisation, title: Pumps, names: [Aldervale Pumps]}]\n", "utf-8"
        )
        (self.folder / "monitor.yaml").write_text(
            "store: sqlite:///store.db\nrules: [rules.yaml]\nfeeds: [{opml: farm.opml}]\n"
            "polling: {floor: 1s, host_gap: 0s, per_host: 32}\n"
            "fetch: {allow_private: [127.0.0.0/8]}\nhttp: {enabled: false}\nlog: {level: warning}\n",
            "utf-8",
        )

    def command(self) -> list[str]:
        return [sys.executable, "-m", "monitor", "--config", str(self.folder / "monitor.yaml"), "poll", "--once"]

    def stored(self) -> Stored:
        return _rows(
            self.folder / "store.db",
            "SELECT f.url, a.guid, a.url FROM articles a JOIN feeds f ON f.id = a.feed_id",
        )


class Plain(Client):
    """httpx and feedparser, as anyone would put them together."""

    name = "httpx + feedparser"

    def set_up(self) -> None:
        """The list is all that it needs."""

    def command(self) -> list[str]:
        return [sys.executable, str(_HERE / "plain.py"), str(self.folder / "urls"), str(self.folder / "store.db")]

    def stored(self) -> Stored:
        return _rows(self.folder / "store.db", "SELECT url, id, link FROM articles")


class Reader(Client):
    """The library reader, with eight workers."""

    name = "reader"

    @classmethod
    def absent(cls) -> str | None:
        return None if find_spec("reader") else "reader is not installed in the benchmark's environment"

    def set_up(self) -> None:
        subprocess.run([*self._program("add")], check=True)

    def command(self) -> list[str]:
        return self._program("update")

    def _program(self, verb: str) -> list[str]:
        return [
            sys.executable,
            str(_HERE / "with_reader.py"),
            verb,
            str(self.folder / "urls"),
            str(self.folder / "store.db"),
        ]

    def stored(self) -> Stored:
        return _rows(self.folder / "store.db", "SELECT feed, id, link FROM entries")


class Rss2email(Client):
    """rss2email, which is told to send nothing."""

    name = "rss2email"

    @classmethod
    def absent(cls) -> str | None:
        return None if find_spec("rss2email") else "rss2email is not installed in the benchmark's environment"

    def set_up(self) -> None:
        opml(self.folder / "farm.opml", self.urls)
        for words in (["new", "desk@example.org"], ["opmlimport", str(self.folder / "farm.opml")]):
            subprocess.run([*self._program(), *words], check=True, capture_output=True)

    def _program(self) -> list[str]:
        r2e = str(Path(sys.executable).with_name("r2e"))
        return [r2e, "-c", str(self.folder / "config"), "-d", str(self.folder / "data.json")]

    def command(self) -> list[str]:
        return [*self._program(), "run", "--no-send"]

    def stored(self) -> Stored:
        data = json.loads((self.folder / "data.json").read_text("utf-8"))
        by_name = {f"f{number}": url for number, url in enumerate(self.urls)}
        return {by_name[feed["name"]]: set(feed["seen"]) for feed in data["feeds"] if feed["name"] in by_name}


class Newsboat(Client):
    """newsboat, reloading from its command line."""

    name = "newsboat"

    @classmethod
    def absent(cls) -> str | None:
        return None if shutil.which("newsboat") else "newsboat is not installed on the machine"

    def set_up(self) -> None:
        (self.folder / "config").write_text("reload-threads 8\nmax-items 0\n", "utf-8")

    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.folder)}

    def command(self) -> list[str]:
        parts = [("-u", "urls"), ("-c", "cache.db"), ("-C", "config")]
        return ["newsboat", *(word for key, file in parts for word in (key, str(self.folder / file))), "-x", "reload"]

    def stored(self) -> Stored:
        return _rows(self.folder / "cache.db", "SELECT feedurl, guid, url FROM rss_item")


CLIENTS: tuple[type[Client], ...] = (Ours, Plain, Reader, Rss2email, Newsboat)


def _rows(database: Path, query: str) -> Stored:
    found: Stored = collections.defaultdict(set)
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        for url, *names in db.execute(query):
            found[url].update(name for name in names if name)
    return found
