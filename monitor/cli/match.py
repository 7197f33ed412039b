"""`monitor match`: run rules over articles from a file or a pipe, without a store or a daemon."""

import gc
import json
import os
import re
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from monitor.config import load_index, user_images
from monitor.matching import RuleIndex
from monitor.model import Article

_HALF = re.compile("[\ud800-\udfff]")
_TEXT_KEYS = ("title", "body", "lang", "url", "outlet", "author", "published", "feed")
_SHOWN_EVERY = 1 << 18  # bytes read between two looks of the progress bar
_WRITTEN_AT = 500  # lines of output that are written at once


@dataclass(slots=True)
class _Clock:
    """Seconds and CPU seconds since it was made."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def read(self) -> tuple[float, float]:
        return round(time.perf_counter() - self.wall, 6), round(time.process_time() - self.cpu, 6)


@dataclass(slots=True)
class _Statistics:
    """What `--stats` prints."""

    articles: int = 0
    bad_lines: int = 0
    hits: int = 0
    rules: int = 0
    compiling: tuple[float, float] = (0.0, 0.0)
    matching: tuple[float, float] = (0.0, 0.0)

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {
                "articles": self.articles,
                "bad_lines": self.bad_lines,
                "hits": self.hits,
                "rules": self.rules,
                "seconds": {"compile": self.compiling[0], "match": self.matching[0]},
                "cpu_seconds": {"compile": self.compiling[1], "match": self.matching[1]},
                "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            }
        )


@click.command()
@click.option(
    "--rules",
    "folder",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A rule file or a folder of them.",
)
@click.option("--input", "source", default="-", type=click.File("rb"), help="Articles as JSON lines.")
@click.option("--output", "target", default="-", type=click.File("wb"), help="Hits as JSON lines.")
@click.option("--stats", is_flag=True, help="Print statistics as one JSON object on standard error.")
@click.option("--cache/--no-cache", default=True, help="Keep large sets of rules compiled for the next time.")
def match(folder: Path, source: IO[bytes], target: IO[bytes], *, stats: bool, cache: bool) -> None:
    """Match articles against rules: JSON lines in (id, title, body, lang; url, outlet, author, published if there are),
    one JSON object a hit out.

    A line that cannot be read is reported with its number and left out; the rest goes on, and the exit code is 1.
    """
    numbers = _Statistics()
    clock = _Clock()
    index = load_index([folder], user_images() if cache else None)
    numbers.rules = len(index.rules)
    numbers.compiling = clock.read()
    gc.freeze()  # the rules stay; nothing is gained by looking through them for garbage again and again
    clock = _Clock()
    _run(index, source, target, numbers)
    numbers.matching = clock.read()
    if stats:
        click.echo(numbers.as_json(), err=True)
    if numbers.bad_lines:
        sys.exit(1)


def _run(index: RuleIndex, source: IO[bytes], target: IO[bytes], numbers: _Statistics) -> None:
    """Every article of the source, its hits to the target in as few writes as do."""
    now = datetime.now(UTC)
    waiting: list[str] = []
    at_once = not source.seekable()  # who writes into a pipe waits for the answer
    for article_id, article in _articles(_progress(source), numbers):
        lines = index.lines(article, article_id, now)
        numbers.hits += len(lines)
        waiting += lines
        if at_once or len(waiting) >= _WRITTEN_AT:
            target.write("".join(waiting).encode())
            target.flush()
            waiting.clear()
    target.write("".join(waiting).encode())
    target.flush()


def _progress(source: IO[bytes]) -> Iterator[bytes]:
    """The lines of a source; with a bar on a terminal, where its length is known."""
    if not (sys.stderr.isatty() and source.seekable() and source.name != "<stdin>"):
        yield from source
        return
    columns = (TextColumn("articles"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("articles", total=os.fstat(source.fileno()).st_size)
        unseen = 0
        for line in source:
            yield line
            unseen += len(line)
            if unseen >= _SHOWN_EVERY:
                bar.advance(task, unseen)
                unseen = 0


def _articles(lines: Iterator[bytes], numbers: _Statistics) -> Iterator[tuple[object, Article]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = parse_line(line)
            article = read_article(record)
        except (ValueError, RecursionError) as error:
            numbers.bad_lines += 1
            click.echo(f"line {number}: {error}", err=True)
            continue
        numbers.articles += 1
        yield record["id"], article


def parse_line(line: bytes) -> Any:
    """The value of a line. What the quick reader refuses the patient one reads or explains."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return json.loads(line.decode("utf-8"))


def read_article(record: Any) -> Article:
    """The article of a JSON object. Raises ValueError that says which key is wrong."""
    if not isinstance(record, dict):
        raise ValueError("expected a JSON object with id, title, body and lang")  # noqa: TRY004 - a fault of the input
    if not isinstance(record.get("id"), str | int) or isinstance(record["id"], bool):
        raise ValueError("`id` is missing or no text or number")  # noqa: TRY004 - as above
    title, body, lang, url, outlet, author, published, feed = (_text(record, key) for key in _TEXT_KEYS)
    at = datetime.fromisoformat(published) if published else None
    return Article(
        key=str(record["id"]),
        feed_id=feed or "",
        guid=None,
        url=url,
        title=title or "",
        body=body or "",
        author=author,
        lang=lang,
        outlet=outlet,
        published=at.replace(tzinfo=at.tzinfo or UTC) if at else None,
    )


def _text(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"`{key}` must be text")  # noqa: TRY004 - a fault of the input
    if not value.isascii() and _HALF.search(value):
        raise ValueError(f"`{key}` holds half of a surrogate pair, which is no character")
    return value
