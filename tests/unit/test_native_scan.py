"""The native scanner cuts texts as `tokenise` does, token for token and place for place."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.matching import native_available
from monitor.matching.names import article_before
from monitor.text.fold import fold_char
from monitor.text.tokens import tokenise

if not native_available():
    pytest.skip("the native index was not built", allow_module_level=True)

from monitor.matching._scan import Scan, token_hash
from monitor.matching.letters import page_of

PIECES = (
    *(
        "al-",
        "Assad",
        "’s",
        "al Assad",
        "as-Suwayda",
        "Аль-",
        "Асад",
        "й",
        "и\u0306",
        "ї",
        "ё",
        "é",
        "e\u0301",
        "ﬁ",
        "ß",
        "İ",
    ),
    *(
        "ال",
        "قاعدة",
        "قاعِدَّة",
        "قاعدَّة".replace("\u064e\u0651", "\u0651\u064e"),
        "ـ",
        "\u200d",
        "\u00ad",
        "\u0651",
        "ﷺ",
        "שָׁלוֹם",
    ),
    *(
        "普京",
        "プーチン",
        "ｶﾞ",
        "か\u3099",
        "푸틴",
        "\u1112\u1161\u11ab",
        "ปูติน",
        "भारतीय",
        "สวัสดี",
        "\U00020000",
        "\ud800",
        "x\u0338",
    ),
    *(" ", "\n\n", "-", "'", "_", ".", "№", "…", "7", "٧", "①", "½", "\x00", "\u0301", "\u0301" * 70, "a" * 50),
)
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text(max_size=40))


def _scanned(text: str) -> Scan:
    scan = Scan()
    scan.read((text, ""), True)
    return scan


@settings(max_examples=1500)
@example("قاعِدَّة ـ")
@example("\u0301a")
@given(texts)
def test_a_text_is_cut_as_plain_python_cuts_it(text: str) -> None:
    tokens = tokenise(text)
    wanted = [(token_hash(one), *place) for one, *place in zip(tokens.folded, tokens.starts, tokens.ends, strict=True)]
    assert _scanned(text).tokens(0) == wanted


@settings(max_examples=400)
@given(
    st.lists(
        st.sampled_from(("al", "el", "ash", "as", "аль", "Assad", "x", "-", "’", " ", "  ", "--", "\u0301")), max_size=9
    )
)
def test_articles_are_told_as_plain_python_tells_them(pieces: list[str]) -> None:
    tokens = tokenise("".join(pieces))
    wanted = [int(article_before(tokens, at + 1)) if at + 1 < len(tokens) else 0 for at in range(len(tokens))]
    assert _scanned("".join(pieces)).articles(0) == wanted


def test_every_code_point_alone_is_cut_alike() -> None:
    """In blocks, with letters around: what a table may get wrong shows at once. Of planes that are not assigned, one."""
    for start in (*range(0, 0x40000, 0x400), 0x40000, 0xE0000, 0xF0000, 0x10FC00):
        text = "".join(f"a{chr(code)}b {chr(code)} " for code in range(start, start + 0x400))
        if not unicodedata.is_normalized("NFC", text):
            continue
        tokens = tokenise(text)
        found = _scanned(text).tokens(0)
        assert [one[0] for one in found] == [token_hash(one) for one in tokens.folded], hex(start)
        assert [one[1:] for one in found] == list(zip(tokens.starts, tokens.ends, strict=True)), hex(start)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(("One two. ", "Дела г. Минска", "Да! ", "\n\n", "他说。", "قال. ", "x", "U.S. ")), max_size=9
    )
)
def test_sentences_and_paragraphs_are_numbered_as_plain_python_numbers_them(pieces: list[str]) -> None:
    tokens = tokenise("".join(pieces))
    wanted = list(zip(tokens.sentences, tokens.paragraphs, strict=True))
    assert _scanned("".join(pieces)).units(0) == wanted


def test_a_page_holds_the_folded_letters() -> None:
    page = page_of(0)
    assert page[ord("A")] == 1 << 24 | ord("a")
    assert page[ord("-")] == 0
    assert page[ord("ß")] == (0, [1 << 24 | ord("s")] * 2)
    assert fold_char("ß") == "ss"


def test_what_was_read_before_is_forgotten() -> None:
    scan = _scanned("one two three")
    scan.read(("four",), False)
    assert [one[1:] for one in scan.tokens(0)] == [(0, 4)]
