"""How an alert looks: one value in, the content of a message out.

`view` says what is shown, `words` how times and links read, `mail`, `slack`, `payload` (data for programs) and `plain` how it is written. All foreign text
passes `words.line` and then the escaping of its format; none of it is ever a template. Rendering asks no clock: `now` is
when the message goes out.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from monitor.alerting.render.mail import render_mail
from monitor.alerting.render.payload import render_payload
from monitor.alerting.render.plain import render_text
from monitor.alerting.render.samples import samples
from monitor.alerting.render.slack import render_slack
from monitor.alerting.render.templates import NAMES as TEMPLATE_NAMES
from monitor.alerting.render.templates import Templates
from monitor.model import Alert, Content, Format

__all__ = ["TEMPLATE_NAMES", "Templates", "render", "samples"]


NO_LINKS: Mapping[str, str] = MappingProxyType({})


def render(
    alert: Alert,
    format: Format,  # noqa: A002 - the word of the model
    *,
    plain: bool,
    now: datetime,
    links: Mapping[str, str] = NO_LINKS,
    templates: Templates | None = None,
) -> Content:
    """The alert as the content of a message that goes out now; `plain` leaves out all that is not text.

    `links` are signed addresses by what they do (`LinkAction`); those that are there are shown. `templates` are the operator's own,
    for mail; whatever they do wrong is raised.
    """
    match format:
        case Format.MAIL:
            return render_mail(alert, plain=plain, now=now, links=links, templates=templates)
        case Format.SLACK:
            return render_slack(alert, plain=plain, now=now, links=links)
        case Format.WEBHOOK:
            return render_payload(alert, plain=plain, now=now, links=links)
        case _:
            return render_text(alert, now=now, links=links)
