"""`monitor match`: run rules over articles from a file or a pipe, without a store or a daemon."""

import json
import re
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click

from monitor.config import load_rules
from monitor.matching import compile_rules
from monitor.model import Article, Match

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class _Statistics:
    """What `--stats` prints."""

    articles: int = 0
    bad_lines: int = 0
    hits: int = 0
    compile_seconds: float = 0.0
    compile_cpu: float = 0.0
    match_seconds: float = 0.0
    match_cpu: float = 0.0
    rules: int = 0

    def as_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {
                "articles": self.articles,
                "bad_lines": self.bad_lines,
                "hits": self.hits,
                "rules": self.rules,
                "seconds": {"compile": round(self.compile_seconds, 6), "match": round(self.match_seconds, 6)},
                "cpu_seconds": {"compile": round(self.compile_cpu, 6), "match": round(self.match_cpu, 6)},
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
@click.option("--output", "target", default="-", type=click.File("w", encoding="utf-8"), help="Hits as JSON lines.")
@click.option("--stats", is_flag=True, help="Print statistics as one JSON object on standard error.")
def match(folder: Path, source: IO[bytes], target: IO[str], *, stats: bool) -> None:
    """Match articles against rules: JSON lines in (id, title, body, lang; url, outlet, author, published if there are),
    one JSON object a hit out.

    A line that cannot be read is reported with its number and left out; the rest goes on, and the exit code is 1.
    """
    numbers = _Statistics()
    began, cpu = time.perf_counter(), time.process_time()
    index = compile_rules(load_rules([folder])).index
    numbers.rules = len(index.rules)
    numbers.compile_seconds, numbers.compile_cpu = time.perf_counter() - began, time.process_time() - cpu
    began, cpu = time.perf_counter(), time.process_time()
    for article_id, article in _articles(source, numbers):
        for found in index.match(article, now=datetime.now(UTC)):
            numbers.hits += 1
            target.write(json.dumps(_hit(article_id, found), ensure_ascii=False) + "\n")
    target.flush()
    numbers.match_seconds, numbers.match_cpu = time.perf_counter() - began, time.process_time() - cpu
    if stats:
        click.echo(numbers.as_json(), err=True)
    if numbers.bad_lines:
        sys.exit(1)


def _articles(source: IO[bytes], numbers: _Statistics) -> Iterator[tuple[object, Article]]:
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8"))
            article = read_article(record)
        except (ValueError, RecursionError) as error:
            numbers.bad_lines += 1
            click.echo(f"line {number}: {error}", err=True)
            continue
        numbers.articles += 1
        yield record["id"], article


def read_article(record: Any) -> Article:
    """The article of a JSON object. Raises ValueError that says which key is wrong."""
    if not isinstance(record, dict):
        raise ValueError("expected a JSON object with id, title, body and lang")  # noqa: TRY004 - a fault of the input
    if not isinstance(record.get("id"), str | int) or isinstance(record["id"], bool):
        raise ValueError("`id` is missing or no text or number")  # noqa: TRY004 - as above
    for key in ("title", "body", "lang", "url", "outlet", "author", "published", "feed"):
        value = record.get(key)
        if not isinstance(value, str | None):
            raise ValueError(f"`{key}` must be text")  # noqa: TRY004 - as above
        if _HALF.search(value or ""):
            raise ValueError(f"`{key}` holds half of a surrogate pair, which is no character")
    published = record.get("published")
    at = datetime.fromisoformat(published) if published else None
    return Article(
        key=str(record["id"]),
        feed_id=record.get("feed") or "",
        guid=None,
        url=record.get("url"),
        title=record.get("title") or "",
        body=record.get("body") or "",
        author=record.get("author"),
        lang=record.get("lang"),
        outlet=record.get("outlet"),
        published=at.replace(tzinfo=at.tzinfo or UTC) if at else None,
    )


def _hit(article_id: object, found: Match) -> dict[str, object]:
    return {
        "article": article_id,
        "rule": found.rule_id,
        "severity": found.severity.value,
        "score": found.score,
        "clauses": found.clauses,
        "spans": [
            {
                "field": span.field,
                "start": span.start,
                "end": span.end,
                "text": span.text,
                "term": span.term,
                "tier": span.tier.value,
            }
            for span in found.spans
        ],
    }
