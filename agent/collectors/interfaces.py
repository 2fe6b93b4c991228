"""The addresses of the network interfaces of this machine."""

from __future__ import annotations

import array
import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from agent.machine import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIOCGIFCONF = 0x8912  # netdevice(7)
_NAME_BYTES = 16  # IFNAMSIZ
_MAX_ADDRESSES = 1024
# The scope of an address in /proc/net/if_inet6 (IPV6_ADDR_LINKLOCAL and _LOOPBACK of the kernel).
_LINK, _HOST = 0x20, 0x10


class InterfaceAddress(NamedTuple):
    """loopback, link_local: kinds of addresses that other machines cannot, or hardly, use."""

    text: str
    loopback: bool = False
    link_local: bool = False


def best_address() -> str | None:
    """The address that others are most likely to reach; None if there is only loopback.

    IPv4 first, in the order of the interfaces; link-local addresses last.
    """
    return choose(_ipv4_addresses() + _ipv6_addresses()) if _on_linux() else choose(_by_psutil())


def choose(addresses: Iterable[InterfaceAddress]) -> str | None:
    usable = [address for address in addresses if not address.loopback]
    usable.sort(key=lambda address: address.link_local)  # stable
    return usable[0].text if usable else None


def _on_linux() -> bool:
    return sys.platform.startswith("linux")


def _ipv4(text: str) -> InterfaceAddress:
    return InterfaceAddress(text, text.startswith("127."), text.startswith("169.254."))


def _ipv4_addresses() -> list[InterfaceAddress]:
    """All IPv4 addresses of all interfaces that are up; see netdevice(7)."""
    import fcntl  # noqa: PLC0415 — Windows has none

    entry_bytes = 40 if struct.calcsize("P") == 8 else 32  # struct ifreq
    buffer = array.array("B", bytes(_MAX_ADDRESSES * entry_bytes))
    pointer, size = buffer.buffer_info()
    request = struct.pack("iP", size, pointer)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        answer = fcntl.ioctl(asking, _SIOCGIFCONF, request)
    filled = buffer.tobytes()[: struct.unpack("iP", answer)[0]]
    return parse_ifconf(filled, entry_bytes)


def parse_ifconf(filled: bytes, entry_bytes: int) -> list[InterfaceAddress]:
    """The IPv4 addresses in an array of struct ifreq: a name, then a struct sockaddr_in."""
    found = []
    for start in range(0, len(filled) - entry_bytes + 1, entry_bytes):
        family = struct.unpack_from("H", filled, start + _NAME_BYTES)[0]
        if family == socket.AF_INET:
            at = start + _NAME_BYTES + 4  # behind the family and the port
            found.append(_ipv4(socket.inet_ntoa(filled[at : at + 4])))
    return found


def _ipv6_addresses() -> list[InterfaceAddress]:
    try:
        return parse_if_inet6(read_text("/proc/net/if_inet6"))
    except OSError:  # a system without IPv6
        return []


def parse_if_inet6(text: str) -> list[InterfaceAddress]:
    """Lines such as `20010db80000000000000000000000ff 02 40 00 80 eth0`; the 4th is the scope."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 6 and len(fields[0]) == 32:
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0]))
            scope = int(fields[3], 16)
            found.append(InterfaceAddress(address, scope == _HOST, scope == _LINK))
    return found


def _by_psutil() -> list[InterfaceAddress]:
    from agent import native  # noqa: PLC0415 — Linux does without

    found: list[InterfaceAddress] = []
    of_interfaces = native.load_psutil().net_if_addrs().values()
    entries = [entry for entries in of_interfaces for entry in entries]
    found += [_ipv4(entry.address) for entry in entries if entry.family == socket.AF_INET]
    for entry in entries:
        if entry.family == socket.AF_INET6:
            text = entry.address.split("%", 1)[0]
            link_local = text.lower().startswith("fe80:")
            found.append(InterfaceAddress(text, text == "::1", link_local))
    return found
