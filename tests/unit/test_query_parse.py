"""The query language: what each form is read as, what is refused and where, and that a printed query reads the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import RuleError
from monitor.matching import parse_query, print_query
from monitor.matching.parser import parse_leaf
from monitor.matching.query import (
    And,
    AtLeast,
    Entity,
    Field,
    First,
    Join,
    Lead,
    Named,
    Near,
    Not,
    Or,
    Phrase,
    Query,
    Regex,
    Wildcard,
    Word,
    height,
    occurs,
    positive,
)

A, B, C, D = Word("a"), Word("b"), Word("c"), Word("d")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a b", And((A, B))),  # side by side is AND
        ("a AND b & c", And((A, B, C))),
        ("a OR b | c", Or((A, B, C))),
        ("a b OR c d", Or((And((A, B)), And((C, D))))),  # AND is tighter than OR
        ("a AND b NEAR/3 c", And((A, Near(B, C, Join.NEAR, 3)))),  # NEAR is tighter than AND
        ("a NEAR/3 b ONEAR/2 c", Near(Near(A, B, Join.NEAR, 3), C, Join.ONEAR, 2)),  # one level, left to right
        ("a SENTENCE b PARAGRAPH c", Near(Near(A, B, Join.SENTENCE), C, Join.PARAGRAPH)),
        ("a NOTNEAR/4 b", Near(A, B, Join.NOTNEAR, 4)),
        ("NOT a b", And((Not(A), B))),  # NOT is tighter than AND
        ("b -a", And((B, Not(A)))),
        ("(-a) b", And((Not(A), B))),
        ("al-Sharaa", Word("al-Sharaa")),  # a hyphen inside a word is part of it
        ("a and b or c", And((A, Word("and"), B, Word("or"), C))),  # operators are upper case
        ("title:a b", And((Field("title", A), B))),  # a field takes one term
        ("title:(a OR b)", Field("title", Or((A, B)))),
        ("title:a NEAR/2 b", Near(Field("title", A), B, Join.NEAR, 2)),
        ("lang:(en OR ru) a", And((Field("lang", Or((Word("en"), Word("ru")))), A))),
        ('"a b c"', Phrase(("a", "b", "c"))),
        ('"a * c"', Phrase(("a", "*", "c"))),
        ('"a b"~5', Phrase(("a", "b"), slop=5)),
        ('"a b c"/2', Phrase(("a", "b", "c"), quorum=2)),
        ("=Apple", Word("Apple", exact=True)),
        ('="US"', Phrase(("US",), exact=True)),
        ("extradit* wom?n", And((Wildcard("extradit*"), Wildcard("wom?n")))),
        ("entity:tartus-base", Entity("tartus-base")),
        (r"/a\/b+/", Regex("a/b+")),
        ("#x(a OR b)", Named("x", Or((A, B)))),
        ("ATLEAST/2 a b", And((AtLeast(2, A), B))),
        ("FIRST/50 (a OR b)", First(50, Or((A, B)))),
        ('LEAD "a b"', Lead(Phrase(("a", "b")))),
        ("a\n  AND\tb", And((A, B))),  # any blank
        ("طرطوس | Тартус", Or((Word("طرطوس"), Word("Тартус")))),
    ],
)
def test_forms_and_precedences(text: str, wanted: Query) -> None:
    assert parse_query(text) == wanted
    assert parse_query(print_query(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "offset", "told"),
    [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ("a OR", 4, "after OR"),
        ("OR a", 0, "expected a word"),
        ("a AND AND b", 6, "after AND"),
        ("a (b", 2, "expected )"),
        ("a b)", 3, "not opened"),
        ('a "b', 2, 'closing "'),
        ("-a", 0, "negatives alone"),
        ("a OR NOT b", 0, "negatives alone"),  # one side alone would match nearly everything
        ("a NEAR b", 2, "NEAR/5"),  # no number
        ("(a NEAR)", 3, "NEAR/5"),
        ("a NEAR/x b", 2, "no operator"),
        ("a near/5 b", 2, "NEAR/5"),  # operators are upper case
        ("a NEAR/20000 b", 2, "0 to 10000"),
        ("a NEAR/" + "9" * 5000 + " b", 2, "no operator"),  # more digits than a number may have
        ("NEAR/5 b", 0, "before NEAR"),
        ("a NEAR/5 (b c)", 9, "AND cannot stand inside NEAR"),
        ("(a OR NOT b) NEAR/5 c", 0, "NOT cannot stand inside NEAR"),
        ("a SENTENCE lang:en", 11, "lang: cannot stand inside SENTENCE"),
        ("ATLEAST/2 (a b)", 0, "AND cannot stand inside ATLEAST"),
        ("ATLEAST/0 a", 0, "1 to 10000"),
        ("FIRST a", 0, "FIRST/5"),
        ("LEAD NOT a", 0, "NOT cannot stand inside LEAD"),
        ("lang:eng*", 0, "takes a word"),
        ('feed:("a b"~3)', 0, "takes a word"),
        ("titel:a", 0, "titel: is no field"),
        ("TITLE:a", 0, "is no field"),
        ("title: a", 0, "nothing follows title:"),
        ("https://example.org", 0, "In quotes"),
        ("a*", 0, "two letters"),
        ("?x", 0, "two letters"),
        ("al-shar*", 0, "more than one word"),
        ('"* a"', 0, "begin or end"),
        ('"a *"', 0, "begin or end"),
        ('"a * b"~3', 0, "plain phrases"),
        ('"a b"/3', 0, "1 to 2"),
        ('"a b"/0', 0, "1 to 2"),
        ('"a b"~x', 5, "after ~"),
        ('"a b"/x', 5, "number after the phrase"),
        ('"a x*"', 0, "two letters"),
        ("a “hand over”", 2, "straight quotes"),
        ("«hand over»", 0, "straight quotes"),
        ('""', 0, "needs a word"),
        ('"…"', 0, "needs a word"),
        ("a - b", 2, "no letter or digit"),  # a dash with a blank on either side negates nothing
        ("…", 0, "no letter or digit"),
        ("b #x (a)", 2, "#x must touch its parenthesis"),
        ("b a~5", 2, "~ stands after a phrase"),  # of other languages, where it means a misspelling
        ("a NEAR/9999999999 b", 2, "a number up to 10000"),
        ("=", 1, "after ="),
        ("=(a)", 1, "after ="),
        ("=wom*n", 1, "plain phrase"),
        ("/(a/", 0, "linear time"),
        (r"/(a)\1/", 0, "back-references"),
        ("/(?=a)b/", 0, "look-around"),
        ("/a*/", 0, "empty text"),
        ("/\ud800/", 0, "is wrong"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, offset: int, told: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_query(text)
    assert told in caught.value.message
    assert caught.value.offset == offset


def test_a_leaf_of_a_score_must_occur_somewhere() -> None:
    assert parse_leaf('"hand over"') == Phrase(("hand", "over"))
    with pytest.raises(RuleError, match="AND has no occurrences"):
        parse_leaf("a AND b")


def test_nesting_is_bounded_and_wide_queries_are_not() -> None:
    assert parse_query("(" * 99 + "a" + ")" * 99) == A
    for text in ("(" * 101 + "a" + ")" * 101, "NOT " * 20_000 + "a", "(" * 100_000):
        with pytest.raises(RuleError, match="deeper than 100 levels"):
            parse_query(text)
    layered = "(" * 60 + "a" + " NEAR/1 a NEAR/1 a NEAR/1 a NEAR/1 a)" * 60
    for text in ("a" + " NEAR/1 a" * 300, layered, f"a OR {layered}"):
        with pytest.raises(RuleError, match="200 levels high"):
            parse_query(text)
    assert parse_query("#hashtag a") == And((Word("#hashtag"), A))
    many = parse_query(" OR ".join(f"word{number}" for number in range(10_000)))
    assert isinstance(many, Or)
    assert len(many.parts) == 10_000


words = st.text("abcабвشرع", min_size=2, max_size=5).map(Word)
leaves = st.one_of(
    words,
    st.text("xyz", min_size=2, max_size=4).map(lambda text: Word(text, exact=True)),
    st.text("xyz", min_size=2, max_size=4).map(lambda text: Wildcard(f"{text}*")),
    st.lists(st.text("pqr", min_size=1, max_size=3), min_size=1, max_size=4).flatmap(
        lambda found: st.one_of(
            st.just(Phrase(tuple(found))),
            st.just(Phrase(tuple(found), exact=True)),
            st.integers(0, 9).map(lambda slop: Phrase(tuple(found), slop=slop)),
            st.integers(1, len(found)).map(lambda quorum: Phrase(tuple(found), quorum=quorum)),
        )
    ),
    st.sampled_from(["syria", "tartus-base", "a.b"]).map(Entity),
    st.sampled_from(["a/b+", r"\d{3}", "[xy]z"]).map(Regex),
)
fields = st.sampled_from(["title", "body", "author", "url", "category"])
counts = st.integers(1, 99)


def _placed(below: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    return st.one_of(
        st.lists(below, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        st.builds(Near, below, below, st.sampled_from([Join.NEAR, Join.ONEAR, Join.NOTNEAR]), counts),
        st.builds(Near, below, below, st.sampled_from([Join.SENTENCE, Join.PARAGRAPH])),
        st.builds(Field, fields, below),
        st.builds(AtLeast, counts, below),
        st.builds(First, counts, below),
        st.builds(Lead, below),
        st.builds(Named, st.sampled_from(["x", "both-sides"]), below),
    )


places = st.recursive(leaves, _placed, max_leaves=8)
queries = st.recursive(
    st.one_of(places, st.builds(Field, st.sampled_from(["lang", "feed", "outlet", "script"]), words)),
    lambda below: st.one_of(
        st.lists(below, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(below, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        below.map(Not),
        st.builds(Field, fields, below),
    ),
    max_leaves=8,
).filter(positive)


@given(queries)
def test_a_printed_query_reads_the_same(query: Query) -> None:
    assert parse_query(print_query(query)) == query


@example("(1)-1")
@example('"a"-1 =-1')
@given(st.text('ab"()/#=-&|*?~: NEARORANDT/1entity:', max_size=40))
def test_any_text_is_read_or_refused_at_a_place_inside_it(text: str) -> None:
    query, error = _read(text)
    if query is not None:
        assert parse_query(print_query(query)) == query
    if error is not None:
        assert error.offset is not None
        assert 0 <= error.offset <= len(text)


def _read(text: str) -> tuple[Query | None, RuleError | None]:
    try:
        return parse_query(text), None
    except RuleError as error:
        return None, error


def test_what_occurs_and_what_is_a_condition() -> None:
    assert occurs(parse_query("LEAD #x(ATLEAST/2 FIRST/9 title:(a OR b NEAR/2 /x+/))")) is None
    assert occurs(Near(A, Not(B), Join.NEAR)) == "NOT"
    assert occurs(Field("body", And((A, B)))) == "AND"
    assert positive(Field("title", A))
    assert not positive(Named("x", Not(A)))


def test_height_counts_levels() -> None:
    assert height(A) == 1
    assert height(parse_query("a NEAR/1 b NEAR/1 c")) == 3
