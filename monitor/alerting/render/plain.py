"""An alert as a title and plain text, for services that take no more."""

from collections.abc import Mapping
from datetime import datetime

from monitor.alerting.render.mail import render_mail
from monitor.model import Alert, TextContent


def render_text(alert: Alert, *, now: datetime, links: Mapping[str, str]) -> TextContent:
    """What the text part of a mail says."""
    mail = render_mail(alert, plain=True, now=now, links=links)
    return TextContent(title=mail.subject, text=mail.text)
