"""The entry point of the `monitor` command: turns our errors into a message and an exit code.

0: done. 1: the work was done and something failed. 2: wrong usage or configuration.
"""

import sys

import click

from monitor.cli import cli
from monitor.errors import ConfigError, MonitorError


def main() -> None:
    """Run the command line."""
    try:
        cli.main(prog_name="monitor", standalone_mode=True)
    except ConfigError as error:
        click.echo(f"{error}\n{len(error.faults)} error{'s' if len(error.faults) != 1 else ''}", err=True)
        sys.exit(2)
    except MonitorError as error:
        click.echo(f"monitor: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
