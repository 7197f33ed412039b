"""Who is told what and when: every hit in exactly one place, one alert a story, what is held comes out, digests omit nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made import NOW
from support.waiting import HOUR, RULES, Bookkeeper, buckets, decide, desk, hits, reasons, row, told, wanted

from monitor import alerting
from monitor.alerting import UpdateCause, parse_cadence, parse_quiet
from monitor.model import (
    AlertKind,
    DigestReason,
    HoldReason,
    Preference,
    Route,
    Sent,
    Severity,
    Silence,
    StoryFacts,
    SuppressionReason,
)

MINUTE = timedelta(minutes=1)
NIGHT = (parse_quiet("22:00-07:00"),)


def silence(**given):
    defaults = {"id": "s1", "author": "ana", "since": NOW - HOUR, "until": NOW + HOUR, "reason": "a drill"}
    return Silence(**{**defaults, **given})


def kinds(decisions):
    return [tell.kind for tell in decisions.tells]


# ── One alert a story ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hit_is_told_at_once():
    made = decide([row(1, "base")])
    (tell,) = made.tells
    (story,) = tell.stories
    assert (tell.kind, tell.severity, tell.digest, story.causes) == (
        AlertKind.ARTICLE, Severity.FLASH, None, (UpdateCause.NEW,),
    )  # fmt: skip
    assert (story.after.rules, story.after.articles, story.after.alert_key) == ({"base"}, {"k1"}, tell.key)
    assert (made.held, made.suppressed, made.due) == ((), (), None)


def test_all_that_waits_of_a_story_is_one_alert_led_by_the_most_severe():
    rows = [row(1, "trade"), row(2, "port", story="s1"), row(3, "port", story="s1", since=NOW - MINUTE)]
    made = decide(rows)
    (tell,) = made.tells
    assert [one.row.id for one in tell.stories[0].rows] == [3, 2, 1]
    assert tell.stories[0].after.outlets == 3  # counted, as nobody knew better
    assert buckets(made) == wanted(rows)


def test_copies_of_a_story_that_was_told_are_suppressed_until_there_are_enough():
    before = told(outlets=2)
    few = decide([row()], before=[before], stories={"s1": StoryFacts(outlets=2, languages=frozenset({"en"}))})
    assert reasons(few) == {(1, "trade"): SuppressionReason.STORY}
    assert few.suppressed[0].by == "alert a1"
    many = decide([row(), row(2, story="s1")], before=[before], stories={"s1": StoryFacts(outlets=3)})
    (tell,) = many.tells
    assert (tell.kind, tell.stories[0].causes) == (AlertKind.UPDATE, (UpdateCause.OUTLETS,))
    assert len(tell.stories[0].rows) == 2
    after = tell.stories[0].after
    assert (after.alert_key, after.alerts, after.outlets, after.last_at) == ("a1", 2, 3, NOW)
    assert (after.first_at, after.languages) == (before.first_at, {"en"})


@pytest.mark.parametrize(
    ("was", "now", "causes"),
    [
        (1, 2, ()),
        (2, 3, (UpdateCause.OUTLETS,)),
        (3, 6, ()),
        (6, 40, (UpdateCause.OUTLETS,)),
        (30, 59, ()),
        (31, 60, (UpdateCause.OUTLETS,)),
        (61, 119, ()),
        (100, 500, (UpdateCause.OUTLETS,)),
    ],
)
def test_updates_come_at_certain_numbers_of_outlets_and_then_at_each_doubling(was, now, causes):
    made = decide([row()], before=[told(outlets=was)], stories={"s1": StoryFacts(outlets=now)})
    assert [tell.stories[0].causes for tell in made.tells] == ([causes] if causes else [])


def test_a_new_language_and_hours_without_a_word_make_an_update_unless_they_are_switched_off():
    arabic = {"s1": StoryFacts(outlets=1, languages=frozenset({"en", "ar"}))}
    (tell,) = decide([row()], before=[told()], stories=arabic).tells
    assert tell.stories[0].causes == (UpdateCause.LANGUAGE,)
    later = {"s1": StoryFacts(outlets=2, languages=frozenset({"en"}))}
    long_ago = told(last_at=NOW - 6 * HOUR)
    (tell,) = decide([row()], before=[long_ago], stories=later).tells
    assert tell.stories[0].causes == (UpdateCause.TIME,)
    off = desk(Route(update_languages=False, update_after=None, update_outlets=()))
    everything = {"s1": StoryFacts(outlets=99, languages=frozenset({"en", "ar"}))}
    assert decide([row()], who=off, before=[long_ago], stories=everything).tells == ()


def test_no_update_comes_of_time_alone_or_of_a_count_that_falls_and_rises():
    same = {"s1": StoryFacts(outlets=2, languages=frozenset({"en"}))}
    assert decide([row()], before=[told(outlets=2, last_at=NOW - 99 * HOUR)], stories=same).tells == ()
    (tell,) = decide([row(1, "port")], before=[told(outlets=9)], stories=same).tells
    assert tell.stories[0].after.outlets == 9


def test_a_rule_that_was_not_told_and_a_higher_severity_are_an_update():
    (tell,) = decide([row(1, "port", "trade")], before=[told()]).tells
    assert (tell.kind, tell.stories[0].causes) == (AlertKind.UPDATE, (UpdateCause.RULE, UpdateCause.SEVERITY))
    assert tell.stories[0].rows[0].rules == ("port", "trade")
    raised = row(1, hits=(replace(hits("trade")[0], severity=Severity.URGENT),))
    (tell,) = decide([raised], before=[told()]).tells
    assert tell.stories[0].causes == (UpdateCause.SEVERITY,)


def test_a_changed_article_alerts_if_its_rules_changed_and_only_once_for_each_change():
    before = told(articles=frozenset({"k1"}))
    (tell,) = decide([row(1, "grain", revision=1)], before=[before]).tells
    assert tell.kind is AlertKind.REVISION
    lost = row(1, revision=1, hits=(), dropped=("trade",))
    (tell,) = decide([lost], before=[before]).tells
    assert (tell.kind, tell.stories[0].causes) == (AlertKind.REVISION, (UpdateCause.CHANGED,))
    after = tell.stories[0].after
    assert after.dropped == {("k1", "trade")}
    again = decide(
        [row(2, "trade", story="s1", article_key="k1", revision=2), replace(lost, revision=3)], before=[after]
    )
    assert again.tells == ()
    assert reasons(again) == {(2, "trade"): SuppressionReason.DUPLICATE, (1, ""): SuppressionReason.DUPLICATE}


def test_what_changes_in_a_copy_that_nobody_was_told_of_is_no_news():
    lost = row(1, revision=1, hits=(), dropped=("trade",))
    assert reasons(decide([lost], before=[told()])) == {(1, ""): SuppressionReason.DUPLICATE}
    untold = decide([lost])
    assert reasons(untold) == {(1, ""): SuppressionReason.DUPLICATE}
    assert untold.suppressed[0].by == "nothing of it was told"
    together = decide([row(2, article_key="k1", story="s1"), lost])
    assert kinds(together) == [AlertKind.ARTICLE]
    assert buckets(together) == {(2, "trade"): 1, (1, ""): 1}


def test_an_article_that_hits_only_after_a_change_says_so():
    assert kinds(decide([row(1, revision=2)])) == [AlertKind.REVISION]


# ── What is never told ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given_", "muted"),
    [
        ({"rule": "trade"}, {"trade"}),
        ({"story": "s1"}, {"trade", "base"}),
        ({"feed": "f"}, {"trade", "base"}),
        ({"outlet": "Outlet 1"}, {"trade", "base"}),
        ({"label": ("country", "sy")}, {"base"}),
        ({"label": ("country", "ru")}, set()),
        ({"subscriber": "desk"}, {"trade", "base"}),
        ({"subscriber": "boss", "rule": "trade"}, set()),
        ({"rule": "trade", "feed": "other"}, set()),
        ({}, set()),  # names nothing
        ({"rule": "trade", "until": NOW}, set()),  # over
        ({"rule": "trade", "since": NOW + MINUTE}, set()),  # not yet
    ],
)
def test_a_silence_mutes_what_all_that_it_names_holds_of(given_, muted):
    made = decide([row(1, "trade", "base")], silences=[silence(**given_)])
    assert {rule for (_, rule), reason in reasons(made).items() if reason is SuppressionReason.SILENCE} == muted
    assert {rule for tell in made.tells for one in tell.stories[0].rows for rule in one.rules} == {
        "trade",
        "base",
    } - muted


def test_a_suppression_says_which_silence():
    made = decide(
        [row()], silences=[silence(rule="trade"), silence(id="s2", rule="trade", until=NOW + 2 * HOUR, reason="")]
    )
    assert made.suppressed[0].by == "s2 by ana until 2026-03-01 08:00 UTC"
    assert decide([row()], silences=[silence(rule="trade")]).suppressed[0].by.endswith("07:00 UTC: a drill")


def test_a_flash_alert_mutes_what_is_routine_and_new_on_its_story():
    flash = told(rules=frozenset({"base"}), severity=Severity.FLASH, route="other")
    rows = [row(1, "port", "trade"), row(2, "grain", story="s1"), row(3, "port", story="s1")]
    made = decide(rows, before=[flash])
    assert reasons(made) == {(1, "trade"): SuppressionReason.INHIBITED, (2, "grain"): SuppressionReason.INHIBITED}
    assert [one.rules for one in made.tells[0].stories[0].rows] == [("port",), ("port",)]
    assert not decide([row(1, "grain")], who=desk(Route(inhibit=False)), before=[flash]).suppressed
    assert not decide([row(1, "grain")], before=[told(route="other", severity=Severity.ROUTINE)]).suppressed


def test_an_urgent_alert_mutes_nothing_and_a_flash_does_that_another_route_tells_in_the_same_breath():
    urgent = told(rules=frozenset({"port"}), severity=Severity.URGENT)
    assert kinds(decide([row(1, "grain")], before=[urgent])) == [AlertKind.UPDATE]
    who = desk(Route(id="loud", severities=(Severity.FLASH,)), Route(id="rest"))
    made = decide([row(1, "base", route="loud"), row(2, "trade", route="rest", story="s1")], who=who)
    assert kinds(made) == [AlertKind.ARTICLE]
    assert reasons(made) == {(2, "trade"): SuppressionReason.INHIBITED}


def test_what_is_unwanted_not_taken_any_more_or_without_a_rule_is_suppressed():
    who = desk(Route(languages=Preference(only=("ar",)), rules=("trade", "port")))
    made = decide([row(1, "trade")], who=who)
    assert (reasons(made), made.suppressed[0].by) == ({(1, "trade"): SuppressionReason.PREFERENCE}, "language en")
    made = decide([row(1, "trade", "base", "port", lang="ar")], who=who, rules={**RULES} | {"port": RULES["port"]})
    assert reasons(made) == {(1, "base"): SuppressionReason.NOT_TAKEN}
    gone = decide([row(1, "trade"), row(2, hits=(), dropped=("trade",))], rules={})
    assert set(reasons(gone).values()) == {SuppressionReason.RULE_GONE}
    assert buckets(decide([row(1, hits=())])) == {(1, ""): 1}


def test_rows_of_a_route_that_is_gone_go_the_route_that_takes_them_now():
    who = desk(Route(id="bases", rules=("base",)), Route(id="rest", rules=("trade",)))
    made = decide([row(1, "trade", route="old"), row(2, "grain", route="old")], who=who)
    assert [tell.route.id for tell in made.tells] == ["rest"]
    assert reasons(made) == {(2, "grain"): SuppressionReason.NOT_TAKEN}


# ── When ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_waits_for_more_of_it_but_a_flash_does_not():
    who = desk(Route(group_wait=10 * MINUTE))
    made = decide([row(1, since=NOW - 3 * MINUTE), row(2, story="s1"), row(3, "base")], who=who)
    assert [tell.severity for tell in made.tells] == [Severity.FLASH]
    assert {(one.waiting, one.until, one.reason) for one in made.held} == {
        (number, NOW + 7 * MINUTE, HoldReason.GROUP_WAIT) for number in (1, 2)
    }
    assert made.due == NOW + 7 * MINUTE


def test_two_alerts_of_a_story_are_apart_unless_the_second_is_more_severe():
    before = told(last_at=NOW - MINUTE)
    made = decide([row(1, "grain")], before=[before])
    assert [(one.until, one.reason) for one in made.held] == [(NOW + 4 * MINUTE, HoldReason.GROUP_INTERVAL)]
    assert kinds(decide([row(1, "base")], before=[before])) == [AlertKind.UPDATE]
    set_back = decide([row(1, "grain")], before=[told(last_at=NOW + 24 * HOUR)])
    assert set_back.due == NOW + 5 * MINUTE  # the clock was set back by a day


def test_quiet_hours_hold_and_then_deliver_in_one_message():
    who = desk(Route(quiet=NIGHT), timezone="Europe/Berlin")
    night = datetime(2026, 3, 1, 23, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    morning = night + 8 * HOUR
    rows = [row(number, "trade", since=night) for number in (1, 2)] + [row(3, "base", since=night)]
    made = decide(rows, who=who, now=night)
    assert [tell.severity for tell in made.tells] == [Severity.FLASH]
    assert {(one.until, one.reason) for one in made.held} == {(morning, HoldReason.QUIET_HOURS)}
    held = [replace(one, due=morning, held=HoldReason.QUIET_HOURS) for one in rows[:2]]
    (tell,) = decide(held, who=who, now=morning).tells
    assert (tell.kind, tell.digest, len(tell.stories)) == (AlertKind.DIGEST, DigestReason.QUIET_HOURS, 2)
    assert (tell.since, tell.until) == (night, morning)
    assert kinds(decide(held[:1], who=who, now=morning)) == [AlertKind.ARTICLE]  # one alone needs no digest
    assert decide(held, who=who, now=morning - MINUTE).due == morning


def test_what_would_go_out_within_quiet_hours_waits_for_their_end():
    who = desk(Route(group_wait=HOUR, quiet=(parse_quiet("06:30-08:00"),)))
    made = decide([row()], who=who)
    assert [(one.until, one.reason) for one in made.held] == [(NOW + 2 * HOUR, HoldReason.QUIET_HOURS)]


def test_a_severe_article_of_a_story_that_quiet_hours_hold_is_told_at_once_with_all_of_it():
    who = desk(Route(quiet=(parse_quiet("00:00-12:00"),)))
    rows = [
        held
        for number in (1, 2)
        for held in (
            row(number, "trade", since=NOW - HOUR, held=HoldReason.QUIET_HOURS, due=NOW + 6 * HOUR),
            row(number + 2, "base", story=f"s{number}"),
        )
    ]
    made = decide(rows, who=who)
    assert kinds(made) == [AlertKind.ARTICLE, AlertKind.ARTICLE]  # and no digest
    assert buckets(made) == wanted(rows)


def test_over_the_bound_of_an_hour_the_rest_goes_in_one_digest_and_nothing_is_omitted():
    who = desk(Route(max_per_hour=2))
    keeper = Bookkeeper(who=who)
    for number in range(1, 8):
        keeper.add(row(number, "trade", since=NOW))
    assert kinds(keeper.decide(NOW)) == [AlertKind.ARTICLE] * 2
    assert keeper.due == NOW + HOUR
    keeper.add(row(8, "trade", since=NOW + 30 * MINUTE))
    keeper.add(row(9, "base", since=NOW + 30 * MINUTE))  # a flash alert is not kept back by routine ones
    assert [tell.severity for tell in keeper.decide(NOW + 30 * MINUTE).tells] == [Severity.FLASH]
    made = keeper.decide(NOW + HOUR)
    (tell,) = made.tells
    assert (tell.digest, len(tell.stories)) == (DigestReason.CAP, 6)
    assert keeper.waiting == {}
    assert set(keeper.ends.values()) == {"told"}


def test_what_is_over_waits_for_its_digest_also_when_there_is_room_again():
    sent = [Sent(route="main", severity=Severity.ROUTINE, at=NOW - 50 * MINUTE)]
    who = desk(Route(max_per_hour=1))
    over = [row(number, due=NOW + HOUR, held=HoldReason.CAP) for number in (1, 2)]
    made = decide(over, who=who, sent=sent, now=NOW + 20 * MINUTE)
    assert ({one.until for one in made.held}, made.tells) == ({NOW + HOUR}, ())
    (tell,) = decide([*over, row(3, since=NOW + HOUR)], who=who, now=NOW + HOUR).tells[:1]
    assert (tell.digest, len(tell.stories)) == (DigestReason.CAP, 2)


def test_a_bound_of_nothing_is_none():
    rows = [row(number) for number in range(1, 50)]
    assert len(decide(rows, who=desk(Route(max_per_hour=0))).tells) == 49
    sent = [Sent(route="main", severity=Severity.ROUTINE, at=NOW - HOUR) for _ in range(99)]  # an hour ago: over
    sent += [Sent(route="main", severity=Severity.ROUTINE, at=NOW + MINUTE)]
    assert len(decide(rows[:1], who=desk(Route(max_per_hour=1)), sent=sent).tells) == 1


# ── Digests ───────────────────────────────────────────────────────────────────────────────────────────────────────────

DAILY = Route(cadence=parse_cadence("daily at 08:00"))
EIGHT = NOW + 2 * HOUR


def test_a_cadence_holds_until_it_is_due_and_then_tells_all_in_one():
    rows = [row(1, "trade", since=NOW), row(2, "base", since=NOW + HOUR), row(3, "trade", story="s1", since=NOW + HOUR)]
    made = decide(rows, who=desk(DAILY), digested={"main": NOW - 22 * HOUR})
    assert {(one.until, one.reason) for one in made.held} == {(EIGHT, HoldReason.CADENCE)}
    made = decide(rows, who=desk(DAILY), digested={"main": EIGHT - 24 * HOUR}, now=EIGHT + 3 * MINUTE)
    (tell,) = made.tells
    assert (tell.kind, tell.digest, tell.since, tell.until) == (
        AlertKind.DIGEST, DigestReason.CADENCE, EIGHT - 24 * HOUR, EIGHT,
    )  # fmt: skip
    assert [story.story for story in tell.stories] == ["s2", "s1"]  # most severe first
    assert made.digested == (("main", EIGHT),)
    assert made.due == EIGHT + 24 * HOUR


def test_a_digest_with_nothing_to_say_says_so_unless_it_is_not_wanted():
    made = decide([], who=desk(DAILY), digested={"main": EIGHT - 24 * HOUR}, now=EIGHT)
    (tell,) = made.tells
    assert (tell.stories, tell.severity) == ((), Severity.ROUTINE)
    off = decide([], who=desk(replace(DAILY, empty_digests=False)), digested={"main": EIGHT - 24 * HOUR}, now=EIGHT)
    assert (off.tells, off.due, off.digested) == ((), None, (("main", EIGHT),))


def test_a_new_route_begins_with_what_comes_and_not_with_an_empty_digest():
    made = decide([], who=desk(DAILY))
    assert (made.tells, made.digested, made.due) == ((), (("main", EIGHT - 24 * HOUR),), EIGHT)
    (tell,) = decide([row()], who=desk(DAILY), now=EIGHT).tells
    assert (tell.since, tell.until) == (NOW, EIGHT)


def test_one_digest_is_one_message_also_for_what_comes_late_from_before_it():
    made = decide([row(since=EIGHT - MINUTE)], who=desk(DAILY), digested={"main": EIGHT}, now=EIGHT + MINUTE)
    assert made.tells == ()
    assert [(one.until, one.reason) for one in made.held] == [(EIGHT + 24 * HOUR, HoldReason.CADENCE)]


def test_digests_go_on_when_the_clock_was_years_ahead():
    ahead = {"main": NOW + timedelta(days=3650)}
    made = decide([row(since=EIGHT - HOUR)], who=desk(DAILY), digested=ahead, now=EIGHT)
    assert (made.digested, made.due) == ((("main", EIGHT),), EIGHT + 24 * HOUR)


def test_among_equals_the_story_that_most_outlets_have_comes_first():
    rows = [row(number, since=NOW + number * MINUTE) for number in (1, 2, 3)]
    spread = {"s2": StoryFacts(outlets=5), "s3": StoryFacts(outlets=9)}
    (tell,) = decide(rows, who=desk(DAILY), stories=spread, now=EIGHT).tells
    assert [story.story for story in tell.stories] == ["s3", "s2", "s1"]


def test_days_that_were_missed_are_one_digest():
    rows = [row(number, since=NOW + number * 24 * HOUR) for number in range(1, 4)]
    (tell,) = decide(rows, who=desk(DAILY), digested={"main": NOW}, now=NOW + 100 * HOUR).tells
    assert len(tell.stories) == 3


def test_a_digest_waits_for_the_end_of_quiet_hours():
    who = desk(replace(DAILY, quiet=(parse_quiet("07:00-09:00"),)))
    early = decide([row()], who=who, digested={"main": EIGHT - 24 * HOUR})
    assert [(one.until, one.reason) for one in early.held] == [(EIGHT + HOUR, HoldReason.CADENCE)]
    held = decide([row()], who=who, digested={"main": EIGHT - 24 * HOUR}, now=EIGHT)
    assert [(one.until, one.reason) for one in held.held] == [(EIGHT + HOUR, HoldReason.QUIET_HOURS)]
    assert (held.tells, held.digested, held.due) == ((), (), EIGHT + HOUR)
    made = decide([row()], who=who, digested={"main": EIGHT - 24 * HOUR}, now=EIGHT + HOUR)
    assert [len(tell.stories) for tell in made.tells] == [1]
    empty = decide([], who=who, digested={"main": EIGHT}, now=EIGHT + HOUR)
    assert empty.due == EIGHT + 25 * HOUR


def test_a_later_digest_leaves_out_copies_and_says_what_is_new():
    follow = [row(1, story="s1", since=NOW), row(2, "grain", story="s2", since=NOW)]
    before = [told("s1"), told("s2", severity=Severity.FLASH)]
    made = decide(follow, who=desk(DAILY), before=before, now=EIGHT)
    assert reasons(made) == {(1, "trade"): SuppressionReason.STORY}
    (story,) = made.tells[0].stories
    assert (story.story, story.causes) == ("s2", (UpdateCause.RULE,))  # a digest disturbs nobody: nothing is inhibited


# ── All of it, over days ──────────────────────────────────────────────────────────────────────────────────────────────

ROUTES = st.builds(
    Route,
    cadence=st.sampled_from(
        ["now", "now", "hourly", "daily at 08:00", "weekly on mon at 09:00", "*/20 6-22 * * *"]
    ).map(parse_cadence),
    quiet=st.sampled_from([(), NIGHT, (parse_quiet("sat,sun 00:00-24:00"), *NIGHT)]),
    quiet_bypass=st.sampled_from([None, Severity.FLASH, Severity.URGENT]),
    group_wait=st.sampled_from([timedelta(), 5 * MINUTE]),
    group_interval=st.sampled_from([timedelta(), 15 * MINUTE]),
    max_per_hour=st.sampled_from([0, 1, 3]),
    update_outlets=st.sampled_from([(), (3, 7)]),
    update_after=st.sampled_from([None, 2 * HOUR]),
    inhibit=st.booleans(),
    empty_digests=st.booleans(),
)
ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 3 * 24 * 60),  # minute
        st.integers(0, 8),  # story
        st.sets(st.sampled_from(sorted(RULES)), min_size=1),
        st.sampled_from(["en", "ar", "ru"]),
        st.sampled_from([0, 1, 1]),  # route
        st.booleans(),  # a change of the article before
    ),
    max_size=40,
)
STARTS = st.sampled_from([NOW, datetime(2026, 3, 27, 18, tzinfo=UTC), datetime(2026, 10, 23, 18, tzinfo=UTC)])


@settings(max_examples=40, deadline=None)
@given(routes=st.tuples(ROUTES, ROUTES), arrivals=ARRIVALS, start=STARTS, mute=st.booleans())
def test_over_days_every_hit_ends_in_one_place_and_no_story_is_news_twice_for_a_rule(routes, arrivals, start, mute):
    who = desk(*(replace(one, id=f"r{number}") for number, one in enumerate(routes)), timezone="Europe/Berlin")
    keeper = Bookkeeper(who=who)
    if mute:
        until = start + 24 * HOUR
        keeper.silences.append(silence(rule="grain", since=start, until=until))
    keeper.decide(start)
    rows = []
    for number, (minute, story, rules, lang, route, change) in enumerate(sorted(arrivals, key=lambda one: one[0]), 1):
        since = start + minute * MINUTE
        while keeper.due is not None and keeper.due <= since:
            keeper.decide(keeper.due)
        new = row(number, *rules, story=f"s{story}", lang=lang, route=f"r{route}", since=since, due=since)
        if change and rows:
            old = rows[-1]
            dropped = tuple(hit.rule_id for hit in old.hits)
            new = replace(new, story=old.story, article_key=old.article_key, revision=number, dropped=dropped, hits=())
        rows.append(new)
        keeper.add(new)
        keeper.decide(since)
    last = start + timedelta(days=14)
    while keeper.due is not None and keeper.due <= last and keeper.waiting:
        keeper.decide(keeper.due)
    assert keeper.waiting == {}  # nothing is held for ever
    assert set(keeper.ends) == set(wanted(rows))
    news = set()
    for _, tell in keeper.tells:
        for one in tell.stories:
            fresh = one.after.rules - (one.before.rules if one.before else frozenset())
            assert not news & {(tell.route.id, one.story, rule) for rule in fresh}
            news |= {(tell.route.id, one.story, rule) for rule in fresh}
        if tell.route.max_per_hour and tell.kind is AlertKind.DIGEST:
            assert len(tell.stories) != 1 or tell.digest is DigestReason.CADENCE


@settings(max_examples=25, deadline=None)
@given(
    minutes=st.lists(st.integers(0, 600), max_size=60),
    severe=st.lists(st.sampled_from(["base", "trade"]), min_size=60, max_size=60),
    bound=st.integers(1, 5),
)
def test_no_hour_has_more_alerts_of_a_severity_than_the_bound_and_nothing_waits_longer_than_an_hour(
    minutes, severe, bound
):
    keeper = Bookkeeper(who=desk(Route(max_per_hour=bound)))
    came = {}
    for number, (minute, name) in enumerate(zip(sorted(minutes), severe, strict=False), 1):
        since = NOW + minute * MINUTE
        while keeper.due is not None and keeper.due <= since:
            keeper.decide(keeper.due)
        came[number] = since
        keeper.add(row(number, name, since=since))
        keeper.decide(since)
    while keeper.due is not None:
        keeper.decide(keeper.due)
    singles = [(at, tell) for at, tell in keeper.tells if tell.kind is not AlertKind.DIGEST]
    for at, _ in singles:
        for severity in Severity:
            hour = [one for then, one in singles if at - HOUR < then <= at and one.severity is severity]
            assert len(hour) <= bound + 1  # one that is released alone after an hour needs no digest
    for at, tell in keeper.tells:
        assert all(at - came[one.row.id] <= HOUR for story in tell.stories for one in story.rows)


def test_what_was_told_of_two_stories_that_became_one_begins_with_the_first():
    first = told("s1", rules=frozenset({"base"}), severity=Severity.FLASH, languages=frozenset({"ar"}))
    later = told("s2", alert_key="a2", first_at=NOW, last_at=NOW, outlets=4, articles=frozenset({"k9"}))
    assert alerting.united(later, None, "s1") == replace(later, story="s1")
    for one, other in ((later, first), (first, later)):
        whole = alerting.united(one, other, "s1")
        assert (whole.story, whole.alert_key, whole.alerts, whole.outlets) == ("s1", "a1", 2, 4)
        assert (whole.rules, whole.articles) == (frozenset({"base", "trade"}), frozenset({"k0", "k9"}))
        assert (whole.severity, whole.first_at, whole.last_at) == (Severity.FLASH, first.first_at, NOW)
        assert whole.languages == frozenset({"ar", "en"})
