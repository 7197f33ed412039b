"""Alerts as Slack messages: within every limit, nothing that formats or mentions, what does not fit is named."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import TITLES
from support.made import NOW, alert, card, digest_line, excerpt, reason

from monitor import alerting
from monitor.alerting.render.slack import MAX_BLOCKS, MAX_HEADER, MAX_SECTION, MAX_TOTAL, marked_down
from monitor.alerting.render.words import units
from monitor.model import AlertKind, Format, Severity, SlackContent, Tier

KINDS = {
    "header", "context", "rich_text", "rich_text_section", "rich_text_quote", "rich_text_list", "text", "link",
    "plain_text",
}  # fmt: skip


def slack(one, *, plain=False, now=NOW) -> SlackContent:
    return alerting.render(one, Format.SLACK, plain=plain, now=now)


def parts(value):
    """Every object of the message, outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from parts(inner)


def texts(content):
    return [str(part["text"]) for part in parts(content.blocks) if isinstance(part.get("text"), str)]


def check_limits(content):
    """What Slack refuses, and what it would turn into something else."""
    message = json.dumps({"text": content.text, "blocks": content.blocks}, ensure_ascii=False)
    message.encode()
    assert units(message) <= MAX_TOTAL
    assert len(content.blocks) <= MAX_BLOCKS
    assert 0 < units(content.text) <= 4000
    assert not set(content.text) & set("<>")
    assert content.text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0
    for block in content.blocks:
        assert block["type"] in {"header", "context", "rich_text"}
        if block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
        if block["type"] == "header":
            assert 1 <= units(block["text"]["text"]) <= MAX_HEADER
    for part in parts(content.blocks):
        assert part.get("type") in KINDS or set(part) == {"bold"}
        if isinstance(part.get("text"), str):
            assert 1 <= units(part["text"]) <= MAX_SECTION
        if part.get("type") == "plain_text":
            assert part["emoji"] is False
        if part.get("type") == "link":
            assert part["url"].startswith(("https://", "http://"))
            assert len(part["url"]) <= 3000
        if str(part.get("type", "")).startswith("rich_text"):
            assert part["elements"]


def test_an_alert_shows_rules_title_facts_and_marked_sentences():
    content = slack(alert(), now=NOW + timedelta(minutes=2))
    check_limits(content)
    header, title, facts, rule, footer = content.blocks
    assert header["text"]["text"] == "[flash] Khmeimim air base"
    link = title["elements"][0]["elements"][0]
    assert (link["type"], link["url"], link["text"]) == ("link", "https://news.example/1", "Planes land at Khmeimim")
    assert facts["elements"][0]["text"] == (
        "Outlet: Example News · Feed: World · Author: A. Writer · Published: 2026-03-01 05:53 UTC · "
        "First seen: 2026-03-01 06:00 UTC (7 min after publication) · Sent: 2 min after it was first seen"
    )
    said, quote = rule["elements"]
    assert "".join(one["text"] for one in said["elements"]) == (
        "Khmeimim air base  base, flash · matched by its names\nKhmeimim (exact)"
    )
    assert [(one["text"], "style" in one) for one in quote["elements"]] == [
        ("Planes at the ", False), ("Khmeimim", True), (" air base.", False),
    ]  # fmt: skip
    assert "f" * 64 in footer["elements"][-1]["text"]
    assert content.text.splitlines() == [
        "[flash] Khmeimim air base",
        "Planes land at Khmeimim",
        "https://news.example/1",
        facts["elements"][0]["text"],
        "Khmeimim air base (base, flash): Khmeimim (exact)",
        "Planes at the Khmeimim air base.",
        f"Alert {'f' * 64}",
    ]


def test_a_second_attempt_within_the_minute_is_the_same_message():
    assert slack(alert(), now=NOW + timedelta(seconds=40)) == slack(alert())


@pytest.mark.parametrize(
    ("one", "now", "said"),
    [
        (alert(AlertKind.REVISION, dropped=("Trade",)), timedelta(), "No longer hit: Trade"),
        (alert(AlertKind.REVISION), timedelta(), "Changed: the text"),
        (alert(), timedelta(minutes=11), "Delayed: this was raised 11 min ago"),
        (alert(AlertKind.TEST, subject="it works", text="Asked for.", article=card()), timedelta(), "Test: Asked for."),
        (alert(AlertKind.NOTICE, subject="Down", text="One.\nTwo."), timedelta(), "Two."),
        (alert(reasons=(reason(excerpts=(excerpt(field="title"),)),)), timedelta(), "Khmeimim"),
        (alert(article=card(url=None)), timedelta(), "Planes land at Khmeimim"),
        (alert(article=card(url="https://a.example/" + "x" * 2000)), timedelta(), "Planes land at Khmeimim"),
        (alert(reasons=(reason(clauses=(), words=()),)), timedelta(), "Khmeimim air base (base, flash)"),
    ],
)
def test_what_is_special_stands_in_text_and_blocks(one, now, said):
    content = slack(one, now=NOW + now)
    check_limits(content)
    assert said in content.text
    assert said in " ".join(texts(content)).replace(
        "Khmeimim air base   base, flash", "Khmeimim air base (base, flash)"
    )


def test_plain_is_text_alone():
    for one in (alert(), alert(AlertKind.NOTICE, text="x"), alert(AlertKind.DIGEST, lines=(digest_line(),))):
        content = slack(one, plain=True)
        assert content.blocks == ()
        assert content.text == slack(one).text


def test_an_empty_notice_is_its_headline():
    content = slack(alert(AlertKind.NOTICE, subject="Down", text=""))
    check_limits(content)
    assert content.text.strip() == "[monitor] Down"
    assert len(content.blocks) == 2


@pytest.mark.parametrize("count", [1, 5, 39, 60])
def test_rules_that_do_not_fit_are_counted(count):
    sentence = excerpt("word " * 60, tuple((n, n + 4) for n in range(0, 50, 5)))
    words = tuple((f"matched word number {n}", Tier.TRANSLITERATED) for n in range(30))
    rules = tuple(
        reason(f"r{n}", rule_title=f"Rule number {n}.", excerpts=(sentence,) * 3, words=words) for n in range(count)
    )
    content = slack(alert(reasons=rules))
    check_limits(content)
    shown = sum(f"Rule number {n}." in texts(content) for n in range(count))
    assert shown >= 1
    more = [text for text in texts(content) if text.startswith("and ")]
    left = count - shown
    assert more == ([] if not left else [f"and {left} more {'rule' if left == 1 else 'rules'}"])


def test_small_rules_fill_the_blocks_but_not_more():
    rules = tuple(reason(f"r{n}", rule_title=f"R{n}", clauses=(), words=(), excerpts=()) for n in range(60))
    content = slack(alert(AlertKind.REVISION, reasons=rules, dropped=("x",)), now=NOW + timedelta(hours=1))
    check_limits(content)
    assert "and 20 more rules" in texts(content)


def test_a_digest_shows_what_fits_and_says_how_much_does_not():
    lines = tuple(digest_line(n, severity=Severity.FLASH if n == 3 else Severity.ROUTINE) for n in range(1, 1001))
    content = slack(alert(AlertKind.DIGEST, lines=lines))
    check_limits(content)
    assert content.blocks[0]["text"]["text"] == "[flash] 1000 alerts that waited (1 flash, 999 routine)"
    (listing,) = [block for block in content.blocks if block["type"] == "rich_text"]
    shown = len(listing["elements"][0]["elements"])
    assert shown >= 20
    assert f"and {1000 - shown} more; see them all with: monitor hits" in texts(content)
    assert content.text.splitlines()[-1].startswith("… and 9")
    assert "Khmeimim air base (1000)" in texts(content)

    few = slack(alert(AlertKind.DIGEST, lines=lines[:3]))
    check_limits(few)
    assert not [text for text in texts(few) if text.startswith("and ")]
    assert [link["url"] for link in parts(few.blocks) if link.get("type") == "link"] == [
        f"https://news.example/{n}" for n in (1, 2, 3)
    ]


def test_a_digest_without_rules_links_or_lines():
    content = slack(alert(AlertKind.DIGEST, lines=(digest_line(rules=(), url=None, outlet=None),)))
    check_limits(content)
    assert "\n2026-03-01 05:59 UTC" in texts(content)
    check_limits(slack(alert(AlertKind.DIGEST, lines=())))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("<!channel> <@U123>", "&lt;!channel&gt; &lt;@U123&gt;"),
        ("&amp;", "&amp;amp;"),
        ("@here @CHANNEL @everyone @anna", "@\u2060here @\u2060CHANNEL @\u2060everyone @anna"),
        ("*bold* _x_", "\u2060*\u2060bold\u2060*\u2060 \u2060_\u2060x\u2060_\u2060"),
        ("~y~ `z`", "\u2060~\u2060y\u2060~\u2060 \u2060`\u2060z\u2060`\u2060"),
        ("bases_future 2*3", "bases_future 2*3"),  # inside a word they mean nothing
        ("> quoted", "\u2060&gt; quoted"),
        (":warning: 12:30", ":\u2060warning: 12:30"),
        ("one: two: three", "one: two: three"),
    ],
)  # fmt: skip
def test_markup_is_neutralised(text, shown):
    assert marked_down(text) == shown


def odd_alert(kind, text, marks=((0, 1), (1, 3)), rules=50):
    """An alert in which every text from outside is `text`."""
    url = f"https://a.example/{text}"
    if kind is AlertKind.DIGEST:
        return alert(kind, lines=(digest_line(title=text, outlet=text, rules=(text,), url=url),) * 30)
    if kind is AlertKind.NOTICE:
        return alert(kind, subject=text, text=text)
    reasons = tuple(
        reason(
            f"r{n}", rule_title=text, clauses=(text,) * 6, words=((text, Tier.EXACT),) * 20,
            excerpts=(excerpt(text, marks, cut_left=True),) * 3,
        )
        for n in range(rules)
    )  # fmt: skip
    return alert(
        kind,
        article=card(text, outlet=text, feed_title=f"{text}x", author=text, lang=text, url=url),
        reasons=reasons,
        dropped=(text,) * 40,
        subject=text,
        text=text,
    )


@pytest.mark.parametrize("name", sorted(TITLES))
@pytest.mark.parametrize("kind", list(AlertKind))
def test_hostile_titles(name, kind):
    """R10: nothing raises, everything is within the limits, nothing mentions, formats or runs."""
    for plain in (False, True):
        content = slack(odd_alert(kind, TITLES[name]), plain=plain)
        check_limits(content)
        said = content.text + json.dumps(content.blocks)
        assert "1337" not in said
        assert not set(said) & set("\x00\x1b\r\u202e\u2028")


hostile = (
    st.text(max_size=400)
    | st.sampled_from(sorted(TITLES.values()))
    | st.text(alphabet='&<>*_~`\\"\U0001f600', max_size=400)
)
marks = st.lists(st.tuples(st.integers(-2, 400), st.integers(-2, 400)), max_size=200).map(
    lambda one: tuple(sorted(one))
)


@settings(deadline=None)  # the machine may be busy
@given(kind=st.sampled_from(AlertKind), text=hostile, marks=marks, plain=st.booleans())
def test_any_text_stays_within_all_limits(kind, text, marks, plain):
    check_limits(slack(odd_alert(kind, text, marks, rules=6), plain=plain))


def test_links_become_buttons_as_far_as_there_is_room():
    links = {
        "mute_story": "https://m.example/a/x",
        "settings": "https://m.example/a/y",
        "unsubscribe": "javascript:alert(1)",
    }
    made = alerting.render(alert(), Format.SLACK, plain=False, now=NOW, links=links)
    (actions,) = [one for one in made.blocks if one["type"] == "actions"]
    assert [(one["text"]["text"], one["url"]) for one in actions["elements"]] == [
        ("Mute this story for 24 h", links["mute_story"]),
        ("Settings", links["settings"]),
    ]
    names = ("mute_story", "mute_feed", "mute_rule", "false_positive", "settings", "unsubscribe_rule", "unsubscribe")
    long = {name: f"https://m.example/a/{name * 200}" for name in names}
    made = alerting.render(alert(), Format.SLACK, plain=False, now=NOW, links=long)
    assert 0 < len(made.blocks[-1]["elements"]) < len(names)
    assert units(json.dumps(list(made.blocks), ensure_ascii=False)) + units(made.text) <= MAX_TOTAL
    plain = alerting.render(alert(), Format.SLACK, plain=True, now=NOW, links=links)
    assert plain.blocks == ()
