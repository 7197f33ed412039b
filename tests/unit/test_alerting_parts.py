"""What alerts say beside an article: charts of a period, the spread of a story, agencies, changes of a text."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.made import NOW, article, spans

from monitor.alerting.bars import bar_drawing, bar_line, busiest, counted
from monitor.alerting.difference import MAX_CHANGES, changes, difference
from monitor.alerting.spread import MAX_COPIES, language_name, spread_of
from monitor.alerting.wires import wire_of
from monitor.model import Copy, Edit

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

# ── Charts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("length", "parts"),
    [
        (HOUR, 12),
        (2 * HOUR, 12),
        (3 * HOUR, 3),
        (24 * HOUR, 24),
        (25.5 * HOUR, 26),
        (48 * HOUR, 31),
        (7 * 24 * HOUR, 7),
    ],
)
def test_a_period_is_parted_into_minutes_hours_or_days(length, parts):
    assert len(counted([], NOW, NOW + length)) == parts


def test_times_are_counted_and_none_is_lost():
    times = [NOW, NOW + 30 * MINUTE, NOW + 3 * HOUR, NOW - HOUR, NOW + 9 * HOUR]
    assert counted(times, NOW, NOW + 4 * HOUR) == (3, 0, 0, 2)
    assert counted(times, NOW, NOW) == ()
    assert busiest((0, 2, 5, 5), NOW, NOW + 4 * HOUR) == (NOW + 2 * HOUR, 5)
    assert busiest((0, 0), NOW, NOW + HOUR) is None


def test_counts_as_a_line_and_as_a_drawing():
    assert bar_line((0, 1, 7, 14)) == "▁▂▅█"
    assert bar_line((0, 0)) == "▁▁"
    assert (bar_line(()), bar_drawing(()), bar_drawing((0, 0))) == ("", "", "")
    drawing = ET.fromstring(bar_drawing((0, 1, 2)))
    assert "max-width:36px" in drawing.get("style")
    styles = [bar.get("style") for bar in drawing.iter("div")]
    assert [re.search(r"line-height:(\d+)px", one)[1] for one in styles] == ["2", "20", "40"]
    assert ["#667085" in one for one in styles] == [False, True, True]  # where nothing was, it is only hinted at


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=31))
def test_every_count_has_its_bar(bars):
    line = bar_line(bars)
    assert len(line) == len(bars)
    for count, block in zip(bars, line, strict=True):
        assert (block == "▁") == (count == 0)
        assert (block == "█") == (count > 0 and count * 7 > max(bars) * 6)
    if any(bars):
        assert len(list(ET.fromstring(bar_drawing(bars)).iter("td"))) == len(bars)


# ── The spread of a story ─────────────────────────────────────────────────────────────────────────────────────────────


def copy(number, outlet=None, lang="en", minutes=0, **given_):
    at = NOW + minutes * MINUTE
    defaults = {"article_key": f"k{number}", "title": f"Report {number}", "outlet": outlet, "lang": lang}
    return Copy(**{**defaults, "published": at, "first_seen": at + MINUTE, **given_})


def test_the_line_says_how_many_who_was_first_and_which_languages_came_later():
    copies = [copy(number, f"Outlet {number}", minutes=90 + number) for number in range(12)]
    copies += [copy(20, "Reuters", minutes=62), copy(21, "Al Jazeera", lang="ar", minutes=100)]
    made = spread_of(copies, known=("en",), again=True, timezone="Europe/Berlin", now=NOW + 3 * HOUR)
    assert made.news == "now 14 outlets, first Reuters 08:02, in Arabic since 08:40"
    assert (made.outlets, made.more, made.copies[0].outlet, made.wire) == (14, 0, "Reuters", None)


def test_the_line_names_new_languages_first_and_dates_that_are_not_todays():
    copies = [
        copy(1, "A", minutes=-600, lang="ru"),
        *(copy(2 + place, "B", lang=lang, minutes=place) for place, lang in enumerate(("en", "fr", "de", "xx"))),
    ]
    made = spread_of(copies, known={"ru", "en", "fr", "de"}, again=False, timezone="UTC", now=NOW)
    expected = "2 outlets, first A 2026-02-28 20:00, in xx since 06:03, in English since 06:00, in French since 06:01"
    assert made.news == expected
    assert language_name("ar") == "Arabic"


def test_a_story_of_one_article_has_not_spread_and_long_lists_are_cut():
    assert spread_of([copy(1)], known=(), again=True, timezone="UTC", now=NOW) is None
    many = [copy(number, wire="AFP" if number > 3 else "AP") for number in range(MAX_COPIES + 9)]
    made = spread_of(many, known=(), again=False, timezone="UTC", now=NOW)
    assert (len(made.copies), made.more, made.outlets, made.wire) == (MAX_COPIES, 9, 1, "AFP")
    assert made.news == "1 outlet, first unnamed 06:00"


def test_an_article_that_bears_a_later_date_appeared_when_it_was_seen():
    late = copy(1, published=NOW + HOUR, first_seen=NOW)
    assert (late.at, copy(2, published=None).at) == (NOW, NOW + MINUTE)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"outlet": "Reuters"}, "Reuters"),
        ({"author": "By Reuters Staff"}, None),
        ({"author": "By Reuters staff"}, "Reuters"),
        ({"author": "AFP"}, "AFP"),
        ({"body": "DAMASCUS (Reuters) - Planes landed."}, "Reuters"),
        ({"body": "MOSCOW, March 1. /TASS/. Russia said"}, "TASS"),
        ({"body": "МОСКВА, 1 мар — РИА Новости. Россия"}, None),
        ({"body": "Москва. 1 марта. (Интерфакс) Россия"}, "Interfax"),
        ({"body": "Damascus, SANA- The minister said"}, "SANA"),
        ({"body": "دمشق (رويترز) - قال مسؤول"}, "Reuters"),
        ({"body": "Planes landed on Tuesday.\n\n(AP)"}, "AP"),
        ({"body": "Planes landed on Tuesday. Source: Xinhua"}, "Xinhua"),
        ({"body": "Reuters journalists were attacked near the base, and APs were lost."}, None),
        ({"body": ""}, None),
    ],
)
def test_the_agency_that_an_article_names(given_, expected):
    assert wire_of(article(**{"outlet": "Example News", **given_})) == expected


# ── Changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_difference_reads_as_the_sentence_with_words_struck_and_put_in():
    assert difference("Two planes landed on Tuesday.", "Three cargo planes landed on Friday.") == (
        ("Two", Edit.REMOVED), ("Three cargo", Edit.ADDED), (" planes landed on ", Edit.SAME),
        ("Tuesday", Edit.REMOVED), ("Friday", Edit.ADDED), (".", Edit.SAME),
    )  # fmt: skip
    assert difference("the old man", "the new woman")[1:] == (("old man", Edit.REMOVED), ("new woman", Edit.ADDED))
    assert difference("", "All of it") == (("All of it", Edit.ADDED),)
    assert difference("基地を撤収", "基地を維持")[0] == ("基地を", Edit.SAME)


WORDS = st.lists(st.sampled_from(["a", "b", "c", "don't", "ش", "基", ".", "1"]), max_size=30).map(" ".join)


@given(WORDS, WORDS)
def test_a_difference_has_both_texts_in_it(before, after):
    pieces = difference(before, after)
    assert "".join(text for text, edit in pieces if edit is not Edit.REMOVED) == after
    assert "".join(text for text, edit in pieces if edit is not Edit.ADDED) == before
    assert all(text for text, _ in pieces)
    assert not any(one is other for (_, one), (_, other) in pairwise(pieces))


def test_the_changes_of_an_article_are_its_title_and_the_sentences_that_match():
    before = article(
        "Planes land", "The Khmeimim air base was quiet on Monday. Nothing else happened. Tartus is a port."
    )
    text = (
        "Khmeimim air base was busy on Monday. Nothing new happened. Tartus is a port. A wholly new line on Khmeimim!"
    )
    after = article("Jets land", text)
    title, one, two = changes(before, after, spans(text, "Khmeimim", "Tartus") + spans("Jets", "Jets", field="title"))
    assert (title.field, title.pieces[0]) == ("title", ("Planes", Edit.REMOVED))
    assert ("quiet", Edit.REMOVED) in one.pieces
    assert two.pieces == (("A wholly new line on Khmeimim!", Edit.ADDED),)
    assert changes(before, before, spans(before.body, "Khmeimim")) == ()
    assert changes(before, article("Planes land", "", lang="ar"), ()) == ()


def test_changes_are_bounded():
    text = " ".join(f"Sentence {number} is about Khmeimim." for number in range(50))
    found = changes(article("A", "Old."), article("B", text), spans(text, "Khmeimim"))
    assert len(found) == MAX_CHANGES + 1
