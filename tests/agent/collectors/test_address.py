from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

import pytest

from agent.collectors import address, interfaces
from agent.collectors.address import Target, plain_address, target_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.168.1.5", "192.168.1.5"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::ffff:1", "2001:db8::ffff:1"),
        ("::1", "::1"),
        ("::", None),
        ("0.0.0.0", None),
        ("", None),
    ],
)
def test_address_has_no_zone_and_no_ipv4_mapping(text: str, plain: str | None) -> None:
    assert plain_address(text) == plain


def test_route_to_this_machine_has_the_loopback_address() -> None:
    assert address.collect(Target("127.0.0.1", 8000)) == "127.0.0.1"
    assert address.collect(Target("localhost", 8000)) in {"127.0.0.1", "::1"}


def test_route_to_another_loopback_address_has_the_source_that_the_kernel_chooses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("127.0.0.77", 8000))
        expected = probe.getsockname()[0]
    assert address.collect(Target("127.0.0.77", 8000)) == expected


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect(("::1", 9))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6_loopback(), reason="no IPv6 here")
def test_route_to_an_ipv6_api_has_an_ipv6_address() -> None:
    assert address.collect(Target("::1", 8000)) == "::1"


def test_address_without_an_api_is_valid() -> None:
    assert ipaddress.ip_address(address.collect(None))


def test_no_packet_is_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as api:
        api.bind(("127.0.0.1", 0))
        api.settimeout(0.2)
        assert address.collect(Target("127.0.0.1", api.getsockname()[1])) == "127.0.0.1"
        with pytest.raises(TimeoutError):
            api.recv(1)


Resolver = "Callable[[dict[str, list[str]]], None]"


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, list[str]]], None]:
    """Replaces the addresses of some names; all others are resolved."""
    real = socket.getaddrinfo

    def use(names: dict[str, list[str]]) -> None:
        def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> list[Any]:
            if host not in names:
                return real(host, *args, **kwargs)
            if not names[host]:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [way for name in names[host] for way in real(name, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return use


def test_first_reachable_address_of_a_name_is_used(
    resolve: Callable[[dict[str, list[str]]], None],
) -> None:
    # Without SO_BROADCAST, connecting to the broadcast address gives EACCES.
    resolve({"api.test": ["255.255.255.255", "127.0.0.1", "192.0.2.1"]})
    assert address.collect(Target("api.test", 80)) == "127.0.0.1"


def test_unknown_name_gives_the_default_route(
    resolve: Callable[[dict[str, list[str]]], None],
) -> None:
    resolve({"api.test": [], "192.0.2.1": ["255.255.255.255"], "2001:db8::1": ["127.0.0.1"]})
    assert address.collect(Target("api.test", 80)) == "127.0.0.1"
    assert ipaddress.ip_address(address.collect(Target("x" * 64 + ".test", 80)))


def test_address_without_any_route_is_that_of_an_interface(
    resolve: Callable[[dict[str, list[str]]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = ["255.255.255.255"]
    resolve({"api.test": nowhere, "192.0.2.1": nowhere, "2001:db8::1": []})
    assert address.collect(Target("api.test", 80)) == (interfaces.best_address() or "127.0.0.1")
    monkeypatch.setattr(interfaces, "best_address", lambda: "10.5.5.5")
    assert address.collect(None) == "10.5.5.5"
    monkeypatch.setattr(interfaces, "best_address", lambda: None)
    assert address.collect(None) == "127.0.0.1"


@pytest.mark.parametrize(
    ("api", "target"),
    [
        (None, None),
        ("http://api.example", Target("api.example", 80)),
        ("https://api.example/path", Target("api.example", 443)),
        ("http://10.0.0.5:8000", Target("10.0.0.5", 8000)),
        ("http://[2001:db8::5]:8000/", Target("2001:db8::5", 8000)),
        ("http://[fe80::5%25eth0]:8000", Target("fe80::5%eth0", 8000)),
    ],
)
def test_target_is_host_and_port_of_the_api_address(api: str | None, target: Target | None) -> None:
    assert target_of(api) == target
