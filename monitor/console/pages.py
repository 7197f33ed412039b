"""How the pages look: small HTML without scripts, readable on a phone and in the dark. All text is escaped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_TEMPLATES = Environment(
    loader=PackageLoader("monitor.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer: a status and a document."""

    status: int
    html: str
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


def message(status: int, title: str, text: str) -> Page:
    """A page that only says something."""
    return Page(status=status, html=_TEMPLATES.get_template("message.html.j2").render(title=title, text=text))


def question(title: str, text: str, button: str) -> Page:
    """A page that asks before something is done."""
    shown = _TEMPLATES.get_template("question.html.j2").render(title=title, text=text, button=button)
    return Page(status=200, html=shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsForm:
    """What the page of settings shows."""

    name: str
    cadence: str
    """Empty: as it was set up."""
    own_cadence: str
    timezone: str
    quiet: str
    paused: str
    rules: tuple[tuple[str, str, bool], ...]
    """Id, title, and whether they hear of it."""
    more: int
    """Rules that are not shown."""
    fault: str = ""
    """What was wrong with what they wrote."""
    saved: bool = False


def settings(form: SettingsForm) -> Page:
    """The page of settings."""
    shown = _TEMPLATES.get_template("settings.html.j2").render(form=form)
    return Page(status=400 if form.fault else 200, html=shown)


def subscribing(form: Mapping[str, str] | None = None, fault: str = "") -> Page:
    """The form with which people subscribe, with what was wrong with what they wrote."""
    shown = {name: (form or {}).get(name, "")[:254] for name in ("address", "severity", "cadence", "timezone")}
    html = _TEMPLATES.get_template("subscribe.html.j2").render(form=shown, fault=fault)
    return Page(status=400 if fault else 200, html=html)
