from __future__ import annotations

import os
import shutil
import subprocess
import sys

import psutil
import pytest

from agent.collectors import interfaces
from agent.collectors.interfaces import InterfaceAddress, choose, parse_if_inet6, parse_ifconf

IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000505400fffe123456 02 40 20 80     eth0
20010db8000000000000000000000005 02 40 00 80     eth0
"""


def test_ipv6_addresses_have_their_scope() -> None:
    assert parse_if_inet6(IF_INET6 + "rubbish\n") == [
        InterfaceAddress("::1", loopback=True),
        InterfaceAddress("fe80::5054:ff:fe12:3456", link_local=True),
        InterfaceAddress("2001:db8::5"),
    ]


@pytest.mark.parametrize("entry_bytes", [32, 40])
def test_ipv4_addresses_are_read_from_the_entries(entry_bytes: int) -> None:
    entries = b"".join(
        (name.ljust(16, b"\0") + family.to_bytes(2, sys.byteorder) + b"\0\0" + ipv4).ljust(
            entry_bytes, b"\0"
        )
        for name, family, ipv4 in [
            (b"lo", 2, b"\x7f\0\0\1"),
            (b"lo", 2, b"\x0a\5\5\5"),
            (b"eth0", 2, b"\xa9\xfe\0\7"),
            (b"x25", 9, b"\1\2\3\4"),
        ]
    )
    assert parse_ifconf(entries, entry_bytes) == [
        InterfaceAddress("127.0.0.1", loopback=True),
        InterfaceAddress("10.5.5.5"),
        InterfaceAddress("169.254.0.7", link_local=True),
    ]


def test_loopback_is_never_chosen_and_link_local_last() -> None:
    loopback = InterfaceAddress("127.0.0.1", loopback=True)
    link_local = InterfaceAddress("169.254.0.7", link_local=True)
    addresses = [loopback, link_local, InterfaceAddress("10.5.5.5"), InterfaceAddress("10.0.0.9")]
    assert choose(addresses) == "10.5.5.5"
    assert choose(addresses[:2]) == "169.254.0.7"
    assert choose(addresses[:1]) is None
    assert choose([]) is None


def test_addresses_of_this_machine_are_those_that_psutil_knows() -> None:
    own = interfaces._ipv4_addresses() + interfaces._ipv6_addresses()
    known = {
        entry.address.split("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in {2, 10}
    }
    assert "127.0.0.1" in {address.text for address in own}
    assert {address.text for address in own} <= known
    assert {address.text for address in interfaces._by_psutil()} == known


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="only root makes a network of its own",
)
def test_machine_in_an_isolated_network_has_its_only_address() -> None:
    code = "from agent.collectors import address; print(address.collect(None))"
    commands = 'ip link set lo up; ip addr add 10.5.5.5/24 dev lo; exec "$@"'
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", commands, "sh", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare failed" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout == "10.5.5.5\n", done.stderr
