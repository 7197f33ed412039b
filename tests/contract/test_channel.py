"""What every channel promises, each against a real sink of its own."""

import asyncio
from dataclasses import replace

import pytest
from support.channels import NETWORKED, RIGS, SECURE, mail, post, running, send, until
from support.hostile import TITLES
from support.mailhost import Certificates

from monitor.channels.words import one_line
from monitor.model import FailureReason, Format, Outcome

ARABIC = "قصف مطار حميميم العسكري قرب اللاذقية"


@pytest.fixture(scope="module")
def certificates():
    return Certificates()


@pytest.fixture(params=RIGS)
def rig(request, tmp_path, certificates):
    with running(request.param, tmp_path, certificates) as made:
        yield made


@pytest.fixture
def sink(request, tmp_path, certificates):
    with running(request.param, tmp_path, certificates) as made:
        yield made


networked = pytest.mark.parametrize("sink", NETWORKED, indirect=True)


def test_a_message_arrives(rig):
    (result,) = send(rig.channel(), rig.message("Planes at Khmeimim", text="Two landed."))
    assert result.outcome is Outcome.SENT
    assert result.reason is None
    (got,) = rig.received()
    assert (got.title, got.text) == ("Planes at Khmeimim", "Two landed.")


def test_arabic_comes_through_whole(rig):
    send(rig.channel(), rig.message(ARABIC, text=f"{ARABIC}\n\n{ARABIC * 100}"))
    (got,) = rig.received()
    assert (got.title, got.text) == (ARABIC, f"{ARABIC}\n\n{ARABIC * 100}")


def test_the_same_key_twice_is_known_as_the_same(rig):
    results = send(rig.channel(), rig.message(), rig.message())
    assert [result.outcome for result in results] == [Outcome.SENT] * 2
    got = rig.received()
    assert len(got) == rig.copies
    assert len({message.key for message in got}) == 1


def test_hostile_titles_are_sent_at_once_and_block_nobody(rig):
    messages = [rig.message(title, text=title, key=f"{number:064x}") for number, title in enumerate(TITLES.values())]
    results = send(rig.channel(), *messages)
    assert [result.outcome for result in results] == [Outcome.SENT] * len(TITLES)
    titles = {message.key: message.title for message in rig.received()}
    assert len(titles) == len(TITLES)
    for number, title in enumerate(TITLES.values()):
        assert one_line(titles[f"{number:064x}"], 500).rstrip("…") == one_line(
            title.replace("\ud83d", "\ufffd" if rig.message is mail else "?"), 500
        ).rstrip("…")


def test_closing_twice_is_fine_and_nothing_raises_after_it(rig):
    async def run():
        channel = rig.channel()
        await channel.close()
        await channel.close()
        result = await channel.send(rig.message())
        await channel.close()
        return result

    assert isinstance(asyncio.run(run()).outcome, Outcome)


def test_a_sink_that_is_not_there_is_tried_again_later(rig):
    (result,) = send(rig.unreachable(), rig.message())
    assert result.outcome is Outcome.TRANSIENT
    assert result.detail


def test_content_of_another_channel_is_refused_for_good(rig):
    channel = rig.channel()
    other = mail() if channel.format is Format.SLACK else post()
    (result,) = send(channel, replace(rig.message(), content=other.content))
    assert (result.outcome, result.reason) == (Outcome.REFUSED, FailureReason.RENDER_ERROR)


def test_it_says_who_it_is_and_how_long_it_may_take(rig):
    channel = rig.channel()
    assert channel.id == "way-out"
    assert channel.format in Format
    assert channel.timeout > 5
    rate, burst = channel.rate
    assert rate > 0
    assert burst >= 1


@networked
@pytest.mark.parametrize("kind", ["transient", "refused", "content", "broken"])
def test_refusals_have_their_class_and_hide_secrets(sink, kind):
    sink.refuse(kind)
    (result,) = send(sink.channel(), sink.message())
    assert result.outcome is Outcome(kind)
    assert result.status is not None
    assert not any(secret in repr(result) for secret in sink.secrets)


@networked
def test_a_lost_answer_is_unknown_and_the_message_was_taken(sink):
    sink.withhold()
    (result,) = send(sink.impatient(), sink.message())
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, FailureReason.TIMEOUT)
    assert len(sink.received()) == 1


@networked
def test_a_late_answer_is_waited_for_and_nothing_is_sent_again(sink):
    sink.delay(0.5)
    (result,) = send(sink.channel(), sink.message())
    assert result.outcome is Outcome.SENT
    assert len(sink.received()) == 1


@networked
def test_cancelling_stops_at_once_and_the_next_message_goes_through(sink):
    async def run():
        channel = sink.channel()
        sink.withhold()
        task = asyncio.create_task(channel.send(sink.message()))
        await until(sink.received)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        sink.heal()
        result = await channel.send(sink.message(key="cd" * 32))
        await channel.close()
        return result

    assert asyncio.run(run()).outcome is Outcome.SENT
    assert len(sink.received()) == 2


@pytest.mark.parametrize("sink", SECURE, indirect=True)
def test_a_certificate_of_nobody_we_trust_breaks_the_channel_before_anything_is_said(sink):
    (result,) = send(sink.distrusting(), sink.message())
    assert (result.outcome, result.reason) == (Outcome.BROKEN, FailureReason.TLS_ERROR)
    assert sink.received() == []


@networked
def test_secrets_are_in_no_text_of_the_channel(sink):
    channels = [sink.channel(), sink.unreachable(), sink.impatient()]
    shown = [repr(channel) + str(vars(channel).get("_settings")) for channel in channels]
    sink.withhold()
    shown += [repr(send(channel, sink.message())) for channel in channels[1:]]
    sink.heal()
    shown.append(repr(send(channels[0], sink.message())))
    for secret in sink.secrets:
        assert not any(secret in text for text in shown)
