"""Common nouns whose stem changes: forms that a word of a query must find, and words that it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.names import inflections
from monitor.text.alternations import alternations
from monitor.text.fold import fold


def row(text):
    return set(map(fold, text.split()))


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        # Russian
        ("россиянин", "россиянина россияне россиян россиянам россиянами россиянах"),
        ("гражданин", "граждане граждан гражданам"),
        ("поставка", "поставки поставку поставок поставками"),
        ("пушка", "пушек пушки"),
        ("копейка", "копеек копейки"),
        ("рынок", "рынка рынку рынки рынков рынках"),  # the vowel goes
        ("боец", "бойца бойцы бойцов бойцами"),
        ("день", "дня дню днем дни дней дням днями днях"),
        ("месяц", "месяца месяцев"),
        ("время", "времени временем времена времен"),
        ("человек", "человека люди людей людьми"),  # another word altogether
        ("третий", "третья третьего третьей третьих"),
        ("посол", "посла послы послов"),
        # Ukrainian
        ("кінець", "кінця кінцем кінці"),
        ("європеєць", "європейця європейці європейців"),
        ("тиждень", "тижня тижні тижнів"),
        ("діяльність", "діяльності діяльністю"),
        ("рішення", "рішень рішенням"),
        ("питання", "питань"),
        ("останній", "останнього останньої останні останніх"),
        ("договір", "договору договором договори договорів"),  # і is о in an open syllable
        ("рік", "року роки років році"),
        ("бік", "боку боці боки"),
        ("місто", "міста місті"),
        ("місце", "місць місці"),
        # English, both ways
        ("woman", "women"),
        ("children", "child"),
        ("spokesman", "spokesmen"),
        ("crisis", "crises"),
        ("bases", "base bases"),
        ("navies", "navy"),
    ],
)
def test_a_word_of_a_query_finds_its_other_forms(word, forms):
    assert row(forms) - set(inflections(word)) == set()


@pytest.mark.parametrize(
    ("word", "traps"),
    [
        ("german", "germen"),  # -man is not always a man
        ("human", "humen"),
        ("basis", "base bases"),  # two nouns with one plural
        ("год", "лет"),  # summers as well as years
        ("посол", "после"),  # after
        ("база", "базок"),
        ("news", "new"),
        ("press", "pres"),
    ],
)
def test_other_words_stay_out(word, traps):
    assert row(traps) & set(inflections(word)) == set()


@pytest.mark.parametrize("word", ["", "он", "base", "قاعده", "普京", "Mi6", "рок1"])
def test_most_words_have_none(word):
    assert alternations(word) == frozenset()


@given(st.text("ланидцковгіьєчмятень", max_size=9))
def test_the_word_itself_is_never_among_them(word):
    assert not alternations(word) & {word, ""}
