"""`monitor stories`: group the articles of a file into stories, or tell why two of them are one story or not."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Any

import click
import orjson

from monitor.cli.match import parse_line, read_article
from monitor.config.story_lists import lexicon
from monitor.feeds.languages import detect
from monitor.model import Article
from monitor.stories import Chain, Evidence, Merge, Step, Stories, Why

_TOLD_BY = 1000  # characters of a body, by which a language is told
_STEPS = {
    Step.SAME_URL: "the same address",
    Step.SAME_TEXT: "the same text",
    Step.NEAR_COPY: "nearly the same wording",
    Step.SAME_EVENT: "the same words, names and figures",
    Step.OTHER_LANGUAGE: "the same names and figures in another language",
    Step.PLACED: "it is the same article",
    Step.NOTHING: "too little in common",
}
_MEASURES = {
    Step.NEAR_COPY: "of the runs of three words are shared",
    Step.SAME_EVENT: "as alike as articles of one story usually are",
    Step.NOTHING: "as alike as articles of one story usually are",
    Step.OTHER_LANGUAGE: "of the weight of names and figures is shared",
}


@click.group(invoke_without_command=True)
@click.option("--input", "source", default="-", type=click.File("rb"), help="Articles as JSON lines.")
@click.option("--output", "target", default="-", type=click.File("wb"), help="Article and story as JSON lines.")
@click.pass_context
def stories(context: click.Context, source: IO[bytes], target: IO[bytes]) -> None:
    """Group articles into stories: JSON lines in (id, title, body, lang; url, published if there are), one JSON object an
    article out (article, story), in the same order, when all are read.

    A story is named by the id of its first article. A line that cannot be read is reported with its number and left out;
    the rest goes on, and the exit code is 1.
    """
    if context.invoked_subcommand is not None:
        return
    reading = _Reading(source)
    window = Stories(lexicon(), limit=sys.maxsize)
    names: dict[str, Any] = {}
    seen: list[tuple[Any, str]] = []
    for identity, article in reading:
        names.setdefault(article.key, identity)
        window.add(article)
        seen.append((identity, article.key))
    for identity, key in seen:
        target.write(orjson.dumps({"article": identity, "story": names[window.story_of(key) or key]}) + b"\n")
    if reading.bad_lines:
        sys.exit(1)


@stories.command()
@click.argument("first")
@click.argument("second")
@click.option(
    "--input", "source", default="-", type=click.File("rb"), help="Articles as JSON lines, with both of them."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def why(first: str, second: str, source: IO[bytes], *, as_json: bool) -> None:
    """Tell why two articles of a file, by their ids, are or are not one story."""
    window, chain = Stories(lexicon(), limit=sys.maxsize), Chain()
    wanted: dict[str, Article] = {}
    reading = _Reading(source)
    for _, article in reading:
        chain.add(window.add(article))
        if article.key in {first, second}:
            wanted.setdefault(article.key, article)
    for key in (first, second):
        if key not in wanted:
            raise click.BadParameter(f"no article of the input has the id {key!r}", param_hint="FIRST or SECOND")
    found = Why(
        same=window.story_of(first) == window.story_of(second),
        direct=window.compare(wanted[first], wanted[second]),
        links=chain.between(first, second),
    )
    if as_json:
        click.echo(orjson.dumps({"first": first, "second": second, **_as_json(found)}).decode())
    else:
        click.echo("\n".join(_told(first, second, found, window.story_of(first) or first)))
    if reading.bad_lines:
        sys.exit(1)


class _Reading:
    """The articles of a source with their ids; what cannot be read is told and counted."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.bad_lines = 0

    def __iter__(self) -> Iterator[tuple[Any, Article]]:
        for number, line in enumerate(self._source, start=1):
            if not line.strip():
                continue
            try:
                record = parse_line(line)
                article = read_article(record)
            except (ValueError, RecursionError) as error:
                self.bad_lines += 1
                click.echo(f"line {number}: {error}", err=True)
                continue
            if article.lang is None:
                article = replace(article, lang=detect(f"{article.title}. {article.body[:_TOLD_BY]}"))
            yield record["id"], article


def _told(first: str, second: str, found: Why, story: str) -> Iterator[str]:
    if found.same:
        yield f"{first} and {second} are one story: {story}"
    else:
        yield f"{first} and {second} are two stories"
    yield ""
    yield f"Beside each other: {_sentence(found.direct)}"
    yield from _shared(found.direct)
    if found.same and (len(found.links) > 1 or any(isinstance(reason, Merge) for _, _, reason in found.links)):
        yield ""
        yield "How they came together:"
        for one, other, reason in found.links:
            joined = "the story of" if isinstance(reason, Merge) else "article"
            yield f"  {joined} {one} with that of {other}: {_sentence(reason)}"
            if isinstance(reason, Evidence):
                yield from (f"  {line}" for line in _shared(reason))


def _sentence(reason: Evidence | Merge) -> str:
    told = _STEPS[reason.step]
    if reason.step in _MEASURES:
        told += f"; {reason.similarity:.2f} {_MEASURES[reason.step]}, {reason.needed:.2f} is needed"
    if isinstance(reason, Evidence) and reason.apart is not None:
        told += f"; {reason.apart.total_seconds() / 3600:.1f} hours apart"
    return told


def _shared(evidence: Evidence) -> Iterator[str]:
    for label, values in (("words", evidence.words), ("names", evidence.names), ("figures", evidence.figures)):
        if values:
            yield f"  {label}: {', '.join(values)}"


def _as_json(found: Why) -> dict[str, Any]:
    return {
        "same": found.same,
        "direct": _plain(found.direct),
        "links": [{"from": one, "to": other, **_plain(reason)} for one, other, reason in found.links],
    }


def _plain(reason: Evidence | Merge) -> dict[str, Any]:
    plain: dict[str, Any] = {"step": reason.step, "similarity": reason.similarity, "needed": reason.needed}
    if isinstance(reason, Evidence):
        plain["hours_apart"] = None if reason.apart is None else round(reason.apart.total_seconds() / 3600, 2)
        plain |= {"words": reason.words, "names": reason.names, "figures": reason.figures}
    return plain
