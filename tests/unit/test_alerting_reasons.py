"""What an alert is put together from: reasons with words and sentences, cards, one delivery for each recipient."""

from support.made import MAIL, NOW, article, match, rule, spans

from monitor import alerting
from monitor.keys import delivery_key
from monitor.model import Recipient, RuleKind, Tier

BASE = rule("khmeimim", kind=RuleKind.BASE, labels={"country": "sy"}, title="Khmeimim air base")


def test_one_who_is_named_twice_is_told_once():
    slack = Recipient(channel="slack")
    first, second = alerting.deliveries_to("k", (MAIL, slack, MAIL))
    assert [(one.channel, one.address) for one in (first, second)] == [("mail", MAIL.address), ("slack", "")]
    assert first.key == delivery_key(alert="k", channel="mail", address=MAIL.address)


def test_a_reason_says_rule_clause_words_with_tiers_and_sentences():
    reason = alerting.reason_of(article(), match(score=7), BASE)
    assert (reason.rule_title, reason.rule_version, reason.kind) == ("Khmeimim air base", "v" * 16, RuleKind.BASE)
    assert (reason.score, reason.clauses, reason.labels) == (7, ("names",), {"country": "sy"})
    assert reason.words == (("Khmeimim", Tier.EXACT),)
    (excerpt,) = reason.excerpts
    assert [excerpt.text[a:b] for a, b in excerpt.marks] == ["Khmeimim"]


def test_a_word_that_differs_only_in_case_is_said_once():
    text = "The base. Base of bases. A base."
    hit = match(spans=(*spans(text, "base", "Base"), *spans(text, "base", tier=Tier.ALIAS)))
    assert alerting.reason_of(article(), hit, BASE).words == (("base", Tier.EXACT), ("base", Tier.ALIAS))


def test_a_right_to_left_article_is_marked_as_one():
    by_title = alerting.card_of(article(title="قاعدة حميميم", body=""), None, NOW)
    by_body = alerting.card_of(article(title="", body="قاعدة حميميم"), None, NOW)
    other = alerting.card_of(article(), "World", NOW)
    assert (by_title.rtl, by_body.rtl, other.rtl) == (True, True, False)
    assert (other.outlet, other.feed_title, other.first_seen) == ("Example News", "World", NOW)
