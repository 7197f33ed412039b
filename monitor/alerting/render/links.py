"""The signed links of a message, in the order and words in which they are shown; for every format.

What a link does is decided by whoever made it; here only what it is called. A link that is not safe to follow is not
shown. It must not know a format's markup.
"""

from collections.abc import Mapping

from monitor.alerting.render.words import Link, safe_link
from monitor.model import LinkAction

_WORDS = {
    LinkAction.MUTE_STORY: "Mute this story for 24 h",
    LinkAction.MUTE_FEED: "Mute this feed for 24 h",
    LinkAction.MUTE_RULE: "Mute this rule for 24 h",
    LinkAction.FALSE_POSITIVE: "Not what the rule means",
    LinkAction.SETTINGS: "Settings",
    LinkAction.UNSUBSCRIBE_RULE: "Unsubscribe from this rule",
    LinkAction.UNSUBSCRIBE: "Unsubscribe",
}


def shown_links(links: Mapping[str, str]) -> tuple[tuple[str, Link], ...]:
    """Those that are there, each with what it is called."""
    found = ((words, safe_link(links.get(action))) for action, words in _WORDS.items())
    return tuple((words, link) for words, link in found if link is not None)
