"""Folding: tables by script, and what must hold for any text."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.text.fold import fold, fold_char

ANY = st.text(st.characters(exclude_categories=()))
MARKED = st.text(
    st.sampled_from(
        "aiIİı\u0301\u0307\u0323ийїеЁ\u0306\u0308かハ\u3099ｶﾞ가\u1100\u1161\u11a8שا\u0654ی\u064b\u200c\u200d\u00ad कि\ud800"
    )
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Tartús", "tartus"),  # accents go
        ("ERDOĞAN", "erdogan"),  # case and breve
        ("Łódź", "lodz"),  # a stroke that Unicode does not take apart
        ("Đồng Nai", "dong nai"),  # two marks and a stroke
        ("Straße", "strasse"),  # one letter becomes two
        ("Æthelstan Øresund Œuvre", "aethelstan oresund oeuvre"),
        ("Þórður", "thordur"),
        ("Ħamrun", "hamrun"),
        ("Əliyev", "aliyev"),  # Azerbaijani schwa as abroad
        ("İstanbul", "istanbul"),  # dotted capital
        ("ISTANBUL", "istanbul"),
        ("ıstanbul", "istanbul"),  # dotless small
        ("ﬁnance", "finance"),  # ligature
        ("Ｐｕｔｉｎ", "putin"),  # full width
        ("𝐏𝐮𝐭𝐢𝐧", "putin"),  # mathematical letters, used to evade
        ("Ⓟⓤⓣⓘⓝ", "putin"),  # circled letters, the same
        ("Ёлкин", "елкин"),  # ё is written е by most
        ("Йошкар", "йошкар"),  # й stays
        ("Їжак", "їжак"),  # ї stays
        ("и\u0306", "й"),  # й as two code points
        ("И\u0306ОД", "йод"),
        ("Ґалаґан", "ґалаґан"),
        ("Τσίπρας", "τσιπρασ"),  # tonos, final sigma
        ("أحمد", "احمد"),  # hamza on alef
        ("إيران", "ايران"),
        ("آل", "ال"),
        ("ٱلله", "الله"),  # alef wasla
        ("سورية", "سوريه"),  # ta marbuta
        ("على", "علي"),  # alef maksura
        ("سوری", "سوري"),  # Persian ya
        ("کابل", "كابل"),  # Persian kaf
        ("مُحَمَّد", "محمد"),  # tashkeel
        ("حمـــيميم", "حميميم"),  # tatweel
        ("ﷲ", "الله"),  # a word as one character
        ("می\u200cشود", "ميشود"),  # zero width non-joiner
        ("٢٠٢٥ ۲۰۲۵", "2025 2025"),  # Arabic and Persian digits
        ("שָׁלוֹם", "שלום"),  # points
        ("プーチン", "プーチン"),  # kana keep voicing
        ("ﾌﾟｰﾁﾝ", "プーチン"),  # half width with its own voicing mark
        ("か\u3099", "が"),  # voicing as a mark
        ("푸틴", "푸틴"),  # Hangul
        ("\u1111\u116e\u1110\u1175\u11ab", "푸틴"),  # the same as jamo
        ("हिन्दी", "हिन्दी"),  # Indic vowels are no decoration
        ("Tar\u00adtus", "tartus"),  # soft hyphen
        ("T\u202ear\u2066tus", "tartus"),  # bidi controls
        ("ʿAlī Qurʾān Демʼянюк", "ali quran демянюк"),  # modifier letters
        ("‘a’ “b” «c»", '\'a\' "b" "c"'),  # quotes
        ("a–b—c‑d", "a-b-c-d"),  # dashes
        ("wait… Acme™ №5", "wait  acme   5"),  # nothing is glued to a word
        ("x\u00a0y", "x y"),
        ("\ud800", "\ud800"),  # a lone surrogate stays what it is
        ("a\U0010ffffß", "ass"),  # no character at all, and the flag that folding uses
        ("", ""),
    ],
)
def test_folded_forms(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("char", "folded"), [("É", "e"), ("ß", "ss"), ("\u0301", ""), ("й", "й"), ("ー", "ー"), ("\u3099", "")]
)
def test_one_character_alone(char, folded):
    assert fold_char(char) == folded


def test_every_character_folds_to_a_fixed_point():
    moved = [hex(code) for code in range(0, 0x20000, 7) if fold(fold(chr(code))) != fold(chr(code))]
    assert moved == []


@given(ANY | MARKED)
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(ANY | MARKED)
def test_the_result_is_composed(text):
    assert unicodedata.is_normalized("NFC", fold(text))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(text=MARKED)
def test_how_marks_are_encoded_does_not_matter(form, text):
    # A mark behind an invisible character stands alone where each character is looked up by itself, and attaches to the
    # letter before both where clusters are folded: nobody writes so, and to look for it would cost every text.
    kinds = [unicodedata.category(char) for char in text]
    assume(not any(before == "Cf" and kind[0] == "M" for before, kind in pairwise(kinds)))
    assert fold(unicodedata.normalize(form, text)) == fold(unicodedata.normalize("NFC", text))


def test_a_long_run_of_unordered_marks_is_no_work():
    assert fold("a" + "\u0301\u0316" * 500_000) == "a"
