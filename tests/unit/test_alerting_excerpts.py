"""The sentence around each matched word: whole when it is short, cut at words when it is long, marks always right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import article, spans

from monitor.alerting import excerpts
from monitor.alerting.excerpts import MAX_LENGTH
from monitor.model import Span, Tier


def shown(found):
    return [(one.text, [one.text[a:b] for a, b in one.marks]) for one in found]


def test_the_sentence_with_all_its_matches():
    body = "Nothing here. Planes of Khmeimim left Tartus. The end."
    (one,) = excerpts(article(body=body), spans(body, "Khmeimim", "Tartus"), 3)
    assert shown([one]) == [("Planes of Khmeimim left Tartus.", ["Khmeimim", "Tartus"])]
    assert (one.field, one.rtl, one.cut_left, one.cut_right) == ("body", False, False, False)


def test_the_title_leads_then_what_shows_most_new_terms():
    body = "Tartus once. Tartus again. Khmeimim and Tartus and Moscow. Damascus, too."
    title = "Tartus today"
    found = excerpts(
        article(title, body),
        (*spans(title, "Tartus", field="title"), *spans(body, "Tartus", "Khmeimim", "Moscow", "Damascus")),
        3,
    )
    assert [one.text for one in found] == ["Tartus today", "Khmeimim and Tartus and Moscow.", "Damascus, too."]
    assert [one.field for one in found] == ["title", "body", "body"]


def test_equals_stand_in_the_order_of_the_text_and_the_limit_holds():
    body = "A Tartus. B Tartus. C Tartus. D Tartus."
    assert [one.text for one in excerpts(article(body=body), spans(body, "Tartus"), 2)] == ["A Tartus.", "B Tartus."]
    assert excerpts(article(body=body), spans(body, "Tartus"), 0) == ()
    assert excerpts(article(), (), 3) == ()


def test_a_sentence_that_only_repeats_the_title_is_left_out():
    title = "Tartus and Moscow…"
    body = "Tartus and\nMoscow talk. Tartus and Moscow talk of Khmeimim. Tartus again."
    found = excerpts(
        article(title, body), (*spans(title, "Tartus", field="title"), *spans(body, "Tartus", "Khmeimim")), 5
    )
    assert [one.text for one in found] == [title, "Tartus and Moscow talk of Khmeimim.", "Tartus again."]


def test_overlapping_words_are_one_mark():
    body = "The Khmeimim air base is large."
    (one,) = excerpts(article(body=body), spans(body, "Khmeimim air base", "Khmeimim", "air base is"), 3)
    assert shown([one]) == [(body, ["Khmeimim air base is"])]


def test_a_match_over_two_sentences_joins_them():
    body = "Before. It was at Khmeimim. Planes left. After."
    start, end = body.index("Khmeimim"), body.index(" left")
    span = Span(field="body", start=start, end=end, text=body[start:end], term="t", tier=Tier.EXACT)
    (one,) = excerpts(article(body=body), (span, *spans(body, "It was", "left")), 3)
    assert shown([one]) == [("It was at Khmeimim. Planes left.", ["It was", "Khmeimim. Planes", "left"])]


def test_line_ends_become_blanks_and_keep_the_offsets():
    body = "Planes at the\nKhmeimim\tair base."
    (one,) = excerpts(article(body=body), spans(body, "Khmeimim"), 3)
    assert shown([one]) == [("Planes at the Khmeimim air base.", ["Khmeimim"])]


def test_a_long_sentence_is_cut_at_words_around_the_match():
    body = "begin " + "abc " * 200 + "Khmeimim " + "xyz " * 200 + "end"
    (one,) = excerpts(article(body=body), spans(body, "Khmeimim"), 3)
    assert len(one.text) <= MAX_LENGTH
    assert (one.cut_left, one.cut_right) == (True, True)
    assert set(one.text.split()) == {"abc", "Khmeimim", "xyz"}
    assert shown([one])[0][1] == ["Khmeimim"]


def test_matches_at_the_ends_of_a_long_sentence_keep_its_ends():
    body = "Khmeimim " + "abc " * 200 + "Tartus"
    first, last = excerpts(article(body=body), spans(body, "Khmeimim", "Tartus"), 3)
    assert (first.cut_left, first.cut_right, last.cut_left, last.cut_right) == (False, True, True, False)
    assert first.text.startswith("Khmeimim abc")
    assert last.text.endswith("abc Tartus")


def test_neighbours_in_a_long_sentence_share_an_excerpt():
    body = "abc " * 100 + "Khmeimim and Tartus " + "xyz " * 100
    (one,) = excerpts(article(body=body), spans(body, "Khmeimim", "Tartus"), 3)
    assert shown([one])[0][1] == ["Khmeimim", "Tartus"]


def test_a_script_without_spaces_is_cut_anywhere():
    body = "北" * 400 + "塔尔图斯" + "京" * 400
    (one,) = excerpts(article(body=body), spans(body, "塔尔图斯"), 3)
    assert len(one.text) == MAX_LENGTH
    assert shown([one])[0][1] == ["塔尔图斯"]


def test_a_match_longer_than_an_excerpt_is_cut():
    body = "w" * 1000
    (one,) = excerpts(article(body=body), spans(body, body), 3)
    assert (len(one.text), one.marks, one.cut_right) == (MAX_LENGTH, ((0, MAX_LENGTH),), True)


@pytest.mark.parametrize(
    ("field", "start", "text"),
    [
        ("category", 0, "Middle East"),  # no running text
        ("body", 3, "elsewhere"),  # offsets that do not fit the text
        ("body", 10_000, "beyond"),
        ("category", 0, "c" * 400),  # too long
    ],
)
def test_words_without_a_place_stand_alone(field, start, text):
    span = Span(field=field, start=start, end=start + len(text), text=text, term="t", tier=Tier.EXACT)
    (one,) = excerpts(article(), (span,), 3)
    assert one.text == text[:MAX_LENGTH]
    assert one.marks == ((0, len(one.text)),)


def test_author_and_address_are_fields_like_others_and_empty_spans_show_nothing():
    given_ = article(author="Tartus Times staff", url=None)
    (one,) = excerpts(given_, spans("Tartus Times staff", "Tartus", field="author"), 3)
    assert shown([one]) == [("Tartus Times staff", ["Tartus"])]
    assert excerpts(given_, (Span(field="url", start=0, end=0, text="", term="t", tier=Tier.EXACT),), 3) == ()


def test_right_to_left():
    body = "هبطت طائرتا شحن في قاعدة حميميم الجوية."
    (one,) = excerpts(article(body=body), spans(body, "حميميم"), 3)
    assert one.rtl
    assert shown([one])[0][1] == ["حميميم"]


def test_thousands_of_matches_in_one_paragraph_take_no_noticeable_time():
    body = "Tartus is there. " * 20_000
    found = excerpts(article(body=body), spans(body, "Tartus"), 3)
    assert len(found) == 3


@settings(deadline=None)  # the machine may be busy
@given(
    body=st.text(alphabet=st.sampled_from("ab .\n\t!?。حم京\U0001f600\u0301\ud800"), max_size=900),
    cuts=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400)), max_size=8),
    limit=st.integers(0, 4),
)
def test_marks_show_exactly_what_matched(body, cuts, limit):
    places = tuple(
        Span(field="body", start=start, end=end, text=body[start:end], term=body[start:end], tier=Tier.EXACT)
        for start, end in sorted((a, min(a + length, len(body))) for a, length in cuts)
        if start < end
    )
    found = excerpts(article(body=body), places, limit)
    assert len(found) <= limit
    spaced = "".join(" " if char.isspace() else char for char in body)
    for one in found:
        assert len(one.text) <= MAX_LENGTH
        assert one.text in spaced
        at = 0
        for start, end in one.marks:
            assert at <= start < end <= len(one.text)
            at = end
