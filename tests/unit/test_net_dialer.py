"""What the dialer refuses, where no real network could be made to misbehave so."""

import asyncio
from ipaddress import ip_network

import pytest

from monitor.errors import RequestFailed
from monitor.net.dialer import Dialer
from monitor.net.names import system_resolver

LOOPBACK = ip_network("127.0.0.0/8")


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
    ],
)
def test_peer_is_checked_again(address, refused):
    if refused:
        with pytest.raises(RequestFailed, match="may not be dialled"):
            dialer().check_peer(address, "x.test")
    else:
        dialer().check_peer(address, "x.test")


def test_no_time_left_is_no_connection():
    with pytest.raises(RequestFailed, match=r"no connection to 127\.0\.0\.1"):
        asyncio.run(dialer(LOOPBACK).dial("127.0.0.1", 9, 0, connect=None))


def test_each_address_has_its_share_of_the_time_until_one_answers():
    asked = []

    async def connect(address, port, seconds):
        asked.append((address, port, seconds <= 6 / (3 - len(asked))))
        if address != "127.0.0.3":
            raise TimeoutError
        return "connected"

    async def resolver(host, port):
        return ["127.0.0.1", "127.0.0.2", "127.0.0.3"]

    assert asyncio.run(dialer(LOOPBACK, resolver=resolver).dial("x.test", 80, 6, connect)) == "connected"
    assert asked == [("127.0.0.1", 80, True), ("127.0.0.2", 80, True), ("127.0.0.3", 80, True)]


def test_system_resolver_gives_each_address_once():
    addresses = asyncio.run(system_resolver("localhost", 80))
    assert addresses
    assert len(set(addresses)) == len(addresses)
