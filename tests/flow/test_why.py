"""Every hit can be followed to its end, and all ends of a subscriber come out even."""

import asyncio
import json
from datetime import timedelta

from click.testing import CliRunner
from support.beat import Beat
from support.webhost import WebHost, reply

from monitor.cli import cli
from monitor.store.alert_protocol import Ending
from monitor.store.protocol import HitFilter


def feed(*items):
    body = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title><link>http://news.example/{guid}</link>"
        f"<description>{text}</description></item>"
        for guid, title, text in items
    )
    return reply(body=f"<rss version='2.0'><channel><title>T</title>{body}</channel></rss>".encode())


NEWS = ("a", "Planes at Khmeimim", "Twelve planes landed at Khmeimim on Monday, officials in Latakia said.")
COPY = ("b", "Planes at Khmeimim", "Twelve planes landed at Khmeimim on Monday, officials in Latakia said.")


def run(folder, *arguments, code=0):
    done = CliRunner().invoke(cli, ["--config", str(folder / "monitor.yaml"), *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_a_hit_is_followed_to_sent_to_suppressed_and_to_nobody(tmp_path):
    people = ", {id: night, channels: [box], cadence: daily at 08:00}, {id: none, channels: [box], rules: [other]}"

    async def story():
        routes = {"/one": feed(NEWS), "/two": feed(COPY)}
        async with WebHost(routes) as host:
            beat = Beat(tmp_path, host.url("/one"), host.url("/two"), people=people, stories="enabled: true", desk="")
            rules = (tmp_path / "rules.yaml").read_text()
            (tmp_path / "rules.yaml").write_text(rules + "  - {id: other, kind: topic, title: Other, names: [Zzyzx]}\n")
            async with beat:
                beat.now += timedelta(hours=1)
                for name in ("f0", "f1"):
                    assert await beat.engine.poll_due(only=(name,)) == 1
                    await beat.engine.settle()
                hits = await beat.parts.store.hits(HitFilter())
                takings = await beat.parts.store.takings([hit.id for hit in hits])
                lines = await beat.parts.store.ledger()
                await beat.engine.sweep()
                figures = beat.engine.pulse.figures.ledger
                return takings, lines, figures

    takings, lines, figures = asyncio.run(story())
    ends = {(one.hit_id, one.subscriber_id): (one.ending, one.reason) for one in takings}
    assert ends == {
        (1, "desk"): (Ending.TOLD, None),
        (1, "night"): (Ending.WAITING, None),
        (2, "desk"): (Ending.SUPPRESSED, "story"),
        (2, "night"): (Ending.WAITING, None),
    }
    assert len({one.story for one in takings}) == 1
    assert [(one.subscriber_id, one.taken, one.delivered, one.waiting, one.even) for one in lines] == [
        ("desk", 2, 1, 0, True),
        ("night", 2, 0, 2, True),
    ]
    assert lines[0].suppressed == {"story": 1}
    assert (figures.taken, figures.told, figures.waiting) == (4, 1, 2)
    said = run(tmp_path, "why", "1")
    assert "Khmeimim (exact)" in said
    assert "desk (route main)" in said
    assert "box: sent" in said
    assert "night (route main)" in said
    assert "waits for the next digest, until" in said
    by_address = run(tmp_path, "why", "http://news.example/b")
    assert "suppressed" in by_address
    assert "a copy or follow-up of a story that was told" in by_address
    (line,) = (json.loads(one) for one in run(tmp_path, "why", "2", "--json").splitlines())
    assert {one["subscriber"]: one["ending"] for one in line["subscribers"]} == {
        "desk": "suppressed",
        "night": "waiting",
    }
    assert "no hit 99" in run(tmp_path, "why", "99", code=1)
    assert "key or address nothing" in run(tmp_path, "why", "nothing", code=1)
    table = run(tmp_path, "ledger")
    assert "story 1" in table
    assert json.loads(run(tmp_path, "ledger", "--subscriber", "desk", "--json"))["even"]


def test_a_ledger_that_is_odd_is_said(tmp_path):
    async def story():
        async with WebHost({"/one": feed(NEWS)}) as host, Beat(tmp_path, host.url("/one")) as beat:
            await beat.poll()

            def lose(db):
                db.execute("DELETE FROM takings")

            await beat.parts.store._write(lose)

    asyncio.run(story())
    assert "does not come out even" in run(tmp_path, "ledger", code=1)


def test_before_any_hit_there_is_no_ledger(tmp_path):
    async def story():
        async with Beat(tmp_path) as beat:
            beat.now += timedelta(minutes=1)

    asyncio.run(story())
    assert "nobody has taken a hit" in run(tmp_path, "ledger")


def test_those_who_are_gone_are_told_nothing_and_nothing_is_lost(tmp_path):
    quiet = ", {id: night, channels: [box], cadence: daily at 08:00}"

    async def before():
        async with WebHost({"/one": feed(NEWS)}) as host, Beat(tmp_path, host.url("/one"), people=quiet) as beat:
            await beat.poll()

    async def after():
        async with Beat(tmp_path) as beat:
            while await beat.engine.alert_due():
                await beat.engine.settle()
            return await beat.parts.store.ledger("night")

    asyncio.run(before())
    (line,) = asyncio.run(after())
    assert (line.taken, line.suppressed, line.even) == (1, {"paused": 1}, True)
    assert "the subscriber was removed" in run(tmp_path, "why", "1")
