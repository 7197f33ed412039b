"""Which IP addresses may be dialled. Pure: it is asked about the very address that is dialled, never about a name.

The tables are our own, because `ipaddress.is_private` lets carrier NAT, cloud metadata, multicast, translated and
tunnelled addresses through. IPv6 is an allow-list: global unicast without the blocks that carry or mean something else.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from monitor.settings import Network

Address = IPv4Address | IPv6Address

_CLOSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network (RFC 791); many systems take it for loopback
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carrier NAT (RFC 6598), and the metadata service of one cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the metadata and agent address of one cloud, although it is public
        "169.254.0.0/16",  # link-local, and the metadata services of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments (RFC 6890), and the metadata service of one cloud
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4: carries an IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def may_dial(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether a connection to this address may be opened: it is public, or in a network that the operator allows.

    An IPv4 address written as a mapped IPv6 one is judged as the IPv4 address that the system would dial.
    """
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return may_dial(address.ipv4_mapped, allowed)
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _CLOSED_V4)
    return _is_public_v6(address)


def _is_public_v6(address: IPv6Address) -> bool:
    """Global unicast that does not lead to some other address by translation or a tunnel."""
    if address.scope_id is not None:
        return False
    if address in _NAT64:  # the one way to IPv4 hosts from a network that has IPv6 alone
        return may_dial(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address not in _GLOBAL_V6 or any(address in block for block in _CLOSED_V6):
        return False
    return (int(address) >> 32) & 0xFFFF_FFFF not in _ISATAP
