"""Feeds: from an address or a folder to articles.

`FeedReader` is all that others use. It fetches through the guarded client, has documents parsed in a process that can be
killed, and gives values back; failures of the outside world are values too (`FetchFailed`).

The import is made when `FeedReader` is asked for: the parser's process is a module of this package, and must start
without the network stack of its parent.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.feeds.reader import FeedReader

__all__ = ["FeedReader"]


def __getattr__(name: str) -> object:
    """PEP 562: import the reader at its first use."""
    if name == "FeedReader":
        from monitor.feeds.reader import FeedReader as Reader  # noqa: PLC0415 - see the module's note

        return Reader
    raise AttributeError(name)
