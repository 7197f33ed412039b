"""The Maildir channel, on a real disk."""

import asyncio
import mailbox
import os
import resource
import stat
import time

import pytest
from support.channels import KEY, mail

from monitor.channels import make_channel
from monitor.errors import ChannelError
from monitor.model import FailureReason, Outcome
from monitor.settings import DeliverySettings, MaildirSettings


def send(path, *messages):
    async def run():
        channel = make_channel(MaildirSettings(id="box", path=path), DeliverySettings())
        results = [await channel.send(message) for message in messages]
        await channel.close()
        return results

    return asyncio.run(run())


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_missing_maildir_is_made_for_its_owner_alone(tmp_path):
    box = tmp_path / "deep" / "box"
    send(box, mail())
    assert names(box) == ["cur", "new", "tmp"]
    for folder in (box, box / "cur", box / "new", box / "tmp"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (message,) = (box / "new").iterdir()
    assert stat.S_IMODE(message.stat().st_mode) == 0o600
    assert names(box / "tmp") == []


def test_files_have_the_line_ends_of_files(tmp_path):
    send(tmp_path, mail(text="one\r\ntwo\n"))
    (message,) = (tmp_path / "new").iterdir()
    assert b"\r" not in message.read_bytes()


def test_a_message_that_was_read_is_not_delivered_again(tmp_path):
    send(tmp_path, mail())
    box = mailbox.Maildir(tmp_path)
    ((name, message),) = box.items()
    message.set_subdir("cur")
    message.add_flag("S")
    box[name] = message
    (result,) = send(tmp_path, mail())
    assert (result.outcome, result.detail) == (Outcome.SENT, "was already there")
    assert names(tmp_path / "new") == []
    assert len(names(tmp_path / "cur")) == 1


def test_another_message_is_another_file(tmp_path):
    send(tmp_path, mail(), mail(key="cd" * 32), mail(key="../../escape"), mail(created_at=None, key="ef"))
    assert len(names(tmp_path / "new")) == 4
    assert sum(KEY in name for name in names(tmp_path / "new")) == 1


def test_many_at_once(tmp_path):
    async def run():
        channel = make_channel(MaildirSettings(id="box", path=tmp_path / "box"), DeliverySettings())
        return await asyncio.gather(*(channel.send(mail(key=f"k{number % 10}")) for number in range(40)))

    assert {result.outcome for result in asyncio.run(run())} == {Outcome.SENT}
    assert len(names(tmp_path / "box" / "new")) == 10


@pytest.mark.parametrize("blocked", ["new", "tmp", "cur"])
def test_a_file_in_the_place_of_a_folder_is_told_and_tried_again(tmp_path, blocked):
    (tmp_path / blocked).touch()
    (result,) = send(tmp_path, mail())
    assert (result.outcome, result.reason) == (Outcome.TRANSIENT, FailureReason.OTHER)
    assert str(tmp_path) in result.detail


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing_half_written(tmp_path):
    send(tmp_path, mail(key="before"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (100_000, hard)
    )  # the system then refuses to write on, as a full disk does
    try:
        (result,) = send(tmp_path, mail(text="x" * 200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.outcome is Outcome.TRANSIENT
    assert "cannot write" in result.detail
    assert names(tmp_path / "tmp") == []
    assert len(names(tmp_path / "new")) == 1
    (again,) = send(tmp_path, mail(text="x" * 200_000))
    assert again.outcome is Outcome.SENT


def test_drafts_of_writers_that_died_are_cleared_after_a_day_and_a_half(tmp_path):
    send(tmp_path, mail())
    old, young, foreign = (tmp_path / "tmp" / name for name in ("1.a.monitor.f00", "1.b.monitor.f00", "1.c.other"))
    for draft in (old, young, foreign):
        draft.touch()
    for draft in (old, foreign):
        os.utime(draft, (time.time() - 40 * 3600,) * 2)
    send(tmp_path, mail(key="next"))
    assert names(tmp_path / "tmp") == [young.name, foreign.name]


def test_a_message_that_cannot_be_written_is_refused_for_good(tmp_path):
    (result,) = send(tmp_path, mail(rules=(None,)))
    assert (result.outcome, result.reason) == (Outcome.REFUSED, FailureReason.RENDER_ERROR)


def test_a_sender_that_is_no_address_is_told_at_once(tmp_path):
    with pytest.raises(ChannelError, match="channel box:"):
        make_channel(MaildirSettings(id="box", path=tmp_path, sender="nobody"), DeliverySettings())
