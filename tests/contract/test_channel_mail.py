"""The mail channel against a mail server that misbehaves: where it fails decides what may be done next."""

import asyncio
import socket
from datetime import timedelta

import pytest
from support.channels import PASSWORD, mail, send, words
from support.channels import mail_channel as channel
from support.mailhost import Certificates, Drop, Late, MailHost, Withhold

from monitor.channels import make_channel
from monitor.channels.email import EmailChannel
from monitor.model import FailureReason, Outcome
from monitor.settings import DeliverySettings, EmailSettings, Secret

O, R = Outcome, FailureReason  # noqa: E741
BEFORE_THE_DOT = ["greeting", "ehlo", "mail", "rcpt", "data"]


@pytest.fixture(scope="module")
def certificates():
    return Certificates()


@pytest.fixture
def host():
    with MailHost() as made:
        yield made


def test_what_was_taken_is_called_by_its_message_id(host):
    host.script("rcpt", "550 5.1.1 no such user", times=1)
    refused, sent = send(channel(host), mail(), mail(key="cd" * 32))
    assert (refused.reference, sent.reference) == ("", f"<{'cd' * 32}@example.org>")
    assert f"Message-ID: {sent.reference}\r\n".encode() in host.letters[0].raw


# ── Where it fails ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_three_recipients_each_has_its_own_outcome_and_one_copy_is_accepted(host):
    host.script("rcpt", "550 5.1.1 no such user", recipient="gone@example.org")
    host.script("rcpt", "450 4.2.0 greylisted", recipient="later@example.org")
    messages = [mail(address=f"{name}@example.org", key=name * 4) for name in ("gone", "later", "here")]
    assert [result.outcome for result in send(channel(host), *messages)] == [O.REFUSED, O.TRANSIENT, O.SENT]
    assert [letter.recipient for letter in host.letters] == ["here@example.org"]
    assert host.connections == 1  # a refusal is no reason to hang up: RSET clears it
    assert words(host).count("rset") == 2


@pytest.mark.parametrize("stage", BEFORE_THE_DOT)
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Drop(), R.CONNECT_ERROR),
        (Withhold(), R.TIMEOUT),
        ("451 4.3.0 later", R.SERVER_ERROR),
        ("421 bye", R.SERVER_ERROR),
    ],
    ids=["drop", "withhold", "451", "421"],
)
def test_what_fails_before_the_dot_was_not_sent(host, stage, reply, reason):
    host.script(stage, reply)
    (result,) = send(channel(host, timeout=timedelta(seconds=0.4)), mail())
    assert (result.outcome, result.reason) == (O.TRANSIENT, reason)
    assert host.letters == []


def test_a_connection_that_breaks_after_the_dot_leaves_the_outcome_unknown(host):
    host.script("content", Drop())
    (result,) = send(channel(host), mail())
    assert (result.outcome, result.reason) == (O.UNKNOWN, R.PROTOCOL_ERROR)
    assert len(host.letters) == 1


def test_the_answer_to_the_dot_may_take_longer_than_any_command(host):
    host.script("content", Late(1.0))
    (result,) = send(channel(host, timeout=timedelta(seconds=0.4)), mail())
    assert result.outcome is O.SENT
    assert len(host.letters) == 1


def test_by_default_it_waits_ten_minutes_for_that_answer():
    settings = EmailSettings(id="m", host="localhost", sender="m@example.org")
    assert make_channel(settings, DeliverySettings()).timeout == 600 + 4 * 60 + 10


def test_commands_that_each_come_just_in_time_are_too_slow_together(host):
    for stage in BEFORE_THE_DOT:
        host.script(stage, Late(0.4))
    (result,) = send(channel(host, timeout=timedelta(seconds=0.5)), mail())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.TIMEOUT)


@pytest.mark.parametrize(
    ("lines", "outcome", "reason"),
    [
        ([b"hello\r\n"], O.TRANSIENT, R.PROTOCOL_ERROR),  # no SMTP
        ([b"554 no service\r\n"], O.BROKEN, R.CLIENT_ERROR),
        (
            [b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n", b"what?\r\n"],
            O.UNKNOWN,
            R.PROTOCOL_ERROR,
        ),
    ],
)
def test_a_server_that_speaks_something_else(lines, outcome, reason):
    async def run():
        over = asyncio.Event()

        async def talk(reader, writer):
            try:
                for number, line in enumerate(lines):
                    if number:
                        await (reader.readuntil(b"\r\n.\r\n") if number == 5 else reader.readline())
                    writer.write(line)
                await reader.read()
            except ConnectionError:
                over.set()  # the client hung up, as it should
            writer.transport.abort()
            over.set()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = EmailSettings(id="m", host="127.0.0.1", port=port, sender="m@example.org", security="none")
        made = EmailChannel(settings)
        result = await made.send(mail())
        await made.close()
        await over.wait()
        server.close()
        await server.wait_closed()
        return result

    result = asyncio.run(run())
    assert (result.outcome, result.reason) == (outcome, reason)


def test_a_server_that_stops_reading_before_the_dot_has_not_got_the_message():
    async def run():
        over = asyncio.Event()

        async def talk(reader, writer):
            for line in (b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
                writer.write(line)
                if not line.startswith(b"354"):
                    await reader.readline()
            await over.wait()
            writer.transport.abort()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        made = EmailChannel(
            EmailSettings(
                id="m",
                host="127.0.0.1",
                port=port,
                sender="m@example.org",
                security="none",
                timeout=timedelta(seconds=1),
            )
        )
        result = await made.send(mail(text="Khmeimim\n" * 2_000_000))
        await made.close()
        over.set()
        server.close()
        await server.wait_closed()
        return result

    result = asyncio.run(run())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.TIMEOUT)


def test_a_connection_that_breaks_at_login_is_tried_again_later():
    with MailHost(accounts={"me": PASSWORD}) as host:
        host.script("auth", Drop())
        (result,) = send(channel(host, username="me", password=Secret(PASSWORD)), mail())
        assert (result.outcome, result.reason) == (O.TRANSIENT, R.CONNECT_ERROR)


def test_a_name_without_an_address_is_tried_again_later(host):
    (result,) = send(channel(host, host="no-such-host.invalid"), mail())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.CONNECT_ERROR)


def test_a_fault_of_ours_is_a_result_too(host):
    (result,) = send(channel(host, username="me", password=Secret(5)), mail())  # no text: the settings never do that
    assert (result.outcome, result.reason) == (O.UNKNOWN, R.OTHER)


def test_a_message_that_cannot_be_written_is_refused_for_good(host):
    (result,) = send(channel(host), mail(rules=(None,)))
    assert (result.outcome, result.reason) == (O.REFUSED, R.RENDER_ERROR)


# ── Security ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_starttls_nothing_is_sent_in_the_clear_instead(certificates, tmp_path):
    with MailHost(
        security="starttls", certificates=certificates, hide=("STARTTLS",), accounts={"me": PASSWORD}
    ) as host:
        (result,) = send(channel(host, username="me", password=Secret(PASSWORD)), mail())
        assert (result.outcome, result.reason) == (O.BROKEN, R.TLS_ERROR)
        assert words(host) == ["ehlo"]


@pytest.mark.parametrize(("reply", "outcome"), [("454 not now", O.TRANSIENT), ("502 never", O.BROKEN)])
def test_starttls_that_is_refused(certificates, reply, outcome):
    with MailHost(security="starttls", certificates=certificates) as host:
        host.script("starttls", reply)
        (result,) = send(channel(host), mail())
        assert (result.outcome, result.reason) == (outcome, R.TLS_ERROR)
        assert "mail" not in words(host)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_for_another_name_breaks_the_channel(security, tmp_path):
    other = Certificates(names=("other.example",))
    other.write_ca(tmp_path / "ca.pem")
    with MailHost(security=security, certificates=other) as host:
        (result,) = send(channel(host, ca_file=tmp_path / "ca.pem"), mail())
        assert (result.outcome, result.reason) == (O.BROKEN, R.TLS_ERROR)
        assert "localhost" in result.detail
        assert host.letters == []


def test_tls_to_a_port_that_speaks_plain_smtp(host):
    (result,) = send(channel(host, security="tls"), mail())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.TLS_ERROR)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_used_breaks_the_channel(host, tmp_path, content):
    if content:
        (tmp_path / "ca.pem").write_text(content)
    (result,) = send(channel(host, security="tls", ca_file=tmp_path / "ca.pem"), mail())
    assert (result.outcome, result.reason) == (O.BROKEN, R.TLS_ERROR)
    assert "ca.pem" in result.detail
    assert host.connections == 0


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (None, O.BROKEN),  # the server itself says 535
        ("535 5.7.8 no", O.BROKEN),
        ("530 5.7.0 no", O.BROKEN),
        ("454 4.7.0 the directory is down", O.TRANSIENT),
    ],
)
def test_a_login_that_fails_is_tried_once(reply, outcome):
    with MailHost(accounts={"me": "right"}) as host:
        if reply:
            host.script("auth", reply)
        (result,) = send(channel(host, username="me", password=Secret("wrong-canary")), mail())
        assert (result.outcome, result.reason) == (outcome, R.AUTH_ERROR)
        assert words(host) == ["ehlo", "auth"]
        assert "wrong-canary" not in repr(result)


def test_a_mechanism_that_the_server_does_not_really_know_is_passed_over():
    with MailHost(accounts={"me": PASSWORD}) as host:
        host.script("auth", "504 5.5.4 unknown", times=1)
        (result,) = send(channel(host, username="me", password=Secret(PASSWORD)), mail())
        assert result.outcome is O.SENT
        assert words(host).count("auth") == 2
        assert host.letters[0].user == "me"


def test_a_server_without_login_breaks_the_channel():
    with MailHost(hide=("AUTH",)) as host:
        (result,) = send(channel(host, username="me", password=Secret(PASSWORD)), mail())
        assert (result.outcome, result.reason) == (O.BROKEN, R.AUTH_ERROR)


def test_a_password_never_leaves_this_machine_in_the_clear():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells our own address
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    with MailHost(accounts={"me": PASSWORD}, address=own) as host:
        (result,) = send(channel(host, host=own, username="me", password=Secret(PASSWORD)), mail())
        assert (result.outcome, result.reason) == (O.BROKEN, R.AUTH_ERROR)
        assert words(host) == ["ehlo"]


@pytest.mark.parametrize("repeated", [PASSWORD, "AG1lAGNhbmFyeS1wYXNzd29yZC1vZi10aGUtbWFpbGJveA=="])
def test_a_server_that_repeats_the_password_does_not_get_it_into_our_log(repeated):
    with MailHost(accounts={"me": PASSWORD}) as host:
        host.script("auth", f"535 5.7.8 bad credentials {repeated}")
        (result,) = send(channel(host, username="me", password=Secret(PASSWORD)), mail())
        assert repeated not in repr(result)
        assert "***" in result.detail
