"""Who is told in the end: the settings, those added at run time, what they chose, addresses that take nothing."""

from dataclasses import replace

import pytest
from support.made import MAIL, NOW, rule, subscriber
from support.waiting import RULES, decide, desk, reasons, row

from monitor import alerting
from monitor.model import CANARY, Choices, Person, PersonState, Recipient, Route, Severity, SuppressionReason


def person(**given):
    return Person(**{"id": "p", "title": "P", "channel": "mail", "addresses": ("p@example.org",), "since": NOW} | given)


def test_somebody_added_at_run_time_is_a_subscriber_with_one_route():
    made = alerting.subscriber_of(
        person(rules=("base",), kinds=("person",), severity="urgent", cadence="daily at 08:00", timezone="Asia/Beirut",
               quiet=("22:00-07:00",))
    )  # fmt: skip
    (route,) = made.routes
    assert route.recipients == made.recipients == (Recipient(channel="mail", address="p@example.org"),)
    assert (route.rules, made.severity, made.timezone) == (("base",), Severity.URGENT, "Asia/Beirut")
    assert (route.cadence.hours, len(route.quiet)) == ((8,), 1)
    assert alerting.subscriber_of(person(addresses=())).recipients == (Recipient(channel="mail"),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cadence": "sometimes"}, "sometimes"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"timezone": "../etc/passwd"}, "IANA"),
        ({"quiet": ("00:00-24:00",)}, "no time of the week"),
        ({"quiet": ("noon",)}, "noon"),
        ({"severity": "loud"}, "loud"),
        ({"kinds": ("fish",)}, "fish"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(given, message):
    with pytest.raises(ValueError, match=message):
        alerting.subscriber_of(person(**given))


def test_the_settings_count_before_those_added_and_those_removed_are_not_there():
    settled = subscriber("p", title="Of the settings")
    others = [
        person(),
        person(id="gone", state=PersonState.REMOVED),
        person(id="new"),
        person(id="asked", state=PersonState.PENDING),
    ]
    found = alerting.effective([settled], others, {}, frozenset())
    assert [(one.id, one.title) for one in found] == [("p", "Of the settings"), ("new", "P")]


def test_an_address_that_bounced_gets_nothing_whoever_names_it():
    slack = Recipient(channel="slack")
    upper = Recipient(channel="mail", address=MAIL.address.upper())
    one = subscriber(routes=(Route(id="a", recipients=(MAIL, slack)), Route(id="b", recipients=(upper,))))
    (found,) = alerting.effective([one], [], {}, frozenset({MAIL.address.lower()}))
    assert [route.recipients for route in found.routes] == [(slack,), ()]
    assert found.recipients == (slack,)
    assert alerting.effective([one], [], {}, frozenset({"other@example.org"})) == (one,)


def test_what_they_chose_counts_but_not_for_the_canary():
    one = subscriber(routes=(Route(id=CANARY, rules=(CANARY,)), Route(id="main")))
    chosen = Choices(
        subscriber_id="desk", without=("base",), cadence="hourly", timezone="Asia/Gaza", quiet=("23:00-05:00",),
        paused="holiday", at=NOW,
    )  # fmt: skip
    (found,) = alerting.effective([one], [], {"desk": chosen}, frozenset())
    canary, main = found.routes
    assert canary == one.routes[0]
    assert (main.cadence.text, len(main.quiet), found.timezone) == ("hourly", 1, "Asia/Gaza")
    assert (found.without, found.paused) == (("base",), "holiday")
    nothing = Choices(subscriber_id="desk", at=NOW)
    assert (nothing.is_empty(), chosen.is_empty()) == (True, False)
    assert alerting.effective([one], [], {"desk": nothing}, frozenset()) == (replace(one, routes=one.routes),)


def test_a_rule_that_they_left_is_not_taken_nor_told_while_it_waits():
    who = replace(desk(Route()), without=("base",))
    made = decide([row(1, "base", "trade")], who=who)
    assert reasons(made) == {(1, "base"): SuppressionReason.NOT_TAKEN}
    assert [one.by for one in made.suppressed] == ["unsubscribed from this rule"]
    assert not alerting.takes(who, RULES["base"])
    assert alerting.takes(who, RULES["trade"])
    assert not alerting.takes(desk(Route(rules=("port",))), rule("other"))
