"""Entries of the audit log about waivers, from which a database that lost them is restored.

A server is named by its identity, since its number may be another one in a new database. A waiver
is known by when it was told: no two have the same time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from service import times

TOLD, REVOKED = "waiver told", "waiver revoked"
WITHDRAWN, REVOCATION_WITHDRAWN = "waiver withdrawn", "waiver revocation withdrawn"

_MAX_LINE = 65_536  # bytes; no entry about a waiver is longer


@dataclass(frozen=True, slots=True)
class WaiverTold:
    """A waiver. One of identity, tag and network is given. Times in microseconds."""

    number: int
    rule: str
    identity: str | None
    sibling: int | None
    tag_key: str | None
    tag_value: str | None
    network: str | None
    key: str | None  # JSON
    reason: str
    at: int
    until_at: int
    is_withdrawn: bool = False  # it was not stored

    def facts(self) -> dict[str, str | int | None]:
        return {
            "hecho": WITHDRAWN if self.is_withdrawn else TOLD,
            "numero": self.number,
            "politica": self.rule,
            "servidor": self.identity,
            "hermano": self.sibling,
            "etiqueta": self.tag_key,
            "valor": self.tag_value,
            "red": self.network,
            "clave": self.key,
            "motivo": self.reason,
            "dicha": times.to_text(self.at),
            "hasta": times.to_text(self.until_at),
        }


@dataclass(frozen=True, slots=True)
class WaiverRevoked:
    """A waiver was revoked. at: when it had been told."""

    number: int
    at: int
    revoked_at: int
    is_withdrawn: bool = False

    def facts(self) -> dict[str, str | int | None]:
        return {
            "hecho": REVOCATION_WITHDRAWN if self.is_withdrawn else REVOKED,
            "numero": self.number,
            "dicha": times.to_text(self.at),
            "revocada": times.to_text(self.revoked_at),
        }


Change = WaiverTold | WaiverRevoked


@dataclass(frozen=True, slots=True)
class WaiverEntry:
    """change: without its mark of withdrawal. by: who made the entry."""

    change: Change
    by: str | None


def read_waiver_entries(path: Path) -> list[WaiverEntry]:
    """Reads the entries about waivers in order, but withdrawn ones. Raises OSError.

    Nothing is raised for a file that does not exist, nor for torn and foreign lines.
    """
    found: dict[Change, WaiverEntry] = {}
    for entry in _entries(path):
        change = replace(entry.change, is_withdrawn=False)
        if entry.change.is_withdrawn:
            found.pop(change, None)
        else:
            found[change] = entry
    return list(found.values())


def _entries(path: Path) -> Iterator[WaiverEntry]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        whole = True
        while line := file.readline(_MAX_LINE):
            starts, whole = whole, line.endswith(b"\n")
            if starts and whole and b'"waiver ' in line:
                try:
                    yield _parse(json.loads(line))
                except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                    continue


def _parse(found: Any) -> WaiverEntry:  # noqa: ANN401 — what JSON holds
    """Raises ValueError, KeyError, TypeError for what is no entry about a waiver."""
    event, by = found["hecho"], found["by"]
    number, at = _integer(found["numero"]), times.parse(found["dicha"])
    change: Change
    if event in {REVOKED, REVOCATION_WITHDRAWN}:
        revoked_at = times.parse(found["revocada"])
        change = WaiverRevoked(number, at, revoked_at, event == REVOCATION_WITHDRAWN)
    elif event in {TOLD, WITHDRAWN}:
        named = found["servidor"]
        change = WaiverTold(
            number,
            _needed(found["politica"]),
            _text(named),
            None if named is None else _integer(found["hermano"]),
            _text(found["etiqueta"]),
            _text(found["valor"]),
            _text(found["red"]),
            _text(found["clave"]),
            _needed(found["motivo"]),
            at,
            times.parse(found["hasta"]),
            event == WITHDRAWN,
        )
        _check(change)
    else:
        raise ValueError(event)
    return WaiverEntry(change, None if by is None else str(by))


def _check(told: WaiverTold) -> None:
    """Raises ValueError for what no waiver is: one such row would break each answer about them."""
    targets = (told.identity, told.tag_key and told.tag_value, told.network)
    if sum(target is not None for target in targets) != 1:
        raise ValueError
    if told.network is not None:
        ip_network(told.network)
    if told.key is not None and not isinstance(json.loads(told.key), dict):
        raise ValueError


def _integer(value: object) -> int:
    """Raises TypeError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _needed(value: object) -> str:
    """Raises TypeError, ValueError."""
    found = _text(value)
    if not found:
        raise ValueError
    return found


def _text(value: object) -> str | None:
    """Raises TypeError, and UnicodeEncodeError (a ValueError) for half of a surrogate pair."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value
