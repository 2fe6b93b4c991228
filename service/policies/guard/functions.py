"""The functions of ours that rules call. Each answers null where an argument is null, but
estado_soporte(), most of whose arguments may be.

A ValueError breaks the rule for the server, which is then unknown: a wrong argument is no pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from zoneinfo import ZoneInfo

from service import times
from service.end_of_life import coverage, support_on

Cell = str | int | float | None

_PARTS = re.compile(r"\d+|[A-Za-z]+|~")
_CACHED = 8192


def en_red(ip: Cell, red: Cell) -> int | None:
    """1 if the address is in the network, else 0; null for a host name and what else is none."""
    if ip is None or red is None:
        return None
    network = _network(str(red))
    address = _address(str(ip))
    if address is None:
        return None
    return int(address.version == network.version and address in network)


def hora_local(time: Cell, zone: Cell) -> str | None:
    """The time, which is UTC, in the zone: 2020-02-15 03:06:54.999999. zone: Europe/Madrid."""
    if time is None or zone is None:
        return None
    moment = datetime.fromisoformat(str(time))
    try:
        local = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(
            _zone(str(zone))
        )
    except OverflowError as error:
        raise ValueError(f"expected a time from 1970 to 9999, got {time!r}") from error
    return local.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def compara_version(first: Cell, second: Cell) -> int | None:
    """-1, 0 or 1, as the first version is older, the same or newer.

    Numbers compare as numbers, words as words; a version with a word where the other has ended is
    older (1.0rc1 < 1.0), one with a number is newer (1.0.1 > 1.0).
    """
    if first is None or second is None:
        return None
    left, right = _parts(str(first)), _parts(str(second))
    length = max(len(left), len(right))
    end = (1, 0, "")
    left = left + [end] * (length - len(left))
    right = right + [end] * (length - len(right))
    return (left > right) - (left < right)


def estado_soporte(
    fin: Cell, fin_ampliado: Cell, contratos: Cell, soporte: Cell, dia: Cell
) -> str | None:
    """vigente, ampliado or terminado on a day, of a row of soporte_vigente; null if unknown."""
    if dia is None:
        return None
    end, extended, contracts, held = (
        None if cell is None else str(cell) for cell in (fin, fin_ampliado, contratos, soporte)
    )
    return support_on(str(dia)[:10], end, extended, contracts, held)


def covers_version(pattern: Cell, version: Cell) -> int | None:
    """How closely a row of fin_de_vida speaks of a version. For the guard's views."""
    if pattern is None or version is None:
        return None
    return coverage(str(pattern), str(version))


@lru_cache(_CACHED)
def time_text(microseconds: Cell) -> str | None:
    """A time as the relations show it. For the guard's views."""
    return None if microseconds is None else times.to_text(int(microseconds))


FUNCTIONS: dict[str, tuple[int, Callable[..., Cell]]] = {
    "en_red": (2, en_red),
    "hora_local": (2, hora_local),
    "compara_version": (2, compara_version),
    "estado_soporte": (5, estado_soporte),
}
OF_VIEWS: dict[str, tuple[int, Callable[..., Cell]]] = {
    "time_text": (1, time_text),
    "covers_version": (2, covers_version),
}


@lru_cache(_CACHED)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


@lru_cache(_CACHED)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(
            f"expected a time zone such as Europe/Madrid, got {name[:80]!r}"
        ) from error


def _parts(version: str) -> list[tuple[int, int, str]]:
    """The parts of a version, so that they compare: ~ first, then words, the end, numbers."""
    return [
        (2, int(part[:18]), "")
        if part.isdigit()
        else (-1, 0, "")
        if part == "~"
        else (0, 0, part.lower())
        for part in _PARTS.findall(version)
    ]
