"""Which endings of file names are documents. Apart from the readers, so that the parent knows without loading parsers."""

from typing import Final

ENDINGS: Final = frozenset({".txt", ".md", ".html", ".htm", ".eml", ".xml", ".rss", ".atom", ".json"})
PAGE: Final = ".article"
"""The ending of what is no file but the page of an article; no folder has it."""
