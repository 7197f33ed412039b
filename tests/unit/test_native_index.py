"""What is the native index's own: images, threads, literals of regular expressions, what only the evaluator can tell."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor import keys
from monitor.matching import (
    RuleIndex,
    compile_rules,
    example,
    image_blocks,
    index_from_image,
    native_available,
    with_changes,
    with_rules,
)
from monitor.matching.index import PythonIndex
from monitor.matching.literals import literals_of
from monitor.matching.ruleset import rules_version
from monitor.model import Article, Examples, Match, Rule, RuleKind, Score, Severity

if not native_available():
    pytest.skip("the native index was not built", allow_module_level=True)

from monitor.matching.native import NativeIndex

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def rule(name: str = "r", **values: object) -> Rule:
    made = Rule(id=name, kind=RuleKind.TOPIC, title=name, **values)  # type: ignore[arg-type]
    return replace(made, version=keys.rule_version(made))


def native(*rules: Rule) -> NativeIndex:
    compiled = compile_rules(rules)
    assert compiled.errors == ()
    assert isinstance(compiled.index, NativeIndex)
    return compiled.index


EVERYTHING = (
    rule(
        "names", names=("Bashar al-Assad", "Tartus"), aliases=("Asad",), not_=("Lake Assad",), needs="base*", within="9"
    ),
    rule(
        "query",
        query='(entity:names OR "naval * base") NEAR/4 (lease OR rent) NOT title:sports',
        severity=Severity.FLASH,
    ),
    rule("clauses", query="#one(alpha) OR #two(beta NEAR/2 gamma) OR ATLEAST/2 delta"),
    rule("score", score=Score(threshold=5, words=(("alpha", 5), ("beta", -5), ('"gamma delta"/1', 1)))),
    rule("restricted", query="alpha", lang=("en",), max_age=timedelta(days=3), labels={"desk": "mena"}, feeds=("f",)),
    rule("soft", query='=Alpha OR "alpha beta gamma"~3 OR /alpha[0-9]+/ OR (alpha SENTENCE gamma)'),
    rule("both", query="=alpha", lang=("ru",)),
    rule("off", query="alpha", enabled=False, examples=Examples(match=("alpha",), ignore=("x",))),
    rule("long", query=f'"{" ".join(["alpha"] * 60)}"'),
)
TEXTS = (
    "Alpha beta gamma delta delta. The naval air base, a lease",
    "alpha7 al-Assad of Tartus, a base, the lease",
    "Lake Assad and Тартус, base rent",
    "alpha " * 60,
    "Тартуса база",
    "",
)


def _told(index: RuleIndex) -> list[tuple[Match, ...]]:
    articles = [
        Article(key=text, feed_id="f", guid=None, url=None, title="alpha", body=text, lang="en") for text in TEXTS
    ]
    for article in articles:
        assert index.match(article, NOW) == index.match_all(article, NOW)
        lines = compile_rules(tuple(index.rules.values()), native=False).index.lines(article, 1, NOW)
        assert index.lines(article, 1, NOW) == lines
    return [index.match(article, NOW) for article in articles]


def test_an_image_holds_the_whole_index() -> None:
    index = native(*EVERYTHING)
    image = image_blocks(index)
    assert image is not None
    stored = index_from_image(memoryview(b"".join(image)))
    assert stored is not None
    assert _told(stored) == _told(index)
    assert dict(stored.rules) == dict(index.rules)
    assert isinstance(stored, NativeIndex)
    assert list(stored.parts[0].terms) == list(index.parts[0].terms)
    assert stored.version == index.version == rules_version(EVERYTHING)
    changed = with_changes(stored, [rule("names", names=("Latakia",))], ["off"])
    assert changed.errors == ()
    assert _told(changed.index) == _told(with_changes(index, [rule("names", names=("Latakia",))], ["off"]).index)


def test_a_damaged_image_is_not_used() -> None:
    image = image_blocks(native(*EVERYTHING))
    assert image is not None
    assert index_from_image(memoryview(b"".join(image)), native=False) is None
    size = sum(map(len, image))
    for place in (3, 20, 30, size // 2, size - 1):
        broken = bytearray(b"".join(image))
        broken[place] ^= 1
        assert index_from_image(memoryview(broken)) is None, place


def test_what_has_no_image() -> None:
    assert image_blocks(compile_rules(EVERYTHING, native=False).index) is None
    index = native(*EVERYTHING)
    assert image_blocks(with_changes(index, [rule("more", query="alpha")]).index) is None
    assert image_blocks(compile_rules([rule("bad", query="alpha (")]).index) is None


def test_an_index_over_rules_that_match_alike() -> None:
    index = native(*EVERYTHING)
    told = [replace(one, title="another title") for one in EVERYTHING]
    renamed = with_rules(index, told)
    assert renamed is not None
    assert renamed.rules["names"].title == "another title"
    assert _told(renamed) == _told(index)
    assert with_rules(index, EVERYTHING[1:]) is None
    assert with_rules(compile_rules(EVERYTHING, native=False).index, EVERYTHING) is None


def test_trees_are_made_when_asked_for_and_not_all_kept() -> None:
    index = native(*(rule(f"r{number}", query=f"=Word{number}") for number in range(2100)))
    for number in range(2100):
        assert [one.rule_id for one in index.match(example(f"Word{number} word{number + 1}"))] == [f"r{number}"]
    assert index.hits(example("Word7 word8")) == ["r7"]
    assert len(index.compiled._made) < 2100
    with pytest.raises(KeyError):
        index.compiled["unknown"]


def test_a_giant_leaves_no_memory_behind() -> None:
    index = native(rule("r", query="alpha NEAR/3 beta"))
    assert index.hits(example("alpha beta " * 100_000)) == ["r"]
    assert [one.rule_id for one in index.match(example("alpha beta " * 100_000))] == ["r"]
    assert index.parts[0].pool == []
    assert index.hits(example("beta alpha")) == ["r"]
    assert len(index.parts[0].pool) == 1


def test_phrases_that_no_trie_holds() -> None:
    long = " ".join(f"w{number}" for number in range(60))
    index = native(rule("name", names=(long,)), rule("phrase", query=f'"{long}"'))
    for text in (long, long.replace("w59", "x"), f"x {long} y"):
        assert index.match(example(text)) == index.match_all(example(text))


def test_without_the_extension_there_is_the_plain_index() -> None:
    kept = sys.modules["monitor.matching._index"]
    sys.modules["monitor.matching._index"] = None  # type: ignore[assignment]  # what Python does with a module that is not there
    try:
        assert not native_available()
        assert isinstance(compile_rules(EVERYTHING).index, PythonIndex)
        assert index_from_image(memoryview(b"")) is None
    finally:
        sys.modules["monitor.matching._index"] = kept
    assert native_available()


def test_threads_share_an_index() -> None:
    index = native(*EVERYTHING, rule("wild", query="*eta OR ga*a"), rule("sound", names=("Tartus",)))
    articles = [example(f"{text} {number} zeta{number % 7}") for number in range(40) for text in TEXTS]
    expected = [index.match_all(one, NOW) for one in articles]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            assert list(threads.map(lambda one: index.match(one, NOW), articles)) == expected


def test_what_a_token_was_resolved_to_is_bounded_and_found_again() -> None:
    index = native(rule("wild", query="*zz9* OR entity:sound"), rule("sound", names=("Tartus",)))
    for start in range(0, 30_000, 3000):
        text = " ".join(f"t{number}" for number in range(start, start + 3000))
        assert [one.rule_id for one in index.match(example(f"{text} xzz9y Tartous"))] == ["sound", "wild"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        (r"Su-\d+", ()),  # too short
        (r"Kalibr[0-9]+", ("kalibr",)),
        (r"Kalibr?x", ("kalib",)),  # the letter in front of ? may be missing
        (r"abcd*efgh", ("abc", "efgh")),
        (r"abc{2,3}def", ("def",)),  # two letters are left of the first
        (r"(abcd)?efgh", ("efgh",)),  # groups may be missing
        (r"(?:abcd)efgh[xyz]ijkl", ("efgh", "ijkl")),
        (r"abcd|efgh", ()),  # one or the other
        (r"(?i)abcd", ()),
        (r"\x41bcd", ()),
        (r"\babcd\b", ("abcd",)),
        (r"[]abcd]efgh", ("efgh",)),
        ("Путин", ()),  # only ASCII
    ],
)
def test_letters_that_a_regular_expression_cannot_do_without(pattern: str, wanted: tuple[str, ...]) -> None:
    assert literals_of(pattern) == wanted


def test_a_regular_expression_is_asked_only_where_its_letters_are() -> None:
    index = native(rule("r", query="/Kalibr-?[0-9]+/"))
    (part,) = index.parts
    for text, asked in (("a Kalibr-3 missile", 1), ("the kalibrated", 1), ("a missile", 0)):
        scratch, scan = part.scratch(), index._scan_of(example(text))
        part.segment.match(scan, scratch, part.dead, part.ids)
        assert part.segment.candidates(scratch) == asked, text
