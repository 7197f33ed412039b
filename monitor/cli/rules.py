"""`monitor rules`: look into rules. The table of its commands, and the choice of rules that all of them work on.

Each command stands in a module of its own beside this one and is imported only when it is used.
"""

import os
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import click

from monitor import config
from monitor.cli.lazy import LazyGroup
from monitor.matching import RuleIndex
from monitor.model import Rule
from monitor.settings import Settings, StoreSettings

_FEW = 50

RULES_COMMANDS = {
    "explain": "monitor.cli.rules_explain:explain_",
    "test": "monitor.cli.rules_explain:test",
    "lint": "monitor.cli.rules_lint:lint_",
    "suggest": "monitor.cli.rules_suggest:suggest_",
    "diff": "monitor.cli.rules_diff:diff",
    "backtest": "monitor.cli.rules_backtest:backtest",
}
"""Command name -> module and object."""


@dataclass
class Chosen:
    """The rules that were asked for: those of a file or folder, else those of the settings."""

    file: Path
    """The settings file."""
    folder: Path | None = None
    """What `--rules` named."""

    @cached_property
    def index(self) -> RuleIndex:
        """The rules, compiled. Raises ConfigError with every mistake."""
        if self.folder is None:
            return config.load(self.file, dict(os.environ)).index
        return config.load_index([self.folder])

    @cached_property
    def settings(self) -> Settings:
        """The settings, which say where the archive is. Raises ConfigError."""
        return config.load_settings(self.file, dict(os.environ))

    @property
    def store(self) -> StoreSettings:
        """Where the archive is. Raises ConfigError."""
        return self.settings.store

    def over(self, file: Path) -> RuleIndex:
        """The same rules with those of another file in place of theirs. Raises ConfigError."""
        settings = self.settings if self.folder is None else None
        return config.load_over(tuple(self.index.rules.values()), [file], settings)

    def rule(self, name: str) -> Rule:
        """A rule by its id. Raises UsageError that names others, of many the nearest."""
        known = self.index.rules
        if name not in known:
            near = sorted(known) if len(known) <= _FEW else get_close_matches(name, known, 3, 0.6)
            hint = (
                f"; there are: {', '.join(near)}" if len(known) <= _FEW else f"; near are: {', '.join(near) or 'none'}"
            )
            raise click.UsageError(f"no rule is called {name}{hint}")
        return known[name]


@click.group(cls=LazyGroup, table=RULES_COMMANDS)
@click.option(
    "--rules",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    help="A rule file or folder; else the settings' own.",
)
@click.pass_context
def rules(ctx: click.Context, folder: Path | None) -> None:
    """Look into rules."""
    ctx.obj = Chosen(ctx.obj, folder)
