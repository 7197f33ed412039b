"""`monitor rules diff`: what two versions of a set of rules say differently, and find differently."""

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from monitor import config
from monitor.cli.archive import archived, listed, moment
from monitor.cli.rules import Chosen
from monitor.cli.samples import sample_json, sample_lines
from monitor.matching import RuleIndex
from monitor.matching.replay import Changed, RuleChanges, compare_hits, compare_rules

_GIT = "git:"


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--since", metavar="DURATION", help="Replay the archive of the last while, such as 30d, through both.")
@click.option(
    "--input",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run these articles (JSON lines) through both.",
)
@click.option("--samples", default=3, show_default=True, type=click.IntRange(0, 100), help="Show so many of a rule.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def diff(
    chosen: Chosen,
    *,
    old: str,
    new: str,
    since: str | None,
    file: Path | None,
    samples: int,
    as_json: bool,
) -> None:
    """Compare two rule files or folders: rules added, removed and changed; with articles, the hits gained and lost.

    Either may be git:REVISION:PATH, what git has of it: git:HEAD:rules, git:v1.2:rules/people.yaml.
    """
    before, after = _index(old), _index(new)
    rules = compare_rules(tuple(before.rules.values()), tuple(after.rules.values()))
    found = _replay(chosen, before, after, since, file) if since or file else None
    if as_json:
        click.echo(json.dumps(_as_json(rules, found, samples), ensure_ascii=False))
        return
    for line in _lines(rules):
        click.echo(line)
    if found is not None:
        _print_hits(*found, samples)


def _index(place: str) -> RuleIndex:
    """The rules of a place, compiled. Raises UsageError, ConfigError."""
    if not place.startswith(_GIT):
        if not Path(place).exists():
            raise click.UsageError(f"there is no rule file or folder {place}")
        return config.load_index([Path(place)])
    revision, _, path = place.removeprefix(_GIT).partition(":")
    if not revision or not path or revision.startswith("-") or path.startswith("/") or ".." in Path(path).parts:
        raise click.UsageError(f"expected git:REVISION:PATH, such as git:HEAD:rules, not {place}")
    with tempfile.TemporaryDirectory(prefix="monitor-rules-") as folder:
        _check_out(revision, path, Path(folder))
        return config.load_index([Path(folder) / path])


def _check_out(revision: str, path: str, folder: Path) -> None:
    """Write what git has of a path of the current folder's repository. Raises UsageError."""
    command = ["git", "archive", "--format=tar", revision, "--", path]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell, and no options of others
    except OSError as error:
        raise click.UsageError(f"git cannot be run: {error}") from error
    if done.returncode:
        raise click.UsageError(f"git: {done.stderr.decode('utf-8', 'replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _replay(
    chosen: Chosen, before: RuleIndex, after: RuleIndex, since: str | None, file: Path | None
) -> tuple[int, dict[str, Changed]]:
    """How many articles there were, and by rule what changed."""
    begin = moment(since)
    changes: dict[str, Changed] = {}
    count = 0
    for article, at in listed(file, begin) if file is not None else archived(chosen.store, begin=begin):
        count += 1
        compare_hits(changes, article, at, before.match(article, now=at), after.match(article, now=at))
    return count, changes


def _lines(rules: RuleChanges) -> Iterator[str]:
    yield from (f"+ {name}" for name in rules.added)
    yield from (f"- {name}" for name in rules.removed)
    yield from (f"~ {name}: {', '.join(keys)}" for name, keys in rules.changed)
    yield (
        f"{len(rules.added)} added, {len(rules.removed)} removed, {len(rules.changed)} changed, {rules.same} as they were"
    )


def _print_hits(count: int, changes: dict[str, Changed], samples: int) -> None:
    different = {name: one for name, one in sorted(changes.items()) if one.gained or one.lost}
    click.echo(f"\n{count:,} articles: {len(different)} of {len(changes)} rules with hits find something else")
    if not different:
        return
    table = Table(header_style="bold")
    table.add_column("rule", no_wrap=True)
    for name in ("old hits", "new hits", "gained", "lost"):
        table.add_column(name, justify="right")
    for name, one in different.items():
        table.add_row(name, str(one.before), str(one.after), f"+{one.gained}", f"-{one.lost}")
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)
    for name, one in different.items() if samples else ():
        for what, some in (("gained", one.gains), ("lost", one.losses)):
            shown = list(some)[:samples]
            if shown:
                click.echo(f"{name} {what}:")
                for line in sample_lines(shown, UTC):
                    click.echo(line)


def _as_json(rules: RuleChanges, found: tuple[int, dict[str, Changed]] | None, samples: int) -> dict[str, object]:
    made: dict[str, object] = asdict(rules) | {"changed": {name: list(keys) for name, keys in rules.changed}}
    if found is None:
        return made
    count, changes = found
    hits = {
        name: {
            "before": one.before,
            "after": one.after,
            "gained": one.gained,
            "lost": one.lost,
            "gains": [sample_json(sample) for sample in list(one.gains)[:samples]],
            "losses": [sample_json(sample) for sample in list(one.losses)[:samples]],
        }
        for name, one in sorted(changes.items())
        if one.gained or one.lost
    }
    return made | {"articles": count, "hits": hits}
