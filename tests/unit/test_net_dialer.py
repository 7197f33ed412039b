"""What the dialer refuses, where no real network could be made to misbehave so."""

import asyncio
import gc
import socket
from ipaddress import ip_network

import pytest

from monitor.errors import RequestFailed
from monitor.net.dialer import Dialer, system_resolver

LOOPBACK = ip_network("127.0.0.0/8")


class Peer:
    """A socket whose other end is what the test says."""

    def __init__(self, address) -> None:
        self.address = address
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def getpeername(self):
        if isinstance(self.address, OSError):
            raise self.address
        return self.address


def dialer(*allowed, resolver=system_resolver):
    return Dialer(resolver=resolver, allowed=allowed)


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        (("8.8.8.8", 80), False),
        (("10.0.0.1", 80), True),  # the dialled address was good, but this is who answered
        (("not an address", 80), True),
        ((), True),
        (None, True),  # nobody knows who it is
        (OSError(), True),  # gone already
    ],
)
def test_peer_is_checked_again(address, refused):
    peer = Peer(address)
    if refused:
        with pytest.raises(RequestFailed, match="may not be dialled"):
            dialer().check_peer(peer, "x.test")
    else:
        dialer().check_peer(peer, "x.test")
    assert peer.closed is refused


def test_no_time_left_is_no_connection():
    with pytest.raises(RequestFailed, match=r"no connection to 127\.0\.0\.1"):
        asyncio.run(dialer(LOOPBACK).dial("127.0.0.1", 9, 0))


def test_both_families_are_dialled():
    async def run(host):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as server:
            dialled = await dialer(LOOPBACK, ip_network("::1/128")).dial(host, server.getsockname()[1], 2)
            with dialled:
                return dialled.getpeername()[0]

    assert asyncio.run(run("127.0.0.1")) == "127.0.0.1"
    assert asyncio.run(run("::1")) == "::1"


def test_a_dial_that_is_cut_off_leaves_no_socket(recwarn):
    async def run():
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            port = full.getsockname()[1]
            waiting = []
            for _ in range(8):  # until the queue is full and a connection hangs
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
                waiting.append(one)
            task = asyncio.create_task(dialer(LOOPBACK).dial("127.0.0.1", port, 5))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for one in waiting:
                one.close()
            return task.cancelled()

    assert asyncio.run(run())
    gc.collect()
    assert not [one for one in recwarn if issubclass(one.category, ResourceWarning)]


def test_system_resolver_gives_each_address_once():
    addresses = asyncio.run(system_resolver("localhost", 80))
    assert addresses
    assert len(set(addresses)) == len(addresses)
