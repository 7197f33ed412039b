"""The commands. Each module beside this one holds commands of one topic and stays thin: it reads arguments, calls the
floors below and prints. `COMMANDS` is the table of contents; a module is imported only when its command is run.
"""

from pathlib import Path

import click

from monitor.cli.lazy import LazyGroup

COMMANDS = {
    "run": "monitor.cli.daemon:run",
    "healthcheck": "monitor.cli.daemon:healthcheck",
    "check": "monitor.cli.check:check",
    "doctor": "monitor.cli.doctor:doctor",
    "feeds": "monitor.cli.feeds:feeds",
    "parse": "monitor.cli.parse:parse",
    "poll": "monitor.cli.poll:poll",
    "hits": "monitor.cli.hits:hits",
    "why": "monitor.cli.why:why",
    "ledger": "monitor.cli.ledger:ledger",
    "search": "monitor.cli.hits:search",
    "match": "monitor.cli.match:match",
    "stories": "monitor.cli.stories:stories",
    "rules": "monitor.cli.rules:rules",
    "subscribers": "monitor.cli.subscribers:subscribers",
    "silences": "monitor.cli.silences:silences",
    "deliveries": "monitor.cli.deliveries:deliveries",
    "send-test": "monitor.cli.deliveries:send_test",
    "preview": "monitor.cli.preview:preview",
    "backup": "monitor.cli.backup:backup",
    "cluster": "monitor.cli.cluster:cluster",
    "db": "monitor.cli.db:db",
}
"""Command name -> module and object."""


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
