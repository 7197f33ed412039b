"""Which hits go which route: the first that takes them, preferences, and what of a revision is news."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.made import MAIL, NOW, article, match, rule, subscriber
from support.waiting import HOUR

from monitor import alerting
from monitor.alerting import parse_cadence, recipients_of, routes_of
from monitor.alerting.taking import routed, takes_rule, unwanted
from monitor.model import Preference, Recipient, Route, RuleKind, Severity, TakenHit

RULES = {
    one.id: one
    for one in (
        rule("khmeimim", kind=RuleKind.BASE, labels={"country": "sy"}, severity=Severity.URGENT),
        rule("lavrov", kind=RuleKind.PERSON, severity=Severity.FLASH),
        rule("trade", kind=RuleKind.TOPIC),
    )
}
ALL = tuple(match(one.id, severity=one.severity) for one in RULES.values())
HITS = tuple(TakenHit(rule_id=one.id, severity=one.severity) for one in RULES.values())
waiting = partial(
    alerting.waiting,
    article(lang="en"),
    before={},
    revision=0,
    changed=False,
    story="s1",
    rules=RULES,
    subscribers=(),
    now=NOW,
)


def ids(rows):
    return [(row.subscriber_id, row.route, [hit.rule_id for hit in row.hits]) for row in rows]


def test_the_short_form_of_a_subscriber_is_one_route():
    (route,) = routes_of(subscriber(rules=("trade",), labels=(("country", "sy"),), severity=Severity.URGENT))
    assert (route.id, route.recipients, route.rules) == ("main", (MAIL,), ("trade",))
    assert (route.severities, route.cadence.is_now) == ((Severity.FLASH, Severity.URGENT), True)
    own = (Route(id="a", recipients=(MAIL,)), Route(id="b", recipients=(Recipient(channel="slack"), MAIL)))
    assert routes_of(subscriber(routes=own)) == own
    assert recipients_of(own) == (MAIL, Recipient(channel="slack"))


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, {"khmeimim", "lavrov", "trade"}),
        ({"rules": ("trade",)}, {"trade"}),
        ({"kinds": (RuleKind.PERSON,)}, {"lavrov"}),
        ({"labels": (("country", "sy"),)}, {"khmeimim"}),
        ({"labels": (("country", "ru"),)}, set()),
        ({"rules": ("trade",), "kinds": (RuleKind.PERSON,)}, {"trade", "lavrov"}),
        ({"severities": (Severity.URGENT,)}, {"khmeimim"}),
    ],
)
def test_which_rules_a_route_takes(given_, expected):
    assert {one.id for one in RULES.values() if takes_rule(Route(**given_), one, one.severity)} == expected


@pytest.mark.parametrize(
    ("given_", "outlet", "lang", "expected"),
    [
        ({}, None, None, None),
        ({"languages": Preference(only=("en", "ar"))}, "X", "ru", "language ru"),
        ({"languages": Preference(only=("en", "ar"))}, "X", "ar", None),
        ({"languages": Preference(only=("en",))}, "X", None, None),  # nobody knows: better one too many
        ({"languages": Preference(never=("ru",))}, "X", "ru", "language ru"),
        ({"outlets": Preference(never=("Daily Noise",))}, "daily noise", "en", "outlet daily noise"),
        ({"outlets": Preference(only=("Reuters",))}, "Reuters", "en", None),
        ({"outlets": Preference(only=("Reuters",))}, None, "en", "no outlet"),
    ],
)
def test_what_a_route_does_not_want(given_, outlet, lang, expected):
    assert unwanted(Route(**given_), outlet, lang) == expected


def test_a_hit_goes_the_first_route_that_takes_it_and_on_only_where_it_says_so():
    loud = Route(id="loud", severities=(Severity.FLASH,))
    rest = Route(id="rest", cadence=parse_cadence("hourly"))
    rows = waiting(ALL, subscribers=[subscriber(routes=(loud, rest))])
    assert ids(rows) == [("desk", "loud", ["lavrov"]), ("desk", "rest", ["khmeimim", "trade"])]
    assert [row.due for row in rows] == [NOW, NOW + HOUR]
    also = Route(id="loud", severities=(Severity.FLASH,), also=True)
    rows = waiting(ALL, subscribers=[subscriber(routes=(also, rest))])
    assert ids(rows) == [("desk", "loud", ["lavrov"]), ("desk", "rest", ["khmeimim", "lavrov", "trade"])]
    (row,) = waiting(ALL[:1], subscribers=[subscriber()])
    assert (row.article_key, row.feed_id, row.outlet, row.lang, row.story, row.since, row.held) == (
        "k1", "f", "Example News", "en", "s1", NOW, None,
    )  # fmt: skip


def test_what_only_a_preference_keeps_out_waits_to_be_suppressed():
    arabic = Route(id="arabic", languages=Preference(only=("ar",)))
    assert ids(waiting(ALL[:1], subscribers=[subscriber(routes=(arabic,))])) == [("desk", "arabic", ["khmeimim"])]
    both = (arabic, Route(id="rest"))
    assert ids(waiting(ALL[:1], subscribers=[subscriber(routes=both)])) == [("desk", "rest", ["khmeimim"])]


def test_nobody_who_takes_none_of_it_waits():
    assert waiting(ALL[:1], subscribers=[subscriber(rules=("trade",))]) == ()
    assert routed(subscriber(), [TakenHit(rule_id="gone", severity=Severity.FLASH)], RULES, None, None) == {}


def test_of_a_revision_only_what_differs_is_news():
    before = {one.rule_id: one.severity for one in HITS[:2]}
    people = subscriber("people", kinds=(RuleKind.PERSON,))
    same = waiting(ALL[:2], before=before, revision=1, subscribers=[subscriber(), people])
    assert same == ()
    rows = waiting(ALL[1:], before=before, revision=1, subscribers=[subscriber(), people])
    assert ids(rows) == [("desk", "main", ["trade"])]
    assert (rows[0].dropped, rows[0].revision, rows[0].severity) == (("khmeimim",), 1, Severity.ROUTINE)
    lost = waiting((), before=before, revision=2, subscribers=[people])
    assert [(row.hits, row.dropped) for row in lost] == [((), ("lavrov",))]
    raised = waiting(ALL[:1], before={"khmeimim": Severity.ROUTINE}, revision=1, subscribers=[subscriber()])
    assert ids(raised) == [("desk", "main", ["khmeimim"])]


@given(
    routes=st.lists(
        st.builds(
            Route,
            id=st.sampled_from("abc"),
            rules=st.sampled_from([(), ("trade",), ("lavrov", "khmeimim")]),
            severities=st.sampled_from([tuple(Severity), (Severity.FLASH,), (Severity.ROUTINE,)]),
            languages=st.sampled_from([Preference(), Preference(only=("ar",))]),
            also=st.booleans(),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda route: route.id,
    ),
    lang=st.sampled_from([None, "en", "ar"]),
)
def test_a_hit_that_any_route_takes_waits_on_at_least_one_and_without_continue_on_only_one(routes, lang):
    found = routed(subscriber(routes=tuple(routes)), HITS, RULES, "X", lang)
    for hit in HITS:
        ways = [name for name, taken in found.items() if hit in taken]
        assert bool(ways) == any(takes_rule(route, RULES[hit.rule_id], hit.severity) for route in routes)
        assert len(ways) <= 1 or any(route.also for route in routes)
