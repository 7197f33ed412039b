"""Cleaning of titles and bodies: what goes, what stays, and that it is done once and for all."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.clean import clean_line, clean_text

HOSTILE = st.lists(
    st.sampled_from(
        [
            "a",
            "é",
            "é",
            "́" * 4,
            "̈́̈́̈́",
            "\u200c",
            "\u200d",
            "ب",
            "क",
            "\u202e",
            "️",
            "❤",
            "󠄀",
            "\x00",
            "\r\n",
            "\n",
            "\u2028",
            "\u2029",
            "\x85",
            "\x1c",
            " ",
            "\u3000",
            "�",
            "\ufffe",
            "𝅥",
            "가",
            "…",
            "ো",
        ]
    )
).map("".join)
ANY = st.text(st.characters(exclude_categories=())) | HOSTILE


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  A  title\t\n here ", "A title here"),  # white space
        ("a\rb\nc\x0bd\x0ce\x85f\u2028g\u2029h", "a b c d e f g h"),  # every line end there is
        ("Bcc:\r\n x", "Bcc: x"),
        ("a\x1cb\x1fc", "a b c"),  # separators of old files
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),  # controls
        ("a\u202eb\u2066c\u200fd\ufeffe", "abcde"),  # bidi and byte order marks
        ("Tar\u00adtus\u2060\u034f\u115f\u3164", "Tartus"),  # invisible ones
        ("a\U000e0041\U000e007fb", "ab"),  # tags
        ("a\ufdd0\ufffe\U0001ffffb", "ab"),  # noncharacters
        ("a\u2800b\u3000c\u00a0d", "a b c d"),  # blanks of other widths
        ("\ud800x\udfff", "\ufffdx\ufffd"),  # lone surrogates
        ("می\u200cشود", "می\u200cشود"),  # Persian spelling needs it
        ("می\u200c\u200cشود", "می\u200cشود"),
        ("a\u200cb \u200cم\u200c ", "ab م"),  # elsewhere it hides
        ("م\u200dن", "من"),
        ("क्\u200dष ক্\u200cষ", "क्\u200dष ক্\u200cষ"),  # so does Indian spelling
        ("❤\ufe0f x\ufe0f ©\ufe0f", "❤\ufe0f x ©\ufe0f"),  # emoji keep their selector
        ("a\ufe00\U000e0100", "a"),  # no other variation selector
        ("e\u0301", "é"),  # composed
        ("Z" + "\u0301" * 50 + "x", "Ź" + "\u0301" * 4 + "x"),  # a tower of marks
        ("\u0301" * 50, ""),  # nothing but marks
        (" \u0301 \u0302 word", "word"),
        ("\u200c\u0301\u200d", ""),
        ("😀" * 8, "😀" * 8),  # a run beyond the basic plane that holds no marks
        ("a" + "\U0001d165" * 9, "a" + "\U0001d165" * 5),  # marks beyond the basic plane
        ("x" + "\u0344" * 6, "ẍ" + "\u0301\u0308\u0301\u0308\u0301"),  # a mark that becomes two
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("", ""),
    ],
)
def test_one_line(text, clean):
    assert clean_line(text) == unicodedata.normalize("NFC", clean)


@pytest.mark.parametrize(
    ("text", "limit", "clean"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd efg", 6, "abcd…"),  # no blank in front of the ellipsis
        ("abcdx\u0323\u0302\u0308f", 6, "abcd…"),  # a letter is not cut from its marks
        ("x\u0302y", 1, "…"),
        ("آب\u200cآب", 4, "آب…"),  # no joiner at the end
    ],
)
def test_long_lines_are_cut(text, limit, clean):
    assert clean_line(text, limit) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("One.\r\nStill.\r\n\r\nTwo.", "One.\nStill.\n\nTwo."),
        ("One. \n \t\n\n\n  Two.\u2029Three.\u2028Four.", "One.\n\nTwo.\n\nThree.\nFour."),
        ("\n\n One  two \n", "One two"),
        ("Tar\u00adtus\x00\n\u200b\nx", "Tartus\n\nx"),  # what vanishes leaves its lines
        ("", ""),
    ],
)
def test_bodies_keep_paragraphs(text, clean):
    assert clean_text(text) == clean


def test_long_bodies_are_cut():
    assert clean_text("one\n\ntwo", 6) == "one…"


@pytest.mark.parametrize("clean", [clean_line, clean_text])
@pytest.mark.parametrize("limit", [500, 7, 1])
@given(text=ANY)
def test_what_holds_for_any_text(clean, limit, text):
    once = clean(text, limit)
    assert clean(once, limit) == once
    assert len(once) <= limit
    assert unicodedata.is_normalized("NFC", once)
    assert once.encode().decode() == once
    assert all(unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} or char == "\n" for char in once)
    assert not any(0x202A <= ord(char) <= 0x202E or 0x2066 <= ord(char) <= 0x2069 for char in once)


@given(ANY)
def test_a_line_is_one_line(text):
    assert len(clean_line(text).splitlines()) <= 1


@given(ANY)
def test_a_body_has_no_wider_gap_than_one_blank_line(text):
    body = clean_text(text)
    assert "\n\n\n" not in body
    assert "  " not in body


@pytest.mark.parametrize(
    "unit",
    [
        "\u0301\u0316",
        "a\u0301\u0316\u0301",
        "\u200c",
        "ب\u200c",
        "\ufe0f",
        " \n",
        "\x00",
        "\U0001d165\u0316",
        "\ud800",
        "😀",
    ],
)
def test_megabytes_of_junk_pass(unit):
    assert len(clean_text(unit * (2_000_000 // len(unit)))) <= 1_000_000
