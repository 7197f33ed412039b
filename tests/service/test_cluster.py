"""Many workers on one PostgreSQL, in this process: who does what, who takes over, what reaches all."""

import asyncio
import json
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from support import pghost
from support.crew import Crew, most_at_once, repeats
from support.rig import RULES, Mail, Web, until

from monitor import config
from monitor.cli import cli
from monitor.engine.daemon import Daemon
from monitor.engine.posts import Posts
from monitor.engine.wakeups import QueuedWakeups
from monitor.store.crew_protocol import Worker
from monitor.store.postgres import PostgresStore

FEEDS = 6
SHORT = timedelta(seconds=2)


@pytest.fixture
def database():
    url = pghost.database(empty=True)
    yield url
    pghost.drop(url)


@pytest.fixture
def servers():
    web, mail = Web("0.0.0.0"), Mail()
    yield web, mail
    web.close()
    mail.close()


def settings(folder, url, servers):
    web, mail = servers
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "rules.yaml").write_text(RULES)
    feeds = "\n".join(f'  - {{id: feed{n}, url: "http://127.0.7.{n + 1}:{web.port}/feed{n}"}}' for n in range(FEEDS))
    (folder / "monitor.yaml").write_text(
        f"""
store: "{url}"
rules: [rules]
feeds:
{feeds}
channels:
  mail: {{kind: email, host: 127.0.0.1, port: {mail.port}, security: none, from: alerts@example.org, rate: 1000}}
subscribers:
  - {{id: desk, channels: [{{channel: mail, to: [desk@example.org]}}], max_per_hour: 0, group_interval: 0s}}
stories: {{enabled: false}}
polling: {{every: 1s, floor: 1s, adapt: 1, host_gap: 0s}}
fetch: {{allow_private: ["127.0.0.0/8"]}}
http: {{listen: "127.0.0.1:0"}}
"""
    )
    return folder / "monitor.yaml"


def daemon_of(file):
    cache = config.RuleCache()
    return Daemon(
        lambda: config.load(file, {}, cache),
        load_published=lambda files: config.load_published(file, {}, files, cache),
    )


async def eventually(condition, seconds=40):
    async with asyncio.timeout(seconds):
        while not await condition() if asyncio.iscoroutinefunction(condition) else not condition():  # noqa: ASYNC110 - it happens in other threads and processes
            await asyncio.sleep(0.05)


def publish(web, tag):
    for n in range(FEEDS):
        web.feeds.setdefault(f"feed{n}", []).append((f"{tag}-{n}", f"News {tag}-{n}"))


def test_two_workers_share_the_work_and_one_takes_over_what_the_other_leaves(tmp_path, database, servers):
    web, mail = servers
    files = [settings(tmp_path / name, database, servers) for name in ("one", "two")]

    async def test():
        publish(web, "a")
        first, second = (daemon_of(file) for file in files)
        runs = [asyncio.create_task(first.run())]
        await eventually(lambda: len(mail.keys()) == FEEDS)
        runs.append(asyncio.create_task(second.run()))
        await eventually(lambda: second.engine is not None and second.engine.posts.workers == 2)

        # What one learns of rules the other works with, and hits say which version made them.
        rules = files[0].parent / "rules" / "rules.yaml"
        await asyncio.to_thread(
            rules.write_text, RULES + "  - {id: planes, kind: topic, title: Planes, names: [Planes]}\n"
        )
        first._changed.set()
        await eventually(lambda: "planes" in second.engine.parts.live.loaded.index.rules)
        assert second._publishing.version == first._publishing.version > 1

        publish(web, "b")
        await eventually(lambda: len(mail.keys()) == 2 * FEEDS)
        seen = await asyncio.to_thread(CliRunner().invoke, cli, ["--config", str(files[0]), "cluster", "--json"])
        shown = json.loads(seen.output)
        assert [one["alive"] for one in shown["workers"]] == [True, True]
        assert shown["shards"]["held"] == FEEDS
        assert sorted(name for one in shown["workers"] for name in one["posts"]) == ["channel:mail", "upkeep"]
        table = await asyncio.to_thread(CliRunner().invoke, cli, ["--config", str(files[0]), "cluster"])
        assert table.output.count("s ago") == 2

        first.stop()
        await runs[0]
        publish(web, "c")
        await eventually(lambda: len(mail.keys()) == 3 * FEEDS)
        await eventually(second.engine.keeps_up)
        await second.engine.tidy()
        await second.engine.sweep()
        assert second.pulse.crew.posts >= FEEDS + 2
        second.engine.heard("reconnected")
        second.stop()
        await runs[1]
        return [str(one) for one in mail.keys().values()]

    assert set(asyncio.run(test())) == {"1"}
    assert CliRunner().invoke(cli, ["--config", str(files[0]), "cluster"]).exit_code == 1


def test_a_worker_with_old_files_starts_with_the_newest_that_were_published(tmp_path, database, servers):
    files = [settings(tmp_path / name, database, servers) for name in ("one", "two")]

    async def test():
        first, second, third = (daemon_of(file) for file in (files[0], files[0], files[1]))
        for daemon, change in ((first, None), (second, "  - {id: planes, kind: topic, title: P, names: [Planes]}\n")):
            if change:
                (files[0].parent / "rules" / "rules.yaml").write_text(RULES + change)
            parts = await daemon.assemble(daemon._load())
            await parts.store.close()
        parts = await third.assemble(third._load())
        found = dict(parts.live.loaded.index.rules)
        await parts.store.close()
        return found

    assert "planes" in asyncio.run(test())


def test_a_broken_publication_is_refused_and_the_own_files_stay_in_force(tmp_path, database, servers):
    file = settings(tmp_path / "one", database, servers)

    async def test():
        daemon = daemon_of(file)
        parts = await daemon.assemble(daemon._load())
        await parts.store.publish("broken", b"no bundle", "somebody")
        assert await daemon._publishing.heard(parts.live.loaded) is None
        assert await daemon._publishing.heard(parts.live.loaded) is None
        await parts.store.close()

    asyncio.run(test())


# ── posts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def worker(name):
    return Worker(
        name=name,
        version="1",
        address="",
        started=datetime.now(UTC),
        silent=timedelta(),
        settings=None,
        figures={"x": 1},
    )


def with_store(test):
    async def run():
        store = PostgresStore(pghost.database())
        await store.open()
        try:
            await test(store)
        finally:
            await store.close()
            pghost.drop(store.url)

    asyncio.run(run())


def test_a_post_is_one_workers_until_its_lease_ends_and_what_was_lost_is_not_found_again():
    async def test(store):
        now = [0.0]
        lost = []
        one = Posts(store, lambda: worker("one"), lost.append, clock=lambda: now[0], lease=SHORT)
        two = Posts(store, lambda: worker("two"), lost.append, clock=lambda: now[0], lease=SHORT)
        assert await one.take(["shard:1", "upkeep"]) == {"shard:1", "upkeep"}
        assert await two.take(["shard:1"]) == frozenset()
        assert one.shards() == [1]
        now[0] = 1.0
        await one.renew()
        now[0] = 2.4
        assert one.holds("upkeep")
        now[0] = 2.6  # past the last renewal's moment, less the margin
        assert not one.holds("upkeep")
        now[0] = 1.5
        assert not one.holds("upkeep")  # sticky, whatever the clock says
        await asyncio.sleep(SHORT.total_seconds())
        assert await two.take(["shard:1"]) == {"shard:1"}
        await one.renew()
        assert lost == [frozenset({"shard:1"})]
        assert one.all() == {}
        await two.leave(["shard:1"])
        assert await one.take(["shard:1"]) == {"shard:1"}

    with_store(test)


def test_what_a_lost_worker_left_under_way_in_a_shard_can_be_recorded_no_more():
    from support.storing import FEED, NOW, claimed, polled  # noqa: PLC0415 - of this test alone

    from monitor.errors import LeaseLost  # noqa: PLC0415
    from monitor.keys import shard_of  # noqa: PLC0415

    async def test(store):
        await store.sync_feeds([FEED], NOW, {"f": NOW})
        name = f"shard:{shard_of(FEED.url)}"
        await store.take_posts("one", [name], timedelta(seconds=0.1))
        claim = await claimed(store, worker="one")
        await asyncio.sleep(0.2)
        assert (await store.free_shards(NOW)) == (shard_of(FEED.url),)
        assert name in await store.take_posts("two", [name], SHORT)
        with pytest.raises(LeaseLost):
            await polled(store, claim)
        again = await store.claim_feeds("two", NOW, 10, SHORT, shards=[shard_of(FEED.url)])
        assert [one.feed.id for one in again] == ["f"]
        assert await store.claim_feeds("two", NOW, 10, SHORT, shards=[1023, 5]) == ()

    with_store(test)


def test_more_than_a_share_is_given_back_when_others_come():
    async def test(store):
        one = Posts(store, lambda: worker("one"), lambda _: None)
        await one.take([f"shard:{number}" for number in range(40)])
        await one.renew()
        assert (one.workers, one.excess()) == (1, [])
        await store.beat(worker("two"))
        await one.renew()
        excess = one.excess()
        assert len(excess) == 20
        assert len(one.shards()) == 20
        assert one.room() == 0
        await one.leave(excess)
        assert len([post for post in await store.posts() if post.worker is None]) == 20
        assert one.excess() == []
        await store.leave("one")
        assert {post.worker for post in await store.posts()} == {None}

    with_store(test)


def test_posts_are_renewed_while_the_loop_is_busy():
    async def test(store):
        posts = Posts(store, lambda: worker("one"), lambda _: None, lease=SHORT, renew=0.2)
        await posts.take(["upkeep"])
        posts.start()
        time.sleep(2.5)  # noqa: ASYNC251 - the loop stands still on purpose, longer than the lease
        assert posts.holds("upkeep")
        await posts.stop()
        assert not posts.holds("upkeep")

    with_store(test)


def test_a_turn_is_one_workers_and_what_is_old_is_forgotten():
    async def test(store):
        won = await asyncio.gather(*(store.win_slot("digest", 7, f"w{n}") for n in range(8)))
        assert sum(won) == 1
        await store.beat(worker("one"))
        assert [one.figures for one in await store.workers(SHORT)] == [{"x": 1}]
        first = await store.publish("h1", b"1", "one")
        assert await store.publish("h1", b"1", "two") == first
        await store.publish("h2", b"2", "one")
        assert await store.publish("h1", b"1", "one") > first
        assert (await store.published()).hash == "h1"
        assert (await store.published(first + 1)).files == b"2"
        assert await store.was_published("h2")
        assert await store.tidy(datetime.now(UTC) + timedelta(days=1)) == 3
        assert (await store.published()).hash == "h1"
        assert await store.workers(SHORT) == ()

    with_store(test)


def test_what_changes_is_heard_also_after_the_connection_was_lost():
    async def test(store):
        heard = []
        store.listen(heard.append)
        await eventually(
            lambda: pghost.shared().execute("SELECT 1 FROM pg_stat_activity WHERE query = 'LISTEN monitor'")
        )
        await store.stop_address("a@example.org", "bounced", "x", datetime.now(UTC))
        await eventually(lambda: "people_version" in heard)
        name = store.url.rpartition("/")[2]
        pghost.shared().execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await eventually(lambda: "reconnected" in heard)
        await store.check()  # on a new connection

    with_store(test)


def test_wakeups_go_to_one_once_and_survive_the_loss_of_the_connection():
    async def test(store):
        woken, down = [], []

        async def wake(name):
            woken.append(name)

        queue = QueuedWakeups(store.url, wake, down.append)
        await queue.ask(["before it runs"])  # is lost, and asked for again at the next tick
        running = asyncio.create_task(queue.run())
        await eventually(lambda: down == [None])
        await queue.ask(["shard:1", "shard:2"])
        await eventually(lambda: sorted(woken) == ["shard:1", "shard:2"])
        name = store.url.rpartition("/")[2]
        pghost.shared().execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        await eventually(lambda: len(down) >= 3)
        assert down[1] is not None
        woken.clear()

        async def comes_back():
            await queue.ask(["shard:3"])
            return "shard:3" in woken

        await eventually(comes_back)
        assert await queue.prune() == 0
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with_store(test)


# ── real processes ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_killed_and_a_frozen_worker_lose_nothing(tmp_path):
    """The short form of `make test-cluster`, on loopback."""
    with Crew(tmp_path, workers=2, feeds=60, sites=20, every=3, rate=3.0, real=False) as crew:
        crew.start()
        until(lambda: len({feed for _, feed, *_ in crew.logs().polls}) == crew.feeds, 60)
        until(lambda: crew.rows("SELECT count(*) FROM workers")[0][0] == 2)
        crew.signal("w2", signal.SIGSTOP)
        threading.Event().wait(24)  # past its leases
        crew.signal("w2", signal.SIGCONT)
        crew.kill("w1")
        begin = time.time()
        until(lambda: {feed for _, feed, began, *_ in crew.logs().polls if began > begin} == set(range(crew.feeds)), 40)
        crew.end_publishing()
        crew.drained(130)  # what a lost worker had leased may come back only when the lease ends
        logs = crew.logs()
        assert max(most_at_once(logs).values()) == 1
        _, twice = repeats(logs)
        assert twice == {}
        assert crew.stop("w2") == 0
