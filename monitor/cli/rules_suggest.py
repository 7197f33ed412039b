"""`monitor rules suggest`: aliases of a name in other scripts, ready to paste, and what to beware of."""

import json
import sys
from dataclasses import asdict
from itertools import groupby

import click
import yaml

from monitor.config.name_lists import name_lists
from monitor.matching.suggest import Suggestions, suggest
from monitor.model import RuleKind


@click.command("suggest")
@click.argument("name")
@click.option(
    "--kind", type=click.Choice([one.value for one in RuleKind]), help="What the rule watches: narrows the look-up."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def suggest_(*, name: str, kind: str | None, as_json: bool) -> None:
    """Propose aliases for NAME in other scripts, of those that the engine does not find by itself, and warn of common
    words and of names that are easily confused with it. Exits 1 when nothing is known.
    """
    if not any(char.isalpha() for char in name):
        raise click.UsageError("a name has letters")
    found = suggest(name, name_lists(), RuleKind(kind) if kind else RuleKind.TOPIC)
    click.echo(_json(found) if as_json else _text(found))
    if not found.aliases:
        sys.exit(1)


def _json(found: Suggestions) -> str:
    return json.dumps({**asdict(found), "yaml": _yaml(found)}, ensure_ascii=False)


def _yaml(found: Suggestions) -> str:
    """The lines for a rule; empty without an alias."""
    if not found.aliases:
        return ""
    line = yaml.safe_dump(
        [one.text for one in found.aliases], allow_unicode=True, default_flow_style=True, width=1 << 30
    )
    tiers = "" if found.by_sound else "\nvariants: {transliterated: false}"
    return f"aliases: {line.strip()}{tiers}"


def _text(found: Suggestions) -> str:
    lines: list[str] = []
    for script, aliases in groupby(found.aliases, lambda one: one.script):
        lines.append(script)
        lines += [f"    {one.text}    ({one.source})" for one in aliases]
    if lines:
        lines = [*lines, "", _yaml(found)]
    else:
        lines = [f"No alias to add to {found.name}: none is known, or the engine finds them by itself."]
    if found.warnings:
        lines += ["", *(f"{one.kind}: {one.message}" for one in found.warnings)]
    return "\n".join(lines)
