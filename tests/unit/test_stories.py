"""Stories: which articles tell the same news, in which order they come, and what is forgotten."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cli.match import read_article
from monitor.config.story_lists import lexicon
from monitor.model import Article
from monitor.stories import Decision, Lexicon, Step, Stories

CASES = Path(__file__).parents[1] / "data" / "stories.jsonl"
LISTS = lexicon()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRE = "Fire at the Belgrave paint factory spreads to warehouses in Northam, forty workers evacuated"
OTHER = "Senate committee postpones hearing on fishing quotas until the spring session begins"


def told(
    key: str, title: str = "", body: str = "", *, lang: str | None = "en", hours: float | None = 0, url=None
) -> Article:
    at = None if hours is None else NOON + timedelta(hours=hours)
    return Article(key=key, feed_id="", guid=None, url=url, title=title, body=body, lang=lang, published=at)


def window(**options) -> Stories:
    return Stories(LISTS, **options)


def cases() -> list[tuple[Article, str]]:
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    return [(read_article(row), row["story"]) for row in sorted(rows, key=lambda row: row["published"])]


def partition(stories: Stories, keys: list[str]) -> set[frozenset[str]]:
    found: dict[str | None, set[str]] = {}
    for key in keys:
        found.setdefault(stories.story_of(key), set()).add(key)
    return {frozenset(group) for group in found.values()}


def run(articles: list[Article], **options) -> tuple[Stories, list[Decision]]:
    stories = window(**options)
    return stories, [stories.add(article) for article in articles]


def test_the_written_cases_are_grouped_as_a_person_would():
    stories, decisions = run([article for article, _ in cases()])
    wanted: dict[str, set[str]] = {}
    for article, story in cases():
        wanted.setdefault(story, set()).add(article.key)
    assert partition(stories, [article.key for article, _ in cases()]) == set(map(frozenset, wanted.values()))
    steps = {decision.article: decision.evidence and decision.evidence.step for decision in decisions}
    assert steps["ferry-1"] is None
    assert steps["ferry-2"] is Step.SAME_TEXT
    assert steps["ferry-3"] is Step.SAME_URL  # the same page without its tracking
    assert steps["ferry-4"] is Step.NEAR_COPY
    assert steps["ferry-5"] is Step.SAME_EVENT
    assert steps["ferry-6"] is Step.OTHER_LANGUAGE
    assert steps["mine-3"] is Step.OTHER_LANGUAGE
    assert steps["quake-2"] is Step.SAME_EVENT


def test_a_decision_says_what_it_rests_on():
    _, decisions = run([article for article, _ in cases()])
    found = {decision.article: decision.evidence for decision in decisions}
    event, foreign = found["ferry-5"], found["mine-3"]
    assert {"Rovinj", "Radulović"} <= set(event.names)
    assert "214" in event.figures
    assert "steering" in event.words
    assert event.similarity >= event.needed
    assert event.like.startswith("ferry-")
    assert event.apart < timedelta(hours=7)
    assert "Катовице" in foreign.names
    assert "12.5" in foreign.figures


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_same_order_gives_the_same_stories_and_copies_may_come_in_any(chance):
    articles = [article for article, _ in cases()]
    chance.shuffle(articles)
    first, decisions = run(articles)
    again, same = Stories(lexicon()), []
    same.extend(again.add(article) for article in articles)
    assert decisions == same
    copies = {first.story_of(key) for key in ("ferry-1", "ferry-2", "ferry-3")}
    assert len(copies) == 1


def test_a_copy_of_articles_of_two_stories_makes_them_one():
    stories, decisions = run([
        told("a", FIRE, url="https://one.example/1"),
        told("b", OTHER, url="https://two.example/2"),
        told("c", FIRE, url="https://two.example/2"),
        told("d", FIRE, url="https://one.example/1"),
    ])  # fmt: skip
    assert {stories.story_of(key) for key in "abcd"} == {"a"}
    assert decisions[3].merges == ()
    assert decisions[2].evidence.step is Step.SAME_URL
    assert [(merge.story, merge.into, merge.step) for merge in decisions[2].merges] == [("b", "a", Step.SAME_TEXT)]


def test_a_story_keeps_the_key_of_its_first_article():
    stories, decisions = run([told("b", FIRE), told("a", FIRE + " overnight", hours=1)])
    assert [decision.story for decision in decisions] == ["b", "b"]
    assert stories.story_of("a") == "b"
    assert stories.story_of("c") is None
    assert stories.item("a").key == "a"
    assert len(stories) == 2


def test_an_article_that_is_known_keeps_its_story():
    stories, _ = run([told("a", FIRE), told("b", OTHER)])
    decision = stories.add(told("b", FIRE))
    assert decision.story == "b"
    assert decision.evidence.step is Step.PLACED
    assert len(stories) == 2


def test_what_is_too_far_apart_in_time_is_not_one_story():
    stories, _ = run([told("a", FIRE, "First."), told("b", FIRE, "First.", hours=24 * 6), told("c", FIRE, hours=None)])
    assert stories.story_of("b") == "b"
    assert stories.story_of("c") == "b"  # of unknown time: as of the newest
    assert stories.compare(told("a"), told("b")).step is Step.SAME_TEXT


def test_a_day_between_two_articles_asks_for_more():
    first, second = told("a", "Paint factory burns in Northam"), "Northam paint factory still burning"
    soon, _ = run([first, told("b", second, hours=1)])
    late, _ = run([first, told("b", second, hours=73)])
    needed = [stories.compare(first, told("b")).needed for stories in (soon, late)]
    assert needed[1] - needed[0] == pytest.approx(0.06, abs=0.001)


def test_stories_that_grow_together_become_one_and_the_older_keeps_its_name():
    articles = [
        told("a", "Belgrave paint factory burns"),
        told("b", "Northam warehouses evacuated, forty workers safe", hours=1),
        told("c", "Belgrave paint factory fire: Northam warehouses evacuated, forty workers safe", hours=2),
    ]
    stories, decisions = run(articles)
    assert {stories.story_of(key) for key in "abc"} == {"a"}
    (merge,) = decisions[2].merges
    assert (merge.story, merge.into) == ("b", "a")
    assert merge.similarity >= merge.needed
    assert decisions[2].story == "a"


def test_headlines_that_name_other_days_are_two_stories():
    body = "Rain in the north, sun in the south, wind from the west; temperatures between four and nine degrees everywhere."
    stories, _ = run([told("a", "Weather for 8 November", body), told("b", "Weather for 18 November", body + " Fog.")])
    assert stories.story_of("b") == "b"
    assert stories.compare(told("a", "Weather for 8 November"), told("b")).step is Step.NOTHING


def test_two_articles_can_be_compared_whatever_was_decided():
    near = (
        "The harbour of Northam was closed on Monday after a crane fell on the quay and blocked the railway to Belgrave. "
        "Two freighters wait outside; the harbour master expects that the railway can be used again on Wednesday at noon."
    )
    stories, _ = run([
        told("a", FIRE, near, url="https://one.example/x"),
        told("b", OTHER, near, url="https://www.one.example/x/#top"),
        told("c", FIRE, near),
        told("d", FIRE[:20], near + " Nobody was hurt."),
        told("e", OTHER),
    ])  # fmt: skip
    steps = [stories.compare(told("a", FIRE, near), told(key)).step for key in "bcde"]
    assert steps == [Step.SAME_URL, Step.SAME_TEXT, Step.NEAR_COPY, Step.NOTHING]
    with pytest.raises(KeyError):
        stories.compare(told("a"), told("z"))


def test_languages_are_compared_by_names_and_figures_alone():
    stories, _ = run([
        told("en", "Merkel and Macron meet in Warsaw", "Angela Merkel met Emmanuel Macron in Warsaw about 35 treaties."),
        told("ru", "Меркель и Макрон встретились", "Ангела Меркель и Эмманюэль Макрон встретились в Варшаве.", lang="ru", hours=1),
        told("ru2", "Погода", "Сегодня солнечно и тепло.", lang="ru", hours=2),
    ])  # fmt: skip
    assert stories.story_of("ru") == "en"
    assert stories.story_of("ru2") == "ru2"
    found = stories.compare(told("ru", "Меркель и Макрон", "Эмманюэль Макрон в Варшаве", lang="ru"), told("en"))
    assert found.step is Step.OTHER_LANGUAGE
    assert "Макрон" in found.names


def test_forgetting_drops_articles_and_what_only_they_said():
    articles = [article for article, _ in cases()]
    stories, _ = run(articles)
    assert stories.forget(datetime(2026, 2, 1, tzinfo=UTC)) == 1  # the old ferry
    assert stories.forget(datetime(2026, 2, 1, tzinfo=UTC)) == 0
    assert stories.forget(datetime(2026, 3, 2, 8, tzinfo=UTC)) == 3
    assert stories.story_of("ferry-1") is None
    assert stories.story_of("ferry-5") == "ferry-1"  # its name outlives its first article
    assert stories.add(told("late", "", "Tug", url="https://coastal.example/adria-nova")).story == "ferry-1"
    assert len(stories) == len(articles) - 3
    assert stories.forget(datetime(2027, 1, 1, tzinfo=UTC)) == len(stories) + len(articles) - 3 or len(stories) == 0


def test_a_story_that_is_copied_after_its_articles_are_gone_is_new():
    stories, _ = run([told("a", FIRE), told("b", OTHER, hours=48)])
    stories.forget(NOON + timedelta(hours=24))
    assert stories.add(told("c", FIRE, hours=49)).story == "c"
    assert stories.add(told("d", FIRE + " again", hours=49)).story == "c"


def test_the_window_is_bounded_whatever_the_times_are():
    stories = window(limit=32)
    for number in range(200):
        stories.add(told(f"k{number}", f"Headline {number} of {number * 7}", hours=None))
        assert len(stories) <= 34
    assert stories.story_of("k199") is not None
    assert stories.story_of("k0") is None


def test_articles_of_unknown_time_outlive_forgetting():
    stories, _ = run([told("a", FIRE, hours=None)])
    assert stories.forget(NOON) == 0
    assert len(stories) == 1


def test_a_window_built_again_from_what_was_stored_goes_on_as_before():
    articles = [article for article, _ in cases()]
    before, _ = run(articles[:-2])
    again = window()
    for article in articles[:-2]:
        placed = again.place(article, before.story_of(article.key))
        assert placed.evidence.step is Step.PLACED
        assert placed.story == before.story_of(article.key)
    assert again.place(articles[0], "elsewhere").story == before.story_of(articles[0].key)
    for article in articles[-2:]:
        assert again.add(article) == before.add(article)
    keys = [article.key for article in articles]
    assert partition(again, keys) == partition(before, keys)


def test_an_article_is_placed_in_a_story_whose_first_article_is_gone():
    stories = window()
    stories.place(told("b", FIRE), "gone")
    stories.place(told("c", OTHER), "gone")
    assert stories.story_of("c") == "gone"
    assert stories.add(told("d", FIRE)).story == "gone"


# Hostile input --------------------------------------------------------------------------------------------------------


def cost(articles: list[Article]) -> tuple[int, Stories]:
    """How many stories are compared in all: counted, since times depend on the machine."""
    stories = window()
    compared = 0
    inner = stories._nearest

    def counted(item, own):
        nonlocal compared
        found = inner(item, own)
        compared += len(found)
        return found

    stories._nearest = counted
    for article in articles:
        stories.add(article)
    return compared, stories


def test_ten_thousand_equal_titles_are_one_story_at_no_cost():
    compared, stories = cost([told(f"k{number}", FIRE) for number in range(10_000)])
    assert compared == 0
    assert {stories.story_of(f"k{number}") for number in range(10_000)} == {"k0"}


def test_many_titles_that_differ_by_a_number_cost_the_same_each():
    compared, stories = cost([told(f"k{number}", f"Serial number {number} recalled") for number in range(2_000)])
    assert compared <= 2_000 * 30
    assert len(stories) == 2_000


def test_texts_that_say_nothing_stay_alone():
    empty = [told("a"), told("b"), told("c", "!!!", "..."), told("d", "ok", lang=None), told("e", "ok", lang=None)]
    stories, decisions = run(empty)
    assert {stories.story_of(key) for key in "abc"} == {"a", "b", "c"}
    assert all(decision.evidence is None for decision in decisions[:3])


def test_a_body_of_ten_megabytes_costs_what_its_beginning_costs():
    long = told("a", FIRE, "The fire began at night. " * 420_000)
    glued = told("b", "x" * 10_000_000, "й" * 10_000_000)
    stories, decisions = run([long, glued, told("c", FIRE, "The fire began at night. " * 30)])
    assert decisions[2].story == "a"
    assert max(len(stories.item(key).words) for key in "abc") <= 64


def test_equal_addresses_of_front_pages_join_nothing():
    stories, _ = run([told("a", FIRE, url="https://one.example/"), told("b", OTHER, url="https://one.example")])
    assert stories.story_of("b") == "b"


@given(
    st.lists(
        st.tuples(st.text(max_size=60), st.text(max_size=200), st.sampled_from(["en", "ru", "zh", None])), max_size=12
    )
)
@settings(max_examples=60, deadline=None)
def test_any_text_is_taken(texts):
    stories = window()
    for number, (title, body, lang) in enumerate(texts):
        decision = stories.add(told(f"k{number}", title, body, lang=lang, hours=number))
        assert stories.story_of(f"k{number}") == decision.story
    stories.forget(NOON + timedelta(hours=len(texts) // 2))


def test_long_streams_keep_a_story_bounded():
    chance = random.Random(7)
    words = [
        f"{first}{second}"
        for first in ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki")
        for second in ("rant", "lent", "mond", "sund")
    ]
    stories = window()
    for number in range(300):
        stories.add(
            told(
                f"k{number}",
                "Belgrave paint factory fire",
                " ".join(f"{chance.choice(words)}{number}" for _ in range(60)),
            )
        )
    assert max(len(item.story.words["en"].sums) for item in stories._items.values()) <= 400


def test_without_lists_it_still_groups():
    stories = Stories(Lexicon())
    stories.add(told("a", FIRE))
    assert stories.add(told("b", FIRE + " again")).story == "a"
