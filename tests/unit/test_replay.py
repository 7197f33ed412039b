"""What backtests count, and how two versions of rules are held against each other."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching import compile_rules, example
from monitor.matching.replay import Changed, Sample, Samples, Tally, alone, compare_hits, compare_rules
from monitor.model import Match, Rule, RuleKind, Score, Severity, Span, Tier

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rule(rule_id="r", **more):
    return Rule(**{"id": rule_id, "kind": RuleKind.TOPIC, "title": rule_id, "query": "x"} | more)


def match(*words, rule_id="r"):
    spans = tuple(
        Span(field="body", start=0, end=len(word), text=word, term=word, tier=Tier.EXACT) for word in words or ("x",)
    )
    return Match(rule_id=rule_id, rule_version="", severity=Severity.ROUTINE, score=None, clauses=(), spans=spans)


def found(at=NOON, text="text", words=(), **more):
    return Sample(at, dataclasses.replace(example(text), **more), match(*words))


def tally(*samples, **more):
    made = Tally(**{"zone": UTC} | more)
    for one in samples:
        made.add(one)
    return made


# ── one rule ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_alone_keeps_what_it_refers_to_and_nothing_else_can_hit():
    rules = {
        "a": rule("a", query="entity:b AND entity:b. AND entity:nobody", enabled=False),
        "b": rule("b", query=None, names=("Port",), needs="entity:c"),
        "c": rule("c", query=None, names=("Fleet",)),
        "d": rule("d", query="port"),
        "e": rule("e", query=None, score=Score(threshold=1, words=(("entity:c", 1),))),
    }
    assert {one.id: one.enabled for one in alone(rules, "a")} == {"a": True, "b": False, "c": False}
    assert {one.id: one.enabled for one in alone(rules, "e")} == {"e": True, "c": False}
    assert [one.id for one in alone(rules, "d")] == ["d"]
    index = compile_rules(alone(rules, "e")).index
    assert [one.rule_id for one in index.match(example("port fleet"))] == ["e"]
    with pytest.raises(KeyError):
        alone(rules, "nobody")


def test_nothing_found():
    empty = tally()
    assert (empty.hits, empty.texts, list(empty.all_days()), empty.first, empty.last) == (0, 0, [], None, None)


def test_hits_and_texts_by_day_with_days_between():
    made = tally(
        found(NOON, "one"),
        found(NOON + HOUR, "one"),  # a copy
        found(NOON + 2 * HOUR, "two"),
        found(NOON + 3 * timedelta(days=1), "one"),  # another day: it counts again
    )
    assert (made.hits, made.texts) == (4, 3)
    days = [(str(when), day.hits, day.texts) for when, day in made.all_days()]
    assert days == [("2026-03-01", 3, 2), ("2026-03-02", 0, 0), ("2026-03-03", 0, 0), ("2026-03-04", 1, 1)]
    assert (made.first.article.body, made.last.at) == ("one", NOON + 3 * timedelta(days=1))


def test_days_are_those_of_the_zone():
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert list(tally(found(late)).days) == [date(2026, 3, 1)]
    assert list(tally(found(late), zone=ZoneInfo("Asia/Tokyo")).days) == [date(2026, 3, 2)]


def test_texts_are_told_apart_by_their_hash_where_they_have_one():
    assert tally(found(text="a", text_hash="h"), found(text="b", text_hash="h")).texts == 1
    assert tally(found(text="a", title="t"), found(text="a", title="u")).texts == 2


def test_texts_of_past_days_are_forgotten():
    made = tally(*(found(NOON + timedelta(days=n), f"text {n}") for n in range(50)))
    assert len(made._texts) <= 3
    assert made.texts == 50


def test_hits_a_little_out_of_order_keep_their_days():
    made = tally(found(NOON), found(NOON - 13 * HOUR), found(NOON + HOUR))
    assert {str(when): day.hits for when, day in made.days.items()} == {"2026-03-01": 2, "2026-02-28": 1}
    assert made.first.at == NOON - 13 * HOUR
    assert made.last.at == NOON + HOUR


def test_words_count_once_an_article_and_outlets_fall_back_to_the_feed():
    made = tally(
        found(words=("Port", "Port", "port"), outlet="Paper"), found(words=("Port",), feed_id="f"), found(feed_id="")
    )
    assert made.words == {("Port", "exact"): 2, ("port", "exact"): 1, ("x", "exact"): 1}
    assert made.outlets == {"Paper": 1, "f": 1, "": 1}


@given(count=st.integers(0, 300), wanted=st.integers(0, 9))
def test_samples_are_few_in_order_and_spread(count, wanted):
    samples = Samples(wanted)
    for number in range(count):
        samples.add(found(NOON + number * HOUR))
    kept = [round((one.at - NOON) / HOUR) for one in samples]
    assert len(kept) == min(count, wanted)
    assert kept == sorted(set(kept))
    assert len(samples._kept) <= max(1, 2 * wanted)
    if count > 2 * wanted > 2:
        assert kept[0] == 0
        assert max(right - left for left, right in zip(kept, [*kept[1:], count], strict=True)) <= count * 3 / wanted + 1


# ── two versions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_two_versions_of_a_rule_find():
    changed = Changed(wanted=2)
    article = example("x")
    for old, new in [(match(), match()), (None, match()), (None, match()), (match(), None), (None, None)]:
        changed.add(article, NOON, old, new)
    assert (changed.before, changed.after, changed.gained, changed.lost) == (2, 3, 2, 1)
    assert (len(list(changed.gains)), len(list(changed.losses))) == (2, 1)


def test_what_two_sets_of_rules_find():
    changes = {}
    compare_hits(changes, example("x"), NOON, [match(rule_id="a"), match(rule_id="b")], [match(rule_id="b")])
    compare_hits(changes, example("x"), NOON, [], [match(rule_id="b"), match(rule_id="c")])
    counts = {name: (one.before, one.after, one.gained, one.lost) for name, one in changes.items()}
    assert counts == {"a": (1, 0, 0, 1), "b": (1, 2, 1, 0), "c": (0, 1, 1, 0)}


def test_what_two_sets_of_rules_say():
    old = [
        rule("a"),
        rule("b"),
        rule("c", labels=MappingProxyType({"x": "y"})),
        rule("d", version="1", line=3, file="f"),
    ]
    new = [
        rule("b", query="y", not_=("z",), enabled=False),
        rule("c", labels={"x": "y"}),
        rule("d", version="2", line=9, file="g"),
        rule("e"),
    ]
    made = compare_rules(old, new)
    assert (made.added, made.removed, made.same) == (("e",), ("a",), 2)
    assert made.changed == (("b", ("query", "not", "enabled")),)
