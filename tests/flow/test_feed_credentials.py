"""Headers, basic authentication and cookies of a feed: from the settings to the wire, and to nobody else."""

import asyncio
import dataclasses
from datetime import UTC, datetime

import pytest
from support.webhost import WebHost, redirect, reply

from monitor.config import load_settings
from monitor.errors import ConfigError
from monitor.feeds import FeedReader
from monitor.feeds.credentials import credentials_for
from monitor.model import Feed, FeedState, ParsedFeed
from monitor.settings import FeedCredentials, FetchSettings, Secret

CANARY = "canary-7d1f"
STATE = FeedState(next_due=datetime(2026, 1, 1, tzinfo=UTC))
RSS = b"<rss version='2.0'><channel><title>F</title><item><guid>1</guid><title>T</title></item></channel></rss>"
BASIC = "Basic ZGVzazpjYW5hcnktN2QxZg=="  # desk:canary-7d1f
SENT = {"x-api-key": CANARY, "authorization": BASIC, "cookie": f"a={CANARY}; b={CANARY}"}
ALL = (
    f"headers: {{X-Api-Key: {CANARY}}}, basic_auth: {{username: desk, password_file: secret}}, "
    f"cookies: {{a: {CANARY}}}, cookies_file: {{b: secret}}"
)


def load(folder, text, environ=None):
    (folder / "secret").write_text(f"{CANARY}\n")
    file = folder / "monitor.yaml"
    file.write_text(text)
    return load_settings(file, environ or {})


def one(more, url="https://x.example/feed"):
    return f"feeds: [{{id: f, url: '{url}', {more}}}]\n"


def sent(request):
    return {name: value for name, value in request.headers.items() if name in SENT}


def poll(folder, host, *, address=None):
    """Poll `/feed` of the host as the settings say; or another address, as of a feed that moved."""
    settings = load(folder, one(ALL, host.url("/feed")) + "fetch: {allow_private: [127.0.0.0/8]}\n")
    reader = FeedReader(settings.fetch, {})

    async def run():
        try:
            feed = settings.feeds[0]
            return await reader.poll(dataclasses.replace(feed, url=address) if address else feed, STATE)
        finally:
            await reader.close()

    return run()


def test_they_are_sent_with_every_request_to_the_feeds_own_host(tmp_path):
    async def run():
        async with WebHost({"/feed": redirect("/new"), "/new": reply(body=RSS)}) as host:
            outcome = await poll(tmp_path, host)
            return outcome, [sent(request) for request in host.requests]

    outcome, got = asyncio.run(run())
    assert isinstance(outcome, ParsedFeed)
    assert got == [SENT, SENT]


def test_another_host_is_sent_none_after_a_redirect_nor_where_the_feed_moved(tmp_path):
    async def run():
        async with WebHost({"/new": reply(body=RSS)}) as other, WebHost({"/feed": redirect(other.url("/new"))}) as host:
            outcomes = [await poll(tmp_path, host), await poll(tmp_path, host, address=other.url("/new"))]
            return outcomes, [sent(request) for request in host.requests], [sent(request) for request in other.requests]

    outcomes, own, others = asyncio.run(run())
    assert all(isinstance(outcome, ParsedFeed) for outcome in outcomes)
    assert (own, others) == ([SENT], [{}, {}])


@pytest.mark.parametrize(
    ("own", "asked", "told"),
    [
        ("https://x.example/a", "https://x.example/b", True),
        ("https://x.example/a", "https://x.example:443/b", True),
        ("http://x.example/a", "https://x.example/a", True),
        ("https://x.example/a", "http://x.example/a", False),
        ("http://x.example:8080/a", "https://x.example/a", False),
        ("https://x.example/a", "https://x.example:8443/a", False),
        ("https://x.example/a", "https://x.example.evil.test/a", False),
    ],
)
def test_who_may_know(own, asked, told):
    credentials = FeedCredentials(url=own, headers=(("x-key", Secret("s")),))
    settings = FetchSettings(credentials={"f": credentials})
    assert credentials_for(Feed(id="f", url=asked), settings) == ({"x-key": "s"} if told else {})
    assert credentials_for(Feed(id="g", url=own), settings) == {}


def test_secrets_come_from_files_and_variables_and_are_not_shown(tmp_path):
    text = one("basic_auth: {username: desk, password_file: missing}, headers: {x-key: none}")
    environ = {
        "MONITOR_FEEDS__F__BASIC_AUTH__PASSWORD": CANARY,
        "MONITOR_FEEDS__F__HEADERS__X_KEY": CANARY,
    }
    settings = load(tmp_path, text, environ)
    headers = dict(settings.fetch.credentials["f"].headers)
    assert headers == {"x-key": Secret(CANARY), "authorization": Secret(BASIC)}
    assert CANARY not in repr(settings)
    assert BASIC not in repr(settings)
    unnamed = load(
        tmp_path, "feeds: [{url: 'https://x.example/', headers_file: {k: secret}}, seeds]\n".replace(", seeds", "")
    )
    assert list(unnamed.fetch.credentials) == [unnamed.feeds[0].id]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (f"headers: {{Host: {CANARY}}}", "Host is set by the monitor itself"),
        (f"headers: {{If-None-Match: {CANARY}}}", "set by the monitor itself"),
        (f"headers: {{a: {CANARY}, A: {CANARY}}}", "A is given twice"),
        (f"headers: {{a: {CANARY}}}, headers_file: {{a: secret}}", "give it once"),
        (f"headers: {{'{CANARY} x': b}}", "a name is of ASCII"),
        (f'headers: {{a: "{CANARY}\\r\\nBcc: x"}}', "must be ASCII on one line"),
        (f"headers: {{a: '{CANARY}é'}}", "must be ASCII"),
        (f"headers: {{a: [{CANARY}]}}", "headers"),
        (f"haeders: {{a: {CANARY}}}", "did you mean"),
        (f"headers_file: {{a: {CANARY}}}", "cannot be read"),
        (f"cookies: {{a: '{CANARY}; b=c'}}", "without blanks"),
        (f"cookies: {{'a=': {CANARY}}}", "a name is of ASCII"),
        (f"headers: {{Cookie: {CANARY}}}, cookies: {{a: {CANARY}}}", "headers have cookie already"),
        (f"headers: {{Authorization: {CANARY}}}, basic_auth: {{username: u, password: {CANARY}}}", "already"),
        (f"basic_auth: {{username: 'a:b', password: {CANARY}}}", "must not have a colon"),
        ("basic_auth: {username: u}", "either password or password_file"),
        (f"basic_auth: {{username: u, password: {CANARY}, password_file: secret}}", "either password or password_file"),
        (f"basic_auth: {{username: u, password_file: {CANARY}}}", "cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_a_fault_that_shows_no_secret(tmp_path, more, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load(tmp_path, one(more))
    assert CANARY not in str(caught.value)


def test_a_name_and_password_in_the_url_too_and_a_folder_are_faults(tmp_path):
    with pytest.raises(ConfigError, match="the url has a name and password already"):
        load(tmp_path, one("basic_auth: {username: u, password_file: secret}", "https://u:p@x.example/"))
    with pytest.raises(ConfigError, match="only a feed with a url"):
        load(tmp_path, "feeds: [{path: ., headers_file: {a: secret}}]\n")
