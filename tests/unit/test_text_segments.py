"""Sentences and paragraphs: where they end, and where a full stop does not end one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text.segments import paragraph_bounds, sentence_at, sentence_bounds

SCRAPS = st.lists(
    st.sampled_from([". ", "! ", "。", "\n\n", "\n", " ", "Mr", "A", "al-x", "5", "”", "?", "؟ ", "я", "ד", "\u0301"])
).map("".join)


@pytest.mark.parametrize(
    "sentences",
    [
        ["He left. ", "She stayed! ", "Why? ", "End."],
        ["“He left.” ", "She stayed."],  # closing quotes belong to the sentence
        ["Forces of the U.S. Navy left."],  # acronym
        ["V. Putin met S. V. Lavrov."],  # initials
        ["Mr. Smith met Dr. Jones, Gen. Ivanov and Sen. Paul."],  # titles
        ["It rose by 2.5 percent. ", "Then it fell."],  # decimals
        ["al-Assad fled. ", "al-Sharaa said so."],  # an article may begin a sentence
        ["Yahoo! is a company."],  # lower case follows
        ["Wait… what?"],
        ["Er kam am 3. Oktober nach Damaskus. ", "Dann ging er."],  # German day of a month
        ["In 2020. ", "Then."],  # a year is no day
        ["ეს არის წინადადება. ", "ეს მეორეა."],  # Georgian letters count as small ones
        ["Πού είναι; ", "«Εδώ», είπε; ", "Ναι; όχι; ", "Ἀλλ' οὐ."],  # the Greek question mark, and what it is not
        ["a; B; C"],
        ["「行く。」と述べた。", "「帰る！」", "次の文。"],  # a quotation that the sentence goes on from
        ["Sie ist 42. ", "Er nicht."],
        ["Das gilt z. B. Auto und d.h. Bahn."],  # spaced abbreviation
        ["Premier Tusk, prof. Nowak i gen. Kowalski. ", "Koniec."],
        ["В 2020 г. Путин приехал. ", "Потом уехал."],  # г. = year
        ["Живёт на ул. Ленина в г. Москве. ", "Да."],
        ["Стоит 5 млн. Рублей нет, т. е. Всё."],  # т. е.
        ["Він приїхав. ", "Потім поїхав."],
        ["هل وصل؟ ", "نعم. ", "انتهى."],  # Arabic question mark, no capitals
        ["وہ آیا۔ ", "وہ گیا۔"],  # Urdu full stop
        ["הוא הגיע. ", "היא הלכה!"],
        ["他来了。", "她走了！", "真的？", "完"],  # no blank needed
        ["「来た。」", "彼は言った。"],  # closing bracket
        ["वह आया। ", "वह गया।"],
        ["No stop here\n\n", "New paragraph"],  # a blank line ends a sentence
        ["One. \n \n", "Two."],
        ["It fell.\n\n", "iPhone sales."],  # even where lower case follows
        ["A line\nbroken softly."],  # a single line end does not
        ["So he said (in vain). ", "Then left."],
        ["Plan B. Then more."],  # an initial, in doubt one sentence
        ["So do I. ", "Это я. ", "Да."],  # one letter, but a word
        ["...!"],
        ["-. ", "Odd."],  # no word in front of the stop
    ],
)
def test_sentences(sentences):
    text = "".join(sentences)
    assert [text[start:end] for start, end in sentence_bounds(text)] == sentences


@pytest.mark.parametrize(
    "paragraphs",
    [["One.\nStill one.\n\n", "Two.\n \n\n", "Three."], ["Only one."], ["Ends with a break.\n\n"], [""]],
)
def test_paragraphs(paragraphs):
    text = "".join(paragraphs)
    assert [text[start:end] for start, end in paragraph_bounds(text)] == paragraphs


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("One here.  Two there. Three.", "there", "Two there."),  # without the blanks around it
        ("One here. Two there.", "here. Two", "One here. Two there."),  # a span over two
        ("First.\n\nSecond one. Third.", "one", "Second one."),  # after a blank line
        ("First.\n\nSecond one.\n\nThird.", "Second", "Second one."),
        ("alone", "alone", "alone"),
        ("  Alone here. Two.", "here", "Alone here."),
        ("One two. Three.", "", "One two."),  # an empty span stands in the sentence that begins there
    ],
)
def test_sentence_around_a_span(text, word, sentence):
    start = text.index(word)
    first, last = sentence_at(text, start, start + len(word))
    assert text[first:last] == sentence


def test_sentence_of_an_empty_text():
    assert sentence_at("", 0, 0) == (0, 0)


@given(SCRAPS)
@pytest.mark.parametrize("bounds", [sentence_bounds, paragraph_bounds])
def test_parts_cover_the_text_in_order(bounds, text):
    parts = bounds(text)
    assert "".join(text[start:end] for start, end in parts) == text
    assert parts[0][0] == 0
    assert parts[-1][1] == len(text)
    assert all(first[1] == second[0] for first, second in pairwise(parts))


@given(SCRAPS, st.integers(0, 30), st.integers(0, 30))
def test_a_sentence_holds_its_span(text, first, second):
    start, end = sorted((min(first, len(text)), min(second, len(text))))
    low, high = sentence_at(text, start, end)
    assert 0 <= low <= start
    assert end <= high <= len(text)


@pytest.mark.parametrize("unit", [".", ". ", "\n", "\n ", "'", ".'", "。", "A. ", ".\n"])
def test_megabytes_of_marks_pass(unit):
    text = unit * (1_000_000 // len(unit))
    assert sentence_bounds(text)[-1][1] == len(text)
