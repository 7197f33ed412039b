"""`monitor run` and `monitor healthcheck`: the daemon, and the question whether it lives."""

import asyncio
import os
from pathlib import Path

import click

from monitor import config
from monitor.engine import log, process
from monitor.engine.daemon import Daemon
from monitor.errors import RequestFailed
from monitor.net import GuardedClient
from monitor.settings import ANYWHERE, HttpSettings


@click.command()
@click.pass_obj
def run(file: Path) -> None:
    """Run the daemon until SIGTERM or Ctrl-C. SIGHUP, or a changed file, reloads settings and rules."""
    environ = dict(os.environ)
    cache = config.RuleCache()
    loaded = config.load(file, environ, cache)
    log.set_up(loaded.settings.log)
    daemon = Daemon(
        lambda: config.load(file, environ, cache),
        load_published=lambda files: config.load_published(file, environ, files, cache),
    )
    process.run(daemon.run())


@click.command()
@click.option("--ready", is_flag=True, help="Ask whether the daemon can also write its store.")
@click.pass_obj
def healthcheck(file: Path, *, ready: bool) -> None:
    """Ask the running daemon how it is; exit 0 when it is well, 1 when not. For Docker and other supervisors."""
    settings = config.load_settings(file, dict(os.environ)).http
    if not settings.enabled:
        raise click.ClickException("the health port is switched off in the settings")
    try:
        status, body = asyncio.run(_ask(settings, "/readyz" if ready else "/healthz"))
    except RequestFailed as error:
        raise click.ClickException(f"no answer from port {settings.port}: {error.detail}") from error
    click.echo(body.strip())
    if status != 200:  # noqa: PLR2004 - HTTP's own word for well
        raise SystemExit(1)


async def _ask(settings: HttpSettings, path: str) -> tuple[int, str]:
    # An address that means "every interface" is reached on loopback.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    shown = f"[{host}]" if ":" in host else host
    client = GuardedClient(allow_private=ANYWHERE, user_agent="monitor-healthcheck")
    try:
        answer = await client.request(
            "GET", f"http://{shown}:{settings.port}{path}", deadline=5.0, max_wire_bytes=65536, max_body_bytes=65536
        )
    finally:
        await client.close()
    return answer.status, answer.body.decode("utf-8", "replace")
