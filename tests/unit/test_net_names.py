"""Threads that ask for names: a name server that does not answer holds up its own name alone."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor.net import GuardedClient
from monitor.net.names import Names


class System:
    """Looks names up; those that begin with `slow` hang until they are let go."""

    def __init__(self):
        self.let_go = threading.Event()
        self.asked = []

    def __call__(self, host, port, **_):
        self.asked.append(host)
        if host.startswith("slow"):
            assert self.let_go.wait(20)
        if "none" in host:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))] * 2


@pytest.fixture
def system():
    one = System()
    yield one
    one.let_go.set()


def test_each_address_once_and_failures_as_they_are(system):
    async def run():
        names = Names(system)
        assert await names("a.test", 80) == ("127.0.0.1",)
        with pytest.raises(OSError, match="no such name"):
            await names("none.test", 80)
        assert await Names()("127.0.0.1", 80) == ("127.0.0.1",)

    asyncio.run(run())


def test_names_that_hang_hold_up_no_other_name_and_nothing_else_that_runs_beside_the_loop(system):
    async def run():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        names = Names(system)
        hanging = [asyncio.create_task(names(f"slow{number}.test", 80)) for number in range(30)]
        async with asyncio.timeout(10):
            assert await names("a.test", 80)
            assert await asyncio.to_thread(sum, [1, 2]) == 3
        assert not any(task.done() for task in hanging)
        system.let_go.set()
        assert await asyncio.gather(*hanging) == [("127.0.0.1",)] * 30

    asyncio.run(run())


def test_who_asks_for_a_name_that_is_being_asked_for_waits_for_the_same_answer(system):
    async def run():
        names = Names(system)
        first, *others = [asyncio.create_task(names("slow.test", 80)) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()  # and whoever gives up takes nothing from the others
        await asyncio.gather(first, return_exceptions=True)
        system.let_go.set()
        assert await asyncio.gather(*others) == [("127.0.0.1",)] * 4
        return system.asked

    assert asyncio.run(run()) == ["slow.test"]


def test_threads_are_bounded_and_end_when_there_is_nothing_to_ask(system):
    async def run():
        names = Names(system, most=2, idle=0.05)
        asked = [asyncio.create_task(names(f"slow{number}.test", 80)) for number in range(5)]
        await asyncio.sleep(0)
        assert names.threads == 2
        system.let_go.set()
        await asyncio.gather(*asked)
        async with asyncio.timeout(10):
            while names.threads:  # noqa: ASYNC110 - threads end by themselves and tell nobody
                await asyncio.sleep(0.01)
        assert await names("a.test", 80)  # and begin again

    asyncio.run(run())


def test_a_loop_that_ended_is_told_nothing(system):
    names = Names(system, idle=0.05)

    async def leave():
        task = asyncio.create_task(names("slow.test", 80))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    system.let_go.set()

    async def again():
        async with asyncio.timeout(10):
            return await names("a.test", 80)

    assert asyncio.run(again()) == ("127.0.0.1",)


def test_a_slow_name_counts_inside_the_deadline(system):
    async def run():
        client = GuardedClient(user_agent="test", resolver=Names(system))
        with pytest.raises(Exception, match="no complete answer") as failure:
            await client.request("GET", "http://slow.test/", deadline=0.2, max_wire_bytes=9, max_body_bytes=9)
        await client.close()
        return failure.value

    failure = asyncio.run(run())
    assert (failure.kind, failure.sent) == ("timeout", False)
