"""Rules that come and go: an index changed step by step matches as one that was compiled of the result."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import keys
from monitor.matching import RuleIndex, compile_rules, example, with_changes
from monitor.matching.ruleset import RuleSet, rules_version
from monitor.model import Rule, RuleKind, Score

TEXTS = ("alpha beta", "beta, al-Gamma", "gamma delta", "alphas and Gamma", "Γάμμα alpha", "delta")
QUERIES = (
    "alpha",
    "beta NOT gamma",
    "entity:a OR delta",
    "alph*",
    "alpha NEAR/3 beta",
    "entity:b",
    "entity:nobody",
    "alpha (",
)


def rule(name: str, **values: object) -> Rule:
    made = Rule(id=name, kind=RuleKind.TOPIC, title=name, **values)  # type: ignore[arg-type]
    return replace(made, version=keys.rule_version(made))


rules = st.one_of(
    st.builds(lambda name, query: rule(name, query=query), st.sampled_from("abcdef"), st.sampled_from(QUERIES)),
    st.builds(
        lambda name, needs: rule(name, names=("Gamma",), needs=needs),
        st.sampled_from("abcdef"),
        st.sampled_from([None, "alpha", "entity:c"]),
    ),
    st.builds(
        lambda name: rule(name, score=Score(threshold=2, words=(("beta", 1), ("entity:a", 1)))),
        st.sampled_from("abcdef"),
    ),
)
steps = st.lists(st.tuples(st.lists(rules, max_size=2), st.lists(st.sampled_from("abcdef"), max_size=2)), max_size=14)


def _told(index: RuleIndex) -> list[object]:
    articles = [example(text) for text in TEXTS]
    return [index.version, sorted(index.rules), sorted(index.compiled), [index.match(one) for one in articles]]


@settings(max_examples=120)
@given(st.sampled_from(["native", "plain"]), st.lists(rules, max_size=5), steps)
def test_changes_in_any_order_equal_compiling_the_result(
    which: str, begin: list[Rule], changes: list[tuple[list[Rule], list[str]]]
) -> None:
    index = compile_rules(begin, native=False if which == "plain" else None).index
    expected = {one.id: one for one in begin}
    for added, removed in changes:
        before = _told(index)
        changed = with_changes(index, added, removed).index
        assert _told(index) == before  # who holds the old one notices nothing
        for one in removed:
            expected.pop(one, None)
        expected |= {one.id: one for one in added}
        index = changed
    made = compile_rules(list(expected.values()), native=False).index
    assert _told(index) == _told(made)
    for text in TEXTS:
        assert sorted(index.hits(example(text))) == sorted(made.hits(example(text)))
        assert index.match(example(text)) == index.match_all(example(text))


def test_mistakes_of_a_changed_rule_are_told_and_mended() -> None:
    index = compile_rules([rule("a", query="entity:b"), rule("b", names=("Gamma",))]).index
    gone = with_changes(index, removed=["b"])
    assert [(one.rule, "refers to no rule" in one.message) for one in gone.errors] == [("a", True)]
    assert gone.index.match(example("Gamma")) == ()
    back = with_changes(gone.index, [rule("b", names=("Delta",))])
    assert back.errors == ()
    assert [one.rule_id for one in back.index.match(example("Delta"))] == ["a", "b"]
    assert [one.rule_id for one in index.match(example("Gamma"))] == ["a", "b"]


def test_many_changes_stay_few_segments() -> None:
    index = compile_rules([rule(f"base{number}", query=f"word{number}") for number in range(50)]).index
    for number in range(200):
        index = with_changes(index, [rule(f"r{number}", query=f"new{number}")], [f"base{number}"]).index
    assert len(index.rules) == 200
    assert [one.rule_id for one in index.match(example("new7 new199 word3 word199"))] == ["r199", "r7"]
    assert len(getattr(index, "parts", ())) < 20


def test_a_set_of_rules_shares_what_did_not_change() -> None:
    rules = [rule(f"r{number}", query="alpha") for number in range(3)]
    one = RuleSet(rules)
    other = one.changed([rule("r1", query="beta"), rule("new", query="entity:r0")], ["r2", "unknown"])
    assert list(other) == ["r0", "r1", "new"]
    assert len(other) == 3
    assert list(one) == ["r0", "r1", "r2"]
    assert one.version == rules_version(reversed(rules)) != other.version
    assert other.referrers(["r0"]) == ["new"]
    assert other.changed([], ["new"]).referrers(["r0"]) == []
    with pytest.raises(KeyError):
        other["r2"]
    many = other.changed([rule(f"m{number}", query="alpha") for number in range(600)], [])
    assert len(many) == 603 == len(list(many))
    assert many.changed(rules, [f"m{number}" for number in range(600)]).changed([], ["new"]).version == one.version
