"""From decisions to alerts, and how updates, changes and digests look in mail and in Slack: nothing is left out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import TITLES
from support.made import MAIL, NOW, alert, article, card, match, reason, spans
from support.waiting import HOUR, RULES, buckets, decide, desk, row, told

from monitor import alerting
from monitor.alerting import Seen, compose, parse_cadence
from monitor.alerting.render.slack import MAX_BLOCKS, MAX_TOTAL, size
from monitor.alerting.render.subject import subject
from monitor.model import (
    Alert,
    AlertKind,
    Change,
    Copy,
    DigestLine,
    DigestReason,
    Edit,
    Format,
    Period,
    Reading,
    Recipient,
    Route,
    Severity,
    Silence,
    Spread,
    StoryFacts,
)

TEXT = "Planes at the Khmeimim air base."
DAILY = desk(Route(cadence=parse_cadence("daily at 08:00")), timezone="Europe/Berlin")
EIGHT = NOW + HOUR  # in Berlin


def seen(one, **given_):
    text = given_.pop("body", TEXT)
    made = article(f"Report {one.id}", text, key=one.article_key, outlet=one.outlet, lang=one.lang)
    matches = tuple(match(hit.rule_id, severity=hit.severity, spans=spans(text, "Khmeimim")) for hit in one.hits or ())
    return Seen(**{"article": made, "matches": matches, "feed_title": "World", "first_seen": NOW, **given_})


def copy(number, **given_):
    defaults = {"article_key": f"k{number}", "title": f"Report {number}", "outlet": f"Outlet {number}", "lang": "en"}
    return Copy(
        **{**defaults, "url": f"https://news.example/{number}", "first_seen": NOW + number * HOUR / 60, **given_}
    )


def composed(rows, *, who=None, copies=(), reading=None, known=None, now=NOW, **given_):
    who = who or desk(Route())
    made = decide(rows, who=who, now=now, **given_)
    known = known or {one.id: seen(one) for one in rows}
    return [
        compose(tell, subscriber=who, rules=RULES, seen=known, stories={"s1": copies}, reading=reading, now=now)
        for tell in made.tells
    ]


def mail(one, now=None):
    return alerting.render(one, Format.MAIL, plain=False, now=now or one.created_at)


def slack(one, *, plain=False):
    return alerting.render(one, Format.SLACK, plain=plain, now=one.created_at)


def flat(text):
    return " ".join(text.split())


# ── Single alerts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_alert_has_its_article_the_rules_of_all_rows_and_the_start_of_its_thread():
    rows = [row(1, "trade", "base"), row(2, "port", "base", story="s1")]
    who = desk(Route(recipients=(MAIL, Recipient(channel="slack"))))
    (new,) = composed(rows, who=who, copies=[copy(1), copy(2)])
    made = new.alert
    assert [one.rule_id for one in made.reasons] == ["base", "port", "trade"]
    assert [one.seen_in for one in made.reasons] == ["", "Report 2 (Outlet 2)", ""]
    assert (made.kind, made.article.key, made.route, made.story, made.thread) == (
        AlertKind.ARTICLE, "k1", "main", "s1", made.key,
    )  # fmt: skip
    assert made.spread.news == "2 outlets, first Outlet 1 06:01"
    assert new.told == (("k1", ("base", "trade")), ("k2", ("base", "port")))
    assert (new.article_key, new.rule_ids) == ("k1", ("base", "trade"))
    assert [(one.channel, one.address) for one in new.deliveries] == [("mail", MAIL.address), ("slack", "")]


def test_an_update_belongs_to_its_thread_and_says_how_far_the_story_has_spread():
    copies = [copy(number, lang="ar" if number == 3 else "en", wire="AFP") for number in range(1, 4)]
    copies[0] = replace(copies[0], url=None)
    facts = {"s1": StoryFacts(outlets=3, languages=frozenset({"en", "ar"}))}
    (new,) = composed([row(3, story="s1")], before=[told()], stories=facts, copies=copies)
    made = new.alert
    assert (made.kind, made.thread, made.key == "a1") == (AlertKind.UPDATE, "a1", False)
    assert subject(made) == "[routine, update] Trade: Report 3"
    text = flat(mail(made).text)
    for said in (
        "More of a story that you were told of.",
        "Story: now 3 outlets, first Outlet 1 06:01, in Arabic since 06:03",
        "Agency: AFP",
        "Also told by: Report 1 [Outlet 1, en, 2026-03-01 06:01 UTC] Report 2 [Outlet 2, en, 2026-03-01 06:02 UTC] https",
    ):
        assert said in text
    assert "Report 3 [" not in text  # itself
    assert "Also told by" in mail(made).html
    assert "Outlet 1" in str(slack(made).blocks)


def test_a_changed_article_shows_what_was_changed():
    before = told(articles=frozenset({"k1"}))
    one = row(1, "grain", revision=1)
    old = article("Report 0", "Planes were at the Khmeimim air base.", key="k1")
    (new,) = composed([one], before=[before], known={1: seen(one, previous=old)})
    made = new.alert
    assert (made.kind, made.thread) == (AlertKind.REVISION, "a1")
    assert [change.field for change in made.changes] == ["title", "body"]
    text = flat(mail(made).text)
    assert "Changed, with [-what was removed-] and {+what was added+}: Report [-0-]{+1+} [Title]" in text
    assert "Planes[- were-] at the Khmeimim air base. [Text]" in text
    assert "<del" in mail(made).html
    assert "'strike': True" in str(slack(made).blocks)
    assert "Changed: Report [-0-]{+1+}" in slack(made, plain=True).text


def test_what_was_changed_in_an_article_that_nobody_was_told_of_is_not_shown():
    one = row(1, "grain", revision=1)
    (new,) = composed([one], before=[told()], known={1: seen(one, previous=article("Report 0", key="k1"))})
    assert (new.alert.kind, new.alert.changes) == (AlertKind.UPDATE, ())


def test_an_article_that_lost_a_rule_says_so():
    before = told(articles=frozenset({"k1"}))
    lost = row(1, revision=1, hits=(), dropped=("trade", "gone", "base"))
    (new,) = composed([lost], before=[before])
    assert (new.alert.reasons, new.alert.dropped, new.told) == ((), ("Trade",), (("k1", ()),))
    assert (new.alert.changes, subject(new.alert)) == ((), "[routine, changed] Trade: Report 1")
    assert "does not hit any more what it hit" in flat(mail(new.alert).text)


def test_a_hit_that_is_silenced_is_not_in_the_alert():
    mute = Silence(id="s", rule="base", author="ana", since=NOW, until=NOW + HOUR)
    (new,) = composed([row(1, "base", "trade")], silences=[mute])
    assert [one.rule_id for one in new.alert.reasons] == ["trade"]
    assert (new.alert.severity, new.told) == (Severity.ROUTINE, (("k1", ("trade",)),))


def test_what_was_sent_late_on_purpose_counts_from_when_it_was_first_seen():
    (new,) = composed([row(1)], now=NOW + HOUR)
    assert "Sent: 1 h after it was first seen" in flat(mail(new.alert).text)


# ── Digests ───────────────────────────────────────────────────────────────────────────────────────────────────────────

READ = Reading(articles=412, feeds=37, silent=2)


def test_a_digest_has_a_line_for_every_story_the_most_severe_first():
    rows = [row(1, "trade"), row(2, "base"), row(3, "port", story="s1"), row(4, "grain", revision=1)]
    copies = [copy(1), copy(3)]
    since = EIGHT - 24 * HOUR
    (new,) = composed(rows, who=DAILY, copies=copies, reading=READ, digested={"main": since}, now=EIGHT)
    made = new.alert
    assert [(line.story, line.severity, line.note) for line in made.lines] == [
        ("s2", Severity.FLASH, ""),
        ("s1", Severity.URGENT, "2 outlets, first Outlet 1 07:01"),
        ("s4", Severity.ROUTINE, ""),
    ]
    assert made.lines[1].rules == ("Port", "Trade")
    assert (made.period.reason, made.period.since, made.period.until) == (DigestReason.CADENCE, since, EIGHT)
    assert made.period.bars == (*([0] * 23), 4)
    assert dict(new.told) == {
        "k1": ("trade",), "k2": ("base",), "k3": ("port",), "k4": ("grain",),
    }  # fmt: skip
    content = mail(made)
    assert content.subject == "[flash] 3 stories (1 flash, 1 urgent, 1 routine)"
    text = flat(content.text)
    for said in (
        "3 stories, 2026-02-28 08:00 UTC+01:00 to 2026-03-01 08:00 UTC+01:00. The most severe come first; none is left out.",
        "412 articles from 37 feeds read, 2 feeds silent.",
        "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█ Busiest from 2026-03-01 07:00 UTC+01:00: 4 of 4 articles",
        "1 Base",
        "2. [urgent] Report 3",
        "2 outlets, first Outlet 1 07:01",
    ):
        assert said in text
    assert content.html.count("line-height:") >= 24
    assert content.html.count('class="rest"') == 23
    assert "Busiest" in str(slack(made).blocks)


def test_a_digest_with_nothing_to_say_says_what_was_read():
    (new,) = composed([], who=DAILY, reading=READ, digested={"main": EIGHT - 24 * HOUR}, now=EIGHT)
    content = mail(new.alert)
    assert content.subject == "[digest] nothing to report"
    assert flat(content.text).startswith(
        "Nothing to report, 412 articles from 37 feeds read, 2 feeds silent. This covers"
    )
    assert "412 articles" in content.html
    assert "412 articles" in slack(new.alert).text
    assert 'class="bar"' not in content.html
    one = replace(new.alert.period, reading=Reading(articles=1, feeds=1, silent=1))
    assert "1 article from 1 feed read, 1 feed silent." in flat(mail(replace(new.alert, period=one)).text)
    none = replace(new.alert.period, reading=None)
    assert flat(mail(replace(new.alert, period=none)).text).startswith("Nothing to report. This covers")


def test_a_line_of_a_digest_says_what_a_change_lost():
    before = told(articles=frozenset({"k1"}))
    lost = row(1, revision=1, hits=(), dropped=("trade",))
    (new,) = composed([lost], who=DAILY, before=[before], copies=[copy(1), copy(2)], now=EIGHT)
    assert new.alert.lines[0].note == "now 2 outlets, first Outlet 1 07:01; no longer hits Trade"
    assert "1 story, " in flat(mail(new.alert).text)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (DigestReason.QUIET_HOURS, "2 stories that came in your quiet hours, 2026-03-01"),
        (DigestReason.CAP, "2 stories over the bound of alerts in an hour, 2026-03-01"),
    ],
)
def test_a_digest_says_why_it_is_one(why, said):
    lines = tuple(DigestLine(**LINE, note="") for _ in range(2))
    made = alert(AlertKind.DIGEST, lines=lines, period=Period(reason=why, since=NOW - HOUR, until=NOW, bars=(1,)))
    assert said in flat(mail(made).text)
    assert "Busiest" not in mail(made).text  # of one article there is no busiest time


def test_a_spike_says_what_is_unusual():
    period = Period(
        reason=DigestReason.SPIKE, since=NOW - HOUR, until=NOW, bars=(1, 2), note="23 in the last hour; usual 2 to 5"
    )
    made = alert(AlertKind.DIGEST, lines=(DigestLine(**LINE),), period=period, subject="Khmeimim air base")
    assert mail(made).subject == "[flash] Khmeimim air base: 23 in the last hour; usual 2 to 5"
    assert "Khmeimim air base: 23 in the last hour; usual 2 to 5. These are the articles of" in flat(mail(made).text)


LINE = {
    "alert_key": "a1", "title": "T", "url": None, "outlet": None, "severity": Severity.ROUTINE, "rules": (), "at": NOW,
}  # fmt: skip


# ── Nothing foreign becomes markup, and no limit is passed ────────────────────────────────────────────────────────────


def full_of(text, number=3):
    """An alert, and a digest, in which every text is this one."""
    copies = tuple(
        copy(n, title=text, outlet=text, lang=text, url=f"https://x.example/{'y' * 900}") for n in range(number)
    )
    spread = Spread(outlets=3, copies=copies, more=7, wire=text, news=text)
    pieces = tuple((text or "-", edit) for edit in Edit) * number
    changed = Change(field="body", pieces=pieces)
    one = alert(
        AlertKind.REVISION,
        article=card(text),
        reasons=tuple(reason(f"r{n}", rule_title=text, seen_in=text) for n in range(number)),
        dropped=(text,),
        spread=spread,
        changes=(changed, replace(changed, field="title", rtl=True), changed),
    )
    line = DigestLine(**{**LINE, "title": text, "outlet": text, "rules": (text,)}, note=text)
    period = Period(reason=DigestReason.SPIKE, since=NOW - HOUR, until=NOW, bars=(1, 2), note=text or "-")
    return one, alert(AlertKind.DIGEST, lines=(line,) * number, period=period, subject=text)


@settings(max_examples=40, deadline=None)
@given(text=st.one_of(st.text(max_size=600), st.sampled_from([one for _, one in sorted(TITLES.items())][:40])))
def test_any_text_stays_text_and_within_all_limits(text):
    for one in full_of(text):
        content = mail(one)
        assert "\n" not in content.subject
        assert content.html.count("<script") == content.html.count("<img") == 0
        for plain in (False, True):
            message = slack(one, plain=plain)
            assert len(message.blocks) <= MAX_BLOCKS
            assert size({"text": message.text, "blocks": list(message.blocks)}) <= MAX_TOTAL


def test_long_changes_and_lists_are_shortened_in_slack_and_named_in_mail():
    one, _ = full_of("word " * 60, number=12)
    blocks = str(slack(one).blocks)
    assert "Also told by" in blocks or "more" in blocks
    text = flat(mail(one).text)
    assert "and 7 more" in text
    assert "and 7 more" in mail(one).html


def test_all_that_is_decided_is_composed():
    rows = [
        row(number, *names, story=f"s{number % 3}")
        for number, names in enumerate((["base"], ["trade", "grain"]) * 5, 1)
    ]
    made = decide(rows)
    new = composed(rows)
    told_hits = {(key, rule) for one in new for key, rules in one.told for rule in rules}
    assert len(told_hits) == sum(count for count in buckets(made).values())
    assert all(isinstance(one.alert, Alert) for one in new)
    assert timedelta() == new[0].alert.created_at - NOW
