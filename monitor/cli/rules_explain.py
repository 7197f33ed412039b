"""`monitor rules explain` and `test`: why a rule hits a text or does not, and whether the examples hold."""

import sys
from pathlib import Path

import click

from monitor.cli.rules import Chosen
from monitor.matching import example, run_examples


@click.command("explain")
@click.argument("rule")
@click.argument("text")
@click.pass_obj
def explain_(chosen: Chosen, *, rule: str, text: str) -> None:
    """Say what RULE does with TEXT (or a file, or - for standard input): the matched words with their tiers and the
    clause that fired, or what failed. Exits 1 when the rule does not hit.
    """
    chosen.rule(rule)
    found = chosen.index.explain(rule, example(_text(text)))
    click.echo(f"{rule} {found.text}")
    if not found.hit:
        sys.exit(1)


def _text(argument: str) -> str:
    """The text itself, or what the file of that name holds."""
    if argument == "-":
        return sys.stdin.read()
    path = Path(argument)
    try:
        if not path.is_file():
            return argument
    except (OSError, ValueError):  # longer than any path, or with a NUL in it: a text
        return argument
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{argument} cannot be read as UTF-8 text: {error}") from error


@click.command("test")
@click.pass_obj
def test(chosen: Chosen) -> None:
    """Run the examples of every rule. Exits 2 when one fails."""
    index = chosen.index
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
