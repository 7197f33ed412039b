"""The window of stories: one article in, its story out.

The steps, each tried when the one before found nothing:

    same-url         the canonical address is known
    same-text        the same words in the same order
    near-copy        at least half of the runs of three words are those of an article that shares some of the rarest
    same-event       the nearest story, of those that share the heaviest words, is near enough (`story.affinity`)
    other-language   the same by names and figures, where a story has no article in this language
    nothing          it begins a story

Where an article joins by similarity, the stories that were nearly as near are compared again with the one that has grown,
and become one with it where they are near enough; the older story keeps its identity.

It must not read a clock or keep a text. What an article costs does not depend on how many are in the window: what is looked
up for a word is bounded (`postings.LOOKED_UP`), so is the number of stories that are compared, and so is a story's profile.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from monitor.model import Article
from monitor.stories.copies import canonical, resemblance, text_number
from monitor.stories.days import other_days
from monitor.stories.decision import Decision, Evidence, Merge, Step
from monitor.stories.features import Features, read
from monitor.stories.lexicon import Lexicon, number_of
from monitor.stories.postings import Postings
from monitor.stories.profile import added
from monitor.stories.story import Affinity, Item, Story, affinity, apart, seconds_of, story_of
from monitor.stories.told import compared, evidence_of, exact
from monitor.stories.tuning import DEFAULT, Tuning
from monitor.stories.vectors import Rarity, name_vector, word_vector

_LOOKED_FOR: Final = 14  # words of an article
_NAMES_LOOKED_FOR: Final = 10
_COMPARED: Final = 10  # stories
_MERGED: Final = 8  # stories that are compared again when one has grown
_FILED: Final = 5  # numbers of a sketch; two near copies share one of so many nearly always
_SLACK: Final = 16  # the window may be longer than its limit by this part, so that it is not cut with each article


class Stories:
    """The window. Not for several threads at once; the same articles in the same order make the same stories."""

    def __init__(self, lexicon: Lexicon, tuning: Tuning = DEFAULT, *, limit: int = 200_000) -> None:
        self.tuning = tuning
        self._lexicon = lexicon
        self._limit = limit
        self._words, self._names = Rarity(tuning.prior), Rarity(tuning.prior)
        self._count = 0
        self._newest: float | None = None
        self._items: dict[int, Item] = {}
        self._by_key: dict[str, Item] = {}
        self._stories: dict[str, Story] = {}
        self._by_url: dict[int, Item] = {}
        self._by_text: dict[int, Item] = {}
        self._by_run: dict[int, Item] = {}
        self._by_word = Postings()
        self._by_name: dict[str, Postings] = {}  # by language: names are for the other languages

    def __len__(self) -> int:
        return len(self._items)

    def story_of(self, key: str) -> str | None:
        """The story of an article in the window."""
        item = self._by_key.get(key)
        return item.story.id if item is not None else None

    def item(self, key: str) -> Item | None:
        """An article in the window."""
        return self._by_key.get(key)

    def add(self, article: Article) -> Decision:
        """Decide on an article. One whose key is known stays in its story, whatever it says now."""
        known = self._by_key.get(article.key)
        if known is not None:
            return Decision(article=article.key, story=known.story.id, evidence=exact(Step.PLACED, known, known))
        item, features = self._read(article)
        copied = self._exact_copies(item) or self._near_copy(item)
        decision = self._join_copies(item, copied) if copied else self._decide(item, features)
        self._file(item)
        return decision

    def place(self, article: Article, story: str) -> Decision:
        """Take in an article whose story was decided before, as when the window is built again after a restart.

        Articles are placed in the order in which they were added. `story` is the one that they belong to now.
        """
        known = self._by_key.get(article.key)
        item = known or self._read(article)[0]
        if known is None:
            like = next((one for one in (self._by_url.get(item.url), self._by_text.get(item.text)) if one), None)
            item.copy = like is not None and like.story.id == story
            host = self._stories.get(story)
            if host is None:
                self._stories[story] = story_of([item], story)
            elif item.copy:
                self._take_in(host, item)
            else:
                self._united(host, story_of([item], story))
            self._file(item)
        return Decision(article=item.key, story=item.story.id, evidence=exact(Step.PLACED, item, item))

    def forget(self, before: datetime) -> int:
        """Drop the articles that were published before a time; those of unknown time stay. How many were dropped."""
        bound = before.timestamp()
        return self._drop(number for number, item in self._items.items() if item.at is not None and item.at < bound)

    def compare(self, one: Article, other: Article) -> Evidence:
        """What two articles of the window have in common, as if they were alone. Raises KeyError for one that is not there."""
        first, second = self._by_key[one.key], self._by_key[other.key]
        return compared(first, second, read(one, self._lexicon), self.tuning)

    # Reading -----------------------------------------------------------------------------------------------------------

    def _read(self, article: Article) -> tuple[Item, Features]:
        features = read(article, self._lexicon)
        at = seconds_of(article.published)
        if at is not None:
            self._newest = max(at, self._newest or at)
        address = canonical(article.url)
        item = Item(
            number=self._count,
            key=article.key,
            at=self._newest if at is None else at,
            lang=features.lang,
            words=word_vector(features, self._words, self.tuning),
            names=name_vector(features, self._names),
            sketch=features.sketch(),
            length=min(1.0, len(features.order) / self.tuning.enough),
            days=features.days,
            url=number_of(address) if address else 0,
            text=text_number(article, features.order),
        )
        self._count += 1
        return item, features

    def _file(self, item: Item) -> None:
        """Make an article findable."""
        self._items[item.number] = item
        self._by_key[item.key] = item
        if not item.copy:
            self._by_word.add(item.words.numbers[:_LOOKED_FOR], item.number)
            self._by_name.setdefault(item.lang, Postings()).add(item.names.numbers[:_NAMES_LOOKED_FOR], item.number)
        self._file_copies(item)
        if len(self._items) > self._limit + self._limit // _SLACK:
            self._drop(list(self._items)[: len(self._items) - self._limit])

    def _file_copies(self, item: Item) -> None:
        if item.url:
            self._by_url[item.url] = item
        if item.text:
            self._by_text[item.text] = item
        for run in item.sketch[:_FILED]:
            self._by_run[run] = item

    # Deciding ----------------------------------------------------------------------------------------------------------

    def _exact_copies(self, item: Item) -> list[tuple[Affinity, Item]]:
        """The articles that it is a copy of: by its address, and by its text."""
        found: list[tuple[Affinity, Item]] = []
        same = self._by_url.get(item.url)
        if same is not None:
            found.append((Affinity(Step.SAME_URL, 1.0, 1.0), same))
        same = self._by_text.get(item.text)
        if same is not None and self._together(item, same):
            found.append((Affinity(Step.SAME_TEXT, 1.0, 1.0), same))
        return found

    def _near_copy(self, item: Item) -> list[tuple[Affinity, Item]]:
        """The article with most of its wording, when there is one with enough."""
        if item.length * self.tuning.enough < self.tuning.near_length:
            return []
        found = {near.number: near for run in item.sketch[:_FILED] if (near := self._by_run.get(run)) is not None}
        best, alike = None, 0.0
        for one in found.values():
            likeness = resemblance(item.sketch, one.sketch)
            if likeness > alike and self._together(item, one) and not other_days(item.days, one.days):
                best, alike = one, likeness
        if best is None or alike < self.tuning.near:
            return []
        return [(Affinity(Step.NEAR_COPY, alike, self.tuning.near), best)]

    def _together(self, item: Item, other: Item) -> bool:
        between = apart(item, other)
        return between is None or between <= self.tuning.window

    def _join_copies(self, item: Item, found: list[tuple[Affinity, Item]]) -> Decision:
        """Join the first; a copy of articles of two stories makes them one."""
        found_first, like = found[0]
        item.copy = found_first.step is not Step.NEAR_COPY
        if item.copy:
            item.words, item.names, item.sketch = like.words, like.names, like.sketch
            self._take_in(like.story, item)
        else:
            self._united(like.story, story_of([item], item.key))
        merges: list[Merge] = []
        for again, other in found[1:]:
            if other.story is not item.story:
                self._merge(item.story, other.story, again, merges)
        evidence = evidence_of(item, like, found_first)
        return Decision(article=item.key, story=item.story.id, evidence=evidence, merges=tuple(merges))

    def _decide(self, item: Item, features: Features) -> Decision:
        own = story_of([item], item.key)
        own.words[item.lang].sums = item.words.as_dict()  # compared often; see `profile.across`
        own.names.sums = item.names.as_dict()
        near = self._nearest(item, own)
        own.words[item.lang].sums, own.names.sums = {}, {}
        if not near or near[0][0].margin < 0:
            self._stories[own.id] = own
            return Decision(article=item.key, story=own.id, evidence=None)
        best, story, like = near[0]
        evidence = evidence_of(item, like, best, features, story)
        merges: list[Merge] = []
        grown = self._united(story, own)
        grown = self._grow(grown, [other for _, other, _ in near[1 : _MERGED + 1]], merges)
        return Decision(article=item.key, story=grown.id, evidence=evidence, merges=tuple(merges))

    def _nearest(self, item: Item, own: Story) -> list[tuple[Affinity, Story, Item]]:
        """The stories that share its heaviest terms, the nearest first, each with the article that shares most of them."""
        votes = self._by_word.votes(item.words, _LOOKED_FOR)
        for lang, postings in self._by_name.items():
            if lang != item.lang:
                votes |= postings.votes(item.names, _NAMES_LOOKED_FOR)
        likest: dict[Story, tuple[float, Item]] = {}
        for number, weight in votes.items():
            one = self._items[number]
            known = likest.get(one.story)
            if known is None or weight > known[0]:
                likest[one.story] = (weight, one)
        chosen = sorted([(-weight, one.number, one) for weight, one in likest.values()])[:_COMPARED]
        found = [
            (affinity(own, like.story, self.tuning), like.story, like)
            for _, _, like in chosen
            if not other_days(item.days, like.days)
        ]
        return sorted(found, key=lambda each: (-each[0].margin, each[1].number))

    def _grow(self, story: Story, others: list[Story], merges: list[Merge]) -> Story:
        """Unite a story that has grown with those that are near it now, the nearest first."""
        while others:
            found = [(affinity(story, other, self.tuning), other) for other in others]
            best, other = max(found, key=lambda each: (each[0].margin, -each[1].number))
            if best.margin < 0:
                break
            others.remove(other)
            story = self._merge(story, other, best, merges)
        return story

    def _merge(self, one: Story, other: Story, found: Affinity, merges: list[Merge]) -> Story:
        """Two stories as one, and the note of it."""
        names = {one.id, other.id}
        story = self._united(one, other)
        (gone,) = names - {story.id}
        similarity, needed = round(found.similarity, 4), round(found.needed, 4)
        merges.append(Merge(story=gone, into=story.id, step=found.step, similarity=similarity, needed=needed))
        return story

    def _united(self, one: Story, other: Story) -> Story:
        """Both as one: the older, which keeps its identity."""
        if other.number < one.number:
            one, other = other, one
        for lang, profile in other.words.items():
            one.words[lang] = added(one.words[lang], profile) if lang in one.words else profile
        one.names = added(one.names, other.names)
        one.first = _least(one.first, other.first)
        one.last = _greatest(one.last, other.last)
        one.items += other.items
        for item in other.items:
            item.story = one
        if other.id != one.id:
            self._stories.pop(other.id, None)
        return one

    def _take_in(self, story: Story, item: Item) -> None:
        """A copy: the story says what it said before."""
        story.items.append(item)
        item.story = story
        story.first, story.last = _least(story.first, item.at), _greatest(story.last, item.at)

    # Forgetting --------------------------------------------------------------------------------------------------------

    def _drop(self, numbers: Iterable[int]) -> int:
        gone = set(numbers)
        if not gone:
            return 0
        touched: dict[str, Story] = {}
        for number in sorted(gone):
            item = self._items.pop(number)
            del self._by_key[item.key]
            touched[item.story.id] = item.story
        for identity, story in touched.items():
            left = sorted((item for item in story.items if item.number not in gone), key=lambda item: item.number)
            if left:
                self._stories[identity] = story_of(left, identity)
            else:
                del self._stories[identity]
        self._by_word.keep(self._items)
        for postings in self._by_name.values():
            postings.keep(self._items)
        self._by_url, self._by_text, self._by_run = {}, {}, {}
        for item in self._items.values():
            self._file_copies(item)
        return len(gone)


def _least(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _greatest(one: float | None, other: float | None) -> float | None:
    return max((each for each in (one, other) if each is not None), default=None)
