"""The document of the canary: a feed of one article, made when it is polled. Pure.

It goes through the parser like any other, so that its arrival proves parser, rules, store and channel together.
"""

from datetime import datetime
from email.utils import format_datetime


def document(now: datetime) -> bytes:
    """An RSS document with the article of this moment."""
    return (
        '<rss version="2.0"><channel><title>Canary</title><language>en</language><item>'
        f'<guid isPermaLink="false">{now.isoformat()}</guid><title>Monitor canary of {now:%Y-%m-%d %H:%M:%S} UTC</title>'
        f"<pubDate>{format_datetime(now)}</pubDate>"
        "<description>The monitor made this article itself. That it arrives proves that articles are polled, matched, "
        "stored and delivered.</description></item></channel></rss>"
    ).encode()
