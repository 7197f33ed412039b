"""The window of stories of this process: which story a new article tells, decided in the order in which articles come.

    poll ► match ► assign ► record (the story of each article, and stories that turned out to be one)

Grouping is computation, so it runs beside the loop, one poll at a time. After a restart the window is built again from the
store, without deciding anything anew; polls wait for that. What a poll could not record is decided once: the article keeps
its story when it comes again, and merges are carried by the next record.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from monitor.config.story_lists import lexicon
from monitor.model import CANARY, Article
from monitor.settings import StorySettings
from monitor.store.protocol import Store
from monitor.stories import Stories

WINDOW: Final = timedelta(days=5)
"""What lies further apart is no story; see `stories.tuning`."""
_FORGET_EVERY: Final = timedelta(hours=1)
_PAGE: Final = 500
_FOLLOW_EVERY: Final = 1.0
_FOLLOW_BACK: Final = 200
"""Articles before the last one seen that are looked at again: numbers are given before commits, so a smaller number
may appear later.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The stories of the articles of a poll."""

    stories: Mapping[str, str] = field(default_factory=dict)
    """By the key of the article."""
    merges: tuple[tuple[str, str], ...] = ()
    """Stories that are no more, each with the one that it is part of: to be recorded with the articles."""


NOTHING_ASSIGNED: Final = Assigned()


class StoryWindow:
    """Assigns stories. `clock` is the wall clock, in UTC; `settings` are those that are in force when it is called."""

    shared = False
    """Whether other workers record articles as well: then it follows what they record."""

    def __init__(self, store: Store, clock: Callable[[], datetime], settings: Callable[[], StorySettings]) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self._turn = asyncio.Lock()
        self._window: Stories | None = None
        self._merges: dict[str, str] = {}
        """Not recorded yet, as far as is known."""
        self._forgotten = clock()
        self._last = 0
        """The highest number of an article that was seen in the store."""
        self._followed = 0.0

    async def assign(self, articles: Sequence[Article]) -> Assigned:
        """The story of each article. Raises StoreError when the window cannot be built from the store."""
        if not articles:
            return Assigned(merges=tuple(self._merges.items()))
        if not self._settings().enabled:
            return Assigned(stories={one.key: one.key for one in articles})
        async with self._turn:
            if self._window is None:
                self._window = await self._rebuilt()
            elif self.shared:
                await self._follow(self._window)
            return await asyncio.to_thread(self._assign, self._window, articles)

    def recorded(self, assigned: Assigned) -> None:
        """What was assigned stands in the store."""
        for gone, into in assigned.merges:
            if self._merges.get(gone) == into:
                del self._merges[gone]

    async def _rebuilt(self) -> Stories:
        most = self._settings().most
        window = Stories(await asyncio.to_thread(lexicon), limit=most)
        after = 0
        since = self._clock() - WINDOW
        while page := await self._store.recent_stories(since, most, after, _PAGE):
            await asyncio.to_thread(_placed, window, page)
            after = self._last = page[-1][0]
        return window

    async def _follow(self, window: Stories) -> None:
        """Place what other workers recorded since the last look, at most once a second."""
        if time.monotonic() - self._followed < _FOLLOW_EVERY:
            return
        self._followed = time.monotonic()
        after = max(0, self._last - _FOLLOW_BACK)
        since = self._clock() - WINDOW
        while page := await self._store.recent_stories(since, self._settings().most, after, _PAGE):
            after = page[-1][0]
            self._last = max(self._last, after)
            await asyncio.to_thread(_placed, window, [one for one in page if window.story_of(one[1].key) is None])

    def _assign(self, window: Stories, articles: Sequence[Article]) -> Assigned:
        now = self._clock()
        if now - self._forgotten >= _FORGET_EVERY:
            window.forget(now - WINDOW)
            self._forgotten = now
        inside = [one for one in articles if _belongs(one, now)]
        for one in inside:
            # A date in the future would make it look near to nothing.
            dated = dataclasses.replace(one, published=min(one.published or now, now))
            for merge in window.add(dated).merges:
                self._merges[merge.story] = merge.into
        stories = {one.key: one.key for one in articles}
        stories |= {one.key: window.story_of(one.key) or one.key for one in inside}
        return Assigned(stories=stories, merges=tuple(self._merges.items()))


def _belongs(article: Article, now: datetime) -> bool:
    """Whether an article can be part of a story that others tell: the canary is its own, and old news is no news."""
    return article.feed_id != CANARY and (article.published is None or now - article.published <= WINDOW)


def _placed(window: Stories, page: Sequence[tuple[int, Article, str]]) -> None:
    for _, article, story in page:
        window.place(article, story)
