"""Routes, cadences, quiet hours and spikes in the settings file: what they come to, and every mistake with its place."""

from datetime import timedelta

import pytest

from monitor.alerting import parse_cadence, parse_quiet
from monitor.config import load, load_settings
from monitor.errors import ConfigError
from monitor.model import Preference, Recipient, Route, RuleKind, Severity
from monitor.settings import SpikeSettings

HEAD = """\
outlets: {bbc: {title: BBC News}, tass: {title: TASS}}
channels: {box: {kind: maildir, path: x}, loud: {kind: maildir, path: y}}
"""
FULL = (
    HEAD
    + """\
subscribers:
  - id: desk
    channels: [box]
    kinds: base
    timezone: Europe/Berlin
    severity: severity>=urgent
    languages: {only: [en, ar]}
    outlets: {never: tass}
    quiet_hours: [22:00-07:00]
    quiet_bypass: never
    group_wait: 30s
    updates: {outlets: [5, 50], languages: false, after: 0s}
    routes:
      - {id: loud, severity: flash, channels: [loud], quiet_hours: [], continue: true}
      - rules: [tartus, putin]
        severity: "<flash"
        cadence: weekly on mon at 08:00
        languages: {never: ru}
        outlets: {only: bbc}
        quiet_bypass: urgent
        group_wait: 0s
        group_interval: 1h
        max_per_hour: 0
        updates: {}
        inhibit: false
        empty_digests: false
spikes:
  - {kinds: base, labels: {country: sy}, window: 6h, at_least: 3, odds: 100, rest: 1d}
  - {}
"""
)


def write(folder, text):
    file = folder / "monitor.yaml"
    file.write_text(text)
    return file


def faults(folder, text):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text), {})
    return caught.value.faults


def test_a_route_takes_from_its_subscriber_what_it_does_not_say(tmp_path):
    settings = load_settings(write(tmp_path, FULL), {})
    (desk,) = settings.subscribers
    loud, weekly = desk.routes
    assert loud == Route(
        id="loud",
        recipients=(Recipient(channel="loud"),),
        kinds=(RuleKind.BASE,),
        severities=(Severity.FLASH,),
        languages=Preference(only=("en", "ar")),
        outlets=Preference(never=("TASS",)),
        quiet_bypass=None,
        group_wait=timedelta(seconds=30),
        update_outlets=(5, 50),
        update_languages=False,
        update_after=None,
        also=True,
    )
    assert weekly == Route(
        id="2",
        recipients=(Recipient(channel="box"),),
        rules=("tartus", "putin"),
        severities=(Severity.URGENT, Severity.ROUTINE),
        languages=Preference(never=("ru",)),
        outlets=Preference(only=("BBC News",)),
        cadence=parse_cadence("weekly on mon at 08:00"),
        quiet=(parse_quiet("22:00-07:00"),),
        quiet_bypass=Severity.URGENT,
        group_interval=timedelta(hours=1),
        max_per_hour=0,
        inhibit=False,
        empty_digests=False,
    )
    assert desk.recipients == (Recipient(channel="loud"), Recipient(channel="box"))
    assert (desk.severity, desk.timezone) == (Severity.URGENT, "Europe/Berlin")


def test_spikes(tmp_path):
    one, two = load_settings(write(tmp_path, FULL), {}).spikes
    assert one == SpikeSettings(
        kinds=(RuleKind.BASE,),
        labels=(("country", "sy"),),
        window=timedelta(hours=6),
        at_least=3,
        odds=100,
        rest=timedelta(days=1),
    )
    assert two == SpikeSettings()


def test_the_short_form_is_one_route_with_the_defaults(tmp_path):
    text = HEAD + "subscribers: [{id: desk, channels: [box], rules: [a], labels: {desk: mena}, severity: urgent}]\n"
    (desk,) = load_settings(write(tmp_path, text), {}).subscribers
    assert desk.routes == (
        Route(
            recipients=(Recipient(channel="box"),),
            rules=("a",),
            labels=(("desk", "mena"),),
            severities=(Severity.FLASH, Severity.URGENT),
        ),
    )
    assert (desk.rules, desk.labels, desk.severity) == (("a",), (("desk", "mena"),), Severity.URGENT)


def test_a_subscriber_needs_no_channels_if_every_route_has_its_own(tmp_path):
    text = HEAD + "subscribers: [{id: desk, routes: [{channels: [box], severity: flash}, {channels: [loud, box]}]}]\n"
    (desk,) = load_settings(write(tmp_path, text), {}).subscribers
    assert desk.recipients == (Recipient(channel="box"), Recipient(channel="loud"))


def test_the_subscriber_of_the_canary_has_a_route_for_it(tmp_path):
    text = HEAD + "subscribers: [{id: desk, channels: [box], rules: [a]}]\ncanary: {subscriber: desk}\n"
    (desk,) = load_settings(write(tmp_path, text), {}).subscribers
    canary, main = desk.routes
    assert (canary.id, canary.rules, canary.recipients, canary.max_per_hour) == (
        "canary",
        ("canary",),
        desk.recipients,
        0,
    )
    assert (canary.cadence.is_now, main.rules) == (True, ("a",))


def test_the_environment_may_set_a_cadence(tmp_path):
    text = HEAD + "subscribers: [{id: desk, channels: [box], routes: [{id: slow}]}]\n"
    variables = {
        "MONITOR_SUBSCRIBERS__DESK__CADENCE": "hourly",
        "MONITOR_SUBSCRIBERS__DESK__ROUTES__SLOW__SEVERITY": "flash",
    }
    (desk,) = load_settings(write(tmp_path, text), variables).subscribers
    assert (desk.routes[0].cadence, desk.routes[0].severities) == (parse_cadence("hourly"), (Severity.FLASH,))


def one(keys):
    return HEAD + f"subscribers:\n- {{id: d, channels: [box], {keys}}}\n"


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        (one("cadence: dayly"), "subscribers[0].cadence: expected now, hourly, daily at 08:00,", 4, 37),
        (one("cadence: 12"), "YAML reads 12 as a number; quote it", 4, 37),
        (one('cadence: "70 * * * *"'), "expected 0 to 59 for the minute", 4, 37),
        (one("quiet_hours: [22-7]"), "subscribers[0].quiet_hours[0]: expected quiet hours such as 22:00-07:00", 4, 42),
        (one("quiet_hours: 00:00-24:00"), "leave no time of the week", 4, 41),
        (one("routes: [{quiet_hours: 00:00-24:00}]"), "leave no time of the week", 4, 51),
        (one("quiet_bypass: loud"), "expected one of flash, urgent, routine, never", 4, 42),
        (one('severity: "=>urgent"'), "expected one of flash, urgent, routine, or an expression", 4, 38),
        (one("languages: {only: [english]}"), "expected a language code", 4, 47),
        (one("languages: {only: en, never: en}"), "the same language is in both only and never", 4, 39),
        (one("outlets: {only: [bbd]}"), 'did you mean "bbc"?', 4, 45),
        (one("outlets: {only: bbc, never: [tass, bbc]}"), "the same outlet is in both only and never", 4, 37),
        (one("outlets: {onyl: bbc}"), 'unknown key "onyl"; did you mean "only"?', 4, 38),
        (one("updates: {outlets: [7, 3]}"), "updates.outlets: must grow from one to the next", 4, 47),
        (one("updates: {outlets: [1]}"), "must be at least 2", 4, 48),
        (one("max_per_hour: -1"), "must be at least 0", 4, 42),
        (one("group_wait: soon"), "expected a duration", 4, 40),
        (one("routes: []"), "must have at least one entry", 4, 36),
        (one("routes: [{cadense: now}]"), 'unknown key "cadense"; did you mean "cadence"?', 4, 38),
        (one("routes: [{channels: [bx]}]"), 'did you mean "box"?', 4, 49),
        (one("routes: [{id: a}, {id: a}]"), 'another route of this subscriber has the id "a"', 4, 51),
        (one("routes: [{id: canary}]"), 'another route of this subscriber has the id "canary"', 4, 42),
        (HEAD + "subscribers:\n- {id: d, routes: [{channels: [box]}, {id: a}]}\n", 'subscribers[0].routes[1]: the key "channels" is missing', 4, 39),
        (HEAD + "spikes: [{window: 7h}]\n", "spikes.window: must divide a day", 3, 19),
        (HEAD + "spikes: [{at_least: 1}]\n", "must be at least 2", 3, 21),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path, text, message, line, column):
    (fault,) = faults(tmp_path, text)
    assert message in fault.message
    assert (fault.line, fault.column) == (line, column)


def test_routes_and_spikes_may_only_name_rules_that_exist(tmp_path):
    (tmp_path / "rules").mkdir()
    rules = "rules: [{id: tartus, kind: base, title: T, names: [Tartus]}]\n"
    (tmp_path / "rules" / "r.yaml").write_text(rules)
    text = HEAD + "subscribers:\n- {id: d, channels: [box], routes: [{rules: [tartos]}]}\nspikes: [{rules: putin}]\n"
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    assert [(fault.message, fault.line) for fault in caught.value.faults] == [
        ('"tartos" is not among rules; did you mean "tartus"?', 4),
        ('"putin" is not among rules', 5),
    ]


@pytest.mark.parametrize(
    ("routes", "warned"),
    [
        ("{id: a}, {id: b, severity: flash}", True),
        ("{id: a, severity: flash}, {id: b}", False),
        ("{id: a, continue: true}, {id: b}", False),
        ("{id: a, languages: {only: en}}, {id: b}", False),
        ("{id: a, languages: {only: en}}, {id: b, languages: {only: en}, kinds: base}", True),
        ("{id: a, kinds: base}, {id: b, kinds: base}", True),
        ("{id: a, kinds: base}, {id: b, kinds: person}", False),
        ("{id: a, outlets: {never: bbc}}, {id: b}", False),
    ],
)
def test_a_route_that_gets_nothing_is_warned_of(tmp_path, routes, warned):
    (tmp_path / "rules").mkdir()
    warnings = load(write(tmp_path, one(f"routes: [{routes}]")), {}).warnings
    found = [warning for warning in warnings if "gets nothing" in warning]
    assert found == (
        [f'{tmp_path / "monitor.yaml"}:4: the route "b" gets nothing: "a" before it takes all of it'] if warned else []
    )
