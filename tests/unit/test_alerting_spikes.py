"""Spikes: what is unusual for a rule at this time of day, how it is told, and how seldom chance alone makes one."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import MAIL, NOW, card, rule, subscriber

from monitor.alerting import parse_quiet
from monitor.alerting.spikes import Spike, SpikeTold, spike, spike_alert, watched
from monitor.model import AlertKind, DigestReason, Route, RuleKind, Severity
from monitor.settings import SpikeSettings

HOUR = timedelta(hours=1)
MONTH = 28 * 24
SETTINGS = SpikeSettings()
BASE = rule("base", kind=RuleKind.BASE, severity=Severity.URGENT, labels={"country": "sy"}, title="Khmeimim air base")
FOUND = Spike(rule_id="base", count=23, low=2, high=5, chance=1e-9, window=HOUR)


def poisson(mean, chance):
    """A count of that mean, by the times between arrivals."""
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count, left = count + 1, left + chance.expovariate(1)
    return count


def usual(mean, seed=1, length=MONTH):
    chance = random.Random(seed)
    return [poisson(mean, chance) for _ in range(length)]


HISTORIES = (usual(0.1), usual(4), usual(30), ([2] * 23 + [30]) * 28, usual(2, length=7 * 24))


def test_many_more_than_usual_are_a_spike_that_says_what_is_usual():
    found = spike("base", [23, *usual(3.5)], SETTINGS)
    assert (found.text, found.rule_id) == ("23 in the last hour; usual 2 to 6", "base")
    assert found.chance < 1e-8
    assert spike("base", [4, *usual(3.5)], SETTINGS) is None
    assert spike("base", [3000, *usual(1000)[: 7 * 24]], SETTINGS) is not None  # no underflow
    assert spike("base", [1050, *usual(1000)[: 7 * 24]], SETTINGS) is None


def test_what_comes_at_this_time_every_day_is_no_spike():
    daily = ([2] * 23 + [30]) * 28
    assert spike("base", [30, *daily], SETTINGS) is None
    assert spike("base", [60, *daily], SETTINGS).high == 30
    an_hour_earlier = ([30] + [2] * 23) * 28  # what comes daily does not come on the minute
    assert spike("base", [30, *an_hour_earlier], SETTINGS) is None
    once = [30 if hour == 23 else 1 for hour in range(MONTH)]
    assert spike("base", [30, *once], replace(SETTINGS, odds=10)) is None  # it was there before
    night = spike("base", [30, *([2] * 10 + [30] + [2] * 13) * 28], SETTINGS)  # the same number, when it is not usual
    assert night.text == "30 in the last hour; usual 2"


def test_a_rule_that_never_hit_needs_the_least_number_and_one_that_is_new_a_week():
    assert spike("base", [4, *[0] * MONTH], SETTINGS) is None
    assert spike("base", [5, *[0] * MONTH], SETTINGS).text == "5 in the last hour; usual 0"
    assert spike("base", [50, *[0] * (7 * 24)], SETTINGS) is not None
    assert spike("base", [50, *[0] * (7 * 24 - 1)], SETTINGS) is None
    assert spike("base", [50], SETTINGS) is None


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (timedelta(days=1), "day"), (6 * HOUR, "6 hours"), (timedelta(minutes=15), "15 minutes"),
        (timedelta(minutes=1), "minute"), (timedelta(seconds=30), "30 seconds"),
    ],
)  # fmt: skip
def test_a_window_may_be_longer_or_shorter(window, text):
    a_day = timedelta(days=1) // window
    found = spike("base", [40, *usual(1, length=a_day * 8)], replace(SETTINGS, window=window))
    assert found.text.startswith(f"40 in the last {text}; usual")


@pytest.mark.parametrize(("mean", "spread"), [(0.2, 0), (3, 0), (20, 0), (3, 2), (10, 1)])
def test_chance_alone_seldom_makes_a_spike(mean, spread):
    chance = random.Random(7)
    alarms = 0
    for _ in range(100):
        counts = [
            poisson(chance.gammavariate(spread, mean / spread) if spread else mean, chance) for _ in range(14 * 24)
        ]
        alarms += spike("base", counts, SETTINGS) is not None
    assert alarms == 0


def test_a_count_that_scatters_without_bound_is_no_surprise():
    wild = [0 if hour // 72 % 2 else 100_000 for hour in range(MONTH)]
    assert spike("base", [350_000, *wild], SETTINGS) is None
    assert spike("base", [900_000, *wild], SETTINGS) is not None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=24, max_size=24).map(lambda day: day * 8),
    st.integers(5, 3000),
    st.integers(1, 100),
)
def test_more_hits_are_never_less_of_a_spike(history, count, more):
    one, other = spike("base", [count, *history], SETTINGS), spike("base", [count + more, *history], SETTINGS)
    assert one is None or (other is not None and other.chance <= one.chance)


def test_the_first_settings_that_name_a_rule_count_for_it():
    by_label = SpikeSettings(labels=(("country", "sy"),))
    by_kind = SpikeSettings(kinds=(RuleKind.PERSON,))
    by_id = SpikeSettings(rules=("base",))
    assert watched(BASE, [by_kind, by_label, by_id]) is by_label
    assert watched(BASE, [by_kind, by_id]) is by_id
    assert watched(BASE, [by_kind]) is None
    assert watched(BASE, [by_kind, SETTINGS]) is SETTINGS


def told(who=None, last=None, **given_):
    articles = given_.pop("articles", {f"k{n}": (card(key=f"k{n}"), NOW - n * timedelta(minutes=9)) for n in range(5)})
    return spike_alert(
        FOUND, rule=BASE, subscriber=who or subscriber(), settings=SETTINGS, last=last, articles=articles, now=NOW
    )


def test_a_spike_is_told_with_its_articles():
    new = told()
    alert = new.alert
    assert (alert.kind, alert.period.reason, alert.subject) == (
        AlertKind.DIGEST,
        DigestReason.SPIKE,
        "Khmeimim air base",
    )
    assert (alert.period.note, sum(alert.period.bars)) == ("23 in the last hour; usual 2 to 5", 5)
    assert [line.at for line in alert.lines] == sorted((line.at for line in alert.lines), reverse=True)
    assert [(one.channel, one.address) for one in new.deliveries] == [("mail", MAIL.address)]
    many = told(articles={f"k{n}": (card(key=f"k{n}"), NOW) for n in range(300)})
    assert (len(many.alert.lines), many.alert.period.note[-27:]) == (200, "; the newest 200 are listed")


def test_a_spike_is_told_once_until_it_rests_or_doubles_to_those_who_take_the_rule_and_are_awake():
    assert told(last=SpikeTold(at=NOW - HOUR, count=12)) is None
    assert told(last=SpikeTold(at=NOW - HOUR, count=11)) is not None
    assert told(last=SpikeTold(at=NOW - 6 * HOUR, count=23)) is not None
    assert told(subscriber(rules=("other",))) is None
    quiet = Route(recipients=(MAIL,), quiet=(parse_quiet("00:00-12:00"),))
    assert told(subscriber(routes=(quiet,))) is None
    assert told(subscriber(routes=(replace(quiet, quiet_bypass=Severity.URGENT),))) is not None
