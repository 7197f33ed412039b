"""An operator's templates: read, and tried with one alert of each shape before they are taken.

A template with a fault refuses the whole settings, with file and line, like any other mistake.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final

from jinja2 import TemplateSyntaxError

from monitor.alerting import TEMPLATE_NAMES, Templates, render, samples
from monitor.config.draft import Draft
from monitor.config.values import did_you_mean
from monitor.errors import Fault
from monitor.model import Format, LinkAction

_LARGEST: Final = 65_536
_LINKS: Final = {action.value: f"https://monitor.example/a/{action}" for action in LinkAction}


def build_templates(draft: Draft, folder: str | None) -> Mapping[str, str] | None:
    """The templates of a folder; None when there is none."""
    if folder is None:
        return None
    path, node = draft.content_path(folder), draft.node("templates")
    draft.watch(path)
    if not path.is_dir():
        draft.fault(node, "templates: there is no such folder")
        return None
    sources = dict(_sources(draft, path))
    templates = Templates(MappingProxyType(sources))
    for alert in samples():
        try:
            render(alert, Format.MAIL, plain=False, now=alert.created_at, links=_LINKS, templates=templates)
        except Exception as error:  # noqa: BLE001 - whatever a template does wrong is its author's to know
            draft.faults.append(_fault(path, error))
            break
    return templates.sources


def _sources(draft: Draft, path: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(path.glob("*.j2")):
        if file.name not in TEMPLATE_NAMES:
            near = get_close_matches(file.name, TEMPLATE_NAMES, 1, 0.6)
            message = f"no template is called so{did_you_mean(near[0] if near else None)}"
            draft.faults.append(Fault(file=file, message=message))
        elif file.stat().st_size > _LARGEST:
            draft.faults.append(Fault(file=file, message=f"a template has {_LARGEST} bytes at most"))
        else:
            try:
                yield file.name, file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                draft.faults.append(Fault(file=file, message=f"it cannot be read: {error}"))


def _fault(folder: Path, error: Exception) -> Fault:
    """Where a template failed: in the last line of a template that the traceback passes."""
    if isinstance(error, TemplateSyntaxError):
        return Fault(file=folder / (error.name or ""), line=error.lineno, message=f"template: {error.message}")
    line, name, trace = None, "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file in TEMPLATE_NAMES:
            line, name = trace.tb_lineno, file
        trace = trace.tb_next
    return Fault(
        file=folder / name if name else folder, line=line, message=f"template: {type(error).__name__}: {error}"
    )
