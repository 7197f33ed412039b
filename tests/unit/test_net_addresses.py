from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.net.addresses import may_dial
from monitor.settings import ANYWHERE

CLOSED = [
    "0.0.0.0",  # this host
    "0.1.2.3",  # this network
    "10.0.0.1",  # private
    "100.64.0.1",  # carrier NAT
    "100.100.100.200",  # metadata of a cloud, inside carrier NAT
    "127.0.0.1",  # loopback
    "127.255.255.254",  # all of it
    "168.63.129.16",  # metadata of a cloud, in public space
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",  # private, first
    "172.31.255.255",  # private, last
    "192.0.0.192",  # metadata of a cloud
    "192.0.2.1",  # documentation
    "192.88.99.1",  # 6to4 relay
    "192.168.1.1",  # private
    "198.18.0.1",  # benchmarks
    "198.51.100.7",  # documentation
    "203.0.113.7",  # documentation
    "224.0.0.1",  # multicast
    "239.255.255.250",  # multicast
    "240.0.0.1",  # reserved
    "255.255.255.255",  # broadcast
    "::",  # unspecified
    "::1",  # loopback
    "::127.0.0.1",  # compatible
    "::ffff:127.0.0.1",  # mapped
    "::ffff:169.254.169.254",  # mapped
    "::ffff:0:127.0.0.1",  # translated
    "64:ff9b::7f00:1",  # NAT64 to loopback
    "64:ff9b::a9fe:a9fe",  # NAT64 to metadata
    "64:ff9b:1::a00:1",  # local NAT64
    "100::1",  # discard
    "2001::1",  # Teredo
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo with addresses in it
    "2001:2::1",  # benchmarks
    "2001:10::1",  # ORCHID
    "2001:db8::1",  # documentation
    "2002:7f00:1::",  # 6to4 of loopback
    "2002:808:808::1",  # 6to4 even of a public address
    "2600::5efe:a00:1",  # ISATAP
    "2600::200:5efe:a00:1",  # ISATAP of a global address
    "3fff::1",  # documentation
    "4000::1",  # not assigned
    "5f00::1",  # segment routing
    "fc00::1",  # unique local
    "fd00:ec2::254",  # metadata of a cloud
    "fe80::1",  # link-local
    "fe80::1%1",  # link-local with its link
    "2600::1%1",  # no global address has a link
    "fec0::1",  # site-local
    "ff02::1",  # multicast
]

OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",  # just below carrier NAT
    "100.128.0.0",  # just above
    "172.32.0.1",  # just above private
    "168.63.129.17",  # the neighbour of the closed one
    "198.20.0.1",  # just above benchmarks
    "223.255.255.255",  # just below multicast
    "2606:4700:4700::1111",
    "2001:200::1",  # just above the protocol assignments
    "2a00:1450:4001:800::200e",
    "::ffff:8.8.8.8",  # mapped public
    "64:ff9b::808:808",  # NAT64 of a public address: all there is on networks without IPv4
]


@pytest.mark.parametrize("text", CLOSED)
def test_closed(text):
    assert not may_dial(ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_open(text):
    assert may_dial(ip_address(text))


@pytest.mark.parametrize(
    ("text", "network", "expected"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),  # allowed by name
        ("10.2.2.3", "10.1.0.0/16", False),  # its neighbour is not
        ("::ffff:10.1.2.3", "10.1.0.0/16", True),  # the same address written as IPv6
        ("::1", "127.0.0.0/8", False),  # another loopback
        ("fd00::7", "fd00::/8", True),
    ],
)
def test_allowed_networks(text, network, expected):
    assert may_dial(ip_address(text), [ip_network(network)]) is expected


def test_anywhere_is_anywhere():
    assert all(may_dial(ip_address(text), ANYWHERE) for text in CLOSED if "%" not in text)


PRIVATE_V4 = st.sampled_from(
    ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "100.64.0.0/10"]
).flatmap(lambda block: st.integers(0, ip_network(block).num_addresses - 1).map(lambda n: ip_network(block)[n]))
EMBEDDINGS = [
    lambda v4: v4,  # compatible
    lambda v4: 0xFFFF << 32 | v4,  # mapped
    lambda v4: 0xFFFF << 48 | v4,  # translated
    lambda v4: 0x0064_FF9B << 96 | v4,  # NAT64
    lambda v4: 0x0064_FF9B_0001 << 80 | v4,  # local NAT64
    lambda v4: 0x2002 << 112 | v4 << 80 | 1,  # 6to4
    lambda v4: 0x2001_0000 << 96 | v4 << 64,  # Teredo server
    lambda v4: 0x2001_0000 << 96 | v4 ^ 0xFFFF_FFFF,  # Teredo client
    lambda v4: 0x2600 << 112 | 0x5EFE << 32 | v4,  # ISATAP
]


@given(PRIVATE_V4, st.sampled_from(EMBEDDINGS))
def test_no_embedding_hides_a_private_address(address: IPv4Address, embed):
    assert not may_dial(IPv6Address(embed(int(address))))


@given(st.integers(0, 2**128 - 1))
def test_ipv6_outside_global_unicast_is_closed(number):
    address = IPv6Address(number)
    inner = address.ipv4_mapped
    if may_dial(address):
        assert address in ip_network("2000::/3") or inner is not None or address in ip_network("64:ff9b::/96")
