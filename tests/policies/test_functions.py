"""The functions of ours that rules call."""

from __future__ import annotations

import pytest

from service.policies.guard.functions import compara_version, en_red, hora_local


@pytest.mark.parametrize(
    ("ip", "network", "found"),
    [
        ("10.1.2.3", "10.0.0.0/8", 1),
        ("11.1.2.3", "10.0.0.0/8", 0),
        ("10.1.2.3", "10.1.2.3", 1),
        ("2001:db8::1", "2001:db8::/32", 1),
        ("::ffff:10.1.2.3", "10.0.0.0/8", 1),
        ("fe80::1%eth0", "fe80::/10", 1),
        ("10.1.2.3", "2001:db8::/32", 0),
        ("host.example", "10.0.0.0/8", None),
        (None, "10.0.0.0/8", None),
        ("10.1.2.3", None, None),
    ],
)
def test_an_address_is_in_a_network_or_not_or_unknown(
    ip: str | None, network: str | None, found: int | None
) -> None:
    assert en_red(ip, network) == found


def test_a_wrong_network_is_an_error() -> None:
    with pytest.raises(ValueError, match="red"):
        en_red("10.0.0.1", "red")


def test_local_time_knows_summer() -> None:
    assert hora_local("2026-01-15 23:30:00.000001", "Europe/Madrid") == "2026-01-16 00:30:00.000001"
    assert hora_local("2026-07-15 23:30:00", "Europe/Madrid") == "2026-07-16 01:30:00.000000"
    assert hora_local(None, "Europe/Madrid") is hora_local("2026-07-15", None) is None


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", ""])
def test_a_wrong_zone_is_an_error(zone: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        hora_local("2026-07-15 23:30:00", zone)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9", "1.10"),
        ("1.0", "1.0.1"),
        ("1.0rc1", "1.0"),
        ("1.0~beta", "1.0rc1"),
        ("1.0a", "1.0b"),
        ("6.1.0-18-amd64", "6.1.0-20-amd64"),
        ("9", "10.0"),
    ],
)
def test_versions_have_an_order(older: str, newer: str) -> None:
    assert compara_version(older, newer) == -1
    assert compara_version(newer, older) == 1
    assert compara_version(newer, newer) == 0
    assert compara_version(newer, None) is None
