"""Alerts as mail: what the subject, the text and the HTML say, and that no text of an article becomes markup."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import TITLES
from support.made import NOW, alert, card, digest_line, excerpt, reason

from monitor import alerting
from monitor.alerting.render.subject import MAX_SUBJECT
from monitor.alerting.render.view import MAX_MARKS, MAX_REASONS, MAX_WORDS
from monitor.model import AlertKind, Format, LinkAction, MailContent, RuleKind, Severity, Tier


class Structure(HTMLParser):
    """The tags with their attributes' names, and the texts: all that there is of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.marked, self.texts, self.rows = [], [], [], [], []
        self._in_mark = False

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(name for name, _ in attributes)))
        self.rows.append((tag, dict(attributes)))
        self.links += [value for name, value in attributes if name in {"href", "src"}]
        self._in_mark = tag == "mark"

    def handle_endtag(self, tag):
        self.tags.append((f"/{tag}", ()))
        self._in_mark = False

    def handle_data(self, data):
        (self.marked if self._in_mark else self.texts).append(data)

    def handle_comment(self, data):
        raise AssertionError(data)


def mail(one, *, plain=False, now=NOW, **more) -> MailContent:
    return alerting.render(one, Format.MAIL, plain=plain, now=now, **more)


def parsed(html):
    structure = Structure()
    structure.feed(html)
    structure.close()
    return structure


def flat(text):
    return " ".join(text.split())


TWELVE = tuple(reason(f"r{n:02}", rule_title=f"Rule number {n:02}") for n in range(12))


@pytest.mark.parametrize(
    ("one", "subject"),
    [
        (alert(), "[flash] Khmeimim air base: Planes land at Khmeimim"),
        (
            alert(reasons=TWELVE),
            "[flash] Rule number 00, Rule number 01, Rule number 02, Rule number 03 (+8): Planes land at Khmeimim",
        ),
        (alert(reasons=()), "[flash] article: Planes land at Khmeimim"),
        (alert(article=card("")), "[flash] Khmeimim air base: (no title)"),
        (alert(AlertKind.REVISION), "[flash, changed] Khmeimim air base: Planes land at Khmeimim"),
        (
            alert(AlertKind.NOTICE, subject="Channel mail\r\nBcc: x@y.example", text="."),
            "[monitor] Channel mail Bcc: x@y.example",
        ),
        (alert(AlertKind.TEST, subject="it works", article=card()), "[test] it works"),
        (
            alert(AlertKind.DIGEST, lines=(digest_line(1), digest_line(2, severity=Severity.FLASH))),
            "[flash] 2 alerts that waited (1 flash, 1 routine)",
        ),
        (alert(AlertKind.DIGEST, lines=(digest_line(1),)), "[flash] 1 alert that waited (1 routine)"),
    ],
)
def test_subjects(one, subject):
    assert mail(one).subject == subject


def test_a_long_title_is_cut():
    subject = mail(alert(article=card("word " * 200))).subject
    assert len(subject) <= MAX_SUBJECT
    assert subject.endswith(("word…", "wor…", "wo…", "w…"))


def test_the_text_says_everything():
    one = alert(
        reasons=(
            reason(clauses=("names", "#near(planes, base)"), words=(("Khmeimim", Tier.EXACT), ("база", Tier.ALIAS))),
            reason("score", rule_title="Escalation", kind=RuleKind.TOPIC, severity=Severity.URGENT, clauses=("score",),
                   score=7, excerpts=(excerpt(field="title", cut_left=True, cut_right=True),)),
        ),
        timezone="Asia/Beirut",
    )  # fmt: skip
    text = mail(one, now=NOW + timedelta(minutes=3)).text
    assert text.splitlines() == [
        "[flash] Khmeimim air base, Escalation",
        "",
        "Planes land at Khmeimim",
        "https://news.example/1",
        "",
        "Outlet:      Example News",
        "Feed:        World",
        "Author:      A. Writer",
        "Published:   2026-03-01 07:53 UTC+02:00",
        "First seen:  2026-03-01 08:00 UTC+02:00 (7 min after publication)",
        "Sent:        3 min after it was first seen",
        "",
        "Khmeimim air base (base, flash)",
        "  Matched by: its names, #near(planes, base)",
        "  Words: Khmeimim (exact), база (alias)",
        "    Planes at the «Khmeimim» air base.",
        "",
        "Escalation (topic, urgent)",
        "  Matched by: its score (7)",
        "  Words: Khmeimim (exact)",
        "    … Planes at the «Khmeimim» air base. … [title]",
        "",
        "-- ",
        "You get this as subscriber desk, by rules khmeimim (version",
        "0123456789abcdef), score (version 0123456789abcdef).",
        f"Alert {'f' * 64}",
    ]


@pytest.mark.parametrize(
    ("one", "now", "said"),
    [
        (alert(), timedelta(minutes=10), None),
        (alert(), timedelta(minutes=11), "Delayed: this was raised 11 min ago"),
        (alert(article=card(published=None)), timedelta(), "the feed does not say"),
        (alert(article=card(published=NOW + timedelta(days=1))), timedelta(), "(before the date it bears)"),
        (alert(AlertKind.REVISION, dropped=("Trade", "Oil")), timedelta(), "No longer hit: Trade, Oil"),
        (alert(AlertKind.REVISION), timedelta(), "Changed: the text of this article was changed"),
        (alert(AlertKind.REVISION), timedelta(), "Change seen"),
        (alert(AlertKind.REVISION), timedelta(), "under a minute after the change was first seen"),
        (alert(), timedelta(hours=-1), "Sent: under a minute"),  # a clock that was set back
        (alert(AlertKind.TEST, text="Somebody asked.", article=card()), timedelta(), "Test: Somebody asked."),
        (alert(reasons=()), timedelta(), "You get this as subscriber desk."),
        (alert(AlertKind.DIGEST, lines=(digest_line(),), created_at=NOW), timedelta(hours=1), "Delayed"),
    ],
)
def test_what_makes_an_alert_special_stands_in_text_and_html(one, now, said):
    content = mail(one, now=NOW + now)
    texts = [
        flat(content.text),
        flat(" ".join(parsed(content.html).texts)).replace("Sent under", "Sent: under").replace(" ,", ","),
    ]
    for text in texts:
        assert (said in text) if said else ("Delayed" not in text)


def test_what_an_article_does_not_have_is_not_shown():
    content = mail(alert(article=card(url="javascript:x", outlet="World", author=None, lang="x y")))
    assert "Author" not in content.text + content.html
    assert "Feed:" not in content.text  # the same as the outlet
    assert "javascript" not in content.text + content.html
    assert ' lang="x' not in content.html
    content = mail(alert(article=card(outlet=None, feed_title=None, lang=None)))
    assert "Outlet" not in content.text + content.html


def test_plain_is_text_only():
    for one in (alert(), alert(AlertKind.NOTICE, text="x"), alert(AlertKind.DIGEST, lines=(digest_line(),))):
        content = mail(one, plain=True)
        assert content.html is None
        assert content.text == mail(one).text


def test_a_rule_without_words_and_many_words_rules_and_marks():
    words = tuple((f"word{n}", Tier.EXACT) for n in range(MAX_WORDS + 3))
    marks = tuple((n, n + 1) for n in range(0, 60, 2))
    rules = tuple(
        reason(f"r{n:03}", rule_title=f"R{n:03}", clauses=(), words=(), excerpts=()) for n in range(MAX_REASONS + 2)
    )
    content = mail(alert(reasons=(reason(words=words, excerpts=(excerpt("ab" * 30, marks),)), *rules)))
    for text in (flat(content.text), flat("".join(parsed(content.html).texts))):
        assert "and 3 more" in text
        assert f"Also hit: R{MAX_REASONS - 1:03}" in text
    assert len(parsed(content.html).marked) == MAX_MARKS


def test_the_html_marks_exactly_the_matched_words_and_says_the_direction():
    arabic = "هبطت في قاعدة حميميم الجوية"
    at = arabic.index("حميميم")
    rtl = excerpt(arabic, ((at, at + 6),), rtl=True)
    content = mail(alert(article=card(arabic, rtl=True, lang="ar"), reasons=(reason(excerpts=(rtl, excerpt())),)))
    page = parsed(content.html)
    assert page.marked == ["حميميم", "Khmeimim"]
    directions = [row.get("dir") for tag, row in page.rows if tag == "div" and row.get("class") == "quote"]
    assert directions == ["rtl", "ltr"]
    languages = [row.get("lang") for tag, row in page.rows if tag == "div" and row.get("class") == "quote"]
    assert languages == ["ar", None]  # the other sentence is surely not Arabic
    assert [(row["dir"], row["lang"]) for tag, row in page.rows if tag == "h1"] == [("rtl", "ar")]
    assert page.links == ["https://news.example/1"]
    assert ("meta", {"charset": "utf-8"}) in page.rows
    assert "prefers-color-scheme: dark" in content.html


def test_a_digest_lists_every_alert():
    lines = (
        *(digest_line(n) for n in range(1, 50)),
        digest_line(50, outlet=None, url=None, rules=(), title="", rtl=True),
    )
    content = mail(alert(AlertKind.DIGEST, lines=lines))
    page = parsed(content.html)
    assert page.links == [f"https://news.example/{n}" for n in range(1, 50)]
    for text in (flat(content.text), flat(" ".join(page.texts))):
        assert "50 alerts that waited (50 routine)" in text
        assert all(f"Report {n}" in text for n in range(1, 50))
        assert "(no title)" in text
        assert "Khmeimim air base" in text
    assert "   49  Khmeimim air base" in content.text
    bare = mail(alert(AlertKind.DIGEST, lines=(digest_line(rules=()),)))
    assert "Khmeimim air base" not in bare.text + bare.html


def test_a_notice_keeps_its_lines():
    content = mail(alert(AlertKind.NOTICE, subject="S", text="One.\nTwo <b>."))
    assert content.text.splitlines()[:2] == ["One.", "Two <b>."]
    assert "Two &lt;b&gt;." in content.html
    assert mail(alert(AlertKind.NOTICE, subject="S", text="")).text.startswith("\n")


LINKS = {
    action: f"https://monitor.example/l/{action}.Ab-c_d~e" for action in LinkAction if action is not LinkAction.CONFIRM
}


@pytest.mark.parametrize("kind", list(AlertKind))
def test_the_links_that_are_there_are_shown_at_the_end(kind):
    one = odd_alert(kind, "a calm title")
    content = mail(one, links=LINKS)
    shown = [
        "Mute this story for 24 h", "Mute this feed for 24 h", "Mute this rule for 24 h", "Not what the rule means",
        "Settings", "Unsubscribe from this rule", "Unsubscribe",
    ]  # fmt: skip
    tail = content.text.partition("-- \n")[2].splitlines()
    assert [line.rstrip(":") for line in tail[: 2 * len(shown) : 2]] == shown
    assert sorted(line.strip() for line in tail[1 : 2 * len(shown) : 2]) == sorted(LINKS.values())
    page = parsed(content.html)
    assert sorted(page.links[-len(shown) :]) == sorted(LINKS.values())
    assert [text for text in page.texts if text in shown] == shown
    assert "/l/" not in str(mail(one))
    some = mail(one, links={LinkAction.SETTINGS: "https://monitor.example/s", LinkAction.MUTE_FEED: "javascript:x"})
    assert "Settings" in some.text
    assert "Mute" not in some.text + some.html
    assert "javascript" not in some.text + some.html


hostile = st.text(max_size=60) | st.sampled_from(sorted(TITLES.values()))
HEADLESS = set("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00\x1b\u202e\u2066")


def odd_alert(kind, text, *, marks=((0, 1), (1, 3))):
    """An alert in which every text from outside is `text`."""
    if kind is AlertKind.DIGEST:
        return alert(
            kind, lines=(digest_line(title=text, outlet=text, rules=(text,), url=f"https://a.example/{text}"),)
        )
    if kind is AlertKind.NOTICE:
        return alert(kind, subject=text, text=text)
    return alert(
        kind,
        article=card(text, outlet=text, feed_title=f"{text}x", author=text, lang=text, url=f"https://a.example/{text}"),
        reasons=(
            reason(
                rule_title=text, clauses=(text,), words=((text, Tier.EXACT),), excerpts=(excerpt(f"x{text}yz", marks),)
            ),
        ),
        dropped=(text,),
        subject=text,
        text=text,
    )


def ours(page):
    """The tags without those that an empty or unfit text leaves out."""
    return [tag for tag, _ in page.tags if tag.strip("/") not in {"mark", "a", "p", "tr", "td", "bdi", "br"}]


@pytest.mark.parametrize("name", sorted(TITLES))
@pytest.mark.parametrize("kind", list(AlertKind))
def test_hostile_titles(name, kind):
    """R10: nothing raises, nothing becomes a header or markup, nothing is run as a template."""
    content = mail(odd_alert(kind, TITLES[name]))
    assert not HEADLESS & set(content.subject)
    assert "=?" not in content.subject
    assert content.subject.isprintable() or "\u200d" in content.subject
    assert len(content.subject) <= MAX_SUBJECT
    page = parsed(content.html)
    benign = parsed(mail(odd_alert(kind, "a calm title")).html)
    assert ours(page) == ours(benign)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in benign.tags}
    assert all(link.startswith("https://a.example/") for link in page.links)
    assert "1337" not in content.subject + content.text + content.html
    for text in (content.text, content.html):
        assert not set(text) & (HEADLESS - {"\n"})
        text.encode()


@settings(deadline=None)  # the machine may be busy
@given(
    kind=st.sampled_from(AlertKind), text=hostile, marks=st.lists(st.tuples(st.integers(-2, 70), st.integers(-2, 70)))
)
def test_any_text_makes_one_clean_subject_and_our_tags_alone(kind, text, marks):
    content = mail(odd_alert(kind, text, marks=tuple(marks)))
    assert not HEADLESS & set(content.subject)
    assert "=?" not in content.subject
    assert 0 < len(content.subject) <= MAX_SUBJECT
    content.text.encode()
    page, benign = parsed(content.html), parsed(mail(odd_alert(kind, "a calm title")).html)
    assert ours(page) == ours(benign)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in benign.tags}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag


@settings(deadline=None)  # the machine may be busy
@given(
    text=st.text(alphabet="ab <&>\"'{}%", min_size=3, max_size=60), start=st.integers(0, 60), length=st.integers(1, 60)
)
def test_marks_show_the_words_that_matched(text, start, length):
    text = f"x{text}y"
    end = min(start + length, len(text))
    one = excerpt(text, ((start, end),) if start < end else ())
    page = parsed(mail(alert(reasons=(reason(excerpts=(one,)),))).html)
    matched = text[start:end]
    assert flat("".join(page.marked)) == flat(matched)
