"""Make the pictures of docs/alerts.md from our own renderers: `python docs/pictures/make.py [chromium]`.

The shipped rules match invented articles, `alerting` routes and renders them, and a headless browser takes the picture.
Mail is the HTML part as it is sent, below the headers that a mail program shows; Slack's blocks are drawn by the page
made here, because Slack itself can only be reached through an account.
"""
# ruff: noqa: INP001

import html
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor import alerting, config
from monitor.keys import article_key
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    Copy,
    Format,
    LinkAction,
    MailContent,
    Reading,
    Recipient,
    Route,
    SlackContent,
    Subscriber,
    Told,
    Waiting,
)

HERE = Path(__file__).parent
START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
LINKS = {
    action: f"https://monitor.example.org/l/{action}"
    for action in LinkAction
    if action is not LinkAction.UNSUBSCRIBE_RULE
}
FOR_ALL = {LinkAction.SETTINGS, LinkAction.UNSUBSCRIBE}
DESK = Subscriber(
    id="desk", title="Desk", recipients=(Recipient(channel="mail", address="desk@example.org"),), timezone="Asia/Beirut"
)
ENGLISH = (
    "Moscow and Damascus agree on the future of the bases",
    """Russian President Vladimir Putin received Ahmed al-Sharaa in Moscow on Tuesday. The two sides spoke about the naval
base in Tartus and the Khmeimim air base, the Kremlin said.

Sergey Lavrov called the talks useful. Nothing was said about Bashar al-Assad, whose extradition Damascus has asked for.""",
)
ARABIC = (
    "مباحثات في موسكو حول قاعدة حميميم",
    """استقبل الرئيس الروسي فلاديمير بوتين الرئيس أحمد الشرع في موسكو يوم الثلاثاء. وتناولت المحادثات مستقبل قاعدة حميميم
الجوية والقاعدة البحرية في طرطوس.

وقال وزير الخارجية سيرغي لافروف إن المحادثات كانت مفيدة.""",
)
RUSSIAN = (
    "В Москве обсудили будущее Хмеймима",
    "Владимир Путин принял Ахмеда аш-Шараа. Стороны говорили о базе в Тартусе и об авиабазе Хмеймим, сообщил Кремль.",
)


def main(chromium: str = "/usr/bin/chromium") -> None:
    """Make all pictures beside this file."""
    loaded = config.load(HERE.parents[1] / "monitor.yaml", dict(os.environ))
    news = Story(loaded)
    english = news.told(ENGLISH, "Example News", "en", minutes=0)
    arabic = Story(loaded).told(ARABIC, "وكالة المثال", "ar", minutes=4)
    news.told(RUSSIAN, "Пример", "ru", minutes=20)
    update = news.told(ENGLISH, "The Courier", "en", minutes=41)
    digest = Story(loaded, cadence="daily at 11:30").digest()
    pages = {
        "mail": (_mail_page(english), 900, 1340, False),
        "mail-dark": (_mail_page(english), 900, 1340, True),
        "mail-phone": (_mail_page(english), 500, 1480, False),
        "mail-arabic-dark": (_mail_page(arabic), 900, 1090, True),
        "mail-update": (_mail_page(update), 900, 1560, False),
        "mail-digest": (_mail_page(digest), 900, 740, False),
        "mail-digest-dark": (_mail_page(digest), 900, 740, True),
        "slack": (_slack_page(english, update, arabic), 900, 2250, False),
        "slack-digest": (_slack_page(digest), 900, 620, False),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, (page, width, height, dark) in pages.items():
            file = Path(folder) / f"{name}.html"
            file.write_text(page, encoding="utf-8")
            _photograph(chromium, file, HERE / f"{name}.png", f"{width},{height}", dark=dark)


class Story:
    """A story as one subscriber hears of it, by the decisions and compositions that the engine uses."""

    def __init__(self, loaded: config.Loaded, cadence: str = "now") -> None:
        route = Route(recipients=DESK.recipients, cadence=alerting.parse_cadence(cadence), update_outlets=(3,))
        self.desk = replace(DESK, routes=(route,))
        self.loaded = loaded
        self.rows: list[Waiting] = []
        self.seen: dict[int, alerting.Seen] = {}
        self.copies: dict[str, list[Copy]] = {}
        self.before: dict[tuple[str, str], Told] = {}

    def add(self, text: tuple[str, str], outlet: str, lang: str, at: datetime, story: str = "s") -> None:
        """An article that was seen then."""
        number = len(self.seen) + 1
        article = Article(
            key=article_key("news", guid=f"{outlet} {number}", url=None, title=text[0], published=None),
            feed_id="news",
            guid=str(number),
            url=f"https://news.example/2026/03/03/{number}",
            title=text[0],
            body=text[1],
            lang=lang,
            outlet=outlet,
            published=at - timedelta(minutes=4),
        )
        matches = self.loaded.index.match(article, now=at)
        rows = alerting.waiting(
            article,
            matches,
            before={},
            revision=0,
            changed=False,
            story=story,
            rules=self.loaded.index.rules,
            subscribers=[self.desk],
            now=at,
        )
        self.rows += [replace(row, id=number) for row in rows]
        self.seen[number] = alerting.Seen(article=article, matches=matches, feed_title="World", first_seen=at)
        copy = Copy(
            article_key=article.key,
            title=text[0],
            url=article.url,
            outlet=outlet,
            lang=lang,
            first_seen=at,
            rtl=lang == "ar",
        )
        self.copies.setdefault(story, []).append(copy)

    def told(self, text: tuple[str, str], outlet: str, lang: str, *, minutes: int) -> Alert:
        """The alert that an article brings so many minutes after the first."""
        at = START + timedelta(minutes=minutes)
        self.add(text, outlet, lang, at)
        return self._alert(at)

    def digest(self) -> Alert:
        """The digest of a morning."""
        for number, (text, lang) in enumerate([(ENGLISH, "en"), (ARABIC, "ar"), (RUSSIAN, "ru")] * 3):
            at = START - timedelta(minutes=17 * number * number % 230)
            self.add(text, f"Outlet {number}", lang, at, story=text[0])
        return self._alert(datetime(2026, 3, 3, 9, 30, tzinfo=UTC), Reading(articles=412, feeds=37, silent=2))

    def _alert(self, now: datetime, reading: Reading | None = None) -> Alert:
        made = alerting.decide_alerts(
            self.rows,
            subscriber=self.desk,
            rules=self.loaded.index.rules,
            silences=(),
            told=self.before,
            stories={story: alerting.facts_of(copies) for story, copies in self.copies.items()},
            sent=(),
            digested={"main": now - timedelta(days=1)} if reading else {},
            now=now,
        )
        self.rows = []
        (tell,) = made.tells or (None,)
        if tell is None:
            raise SystemExit("nothing is told")
        self.before |= {(tell.route.id, story.story): story.after for story in tell.stories}
        new = alerting.compose(
            tell, subscriber=self.desk, rules=self.loaded.index.rules, seen=self.seen, stories=self.copies,
            reading=reading, now=now,
        )  # fmt: skip
        return new.alert


def _mail_page(alert: Alert) -> str:
    """A mail program's window around the HTML part."""
    about_one = alert.kind is not AlertKind.DIGEST
    links = {action: link for action, link in LINKS.items() if about_one or action in FOR_ALL}
    content = alerting.render(alert, Format.MAIL, plain=False, now=alert.created_at, links=links)
    if not isinstance(content, MailContent) or content.html is None:
        raise SystemExit("no HTML part")
    head = (
        '<div class="page" style="font-family:sans-serif;padding:14px 24px;"><div class="text" style="font-size:18px;">'
        f'{html.escape(content.subject)}</div><div class="faint" style="font-size:13px;color:#667085;">'
        "Monitor &lt;monitor@example.org&gt; to desk@example.org</div></div>"
    )
    start = content.html.index("<div", content.html.index("<body"))
    return content.html[:start] + head + content.html[start:]


def _slack_page(*alerts: Alert) -> str:
    """The blocks of Slack messages, drawn much as Slack draws them."""
    drawn = []
    for alert in alerts:
        about_one = alert.kind is not AlertKind.DIGEST
        links = {action: link for action, link in LINKS.items() if about_one or action in FOR_ALL}
        content = alerting.render(alert, Format.SLACK, plain=False, now=alert.created_at, links=links)
        if not isinstance(content, SlackContent):
            raise SystemExit("not Slack's content")
        blocks = "".join(_drawn(block) for block in content.blocks)
        drawn.append(f'<section><b class="app">monitor</b> <span class="badge">APP</span>{blocks}</section>')
    return (
        '<!DOCTYPE html><meta charset="utf-8"><style>body{font:15px/1.46 Lato,"Noto Sans",sans-serif;color:#1d1c1d;'
        "background:#fff;margin:0;padding:16px 24px}section{border-left:36px solid #4a154b;border-radius:4px;padding:0 0 0 12px;"
        "margin:0 0 20px}h2{font-size:18px;margin:6px 0}p{margin:4px 0;white-space:pre-wrap}.context{color:#616061;font-size:12px}"
        ".button{border:1px solid #bbb;border-radius:4px;padding:3px 9px;margin:0 6px 6px 0;display:inline-block;font-weight:600;font-size:13px}"
        ".badge{background:#ddd;color:#616061;font-size:10px;padding:1px 3px;border-radius:2px}"
        "blockquote{border-left:4px solid #ddd;margin:4px 0;padding:0 0 0 12px;white-space:pre-wrap}a{color:#1264a3;"
        f"text-decoration:none}}</style>{''.join(drawn)}"
    )


def _drawn(block: Mapping[str, Any]) -> str:
    """One block or element as HTML."""
    kind = block["type"]
    if kind == "header":
        return f"<h2>{html.escape(block['text']['text'])}</h2>"
    if kind in {"text", "plain_text"}:
        text = html.escape(block["text"])
        return f"<b>{text}</b>" if block.get("style") else text
    if kind == "link":
        return f'<a href="#"><b>{html.escape(block["text"])}</b></a>'
    if kind == "button":
        return f'<span class="button">{html.escape(block["text"]["text"])}</span>'
    inner = [_drawn(one) for one in block["elements"]]
    frames = {
        "context": '<p class="context">{}</p>',
        "rich_text_section": '<p dir="auto">{}</p>',
        "rich_text": "{}",
        "actions": "<p>{}</p>",
    }
    frame = frames.get(kind, '<blockquote dir="auto">{}</blockquote>')
    return frame.format(("<br>" if kind == "context" else "").join(inner))


def _photograph(chromium: str, page: Path, picture: Path, size: str, *, dark: bool) -> None:
    """A picture of the page as a browser shows it."""
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(  # noqa: S603 - the browser that the caller named
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                f"--window-size={size}",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            timeout=120,
            capture_output=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
