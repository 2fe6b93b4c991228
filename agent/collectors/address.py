"""The address of this machine on the way to the API."""

from __future__ import annotations

import socket
from typing import NamedTuple

# Addresses that documentation uses (RFC 5737, RFC 3849): never anybody's, so the way to them is
# the default one.
_ANYWHERE = ("192.0.2.1", "2001:db8::1")
_LOOPBACK = "127.0.0.1"


class Target(NamedTuple):
    """A host, by name or address, and a port."""

    host: str
    port: int


def collect(target: Target | None) -> str:
    """The IPv4 or IPv6 address that packets to target come from; without one, those to anywhere.

    A name can have several addresses: the first one that this machine has a way to counts. Where
    there is no way to the target (or its name cannot be resolved) the default way counts, and at
    last the loopback address.
    """
    targets = [] if target is None else [target]
    targets += [Target(host, 9) for host in _ANYWHERE]
    for candidate in targets:
        found = _address_towards(candidate)
        if found is not None:
            return found
    return _LOOPBACK


def _address_towards(target: Target) -> str | None:
    try:
        ways = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # unknown, or no name that DNS can have
        return None
    for family, kind, protocol, _, address in ways:
        try:
            # Connecting a UDP socket only asks the routing table: no packet is sent.
            with socket.socket(family, kind, protocol) as probe:
                probe.connect(address)
                found = plain_address(probe.getsockname()[0])
        except OSError:  # no way there, or no IPv6 on this machine
            continue
        if found is not None:
            return found
    return None


def plain_address(text: str) -> str | None:
    """The address without its zone (`fe80::1%eth0`), IPv4 as IPv4 (`::ffff:10.0.0.1`).

    None for the address that means any.
    """
    address = text.split("%", 1)[0]
    if address.startswith("::ffff:") and "." in address:
        address = address[len("::ffff:") :]
    return None if address in {"", "::", "0.0.0.0"} else address  # noqa: S104 — not listened on
