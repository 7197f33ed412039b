"""Hostile rules and articles: an answer or a clear error, soon."""

import json

import pytest

from monitor.errors import RuleError
from monitor.matching import compile_rules, example, parse_query
from monitor.model import Article, Rule, RuleKind

pytestmark = pytest.mark.timeout(60)
REDOS = {
    # patterns that make a backtracking engine run for ever, with the text that does it
    "(a+)+$": "a" * 50_000 + "!",
    "([a-zA-Z]+)*x$": "a" * 50_000 + "!",
    "(a|aa)+$": "a" * 50_000 + "!",
    "(a|a?)+x": "a" * 50_000 + "!",
    "(.*a){20}x": "a" * 50_000 + "!",
    r"^(\w+\s?)*z$": "word " * 10_000 + "!",
    r"(\d+)+x": "1" * 50_000,
    r"(x+x+)+y": "x" * 50_000,
    r"a+.*b+.*c+.*d+.*e": "abcd" * 12_000,
    r"(?:(?:a+)+)+b": "a" * 50_000,
    r"^(([a-z])+.)+[A-Z]([a-z])+z$": "a" * 50_000,
    r"([^@]+)*@x": "a" * 50_000,
    r"(a+a+a+)+b": "a" * 50_000,
}


def rule(**values: object) -> Rule:
    return Rule(id="r", kind=RuleKind.TOPIC, title="r", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(("pattern", "text"), REDOS.items())
def test_no_regular_expression_runs_for_ever(pattern: str, text: str) -> None:
    compiled = compile_rules([rule(query=f"/{pattern}/")])
    if compiled.errors:
        assert "empty text" in compiled.errors[0].message
    else:
        compiled.index.match(example(text))
        assert compiled.index.hits(example(text)) in ([], ["r"])


def test_ten_thousand_alternatives() -> None:
    words = [f"word{number}" for number in range(10_000)]
    index = compile_rules([rule(query=f"({' OR '.join(words)}) NEAR/3 lease")]).index
    assert index.hits(example("a word9999 and its lease")) == ["r"]
    assert index.hits(example("a word10000 and its lease")) == []
    names = compile_rules([rule(names=tuple(f"Name{number} Lavrov" for number in range(10_000)))]).index
    assert names.hits(example("with Name77 Lavrov")) == ["r"]


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        ("base", "base "),
        ("base NEAR/5 navy", "base navy "),
        ("base SENTENCE navy", "base navy. "),
        ("ATLEAST/3 base", "base "),
        ("俄罗斯 OR 基地", "俄罗斯基地"),
        ("/Su-[0-9]+/", "Su-34 base "),
    ],
)
def test_an_article_of_ten_megabytes_that_repeats_itself(query: str, unit: str) -> None:
    text = unit * (10_000_000 // len(unit.encode()))
    (match,) = compile_rules([rule(query=query)]).index.match(example(text))
    assert 0 < len(match.spans) <= 500
    assert all(text[span.start : span.end] == span.text for span in match.spans)


def test_an_article_of_ten_megabytes_without_a_blank() -> None:
    assert compile_rules([rule(query="base OR *base*")]).index.hits(example("x" * 10_000_000 + "base")) == ["r"]


@pytest.mark.parametrize(
    "title", ["\u0301" * 300_000, "\ud800" * 14_000, "\u202e" * 300_000, "a\u0301" * 100_000, "\x00" * 9]
)
def test_titles_of_nothing_readable(title: str) -> None:
    index = compile_rules([rule(query="base OR /b[a]se/", names=("Tartus", "طرطوس"))]).index
    article = Article(key="k", feed_id="f", guid=None, url=None, title=title, body=f"{title} base, Tartus")
    assert index.hits(article) == ["r"]
    assert json.dumps([span.text for span in index.match(article)[0].spans])


@pytest.mark.parametrize("part", ["(", "NOT ", "-(", "title:(", "#n(", "ATLEAST/2 ", '"a" NEAR/2 (', "/", '"'])
def test_twenty_thousand_times_the_same(part: str) -> None:
    with pytest.raises(RuleError) as told:
        parse_query(part * 20_000)
    assert len(told.value.message) < 300


def test_a_long_faulty_word_is_not_told_whole() -> None:
    with pytest.raises(RuleError) as told:
        parse_query("*" * 100_000)
    assert len(told.value.message) < 300
