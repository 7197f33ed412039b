"""The commands. Each module beside this one holds commands of one topic and stays thin: it reads arguments, calls the
floors below and prints. `COMMANDS` is the table of contents; a module is imported only when its command is run.
"""

import importlib
from pathlib import Path

import click

COMMANDS = {
    "run": "monitor.cli.daemon:run",
    "healthcheck": "monitor.cli.daemon:healthcheck",
    "check": "monitor.cli.check:check",
    "feeds": "monitor.cli.feeds:feeds",
    "parse": "monitor.cli.parse:parse",
    "poll": "monitor.cli.poll:poll",
    "hits": "monitor.cli.hits:hits",
    "search": "monitor.cli.hits:search",
    "match": "monitor.cli.match:match",
    "rules": "monitor.cli.rules:rules",
    "subscribers": "monitor.cli.subscribers:subscribers",
    "deliveries": "monitor.cli.deliveries:deliveries",
    "send-test": "monitor.cli.deliveries:send_test",
    "backup": "monitor.cli.backup:backup",
}
"""Command name -> module and object."""


class LazyGroup(click.Group):
    """A group that imports the module of a command only when it is used, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command object, imported now."""
        del ctx
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="MONITOR_CONFIG",
    default=Path("monitor.yaml"),
    show_default=True,
    help="The settings file.",
)
@click.version_option(package_name="monitor")
@click.pass_context
def cli(ctx: click.Context, config: Path) -> None:
    """Watch feeds for names, bases, places and topics in any script, and alert with the reason."""
    ctx.obj = config
