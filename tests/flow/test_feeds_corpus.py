"""Real feeds of newsrooms: every item is read, and none of it is dirty."""

import asyncio
import time
import unicodedata
from pathlib import Path

import pytest

from monitor.feeds import FeedReader
from monitor.model import Feed, FeedKind, ParsedFeed
from monitor.settings import FetchSettings

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"

# File, items, with a body, with a date, format, language of the feed
PINNED = [
    ("bbc_en.xml", 69, 69, 69, "rss20", "en"),
    ("bbc_russian.xml", 31, 5, 31, "rss20", "ru"),
    ("livemint_en.xml", 25, 25, 25, "rss20", None),
    ("nyt_chinese_2015.xml", 22, 22, 22, "rss20", "zh"),
    ("nytimes_en_2026.xml", 25, 24, 25, "rss20", "en"),
    ("smh_en.xml", 50, 50, 50, "rss20", "en"),
    ("tagesschau_de_2026.xml", 40, 40, 40, "rss20", "de"),
    ("tpm_atom_en.xml", 20, 20, 20, "atom10", "en"),
]


@pytest.mark.parametrize(("name", "items", "bodies", "dates", "kind", "lang"), PINNED)
def test_feed(name, items, bodies, dates, kind, lang):
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not here")

    async def run():
        reader = FeedReader(FetchSettings(), {})
        try:
            began = time.monotonic()
            outcome = await reader.parse(Feed(id="f", url="", kind=FeedKind.DIRECTORY), path.read_bytes(), name=name)
            return outcome, time.monotonic() - began
        finally:
            await reader.close()

    outcome, seconds = asyncio.run(run())
    assert isinstance(outcome, ParsedFeed)
    assert (len(outcome.articles), outcome.format, outcome.lang, outcome.warnings) == (items, kind, lang, ())
    assert sum(1 for article in outcome.articles if article.body) == bodies
    assert sum(1 for article in outcome.articles if article.published) == dates
    assert len({article.key for article in outcome.articles}) == items
    assert all(article.url for article in outcome.articles)
    for text in (text for article in outcome.articles for text in (article.title, article.body.replace("\n", ""))):
        assert not [char for char in text if unicodedata.category(char) in {"Cc", "Cs"}]
        assert "</" not in text
        assert "&amp;" not in text
    assert seconds < 10
