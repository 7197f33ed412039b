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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor import alerting, config
from monitor.keys import article_key
from monitor.model import (
    Alert,
    AlertKind,
    Article,
    Delivery,
    DeliveryState,
    Format,
    LinkAction,
    MailContent,
    NewAlert,
    Recipient,
    SlackContent,
    Subscriber,
)
from monitor.settings import DeliverySettings

HERE = Path(__file__).parent
NOW = datetime(2026, 3, 3, 9, 41, tzinfo=UTC)
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
    english, arabic, *more = [
        _routed(loaded, number, title, body, NOW - timedelta(minutes=3 * number))
        for number, (title, body) in enumerate([ENGLISH, ARABIC, RUSSIAN, ENGLISH, ARABIC, RUSSIAN])
    ]
    digest = _digest([english, arabic, *more])
    pages = {
        "mail": (_mail_page(english.alert), 900, 1380, False),
        "mail-arabic-dark": (_mail_page(arabic.alert), 900, 1090, True),
        "mail-digest": (_mail_page(digest), 900, 820, False),
        "slack": (_slack_page(english.alert, arabic.alert), 900, 1260, False),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, (page, width, height, dark) in pages.items():
            file = Path(folder) / f"{name}.html"
            file.write_text(page, encoding="utf-8")
            _photograph(chromium, file, HERE / f"{name}.png", f"{width},{height}", dark=dark)


def _routed(loaded: config.Loaded, number: int, title: str, body: str, seen: datetime) -> NewAlert:
    """The alert that the shipped rules make of an article."""
    article = Article(
        key=article_key("news", guid=str(number), url=None, title=title, published=None),
        feed_id="news",
        guid=str(number),
        url=f"https://news.example/2026/03/03/{number}",
        title=title,
        body=body,
        author="A. Writer",
        lang={ENGLISH[0]: "en", ARABIC[0]: "ar"}.get(title, "ru"),
        outlet="Example News",
        published=seen - timedelta(minutes=4),
    )
    (alert,) = alerting.route(
        article=article,
        matches=loaded.index.match(article, now=seen),
        told=(),
        dropped=(),
        rules=loaded.index.rules,
        subscribers=(DESK,),
        feed_title="Example News: world",
        first_seen=seen,
        revision=0,
        now=seen,
    )
    return alert


def _digest(alerts: list[NewAlert]) -> Alert:
    """The digest that would carry them all."""
    pending = [
        Delivery(
            id=number,
            key=one.deliveries[0].key,
            alert_key=one.alert.key,
            subscriber_id=DESK.id,
            channel="mail",
            address="desk@example.org",
            state=DeliveryState.PENDING,
            attempts=0,
            unknowns=0,
            plain=False,
            created_at=one.alert.created_at,
            next_attempt=None,
            sent_at=None,
            last_error=None,
        )
        for number, one in enumerate(alerts, start=1)
    ]
    folded = alerting.catch_up(
        pending, {one.alert.key: one.alert for one in alerts}, now=NOW, settings=DeliverySettings(max_singles=0)
    )
    if folded is None:
        raise SystemExit("nothing to fold")
    return folded[0].alert


def _mail_page(alert: Alert) -> str:
    """A mail program's window around the HTML part."""
    about_one = alert.kind is not AlertKind.DIGEST
    links = {action: link for action, link in LINKS.items() if about_one or action in FOR_ALL}
    content = alerting.render(alert, Format.MAIL, plain=False, now=NOW, links=links)
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
        content = alerting.render(alert, Format.SLACK, plain=False, now=NOW)
        if not isinstance(content, SlackContent):
            raise SystemExit("not Slack's content")
        blocks = "".join(_drawn(block) for block in content.blocks)
        drawn.append(f'<section><b class="app">monitor</b> <span class="badge">APP</span>{blocks}</section>')
    return (
        '<!DOCTYPE html><meta charset="utf-8"><style>body{font:15px/1.46 Lato,"Noto Sans",sans-serif;color:#1d1c1d;'
        "background:#fff;margin:0;padding:16px 24px}section{border-left:36px solid #4a154b;border-radius:4px;padding:0 0 0 12px;"
        "margin:0 0 20px}h2{font-size:18px;margin:6px 0}p{margin:4px 0;white-space:pre-wrap}.context{color:#616061;font-size:12px}"
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
    inner = [_drawn(one) for one in block["elements"]]
    frames = {"context": '<p class="context">{}</p>', "rich_text_section": '<p dir="auto">{}</p>', "rich_text": "{}"}
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
