"""What the dialer refuses, where no real network could be made to misbehave so."""

import asyncio
from ipaddress import ip_network

import httpcore
import pytest

from monitor.errors import RequestFailed
from monitor.net.dialer import Dialer, system_resolver


class Peer(httpcore.AsyncNetworkStream):
    """A connection whose other end is what the test says."""

    def __init__(self, address) -> None:
        self.address = address
        self.closed = False

    async def aclose(self) -> None:
        self.closed = True

    def get_extra_info(self, info):
        return self.address if info == "server_addr" else None


def dialer(*allowed):
    return Dialer(resolver=system_resolver, allowed=allowed, max_header_bytes=100, max_total_bytes=1_000)


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        (("8.8.8.8", 80), False),
        (("10.0.0.1", 80), True),  # the dialled address was good, but this is who answered
        (("not an address", 80), True),
        ((), True),
        (None, True),  # nobody knows who it is
    ],
)
def test_peer_is_checked_again(address, refused):
    peer = Peer(address)
    if refused:
        with pytest.raises(RequestFailed, match="may not be dialled"):
            asyncio.run(dialer()._check_peer(peer, "x.test"))
    else:
        asyncio.run(dialer()._check_peer(peer, "x.test"))
    assert peer.closed is refused


def test_local_sockets_are_never_dialled():
    with pytest.raises(RequestFailed, match="may not be dialled"):
        asyncio.run(dialer().connect_unix_socket("/run/x.sock"))


def test_no_time_left_is_no_connection():
    with pytest.raises(RequestFailed, match=r"no connection to 127\.0\.0\.1"):
        asyncio.run(dialer(ip_network("127.0.0.0/8")).connect_tcp("127.0.0.1", 9, timeout=1e-9))


def test_retries_may_wait():
    asyncio.run(dialer().sleep(0))


def test_system_resolver_gives_each_address_once():
    addresses = asyncio.run(system_resolver("localhost", 80))
    assert addresses
    assert len(set(addresses)) == len(addresses)
