"""The address from which this machine reaches the API."""

from __future__ import annotations

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

# Addresses for documentation (RFC 5737, RFC 3849): nobody has them, so the default route leads
# to them.
_DEFAULT_ROUTE = ("192.0.2.1", "2001:db8::1")
_LOOPBACK = "127.0.0.1"


class Target(NamedTuple):
    """A host (name or address) and a port."""

    host: str
    port: int


def target_of(url: str | None) -> Target | None:
    """The host and port of a URL; None for None."""
    if url is None:
        return None
    parts = urlsplit(url)
    # RFC 6874 writes the % of a zone as %25.
    host = (parts.hostname or "").replace("%25", "%")
    return Target(host, parts.port or (443 if parts.scheme == "https" else 80))


def collect(target: Target | None) -> str:
    """The local IPv4 or IPv6 address of the route to target; without a target, the default route.

    If the target's name has several addresses, the first reachable one is used. If none is
    reachable or the name is unknown, the default route is used. Without one, as in an isolated
    network, it is an address of an interface, and finally the loopback address.
    """
    targets = [] if target is None else [target]
    targets += [Target(host, 9) for host in _DEFAULT_ROUTE]
    for candidate in targets:
        found = _address_towards(candidate)
        if found is not None:
            return found
    from agent.collectors import interfaces  # noqa: PLC0415 — rarely needed

    return interfaces.best_address() or _LOOPBACK


def _address_towards(target: Target) -> str | None:
    try:
        candidates = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # unknown, or invalid as a DNS name
        return None
    for family, kind, protocol, _, address in candidates:
        try:
            # Connecting a UDP socket sends no packet; it only consults the routing table.
            with socket.socket(family, kind, protocol) as probe:
                probe.connect(address)
                found = plain_address(probe.getsockname()[0])
        except OSError:  # no route, or no IPv6 on this machine
            continue
        if found is not None:
            return found
    return None


def plain_address(text: str) -> str | None:
    """The address without a zone (`fe80::1%eth0`); an IPv4-mapped one (`::ffff:10.0.0.1`) as IPv4.

    None for the unspecified address.
    """
    address = text.split("%", 1)[0]
    if address.startswith("::ffff:") and "." in address:
        address = address[len("::ffff:") :]
    return None if address in {"", "::", "0.0.0.0"} else address  # noqa: S104 — nothing listens on it
