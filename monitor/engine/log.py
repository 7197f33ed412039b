"""How the log looks: lines for people on a terminal, JSON otherwise. Set up once, by the commands that run for long.

Every line has an event word and fields. Line breaks and control characters in values are escaped, so that no feed can
forge a line or colour a terminal. Secrets never come here: they are `settings.Secret`, which prints as `***`.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from monitor.settings import LogSettings

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def _one_line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape what could break out of a line: controls, and the separators that some viewers break lines at."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(
                char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii")
                for char in value
            )
    return event


def set_up(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send our events, and the warnings of the libraries below, to the stream (standard error by default)."""
    target = stream or sys.stderr
    human = settings.format == "text" or (settings.format == "auto" and target.isatty())
    level = LEVELS[settings.level]
    # Values are made one line before a trace is laid out: the trace of a fault of ours keeps its lines.
    first: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
        _one_line,
    ]
    last: list[structlog.types.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=target.isatty(), pad_event_to=12, sort_keys=False)]
        if human
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]
    )
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard module; only what a person should see is let through.
    logging.basicConfig(level=logging.WARNING, stream=target, format="%(levelname)s %(name)s %(message)s", force=True)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
