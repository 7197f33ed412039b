"""Tokens: how texts are cut, and that every span shows its token in the original text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.fold import fold
from monitor.text.tokens import tokenise

PIECES = st.sampled_from(
    [
        "al-",
        "Sharaa’s",
        " ",
        "й",
        "й",
        "ß",
        "\xad",
        "é",
        "é",
        "́",
        "。",
        "普京",
        "プー",
        "ｶﾞ",
        "ไทยกำ",
        "हिन्दी",
        "\n\n",
        "می\u200cشود",
        "א-שרע",
        "ﷺ",
        "…",
        "가",
        "ᆨ",
        "�",
        "_",
        "1½",
        ". ",
        "𝐏",
        "😀",
        "゙",
        "x̨́",
    ]
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Al-Sharaa’s visit", ["al", "sharaa", "s", "visit"]),  # hyphen and curly apostrophe
        ("snake_case", ["snake", "case"]),  # underscore
        ("Tar\u00adtus", ["tartus"]),  # soft hyphen
        ("Qurʾan", ["quran"]),  # modifier letters vanish
        ("U.S. forces", ["u", "s", "forces"]),
        ("Erdoğan'ın", ["erdogan", "in"]),  # a Turkish suffix is a token
        ("аш-Шараа", ["аш", "шараа"]),
        ("والتقى بالرئيس", ["والتقي", "بالرييس"]),
        ("צה״ל א-שרע", ["צה", "ל", "א", "שרע"]),  # gershayim, hyphen
        ("普京总统", ["普", "京", "总", "统"]),  # Han, one each
        ("プーチン氏", ["プ", "ー", "チ", "ン", "氏"]),  # kana with the long mark
        ("シリア・ロシア", ["シ", "リ", "ア", "ロ", "シ", "ア"]),  # the middle dot separates
        ("푸틴 대통령", ["푸틴", "대통령"]),  # Korean has spaces
        ("ไทย", ["ไ", "ท", "ย"]),
        ("ပူတင်။", ["ပူ", "တ", "င်"]),  # a vowel sign stays with its letter, the full stop is none
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),  # vowel signs do not cut words
        ("ab漢cd", ["ab", "漢", "cd"]),
        ("COVID-19 5.000", ["covid", "19", "5", "000"]),
        ("٢٠٢٥", ["2025"]),
        ("", []),
        (" \n—…!", []),
    ],
)
def test_words(text, folded):
    assert list(tokenise(text).folded) == folded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Al-Sharaa’s", ["Al", "Sharaa", "s"]),
        ("x Tar\u00adtus.", ["x", "Tar\u00adtus"]),  # what vanished inside is shown
        ("\u200bTartus\u200b", ["Tartus"]),  # around it, not
        ("Straße ist", ["Straße", "ist"]),  # one letter became two
        ("Йод и\u0306од", ["Йод", "и\u0306од"]),  # composed first
        ("ca\u0328fe\u0301 x", ["ca\u0328fe\u0301", "x"]),  # trailing marks are inside
        ("x̂ y", ["x̂", "y"]),  # a mark that composes with nothing
        ("א\u05b8ב\u05bc ג", ["א\u05b8ב\u05bc", "ג"]),
        ("½ kg", ["½", "½", "kg"]),  # two words in one character
        ("ﾌﾟｰ", ["ﾌﾟ", "ｰ"]),
        ("कि ख", ["कि", "ख"]),
    ],
)
def test_spans_show_the_original(text, shown):
    tokens = tokenise(text)
    assert [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)] == shown


def test_each_token_knows_its_sentence_and_paragraph():
    tokens = tokenise("One two. Three!\n\nFour")
    assert tokens.sentences == (0, 0, 1, 2)
    assert tokens.paragraphs == (0, 0, 0, 1)
    assert len(tokens) == 4


@given(st.text(st.characters(exclude_categories=())) | st.lists(PIECES).map("".join))
def test_spans_are_inside_ordered_and_hold_their_token(text):
    tokens = tokenise(text)
    assert len(tokens.starts) == len(tokens.ends) == len(tokens.sentences) == len(tokens.paragraphs) == len(tokens)
    assert list(tokens.starts) == sorted(tokens.starts)
    assert list(tokens.sentences) == sorted(tokens.sentences)
    assert list(tokens.paragraphs) == sorted(tokens.paragraphs)
    for folded, start, end in zip(tokens.folded, tokens.starts, tokens.ends, strict=True):
        assert 0 <= start < end <= len(text)
        assert folded in fold(text[start:end])
        assert end == len(text) or not unicodedata.combining(text[end])


@given(st.lists(PIECES).map("".join))
def test_tokens_of_a_folded_text_are_the_same(text):
    assert tokenise(fold(text)).folded == tokenise(text).folded


@pytest.mark.parametrize(
    "unit",
    ["a\u0301\u0316", "\u0301\u0316", ".", "a. ", "\n ", "' ", "ﷺ", "\u200c", "\ud800", "ｶﾞ", "ไ", "普", "(", "U.S. "],
)
def test_long_junk_passes(unit):
    text = unit * (200_000 // len(unit))
    tokens = tokenise(text)
    assert all(end <= len(text) for end in tokens.ends[-3:])
