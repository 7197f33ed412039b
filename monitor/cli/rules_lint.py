"""`monitor rules lint`: what is unwise about rules that work."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.cli.archive import archived, listed
from monitor.cli.rules import Chosen
from monitor.config.name_lists import common_words
from monitor.errors import ConfigError, StoreError
from monitor.matching.lint import Asked, Linted, lint
from monitor.matching.lint_names import Level
from monitor.matching.word_use import WordUse

_LEVELS = [one.value for one in Level]
_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.ADVICE: "cyan"}
_SAMPLE = 2000
_DEAREST = 10


@dataclass(frozen=True)
class _Wanted:
    """What of the findings is shown."""

    rules: frozenset[str]
    level: Level

    def takes(self, one: Linted) -> bool:
        """Whether a rule was asked for."""
        return not self.rules or one.rule.id in self.rules


@click.command("lint")
@click.argument("rule_ids", metavar="[RULE]...", nargs=-1)
@click.option(
    "--level", type=click.Choice(_LEVELS), default="advice", show_default=True, help="The least that is told."
)
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too, not on errors alone.")
@click.option(
    "--sample",
    default=_SAMPLE,
    show_default=True,
    type=click.IntRange(0, 1_000_000),
    help="Count words in so many of the newest stored articles; 0 for none.",
)
@click.option(
    "--input",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Count words in the articles of this file (JSON lines) instead.",
)
@click.option("--costs", is_flag=True, help="Show the cost of every rule, not of the dearest alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a rule, on a line of its own.")
@click.pass_obj
def lint_(
    chosen: Chosen,
    *,
    rule_ids: tuple[str, ...],
    level: str,
    strict: bool,
    sample: int,
    file: Path | None,
    costs: bool,
    as_json: bool,
) -> None:
    """Say what is unwise about rules that work: those that cost much, and those that will find what nobody meant.

    Words are held against the newest articles of the archive, if there is one. Exits 1 on an error (a part of a rule
    that can do nothing), with --strict on a warning too.
    """
    for name in rule_ids:
        chosen.rule(name)
    use, source = _sample(chosen, sample, file)
    wanted = _Wanted(frozenset(rule_ids), Level(level))
    judged = [one for one in lint(chosen.index, use, common_words()) if wanted.takes(one)]
    if as_json:
        for one in judged:
            click.echo(json.dumps(_as_json(one), ensure_ascii=False))
    else:
        _print(judged, wanted.level, source, costs=costs)
    grave = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    if any(finding.level in grave for one in judged for finding in one.findings):
        sys.exit(1)


def _sample(chosen: Chosen, size: int, file: Path | None) -> tuple[WordUse | None, str]:
    """The words of the newest stored articles or of a file, and a sentence that says whence they are."""
    if not size and file is None:
        return None, "no words were counted"
    use = WordUse()
    place = str(file) if file is not None else "the archive"
    try:
        articles = listed(file) if file is not None else archived(chosen.store, newest=size)
        for article, at in articles:
            use.add(article, (one.rule_id for one in chosen.index.match(article, now=at)))
    except (StoreError, ConfigError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, StoreError) else f"{chosen.file} is not in order"
        return None, f"no words were counted, for there is no archive: {reason}"
    few = "" if use.tells else ", too few to speak of shares"
    return use, f"words counted in {use.articles} articles of {place}{few}"


def _print(judged: list[Linted], level: Level, source: str, *, costs: bool) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=160)
    counts = dict.fromkeys(Level, 0)
    for one in judged:
        for finding in one.findings:
            counts[finding.level] += 1
            if finding.level.rank <= level.rank:
                place = f"{one.rule.file}:{one.rule.line}: " if one.rule.file else ""
                line = Text(f"{place}{one.rule.id}: {finding.part}: ")
                line.append(finding.level.value, style=_COLOURS[finding.level])
                line.append(f": {finding.message} [{finding.check}]")
                console.print(line, soft_wrap=True)
    dear = judged if costs else _dearest(judged)
    if dear:
        console.print(_table(dear, "All rules by cost" if costs else "The dearest rules"))
    totals = ", ".join(
        f"{count} {name.value}{'' if count == 1 or name is Level.ADVICE else 's'}" for name, count in counts.items()
    )
    click.echo(f"{len(judged)} rule{'' if len(judged) == 1 else 's'}: {totals}; {source}")


def _dearest(judged: Iterable[Linted]) -> list[Linted]:
    """Those that are asked most often, if that is known."""
    known = [one for one in judged if one.cost.share]
    return sorted(known, key=lambda one: (-(one.cost.share or 0), one.rule.id))[:_DEAREST]


def _table(dear: Iterable[Linted], title: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("rule", no_wrap=True)
    table.add_column("asked for", justify="right", no_wrap=True)
    table.add_column("forms", justify="right", no_wrap=True)
    table.add_column("filed under", overflow="ellipsis", no_wrap=True)
    for one in sorted(dear, key=lambda one: (-(one.cost.share or 0), one.rule.id)):
        cost = one.cost
        asked = {Asked.ALWAYS: "every article", Asked.NEVER: "none: disabled"}.get(cost.asked, "?")
        if cost.asked is Asked.WORDS and cost.share is not None:
            asked = f"{cost.share:.1%}"
        table.add_row(one.rule.id, asked, str(cost.forms), Text(", ".join(cost.words)))
    return table


def _as_json(one: Linted) -> dict[str, object]:
    cost = one.cost
    return {
        "rule": one.rule.id,
        "file": one.rule.file,
        "line": one.rule.line,
        "asked": cost.asked.value,
        "words": cost.words,
        "forms": cost.forms,
        "share": round(cost.share, 6) if cost.share is not None else None,
        "findings": list(_findings(one)),
    }


def _findings(one: Linted) -> Iterator[dict[str, str]]:
    for finding in one.findings:
        yield {
            "level": finding.level.value,
            "check": finding.check,
            "part": finding.part,
            "message": finding.message,
        }
