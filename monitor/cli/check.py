"""`monitor check`: is everything that people wrote in order? Settings, rules, and the examples of every rule."""

import os
from pathlib import Path

import click

from monitor.config import Loaded, example_fault, load
from monitor.config.schema import shipped_schema
from monitor.errors import ConfigError, Fault
from monitor.matching import run_examples


@click.command()
@click.option(
    "--schema",
    type=click.Choice(["settings", "rules"]),
    help="Print the JSON Schema of the settings file or of rule files, for an editor, and do nothing else.",
)
@click.pass_obj
def check(config: Path, schema: str | None) -> None:
    """Check the settings, the rules and the examples of every rule. Ends with 2 when anything is wrong."""
    if schema:
        click.echo(shipped_schema(schema), nl=False)
        return
    loaded = load(config, os.environ)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    faults = failed_examples(loaded)
    if faults:
        raise ConfigError(faults)
    click.echo(f"{summary(loaded)}: all good")


def failed_examples(loaded: Loaded) -> tuple[Fault, ...]:
    """Every example of a rule that does not do what it is there for, at its place in the rule's file."""
    rules = {rule.id: rule for rule in loaded.rules}
    faults: list[Fault] = []
    for failure in run_examples(loaded.index):
        expected = "must hit, and does not" if failure.kind == "match" else "must not hit, and does"
        message = f"this example {expected}: {failure.explanation}"
        faults.append(example_fault(rules[failure.rule_id], failure.kind, failure.position, message))
    return tuple(faults)


def summary(loaded: Loaded) -> str:
    """`12 rules, 58 examples, 3 feeds, 2 channels, 1 subscriber`."""
    settings = loaded.settings
    examples = sum(len(rule.examples.match) + len(rule.examples.ignore) for rule in loaded.rules)
    counts = (
        (len(loaded.rules), "rule"),
        (examples, "example"),
        (len(settings.feeds), "feed"),
        (len(settings.channels), "channel"),
        (len(settings.subscribers), "subscriber"),
    )
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
