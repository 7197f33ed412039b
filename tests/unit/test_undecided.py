"""Which rules a teaser leaves undecided: never less than those of which a word stands in it and that do not hit."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.desk import made_article

from monitor.config import load_index
from monitor.matching import compile_rules
from monitor.matching.undecided import Openings, Undecided
from monitor.model import Rule, RuleKind, Score

ROOT = Path(__file__).parents[2]


def rule(**what):
    return Rule(**{"id": "r", "kind": RuleKind.TOPIC, "title": "R"} | what)


def undecided(text, *rules, title="", **article):
    index = compile_rules(rules).index
    one = dataclasses.replace(made_article(1), title=title, body=text, **article)
    return set(Undecided(index).rules(one, index.hits(one)))


@pytest.mark.parametrize(
    ("query", "text", "open_"),
    [
        ("a AND b", "a", True),
        ("a AND b", "b", True),
        ("a AND b", "c", False),
        ("a AND b", "a b", False),  # it hits
        ("a OR b", "c", False),
        ("(a OR b) AND (c OR d)", "d", True),
        ("a NEAR/2 b", "a x x x b", True),
        ("a NOTNEAR/2 b", "b", False),
        ("a NOTNEAR/2 b", "a b", True),
        ("a NOT b", "b", False),
        ("a NOT b", "a b", True),
        ("ATLEAST/2 a", "a", True),
        ("#x(FIRST/2 a)", "x x x a", True),
        ('"a b c"', "a b", False),  # part of a plain phrase is nothing
        ('"a b c"/2', "c", True),
        ('"a bb* c"~3', "bbb", True),
        ("title:a AND b", "a", False),
        ("category:a AND b", "a", False),
        ("lang:en AND b", "a", False),
        ("/a+/ AND b", "aaa", True),
        ("av* AND b", "average", True),
    ],
)
def test_a_rule_is_open_when_something_of_it_occurs(query, text, open_):
    assert (undecided(text, rule(query=query)) == {"r"}) == open_


def test_names_open_a_rule_by_themselves_but_their_guards_do_not():
    base = rule(names=("Tartus",), needs="port OR base", not_=("Tartus Street",))
    assert undecided("In Tartus.", base) == {"r"}
    assert undecided("In the port.", base) == set()
    assert undecided("In Tartus Street.", base) == set()
    assert undecided("In the port of Tartus.", base) == set()
    other = rule(id="o", query="entity:r AND lease")
    assert undecided("In Tartus.", base, other) == {"r", "o"}
    off = dataclasses.replace(base, enabled=False)
    assert undecided("In Tartus.", off, other) == {"o"}
    assert undecided("In Tartus.", dataclasses.replace(base, lang=("ar",)), title="x", lang="en") == set()


def test_scores_are_open_by_any_word_that_counts_for_them():
    scored = rule(score=Score(threshold=3, words=(("ship", 2), ("port", 1), ("football", -5))))
    assert undecided("A ship.", scored) == {"r"}
    assert undecided("Football.", scored) == set()
    assert undecided("A ship in port.", scored) == set()


def test_the_shipped_rules_can_all_be_opened_and_are_made_once():
    index = load_index([ROOT / "rules"])
    openings = Openings()
    made = openings.over(index)
    assert openings.over(index) is made
    one = dataclasses.replace(made_article(1), body="The minister spoke in Tartus.")
    assert "tartus-base" in made.rules(one, index.hits(one))
    assert openings.over(load_index([ROOT / "rules"])) is not made


WORDS = st.sampled_from(["a", "b", "c", "d"])
QUERIES = st.recursive(
    WORDS,
    lambda part: st.one_of(
        st.tuples(part, part).map(lambda two: f"({two[0]} AND {two[1]})"),
        st.tuples(part, part).map(lambda two: f"({two[0]} OR {two[1]})"),
        st.tuples(part, WORDS).map(lambda two: f"({two[0]} AND NOT {two[1]})"),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(QUERIES, st.lists(WORDS, max_size=3), st.lists(WORDS, max_size=4))
def test_no_rule_that_would_hit_with_more_text_is_closed_by_a_teaser_that_has_a_word_for_it(query, teaser, more):
    index = compile_rules([rule(query=query)]).index
    short = dataclasses.replace(made_article(1), title="", body=" ".join(teaser))
    whole = dataclasses.replace(short, body=" ".join([*teaser, *more]))
    (match,) = index.match(whole) or (None,)
    if match is None or index.hits(short):
        return
    counted = {span.text for span in match.spans} & set(teaser)
    assert bool(Undecided(index).rules(short, ())) >= bool(counted)
