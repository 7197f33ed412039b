"""Silences and subscribers from the command line, taken over by an engine that runs."""

import asyncio
import json
from datetime import timedelta

from click.testing import CliRunner
from support.beat import Beat, rss
from support.webhost import WebHost, reply

from monitor.cli import cli


def run(folder, *arguments, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_a_silence_mutes_until_it_ends(tmp_path):
    async def story():
        async with WebHost({"/f": reply(body=rss("Khmeimim one"))}) as host, Beat(tmp_path, host.url("/f")) as beat:
            said = await asyncio.to_thread(
                run,
                tmp_path,
                "silences",
                "add",
                "--rule",
                "khmeimim",
                "--for",
                "2h",
                "--reason",
                "drill",
                "--author",
                "ann",
            )
            await beat.poll()
            (line,) = await beat.parts.store.ledger()
            assert (line.suppressed, line.even) == ({"silence": 1}, True)
            why = await asyncio.to_thread(run, tmp_path, "why", "1")
            assert "ann" in why
            assert "drill" in why
            listed = await asyncio.to_thread(run, tmp_path, "silences", "list")
            assert "rule khmeimim" in listed
            await asyncio.to_thread(run, tmp_path, "silences", "end", said.split(":")[0])
            assert "nothing is muted" in await asyncio.to_thread(run, tmp_path, "silences", "list")
            host.routes["/f"] = reply(body=rss("Khmeimim two", "Khmeimim one"))
            beat.now += timedelta(minutes=5)
            await beat.poll()
            (line,) = await beat.parts.store.ledger()
            assert (line.taken, line.pending + line.delivered, line.even) == (2, 1, True)

    asyncio.run(story())


def test_a_silence_names_something_and_a_span(tmp_path):
    asyncio.run(opened(tmp_path))
    assert "name what is to be muted" in run(tmp_path, "silences", "add", code=2)
    assert "NAME=VALUE" in run(tmp_path, "silences", "add", "--label", "x", code=2)
    assert "--for" in run(tmp_path, "silences", "add", "--rule", "x", "--for", "soon", code=2)
    assert "no silence in force" in run(tmp_path, "silences", "end", "x", code=1)
    run(tmp_path, "silences", "add", "--label", "desk=mena", "--for", "1d")
    assert "label desk=mena" in run(tmp_path, "silences", "list", "--all")


async def opened(folder):
    async with Beat(folder):
        return


def test_somebody_is_added_told_paused_resumed_and_removed(tmp_path):
    async def story():
        async with WebHost({"/f": reply(body=rss("Khmeimim one"))}) as host, Beat(tmp_path, host.url("/f")) as beat:
            await asyncio.to_thread(
                run, tmp_path, "subscribers", "add", "ann", "--channel", "box", "--severity", "routine"
            )
            await beat.engine.look_at_people()
            assert [one.id for one in beat.parts.live.people] == ["desk", "ann"]
            await beat.poll()
            assert {one.subscriber_id for one in await beat.parts.store.deliveries()} == {"desk", "ann"}
            await asyncio.to_thread(run, tmp_path, "subscribers", "pause", "ann", "--reason", "holiday")
            await beat.engine.look_at_people()
            host.routes["/f"] = reply(body=rss("Khmeimim two", "Khmeimim one"))
            await beat.poll()
            lines = {one.subscriber_id: one for one in await beat.parts.store.ledger()}
            assert (lines["ann"].taken, lines["ann"].suppressed) == (2, {"paused": 1})
            assert "paused: holiday" in await asyncio.to_thread(run, tmp_path, "subscribers")
            await asyncio.to_thread(run, tmp_path, "subscribers", "resume", "ann")
            await beat.engine.look_at_people()
            assert beat.parts.live.people[1].paused == ""
            await asyncio.to_thread(run, tmp_path, "subscribers", "remove", "ann", "--reason", "left")
            await beat.engine.look_at_people()
            assert [one.id for one in beat.parts.live.people] == ["desk"]
            listed = await asyncio.to_thread(run, tmp_path, "subscribers", "list", "--json")
            rows = {
                one["id"]: one
                for one in map(json.loads, (line for line in listed.splitlines() if line.startswith("{")))
            }
            assert (rows["ann"]["status"], rows["desk"]["status"]) == ("removed: left", "active")

    asyncio.run(story())


def test_what_cannot_be_added_is_refused_with_the_reason(tmp_path):
    asyncio.run(opened(tmp_path))
    for arguments, message in (
        (["Ann", "--channel", "box"], "small letters"),
        (["desk", "--channel", "box"], "stands in the settings"),
        (["ann"], "name the --channel"),
        (["ann", "--channel", "fax"], "there is no channel fax"),
        (["ann", "--channel", "box", "--mail", "a@b.org"], "takes no addresses"),
        (["ann", "--channel", "box", "--rule", "nothing"], "no rule nothing"),
        (["ann", "--channel", "box", "--cadence", "often"], "often"),
        (["ann", "--channel", "box", "--timezone", "Mars"], "IANA"),
    ):
        assert message in run(tmp_path, "subscribers", "add", *arguments, code=2)
    assert "was never added" in run(tmp_path, "subscribers", "remove", "ann", code=1)
    assert "stands in the settings" in run(tmp_path, "subscribers", "remove", "desk", code=1)
    assert "no subscriber ann" in run(tmp_path, "subscribers", "pause", "ann", code=1)
