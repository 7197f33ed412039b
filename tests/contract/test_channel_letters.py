"""The mail channel: what a letter looks like to the server, and how connections are shared."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from support.channels import mail, send, until, words
from support.channels import mail_channel as channel
from support.mailhost import Certificates, MailHost, Withhold

from monitor.channels.mailbox import Mailbox
from monitor.channels.mime import mail_bytes
from monitor.errors import ChannelError
from monitor.model import FailureReason, Outcome

O, R = Outcome, FailureReason  # noqa: E741


@pytest.fixture(scope="module")
def certificates():
    return Certificates()


@pytest.fixture
def host():
    with MailHost() as made:
        yield made


# ── Letters ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        ".\n..\n...\n.QUIT\n.\r\n\n.\rQUIT\n",  # stays readable, so that lines begin with dots
        ".\n..\n" + "قاعدة\n" * 100,  # becomes base64
        "x" * 75 + "." * 200,  # folded in the middle of dots
    ],
)
def test_what_the_server_gets_is_what_was_written(host, text):
    message = mail(".\r\n", text=text)
    send(channel(host), message)
    sender = Mailbox(local="monitor", domain="example.org", name="Monitor")
    assert host.letters[0].raw == mail_bytes(message, message.content, sender=sender)


def test_a_message_larger_than_any_buffer_arrives_whole(certificates, tmp_path):
    certificates.write_ca(tmp_path / "ca.pem")
    with MailHost(security="tls", certificates=certificates, size_limit=10_000_000) as host:
        message = mail(text="Khmeimim\n" * 300_000)
        (result,) = send(channel(host, ca_file=tmp_path / "ca.pem", final_timeout=60.0), message)
        assert result.outcome is O.SENT
        assert len(host.letters[0].raw) > 5_000_000


def test_a_message_larger_than_the_server_takes_is_its_own_fault():
    with MailHost(size_limit=1_000) as host:
        (result,) = send(channel(host), mail(text="x " * 1_000))
        assert (result.outcome, result.reason) == (O.CONTENT, R.CLIENT_ERROR)
        assert "mail" not in words(host)


@pytest.mark.parametrize(
    ("fields", "address", "offered", "outcome"),
    [
        ({}, "почта@example.org", True, O.SENT),
        ({}, "почта@example.org", False, O.REFUSED),  # this address cannot be served here
        ({}, "desk@bücher.example", False, O.SENT),  # its ASCII form needs nothing
        ({"sender": "монитор@example.org"}, "you@example.org", True, O.SENT),
        ({"sender": "монитор@example.org"}, "you@example.org", False, O.BROKEN),  # no message can be sent
    ],
)
def test_addresses_that_are_not_ascii(fields, address, offered, outcome):
    with MailHost(smtputf8=offered) as host:
        (result,) = send(channel(host, **fields), mail(address=address))
        assert result.outcome is outcome
        assert [("SMTPUTF8" in letter.options) for letter in host.letters] == [offered] * (outcome is O.SENT)


@pytest.mark.parametrize("address", ["", "nobody", "a@b.example>\r\nDATA", "a@b.example, c@d.example"])
def test_what_is_no_address_is_refused_without_asking(host, address):
    (result,) = send(channel(host), mail(address=address))
    assert (result.outcome, result.reason) == (O.REFUSED, R.CLIENT_ERROR)
    assert host.connections == 0


@pytest.mark.parametrize("hello", [None, "monitor.example.org"])
def test_it_introduces_itself(host, hello):
    send(channel(host, hello=hello), mail())
    assert host.hellos == [hello] if hello else "." in host.hellos[0]


# ── Connections ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_twenty_letters_share_a_connection(host):
    send(channel(host), *(mail(key=f"k{number}") for number in range(21)))
    assert [letter.connection for letter in host.letters] == [1] * 20 + [2]


def test_an_idle_connection_is_left(host):
    async def run():
        made = channel(host, idle=0.05)
        await made.send(mail())
        await until(lambda: host.open == 0)
        result = await made.send(mail())
        await made.close()
        return result

    assert asyncio.run(run()).outcome is O.SENT
    assert host.connections == 2


@pytest.mark.parametrize("how", ["cut", "cut and noticed", "421"])
def test_an_idle_connection_that_is_gone_costs_no_attempt(host, how):
    async def run():
        made = channel(host)
        await made.send(mail(key="one"))
        if how.startswith("cut"):
            host.cut_all()
            if how.endswith("noticed"):
                await until(lambda: not made._free[0][0].alive)
        else:
            host.script("mail", "421 4.4.2 idle too long", times=1)
        result = await made.send(mail(key="two"))
        await made.close()
        return result

    assert asyncio.run(run()).outcome is O.SENT
    assert [letter.connection for letter in host.letters] == [1, 2]


def test_a_server_that_closes_after_the_dot_is_not_asked_again_at_once(host):
    host.script("content", "421 4.3.2 shutting down", recipient="second@example.org")
    results = send(channel(host), mail(key="one"), mail(key="two", address="second@example.org"))
    assert [result.outcome for result in results] == [O.SENT, O.TRANSIENT]
    assert words(host).count("mail") == 2


def test_cancelling_in_the_middle_of_a_message_sends_no_more_of_it():
    size = 9_000_000

    async def run():
        cancelled, over = asyncio.Event(), asyncio.Event()
        got = 0

        async def talk(reader, writer):
            nonlocal got
            for line in (b"220 x\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
                writer.write(line)
                if not line.startswith(b"354"):
                    await reader.readline()
            got = len(await reader.read(1000))
            await cancelled.wait()
            with contextlib.suppress(ConnectionError):
                while part := await reader.read(1_000_000):
                    got += len(part)
            writer.transport.abort()
            over.set()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with MailHost() as host:  # only for its settings
            made = channel(host, host="127.0.0.1", port=port)
        task = asyncio.create_task(made.send(mail(text="Khmeimim\n" * (size // 9))))
        await until(lambda: got)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cancelled.set()
        await over.wait()
        await made.close()
        server.close()
        await server.wait_closed()
        return got

    assert asyncio.run(run()) < size


def test_many_at_once_share_two_connections(host):
    async def run():
        made = channel(host)
        results = await asyncio.gather(*(made.send(mail(key=f"k{number}")) for number in range(8)))
        await made.close()
        return results

    assert {result.outcome for result in asyncio.run(run())} == {O.SENT}
    assert host.connections == 2


def test_when_all_connections_hang_the_next_letter_does_not_wait_for_ever(host):
    host.script("content", Withhold())

    async def run():
        made = channel(host, timeout=timedelta(seconds=0.2), final_timeout=3)
        hung = [asyncio.create_task(made.send(mail(key=f"k{number}"))) for number in range(2)]
        await until(lambda: len(host.letters) == 2)
        result = await made.send(mail(key="third"))
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)
        await made.close()
        return result

    result = asyncio.run(run())
    assert (result.outcome, result.reason) == (O.TRANSIENT, R.TIMEOUT)


@pytest.mark.parametrize("stage", ["greeting", "rcpt", "content"])
def test_cancelling_hangs_up(host, stage):
    host.script(stage, Withhold())

    async def run():
        made = channel(host)
        task = asyncio.create_task(made.send(mail()))
        await until(lambda: host.letters if stage == "content" else host.open and (stage in ("greeting", *words(host))))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await made.close()

    asyncio.run(run())
    assert "quit" not in words(host)


@pytest.mark.parametrize(
    "fields",
    [{"sender": "nobody"}, {"reply_to": "nobody"}, {"hello": "two words"}, {"security": "perhaps"}],
)
def test_settings_that_cannot_be_used_are_told_at_once(host, fields):
    with pytest.raises(ChannelError, match="channel mail:"):
        channel(host, **fields)
