"""The text of an article's web page, by trafilatura. Runs in the parser's process only, under its limits.

trafilatura gets a tree that we made of decoded text; it never sees an address, so that nothing of it can download. Its
language and date guesses are left out: languages are told where those of all texts are (`languages`).
"""

from typing import Final

import trafilatura
from trafilatura.settings import Document as Extract

from monitor.feeds.encodings import decode
from monitor.feeds.entries import Document, Raw, Reading, Unreadable, Warnings, clean_entry

_NO_TEXT: Final = "the page has no text of an article"


def read_article(document: Document) -> Reading:
    """One entry whose body is the page's text, a paragraph a block. Raises Unreadable."""
    warnings = Warnings()
    text, wrong = decode(document.data, document.content_type)
    if wrong:
        warnings.add(wrong)
    tree = trafilatura.load_html(text)
    if tree is None:
        raise Unreadable("the document is no web page")
    # Its defaults: asked for more, it takes menus too, and a menu that names a watched place hits on every page of a site.
    found = trafilatura.bare_extraction(tree, include_comments=False)
    blocks = found.text if isinstance(found, Extract) and found.text else ""
    body = "\n\n".join(line for line in blocks.splitlines() if line.strip())
    entry = clean_entry(Raw(title="", body=body, lang=tree.get("lang")), warnings=warnings) if body else None
    if entry is None or not entry.body:
        raise Unreadable(_NO_TEXT)
    return Reading(format="article", entries=(entry,), lang=None, warnings=warnings.all())
