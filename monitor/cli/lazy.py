"""A group of commands as a table: a command's module is imported only when it is used, so that `--help` stays quick.

A name that is mistyped is answered with the nearest ones.
"""

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import click

_NEAR = 3


class LazyGroup(click.Group):
    """A group whose commands stand in `table`: name -> `module:object`."""

    def __init__(self, *arguments: Any, table: Mapping[str, str], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands in the order of the table."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command object, imported now."""
        del ctx
        target = self.table.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names. Fails with what is most like it."""
        if args and not args[0].startswith("-") and args[0] not in self.table:
            near = get_close_matches(args[0].lower(), self.table, _NEAR, 0.6)
            hint = f" Did you mean {' or '.join(near)}?" if near else f" There are: {', '.join(self.table)}."
            ctx.fail(f"there is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
