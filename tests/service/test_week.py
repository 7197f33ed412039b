"""A week over the real engine with a clock that the test moves: feeds on loopback, the store, a mail server, twelve subscribers.

Clocks are put forward in Europe, Beirut and Gaza within it. Every hit that somebody takes ends somewhere, digests come on the
minute of the subscriber's own clock, and every message is opened: it says what its alert says. A small week of made
articles runs everywhere; `WEEK_ARTICLES=20000` takes real news, where it is.
"""

import asyncio
import json
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.mailhost import MailHost
from support.webhost import WebHost, reply

from monitor import config
from monitor.channels import make_channel
from monitor.engine.daemon import close, sync
from monitor.engine.health import Pulse
from monitor.engine.journal import Journal
from monitor.engine.local import LocalEngine
from monitor.engine.parts import Live, Parts
from monitor.feeds import FeedReader
from monitor.model import AlertKind, DeliveryState, DigestReason
from monitor.store import open_store
from monitor.store.protocol import HitFilter

DATA = Path(__file__).parents[3] / "shared" / "data"
WANTED = int(os.environ.get("WEEK_ARTICLES", "0"))
START = datetime(2026, 3, 26, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
STEP = timedelta(minutes=5)
OUTLETS = 12
RULES = """
rules:
  - {id: base, kind: base, title: Bases, names: [Khmeimim, Хмеймим, حميميم, Baghdad, Багдад, بغداد], severity: flash, labels: {country: sy}}
  - {id: leader, kind: person, title: Leaders, names: [Putin, Путин, بوتين, Blair, Bush, Erdogan, Эрдоган], severity: urgent}
  - {id: trade, kind: topic, title: Trade, query: "oil OR нефть OR النفط OR gas", severity: routine, labels: {desk: economy}}
  - {id: capital, kind: place, title: Capitals, names: [Moscow, Москва, London, Riyadh, الرياض, Damascus], severity: routine}
"""
PEOPLE = """
  - {id: berlin-now, timezone: Europe/Berlin, CH}
  - {id: beirut-night, timezone: Asia/Beirut, quiet_hours: "22:00-07:00", CH}
  - {id: gaza-few, timezone: Asia/Gaza, max_per_hour: 2, updates: {outlets: []}, CH}
  - {id: tokyo-wait, timezone: Asia/Tokyo, group_wait: 10m, group_interval: 1h, CH}
  - {id: london-flash, timezone: Europe/London, severity: flash, CH}
  - {id: berlin-gap, timezone: Europe/Berlin, cadence: "daily at 02:30", CH}
  - {id: beirut-gap, timezone: Asia/Beirut, cadence: "daily at 00:00", CH}
  - {id: kathmandu-daily, timezone: Asia/Kathmandu, cadence: "daily at 08:00", languages: {only: [ar]}, CH}
  - {id: new-york-hourly, timezone: America/New_York, cadence: hourly, empty_digests: false, CH}
  - {id: moscow-weekly, timezone: Europe/Moscow, cadence: "weekly on mon at 09:00", CH}
  - {id: lord-howe-cron, timezone: Australia/Lord_Howe, cadence: "*/30 9-17 * * mon-fri", empty_digests: false, CH}
  - {id: chatham-night, timezone: Pacific/Chatham, cadence: "0 */6 * * *", quiet_hours: "22:00-07:00", severity: "<flash", CH}
"""
CADENCES = {
    "berlin-gap": {(2, 30), (3, 0)},  # 02:30 does not exist on the 29th: the first moment after the gap
    "beirut-gap": {(0, 0), (1, 0)},
    "kathmandu-daily": {(8, 0)},
    "new-york-hourly": {(hour, 0) for hour in range(24)},
    "moscow-weekly": {(9, 0)},
    "lord-howe-cron": {(hour, minute) for hour in range(9, 18) for minute in (0, 30)},
    "chatham-night": {(0, 0), (6, 0), (12, 0), (18, 0), (7, 0)},  # and when its quiet hours end
}


def texts():
    """Title, body and language of real news where it is, else of made ones."""
    files = sorted(DATA.glob("news_bench_*.jsonl")) if WANTED else []
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            one = json.loads(line)
            body = one.get("body") or ""
            yield one.get("title") or body[:80], body[:1500], one.get("lang", "en")
    if not files:
        chance = random.Random(3)
        subjects = (
            "Planes at Khmeimim",
            "Путин прибыл в Москву",
            "أسعار النفط في الرياض",
            "Oil falls in London",
            "Rain over the hills",
        )
        for number in range(90):
            subject = chance.choice(subjects)
            words = " ".join(
                chance.choices(("harbour", "минимум", "council", "неделя", "ferry", "مدينة", "budget"), k=30)
            )
            lang = "ar" if "ا" in subject else "ru" if "П" in subject else "en"
            yield f"{subject}, report {number}", f"{subject} {number}. {words}.", lang


def week():
    """Hour of the week, outlet and text of every article: each text comes in one outlet or several, by day more than by night."""
    chance = random.Random(7)
    found = list(texts())
    wanted = WANTED or 260
    count = 0
    while count < wanted:
        for number, text in enumerate(found):
            first = chance.choices(range(160), weights=[1 + 3 * (7 <= hour % 24 <= 20) for hour in range(160)])[0]
            for copy, outlet in enumerate(chance.sample(range(OUTLETS), chance.choice((1, 1, 2, 4, 8)))):
                yield min(167, first + copy // 2), outlet, count, (text, number)
                count += 1
            if count >= wanted:
                return


def document(outlet, items):
    made = "".join(
        f"<item><guid isPermaLink='false'>{number}</guid><title>{escape(title)}</title>"
        f"<link>http://o{outlet}.example/{number}</link><pubDate>{format_datetime(at)}</pubDate>"
        f"<description>{escape(escape(body))}</description></item>"
        for number, (title, body, _), at in items
    )
    return reply(body=f"<rss version='2.0'><channel><title>Outlet {outlet}</title>{made}</channel></rss>".encode())


def settings(folder, host, mail):
    (folder / "rules.yaml").write_text(RULES)
    feeds = "\n".join(f"  - {{id: o{n}, url: '{host.url(f'/o{n}')}', title: Outlet {n}}}" for n in range(OUTLETS))
    people = PEOPLE
    for line in PEOPLE.splitlines():
        name = line.partition("id: ")[2].partition(",")[0]
        people = people.replace(line, line.replace("CH}", f"channels: [{{channel: mail, to: [{name}@example.org]}}]}}"))
    file = folder / "monitor.yaml"
    file.write_text(
        f"store: sqlite:///m.db\nrules: [rules.yaml]\nfeeds:\n{feeds}\nsubscribers:\n{people}\n"
        f"channels: {{mail: {{kind: email, host: 127.0.0.1, port: {mail.port}, security: none, from: m@example.org, rate: 10000}}}}\n"
        "polling: {host_gap: 0s, per_host: 12, every: 1h, floor: 1h, ceiling: 1h, adapt: 1}\n"
        "fetch: {allow_private: ['127.0.0.0/8']}\nhttp: {enabled: false}\nlog: {level: error}\n"
    )
    return config.load(file, dict(os.environ))


class Lived:
    """What a week came to."""

    async def live(self, folder):
        plan = {}
        for hour, outlet, number, (text, _) in week():
            plan.setdefault(hour, {}).setdefault(outlet, []).append((number, text))
            self.articles = number + 1
        with MailHost() as mail:
            async with WebHost({f"/o{n}": document(n, []) for n in range(OUTLETS)}) as host:
                loaded = settings(folder, host, mail)
                self.now = START
                store = open_store(loaded.settings.store, owner=True)
                await store.open()
                parts = Parts(
                    worker="week", live=Live(loaded=loaded), store=store, reader=FeedReader(loaded.settings.fetch, {}),
                    channels={one.id: make_channel(one, loaded.settings.delivery) for one in loaded.settings.channels},
                    journal=Journal(), clock=lambda: self.now, monotonic=lambda: self.now.timestamp(),  # noqa: PLW0108 - another each time
                    jitter=lambda: 0.5,
                )  # fmt: skip
                await sync(parts)
                engine = LocalEngine(parts, Pulse())
                try:
                    await self._run(engine, parts, host, plan)
                    await self._collect(parts)
                finally:
                    await close(parts)
            self.letters = list(mail.letters)

    async def _run(self, engine, parts, host, plan):
        end = START + WEEK + timedelta(days=8)  # until the last weekly digest is out
        steps = 0
        while self.now < end:
            hour, rest = divmod(self.now - START, timedelta(hours=1))
            if not rest and hour in plan:
                for outlet, items in plan[hour].items():
                    host.routes[f"/o{outlet}"] = document(outlet, [(n, text, self.now) for n, text in items])
                await parts.store.make_due([f"o{n}" for n in plan[hour]], self.now)
                await engine.poll_due()
                await engine.settle()
            while await engine.alert_due():
                await engine.settle()
            while await engine.deliver_due():
                await engine.settle()
            steps += 1
            self.now += STEP
            if self.now > START + WEEK and not await self._waits(parts):
                return

    async def _waits(self, parts):
        return any(line.waiting for line in await parts.store.ledger())

    async def _collect(self, parts):
        store = parts.store
        self.lines = {line.subscriber_id: line for line in await store.ledger()}
        self.deliveries = await store.deliveries(limit=1_000_000)
        self.alerts = await store.alerts([one.alert_key for one in self.deliveries])
        self.hits = await store.hits(HitFilter(limit=1_000_000))
        figures = await store.figures(self.now, timedelta(hours=5))
        self.stored = figures.articles


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    if WANTED and not DATA.exists():
        pytest.skip("there is no real news beside the project")
    one = Lived()
    asyncio.run(one.live(tmp_path_factory.mktemp("week")))
    return one


def test_every_article_came_and_every_hit_ended_for_everybody(lived):
    assert lived.stored == lived.articles
    assert len(lived.lines) == 12
    assert all(line.even for line in lived.lines.values())
    assert all(line.waiting == line.pending == line.dead == 0 for line in lived.lines.values())
    severities = Counter(hit.match.severity.value for hit in lived.hits)
    everything = sum(severities.values())
    taken = {name: line.taken for name, line in lived.lines.items()}
    assert taken.pop("london-flash") == severities["flash"]
    assert taken.pop("chatham-night") == everything - severities["flash"]
    assert set(taken.values()) == {everything}
    arabic = sum(hit.article.lang in ("ar", None) for hit in lived.hits)
    assert lived.lines["kathmandu-daily"].suppressed.get("preference", 0) == everything - arabic
    assert lived.lines["kathmandu-daily"].delivered <= arabic


def test_digests_come_on_the_minute_of_the_subscribers_clock(lived):
    zones = {
        line.split("id: ")[1].split(",")[0]: line.split("timezone: ")[1].split(",")[0].rstrip("}")
        for line in PEOPLE.split("\n")
        if line
    }
    seen = Counter()
    for alert in lived.alerts.values():
        if alert.kind is AlertKind.DIGEST and alert.period.reason is DigestReason.CADENCE:
            local = alert.created_at.astimezone(ZoneInfo(zones[alert.subscriber_id]))
            assert (local.hour, local.minute) in CADENCES[alert.subscriber_id], (alert.subscriber_id, local)
            seen[alert.subscriber_id] += 1
    assert seen.keys() == CADENCES.keys()
    assert 6 <= seen["berlin-gap"] <= 16  # one a day, also while the weekly one is waited for
    assert 1 <= seen["moscow-weekly"] <= 2


def test_no_story_is_told_twice_as_new_and_caps_hold(lived):
    first = Counter((one.subscriber_id, one.story) for one in lived.alerts.values() if one.kind is AlertKind.ARTICLE)
    assert set(first.values()) <= {1}
    singles = [
        one for one in lived.alerts.values() if one.subscriber_id == "gaza-few" and one.kind is not AlertKind.DIGEST
    ]
    for one in singles:
        hour = [other for other in singles if timedelta() <= one.created_at - other.created_at < timedelta(hours=1)]
        # More severe alerts are not held back by less severe ones, so each severity has room of its own.
        assert len([other for other in hour if other.severity.rank >= one.severity.rank]) <= 2 + 2


def test_nothing_but_flash_reaches_beirut_at_night(lived):
    for one in lived.alerts.values():
        local = one.created_at.astimezone(ZoneInfo("Asia/Beirut"))
        if one.subscriber_id == "beirut-night" and not 7 <= local.hour < 22:
            assert one.severity.value == "flash"


def test_every_message_is_opened_and_says_what_its_alert_says(lived):
    by_key = {one.key: one for one in lived.deliveries}
    assert all(one.state is DeliveryState.SENT for one in lived.deliveries)
    assert len(lived.letters) == len(by_key) == len({letter.raw for letter in lived.letters})
    for letter in lived.letters:
        message = message_from_bytes(letter.raw, policy=policy.default)
        delivery = by_key[message["X-Alert-Key"]]
        alert = lived.alerts[delivery.alert_key]
        assert letter.recipient == f"{alert.subscriber_id}@example.org"
        assert f"[{alert.severity.value}" in message["Subject"] or not alert.lines
        text = " ".join(message.get_body(("plain",)).get_content().split())
        titles = [line.title for line in alert.lines] + ([alert.article.title] if alert.article else [])
        assert all(" ".join(title.split())[:60] in text for title in titles)
        if alert.kind is AlertKind.DIGEST:
            count = len(alert.lines)
            said = f"{count} stor" if count else "Nothing to report"
            assert said in text or f"{count} alerts" in text
        for reason in alert.reasons:
            assert reason.rule_title in text
