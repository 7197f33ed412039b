"""The guarded client against a real server that misbehaves."""

import asyncio
import contextlib
import gc
import gzip
import socket
import ssl
import time
import tracemalloc
from hashlib import blake2b
from ipaddress import ip_network

import pytest
import trustme
from support.webhost import WebHost, endless, hang, raw, redirect, reply, reset

from monitor.errors import RequestFailed
from monitor.net import Answer, GuardedClient
from monitor.net.memory import Memory

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Names:
    """A resolver by hand: each name has a list of answers, one for each time it is asked; the last one stays."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise OSError
        return answers.pop(0) if len(answers) > 1 else answers[0]


def ask(routes, path="/", *, tls=None, url=None, client=None, **request):
    """One request to a fresh server. Gives the answer or the failure, and the server."""

    async def run():
        async with WebHost(routes, tls=tls) as host:
            guarded = GuardedClient(**({"user_agent": "test", "allow_private": LOOPBACK} | (client or {})))
            settings = {"deadline": 5.0, "max_wire_bytes": 100_000, "max_body_bytes": 200_000} | request
            method = settings.pop("method", "GET")
            address = url.replace("PORT", str(host.port)) if url else host.url(path)
            try:
                return await guarded.request(method, address, **settings), host
            except RequestFailed as failure:
                return failure, host
            finally:
                await guarded.close()

    return asyncio.run(run())


def test_plain_answer():
    answer, host = ask({"/": reply(body=b"hello", headers={"ETag": 'W/"x"', "X-A": "1", "x-a": "2"})})
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.permanent_url) == (200, b"hello", None)
    assert answer.headers["etag"] == 'W/"x"'
    sent = host.requests[0].headers
    assert sent["user-agent"] == "test"
    assert sent["accept-encoding"] == "gzip, deflate"
    assert not {"cookie", "referer", "authorization"} & set(sent)


def test_validators_travel_byte_for_byte():
    answer, _ = ask({"/": reply(headers={"ETag": 'W/"caf\xe9"'})})
    assert answer.headers["etag"] == 'W/"caf\xe9"'
    _, host = ask({"/": reply()}, headers={"if-none-match": answer.headers["etag"]})
    assert host.requests[0].headers["if-none-match"] == 'W/"caf\xe9"'


def test_second_etag_does_not_count():
    answer, _ = ask({"/": raw(b"HTTP/1.1 200 OK\r\nETag: a\r\nETag: b\r\nContent-Length: 0\r\n\r\n")})
    assert answer.headers["etag"] == "a"


def test_cookies_are_not_kept():
    async def run():
        async with WebHost({"/": reply(headers={"Set-Cookie": "a=b; Path=/"})}) as host:
            client = GuardedClient(user_agent="test", allow_private=LOOPBACK)
            for _ in range(2):
                await client.request("GET", host.url(), deadline=5, max_wire_bytes=1_000, max_body_bytes=1_000)
            await client.close()
            return host

    assert all("cookie" not in request.headers for request in asyncio.run(run()).requests)


def test_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    answer, _ = ask({"/": reply(body=b"direct")})
    assert answer.body == b"direct"


# ── Bounds ────────────────────────────────────────────────────────────────────────────────────────────────────────────

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        (endless(HEAD + b"\r\n", b"x" * 10_000), "too_large"),  # a body without end
        (endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 9_000 + b"\r\nx\r\n"), "too_large"),
        (endless(HEAD, b"X: " + b"x" * 1_000 + b"\r\n"), "too_large"),  # a head without end
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50), "too_large"),  # continue, for ever
        (reply(body=b"x", headers={"X": "x" * 70_000}), "too_large"),  # a head that is too long
        (reply(body=bytes(100_001)), "too_large"),
        (reply(body=gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"}), "too_large"),  # a bomb
        (reply(body=b"x", headers={"Content-Encoding": "br"}), "protocol"),
        (reply(body=b"x", headers={"Content-Encoding": "zstd"}), "protocol"),
        (reply(body=gzip.compress(bytes(500))[:-8], headers={"Content-Encoding": "gzip"}), "protocol"),  # cut short
        (reply(body=b"abc", length=100), "protocol"),  # shorter than it says
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),  # not HTTP
        (raw(b""), "protocol"),  # nothing at all
        (reset, "protocol"),
        (raw(HEAD + b"Content-Length: -1\r\n\r\n"), "protocol"),
    ],
)
def test_misbehaviour_is_bounded(route, kind):
    began = time.monotonic()
    failure, _ = ask({"/": route})
    assert isinstance(failure, RequestFailed)
    assert failure.kind == kind
    assert failure.sent
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "route",
    [
        hang,
        endless(HEAD, b"X", pause=0.05),  # a dripped head
        endless(HEAD + b"Content-Length: 100000\r\n\r\n", b"x", pause=0.05),  # a dripped body
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.05),
    ],
)
def test_one_deadline_over_everything(route):
    began = time.monotonic()
    failure, _ = ask({"/": route}, deadline=0.4)
    assert (failure.kind, failure.sent) == ("timeout", True)
    assert time.monotonic() - began < 2


def test_deadline_counts_the_name_and_nothing_was_sent():
    async def slow(host, port):
        await asyncio.Event().wait()

    failure, host = ask({}, url="http://slow.test:PORT/", client={"resolver": slow}, deadline=0.2)
    assert (failure.kind, failure.sent) == ("timeout", False)
    assert host.connections == 0


def test_deadline_counts_redirects():
    async def slowly(request, writer):
        await asyncio.sleep(0.15)
        await redirect("/")(request, writer)

    failure, _ = ask({"/": slowly}, deadline=0.4, redirects=50)
    assert failure.kind == "timeout"


def test_body_of_an_error_is_kept_and_its_faults_do_not_matter():
    answer, _ = ask({"/": reply(400, body=b"no_text")})
    assert (answer.status, answer.body) == (400, b"no_text")
    answer, _ = ask({"/": reply(429, body=b"x", length=50, headers={"Retry-After": "9", "Content-Encoding": "br"})})
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "9", b"")
    answer, _ = ask({"/": endless(b"HTTP/1.1 503 X\r\n\r\n", b"x" * 1_000)})
    assert answer.status == 503
    assert 0 < len(answer.body) <= 65_536
    answer, _ = ask({"/": endless(b"HTTP/1.1 503 X\r\n\r\n", b"x", pause=0.05)}, deadline=1.0)
    assert answer.status == 503


# ── Known bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────

PACKED = gzip.compress(b"hello" * 100, mtime=0)
PACKED_HASH = blake2b(PACKED, digest_size=16).hexdigest()


def packed(body=PACKED):
    return {"/": reply(body=body, headers={"Content-Encoding": "gzip"})}


def test_hash_is_of_the_body_as_it_was_received():
    answer, _ = ask(packed())
    assert (answer.body, answer.wire_hash, answer.same_wire) == (b"hello" * 100, PACKED_HASH, False)
    answer, _ = ask(packed(), known_wire_hash="0" * 32)
    assert (answer.body, answer.same_wire) == (b"hello" * 100, False)


def test_known_body_is_not_inflated():
    answer, _ = ask(packed(), known_wire_hash=PACKED_HASH)
    assert (answer.status, answer.body, answer.wire_hash, answer.same_wire) == (200, b"", PACKED_HASH, True)
    broken = b"no gzip at all"
    answer, _ = ask(packed(broken), known_wire_hash=blake2b(broken, digest_size=16).hexdigest())
    assert answer.same_wire  # so no byte of it was inflated


def test_body_of_an_error_is_never_known():
    answer, _ = ask({"/": reply(404, body=PACKED)}, known_wire_hash=PACKED_HASH)
    assert (answer.body, answer.wire_hash, answer.same_wire) == (PACKED, None, False)


def test_known_body_after_a_redirect():
    routes = packed() | {"/old": redirect("/", 301)}
    answer, host = ask(routes, "/old", known_wire_hash=PACKED_HASH, redirects=1)
    assert (answer.same_wire, answer.permanent_url) == (True, host.url("/"))


# ── Redirects ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "second", "permanent"),
    [
        (301, 301, "/c"),  # both for good
        (301, 302, "/b"),  # the first part is for good
        (308, 307, "/b"),
        (302, 301, None),  # what follows a temporary one says nothing about the first address
        (303, 303, None),
    ],
)
def test_redirects_are_followed(first, second, permanent):
    routes = {"/": redirect("/b", first), "/b": redirect("c", second), "/c": reply(body=b"end")}
    answer, host = ask(routes, redirects=5)
    assert (answer.body, answer.url) == (b"end", host.url("/c"))
    assert answer.permanent_url == (host.url(permanent) if permanent else None)


def test_redirects_are_not_followed_unless_asked():
    answer, host = ask({"/": redirect("/b")})
    assert (answer.status, answer.headers["location"], len(host.requests)) == (302, "/b", 1)
    answer, host = ask({"/": redirect("/b")}, redirects=5, method="POST", content=b"x")
    assert (answer.status, len(host.requests)) == (302, 1)


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("/", "redirects"),  # a loop
        ("file:///etc/passwd", "address"),
        ("ftp://127.0.0.1/", "address"),
        ("gopher://127.0.0.1/", "address"),
        ("http://[::1/", "redirects"),  # no URL
        ("http://169.254.169.254/latest/meta-data/", "address"),
        ("//10.0.0.1/", "address"),
        ("http://0177.0.0.1:1/", "redirects"),  # octal: no URL for us, whatever others make of it
        ("http://0x7f.1:1/", "address"),  # this one is a name, and resolved like one
    ],
)
def test_bad_redirects(location, kind):
    names = Names(public_test=[["127.0.0.1"]])
    names.names["0x7f.1"] = [["127.0.0.2"]]
    client = {"resolver": names, "allow_private": [ip_network("127.0.0.1/32")]}
    failure, host = ask({"/": redirect(location)}, redirects=3, url="http://public.test:PORT/", client=client)
    assert isinstance(failure, RequestFailed)
    assert failure.kind == kind
    assert len(host.requests) == (4 if location == "/" else 1)


def test_credentials_stay_with_their_host():
    names = Names(one_test=[["127.0.0.1"]], two_test=[["127.0.0.1"]])

    async def run():
        async with WebHost({"/end": reply()}) as host:
            host.routes["/"] = redirect("/same")
            host.routes["/same"] = redirect(host.url("/end", host="two.test"))
            client = GuardedClient(user_agent="test", allow_private=LOOPBACK, resolver=names)
            await client.request(
                "GET",
                host.url("/", host="me:p%40ss@one.test"),
                headers={"Cookie": "a=b"},
                deadline=5,
                max_wire_bytes=1_000,
                max_body_bytes=1_000,
                redirects=5,
            )
            await client.close()
            return host.requests

    first, same, other = asyncio.run(run())
    assert first.headers["authorization"] == same.headers["authorization"] == "Basic bWU6cEBzcw=="
    assert same.headers["cookie"] == "a=b"
    assert not {"authorization", "cookie"} & set(other.headers)


def test_credentials_are_never_shown():
    for path in ("http://me:hunter2@127.0.0.1:PORT/", "http://me:hunter2@nowhere.test/", "http://me:hunter2@10.0.0.1/"):
        failure, _ = ask({"/": reset}, url=path, client={"resolver": Names()})
        assert "hunter2" not in f"{failure} {failure.detail} {failure!r}"


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:///etc/passwd", "address"),
        ("ftp://127.0.0.1/", "address"),
        ("/relative", "address"),
        ("http://", "address"),
        ("http:///path", "address"),
        ("http://127.0.0.1:0/", "address"),
        ("http://127.0.0.1:99999/", "address"),
        ("http://a\x00b/", "address"),
        ("", "address"),
        ("http://127.0.0.1:PORT/", "address"),
        ("http://127\u30020\u30020\u30021:PORT/", "address"),  # ideographic dots
        ("http://[::ffff:127.0.0.1]:PORT/", "address"),
        ("http://localhost:PORT/", "address"),
        ("http://2130706433:PORT/", "address"),  # loopback as one number
        ("http://0x7f.1:PORT/", "address"),
    ],
)
def test_private_addresses_are_refused_before_any_connection(url, kind):
    failure, host = ask({"/": reply()}, url=url, client={"allow_private": ()})
    assert isinstance(failure, RequestFailed)
    assert (failure.kind, failure.sent) == (kind, False)
    assert host.connections == 0


def test_one_bad_address_among_good_ones_is_a_refusal():
    names = Names(both_test=[["93.184.215.14", "10.0.0.1"]])
    failure, _ = ask({}, url="http://both.test:PORT/", client={"resolver": names})
    assert failure.kind == "address"


def test_name_that_changes_its_mind_is_asked_once():
    names = Names(rebind_test=[["127.0.0.1"], ["10.0.0.1"]])
    answer, _ = ask({"/": reply(body=b"x")}, url="http://rebind.test:PORT/", client={"resolver": names})
    assert answer.body == b"x"
    assert names.asked == ["rebind.test"]


def test_name_that_changes_its_mind_between_hops_is_refused():
    names = Names(rebind_test=[["127.0.0.1"], ["10.0.0.1"]])
    failure, host = ask({"/": redirect("/b")}, url="http://rebind.test:PORT/", client={"resolver": names}, redirects=5)
    assert (failure.kind, len(host.requests)) == ("address", 1)


@pytest.mark.parametrize("answer", [[], ["not an address"]])
def test_names_without_addresses(answer):
    failure, _ = ask({}, url="http://empty.test/", client={"resolver": Names(empty_test=[answer])})
    assert (failure.kind, failure.sent) == ("dns", False)


def test_unknown_name():
    failure, _ = ask({}, url="http://unknown.test/", client={"resolver": Names()})
    assert (failure.kind, failure.detail) == ("dns", "unknown.test has no address")


def test_next_address_is_tried():
    names = Names(two_test=[["127.0.0.99", "127.0.0.1"]])
    answer, _ = ask({"/": reply(body=b"x")}, url="http://two.test:PORT/", client={"resolver": names})
    assert answer.body == b"x"


def test_failed_connections_read_the_same():
    """A closed port and a filtered one must not be told apart: the monitor is no port scanner."""
    closed, _ = ask({}, url="http://127.0.0.1:1/")
    assert (closed.kind, closed.detail, closed.sent) == ("connect", "no connection to 127.0.0.1", False)


# ── TLS ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def tls(authority, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("good.test").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, {"ca_file": file, "resolver": Names(good_test=[["127.0.0.1"]], bad_test=[["127.0.0.1"]])}


def test_tls_is_verified_by_the_name(tls):
    context, client = tls
    answer, _ = ask({"/": reply(body=b"x")}, tls=context, url="https://good.test:PORT/", client=client)
    assert answer.body == b"x"
    failure, host = ask({"/": reply()}, tls=context, url="https://bad.test:PORT/", client=client)
    assert (failure.kind, failure.sent, host.requests) == ("tls", False, [])


def test_unknown_authority_is_refused(tls):
    context, client = tls
    failure, _ = ask(
        {"/": reply()}, tls=context, url="https://good.test:PORT/", client={"resolver": client["resolver"]}
    )
    assert failure.kind == "tls"


def test_https_never_becomes_http(tls):
    context, client = tls
    routes = {"/": redirect("http://good.test/")}
    failure, _ = ask(routes, tls=context, url="https://good.test:PORT/", client=client, redirects=5)
    assert (failure.kind, failure.detail) == ("redirects", "good.test redirects from https to http")


def test_plain_server_behind_https_is_a_tls_failure(tls):
    _, client = tls

    async def run():
        def plain(_, writer):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        guarded = GuardedClient(user_agent="test", allow_private=LOOPBACK, **client)
        url = f"https://good.test:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(RequestFailed) as failure:
            await guarded.request("GET", url, deadline=5, max_wire_bytes=1_000, max_body_bytes=1_000)
        await guarded.close()
        server.close()
        return failure.value

    failure = asyncio.run(run())
    assert (failure.kind, failure.sent) == ("tls", False)


def test_unreadable_authorities_are_named(tmp_path):
    failure, _ = ask({}, url="https://127.0.0.1:PORT/", client={"ca_file": tmp_path / "missing.pem"})
    assert failure.kind == "tls"
    assert "missing.pem" in failure.detail


def test_handshake_that_never_comes_counts_inside_the_deadline(tls):
    _, client = tls

    async def run(connect, deadline):
        async with WebHost({}) as host:  # without TLS it waits for a request that does not come
            guarded = GuardedClient(user_agent="test", allow_private=LOOPBACK, **client, connect_timeout=connect)
            url = f"https://good.test:{host.port}/"
            with pytest.raises(RequestFailed) as failure:
                await guarded.request("GET", url, deadline=deadline, max_wire_bytes=1_000, max_body_bytes=1_000)
            await guarded.close()
            return failure.value.kind, failure.value.sent

    assert asyncio.run(run(connect=0.1, deadline=20)) == ("connect", False)
    assert asyncio.run(run(connect=10, deadline=0.2)) == ("timeout", False)


# ── Connections that are not taken ────────────────────────────────────────────────────────────────────────────────────


def test_connection_that_nobody_takes_ends_soon_and_reads_like_one_that_is_refused():
    """The host says nothing at all, as behind a firewall: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        failure, _ = ask({}, url=f"http://127.0.0.1:{listener.getsockname()[1]}/", client={"connect_timeout": 0.2})
    assert (failure.kind, failure.detail, failure.sent) == ("connect", "no connection to 127.0.0.1", False)


# ── What was sent ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_post_with_content():
    async def echo(request, writer):
        await reply(body=request.method.encode())(request, writer)

    answer, host = ask({"/": echo}, method="POST", content=b"{}", headers={"Content-Type": "application/json"})
    assert answer.body == b"POST"
    assert host.requests[0].headers["content-length"] == "2"


def test_header_that_cannot_be_sent():
    failure, _ = ask({}, headers={"x-a": "a\r\nBcc: b"})
    assert failure.kind == "protocol"
    failure, _ = ask({}, headers={"x-a": "قاعدة"})
    assert (failure.kind, failure.sent) == ("protocol", False)


# ── Memory ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_many_long_answers_at_once_cost_the_longest_and_no_other():
    """Twenty that never end, slowly, and one that is long and ends."""

    async def run():
        ready = asyncio.Event()
        begun = 0

        async def long(request, writer):
            writer.write(HEAD + b"Content-Length: 200000\r\n\r\n" + bytes(100_000))
            await ready.wait()
            writer.write(bytes(100_000))
            await writer.drain()

        async def slow(request, writer):
            nonlocal begun
            begun += 1
            writer.write(HEAD + b"\r\n")
            while True:
                writer.write(bytes(100_000))
                await writer.drain()
                await asyncio.sleep(0.01)

        memory = Memory(3_000_000)
        async with WebHost({"/slow": slow, "/long": long}) as host:
            client = GuardedClient(user_agent="test", allow_private=LOOPBACK, memory=memory)

            async def get(path):
                return await client.request(
                    "GET", host.url(path), deadline=10, max_wire_bytes=1_000_000, max_body_bytes=1_000_000
                )

            bad = [asyncio.create_task(get("/slow")) for _ in range(20)]
            good = asyncio.create_task(get("/long"))
            peak, ended = 0, 0
            while ended < 20:
                await asyncio.sleep(0.002)
                peak, ended = max(peak, memory.held), sum(task.done() for task in bad)
                if begun == 20:
                    ready.set()
            failures = await asyncio.gather(*bad, return_exceptions=True)
            answer = await good
            await client.close()
            return answer, failures, peak, memory

    answer, failures, peak, memory = asyncio.run(run())
    assert len(answer.body) == 200_000
    assert {failure.kind for failure in failures} == {"too_large"}
    assert any("too many long answers" in failure.detail for failure in failures)
    assert peak < 5_500_000  # the bound and a piece of each; twenty of a million bytes each would be twenty million
    assert (memory.held, memory.shares) == (0, set())


@pytest.mark.parametrize(
    "route",
    [
        endless(HEAD + b"\r\n", b"x" * 100_000),  # too long
        endless(HEAD + b"\r\n", b"x" * 100_000, pause=0.01),  # too slow
        reply(body=bytes(1_900_000), length=1_900_001),  # cut short
    ],
)
def test_what_was_read_of_an_answer_that_failed_is_freed_at_once(route):
    """Not only when the collector comes by, which may be long after."""

    async def run():
        async with WebHost({"/": route}) as host:
            client = GuardedClient(user_agent="test", allow_private=LOOPBACK)

            async def get():
                with contextlib.suppress(RequestFailed):
                    await client.request(
                        "GET", host.url(), deadline=0.2, max_wire_bytes=2_000_000, max_body_bytes=2_000_000
                    )

            await get()
            gc.collect()
            gc.disable()
            tracemalloc.start()
            try:
                for _ in range(4):
                    await get()
                    await asyncio.sleep(0.01)
                return tracemalloc.get_traced_memory()[0]
            finally:
                tracemalloc.stop()
                gc.enable()
                await client.close()

    assert asyncio.run(run()) < 1_500_000  # of the eight million that were read
