"""Who is told: one alert a subscriber and article, no subscribed rule lost, stable keys, one alert for a flapping text."""

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import MAIL, NOW, article, match, rule, spans, subscriber

from monitor import alerting
from monitor.keys import alert_key, delivery_key
from monitor.model import AlertKind, Recipient, RuleKind, Severity, Tier

RULES = {
    one.id: one
    for one in (
        rule("khmeimim", kind=RuleKind.BASE, labels={"country": "sy"}, title="Khmeimim air base"),
        rule("lavrov", kind=RuleKind.PERSON, title="Sergey Lavrov"),
        rule("trade", kind=RuleKind.TOPIC, labels={"desk": "economy"}, title="Trade"),
    )
}
route = partial(
    alerting.route,
    article=article(),
    told=(),
    dropped=(),
    rules=RULES,
    subscribers=(subscriber(),),
    feed_title="World",
    first_seen=NOW,
    revision=0,
    now=NOW,
)
ALL = (match("trade"), match("lavrov", severity=Severity.FLASH), match("khmeimim", severity=Severity.URGENT))


def test_all_rules_of_a_subscriber_are_one_alert_with_a_delivery_for_each_recipient():
    slack = Recipient(channel="slack")
    (new,) = route(matches=ALL, subscribers=(subscriber(recipients=(MAIL, slack, MAIL), timezone="Asia/Beirut"),))
    alert = new.alert
    assert [reason.rule_id for reason in alert.reasons] == ["lavrov", "khmeimim", "trade"]  # most severe first
    assert (alert.kind, alert.severity, alert.timezone) == (AlertKind.ARTICLE, Severity.FLASH, "Asia/Beirut")
    assert new.rule_ids == ("lavrov", "khmeimim", "trade")
    assert new.article_key == alert.article.key == "k1"
    assert [(one.channel, one.address) for one in new.deliveries] == [("mail", MAIL.address), ("slack", "")]
    assert new.deliveries[0].key == delivery_key(alert=alert.key, channel="mail", address=MAIL.address)
    assert alert.key == alert_key(
        subscriber="desk", rules=["khmeimim", "lavrov", "trade"], article="k1", kind="article"
    )
    assert (alert.article.outlet, alert.article.feed_title, alert.article.first_seen) == ("Example News", "World", NOW)


def test_a_reason_says_rule_clause_words_with_tiers_and_sentences():
    (new,) = route(matches=(match(score=7),))
    (reason,) = new.alert.reasons
    assert (reason.rule_title, reason.rule_version, reason.kind) == ("Khmeimim air base", "v" * 16, RuleKind.BASE)
    assert (reason.score, reason.clauses, reason.labels) == (7, ("names",), {"country": "sy"})
    assert reason.words == (("Khmeimim", Tier.EXACT),)
    (excerpt,) = reason.excerpts
    assert [excerpt.text[a:b] for a, b in excerpt.marks] == ["Khmeimim"]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, {"khmeimim", "lavrov", "trade"}),  # names nothing: takes all
        ({"rules": ("trade",)}, {"trade"}),
        ({"kinds": (RuleKind.PERSON,)}, {"lavrov"}),
        ({"labels": (("country", "sy"),)}, {"khmeimim"}),
        ({"labels": (("country", "ru"),)}, set()),  # the label is there, its value another
        ({"rules": ("trade",), "kinds": (RuleKind.PERSON,)}, {"trade", "lavrov"}),  # any of them is enough
        ({"severity": Severity.URGENT}, {"khmeimim", "lavrov"}),
        ({"severity": Severity.FLASH}, {"lavrov"}),
        ({"severity": Severity.FLASH, "rules": ("trade",)}, set()),  # named, but not severe enough
    ],
)
def test_which_rules_a_subscriber_takes(given_, expected):
    told = route(matches=ALL, subscribers=(subscriber(**given_),))
    assert {rule_id for new in told for rule_id in new.rule_ids} == expected
    assert len(told) == bool(expected)


def test_a_word_that_differs_only_in_case_is_said_once():
    text = "The base. Base of bases. A base."
    (new,) = route(matches=(match(spans=(*spans(text, "base", "Base"), *spans(text, "base", tier=Tier.ALIAS))),))
    assert new.alert.reasons[0].words == (("base", Tier.EXACT), ("base", Tier.ALIAS))


def test_every_subscriber_has_an_alert_of_their_own():
    told = route(matches=ALL, subscribers=(subscriber("a"), subscriber("b", rules=("nothing",)), subscriber("c")))
    assert [new.alert.subscriber_id for new in told] == ["a", "c"]
    assert told[0].alert.key != told[1].alert.key


def test_a_revision_tells_only_rules_that_never_hit_and_names_those_that_hit_no_more():
    revision = partial(route, matches=ALL, revision=2, now=NOW + timedelta(hours=1))
    (new,) = revision(told=("khmeimim", "trade"), dropped=("trade", "gone"))
    assert (new.alert.kind, new.rule_ids) == (AlertKind.REVISION, ("lavrov",))
    assert new.alert.dropped == ("Trade",)  # a rule that exists no more is not the article's doing
    assert new.alert.article.first_seen == NOW
    assert revision(told=("khmeimim", "trade", "lavrov"), dropped=()) == ()
    # Somebody who does not take the dropped rule is not told of it.
    (other,) = revision(told=(), dropped=("trade",), subscribers=(subscriber(rules=("lavrov",)),))
    assert other.alert.dropped == ()


def test_nothing_that_hits_is_nothing_told():
    assert route(matches=()) == ()


def test_a_right_to_left_article_is_marked_as_one():
    (by_title,) = route(matches=ALL, article=article(title="قاعدة حميميم", body=""))
    (by_body,) = route(matches=ALL, article=article(title="", body="قاعدة حميميم"))
    (other,) = route(matches=ALL)
    assert (by_title.alert.article.rtl, by_body.alert.article.rtl, other.alert.article.rtl) == (True, True, False)


severities = st.sampled_from(Severity)
subscribers = st.lists(
    st.builds(
        subscriber,
        st.sampled_from(["a", "b"]),
        rules=st.lists(st.sampled_from(sorted(RULES)), max_size=2).map(tuple),
        kinds=st.lists(st.sampled_from(RuleKind), max_size=2).map(tuple),
        labels=st.lists(st.sampled_from([("country", "sy"), ("desk", "economy")]), max_size=1).map(tuple),
        severity=severities,
    ),
    max_size=3,
    unique_by=lambda one: one.id,
)
matches = st.lists(
    st.builds(match, st.sampled_from(sorted(RULES)), severity=severities), unique_by=lambda one: one.rule_id
)


@settings(deadline=None)  # the machine may be busy
@given(
    subscribers=subscribers, matches=matches, told=st.sets(st.sampled_from(sorted(RULES))), revision=st.integers(0, 2)
)
def test_no_subscribed_rule_is_lost_and_none_is_told_twice(subscribers, matches, told, revision):
    new = route(matches=matches, subscribers=subscribers, told=told, revision=revision)
    got = {(one.alert.subscriber_id, rule_id) for one in new for rule_id in one.rule_ids}
    wanted = set()  # the slow, obvious way
    for who in subscribers:
        for hit in matches:
            asked = RULES[hit.rule_id]
            chosen = hit.rule_id in who.rules or asked.kind in who.kinds
            chosen = chosen or any(asked.labels.get(name) == value for name, value in who.labels)
            if not who.rules and not who.kinds and not who.labels:
                chosen = True
            if chosen and hit.severity.rank >= who.severity.rank and not (revision and hit.rule_id in told):
                wanted.add((who.id, hit.rule_id))
    assert got == wanted
    again = route(matches=matches[::-1], subscribers=subscribers[::-1], told=told, revision=revision, now=NOW)
    assert {one.alert.key for one in again} == {one.alert.key for one in new}
    assert len({one.alert.key for one in new}) == len(new)
