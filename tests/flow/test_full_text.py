"""Pages of articles: which are read, how often, what becomes of their text, and that nothing waits for them."""

import asyncio
import contextlib
import dataclasses
from datetime import timedelta

import pytest
from support.desk import Desk, made_article
from support.webhost import WebHost, hang, redirect, reply

from monitor.engine import pages
from monitor.engine.daemon import sync
from monitor.engine.local import LocalEngine
from monitor.engine.pages import PAUSE, WAITS
from monitor.model import ArticlePage
from monitor.store.protocol import HitFilter

RULES = """
rules:
  - {id: khmeimim, kind: base, title: Khmeimim air base, names: [Khmeimim], severity: urgent}
  - {id: talks, kind: topic, title: Talks on the port, query: Latakia AND lease NOT cancelled}
"""
FILLER = "<p>The delegation met in the morning and spoke for two hours about many other things of note.</p>" * 5
HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(text, lang="en"):
    nav = "<nav><a href='/'>Home</a> Khmeimim in the menu</nav>"
    return reply(
        body=f"<html lang={lang}><head><title>T</title></head><body>{nav}<article><h1>T</h1>{FILLER}<p>{text}</p>"
        "</article><footer>Khmeimim in the footer</footer></body></html>".encode(),
        headers=HTML,
    )


def rss(*items):
    made = "".join(
        f"<item><guid>id{path}</guid><title>{title}</title><link>{path}</link><description>{text}</description></item>"
        for path, title, text in items
    )
    return reply(
        body=f"<rss version='2.0'><channel><title>F</title>{made}</channel></rss>".encode(),
        headers={"Content-Type": "application/rss+xml"},
    )


@contextlib.asynccontextmanager
async def desk_on(folder, routes, full_text="always"):
    """A desk whose one feed stands on a web host."""
    async with WebHost(routes) as host:
        desk = Desk(
            folder,
            "  box: {kind: maildir, path: box}",
            "[box]",
            extra=f"feeds: [{{id: f, url: '{host.url('/feed')}', full_text: {full_text}}}]\n"
            "polling: {every: 1m, floor: 1m}\n"
            f"fetch: {{allow_private: ['127.0.0.0/8'], timeout: 1s}}\n",
            rules=RULES,
        )
        async with desk:
            await sync(desk.parts)
            yield desk, host


async def poll(desk):
    """One poll of the feed, with all that follows at once."""
    await desk.parts.store.make_due(None, desk.now)
    assert await desk.engine.poll_due() == 1
    await desk.engine.settle()


async def read(desk, wait=PAUSE):
    """Read all pages that are due; how many."""
    count = 0
    while started := await desk.engine.read_due():
        await desk.engine.settle()
        count += started
        desk.now += wait
    return count


async def hits(desk):
    return [(hit.match.rule_id, hit.revision) for hit in reversed(await desk.parts.store.hits(HitFilter()))]


async def article(desk):
    (one,) = await desk.parts.store.archive()
    return one.article


def asked(host, path):
    return sum(request.target == path for request in host.requests)


def test_the_page_is_matched_and_told_once_and_fetched_once(tmp_path):
    async def run():
        routes = {"/feed": rss(("/a", "Visit", "A delegation came…")), "/a": page("They flew from Khmeimim.")}
        async with desk_on(tmp_path, routes) as (desk, host):
            await poll(desk)
            assert await hits(desk) == []
            assert await read(desk) == 1
            assert await hits(desk) == [("khmeimim", 1)]
            found = await article(desk)
            assert found.body.startswith("A delegation came…\n\n")
            assert found.body.endswith("They flew from Khmeimim.")
            assert "menu" not in found.body
            assert "footer" not in found.body
            assert found.lang == "en"
            (hit,) = await desk.parts.store.hits(HitFilter())
            for span in hit.match.spans:
                assert found.body[span.start : span.end] == "Khmeimim"
            # An article that nobody was told of is news, not a revision; and the feed's own text is still known again.
            (delivery,) = await desk.parts.store.deliveries()
            told = await desk.parts.store.alerts([delivery.alert_key])
            assert told[delivery.alert_key].kind == "article"
            host.routes["/feed"] = rss(("/a", "Visit", "A delegation came…"), ("/a", "Visit", "A delegation came…"))
            await poll(desk)
            assert await read(desk) == 0
            assert asked(host, "/a") == 1
            assert len(await desk.parts.store.deliveries()) == 1
            assert await desk.parts.store.pages() == {"read": 1}

    asyncio.run(run())


def test_what_hits_by_the_teaser_is_told_before_the_page_comes_and_is_not_lost(tmp_path):
    async def run():
        routes = {"/feed": rss(("/a", "Planes", "Planes at Khmeimim.")), "/a": page("The port of Latakia has a lease.")}
        async with desk_on(tmp_path, routes) as (desk, _):
            await poll(desk)
            assert await hits(desk) == [("khmeimim", 0)]
            assert await read(desk) == 1
            assert await hits(desk) == [("khmeimim", 0), ("talks", 1)]
            deliveries = await desk.parts.store.deliveries()
            told = await desk.parts.store.alerts([one.alert_key for one in deliveries])
            assert sorted((one.kind.value, one.reasons[0].rule_id) for one in told.values()) == [
                ("article", "khmeimim"),
                ("update", "talks"),
            ]

    asyncio.run(run())


def test_auto_reads_where_a_rule_is_undecided_and_nowhere_else(tmp_path):
    async def run():
        feed = rss(
            ("/open", "Ships", "A ship left Latakia."),
            ("/closed", "Rain", "Rain over the coast."),
            ("/hit", "Planes", "Planes at Khmeimim."),
        )
        routes = {"/feed": feed, "/open": page("The lease runs out."), "/closed": page("x"), "/hit": page("x")}
        async with desk_on(tmp_path, routes, "auto") as (desk, host):
            await poll(desk)
            assert await read(desk) == 1
            assert [asked(host, path) for path in ("/open", "/closed", "/hit")] == [1, 0, 0]
            assert await hits(desk) == [("khmeimim", 0), ("talks", 1)]
            # A teaser that is edited and still hits leaves nothing undecided.
            host.routes["/feed"] = rss(("/hit", "Planes", "Two planes at Khmeimim."))
            await poll(desk)
            assert await read(desk) == 0

    asyncio.run(run())


def test_never_reads_nothing(tmp_path):
    async def run():
        routes = {"/feed": rss(("/a", "Ships", "A ship left Latakia.")), "/a": page("x")}
        async with desk_on(tmp_path, routes, "never") as (desk, host):
            await poll(desk)
            assert (await read(desk), await desk.parts.store.pages(), asked(host, "/a")) == (0, {}, 0)

    asyncio.run(run())


def test_a_changed_teaser_has_the_page_read_anew_and_withdraws_nothing_until_then(tmp_path):
    async def run():
        routes = {"/feed": rss(("/a", "Visit", "A delegation.")), "/a": page("They flew from Khmeimim.")}
        async with desk_on(tmp_path, routes) as (desk, host):
            await poll(desk)
            await read(desk)
            host.routes |= {"/feed": rss(("/a", "Visit", "A delegation, corrected.")), "/a": page("They stayed.")}
            await poll(desk)
            (hit,) = await desk.parts.store.hits(HitFilter())
            assert hit.withdrawn_at is None
            assert await read(desk) == 1
            (hit,) = await desk.parts.store.hits(HitFilter())
            assert hit.withdrawn_at is not None
            assert len(await desk.parts.store.deliveries()) == 2  # that it hits, and that it does not any more
            assert asked(host, "/a") == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("route", "tries"),
    [
        (reply(404), 1),
        (reply(403), 1),  # what a publisher refuses is not asked for again
        (reply(503), 1 + len(WAITS)),
        (hang, 1 + len(WAITS)),
        (reply(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}), 1),
        (reply(body=b"<html></html>"), 1),  # nobody says that it is a page
        (reply(body=b"<html><body></body></html>", headers=HTML), 1),
        (reply(body=b"", headers=HTML), 1),
        (reply(body=b"x" * 4_000_000, headers=HTML), 1),
        (redirect("/a"), 1),
        (redirect("http://10.0.0.1/"), 1),
    ],
)
def test_a_page_that_does_not_come_is_given_up_after_a_few_tries_and_the_teaser_stays(tmp_path, route, tries):
    async def run():
        async with desk_on(tmp_path, {"/feed": rss(("/a", "Visit", "A delegation.")), "/a": route}) as (desk, _):
            await poll(desk)
            assert await read(desk, wait=WAITS[-1] * 2) == tries
            assert await desk.parts.store.pages() == {"given_up": 1}
            assert (await article(desk)).body == "A delegation."
            (row,) = await desk.parts.store._read(
                lambda db: db.execute("SELECT attempts, last_error FROM pages").fetchall()
            )
            assert row["attempts"] == tries
            assert ": " in row["last_error"]

    asyncio.run(run())


def test_pages_of_a_host_are_read_one_at_a_time_with_a_pause_and_as_long_as_it_asks(tmp_path):
    async def run():
        busy = reply(429, headers={"Retry-After": "1800"})
        routes = {"/feed": rss(("/a", "A", "a"), ("/b", "B", "b")), "/a": page("x"), "/b": busy}
        async with desk_on(tmp_path, routes) as (desk, host):
            await poll(desk)
            first = await desk.parts.store.claim_pages("other", desk.now, 10, timedelta(minutes=1))
            assert len(first) == 1
            assert await desk.engine.read_due() == 0  # one of the host is being read
            await desk.parts.store.release("other", desk.now)
            assert await desk.engine.read_due() == 1
            await desk.engine.settle()
            assert await desk.engine.read_due() == 0
            desk.now += timedelta(minutes=20)
            assert await desk.engine.read_due() == (0 if asked(host, "/b") else 1)
            await desk.engine.settle()
            desk.now += timedelta(minutes=41)
            await read(desk, wait=timedelta(hours=3))
            assert asked(host, "/a") == 1

    asyncio.run(run())


def test_a_page_is_not_lost_when_the_process_ends_while_it_is_read(tmp_path):
    async def run():
        routes = {"/feed": rss(("/a", "Visit", "A delegation.")), "/a": hang}
        async with desk_on(tmp_path, routes) as (desk, host):
            await poll(desk)
            assert await desk.engine.read_due() == 1
            await desk.engine.stop(0.0)
            host.routes["/a"] = page("They flew from Khmeimim.")
            desk.engine = LocalEngine(desk.parts, desk.engine.pulse)
            assert await read(desk) == 1
            assert await hits(desk) == [("khmeimim", 1)]

    asyncio.run(run())


def test_a_reading_of_a_text_that_changed_meanwhile_is_not_recorded(tmp_path):
    async def run():
        routes = {"/feed": rss(("/a", "Visit", "A delegation.")), "/a": page("They flew from Khmeimim.")}
        async with desk_on(tmp_path, routes) as (desk, host):
            await poll(desk)
            (claim,) = await desk.parts.store.claim_pages("w", desk.now, 1, timedelta(minutes=1))
            host.routes["/feed"] = rss(("/a", "Visit", "A delegation, corrected."))
            await poll(desk)
            assert (await pages.read(desk.parts, claim)).hits == 0
            assert (await article(desk)).body == "A delegation, corrected."
            assert await read(desk) == 1
            assert "Khmeimim" in (await article(desk)).body

    asyncio.run(run())


def test_text_that_the_page_says_too_stands_once():
    teaser = made_article(1)
    page_ = ArticlePage(text=f"{teaser.body} And more.", url="http://x", lang="en")
    assert pages.joined(teaser, page_).body == page_.text
    cut = dataclasses.replace(teaser, body="Report 1: planes […]", lang="ar")
    assert pages.joined(cut, page_).body == page_.text
    assert pages.joined(cut, page_).lang == "en"  # what is no Arabic is none
