"""`monitor rules`: look into rules: why one hits a text or does not, and whether their examples hold."""

import os
import sys
from pathlib import Path

import click

from monitor import config
from monitor.matching import RuleIndex, compile_rules, example, run_examples


@click.group()
@click.option(
    "--rules",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    help="A rule file or folder; else the settings' own.",
)
@click.pass_context
def rules(ctx: click.Context, folder: Path | None) -> None:
    """Look into rules."""
    ctx.obj = (ctx.obj, folder)


def _index(chosen: tuple[Path, Path | None]) -> RuleIndex:
    file, folder = chosen
    if folder is None:
        return config.load(file, dict(os.environ)).index
    return compile_rules(config.load_rules([folder])).index


@rules.command("explain")
@click.argument("rule")
@click.argument("text")
@click.pass_obj
def explain_(chosen: tuple[Path, Path | None], *, rule: str, text: str) -> None:
    """Say what RULE does with TEXT (or a file, or - for standard input): the matched words with their tiers and the
    clause that fired, or what failed. Exits 1 when the rule does not hit.
    """
    index = _index(chosen)
    if rule not in index.compiled:
        raise click.UsageError(f"no rule is called {rule}; there are: {', '.join(sorted(index.compiled))}")
    found = index.explain(rule, example(_text(text)))
    click.echo(f"{rule} {found.text}")
    if not found.hit:
        sys.exit(1)


def _text(argument: str) -> str:
    """The text itself, or what the file of that name holds."""
    if argument == "-":
        return sys.stdin.read()
    path = Path(argument)
    try:
        return path.read_text("utf-8") if path.is_file() else argument
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{argument} cannot be read as UTF-8 text: {error}") from error


@rules.command("test")
@click.pass_obj
def test(chosen: tuple[Path, Path | None]) -> None:
    """Run the examples of every rule. Exits 2 when one fails."""
    index = _index(chosen)
    failures = run_examples(index)
    for failure in failures:
        wanted = "should hit" if failure.kind == "match" else "should not hit"
        click.echo(f"{failure.rule_id}: {failure.kind}[{failure.position}] {wanted}: {failure.text}", err=True)
        click.echo(f"    {failure.explanation.replace(chr(10), chr(10) + '    ')}", err=True)
    count = sum(len(one.examples.match) + len(one.examples.ignore) for one in index.rules.values())
    if failures:
        click.echo(f"{len(failures)} of {count} examples fail", err=True)
        sys.exit(2)
    click.echo(f"{len(index.rules)} rules, {count} examples: all good")
