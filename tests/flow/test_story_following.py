"""A worker's window of stories follows what other workers record."""

import asyncio
import dataclasses

from support.storing import FEED, NOW, article, claimed, polled

from monitor.engine.stories import StoryWindow
from monitor.settings import StorySettings
from monitor.store.protocol import NewArticle
from monitor.store.sqlite import SqliteStore

TEXT = (
    "Planes left the Khmeimim air base near Latakia on Monday, three witnesses told the agency, after talks in Moscow."
)


def test_a_copy_at_another_worker_tells_the_same_story(tmp_path):
    async def test():
        store = SqliteStore(tmp_path / "m.db", owner=True)
        await store.open()
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        here, there = (StoryWindow(store, lambda: NOW, StorySettings) for _ in range(2))
        here.shared = True
        first = article(1, title="Planes leave Khmeimim after talks", body=TEXT)
        other = article(2, title="Rain in Lisbon", body="It rains in Lisbon, and the trams stand still since noon.")
        await here.assign([other])
        assigned = await there.assign([first])
        claim = await claimed(store)
        await polled(store, claim, articles=(NewArticle(article=first, matches=(), story=assigned.stories["key1"]),))
        copy = dataclasses.replace(first, key="key3", guid="g3", url="https://example.net/3", outlet="Another")
        followed = await here.assign([copy])
        assert followed.stories == {"key3": "key1"}
        # Asked again within the second, it does not look again; what it knows stays.
        assert (await here.assign([dataclasses.replace(copy, key="key4")])).stories == {"key4": "key1"}
        await store.close()

    asyncio.run(test())
