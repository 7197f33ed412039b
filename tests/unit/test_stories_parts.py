"""The parts that stories are made of: addresses, wording, endings, names across languages, days, chains of decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.story_lists import lexicon
from monitor.model import Article
from monitor.stories import Chain, Decision, Evidence, Lexicon, Merge, Step
from monitor.stories.copies import canonical, resemblance, text_number
from monitor.stories.days import days_of, other_days
from monitor.stories.features import language_of, read
from monitor.stories.postings import ENOUGH, LOOKED_UP, Postings
from monitor.stories.profile import Profile, across, added
from monitor.stories.stems import bare, stem
from monitor.stories.vectors import Rarity, vector
from monitor.text.fold import fold

LISTS = lexicon()


def article(title: str = "", body: str = "", lang: str | None = "en") -> Article:
    return Article(key="k", feed_id="", guid=None, url=None, title=title, body=body, lang=lang)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.post.example/a/b?utm_source=rss&utm_medium=x", "http://post.example/a/b/"),
        ("https://m.post.example/a/b#top", "https://post.example/a/b"),
        ("https://post.example/a/b/amp/", "https://amp.post.example/a/b"),
        ("https://post.example/a?id=7&fbclid=zz&page=2", "https://post.example/a?page=2&id=7"),
        ("https://POST.example/index.php?id=7", "https://post.example/?id=7"),
    ],
)
def test_addresses_of_one_page_are_one(one, other):
    assert canonical(one) == canonical(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://post.example/a", "https://post.example/b"),
        ("https://post.example/a?id=7", "https://post.example/a?id=8"),
        ("https://post.example/a", "https://news.post.example/a"),
    ],
)
def test_addresses_of_two_pages_are_two(one, other):
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "url", [None, "", "https://post.example/", "https://post.example", "nonsense", "http://[bad/x"]
)
def test_what_is_no_address_of_an_article_is_none(url):
    assert canonical(url) is None


def test_texts_are_the_same_whatever_marks_and_case_they_have():
    def number(title: str, body: str = "") -> int:
        one = article(title, body)
        return text_number(one, read(one, LISTS).order)

    assert number("The Fire", "At night — “again”.") == number("the fire", "at night: again")
    assert number("The fire", "at night") != number("The fire", "at noon")
    assert number("Two words") == 0
    long = "Every ship waits. " * 500
    assert number("Storm", long + "It ends well.") == number("storm", long + "it ends, well!")
    assert number("Storm", long + "It ends well.") != number("Storm", long + "It ends badly.")


def test_resemblance_is_the_part_that_is_shared():
    assert resemblance((), ()) == 0.0
    assert resemblance((1, 2, 3, 4), (1, 2, 3, 4)) == 1.0
    assert resemblance((1, 2, 5, 6), (1, 2, 3, 4)) == 0.5
    assert resemblance((1, 2), ()) == 0.0


@pytest.mark.parametrize(
    "forms",
    [
        "strike strikes",
        "party parties",
        "church churches",
        "walk walked walking",
        "evacuate evacuated",
        "сирия сирии сирию",
        "забастовка забастовки забастовку",
        "арестован арестованы",
        "انفجار الانفجار وانفجار بانفجار",
    ],
)
def test_forms_of_a_word_share_a_stem(forms):
    assert len({stem(word) for word in forms.split()}) == 1


def test_what_has_no_ending_stays():
    assert bare("ok") == "ok"
    assert bare("bus") == "bus"
    assert bare("7b") == "7b"
    assert bare("日本") == "日本"
    assert bare("кот") == "кот"
    assert stem("20260302123") == "20260302123"
    assert stem("нато") == stem("нато")


@given(st.text(max_size=50))
def test_any_word_has_a_stem(word):
    assert len(stem(word)) <= max(8, len(word))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("germany", "en"), ("германии", "ru")),
        (("moscow", "en"), ("москве", "ru")),
        (("warsaw", "en"), ("варшаву", "ru")),
        (("iran", "en"), ("إيران", "ar")),
        (("lavrov", "en"), ("лаврова", "ru")),
        (("zelensky", "en"), ("зеленский", "ru")),
        (("merkel", "en"), ("ميركل", "ar")),
    ],
)
def test_a_name_is_one_concept_in_two_languages(one, other):
    first, second = (LISTS.words(lang)[fold(word)] for word, lang in (one, other))
    assert first.concept == second.concept != 0


def test_common_words_are_known_by_language_and_words_without_sound_name_nothing():
    words = LISTS.words("en")
    assert words["government"].common
    assert words["government"].share > words["parliament"].share > 0
    assert not words["qwertzuiop"].common
    assert words["7"].concept == 0
    assert not LISTS.words("xx")["government"].common


def test_words_that_were_looked_up_are_forgotten_when_they_are_many():
    small = Lexicon({"en": "the of"}, remembered=3)
    first = small.words("en")
    for word in ("a", "b", "c", "d"):
        assert first[word] == first[word]
    again = small.words("en")
    assert again is not first
    assert again["a"] == first["a"]


def test_the_language_is_that_of_the_feed_else_the_script():
    assert language_of(article(lang="ENG")) == "en"
    assert language_of(article(lang="pt-BR")) == "pt"
    assert language_of(article("Новости", lang=None)) == "Cyrl"


def test_names_are_words_with_a_capital_where_others_have_none():
    found = read(article("Markets fall as Belgrave reports", "Belgrave said so. Analysts of Northam disagree."), LISTS)
    assert {term.written for term in found.terms().values() if term.name} == {"Belgrave", "Northam"}
    assert found.title == {"markets", "fall", "as", "belgrave", "reports"}
    titled = read(article("Markets Fall As Belgrave Reports"), LISTS)
    assert {term.written for term in titled.terms().values() if term.name} == {"Belgrave"}


def test_figures_keep_their_point_and_scripts_without_spaces_go_in_pairs():
    found = read(article("", "A quake of 6.1 and 3,200 people. Then 6. 1"), LISTS)
    assert {term.written for term in found.terms().values() if term.figure} == {"6.1", "3.200", "6", "1"}
    assert {written for _, written in found.concepts().values()} == {"6.1", "3.200"}
    chinese = read(article("", "北京下雨 today 雨", "zh"), LISTS)
    assert {term.written for term in chinese.terms().values()} == {"北京", "京下", "下雨", "today"}


def test_days_of_headlines():
    assert days_of(["forecast", "for", "8", "november"]) == {8}
    assert days_of(["on", "march", "3", "and", "40", "april"]) == {3}
    assert days_of(["прогноз", "на", "18", "ноября"]) == {18}
    assert days_of(["8", "people", "killed"]) == frozenset()
    assert other_days(frozenset({8}), frozenset({18}))
    assert not other_days(frozenset({8}), frozenset({8, 9}))
    assert not other_days(frozenset({8}), frozenset())


def test_a_term_of_many_articles_is_looked_up_in_the_newest():
    postings = Postings()
    for number in range(3 * LOOKED_UP):
        postings.add([1], number)
    postings.add([2], 9)
    assert postings.of(1) == list(range(2 * LOOKED_UP, 3 * LOOKED_UP))
    assert postings.of(2) == [9]
    assert postings.of(3) == []
    found = postings.votes(vector([(2, 0.5), (1, 0.25), (3, 0.1)], 8), 2)
    assert found[9] > found[449] > 0
    assert len(found) == LOOKED_UP + 1
    for term in range(10, 20):
        postings.add([term] * LOOKED_UP, term)
    assert len(postings.votes(vector([(term, 1.0) for term in (1, *range(10, 20))], 16), 16)) < ENOUGH
    postings.keep({449: None, 448: None})
    assert postings.of(1) == [448, 449]
    assert postings.of(2) == []


def test_old_counts_fade_when_terms_are_many():
    rarity = Rarity(prior=10.0, most=3)
    for _ in range(4):
        rarity.add([1])
    before = rarity.of(2, 0.0)
    rarity.add([1, 2, 3, 4])
    assert rarity.counts == {1: 2}
    assert rarity.articles == 2
    assert rarity.of(1, 0.0) < rarity.of(2, 0.0) < before


def test_profiles_add_up_in_any_order():
    first, second, third = (vector([(number, 1.0), (number + 1, 2.0)], 8) for number in (1, 2, 9))
    pair = added(Profile.of(first, 1.0), Profile.of(second, 0.5))
    assert pair.articles == 2
    assert pair.mean_length == 0.75
    total = Profile.total([(first, 1.0), (second, 0.5)])
    assert total.sums == pytest.approx(pair.sums)
    assert total.alike(0.4, 0.0) == pytest.approx(across(Profile.of(first, 1), Profile.of(second, 1)))
    assert across(pair, Profile.of(third, 1.0)) == across(Profile.of(third, 1.0), pair) == 0.0
    assert across(pair, total) == pytest.approx(across(total, pair))
    assert len(vector([], 8)) == 0


def test_a_profile_keeps_its_heaviest_terms():
    many = [vector([(number * 50 + one, 1.0) for one in range(1, 50)], 64) for number in range(20)]
    assert len(Profile.total([(one, 1.0) for one in many]).sums) == 256


def test_a_chain_tells_how_two_articles_came_together():
    chain = Chain()
    first = Evidence(step=Step.SAME_EVENT, like="a", similarity=1.2, needed=1.0)
    merge = Merge(story="c", into="a", step=Step.SAME_EVENT, similarity=0.9, needed=0.8)
    chain.add(Decision(article="a", story="a", evidence=None))
    chain.add(Decision(article="b", story="a", evidence=first))
    chain.add(Decision(article="c", story="c", evidence=None))
    chain.add(Decision(article="d", story="a", evidence=first, merges=(merge,)))
    chain.add(Decision(article="d", story="a", evidence=Evidence(step=Step.PLACED, like="d", similarity=1, needed=1)))
    assert chain.between("b", "c") == (("b", "a", first), ("a", "c", merge))
    assert chain.between("b", "d") == (("b", "a", first), ("a", "d", first))
    assert chain.between("b", "x") == chain.between("x", "b") == chain.between("b", "b") == ()
