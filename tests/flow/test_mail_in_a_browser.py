"""Alerts as a browser shows them, as most mail programs do: by day and night, on a phone, in Arabic, and when all that mail
programs remove is removed.

Chromium draws the pages; without one these tests are left out.
"""

import dataclasses
import email
import re
from datetime import timedelta
from email import policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.made import NOW, alert, card, digest_line, excerpt, reason

from monitor import alerting
from monitor.channels.mailbox import Mailbox
from monitor.channels.mime import mail_bytes
from monitor.model import (
    AlertKind,
    Change,
    Copy,
    DigestReason,
    Edit,
    Format,
    LinkAction,
    Outgoing,
    Period,
    Reading,
    Severity,
    Spread,
)

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ),
    *("--disable-component-update", "--disable-sync"),
]
PHONE, DESK = 375, 1000
LINKS = {
    action: f"https://monitor.example/l/{action}.{'x' * 80}"
    for action in LinkAction
    if action is not LinkAction.CONFIRM
}
LONG = "https://news.example/" + "a" * 300
ARABIC = "هبطت طائرات في قاعدة حميميم الجوية يوم الثلاثاء."
AT = ARABIC.index("حميميم")
IN_ARABIC = excerpt(ARABIC, ((AT, AT + 6),), rtl=True, field="title")


def spread():
    copies = tuple(
        Copy(
            article_key=f"c{n}",
            title=title,
            outlet="Outlet",
            lang="ar" if rtl else "en",
            url="https://news.example/2",
            first_seen=NOW,
            rtl=rtl,
        )
        for n, (title, rtl) in enumerate([("Another report", False), (ARABIC, True), ("w" * 120, False)])
    )
    return Spread(
        outlets=14, news="now 14 outlets, first Reuters 10:02, in Arabic since 10:40", copies=copies, more=4, wire="AFP"
    )


def changes():
    pieces = (("Two ", Edit.SAME), ("planes", Edit.REMOVED), ("jets", Edit.ADDED), (" landed.", Edit.SAME))
    return (Change(field="title", pieces=pieces), Change(field="body", pieces=((ARABIC, Edit.ADDED),), rtl=True))


def digest():
    period = Period(
        reason=DigestReason.CADENCE, since=NOW - timedelta(days=31), until=NOW, bars=(*range(30), 0),
        reading=Reading(articles=412, feeds=37, silent=2),
    )  # fmt: skip
    lines = tuple(digest_line(n, severity=one, note="2 outlets") for n, one in enumerate(Severity))
    return alert(
        AlertKind.DIGEST,
        lines=(*lines, digest_line(4, title=ARABIC, rtl=True), digest_line(5, title="w" * 150)),
        period=period,
    )


ALERTS = {
    "alert": alert(reasons=(reason(), reason("two", rule_title="w" * 90, clauses=(f"#near({'x' * 80})",))), created_at=NOW - timedelta(hours=1)),
    "update": alert(AlertKind.UPDATE, article=card("W" * 200, author="w" * 100), reasons=(reason(seen_in="Elsewhere"),), spread=spread()),
    "revision": alert(AlertKind.REVISION, dropped=("Trade", "Oil"), changes=changes()),
    "digest": digest(),
    "arabic": alert(article=card(ARABIC, rtl=True, lang="ar", url=LONG), reasons=(reason(excerpts=(IN_ARABIC, excerpt())),)),
    "notice": alert(AlertKind.NOTICE, subject="Channel slack does not deliver", text=f"Why:\n{LONG}\n"),
}  # fmt: skip


def html_of(name):
    """The HTML part of a whole message, as a mail program finds it."""
    content = alerting.render(ALERTS[name], Format.MAIL, plain=False, now=NOW, links=LINKS)
    message = Outgoing(key="k", address="a@example.org", content=content, severity=Severity.FLASH, created_at=NOW)
    raw = mail_bytes(message, content, sender=Mailbox(local="m", domain="example.org"))
    return email.message_from_bytes(raw, policy=policy.default).get_body(("html",)).get_content()


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield opened
        opened.close()


@pytest.fixture
def shown(browser):
    """Shows HTML and gives the page, with what it asked for outside."""
    opened = []

    def show(html, *, width=DESK, dark=False):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        opened.append(context)
        page = context.new_page()
        asked = []
        page.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
        page.set_content(html)
        return page, asked

    yield show
    for context in opened:
        context.close()


CONTRAST = """() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest('[style*="display:none"]')) continue;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) found.push([texts.currentNode.data.trim().slice(0, 40), contrast]);
  }
  return found;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", sorted(ALERTS))
def test_it_fits_is_readable_and_asks_for_nothing(shown, name, width, dark):
    page, asked = shown(html_of(name), width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    assert asked == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(22, 24, 29)") is dark


def test_arabic_reads_from_right_to_left_and_english_beside_it_does_not(shown):
    page, _ = shown(html_of("arabic"), width=PHONE)
    assert page.evaluate("[...document.querySelectorAll('.quote')].map(one => getComputedStyle(one).direction)") == [
        "rtl",
        "ltr",
    ]
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert page.evaluate("[...document.querySelectorAll('.quote')].map(one => one.lang)") == ["ar", ""]
    assert page.evaluate("document.querySelector('h1').lang") == "ar"
    page, _ = shown(html_of("update"))
    assert page.evaluate("[...document.querySelectorAll('div[lang]')].map(one => one.lang)") == ["en", "en", "ar", "en"]
    for name in ("update", "revision", "digest"):
        page, _ = shown(html_of(name))
        found = (
            "[...document.querySelectorAll('[dir=rtl]')].map(one => getComputedStyle(one).textAlign + one.innerText)"
        )
        assert [one for one in page.evaluate(found) if ARABIC in one], name


class Sieve(HTMLParser):
    """What Gmail and other webmail leave of a page: no style sheets, no classes, no SVG, no pictures, no scripts."""

    GONE = frozenset({"style", "svg", "script", "title"})

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.kept, self.open, self._inside = [], [], 0

    def handle_starttag(self, tag, attributes):
        self._inside += tag in self.GONE
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        if not self._inside and tag not in {"html", "head", "body", "meta"}:
            kept = [(name, value) for name, value in attributes if name != "class"]
            self.kept.append(f"<{tag}{''.join(self._attribute(*one) for one in kept)}>")

    @staticmethod
    def _attribute(name, value):
        return ' {}="{}"'.format(name, value.replace("&", "&amp;").replace('"', "&quot;"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if not self._inside and tag not in {"html", "head", "body"}:
            self.kept.append(f"</{tag}>")
        self._inside -= tag in self.GONE

    def handle_data(self, data):
        self.kept += [] if self._inside else [data]

    def handle_entityref(self, name):
        self.handle_data(f"&{name};")

    def handle_charref(self, name):
        self.handle_data(f"&#{name};")


def sieved(html):
    sieve = Sieve()
    sieve.feed(html)
    sieve.close()
    assert sieve.open == []
    return "".join(sieve.kept)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_the_pages_are_well_formed_and_hold_nothing_that_runs_or_loads(name):
    html = html_of(name)
    assert not re.search(r"(?i)<(script|img|link|iframe|object|svg|form)\b|\son\w+=|url\(|@import|@font-face", html)
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    sieved(html)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_what_webmail_leaves_of_it_is_readable_too(shown, name):
    page, asked = shown(f"<!DOCTYPE html>{sieved(html_of(name))}", width=PHONE)
    assert page.evaluate(CONTRAST) == []
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_the_chart_of_a_digest_stays_when_svg_and_style_sheets_are_removed(shown):
    page, _ = shown(sieved(html_of("digest")), width=PHONE)
    heights = page.evaluate("[...document.querySelectorAll('[aria-hidden=true] div')].map(one => one.offsetHeight)")
    assert len(heights) == 31
    assert heights[29] == 40
    assert heights == [*sorted(heights[:-1]), 2]
    assert page.evaluate("document.querySelector('[aria-hidden=true] div').offsetWidth") >= 4


@pytest.mark.parametrize("name", ["alert", "update", "revision", "arabic"])
def test_matched_words_stand_out_in_text_too(name):
    one = dataclasses.replace(ALERTS[name])
    text = alerting.render(one, Format.MAIL, plain=True, now=NOW).text
    assert "«Khmeimim»" in text or "«حميميم»" in text
