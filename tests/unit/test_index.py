"""The rule index: it never changes what rules mean, and every mistake of every rule is told."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import keys
from monitor.matching import compile_rules, example, run_examples
from monitor.matching.evaluate import Text
from monitor.matching.index import PythonIndex
from monitor.model import Article, Examples, Match, Rule, RuleKind, Score


def rule(name: str, **keys_: object) -> Rule:
    return Rule(id=name, kind=RuleKind.TOPIC, title=name, **keys_)  # type: ignore[arg-type]


NOW = datetime(2026, 1, 1, tzinfo=UTC)

# The index and the oracle agree -----------------------------------------------------------------------------------------

VOCABULARY = (
    "assad",
    "putin",
    "base",
    "bases",
    "naval",
    "tartus",
    "al",
    "lake",
    "путина",
    "путин",
    "قاعدة",
    "syria.",
    "x",
    "al-Assad’s",
    "भारतीय",
    "普京",
    "hafez",
    "\n\n",
)
texts = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)
leaves = st.sampled_from(
    [
        "assad",
        "base",
        "=bases",
        "nav*",
        "*tus",
        "?artus",
        "/tart/",
        '"lake assad"',
        '"al * assad"',
        "entity:one",
        "путин",
        "قاعدة",
        '"base naval x"~2',
        '"base naval x"/2',
        '"base naval x"/3',
        '("lake assad" OR "naval base" OR Hafez)',
        '"nav* base"',
        "भारत*",
        "普京",
        "title:putin",
        "author:putin",
        "lang:en",
        "url:base",
        "category:naval",
    ]
)
occurring = st.sampled_from(
    [
        *("assad", "nav*", "(base OR tartus)", "entity:one", "entity:two", '"lake assad"', "/tart/", "#n(x)"),
        *(
            "(assad NEAR/2 base)",
            "(x OR (naval SENTENCE base))",
            "(LEAD base)",
            '"base naval x"~2',
            "=Assad",
            "title:base",
        ),
    ]
)
near = st.builds(
    "({} {} {})".format,
    occurring,
    st.sampled_from(["NEAR/2", "ONEAR/1", "NOTNEAR/2", "SENTENCE", "PARAGRAPH"]),
    occurring,
)
counted = st.builds("{} {}".format, st.sampled_from(["ATLEAST/2", "FIRST/3", "LEAD", "title:"]), occurring)
counted = counted.map(lambda text: text.replace(": ", ":"))
queries = st.recursive(
    leaves | near | counted,
    lambda below: (
        st.builds("({} {} {})".format, below, st.sampled_from(["AND", "OR", "AND NOT"]), below)
        | st.builds("({} OR NOT {}) AND x".format, below, below)
    ),
    max_leaves=6,
)
scores = st.builds(
    Score,
    threshold=st.integers(-5, 20),
    words=st.lists(st.tuples(occurring, st.integers(-9, 9)), min_size=1, max_size=3).map(tuple),
)
names = st.lists(
    st.sampled_from(["Tartus", "Bashar al-Assad", "Путин", "al-Assad", "x y"]), min_size=1, max_size=2
).map(tuple)
restrictions: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "lang": st.just(("en",)),
        "script": st.just(("Cyrl",)),
        "exact": st.just(value=True),
        "enabled": st.just(value=False),
    },
)
guards: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "needs": queries.filter(lambda text: "entity" not in text),
        "not_": st.just(("lake assad", "Hafez al-Assad")),
        "within": st.sampled_from(["article", "sentence", "paragraph", "2"]),
        "variants": st.sampled_from([{"transliterated": False}, {"exact": False}]),
    },
)
BLOCKS = (
    rule("one", names=("Bashar al-Assad", "Assad"), not_=("lake assad",)),
    rule("two", names=("Tartus",), needs="naval", enabled=False),
)


@st.composite
def sets(draw: st.DrawFn) -> list[Rule]:
    made: list[Rule] = list(BLOCKS)
    for number in range(draw(st.integers(1, 4))):
        values: dict[str, object] = dict(draw(restrictions))
        shape = draw(st.sampled_from(["query", "names", "score", "both"]))
        if shape in {"query", "both"}:
            values["query"] = draw(queries)
        if shape in {"names", "both"}:
            values |= {"names": draw(names)} | draw(guards)
            if "needs" not in values:
                values.pop("within", None)
        if shape == "score":
            values["score"] = draw(scores)
        made.append(rule(f"r{number}", **values))
    return made


@settings(max_examples=150, deadline=None)
@given(sets(), texts, texts, st.sampled_from([None, "en", "ru"]))
def test_the_index_agrees_with_evaluating_every_rule(
    rules: list[Rule], title: str, body: str, lang: str | None
) -> None:
    article = _article(title, body, lang)
    index = compile_rules(rules, native=False).index
    found = index.match(article, NOW)
    assert found == index.match_all(article, NOW)
    native = compile_rules(rules).index
    assert native.match(article, NOW) == found == native.match_all(article, NOW)
    assert native.lines(article, 7, NOW) == index.lines(article, 7, NOW)
    assert sorted(native.hits(article, NOW)) == sorted(index.hits(article, NOW)) == [one.rule_id for one in found]
    assert [match.rule_id for match in found] == sorted(match.rule_id for match in found)
    for match in found:
        _check_spans(match, title, body)
        assert index.explain(match.rule_id, article, NOW).match == match


def _article(title: str, body: str, lang: str | None) -> Article:
    return replace(
        example(body), title=title, lang=lang, author="V. Putin", url="https://example.org/base", categories=("Naval",)
    )


def _check_spans(match: Match, title: str, body: str) -> None:
    fields = {
        "title": title,
        "body": body,
        "author": "V. Putin",
        "url": "https://example.org/base",
        "category": "Naval",
    }
    places = [(list(fields).index(span.field), span.start, span.end) for span in match.spans]
    assert places == sorted(places)
    for span in match.spans:
        assert span.start < span.end
        assert span.text == fields[span.field][span.start : span.end]


def _plain(rules: list[Rule]) -> PythonIndex:
    index = compile_rules(rules, native=False).index
    assert isinstance(index, PythonIndex)
    return index


def test_only_rules_worth_asking_are_asked() -> None:
    rules = [rule(f"r{number}", query=f"common AND rare{number} NOT other") for number in range(1000)]
    index = _plain([*rules, rule("wild", query="exp*ive OR *stan"), rule("always", query="/x/")])
    assert index.candidates(Text(example("common words and rare7"))) == {"r7", "always"}
    assert index.candidates(Text(example("explosive"))) == {"wild", "always"}
    assert index.candidates(Text(example("explosive, expensive"))) == {"wild", "always"}  # one is remembered
    assert index.candidates(Text(example("Kazakhstan"))) == {"wild", "always"}
    for number in range(200_100):  # what is remembered of tokens is bounded
        index._patterns(f"token{number}")
    assert len(index._pattern_hits) < 200_100


def test_all_that_a_rule_requires_must_be_there_for_it_to_be_asked() -> None:
    index = _plain(
        [
            rule("all", query='("naval base" OR airfield) AND (lease OR "hand over")'),
            rule("names", names=("Bashar al-Assad",), needs="hand* OR extradition"),
            rule("some", query='"alpha beta gamma delta"/3'),
            rule("any", query="alpha OR /x/"),
            rule("never", names=("Bashar",), variants={"exact": False}),
        ]
    )
    for text, wanted in (
        ("naval lease", set()),  # half a phrase
        ("naval lease at the base", {"all"}),  # the words of a phrase, if not the phrase
        ("airfield, hand", set()),
        ("Bashar Assad", {"names"}),  # wildcards are not held against an article before
        ("Bashar, extradition", set()),
        ("alpha", {"some"}),  # one of the two rarest of the four: no three can do without both
        ("beta", set()),
    ):
        assert index.candidates(Text(example(text))) - {"any"} == wanted, text


def test_the_version_is_that_of_all_rules() -> None:
    def version(*rules: Rule) -> str:
        return compile_rules([replace(one, version=keys.rule_version(one)) for one in rules]).index.version

    one, two = rule("one", query="alpha"), rule("two", query="beta")
    assert version(one, two) == version(two, one)
    assert version(one) != version(one, two)
    assert version(one) != version(replace(one, query="gamma"))


def test_disabled_rules_are_kept_but_do_not_match() -> None:
    index = compile_rules([rule("off", query="alpha", enabled=False)]).index
    assert set(index.rules) == set(index.compiled) == {"off"}
    assert index.match(example("alpha")) == ()
    assert index.explain("off", example("alpha")).hit
    with pytest.raises(KeyError):
        index.explain("none", example("alpha"))


def test_nothing_to_match() -> None:
    assert compile_rules([]).index.match(example("alpha")) == ()
    assert compile_rules([rule("r", query="alpha")]).index.match(example("")) == ()


# Mistakes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "part", "offset", "told"),
    [
        ({"query": "alpha AND"}, "query", 9, "after AND"),
        ({"query": "alpha AND entity:gone"}, "query", 10, "refers to no rule"),
        ({"query": "entity:topic"}, "query", 0, "without names"),
        ({"query": "entity:a-b OR entity:a"}, "query", 14, "entity:a refers to no rule"),  # not the one it begins like
        ({"names": ("x",), "needs": "(a"}, "needs", 0, "expected )"),
        ({"names": ("x",), "needs": "a b", "within": "sentence"}, "needs", None, "AND has no place"),
        ({"names": ("x",), "needs": "entity:bad"}, "needs", 0, "a cycle"),  # itself
        ({"names": ("x", "…")}, "names[1]", None, "no letter or digit"),
        ({"names": ("x",), "aliases": ("y", "-")}, "aliases[1]", None, "no letter or digit"),
        ({"names": ("x",), "not_": ("x y", "?")}, "not[1]", None, "no letter or digit"),
        ({"score": Score(threshold=1, words=(("a", 1), ("b*", 2)))}, "score.words[b*]", 0, "two letters"),
        ({"names": ("x", "Khmeim*")}, "names[1]", 6, "wildcard"),
        ({"names": ("x",), "aliases": ("new *stan",)}, "aliases[0]", 4, "wildcard"),
        ({"names": ("x",), "not_": ("x pro*",)}, "not[0]", 5, "wildcard"),
        ({"query": "a", "needs": "b"}, "needs", None, "has none"),
        ({"query": "a", "not_": ("b",)}, "not[0]", None, "has none"),
        ({}, "id", None, "a rule needs"),
    ],
)
def test_mistakes(values: dict[str, object], part: str, offset: int | None, told: str) -> None:
    others = [rule("topic", query="alpha"), rule("a-b", names=("alpha",))]
    compiled = compile_rules([*others, rule("bad", **values)])
    (error,) = compiled.errors
    assert (error.rule, error.part, error.offset) == ("bad", part, offset)
    assert told in error.message
    assert [match.rule_id for match in compiled.index.match(example("alpha"))] == ["a-b", "topic"]
    assert "bad" not in compiled.index.compiled


def test_every_mistake_of_every_rule_is_told() -> None:
    one = rule("one", names=("…",), query="(", needs="a OR", score=Score(threshold=1, words=(("-", 1),)))
    two = rule("two", query="entity:gone entity:lost")
    errors = compile_rules([one, two]).errors
    assert {(error.rule, error.part) for error in errors} == {
        ("one", "names[0]"), ("one", "needs"), ("one", "query"), ("one", "score.words[-]"), ("two", "query"),
    }  # fmt: skip
    assert len(errors) == 6


def test_guards_that_need_each_other() -> None:
    a, b, c = (rule(one, names=(one,), needs=f"entity:{other}") for one, other in ("ab", "bc", "ca"))
    other = rule("d", names=("d",), needs="entity:a")
    errors = compile_rules([a, b, c, other]).errors
    assert {error.rule for error in errors} == {"a", "b", "c"}
    assert all("a cycle" in error.message for error in errors)
    fine = rule("self", names=("alpha",), query="entity:self NEAR/2 beta")  # a query is no part of the names
    assert compile_rules([fine]).errors == ()


# Examples -------------------------------------------------------------------------------------------------------------


def test_examples_that_fail_are_told_with_their_place() -> None:
    good = rule(
        "good",
        query="alpha",
        lang=("ru",),
        feeds=("f",),
        outlets=("o",),
        examples=Examples(match=("alpha",), ignore=("x",)),
    )
    bad = rule(
        "bad",
        query="alpha",
        enabled=False,
        examples=Examples(match=("alpha", "beta"), ignore=("beta", "gamma", "alpha")),
    )
    first, second = run_examples(compile_rules([good, bad]).index)
    assert (first.rule_id, first.kind, first.position, first.text) == ("bad", "match", 1, "beta")
    assert "this does not hold: alpha" in first.explanation
    assert (second.kind, second.position) == ("ignore", 2)
    assert "hits by query" in second.explanation


def test_a_star_inside_a_name_is_a_mark_like_others() -> None:
    compiled = compile_rules([rule("r", names=("E*Trade",))])
    assert compiled.errors == ()
    assert compiled.index.match(example("shares of E*Trade fell"))
