"""`monitor feeds backfill`, from a host with pages to what is stored, and who is told."""

import asyncio
import json
import ssl
from datetime import timedelta

import pytest
import trustme
from click.testing import CliRunner
from support.beat import Beat
from support.webhost import WebHost, redirect, reply

from monitor.cli import cli
from monitor.engine.backfill import Backfill, Wishes
from monitor.errors import StoreBusy
from monitor.store.protocol import HitFilter
from monitor.store.sqlite import SqliteStore

CANARY = "canary-7d1f"
BASIC = "Basic ZGVzazpjYW5hcnktN2QxZg=="  # desk:canary-7d1f


def rss(*titles, older=None, rel="next", date="Thu, 01 Jan 2026 00:00:00 GMT"):
    link = f"<a:link xmlns:a='http://www.w3.org/2005/Atom' rel='{rel}' href='{older}'/>" if older else ""
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    items = "".join(
        f"<item><guid isPermaLink='false'>{title}</guid><title>{title}</title>{dated}</item>" for title in titles
    )
    return reply(body=f"<rss version='2.0'><channel><title>T</title>{link}{items}</channel></rss>".encode())


def run(folder, routes, story, *, address="/feed", **more):
    """Tell a story with a feed and a clock of its own; the store is owned as by a daemon."""

    async def inner():
        async with WebHost({}) as host:
            host.routes = dict(routes(host) if callable(routes) else routes)
            async with Beat(folder, host.url(address), **more) as beat:
                return await story(beat, host)

    return asyncio.run(inner())


async def told(folder, *arguments, code=0):
    """What the command says, while the store is in use."""
    given = ["--config", str(folder / "monitor.yaml"), "feeds", "backfill", *arguments]
    done = await asyncio.to_thread(CliRunner().invoke, cli, given)
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return f"{done.output}{done.exception or ''}"


async def titles(beat):
    return [one.article.title for one in await beat.parts.store.archive()]


PAGES = {
    "/feed": rss("New at Khmeimim", "B", older="/2"),
    "/2": rss("B", "Old at Khmeimim", older="/3"),
    "/3": rss("D", "E", older="/4"),
    "/4": rss("F"),
}


def test_older_pages_are_stored_with_hits_and_nobody_is_told_while_news_stays_news(tmp_path):
    async def story(beat, host):
        first = await told(tmp_path, "f0")
        stored, hits = await titles(beat), len(await beat.parts.store.hits(HitFilter()))
        quiet = len(await beat.parts.store.deliveries())
        again = await told(tmp_path, host.url("/feed"))
        await beat.poll()
        loud = await beat.parts.store.deliveries()
        return first, again, stored, hits, quiet, loud, await titles(beat)

    first, again, stored, hits, quiet, loud, every = run(tmp_path, PAGES, story)
    assert stored == ["Old at Khmeimim", "D", "E", "F"]
    assert (hits, quiet, len(loud)) == (1, 0, 1)
    assert every == [*stored, "New at Khmeimim", "B"]
    lines = first.splitlines()
    assert lines[0].startswith("page 1 of at most 10: 1 article, 2026-01-01 to 2026-01-01; 1 stored, 1 hit  http")
    assert "3 older pages, 4 articles: 4 stored, 1 hit, nobody is told" in lines
    assert "ended: that was the oldest page" in lines
    assert "4 articles: 0 stored, 0 hits" in again


def test_with_alert_subscribers_are_told(tmp_path):
    async def story(beat, _):
        said = await told(tmp_path, "f0", "--alert")
        assert await beat.engine.alert_due() == 1
        await beat.engine.settle()
        return said, await beat.parts.store.deliveries()

    said, deliveries = run(tmp_path, PAGES, story)
    assert len(deliveries) == 1
    assert "1 hit, 1 wait to be told" in said
    assert "the daemon (process " in said


def test_a_back_fill_changes_nothing_of_the_feed(tmp_path):
    async def story(beat, _):
        before = await beat.poll()
        await told(tmp_path, "f0")
        return before, (await beat.feed())[1]

    before, after = run(tmp_path, PAGES, story)
    assert after == before


def test_without_a_daemon_and_without_a_store_it_works_too(tmp_path):
    async def story():
        async with WebHost(PAGES) as host:
            beat = Beat(tmp_path, host.url("/feed"))
            said = await told(tmp_path, "f0", "--alert")
            async with beat:
                return said, await titles(beat)

    said, stored = asyncio.run(story())
    assert len(stored) == 4
    assert "they are told when the daemon runs" in said


def atom(*titles, older):
    entries = "".join(f"<entry><id>urn:{title}</id><title>{title}</title></entry>" for title in titles)
    links = "".join(f"<link rel='{rel}' href='{url}'/>" for rel, url in older.items())
    return reply(body=f"<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title>{links}{entries}</feed>".encode())


def json_feed(*titles, older=None):
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": one, "title": one} for one in titles]}
    return reply(body=json.dumps(feed | ({"next_url": older} if older else {})).encode())


@pytest.mark.parametrize(
    "routes",
    [
        {
            "/feed": atom("A", older={"next": "/p2", "prev-archive": "/a2"}),
            "/a2": atom("A", "B", older={"prev-archive": "/a1", "next-archive": "/a3"}),
            "/a1": atom("C", older={}),
        },
        {"/feed": json_feed("A", older="/2"), "/2": json_feed("B", older="/3"), "/3": json_feed("C")},
        {"/feed": rss("A", older="/2"), "/2": rss("A", older="/3"), "/3": rss("B", "C")},
    ],
)
def test_archives_json_feed_and_a_page_of_nothing_new(tmp_path, routes):
    async def story(beat, host):
        await told(tmp_path, "f0")
        return await titles(beat), [request.target for request in host.requests]

    stored, asked = run(tmp_path, routes, story)
    assert stored == ["B", "C"]
    assert asked == list(routes)


def test_bounds_are_kept(tmp_path):
    async def story(beat, host):
        few = await told(tmp_path, "f0", "--pages", "1")
        asked = len(host.requests)
        host.routes["/2"] = rss("x", older="/3", date="Thu, 01 Jan 2026 00:00:00 GMT")
        host.routes["/3"] = rss("y", older="/4", date="Wed, 31 Dec 2025 23:59:59 GMT")
        since = await told(tmp_path, "f0", "--since", "2026-01-01")
        host.routes["/2"] = rss("undated", older="/4", date="")
        await told(tmp_path, "f0", "--since", "1d", "--pages", "1")
        wrong = await told(tmp_path, "f0", "--since", "yesterday", code=2)
        return few, asked, since, wrong, await titles(beat)

    few, asked, since, wrong, stored = run(tmp_path, PAGES, story)
    assert asked == 2
    assert "as --pages says; next would be" in few
    assert "published before --since" in since
    assert "expected a date such as 2026-01-31, or a duration such as 90d" in wrong
    assert stored == ["Old at Khmeimim", "x", "undated"]


async def endless(request, writer):
    """A host that has a next page for each page."""
    number = int(request.target.partition("=")[2] or 0)
    await rss("Same", older=f"/feed?page={number + 1}", date=f"Thu, 01 Jan 2026 00:00:{number:02} GMT")(request, writer)


@pytest.mark.parametrize(
    ("routes", "why", "asked"),
    [
        ({"/feed": rss("A", older="/feed#x")}, "in a circle", 1),
        ({"/feed": rss("A", older="/2"), "/2": rss("B", older="/feed")}, "in a circle", 2),
        ({"/feed": rss("A", older="/feed?again")}, "in a circle", 2),
        ({"/feed": endless}, "nothing that pages before them did not have", 3),
        ({"/feed": rss("A", older="/2"), "/2": rss(older="/3"), "/3": rss("B")}, "oldest page", 3),
    ],
)
def test_pages_that_never_end_are_left(tmp_path, routes, why, asked):
    async def story(_, host):
        return await told(tmp_path, "f0"), len(host.requests)

    said, count = run(tmp_path, routes, story)
    assert why in said
    assert count == asked


def test_a_page_that_fails_ends_it_and_what_was_stored_stays(tmp_path):
    routes = PAGES | {"/3": reply(503, headers={"Retry-After": "120"})}

    async def story(beat, _):
        return await told(tmp_path, "f0", code=1), await titles(beat)

    said, stored = run(tmp_path, routes, story)
    assert "page 2 failed: status: HTTP 503 Service Unavailable; it asks to wait for 120 s; next would be" in said
    assert stored == ["Old at Khmeimim"]


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (rss("A"), "names no older articles: no link with rel=prev-archive or rel=next"),
        (reply(404), "status: HTTP 404"),
        (reply(body=b"<html>"), "parse: this is a web page"),
        (reply(304), "status: HTTP 304"),
    ],
)
def test_a_feed_without_older_pages_says_so(tmp_path, route, message):
    assert message in run(tmp_path, {"/feed": route}, lambda *_: told(tmp_path, "f0", code=1))


def test_feeds_that_have_no_pages_or_are_not_known_are_named(tmp_path):
    (tmp_path / "drop").mkdir()

    async def story(beat, _):
        nobody = await told(tmp_path, "nobody", code=2)
        strange = await told(tmp_path, "https://nobody.example/feed", code=2)
        text = beat.file.read_text()
        beat.file.write_text(
            text.replace(
                "feeds:\n", "feeds:\n  - {id: late, url: 'https://late.example/'}\n  - {id: drop, path: drop}\n"
            )
        )
        return nobody, strange, await told(tmp_path, "late", code=1), await told(tmp_path, "drop", code=2)

    nobody, strange, late, folder = run(tmp_path, PAGES, story)
    assert "no feed is called nobody" in nobody
    assert "no feed is called https://nobody.example/feed" in strange
    assert "has not taken over late" in late
    assert "drop is no feed with an address" in folder


@pytest.mark.parametrize("way", ["url", "basic_auth"])
def test_credentials_go_to_the_feeds_own_host_alone(tmp_path, way):
    (tmp_path / "secret").write_text(CANARY)

    async def story():
        async with WebHost({"/3": rss("C", older="/4"), "/4": rss("D")}) as other:
            pages = {
                "/feed": rss("A", older="/2"),
                "/2": rss("B", older="/9"),
                "/9": redirect(other.url("/3")),
            }
            async with WebHost(pages) as host:
                url = host.url("/feed")
                more = ", basic_auth: {username: desk, password_file: secret}"
                if way == "url":
                    url, more = url.replace("://", f"://desk:{CANARY}@"), ""
                async with Beat(tmp_path, url, more=more):
                    said = await told(tmp_path, "f0")
                return said, *([one.headers.get("authorization") for one in web.requests] for web in (host, other))

    said, own, others = asyncio.run(story())
    assert own == [BASIC] * 3
    assert others == [None, None]
    assert CANARY not in said


def test_from_https_no_page_is_asked_for_in_clear(tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def story():
        async with (
            WebHost(PAGES) as clear,
            WebHost({"/feed": rss("A", older=clear.url("/2"))}, tls=context) as host,
            Beat(tmp_path, host.url("/feed")) as beat,
        ):
            fetch = "fetch: {allow_private: ['127.0.0.0/8']"
            beat.file.write_text(beat.file.read_text().replace(fetch, f"{fetch}, ca_file: ca.pem"))
            return await told(tmp_path, "f0", code=1), len(clear.requests)

    said, asked = asyncio.run(story())
    assert "not reached over https" in said
    assert asked == 0


def test_a_newer_text_is_not_replaced_by_an_older_one(tmp_path):
    def item(text):
        return f"<item><guid isPermaLink='false'>1</guid><title>One</title><description>{text}</description></item>"

    def feed(body, older=""):
        link = f"<a:link xmlns:a='x' rel='next' href='{older}'/>" if older else ""
        return reply(body=f"<rss version='2.0'><channel><title>T</title>{link}{body}</channel></rss>".encode())

    async def story(beat, host):
        await beat.poll()
        host.routes |= {"/feed": feed(item("x").replace(">1<", ">2<"), "/2"), "/2": feed(item("as it was"))}
        await told(tmp_path, "f0")
        return [one.article.body for one in await beat.parts.store.archive()]

    assert run(tmp_path, {"/feed": feed(item("as it is now"))}, story) == ["as it is now"]


# ── beside a daemon ───────────────────────────────────────────────────────────────────────────────────────────────────


class Restarted(SqliteStore):
    """A store whose daemon starts, and takes all leases back, just after the first claim."""

    claims = 0

    async def claim_pushed(self, feed_id, worker, now, lease):
        claim = await super().claim_pushed(feed_id, worker, now, lease)
        self.claims += 1
        if self.claims == 1:
            await self.release(None, now)
        return claim


class Full(SqliteStore):
    """A store that cannot take what is recorded."""

    async def record_poll(self, record):
        raise StoreBusy("the disk is full")


async def filled(beat, store):
    work = Backfill(beat.parts.live.loaded, store, beat.parts.reader, worker="b", clock=beat.parts.clock, pause=0)
    done = []
    end = await work.run(*await beat.feed(), Wishes(pages=9), done.append)
    return end.why, sum(page.recorded.articles for page in done)


def beside(folder, made):
    """Another door to the store of the beat."""
    return made(folder / "monitor.db", owner=False)


def test_a_feed_that_is_being_polled_is_waited_for(tmp_path):
    async def story(beat, _):
        claim = await beat.parts.store.claim_pushed("f0", "other", beat.now, timedelta(hours=1))
        with pytest.raises(StoreBusy, match="f0 is being polled or was removed"):
            await filled(beat, beat.parts.store)
        await beat.parts.store.give_back([claim])
        return await filled(beat, beat.parts.store)

    assert run(tmp_path, PAGES, story) == ("that was the oldest page", 4)


def test_a_daemon_that_starts_meanwhile_takes_nothing_away(tmp_path):
    async def story(beat, _):
        store = beside(tmp_path, Restarted)
        await store.open()
        try:
            return await filled(beat, store)
        finally:
            await store.close()

    assert run(tmp_path, PAGES, story) == ("that was the oldest page", 4)


def test_what_cannot_be_recorded_leaves_no_lease(tmp_path):
    async def story(beat, _):
        store = beside(tmp_path, Full)
        await store.open()
        try:
            with pytest.raises(StoreBusy, match="full"):
                await filled(beat, store)
        finally:
            await store.close()
        return await beat.parts.store.claim_pushed("f0", "other", beat.now, timedelta(hours=1))

    assert run(tmp_path, PAGES, story) is not None
