"""Keys: what makes two things the same, and that nothing else does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor import keys
from monitor.model import Examples, Rule, RuleKind, Score, Severity

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RULE = Rule(id="a", kind=RuleKind.PERSON, title="A", names=("x",), score=Score(threshold=1, words=(("w", 1),)))


def test_the_guid_decides_then_the_url_then_title_and_date():
    def key(**parts):
        return keys.article_key("f", **({"guid": None, "url": None, "title": "t", "published": None} | parts))

    assert key(guid="g", url="u", title="other") == key(guid="g", url="v")
    assert key(url="u", title="other") == key(url="u")
    assert key(title="t", published=NOON) != key(title="t")
    assert len({key(guid="x"), key(url="x"), key(title="x")}) == 3


def test_one_feed_cannot_hide_an_article_of_another():
    same = {"guid": "g", "url": None, "title": "t", "published": None}
    assert keys.article_key("one", **same) != keys.article_key("two", **same)


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_moving_a_border_between_parts_changes_the_key(parts):
    joined = "".join(parts)
    split = keys.text_hash(parts[0], "".join(parts[1:]))
    if parts[0] != joined:
        assert split != keys.text_hash(joined, "")


def test_an_alert_key_does_not_depend_on_the_order_of_rules():
    one = keys.alert_key(subscriber="s", rules=["b", "a"], article="k", kind="article")
    assert one == keys.alert_key(subscriber="s", rules=("a", "b"), article="k", kind="article")
    assert one != keys.alert_key(subscriber="s", rules=("a",), article="k", kind="article")
    assert one != keys.alert_key(subscriber="s", rules=("a", "b"), article="k", kind="article", window="w")


def test_a_delivery_key_tells_channels_and_addresses_apart():
    made = {keys.delivery_key(alert="k", channel=c, address=a) for c in ("m", "s") for a in ("", "x@example.org")}
    assert len(made) == 4


def test_a_rule_version_changes_with_all_that_decides_a_match_and_with_nothing_else():
    version = keys.rule_version(RULE)
    deciding = [
        replace(RULE, names=("y",)),
        replace(RULE, aliases=("y",)),
        replace(RULE, query="q"),
        replace(RULE, needs="n"),
        replace(RULE, within="sentence"),
        replace(RULE, not_=("n",)),
        replace(RULE, severity=Severity.FLASH),
        replace(RULE, lang=("en",)),
        replace(RULE, exact=True),
        replace(RULE, variants={"alias": False}),
        replace(RULE, max_age=timedelta(days=1)),
        replace(RULE, score=None),
    ]
    assert len({version, *map(keys.rule_version, deciding)}) == len(deciding) + 1
    for same in (replace(RULE, title="B"), replace(RULE, examples=Examples(match=("x",))), replace(RULE, line=3)):
        assert keys.rule_version(same) == version


def test_body_hash_is_of_the_bytes():
    assert keys.body_hash(b"a") != keys.body_hash(b"b")
    assert len(keys.body_hash(b"")) == 32
