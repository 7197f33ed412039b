"""What is asked of whom: the quick reading of plain addresses is httpx's own, and requests are written whole or not at all."""

import asyncio

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import RequestFailed
from monitor.net.exchange import Client, Limits, Request
from monitor.net.urls import _checked, _plain, _target, redirected, same_host, split

LIMITS = Limits(connect_seconds=1, head_bytes=1, total_bytes=1, sending=lambda: None)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/feed.xml",
        "http://a-b.example.org:8080/a/b//c/?x=1&y=a/b?c",
        "http://127.0.0.1:8080/feed.xml",
        "https://localhost:8443/(feed)/~me,you;x=*!$'@:+?q=a:b@c",
    ],
)
def test_plain_addresses_are_read_quickly(url):
    assert _plain(url) == _target(_checked(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",  # httpx adds the path
        "https://Example.org/",
        "https://example.org:443/",  # the usual port is left out
        "http://example.org:99999/",
        "http://127.0.0.256/",
        "http://127.0.0.01/",
        "http://127.0.1/",
        "http://0x7f.1/",
        "http://[::1]/",
        "https://xn--fiqs8s.example/",
        "https://me:secret@example.org/",
        "https://example.org/a/../b",
        "https://example.org/.well-known",
        "https://example.org/%2e/",
        "https://example.org/a b",
        "https://example.org/a#b",
        "https://example.org/ä",
        "https://example.org/feed\n",
        "https://example.org/" + "a" * 3000,
    ],
)
def test_what_httpx_may_change_is_left_to_it(url):
    assert _plain(url) is None


LETTERS = st.text("ab.-:/@?#%2e&=+;'\"\\ \tA0189_~|{}[]äxn", max_size=12)


@given(st.sampled_from(["http", "https"]), LETTERS, st.sampled_from(["", ":80", ":443", ":8080", ":070"]), LETTERS)
@example("http", "a.b", ":8080", "//a'b?c'd")
@example("https", "a.b", "", "/?")
@example("http", "b", "", "/a//.b")
@example("http", "255.1.10.0", ":8080", "")
def test_the_quick_reading_is_the_one_of_httpx(scheme, host, port, rest):
    url = f"{scheme}://{host}{port}/{rest}"
    plain = _plain(url)
    if plain is not None:
        assert plain == _target(_checked(url))


def test_credentials_become_a_header_and_leave_the_address():
    target, headers = split("http://me:p%40ss@Example.org:80/a b?c#d")
    assert headers == {"authorization": "Basic bWU6cEBzcw=="}
    assert (target.host, target.port, target.authority, target.path) == (
        "example.org", 80, b"example.org", b"/a%20b?c",
    )  # fmt: skip
    assert target.text == "http://example.org/a%20b?c#d"


def test_redirects_from_secure_to_clear_are_refused():
    target, _ = split("https://example.org/a")
    with pytest.raises(RequestFailed, match="from https to http"):
        redirected(target, "http://example.org/a")
    upgraded = redirected(split("http://example.org/a")[0], "https://example.org/\xc3\xa4")
    assert upgraded.path == b"/%C3%A4"
    assert same_host(split("http://example.org/a")[0], upgraded)
    assert not same_host(upgraded, split("http://example.org/a")[0])


# ── Requests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def request(method="GET", fields=None, content=None, url="https://example.org:8443/a?b"):
    return Request(method, split(url)[0], {"accept": "*/*"} if fields is None else fields, content, LIMITS)


def test_a_request_is_written_as_httpx_would():
    assert request().message == b"GET /a?b HTTP/1.1\r\nHost: example.org:8443\r\naccept: */*\r\n\r\n"
    assert request(fields={}).message == b"GET /a?b HTTP/1.1\r\nHost: example.org:8443\r\n\r\n"
    assert request("POST").message.endswith(b"\r\nContent-Length: 0\r\n\r\n")
    assert request("POST", content=b"ab").message.endswith(b"\r\nContent-Length: 2\r\n\r\nab")
    assert request(fields={"if-none-match": 'W/"caf\xe9"'}).message.endswith(b'W/"caf\xe9"\r\n\r\n')


def test_httpx_sees_all_of_it():
    ours = request("POST", content=b"ab")
    theirs = httpx.Request("POST", "https://example.org:8443/a?b", headers={"accept": "*/*"}, content=b"ab")
    assert ours.url == theirs.url
    assert ours.headers == theirs.headers
    assert ours.content == b"".join(ours.stream) == b"ab"
    assert repr(ours) == repr(theirs).replace("httpx.", "")
    with pytest.raises(AttributeError):
        _ = ours.nothing_of_the_kind


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GET /\r\n", {}),
        ("", {}),
        ("GET", {"a": "x\r\nb: y"}),
        ("GET", {"a": "x\nb: y"}),
        ("GET", {"a": "x\ry"}),
        ("GET", {"a": "x\0y"}),
        ("GET", {"a: b\r\nc": "x"}),
        ("GET", {"a b": "x"}),
        ("GET", {"": "x"}),
        ("GET", {"a": "\u0444"}),  # not Latin-1
        ("GET", {"\u0444": "a"}),
    ],
)
def test_what_cannot_be_http_is_not_written(method, fields):
    with pytest.raises(ValueError, match=r"HTTP|latin-1"):
        request(method, fields)


def test_the_client_does_the_exchange_and_nothing_else():
    class Answering(httpx.AsyncBaseTransport):
        def __init__(self):
            self.seen = []

        async def handle_async_request(self, request):
            self.seen.append(request)
            headers = {"set-cookie": "a=b", "location": "https://other.example/"}
            return httpx.Response(302, headers=headers, stream=httpx.ByteStream(b"moved"))

    async def run():
        transport = Answering()
        async with Client(transport) as client:
            sent = request()
            answer = await client.send(sent, follow_redirects=True)
            return transport.seen == [sent], answer, dict(client.cookies)

    alone, answer, cookies = asyncio.run(run())
    assert alone
    assert (answer.status_code, answer.content, answer.url) == (302, b"moved", "https://example.org:8443/a?b")
    assert cookies == {}
