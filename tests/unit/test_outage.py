"""When it is our own network: what counts, when it begins and when it is over."""

from datetime import UTC, datetime, timedelta

from monitor.engine.outage import Outage
from monitor.model import FetchErrorKind, FetchFailed, NotModified, Validators

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOD = NotModified(validators=Validators())


def failed(kind=FetchErrorKind.DNS):
    return FetchFailed(kind=kind, detail="no")


def asked(outage, good=0, bad=0, *, kind=FetchErrorKind.DNS, known_bad=False, first=0):
    for number in range(good + bad):
        outage.note(f"h{first + number}", GOOD if number < good else failed(kind), known_bad=known_bad)
    return outage


def test_nine_in_ten_of_ten_hosts_at_least():
    assert not asked(Outage(), bad=9).turned(NOW)
    assert asked(Outage(), bad=10).turned(NOW)
    assert asked(Outage(), good=1, bad=9).turned(NOW)
    assert not asked(Outage(), good=2, bad=10).turned(NOW)


def test_a_host_counts_once_and_only_the_last_hosts_count():
    one = Outage()
    for _ in range(50):
        one.note("a", failed(), known_bad=False)
    assert not one.turned(NOW)
    assert asked(asked(Outage(), good=100), bad=30, first=100).turned(NOW)


def test_what_is_an_answer_is_no_outage_and_what_is_known_to_be_bad_says_nothing():
    assert not asked(Outage(), bad=30, kind=FetchErrorKind.STATUS).turned(NOW)
    assert not asked(Outage(), bad=30, known_bad=True).turned(NOW)
    begun = asked(Outage(), bad=30)
    assert begun.turned(NOW)
    asked(begun, bad=30, known_bad=True)  # now everything says something
    assert begun.tally() == "dns 30"


def test_it_is_over_when_half_of_the_hosts_answer_and_feeds_are_told_of_two_periods_later():
    outage = asked(Outage(), bad=30)
    assert not outage.holds(NOW, MINUTE)
    assert outage.turned(NOW)
    assert outage.holds(NOW, MINUTE)
    assert not outage.turned(NOW)
    assert "No host" in outage.notice(NOW)[0]
    asked(outage, good=14)
    assert not outage.turned(NOW)
    asked(outage, good=15)
    assert outage.turned(NOW + 60 * MINUTE)
    assert outage.notice(NOW + 60 * MINUTE)[1] == "Hosts answer again after 1h."
    assert outage.holds(NOW + 61 * MINUTE, MINUTE)
    assert not outage.holds(NOW + 62 * MINUTE, MINUTE)
    assert not outage.holds(NOW, MINUTE)  # a clock that was set back holds nothing up
