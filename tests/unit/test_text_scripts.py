"""Scripts and direction of texts."""

import pytest

from monitor.text.scripts import is_rtl, script_of, scripts_in


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Tartus", "Latn"),
        ("Đồng", "Latn"),
        ("Тартус and Москва", "Cyrl"),  # most letters decide
        ("Τσίπρας", "Grek"),
        ("طرطوس", "Arab"),
        ("پوتین", "Arab"),
        ("שלום", "Hebr"),
        ("Երևան", "Armn"),
        ("თბილისი", "Geor"),
        ("普京总统", "Hani"),
        ("日本語の新聞記事", "Jpan"),  # Han with some kana
        ("プーチン", "Jpan"),
        ("푸틴", "Kore"),
        ("ไทย", "Thai"),
        ("हिन्दी", "Deva"),
        ("አማርኛ", "Ethi"),
        ("𐎀𐎁", "Zyyy"),  # not a script of living news
        ("123 !?", "Zyyy"),
        ("", "Zyyy"),
        ("\ud800", "Zyyy"),
    ],
)
def test_main_script(text, script):
    assert script_of(text) == script


def test_equal_counts_have_one_answer():
    assert script_of("aя") == script_of("яa")


def test_all_scripts():
    assert scripts_in("Путин (Putin) 普京 1!") == {"Cyrl", "Latn", "Hani"}
    assert scripts_in("...") == frozenset()


@pytest.mark.parametrize(
    ("text", "rtl"),
    [
        ("שלום", True),
        ("خبر", True),
        ("«خبر» from BBC news", True),  # the first letter decides
        ("BBC: خبر عاجل من دمشق", True),  # or most letters
        ("The word خبر", False),
        ("123 خبر", True),  # digits have no direction
        ("Tartus", False),
        ("123", False),
        ("", False),
    ],
)
def test_direction(text, rtl):
    assert is_rtl(text) is rtl
