"""News sitemaps, from a real server to articles."""

import asyncio
import dataclasses
import gzip
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from support.webhost import WebHost, reply

from monitor.feeds import FeedReader
from monitor.model import Feed, FeedState, FetchErrorKind, FetchFailed, NotModified
from monitor.settings import FetchSettings

SETTINGS = FetchSettings(allow_private=(ip_network("127.0.0.0/8"),), max_entries=3)
STATE = FeedState(next_due=datetime(2026, 1, 1, tzinfo=UTC))
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)


def article(number=1, *, date="2026-01-02T03:04:05+02:00", more=""):
    return (
        f"<url><loc>https://x.example/{number}</loc>{more}<news:news><news:publication><news:name>The Wire</news:name>"
        f"<news:language>ru</news:language></news:publication><news:publication_date>{date}</news:publication_date>"
        f"<news:title>Тартус &amp; {number}</news:title><news:keywords>sea, port</news:keywords></news:news></url>"
    )


def urlset(*parts, head='<?xml version="1.0" encoding="UTF-8"?>'):
    return f"{head}<urlset {SPACES}>{''.join(parts)}</urlset>".encode()


def poll(body, state=STATE, status=200):
    async def run():
        async with WebHost({"/news.xml": reply(status, body=body)}) as host:
            reader = FeedReader(SETTINGS, {})
            try:
                outcome = await reader.poll(Feed(id="f", url=host.url("/news.xml")), state)
                if isinstance(outcome, FetchFailed):
                    outcome = dataclasses.replace(outcome, detail=outcome.detail.replace(host.url(""), "HOST"))
                return outcome
            finally:
                await reader.close()

    return asyncio.run(run())


def test_articles_have_title_date_language_outlet_and_address():
    image = "<image:image xmlns:image='i'><image:loc>https://x.example/i.png</image:loc><image:title>I</image:title></image:image>"
    outcome = poll(urlset(article(more=image), "<url><loc>https://x.example/about</loc></url>"))
    (got,) = outcome.articles
    assert outcome.format == "sitemap"
    assert (got.title, got.url, got.lang, got.outlet) == ("Тартус & 1", "https://x.example/1", "ru", "The Wire")
    assert got.published == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert got.published.utcoffset() == timedelta()
    assert got.categories == ("sea", "port")


def test_the_next_poll_reads_what_is_new():
    first = poll(urlset(article(1)))
    state = dataclasses.replace(STATE, fingerprints=first.fingerprints or b"", body_hash=first.body_hash)
    again = poll(urlset(article(2), article(1)), state)
    assert "https://x.example/2" in [one.url for one in again.articles]
    assert isinstance(poll(urlset(article(1)), state), NotModified)


@pytest.mark.parametrize(("date", "expected"), [("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)), ("soon", None)])
def test_dates(date, expected):
    assert poll(urlset(article(date=date))).articles[0].published == expected


def test_what_is_too_much_or_broken_is_left_out_with_a_warning():
    many = poll(urlset(*map(article, range(9))))
    assert (len(many.articles), any("only the first 3" in one for one in many.warnings)) == (3, True)
    cut = poll(urlset(article(1), article(2))[:-40])
    assert ([one.url for one in cut.articles], len(cut.warnings)) == (["https://x.example/1"], 1)
    assert poll(urlset()).articles == ()


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (urlset("<url><loc>https://x.example/a</loc></url>"), "none of its addresses as news"),
        (b"<urlset><url", "is broken"),
        (
            b"<sitemapindex><sitemap><loc>https://x.example/n.xml</loc></sitemap></sitemapindex>",
            "those of them that have news: https://x.example/n.xml",
        ),
        (
            b"<sitemapindex>%s<sitemap><loc>/1</loc><lastmod>2026-01-01</lastmod></sitemap><sitemap><loc>/NewsMap</loc></sitemap>"
            b"</sitemapindex>" % (b"<sitemap><loc>/9</loc></sitemap>" * 2 + b"<sitemap><loc>/8</loc></sitemap>"),
            "have news: HOST/NewsMap, HOST/1, HOST/9 and 1 more",
        ),
        (b"<sitemapindex></sitemapindex>", "that names none"),
    ],
)
def test_what_is_no_news_sitemap_says_what_it_is(body, detail):
    outcome = poll(body)
    assert isinstance(outcome, FetchFailed)
    assert outcome.kind is FetchErrorKind.PARSE
    assert detail in outcome.detail


def test_entities_of_a_doctype_are_not_expanded():
    head = '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    outcome = poll(urlset(article().replace("Тартус", "&f;&a;X"), head=head))
    assert "root:" not in outcome.articles[0].title
    assert "aaaa" not in outcome.articles[0].title


def test_a_file_of_gzip_is_read_within_bounds():
    packed = gzip.compress(urlset(article(1)))
    first = poll(packed)
    assert [one.url for one in first.articles] == ["https://x.example/1"]
    state = dataclasses.replace(STATE, body_hash=first.body_hash)
    assert isinstance(poll(gzip.compress(urlset(article(1)), 1), state), NotModified)
    cut = poll(packed[:-20])
    assert (cut.kind, "cut short" in cut.detail) == (FetchErrorKind.PROTOCOL, True)
    bomb = poll(gzip.compress(bytes(SETTINGS.max_body_bytes + 1)))
    assert bomb.kind is FetchErrorKind.TOO_LARGE
    assert poll(packed[:-20], status=404).detail == "HTTP 404 Not Found"
