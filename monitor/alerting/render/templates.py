"""The templates of mail: those that are shipped, and those that an operator puts in their place.

Rendered in Jinja2's immutable sandbox, so that no text of an article and no slip of a template's author reaches anything but
the values that are shown; HTML is escaped by itself. What an operator's template makes is bounded. Articles are
data, never templates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, Environment, FunctionLoader, PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

NAMES: Final = (
    "alert.html.j2", "digest.html.j2", "notice.html.j2", "base.html.j2", "parts.html.j2",
    "alert.txt.j2", "digest.txt.j2", "notice.txt.j2", "subject.txt.j2",
)  # fmt: skip
"""What may be put in the place of what is shipped; the texts and the subject have no shipped template."""
_MOST: Final = 512 * 1024
_RANGE: Final = 1_000


def _environment(loader: BaseLoader) -> Environment:
    made = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["range"] = _range
    return made


def _range(*arguments: int) -> range:
    found = range(*arguments)
    if len(found) > _RANGE:
        raise OverflowError(f"a range of more than {_RANGE}")
    return found


SHIPPED: Final = _environment(PackageLoader("monitor.alerting"))


@dataclass(frozen=True, slots=True)
class Templates:
    """An operator's templates by name. Equal if their sources are."""

    sources: Mapping[str, str]
    _made: Environment = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Nothing is compiled yet."""
        loader = ChoiceLoader([FunctionLoader(self._source), PackageLoader("monitor.alerting")])
        object.__setattr__(self, "_made", _environment(loader))

    def _source(self, name: str) -> tuple[str, str, None] | None:
        """With its name, so that a fault says where it is."""
        return (self.sources[name], name, None) if name in self.sources else None

    def html(self, name: str, values: Mapping[str, object]) -> str:
        """The HTML part, by the operator's template or the shipped one with the operator's parts."""
        return self._rendered(name, values)

    def text(self, name: str, values: Mapping[str, object]) -> str | None:
        """A text or subject; None if the operator has no template for it."""
        return self._rendered(name, values) if name in self.sources else None

    def _rendered(self, name: str, values: Mapping[str, object]) -> str:
        """Raises whatever the template does wrong, and OverflowError for too much."""
        parts: list[str] = []
        size = 0
        for part in self._made.get_template(name).generate(**values):
            size += len(part)
            if size > _MOST:
                raise OverflowError(f"{name} makes more than {_MOST} characters")
            parts.append(part)
        return "".join(parts)
