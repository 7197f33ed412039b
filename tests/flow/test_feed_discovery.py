"""`monitor feeds discover`, from a real server to the list of feeds."""

import asyncio
import gzip
import json

import pytest
from click.testing import CliRunner
from support.webhost import WebHost, redirect, reply

from monitor.cli import cli
from monitor.config import load_settings

HTML = {"Content-Type": "text/html; charset=utf-8"}
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def rss(title, *items, head=""):
    entries = "".join(
        f"<item><guid>{number}</guid><title>News of Тартус {number}</title><pubDate>{date}</pubDate></item>"
        for number, date in enumerate(items)
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{head}{entries}</channel></rss>".encode()


def page(*elements, body=""):
    return reply(
        body=f"<!doctype html><html><head>{''.join(elements)}</head><body>{body}".encode(),
        headers=HTML,
    )


def link(href, kind="application/rss+xml", title=""):
    return f'<link rel="alternate" type="{kind}" href="{href}" title="{title}">'


def sitemap(number):
    return (
        f"<urlset {NEWS}><url><loc>https://x.example/{number}</loc><news:news><news:title>Sea {number}</news:title>"
        "<news:language>en</news:language></news:news></url></urlset>"
    ).encode()


def index(*urls):
    listed = "".join(f"<sitemap><loc>{url}</loc><lastmod>{date}</lastmod></sitemap>" for url, date in urls)
    return reply(body=f"<sitemapindex>{listed}</sitemapindex>".encode())


@pytest.fixture
def folder(tmp_path):
    """Settings without feeds, for a host without pauses."""
    settle(tmp_path)
    return tmp_path


def settle(folder, feeds="", fetch="{allow_private: ['127.0.0.0/8'], timeout: 5s}"):
    (folder / "monitor.yaml").write_text(
        f"store: sqlite:///monitor.db\nfeeds: [{feeds}]\npolling: {{host_gap: 0s}}\nfetch: {fetch}\n"
    )


def run(folder, routes, *options, path="/", code=0, host=None):
    """What the command says on both outputs, and what it asked the host for."""

    async def story():
        async with WebHost({}) as web:
            web.routes = routes(web) if callable(routes) else routes
            arguments = ["--config", str(folder / "monitor.yaml"), "feeds", "discover", host or web.url(path), *options]
            done = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
            assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
            said = done.stdout.replace(f"http://127.0.0.1:{web.port}", "HOST")
            return (
                said,
                f"{done.stderr}{done.exception or ''}".replace(f"http://127.0.0.1:{web.port}", "HOST"),
                [request.target for request in web.requests],
            )

    return asyncio.run(story())


def as_json(folder, routes, **more):
    said, rest, asked = run(folder, routes, "--json", **more)
    return [json.loads(line) for line in said.splitlines()], rest, asked


def test_announced_feeds_are_read_and_listed_with_lines_to_paste(folder):
    hub = "<a:link xmlns:a='x' rel='hub' href='https://hub.example/'/>"
    main = rss(
        "Main", "Fri, 02 Jan 2026 03:04:05 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", head=f"<language>ru</language>{hub}"
    )
    routes = {
        "/": page("<base href='/deep/'>", link("feed", title="All"), link("../down"), link("feed#top")),
        "/deep/feed": reply(body=main),
        "/down": reply(503),
    }
    said, rest, asked = run(folder, routes)
    heading, row, _, how, line = said.splitlines()
    assert heading.split() == ["title", "kind", "language", "articles", "newest", "hub", "address", "named", "by"]
    assert row.split() == [
        "1",
        "Main",
        "rss20",
        "ru",
        "2",
        "2026-01-02",
        "03:04",
        "yes",
        "HOST/deep/feed",
        "link",
        "element",
    ]
    assert "--add N" in how
    assert line == '  - {url: "HOST/deep/feed"}'
    assert "no feed: HOST/down (link element): HTTP 503" in rest
    assert asked == ["/", "/deep/feed", "/down"]


def test_as_json_a_line_each_and_links_only_where_nothing_is_announced(folder):
    routes = {
        "/": page(
            body="<a href='/feed'>RSS</a><a href='/about'>About</a><a href='/same/feed'>RSS</a><a href='/new/feed'>RSS</a>"
        ),
        "/feed": redirect("/new/feed", 301),
        "/new/feed": reply(body=rss("F", "Fri, 02 Jan 2026 03:04:05 GMT")),
        "/same/feed": reply(body=rss("F", "Fri, 02 Jan 2026 03:04:05 GMT")),
    }
    found, _, asked = as_json(folder, routes)
    assert len(found) == 1
    assert found[0]["url"] == "HOST/new/feed"
    assert (found[0]["number"], found[0]["title"], found[0]["kind"], found[0]["articles"]) == (1, "F", "rss20", 1)
    assert (found[0]["newest"], found[0]["hub"]) == ("2026-01-02T03:04:05+00:00", None)
    assert (found[0]["named_by"], found[0]["polled_as"]) == ("link of the page", None)
    assert asked == ["/", "/feed", "/new/feed", "/same/feed"]


def test_an_address_that_is_a_feed_answers_itself_and_says_whether_it_is_polled(folder):
    async def story():
        async with WebHost({"/feed": reply(body=rss("F"))}) as web:
            settle(folder, f"{{id: mine, url: '{web.url('/feed')}'}}")
            arguments = ["--config", str(folder / "monitor.yaml"), "feeds", "discover", web.url("/feed")]
            return await asyncio.to_thread(CliRunner().invoke, cli, arguments), len(web.requests)

    done, requests = asyncio.run(story())
    assert "the address itself; polled as mine" in done.stdout
    assert (done.exit_code, requests) == (0, 1)


def test_what_is_added_is_in_the_settings_list(folder):
    settle(folder, "{opml: feeds}")
    (folder / "feeds").mkdir()
    routes = {"/": page(*map(link, "abc")), **{f"/{name}": reply(body=rss(name.upper())) for name in "abc"}}
    said, _, _ = run(folder, routes, "--add", "3", "--add", "1")
    assert "discovered.opml: 2 feeds added" in said
    polled = load_settings(folder / "monitor.yaml", {}).feeds
    assert [(feed.title, feed.url.rpartition("/")[2]) for feed in polled] == [("A", "a"), ("C", "c")]
    settle(folder)
    said, _, _ = run(folder, routes, "--add", "all")
    assert "3 feeds added" in said
    assert "To poll them, add to feeds:" in said


@pytest.mark.parametrize("numbers", [["4"], ["0"], ["x"], ["1", "--json"]])
def test_what_cannot_be_added_is_wrong_usage(folder, numbers):
    routes = {"/": page(link("a")), "/a": reply(body=rss("A"))}
    _, rest, _ = run(folder, routes, "--add", *numbers, code=2)
    assert "--add takes" in rest or "there is no feed 4: 1 found" in rest or "exclude each other" in rest
    assert not (folder / "feeds").exists()


def test_an_index_of_sitemaps_shows_its_children_one_level_deep(folder):
    def routes(web):
        urls = [(web.url(f"/s{number}.xml"), f"2026-01-0{number}") for number in range(1, 8)]
        return {
            "/": page(f"<link rel=sitemap href='{web.url('/index.xml')}'>"),
            "/index.xml": index((web.url("/news.xml"), ""), *urls),
            "/news.xml": reply(body=gzip.compress(sitemap(1)), headers={"Content-Type": "application/gzip"}),
            "/s7.xml": index((web.url("/deeper.xml"), "")),
            "/s6.xml": reply(body=b"<urlset><url><loc>https://x.example/a</loc></url></urlset>"),
            "/s5.xml": page(),
        }

    found, rest, asked = as_json(folder, routes)
    assert [(one["kind"], one["lang"], one["url"], one["named_by"]) for one in found] == [
        ("sitemap", "en", "HOST/news.xml", "index of sitemaps")
    ]
    assert asked == ["/", "/index.xml", "/news.xml", "/s7.xml", "/s6.xml", "/s5.xml", "/s4.xml"]
    assert "HOST/s7.xml (index of sitemaps): this is another index of sitemaps" in rest
    assert "marks none of its addresses as news" in rest
    assert "HOST/s5.xml (index of sitemaps): this is a web page, not a feed" in rest
    assert "3 more addresses were named and not looked at" in rest


def test_a_robots_txt_names_sitemaps(folder):
    routes = {
        "/robots.txt": reply(body=b"User-agent: *\nSitemap: /news.xml\n", headers={"Content-Type": "text/plain"}),
        "/news.xml": reply(body=sitemap(1)),
    }
    found, _, asked = as_json(folder, routes, path="/robots.txt")
    assert [one["url"] for one in found] == ["HOST/news.xml"]
    assert asked == ["/robots.txt", "/news.xml"]


def test_no_more_is_asked_than_is_reasonable(folder):
    routes = {"/": page(*(link(f"/f{number}") for number in range(30))), "/f0": reply(body=rss("F"))}
    _, rest, asked = as_json(folder, routes)
    assert len(asked) == 21
    assert "10 more addresses were named and not looked at" in rest


@pytest.mark.parametrize(
    ("route", "message"),
    [
        (page(link("/other", "text/html")), "no feed was found at HOST/; looked for: Link headers"),
        (page('<link rel="hub" href="https://hub.example/">'), "the page itself names the hub https://hub.example/"),
        (reply(404), "HOST/: status: HTTP 404"),
        (reply(429, headers={"Retry-After": "60"}), "it asks to wait for 60 s"),
        (reply(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"}), "neither a feed nor a web page (application/pdf)"),
        (reply(body=b"\x89PNG"), "neither a feed nor a web page (of no known type)"),
        (reply(body=b"<html><title>Just a moment...</title>", headers=HTML), "a challenge page of Cloudflare came instead"),
        (reply(body=b"<sitemapindex></sitemapindex>"), "no feed was found"),
        (reply(body=b"<sitemapindex><a"), "neither a feed nor a web page"),
        (reply(body=b"<p>Hello", headers=HTML), "no feed was found"),
        (reply(body=b"hello", headers={"Content-Type": "text/plain"}), "neither a feed nor a web page (text/plain)"),
    ],
)  # fmt: skip
def test_where_there_is_none_it_says_what_it_found_instead(folder, route, message):
    said, rest, _ = run(folder, {"/": route}, code=1)
    assert message in rest
    assert said == ""


def test_a_private_address_is_refused_with_the_setting_that_allows_it(folder):
    settle(folder, fetch="{}")
    _, rest, asked = run(folder, {}, code=1)
    assert "may not be dialled" in rest
    assert "fetch.allow_private" in rest
    assert asked == []


def test_an_address_that_is_none_is_wrong_usage(folder):
    _, rest, _ = run(folder, {}, host="x.example", code=2)
    assert "expected a URL that begins with http:// or https://" in rest


def test_a_password_is_sent_and_never_shown(folder):
    routes = {"/": reply(body=rss("F"))}

    async def story():
        async with WebHost(routes) as web:
            url = web.url("/").replace("://", "://desk:canary-7d1f@")
            arguments = ["--config", str(folder / "monitor.yaml"), "feeds", "discover", url]
            return await asyncio.to_thread(CliRunner().invoke, cli, arguments), web.requests

    done, requests = asyncio.run(story())
    assert done.exit_code == 0
    assert "canary-7d1f" not in done.output
    assert "- {url" not in done.output
    assert requests[0].headers["authorization"].startswith("Basic ")


def test_without_settings_those_by_default_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["feeds", "discover", "http://127.0.0.1:9/"])
    assert done.exit_code == 1
    assert "may not be dialled" in str(done.exception)
