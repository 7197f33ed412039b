"""After an interruption: what is kept single, what the digest carries, and that nothing is left out."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import NOW, alert, card, delivery, reason, subscriber

from monitor import alerting
from monitor.alerting import catch_up
from monitor.keys import delivery_key
from monitor.model import AlertKind, Recipient, Severity, Spread, Tier
from monitor.settings import DeliverySettings

SETTINGS = DeliverySettings(max_singles=3)


def backlog(*severities):
    """Deliveries and alerts, newest first; number 1 is the newest."""
    alerts = {
        f"a{number}": alert(
            key=f"a{number}",
            severity=severity,
            created_at=NOW - timedelta(minutes=number),
            article=card(f"Report {number}"),
            timezone="Asia/Beirut",
        )
        for number, severity in enumerate(severities, start=1)
    }
    return [delivery(number) for number in range(1, len(severities) + 1)], alerts


ROUTINE, URGENT, FLASH = Severity.ROUTINE, Severity.URGENT, Severity.FLASH


def test_the_newest_stay_single_and_the_rest_is_one_digest_newest_first():
    pending, alerts = backlog(*[ROUTINE] * 6)
    new, sent, carried = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    assert carried == (4, 5, 6)
    digest = new.alert
    assert (digest.kind, digest.subscriber_id, digest.timezone) == (AlertKind.DIGEST, "desk", "Asia/Beirut")
    assert [line.title for line in digest.lines] == ["Report 4", "Report 5", "Report 6"]
    line = digest.lines[0]
    assert (line.alert_key, line.outlet, line.rules) == ("a4", "Example News", ("Khmeimim air base",))
    assert (line.at, line.url) == (NOW - timedelta(minutes=4), "https://news.example/1")
    assert new.deliveries == (sent,)
    assert (sent.channel, sent.address) == ("mail", "desk@example.org")
    assert sent.key == delivery_key(alert=digest.key, channel="mail", address="desk@example.org")


def test_what_is_more_severe_stays_single_however_old():
    pending, alerts = backlog(ROUTINE, ROUTINE, URGENT, ROUTINE, FLASH, ROUTINE)
    new, _, carried = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    assert carried == (2, 4, 6)  # 5, 3 and the newest routine one stay
    assert new.alert.severity is ROUTINE


def test_more_flash_alerts_than_singles_go_into_the_digest_too():
    pending, alerts = backlog(*[FLASH] * 5)
    new, _, carried = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    assert carried == (4, 5)
    assert new.alert.severity is FLASH


def test_nothing_to_fold():
    pending, alerts = backlog(*[ROUTINE] * 3)
    assert catch_up(pending, alerts, now=NOW, settings=SETTINGS) is None
    assert catch_up((), {}, now=NOW, settings=SETTINGS) is None


def test_a_delivery_whose_alert_is_unknown_is_left_alone():
    pending, alerts = backlog(*[ROUTINE] * 6)
    del alerts["a5"]
    _, _, carried = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    assert carried == (4, 6)


def test_a_line_says_how_far_the_story_had_spread():
    pending, alerts = backlog(*[ROUTINE] * 4)
    spread = Spread(outlets=3, copies=(), news="now 3 outlets")
    alerts["a4"] = replace(alerts["a4"], kind=AlertKind.UPDATE, story="s1", spread=spread)
    new, _, _ = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    assert [(line.story, line.note) for line in new.alert.lines] == [("s1", "now 3 outlets")]


def test_an_alert_without_an_article_has_a_line_too():
    pending, alerts = backlog(*[ROUTINE] * 4)
    alerts["a4"] = alert(AlertKind.NOTICE, key="a4", subject="A channel is down", severity=ROUTINE)
    new, _, _ = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    (line,) = new.alert.lines
    assert (line.title, line.url, line.outlet, line.rtl) == ("A channel is down", None, None, False)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from(Severity), max_size=40), st.integers(0, 10))
def test_every_delivery_is_a_single_or_a_line_and_the_key_is_stable(severities, singles):
    pending, alerts = backlog(*severities)
    settings = DeliverySettings(max_singles=singles)
    folded = catch_up(pending, alerts, now=NOW, settings=settings)
    if len(pending) <= singles:
        assert folded is None
        return
    new, sent, carried = folded
    kept = [one for one in pending if one.id not in carried]
    assert len(kept) == singles
    assert [line.alert_key for line in new.alert.lines] == [f"a{number}" for number in carried]
    worst = min((alerts[one.alert_key].severity.rank for one in kept), default=2)
    assert all(alerts[f"a{number}"].severity.rank <= worst for number in carried)
    again, _, _ = catch_up(pending, alerts, now=NOW + timedelta(hours=1), settings=settings)
    assert again.alert.key == new.alert.key
    other, _, ids = catch_up(pending[1:] or pending, alerts, now=NOW, settings=DeliverySettings(max_singles=0))
    assert (other.alert.key == new.alert.key) == (ids == carried)
    assert sent.key != new.alert.key


def test_a_notice_goes_to_every_recipient_once_a_window():
    slack = Recipient(channel="slack")
    who = subscriber(recipients=(slack, Recipient(channel="mail", address="ops@example.org")), timezone="Asia/Beirut")
    make = {"subscriber": who, "subject": "Channel mail does not deliver", "text": "It is down.", "now": NOW}
    new = alerting.notice(window="w1", **make)
    assert (new.alert.kind, new.alert.subject, new.alert.text) == (
        AlertKind.NOTICE, "Channel mail does not deliver", "It is down.",
    )  # fmt: skip
    assert new.alert.timezone == "Asia/Beirut"
    assert [(one.channel, one.address) for one in new.deliveries] == [("slack", ""), ("mail", "ops@example.org")]
    assert alerting.notice(window="w1", **{**make, "text": "other"}).alert.key == new.alert.key
    assert alerting.notice(window="w2", **make).alert.key != new.alert.key


def test_the_test_alert_is_an_example_of_a_real_one():
    test = alerting.test_alert(subscriber_id="desk", now=NOW, window="w")
    assert test.kind is AlertKind.TEST
    assert test.article.published < NOW == test.article.first_seen
    for excerpt in test.reasons[0].excerpts:
        assert [excerpt.text[a:b] for a, b in excerpt.marks] != [""]
    assert {tier for _, tier in test.reasons[0].words} == {Tier.EXACT, Tier.TRANSLITERATED}
    assert test.key != alerting.test_alert(subscriber_id="desk", now=NOW, window="w2").key


def test_lines_keep_what_an_alert_was_about():
    pending, alerts = backlog(*[ROUTINE] * 4)
    alerts["a4"] = alert(
        key="a4", severity=ROUTINE, article=card(outlet=None, rtl=True), reasons=(reason(), reason("x", rule_title="X"))
    )
    new, _, _ = catch_up(pending, alerts, now=NOW, settings=SETTINGS)
    (line,) = new.alert.lines
    assert (line.outlet, line.rtl, line.rules) == ("World", True, ("Khmeimim air base", "X"))
